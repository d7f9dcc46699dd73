"""The demonstration's mail server: takes every message and keeps it as an `.eml` file; sends nothing on."""

from __future__ import annotations

import argparse
import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST = 25 * 1024 * 1024


class MailFolder:
    """Handler of aiosmtpd: one file a message, named by the moment it came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name.
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid4().hex[:8]}.eml"
        recipients = ", ".join(envelope.rcpt_tos)
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(f"X-Envelope-To: {recipients}\r\n".encode() + content)
        os.replace(unfinished, self.folder / name)  # Whoever reads the folder never sees half a message.
        return "250 OK"


async def catch(folder: Path, host: str, port: int) -> None:
    """Serve until cancelled."""
    handler = MailFolder(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="demo.localhost", data_size_limit=LARGEST, enable_SMTPUTF8=True), host, port
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1025)
    asked = parser.parse_args()
    asyncio.run(catch(asked.folder, asked.host, asked.port))

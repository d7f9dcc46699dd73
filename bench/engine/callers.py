"""People at their browsers, as cheap as can be: what they cost is taken from the same two cores."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit


class Caller:
    """One connection that is kept open; one request at a time."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)

    async def __aenter__(self) -> Caller:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()

    async def post(self, path: str, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return await self.ask("POST", path, token, json.dumps(body).encode())

    async def get(self, path: str, token: str) -> tuple[int, dict[str, Any]]:
        return await self.ask("GET", path, token, b"")

    async def ask(self, method: str, path: str, token: str, content: bytes) -> tuple[int, dict[str, Any]]:
        """Return status and answer."""
        self.writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        answer: dict[str, Any] = json.loads(await self.reader.readexactly(length))
        return int(head.split(" ", 2)[1]), answer

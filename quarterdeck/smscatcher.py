"""The demonstration's SMS provider: speaks as much of Twilio's Messages API as sending and looking up need.

Every message is kept as a JSON file, in the form in which Twilio would show it; nothing is sent on.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

API = "/2010-04-01"
SEGMENT = 70
"""Characters of a Chinese SMS."""


class SmsFolder:
    """The messages, one file each, oldest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, account_sid: str, form: dict[str, str]) -> dict[str, Any]:
        sid = f"SM{uuid4().hex}"
        now = format_datetime(datetime.now(UTC))
        by_service = form.get("MessagingServiceSid")
        message: dict[str, Any] = {
            "sid": sid,
            "account_sid": account_sid,
            "messaging_service_sid": by_service,
            "from": form.get("From"),
            "to": form["To"],
            "body": form["Body"],
            "status": "delivered",
            "direction": "outbound-api",
            "num_segments": str(1 + (len(form["Body"]) - 1) // SEGMENT),
            "num_media": "0",
            "date_created": now,
            "date_updated": now,
            "date_sent": now,
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            "api_version": API.strip("/"),
            "uri": f"{API}/Accounts/{account_sid}/Messages/{sid}.json",
            "subresource_uris": {},
        }
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{sid}.json"
        unfinished = self.folder / f".{name}"
        unfinished.write_text(json.dumps(message, ensure_ascii=False, indent=2), encoding="utf-8")
        os.replace(unfinished, self.folder / name)  # Whoever reads the folder never sees half a message.
        return message

    def find(self, sid: str) -> dict[str, Any] | None:
        return next((self.read(file) for file in self.folder.glob(f"*-{sid}.json")), None)

    def sent_to(self, number: str | None) -> list[dict[str, Any]]:
        """Return messages, newest first, as Twilio lists them."""
        messages = [self.read(file) for file in sorted(self.folder.glob("*.json"), reverse=True)]
        return [message for message in messages if number in (None, message["to"])]

    def read(self, file: Path) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return message


class Provider(BaseHTTPRequestHandler):
    """Answers the twilio client."""

    protocol_version = "HTTP/1.1"
    folder: SmsFolder

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        parts = asked.path.removesuffix(".json").split("/")[2:]
        if asked.path == "/healthz":
            self.answer(200, {"state": "up"})
        elif len(parts) == 4 and parts[2] == "Messages":
            message = self.folder.find(parts[3])
            if message:
                self.answer(200, message)
            else:
                self.refuse(404, 20404, "The requested resource was not found")
        elif len(parts) == 3 and parts[2] == "Messages":
            number = parse_qs(asked.query).get("To", [None])[0]
            messages = self.folder.sent_to(number)
            page = {"page": 0, "page_size": len(messages), "uri": self.path, "next_page_uri": None}
            self.answer(200, {"messages": messages, **page})
        else:
            self.refuse(404, 20404, "The requested resource was not found")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        parts = self.path.removesuffix(".json").split("/")[2:]
        if len(parts) != 3 or parts[2] != "Messages":
            self.refuse(404, 20404, "The requested resource was not found")
        elif "To" not in form:
            self.refuse(400, 21604, "A 'To' phone number is required.")
        elif "Body" not in form:
            self.refuse(400, 21602, "Message body is required.")
        else:
            self.answer(201, self.folder.keep(parts[1], form))

    def refuse(self, status: int, code: int, message: str) -> None:
        self.answer(status, {"code": code, "message": message, "more_info": "", "status": status})

    def answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: requests name phone numbers."""


def provider(folder: Path, host: str, port: int) -> ThreadingHTTPServer:
    """Return the server, listening, to be run by `serve_forever`."""
    handler = type("ProviderOfFolder", (Provider,), {"folder": SmsFolder(folder)})
    return ThreadingHTTPServer((host, port), handler)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1081)
    asked = parser.parse_args()
    provider(asked.folder, asked.host, asked.port).serve_forever()

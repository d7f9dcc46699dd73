"""Twilio's Messages API (2010-04-01) for tests: the same requests, answers and errors, over real HTTP."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "AC" + "0" * 32
AUTH_TOKEN = "a-token-for-tests"


@dataclass(frozen=True)
class Fault:
    """What the next POST meets instead of a plain answer.

    With `keeps` the message is there nevertheless, and with `silent` no answer ever comes.
    """

    status: int = 200
    code: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    keeps: bool = False
    silent: bool = False


BUSY = Fault(429, 20429, {"Retry-After": "7"})
BROKEN = Fault(503, 20503)
TAKEN_BUT_SILENT = Fault(keeps=True, silent=True)
TAKEN_BUT_BROKEN = Fault(502, 20502, keeps=True)


class TwilioStandIn:
    """Listens on a port of its own while it is entered. `messages` are those it took, in order."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.faults: deque[Fault] = deque()
        self.bad_numbers: dict[str, int] = {}
        self.requests: list[str] = []
        self.lock = threading.Lock()
        self.done = threading.Event()
        self._server = _server_of(self)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> TwilioStandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done.set()
        self._server.shutdown()
        self._server.server_close()

    def keep(self, form: dict[str, str]) -> dict[str, Any]:
        """Take a message, as Twilio shows it afterwards."""
        with self.lock:
            now = format_datetime(datetime.now(UTC))
            message: dict[str, Any] = {
                "sid": f"SM{len(self.messages):032x}",
                "account_sid": ACCOUNT,
                "api_version": "2010-04-01",
                "to": form["To"],
                "from": form.get("From"),
                "messaging_service_sid": form.get("MessagingServiceSid"),
                "body": form["Body"],
                "status": "queued",
                "direction": "outbound-api",
                "date_created": now,
                "date_updated": now,
                "date_sent": None,
                "num_segments": "1",
                "num_media": "0",
                "price": None,
                "price_unit": "USD",
                "error_code": None,
                "error_message": None,
                "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{len(self.messages):032x}.json",
                "subresource_uris": {},
            }
            self.messages.append(message)
            return message


class _Answers(BaseHTTPRequestHandler):
    twilio: TwilioStandIn

    def do_POST(self) -> None:
        form = {name: values[0] for name, values in parse_qs(self._body()).items()}
        if not self._may_enter():
            return
        fault = self.twilio.faults.popleft() if self.twilio.faults else None
        if fault is not None and fault.keeps:
            self.twilio.keep(form)
        if fault is not None and fault.silent:
            self.twilio.done.wait(30)
            self.close_connection = True
        elif fault is not None:
            self._refuse(fault.status, fault.code, fault.headers)
        elif code := self.twilio.bad_numbers.get(form.get("To", "")):
            self._refuse(400, code)
        elif not form.get("To", "").startswith("+"):
            self._refuse(400, 21211)
        elif not form.get("Body"):
            self._refuse(400, 21602)
        else:
            self._answer(201, self.twilio.keep(form))

    def do_GET(self) -> None:
        if not self._may_enter():
            return
        wanted = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        found = [each for each in self.twilio.messages if each["to"] == wanted.get("To", each["to"])]
        page = {"messages": found[::-1], "page": 0, "page_size": 50, "next_page_uri": None, "uri": self.path}
        self._answer(200, page)

    def _may_enter(self) -> bool:
        self.twilio.requests.append(f"{self.command} {urlsplit(self.path).path}")
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic" and b64decode(credentials).decode() == f"{ACCOUNT}:{AUTH_TOKEN}":
            if urlsplit(self.path).path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
                return True
            self._refuse(404, 20404)
        else:
            self._refuse(401, 20003)
        return False

    def _body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

    def _refuse(self, status: int, code: int, headers: dict[str, str] | None = None) -> None:
        more = f"https://www.twilio.com/docs/errors/{code}"
        said = {"code": code, "message": f"Refused by the test: {code}", "more_info": more, "status": status}
        self._answer(status, said, headers)

    def _answer(self, status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's own output is enough."""


def _server_of(twilio: TwilioStandIn) -> ThreadingHTTPServer:
    answers = type("Answers", (_Answers,), {"twilio": twilio})
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    server.daemon_threads = True
    return server

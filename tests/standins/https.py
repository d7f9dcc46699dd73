"""HTTPS servers for tests, by certificates of an authority of their own, that break what they are told to."""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from connectors.guard import Guard

LONGEST_SILENCE = 30
KEYSTORE_PASSWORD = "keystore"


@dataclass(frozen=True)
class Asked:
    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body or b"{}"))


@dataclass(frozen=True)
class Reply:
    """An answer. With `is_silent` none ever comes; with `is_cut` it ends in the middle."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"
    is_silent: bool = False
    is_cut: bool = False

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode()


SILENCE = Reply(is_silent=True)


class StandInApi:
    """Listens on a port of its own while it is entered; what it says is its children's to say."""

    hosts: Sequence[str] = ()

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "ca.pem"
        self.asked: list[Asked] = []
        self.faults: dict[str, deque[Reply]] = {}
        """By what is asked for, as `named` names it: what comes the next times instead of an answer."""
        self.done = threading.Event()
        self.lock = threading.Lock()
        server_file = certified(folder, self.hosts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_file)
        handler = type("Answers", (_Answers,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_port

    def __enter__(self) -> Any:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done.set()
        self._server.shutdown()
        self._server.server_close()

    def guard(self, **changes: Any) -> Guard:
        """Return a guard that lets to this server alone, by the names of the real ones."""
        given = {
            "allowed_hosts": tuple(self.hosts),
            "private_networks": (ip_network("127.0.0.0/8"),),
            "ca_file": self.ca_file,
            "connect_seconds": 5.0,
            "read_seconds": 5.0,
            "resolve": lambda host, port: [("127.0.0.1", self.port)],
        }
        return Guard(**{**given, **changes})

    def breaks(self, what: str, *replies: Reply) -> None:
        """Answer so the next times that something is asked for."""
        self.faults.setdefault(what, deque()).extend(replies)

    def named(self, asked: Asked) -> str:
        """Name what is asked for, as faults are told by."""
        return asked.path

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def reply_to(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            faults = self.faults.get(self.named(asked))
            return faults.popleft() if faults else self.answer(asked)


class _Answers(BaseHTTPRequestHandler):
    api: StandInApi
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # An answer goes out as one: in two, the second waits for the first to be acknowledged.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""

    def _reply(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").partition(":")[0]
        reply = self.api.reply_to(Asked(self.command, host, parts.path, query, headers, body))
        if reply.is_silent:
            self.api.done.wait(LONGEST_SILENCE)
            self.close_connection = True
            return
        content = reply.content
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if reply.is_cut else content)
        self.close_connection = self.close_connection or reply.is_cut


def certified(folder: Path, hosts: Sequence[str]) -> Path:
    """Write an authority's certificate as ca.pem, a server's with its key as server.pem, which is returned, and as
    server.p12.
    """
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ours, its = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Tests", hosts[0]))
    begins, ends = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(days=1)

    def builder(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(ours).public_key(key)
        return made.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)

    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    root = builder(ours, authority.public_key()).add_extension(x509.BasicConstraints(True, None), critical=True)
    root = root.add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
    leaf = builder(its, server.public_key()).add_extension(names, critical=False)
    leaf = leaf.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.pem").write_bytes(root.sign(authority, hashes.SHA256()).public_bytes(Encoding.PEM))
    file = folder / "server.pem"
    key = server.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signed = leaf.sign(authority, hashes.SHA256())
    file.write_bytes(key + signed.public_bytes(Encoding.PEM))
    locked = BestAvailableEncryption(KEYSTORE_PASSWORD.encode())
    keystore = pkcs12.serialize_key_and_certificates(b"server", server, signed, None, locked)
    (folder / "server.p12").write_bytes(keystore)
    return file

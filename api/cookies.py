"""Signed cookies: who is signed in, and the token that forms must carry (CSRF)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import HTTPConnection

from models.settings import Settings

SESSION_COOKIE: Final = "quarterdeck"
DEVICE_COOKIE: Final = "quarterdeck_device"
SESSION_SECONDS: Final = 12 * 60 * 60
DEVICE_SECONDS: Final = 366 * 24 * 60 * 60
"""How long a browser keeps its device cookie; how long it counts stands in the database, in business time."""


@dataclass(frozen=True)
class Visit:
    """What the cookie says: a browser's own secret, and who is signed in there, if anybody."""

    nonce: str
    person_id: str = ""
    password_mark: str = ""
    is_new: bool = False


def password_mark(password_hash: str) -> str:
    """A trace of the password in the cookie: a new password signs every browser out."""
    return sha256(password_hash.encode()).hexdigest()[:16]


class Cookies:
    """Reads and signs cookies. All keys are accepted, the first one signs."""

    def __init__(self, settings: Settings) -> None:
        # itsdangerous wants the newest key last.
        keys = [key.get_secret_value() for key in reversed(settings.secret_keys)]
        self._visits = URLSafeTimedSerializer(keys, salt="quarterdeck.visit")
        self._forms = URLSafeSerializer(keys, salt="quarterdeck.form")
        self.secure = settings.secure_cookies

    def visit(self, connection: HTTPConnection) -> Visit:
        """Return what this browser's cookie says; a new visit where it has none, or a forged or old one."""
        known: Visit | None = connection.scope.get("state", {}).get("visit")
        if known is None:
            known = self._read(connection.cookies.get(SESSION_COOKIE, ""))
            connection.scope.setdefault("state", {})["visit"] = known
        return known

    def _read(self, cookie: str) -> Visit:
        try:
            nonce, person_id, mark = self._visits.loads(cookie, max_age=SESSION_SECONDS)
        except (BadSignature, ValueError, TypeError):
            return Visit(nonce=secrets.token_urlsafe(16), is_new=True)
        return Visit(str(nonce), str(person_id), str(mark))

    def form_token(self, connection: HTTPConnection) -> str:
        """Return the token that this browser's forms carry; `app.py` sets the cookie where it is new."""
        visit = self.visit(connection)
        if visit.is_new:
            connection.scope["state"]["set_visit"] = visit
        return str(self._forms.dumps(visit.nonce))

    def is_form_token(self, connection: HTTPConnection, token: str) -> bool:
        try:
            said: Any = self._forms.loads(token)
        except BadSignature:
            return False
        return isinstance(said, str) and secrets.compare_digest(said, self.visit(connection).nonce)

    def sign_in(self, connection: HTTPConnection, person_id: str, password_hash: str) -> None:
        """Sign this browser in with the response to come. The secret is new, so that none can be planted."""
        visit = Visit(secrets.token_urlsafe(16), person_id, password_mark(password_hash))
        connection.scope.setdefault("state", {})["set_visit"] = visit

    def sign_out(self, connection: HTTPConnection) -> None:
        connection.scope.setdefault("state", {})["set_visit"] = Visit(secrets.token_urlsafe(16))

    def header_for(self, visit: Visit) -> str:
        value = self._visits.dumps([visit.nonce, visit.person_id, visit.password_mark])
        return self.written(SESSION_COOKIE, str(value), SESSION_SECONDS)

    def written(self, name: str, value: str, seconds: int) -> str:
        """Return a Set-Cookie header: HttpOnly, and Lax so that a link in a mail finds its session."""
        secure = "; Secure" if self.secure else ""
        return f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"

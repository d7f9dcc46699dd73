"""Signed cookies: who is signed in, and the token that forms must carry (CSRF)."""

from __future__ import annotations

import secrets
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from hashlib import sha256
from time import time
from typing import Any, Final

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import HTTPConnection

from models.org import Account
from models.settings import Settings

SESSION_COOKIE: Final = "quarterdeck"
DEVICE_COOKIE: Final = "quarterdeck_device"
ERRAND_COOKIE: Final = "quarterdeck_errand"
SESSION_SECONDS: Final = 12 * 60 * 60
HALFWAY_SECONDS: Final = 10 * 60
"""How long a right password waits for the second factor, and an errand to the identity provider lasts."""
DEVICE_SECONDS: Final = 366 * 24 * 60 * 60
"""How long a browser keeps its device cookie; how long it counts stands in the database, in business time."""


class Halfway(StrEnum):
    """What is still asked for after a right password."""

    CODE = "code"
    ENROLMENT = "enrolment"


@dataclass(frozen=True)
class Visit:
    """What the cookie says: a browser's own secret, and who is signed in there, if anybody."""

    nonce: str
    person_id: str = ""
    mark: str = ""
    ends: int = 0
    """Seconds since 1970 at which the sign-in ends; 0: as long as the cookie lasts."""
    halfway: str = ""
    """What is still missing (`Halfway`); then nobody is signed in yet."""
    as_id: str = ""
    """Whom somebody of HR sees the pages as."""
    as_until: int = 0

    @property
    def is_signed_in(self) -> bool:
        return bool(self.person_id) and not self.halfway


def mark_of(account: Account) -> str:
    """A trace of password and session epoch in the cookie: a new one of either signs every browser out."""
    return sha256(f"{account.session_epoch}\n{account.password_hash}".encode()).hexdigest()[:16]


class Cookies:
    """Reads and signs cookies. All keys are accepted, the first one signs."""

    def __init__(self, settings: Settings) -> None:
        # itsdangerous wants the newest key last.
        keys = [key.get_secret_value() for key in reversed(settings.secret_keys)]
        self._visits = URLSafeTimedSerializer(keys, salt="quarterdeck.visit")
        self._forms = URLSafeSerializer(keys, salt="quarterdeck.form")
        self._errands = URLSafeTimedSerializer(keys, salt="quarterdeck.errand")
        self.secure = settings.secure_cookies

    def name(self, cookie: str) -> str:
        """Return a cookie's name: with `__Host-`, no other host or path of the domain can set it."""
        return f"__Host-{cookie}" if self.secure else cookie

    def value(self, connection: HTTPConnection, cookie: str) -> str:
        return connection.cookies.get(self.name(cookie), "")

    # --- the visit --------------------------------------------------------------------------

    def visit(self, connection: HTTPConnection) -> Visit:
        """Return what this browser's cookie says; a new visit where it has none, or a forged or old one."""
        state: dict[str, Any] = connection.scope.setdefault("state", {})
        known: Visit | None = state.get("visit")
        if known is None:
            known = self._read(self.value(connection, SESSION_COOKIE))
            state["is_new_visit"] = known is None
            state["visit"] = known = known or Visit(secrets.token_urlsafe(16))
        return known

    def _read(self, cookie: str) -> Visit | None:
        try:
            visit = Visit(*self._visits.loads(cookie, max_age=SESSION_SECONDS))
        except (BadSignature, ValueError, TypeError):
            return None
        if visit.ends and visit.ends < time():
            return None
        return visit

    def sign_in(self, connection: HTTPConnection, account: Account, halfway: Halfway | None = None) -> None:
        """Sign this browser in with the response to come. The secret is new, so that none can be planted."""
        seconds = HALFWAY_SECONDS if halfway else SESSION_SECONDS
        self._put(
            connection,
            Visit(
                secrets.token_urlsafe(16),
                account.person_id,
                mark_of(account),
                ends=int(time()) + seconds,
                halfway=halfway.value if halfway else "",
            ),
        )

    def see_as(self, connection: HTTPConnection, person_id: str, seconds: int = 0) -> None:
        """See the pages as somebody else for a while, or as oneself again: the sign-in ends no later by it."""
        as_until = int(time()) + seconds if person_id else 0
        visit = replace(
            self.visit(connection), nonce=secrets.token_urlsafe(16), as_id=person_id, as_until=as_until
        )
        self._put(connection, visit)

    def sign_out(self, connection: HTTPConnection) -> None:
        self._put(connection, Visit(secrets.token_urlsafe(16)))

    def _put(self, connection: HTTPConnection, visit: Visit) -> None:
        connection.scope.setdefault("state", {})["set_visit"] = visit

    def header_for(self, visit: Visit) -> str:
        return self.written(SESSION_COOKIE, str(self._visits.dumps(astuple(visit))), SESSION_SECONDS)

    # --- forms ------------------------------------------------------------------------------

    def form_token(self, connection: HTTPConnection) -> str:
        """Return the token that this browser's forms carry; `app.py` sets the cookie where it is new."""
        state = connection.scope.setdefault("state", {})
        visit = state.get("set_visit") or self.visit(connection)
        if state.get("is_new_visit"):
            state.setdefault("set_visit", visit)
        return str(self._forms.dumps(visit.nonce))

    def is_form_token(self, connection: HTTPConnection, token: str) -> bool:
        try:
            said: Any = self._forms.loads(token)
        except BadSignature:
            return False
        return isinstance(said, str) and secrets.compare_digest(said, self.visit(connection).nonce)

    # --- errands to the identity provider ---------------------------------------------------

    def errand_header(self, errand: dict[str, str]) -> str:
        """Return a Set-Cookie header that keeps what must be known when the browser comes back."""
        return self.written(ERRAND_COOKIE, str(self._errands.dumps(errand)), HALFWAY_SECONDS)

    def errand(self, connection: HTTPConnection) -> dict[str, str]:
        """Return what was kept; nothing where it is forged or over."""
        try:
            kept: Any = self._errands.loads(self.value(connection, ERRAND_COOKIE), max_age=HALFWAY_SECONDS)
        except BadSignature:
            return {}
        return {str(name): str(value) for name, value in kept.items()}

    def written(self, cookie: str, value: str, seconds: int) -> str:
        """Return a Set-Cookie header: HttpOnly, and Lax so that a link in a mail finds its session."""
        secure = "; Secure" if self.secure else ""
        return f"{self.name(cookie)}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"

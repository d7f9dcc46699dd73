"""DingTalk's open API, asked by a thin client: its two hosts, their tokens, and what their error codes mean.

The older host (oapi) answers 200 with an `errcode`, the newer one (api) with a status and a `code`; either is
decided by, never the words beside it. Only what reads is ever asked.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from connectors.source import SourceTrouble, Trouble
from connectors.values import storable
from connectors.web import Answer, Web, refuse_failures

OLD = "oapi.dingtalk.com"
NEW = "api.dingtalk.com"
LONGEST_SAYING = 300
MOST_ATTEMPTS = 5
SECONDS_BETWEEN = 1.0
"""Where it was asked too fast: its limits are by second."""
RENEWED_BEFORE = 300.0
"""Seconds before its end that a token is renewed."""
LEFT_ALONE_SECONDS = 60.0

EXPIRED = frozenset({"40001", "40014", "42001", "41001", "InvalidAuthentication"})
TOO_FAST = frozenset({"90018", "request.too.frequent"})
TOO_FAST_BEGINS = ("Forbidden.AccessDenied.QpsLimit", "Throttling")
BY_CODE: Mapping[str, Trouble] = {
    "-1": Trouble.UNREACHABLE,  # System busy.
    "system.error": Trouble.UNREACHABLE,
    "systemError": Trouble.UNREACHABLE,
    "90001": Trouble.BUSY,  # By address, interface or company: shut out for a while.
    "90002": Trouble.BUSY,
    "90003": Trouble.BUSY,
    "90004": Trouble.BUSY,
    "90005": Trouble.BUSY,
    "90006": Trouble.BUSY,
    "90018": Trouble.BUSY,
    "request.too.frequent": Trouble.BUSY,
    "daily.call.limit": Trouble.USED_UP,
    "40089": Trouble.NOT_LET_IN,  # Wrong key or secret.
    "40096": Trouble.NOT_LET_IN,
    "invalidClientIdOrSecret": Trouble.NOT_LET_IN,
    "50002": Trouble.NOT_LET_IN,  # A person or department outside the app's range.
    "50004": Trouble.NOT_LET_IN,
    "60011": Trouble.NOT_LET_IN,  # A permission that the app was not given.
    "60020": Trouble.NOT_LET_IN,  # Our address is not on the app's list.
    "systemError.notPermittedAccess": Trouble.NOT_LET_IN,
    "systemError.appNotExists": Trouble.NOT_LET_IN,
    "crm.not.installed": Trouble.NOT_LET_IN,
    "crmAppNotExisted": Trouble.NOT_LET_IN,
    "relationType.not.exists": Trouble.SHAPE_CHANGED,
}
WHYS: Mapping[str, str] = {
    "40089": "key-or-secret",
    "40096": "key-or-secret",
    "invalidClientIdOrSecret": "key-or-secret",
    "50002": "out-of-range",
    "50004": "out-of-range",
    "60011": "right-missing",
    "Forbidden.AccessDenied.AccessTokenPermissionDenied": "right-missing",
    "systemError.notPermittedAccess": "right-missing",
    "60020": "address-not-listed",
    "Forbidden.AccessDenied.IpNotInWhiteList": "address-not-listed",
    "crm.not.installed": "no-crm",
    "crmAppNotExisted": "no-crm",
}
"""What is to be put right, where a code tells."""
BY_STATUS: Mapping[int, Trouble] = {401: Trouble.NOT_LET_IN, 403: Trouble.NOT_LET_IN}


@dataclass(frozen=True)
class Token:
    text: str
    until: float
    """By the clock of the client."""


class DingTalkApi:
    """The API as one internal app."""

    def __init__(self, values: Mapping[str, str], web: Web, clock: Callable[[], float] = time.monotonic) -> None:
        self.app_key = values["app_key"]
        self.app_secret = values["app_secret"]
        self.web = web
        self.clock = clock
        self.pause = SECONDS_BETWEEN
        self._tokens: dict[str, Token] = {}
        self._signing_in = asyncio.Lock()

    async def old(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask the older host; return all of its answer.

        Raises:
            SourceTrouble
        """
        return await self._asked("POST", OLD, path, {}, body)

    async def new(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Ask the newer host; return all of its answer.

        Raises:
            SourceTrouble
        """
        return await self._asked(method, NEW, path, query or {}, body)

    async def sign_in(self) -> None:
        """Get a token, if there is none. Raises: SourceTrouble."""
        await self._token(OLD)

    async def _asked(
        self, method: str, host: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Any:
        is_renewed = False
        attempts_left = MOST_ATTEMPTS
        while True:
            attempts_left -= 1
            token = await self._token(host)
            code, told = await self._once(method, host, path, query, body, token)
            if not code:
                return told
            if code in EXPIRED and not is_renewed:
                is_renewed = True
                if self._tokens.get(host) is token:
                    del self._tokens[host]
            elif _is_too_fast(code) and attempts_left:
                await asyncio.sleep(self.pause)
            else:
                raise _trouble(code, told, host)

    async def _once(
        self,
        method: str,
        host: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        token: Token | None,
    ) -> tuple[str, Any]:
        """Return the error's code, empty where there is none, and the answer."""
        headers = {"content-type": "application/json"}
        if token and host == NEW:
            headers["x-acs-dingtalk-access-token"] = token.text
        elif token:
            query = {**query, "access_token": token.text}
        url = f"https://{host}{path}{'?' if query else ''}{urlencode(query)}"
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = await self.web.ask(method, url, headers, content)
        told = _json(answer)
        code = _code(host, answer, told)
        if not code or answer.status >= 500 or answer.status == 429 or answer.status // 100 == 3:
            refuse_failures(answer, host)
        if told is None:
            raise SourceTrouble(Trouble.UNREADABLE, place=host, why="answer-not-understood")
        return code, told

    async def _token(self, host: str) -> Token:
        """Return a token that is good for a while; each host has its own."""
        async with self._signing_in:
            known = self._tokens.get(host)
            if known and known.until - RENEWED_BEFORE > self.clock():
                return known
            if host == NEW:
                body = {"appKey": self.app_key, "appSecret": self.app_secret}
                code, told = await self._once("POST", NEW, "/v1.0/oauth2/accessToken", {}, body, None)
                names = ("accessToken", "expireIn")
            else:
                query = {"appkey": self.app_key, "appsecret": self.app_secret}
                code, told = await self._once("GET", OLD, "/gettoken", query, None, None)
                names = ("access_token", "expires_in")
            if code:
                raise _trouble(code, told, host, otherwise=Trouble.NOT_LET_IN)
            try:
                token = Token(str(told[names[0]]), self.clock() + float(told[names[1]]))
            except (KeyError, TypeError, ValueError) as odd:
                raise SourceTrouble(Trouble.UNREADABLE, place=host, why="answer-not-understood") from odd
            self._tokens[host] = token
            return token


def _json(answer: Answer) -> Any:
    """Return the answer's object; None where it is none."""
    try:
        told = json.loads(answer.content, parse_float=Decimal)
    except (ValueError, RecursionError):  # Nested without end.
        return None
    return told if isinstance(told, dict) else None


def _code(host: str, answer: Answer, told: Any) -> str:
    if told is None:
        return ""
    if host == NEW:
        return "" if answer.status < 300 else str(told.get("code") or answer.status)
    number = told.get("errcode", "")
    if str(number) == "0":
        return ""
    return str(told.get("sub_code") or number or answer.status)


def _is_too_fast(code: str) -> bool:
    return code in TOO_FAST or code.startswith(TOO_FAST_BEGINS)


def _trouble(code: str, told: Any, host: str, otherwise: Trouble | None = None) -> SourceTrouble:
    """Say what an error means for a fetch: by its code, else by the status it goes by."""
    status = int(code) if code.isascii() and code.isdecimal() else 0
    fallback = otherwise or BY_STATUS.get(status, Trouble.UNREADABLE)
    if code.startswith("Forbidden."):
        fallback = Trouble.NOT_LET_IN
    trouble = Trouble.BUSY if _is_too_fast(code) else BY_CODE.get(code, fallback)
    if code in EXPIRED:
        trouble = Trouble.NOT_LET_IN
    words = storable(str(told.get("sub_msg") or told.get("errmsg") or told.get("message") or ""))
    said = f"{code}: {' '.join(words.split())}".rstrip(": ")[:LONGEST_SAYING]
    wait = LEFT_ALONE_SECONDS if trouble is Trouble.BUSY else None
    why = {"why": WHYS[code]} if code in WHYS else {}
    return SourceTrouble(trouble, retry_after=wait, **{"place": host, "said": said, **why})

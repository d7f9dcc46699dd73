"""Salesforce's own client (simple-salesforce) signed in, with every request of it led through the guard."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceError

from connectors.source import SourceTrouble, Trouble
from connectors.values import storable
from connectors.web import Answer, Web, refuse_failures

T = TypeVar("T")
LONGEST_SAYING = 200
BY_CODE: Mapping[str, Trouble] = {
    "INVALID_FIELD": Trouble.SHAPE_CHANGED,
    "INVALID_TYPE": Trouble.SHAPE_CHANGED,
    "NOT_FOUND": Trouble.SHAPE_CHANGED,
    "REQUEST_LIMIT_EXCEEDED": Trouble.USED_UP,
    "INVALID_QUERY_LOCATOR": Trouble.CHANGED,  # The place where to go on is kept for two days.
    "QUERY_TIMEOUT": Trouble.UNREACHABLE,
    "SERVER_UNAVAILABLE": Trouble.UNREACHABLE,
    "UNKNOWN_EXCEPTION": Trouble.UNREACHABLE,
    "LOGIN_RATE_EXCEEDED": Trouble.BUSY,
    "UNSUPPORTED_API_VERSION": Trouble.WRONG_SETTINGS,
    "INVALID_SESSION_ID": Trouble.NOT_LET_IN,
    "INSUFFICIENT_ACCESS": Trouble.NOT_LET_IN,
    "API_DISABLED_FOR_ORG": Trouble.NOT_LET_IN,
    "API_CURRENTLY_DISABLED": Trouble.NOT_LET_IN,
}
"""What Salesforce's error codes mean for a fetch; of others their HTTP status decides."""
BY_STATUS: Mapping[int, Trouble] = {
    401: Trouble.NOT_LET_IN,
    403: Trouble.NOT_LET_IN,
    404: Trouble.SHAPE_CHANGED,
}


class SalesforceSession:
    """One signed-in client. It signs in anew by itself where Salesforce says that the session has ended."""

    def __init__(self, values: Mapping[str, str], web: Web) -> None:
        self.values = values
        self.web = web
        self.domain = domain_of(values["domain"])
        self._client: Salesforce | None = None
        self._bridge = _Bridge(web, asyncio.get_running_loop())

    async def run(self, ask: Callable[[Salesforce], T]) -> T:
        """Ask in a thread, signing in first where that has not been done.

        Raises:
            SourceTrouble
        """

        def asked() -> T:
            if self._client is None:
                self._client = self._signed_in()
            return ask(self._client)

        try:
            return await asyncio.to_thread(asked)
        except SalesforceAuthenticationFailed as refused:
            raise self._not_signed_in(refused) from refused
        except SalesforceError as refused:
            raise trouble_of(refused, self.place) from refused
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, ExpatError) as odd:
            # So the library fails on answers that are not what Salesforce documents.
            raise SourceTrouble(Trouble.UNREADABLE, place=self.place, why="answer-not-understood") from odd

    @property
    def place(self) -> str:
        return self._client.sf_instance if self._client else f"{self.domain}.salesforce.com"

    @property
    def waiting(self) -> Collection[Future[Answer]]:
        """What was asked and not answered yet."""
        return self._bridge.asked

    async def close(self) -> None:
        self._bridge.close()
        await self.web.close()

    def _signed_in(self) -> Salesforce:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", self._bridge)
        session.mount("http://", self._bridge)
        return Salesforce(
            session=session,
            version=self.values["api_version"],
            parse_float=Decimal,
            object_pairs_hook=dict,
            **self._credentials(),
        )

    def _credentials(self) -> dict[str, Any]:
        values = self.values
        match values["sign_in"]:
            case "client-credentials":
                return {
                    "domain": self.domain,
                    "consumer_key": values["consumer_key"],
                    "consumer_secret": values["consumer_secret"],
                }
            case "jwt":
                # The assertion names the general sign-in host as its audience; it is sent to the company's own.
                return {
                    "domain": "test" if self.domain.endswith(".sandbox.my") or self.domain == "test" else "login",
                    "instance_url": self.domain,
                    "username": values["username"],
                    "consumer_key": values["consumer_key"],
                    "privatekey": values["private_key"],
                }
            case _:
                return {
                    "domain": self.domain,
                    "username": values["username"],
                    "password": values["password"],
                    "security_token": values["security_token"],
                }

    def _not_signed_in(self, refused: SalesforceAuthenticationFailed) -> SourceTrouble:
        code = str(refused.code or "").rpartition(":")[2]
        trouble = BY_CODE.get(code, Trouble.NOT_LET_IN)
        said = storable(f"{code}: {refused.auth_message}".strip(": "))[:LONGEST_SAYING]
        return SourceTrouble(trouble, place=self.place, said=said)


def domain_of(given: str) -> str:
    """Return what stands before .salesforce.com, also where a whole address was given."""
    return given.lower().removeprefix("https://").rstrip("/").removesuffix(".salesforce.com")


def check_private_key(text: str) -> None:
    """Refuse what cannot sign an assertion.

    Raises:
        SourceTrouble: WRONG_SETTINGS
    """
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as wrong:
        raise SourceTrouble(Trouble.WRONG_SETTINGS, names=["private_key"], why="key-unreadable") from wrong
    if not isinstance(key, RSAPrivateKey):
        raise SourceTrouble(Trouble.WRONG_SETTINGS, names=["private_key"], why="key-unreadable")


def trouble_of(error: SalesforceError, place: str) -> SourceTrouble:
    """Say what an error of Salesforce means for a fetch: by its code, else by its status."""
    first = error.content[0] if isinstance(error.content, list) and error.content else error.content
    told = first if isinstance(first, Mapping) else {}
    code = str(told.get("errorCode") or told.get("error") or "")
    trouble = BY_CODE.get(code) or BY_STATUS.get(error.status, Trouble.UNREADABLE)
    lines = [line.strip() for line in str(told.get("message", "")).splitlines() if line.strip()]
    said = storable(": ".join(part for part in (code, lines[-1] if lines else "") if part))[:LONGEST_SAYING]
    return SourceTrouble(trouble, place=place, **({"said": said} if said else {"status": error.status}))


class _Bridge(BaseAdapter):
    """Carries the library's requests, made in a thread, to the guarded client, which lives in the loop."""

    def __init__(self, web: Web, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.web = web
        self.loop = loop
        self.asked: set[Future[Answer]] = set()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the answer; the guard's limits hold, whatever the library would have."""
        url = request.url or ""
        body = request.body if isinstance(request.body, bytes | str) else None
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() in PASSED_ON and isinstance(value, str)
        }
        asked = asyncio.run_coroutine_threadsafe(
            self.web.ask(request.method or "GET", url, headers, body), self.loop
        )
        self.asked.add(asked)
        try:
            answer = asked.result()
        finally:
            self.asked.discard(asked)
        response = _response(request, answer)
        if not _is_soap_fault(answer):
            refuse_failures(answer, urlsplit(url).hostname or "")
        return response

    def close(self) -> None:
        """Give up what is still asked, so that the thread that waits for it ends."""
        for asked in tuple(self.asked):
            asked.cancel()


PASSED_ON = ("authorization", "content-type", "soapaction", "accept", "charset")


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.encoding = "utf-8"
    response.raw = io.BytesIO(answer.content)
    response.url = request.url or ""
    response.request = request
    return response


def _is_soap_fault(answer: Answer) -> bool:
    """A refused sign-in by SOAP comes as 500, with the reason in it."""
    return answer.status == 500 and "xml" in answer.headers.get("content-type", "")

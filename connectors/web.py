"""HTTPS as the guard allows it: to checked addresses, not redirected, within limits of bytes and time."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpx

from connectors.guard import Guard
from connectors.source import LONGEST_WAIT_SECONDS, SourceTrouble, Trouble

logging.getLogger("httpx").setLevel(logging.WARNING)  # It logs addresses, which may hold a token or a secret.
MOST_BYTES = 64_000_000
HTTPS_PORT = 443


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes
    """Unpacked."""

    @property
    def retry_after(self) -> float | None:
        """How long the server wants to be left alone, in seconds; given as such or as a date."""
        told = self.headers.get("retry-after", "").strip()
        if not told:
            return None
        if told.isascii() and told.isdecimal():
            seconds = float(told[:9])
        else:
            with suppress(ValueError):
                at = parsedate_to_datetime(told)
                seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
                return min(max(seconds, 1.0), LONGEST_WAIT_SECONDS)
            return None
        return min(max(seconds, 1.0), LONGEST_WAIT_SECONDS)


class Web:
    """What a connector asks its source through; closed in the end."""

    def __init__(self, guard: Guard, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.seconds = guard.connect_seconds + guard.read_seconds
        self._client = httpx.AsyncClient(
            transport=_Pinned(guard),
            timeout=httpx.Timeout(guard.read_seconds, connect=guard.connect_seconds),
            trust_env=False,
            follow_redirects=False,
        )

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes | str | None = None
    ) -> Answer:
        """Return the answer, whatever its status.

        Raises:
            SourceTrouble: FORBIDDEN_HOST; UNREACHABLE; UNREADABLE, where it is too large; WRONG_SETTINGS,
                where this is no address.
        """
        try:
            async with (
                asyncio.timeout(self.seconds),
                self._client.stream(method, url, headers=headers, content=content) as response,
            ):
                return Answer(response.status_code, response.headers, await self._body(response))
        except (TimeoutError, httpx.TimeoutException) as late:
            raise SourceTrouble(Trouble.UNREACHABLE, place=_host(url), why="too-slow") from late
        except httpx.ConnectError as refused:
            why = "certificate" if _is_about_certificate(refused) else ""
            raise SourceTrouble(Trouble.UNREACHABLE, place=_host(url), why=why) from refused
        except httpx.HTTPError as broken:
            raise SourceTrouble(Trouble.UNREACHABLE, place=_host(url), why="answer-broken-off") from broken
        except httpx.InvalidURL as wrong:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="name-unknown") from wrong

    async def _body(self, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > self.most_bytes:
                raise SourceTrouble(Trouble.UNREADABLE, place=response.url.host, why="answer-too-large")
            parts.append(part)
        return b"".join(parts)

    async def close(self) -> None:
        await self._client.aclose()


def refuse_failures(answer: Answer, place: str) -> None:
    """Refuse an answer that is none, by its status.

    Raises:
        SourceTrouble: FORBIDDEN_HOST, where it redirects; BUSY; UNREACHABLE, where the server is in trouble.
    """
    if 300 <= answer.status < 400:
        host = _host(answer.headers.get("location", "")) or place
        raise SourceTrouble(Trouble.FORBIDDEN_HOST, host=host, why="redirect")
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        raise SourceTrouble(Trouble.BUSY, retry_after=answer.retry_after, place=place)
    if answer.status >= 500:
        raise SourceTrouble(Trouble.UNREACHABLE, retry_after=answer.retry_after, place=place, status=answer.status)


class _Pinned(httpx.AsyncBaseTransport):
    """Connects to the addresses that the guard has checked, by the name that was asked for.

    Connections are kept by name: two names at one address share none.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._by_host: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if request.url.scheme != "https":
            raise SourceTrouble(Trouble.FORBIDDEN_HOST, host=host, why="not-encrypted")
        addresses = await self.guard.addresses_soon(host, request.url.port or HTTPS_PORT)
        transport = self._by_host.get(host)
        if transport is None:
            transport = httpx.AsyncHTTPTransport(verify=self.guard.tls, trust_env=False)
            self._by_host[host] = transport
        for address, port in addresses[:-1]:
            with suppress(httpx.ConnectError):
                return await transport.handle_async_request(_to(request, address, port))
        return await transport.handle_async_request(_to(request, *addresses[-1]))

    async def aclose(self) -> None:
        for transport in self._by_host.values():
            await transport.aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()


def _to(request: httpx.Request, address: str, port: int) -> httpx.Request:
    """Return a request that goes to an address, under the name that was asked for."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address, port=port),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def _host(url: str) -> str:
    with suppress(httpx.InvalidURL):
        return httpx.URL(url).host
    return ""


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False

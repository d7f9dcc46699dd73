"""The application: JSON under `/api`, pages beside it, one set of security headers over both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import documentation, health, problems
from api.access_log import AccessLog
from api.cookies import Cookies
from api.forwarder import Forwarder
from api.intake.checking import MOST_BYTES as MOST_BYTES_OF_IMPORTS
from api.pages.imports import PAGE as IMPORTS
from api.pages.routes import routers as page_routers
from api.parts import Parts
from api.resources import routers as resource_routers
from api.session import come_from_our_own_page
from api.sheets import MOST_BYTES

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}

ROUND_A_FILE: Final = 1024 * 1024
"""What a form may hold beside a file."""

DESCRIPTION: Final = """Runs performance cycles (绩效周期) of sales companies.

Machines sign in with `Authorization: Bearer …` (`quarterdeck token` makes one). Every POST takes an
`Idempotency-Key`: the same key with the same content is answered as the first time. Where the engine
is away the answer is `202 {"state": "received"}`; the command is carried out later under the same id.
Refusals are problem details (RFC 9457) with a stable `code`, in the language of `Accept-Language`.
"""


def create_app(parts: Parts) -> FastAPI:
    """Build the application from its parts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Forwarder(parts.sessions, parts.commands).running():
            yield

    app = FastAPI(
        title="Quarterdeck",
        version="0.1.0",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        # Traces would hold addresses, and those of links hold their tokens.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        lifespan=lifespan,
    )
    app.state.parts = parts
    app.router.routes.extend(every_route())
    documentation.describe(app)
    problems.install(app)
    app.add_middleware(BodyLimits)
    app.add_middleware(Guarded, cookies=parts.cookies)
    app.add_middleware(AccessLog)
    return app


@cache
def every_route() -> tuple[BaseRoute, ...]:
    """Return what there is to ask for: worked out when it is first asked for, once a process."""
    whole = APIRouter()
    whole.include_router(health.router)
    for router in (*resource_routers, documentation.router):
        whole.include_router(router, prefix="/api")
    for router in page_routers:
        # No page route can forget it: an unsafe request must come from our own form (CSRF).
        whole.include_router(router, include_in_schema=False, dependencies=[Depends(come_from_our_own_page)])
    return tuple(whole.routes)


class BodyLimits:
    """Refuses what is too large to be taken, before it is read: imports may bring more than anything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.usual = RequestBodyLimitMiddleware(app, MOST_BYTES + ROUND_A_FILE)
        self.imports = RequestBodyLimitMiddleware(app, MOST_BYTES_OF_IMPORTS + ROUND_A_FILE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_import = scope["type"] == "http" and scope["path"] == IMPORTS
        await (self.imports if is_import else self.usual)(scope, receive, send)


class Guarded:
    """Puts the security headers on every answer, and the cookies that a request asked for."""

    def __init__(self, app: ASGIApp, cookies: Cookies) -> None:
        self.app = app
        self.cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("cache-control", "no-store")
                visit = scope.get("state", {}).get("set_visit")
                if visit is not None:
                    headers.append("set-cookie", self.cookies.header_for(visit))
            await send(message)

        await self.app(scope, receive, send_guarded)

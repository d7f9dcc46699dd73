"""One line a request: what was asked for, by the route's own name, so that no token or query is written."""

from __future__ import annotations

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api"

log = logging.getLogger("quarterdeck.access")


class AccessLog:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not log.isEnabledFor(logging.INFO):
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        status = 500

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        finally:
            milliseconds = (perf_counter() - began) * 1000
            log.info("%s %s %s %.1f ms", scope["method"], _asked_for(scope), status, milliseconds)


def _asked_for(scope: Scope) -> str:
    """Return the route's pattern, `/t/{token}`; a dash where none fits."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return "-"
    # A route knows its path below the prefix that its router is mounted at.
    return API + path if scope["path"].startswith(f"{API}/") and not path.startswith(API) else path

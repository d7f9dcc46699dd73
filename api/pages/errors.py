"""Refusals and faults as pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.i18n import Tongue
from api.language import language_of
from api.pages.rendering import Shell, shell
from api.parts import Parts
from api.session import viewer
from models.errors import Refusal

if TYPE_CHECKING:
    from api.problems import Problem  # It imports us.


@dataclass(frozen=True)
class ErrorPage:
    problem: Problem
    back: str


async def refusal_page(request: Request, problem: Problem) -> Response:
    """Show a refusal to a person. Who has to sign in first is taken there, and back afterwards."""
    if problem.code == "sign-in-needed" and request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/sign-in?{urlencode({'next': request.url.path + query})}", 303)
    parts: Parts = request.app.state.parts
    if problem.code == "fault":  # It may be the database that is away: this page asks nothing of it.
        bare = Shell(request, parts, Tongue(language_of(request)), None, datetime.now(UTC), is_bare=True)
        return bare.render("error.html", ErrorPage(problem, "/"), problem.status)
    async with parts.sessions() as database:
        try:
            asking = await viewer(request, parts, database)
        except Refusal:  # A token that is not valid: nobody asks.
            asking = None
        around = await shell(request, parts, database, asking)
    return around.render("error.html", ErrorPage(problem, _back(request)), problem.status)


def _back(request: Request) -> str:
    """Where to go on: for a form that was refused, the page of the form."""
    if request.method == "GET":
        return "/"
    parent = request.url.path.rstrip("/").rpartition("/")[0]
    return parent or "/"

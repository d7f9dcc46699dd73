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


ASK_NOTHING = ("fault", "database-away")
"""Told without the database, as it may be what is away."""


@dataclass(frozen=True)
class ErrorPage:
    problem: Problem
    back: str
    is_away: bool = False
    """Trying the same page again may help."""


async def refusal_page(request: Request, problem: Problem) -> Response:
    """Show a refusal to a person. Who has to sign in first is taken there, and back afterwards."""
    if problem.code == "sign-in-needed" and request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/sign-in?{urlencode({'next': request.url.path + query})}", 303)
    if problem.code == "sign-in-over" and request.method in ("GET", "HEAD"):
        return RedirectResponse("/sign-in", 303)
    parts: Parts = request.app.state.parts
    if problem.code in ASK_NOTHING:
        bare = Shell(request, parts, Tongue(language_of(request)), None, datetime.now(UTC), is_bare=True)
        is_away = problem.code == "database-away"
        page = ErrorPage(problem, _again(request) if is_away else "/", is_away)
        return bare.render("error.html", page, problem.status)
    async with parts.sessions() as database:
        try:
            asking = await viewer(request, parts, database)
        except Refusal:  # A token that is not valid: nobody asks.
            asking = None
        around = await shell(request, parts, database, asking)
    return around.render("error.html", ErrorPage(problem, _back(request)), problem.status)


def _again(request: Request) -> str:
    """Where to try again: the same page, or that of the form, which was not taken."""
    if request.method != "GET":
        return _back(request)
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _back(request: Request) -> str:
    """Where to go on: for a form that was refused, the page of the form."""
    if request.method == "GET":
        return "/"
    parent = request.url.path.rstrip("/").rpartition("/")[0]
    return parent or "/"

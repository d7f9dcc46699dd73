"""The page behind a link in a message. Looking changes nothing; deciding takes a person's hand.

A machine that opens the page, fills every field and presses every button changes nothing: it does
not know the digits, and what it types in the field that no person sees gives it away before a try
is counted against the person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.cookies import DEVICE_COOKIE
from api.language import LANGUAGE_COOKIE
from api.links import Opened, confirm, is_confirmed, open_link, send_new_link
from api.pages.deciding import Typed, decide, typed_in
from api.pages.rendering import Shell, TheShell, chosen_language
from api.pages.task_views import TaskView, task_view
from api.pages.tasks import TaskPage, in_words, refused_page, task_page
from api.parts import TheParts
from api.session import Database
from api.words import Said
from models.errors import Refusal

router = APIRouter()

FOUR_DIGITS = re.compile(r"[0-9]{4}")
TRAP = "nickname"
"""A field that no person sees; whoever fills it is a machine."""


@dataclass(frozen=True)
class DeadLinkPage:
    """A link that decides nothing any more: what became of its task."""

    view: TaskView
    why: Said
    address: str
    may_have_new_one: bool
    was_sent: bool = False
    problem: Said | None = None


@router.get("/t/{token}")
@router.head("/t/{token}")
async def show_link(
    request: Request, token: str, around: TheShell, database: Database, sent: str = ""
) -> Response:
    opened = await open_link(database, token)
    bare(request, around, opened)
    if not opened.is_alive:
        page = await dead_link_page(around, database, opened, token)
        return around.render("links/dead.html", replace(page, was_sent=bool(sent)), 200)
    page_alive = await link_page(request, around, database, opened, token)
    return around.render("tasks/task.html", page_alive)


@router.post("/t/{token}")
async def decide_by_link(
    request: Request, token: str, around: TheShell, parts: TheParts, database: Database
) -> Response:
    """Decide by a person's hand, once."""
    opened = await open_link(database, token)
    bare(request, around, opened)
    typed, cookie = Typed(), None
    try:
        typed = await typed_in(request, parts.read_table)
        if opened.dead is not None:
            raise opened.dead
        cookie = await confirmed(request, around, database, opened, typed)
        await decide(database, parts.commands, opened.task, opened.person.id, typed)
    except Refusal as refusal:
        return with_cookie(await _refused(request, around, database, token, typed, refusal), cookie)
    return with_cookie(RedirectResponse(address_of(token), 303), cookie)


@router.post("/t/{token}/new")
async def ask_for_new_link(
    request: Request, token: str, around: TheShell, parts: TheParts, database: Database
) -> Response:
    """Send a fresh link to the rightful holder's own address; the page shows none."""
    opened = await open_link(database, token)
    bare(request, around, opened)
    form = await request.form()
    if form.get(TRAP):
        return RedirectResponse(address_of(token), 303)
    try:
        await send_new_link(parts.commands, opened)
    except Refusal as refusal:
        page = await dead_link_page(around, database, opened, token)
        problem, _ = await in_words(around, database, refusal)
        return around.render("links/dead.html", replace(page, problem=problem), 409)
    return RedirectResponse(f"{address_of(token)}?sent=yes", 303)


def address_of(token: str) -> str:
    return f"/t/{token}"


def bare(request: Request, around: Shell, opened: Opened) -> None:
    """Show the page without navigation, and in the language of whoever it was sent to."""
    around.is_bare = True
    if chosen_language(request.query_params) is None and LANGUAGE_COOKIE not in request.cookies:
        around.tongue = around.tongue.into(opened.person.language)


async def confirmed(
    request: Request, around: Shell, database: AsyncSession, opened: Opened, typed: Typed
) -> str | None:
    """Make sure that it is the link's person who asks; return the cookie that remembers the browser.

    Raises:
        Refusal: `digits-needed`, before anything is counted; what `confirm` refuses.
    """
    device = around.parts.cookies.value(request, DEVICE_COOKIE)
    if typed.value(TRAP):
        raise Refusal("device-unknown")
    if await is_confirmed(database, opened, around.viewer, device):
        return None
    digits = typed.value("digits")
    if not opened.asks_for_sign_in and not FOUR_DIGITS.fullmatch(digits):
        raise Refusal("device-unknown")  # Not a try: a person cannot mistype into this.
    return await confirm(database, opened, digits, device, around.parts.cookies)


async def link_page(
    request: Request, around: Shell, database: AsyncSession, opened: Opened, token: str
) -> TaskPage:
    page = await task_page(around, database, opened.task, opened.person.id, address=address_of(token))
    return await _guarded(request, around, database, opened, page)


async def _guarded(
    request: Request, around: Shell, database: AsyncSession, opened: Opened, page: TaskPage
) -> TaskPage:
    """Ask for the digits, or for a sign-in, where this browser is not known."""
    device = around.parts.cookies.value(request, DEVICE_COOKIE)
    if await is_confirmed(database, opened, around.viewer, device):
        return page
    if opened.asks_for_sign_in:
        return replace(page, may_decide=False, asks_sign_in=True)
    return replace(page, asks_digits=True)


async def _refused(
    request: Request, around: Shell, database: AsyncSession, token: str, typed: Typed, refusal: Refusal
) -> Response:
    """Show what was typed again with the reason; where the task is gone meanwhile, what became of it."""
    await database.rollback()
    database.expire_all()
    opened = await open_link(database, token)
    if not opened.is_alive:
        return around.render("links/dead.html", await dead_link_page(around, database, opened, token), 409)
    page = await refused_page(
        around, database, opened.task.id, opened.person.id, typed, refusal, address=address_of(token)
    )
    return around.render("tasks/task.html", await _guarded(request, around, database, opened, page), 422)


async def dead_link_page(around: Shell, database: AsyncSession, opened: Opened, token: str) -> DeadLinkPage:
    view = await task_view(database, opened.task, around.tongue.language)
    around.tongue = around.tongue.within(view.cycle.the_terms().time_zone)
    why, _ = await in_words(around, database, opened.dead or Refusal("link-dead"))
    return DeadLinkPage(view, why, address_of(token), opened.may_have_new_one)


def with_cookie(response: Response, cookie: str | None) -> Response:
    if cookie is not None:
        response.headers.append("set-cookie", cookie)
    return response

"""What HR orders about one person's account; each order comes back to the person's page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api import accounts
from api.pages.rendering import Shell, TheShell
from api.pages.users import user_page
from api.parts import Parts, TheParts
from api.rights import AccountManager
from api.session import Database, Viewer
from api.words import say
from models.accounts import LinkPurpose
from models.errors import Refusal
from models.stages import Role

router = APIRouter(prefix="/settings/users/{person_id}")

Order = Callable[[AsyncSession, Parts, Viewer, str], Awaitable[object]]

ORDERS: dict[str, Order] = {
    "lock": lambda database, parts, asking, who: accounts.bar(database, asking, who),
    "unlock": lambda database, parts, asking, who: accounts.unbar(database, asking, who),
    "reset-password": lambda database, parts, asking, who: accounts.send_link(
        database, parts.post, asking, who, LinkPurpose.RESET
    ),
    "reinvite": lambda database, parts, asking, who: accounts.send_link(
        database, parts.post, asking, who, LinkPurpose.INVITATION
    ),
    "reset-factor": lambda database, parts, asking, who: accounts.reset_factor(database, asking, who),
    "sign-out": lambda database, parts, asking, who: accounts.sign_out_everywhere(database, asking, who),
}
"""Orders that need no more than a button."""


@router.post("/roles")
async def give_roles(
    request: Request,
    person_id: str,
    around: TheShell,
    asking: AccountManager,
    database: Database,
) -> Response:
    form = await request.form()
    wanted = [role for role in Role if form.get(role.value)]
    try:
        await accounts.set_roles(database, asking, person_id, wanted)
    except Refusal as refusal:
        return await refused(around, database, asking, person_id, refusal, "roles", roles=tuple(wanted))
    return back(person_id, "roles")


@router.post("/invite")
async def invite(
    request: Request,
    person_id: str,
    around: TheShell,
    parts: TheParts,
    asking: AccountManager,
    database: Database,
) -> Response:
    user_name = str((await request.form()).get("user_name", "")).strip()
    try:
        await accounts.invite(database, parts.post, asking, person_id, user_name)
    except Refusal as refusal:
        return await refused(around, database, asking, person_id, refusal, "invite", user_name=user_name)
    return back(person_id, "invite")


@router.post("/see-as")
async def see_as(
    request: Request,
    person_id: str,
    around: TheShell,
    parts: TheParts,
    asking: AccountManager,
    database: Database,
) -> Response:
    """See the pages as somebody else for half an hour; what is done then names both."""
    reason = str((await request.form()).get("reason", "")).strip()[:500]
    try:
        await accounts.begin_to_see_as(database, asking, person_id, reason)
    except Refusal as refusal:
        return await refused(around, database, asking, person_id, refusal, "see-as", reason=reason)
    parts.cookies.see_as(request, person_id, int(accounts.SEEN_AS_FOR.total_seconds()))
    return RedirectResponse("/", 303)


@router.post("/{order}")
async def carry_out(
    request: Request,
    person_id: str,
    order: str,
    around: TheShell,
    parts: TheParts,
    asking: AccountManager,
    database: Database,
) -> Response:
    """Lock, unlock, send a link, reset the second factor, sign out."""
    if order not in ORDERS:
        raise Refusal("not-found")
    try:
        await ORDERS[order](database, parts, asking, person_id)
    except Refusal as refusal:
        return await refused(around, database, asking, person_id, refusal, order)
    return back(person_id, order)


def back(person_id: str, done: str) -> Response:
    return RedirectResponse(f"/settings/users/{person_id}?done={done}", 303)


async def refused(
    around: Shell,
    database: AsyncSession,
    asking: Viewer,
    person_id: str,
    refusal: Refusal,
    order: str,
    **typed: object,
) -> Response:
    """Show the page again with the reason and what was typed."""
    await database.rollback()
    database.expire_all()
    problem = say(refusal.code, refusal.facts, around.tongue)
    page = await user_page(database, around, asking, person_id, problem=problem, problem_of=order, **typed)
    return around.render("users/user.html", page, 422)

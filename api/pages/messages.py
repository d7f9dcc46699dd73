"""Messages: the delivery log across cycles, one message in full, and sending it again where that is safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api import moves
from api.commands import Asked as Once
from api.pages.message_detail import message_page
from api.pages.message_views import Asked, message_list
from api.pages.rendering import TheShell
from api.pages.tasks import in_words
from api.parts import TheParts
from api.problems import status_of
from api.rights import today
from api.session import Database, HrEditor, HrReader, Viewer
from models.cycles import Cycle
from models.delivery import Delivery
from models.errors import Refusal
from models.resends import candidate_of
from rules.resending import refuse_to_resend

router = APIRouter()


@router.get("/messages")
async def list_messages(
    request: Request, around: TheShell, parts: TheParts, asking: HrReader, database: Database
) -> Response:
    asked = asked_of_log(request.query_params)
    return around.render(
        "messages/list.html", await message_list(database, around, parts, asking.company_id, asked)
    )


def asked_of_log(query: Mapping[str, str]) -> Asked:
    """Read how the log is wanted. What makes no sense is passed over: it comes from an old address."""
    page = query.get("page", "")
    return Asked(
        cycle=query.get("cycle", ""),
        text=query.get("q", "").strip()[:100],
        channel=query.get("channel", ""),
        outcome=query.get("outcome", ""),
        occasion=query.get("occasion", ""),
        day=_day(query.get("day", "")),
        page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
    )


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


@router.get("/messages/{delivery_id}")
async def show_message(delivery_id: str, around: TheShell, asking: HrReader, database: Database) -> Response:
    delivery = await seen_delivery(database, asking, delivery_id)
    return around.render("messages/message.html", await message_page(database, around, asking, delivery))


@router.post("/messages/{delivery_id}/resend")
async def resend_message(
    request: Request, delivery_id: str, around: TheShell, parts: TheParts, asking: HrEditor, database: Database
) -> Response:
    """Order the cycle to send a message again; the same form sent twice is one order."""
    delivery = await seen_delivery(database, asking, delivery_id)
    form = await request.form()
    typed = str(form.get("confirmed", "")).strip()[:2000]
    once = Once(f"resend.{str(form.get('once', ''))[:64]}", delivery.id) if form.get("once") else None
    try:
        if once is None or await parts.commands.told_before(database, asking.id, once) is None:
            candidate = await candidate_of(database, delivery, await today(database, asking.company_id))
            refuse_to_resend(candidate, confirmed=bool(typed))
            cycle = await database.get_one(Cycle, delivery.cycle_id)
            await parts.commands.ask(
                database, moves.resend(cycle, asking.id, delivery.id, {"confirmed": typed}), once
            )
    except Refusal as refusal:
        await database.rollback()
        database.expire_all()
        delivery = await seen_delivery(database, asking, delivery_id)
        page = await message_page(database, around, asking, delivery)
        problem, _faults = await in_words(around, database, refusal)
        return around.render(
            "messages/message.html", replace(page, problem=problem, typed=typed), status_of(refusal.code)
        )
    return RedirectResponse(f"/messages/{delivery_id}", 303)


async def seen_delivery(database: AsyncSession, asking: Viewer, delivery_id: str) -> Delivery:
    """Return a delivery of the viewer's company.

    Raises:
        Refusal: `message-unknown`, whether it is not there or not theirs.
    """
    delivery = await database.get(Delivery, delivery_id)
    if delivery is None or delivery.company_id != asking.company_id:
        raise Refusal("message-unknown")
    return delivery

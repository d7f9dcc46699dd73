"""Why a target was missed: the gap taken apart, and what people say it comes from (Rule 32)."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.figure_scopes import looked_at
from api.misses import classing
from api.pages.forms import named_once, typed_in
from api.pages.miss_views import miss_page
from api.pages.rendering import TheShell, zone_of_terms
from api.pages.tasks import in_words
from api.parts import TheParts
from api.problems import status_of
from api.session import Database, SignedIn
from models.errors import Refusal

router = APIRouter()


@router.get("/misses/{whose}/{owner_id}/{metric_id}")
async def show_miss(
    whose: str,
    owner_id: str,
    metric_id: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    cycle: str = "",
) -> Response:
    looked = await looked_at(database, asking, whose, owner_id, metric_id, cycle)
    around.tongue = around.tongue.within(zone_of_terms(looked.cycle.terms))
    return around.render("figures/miss.html", await miss_page(database, around, looked))


@router.post("/misses/{whose}/{owner_id}/{metric_id}")
async def class_miss(
    request: Request,
    whose: str,
    owner_id: str,
    metric_id: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    parts: TheParts,
    cycle: str = "",
) -> Response:
    """Say what a miss comes from; what was said before stays, with who said it."""
    looked = await looked_at(database, asking, whose, owner_id, metric_id, cycle)
    typed = await typed_in(request)
    cause, reason = typed.text("cause"), typed.text("reason")
    try:
        wish = await classing(database, asking, looked, cause, reason)
        await parts.commands.note(database, wish, typed.once)
    except Refusal as refusal:
        if refusal.code == "not-yours":
            raise
        await database.rollback()
        looked = await looked_at(database, asking, whose, owner_id, metric_id, cycle)
        around.tongue = around.tongue.within(zone_of_terms(looked.cycle.terms))
        problem, _ = await in_words(around, database, refusal)
        page = replace(await miss_page(database, around, looked), problem=problem, typed=(cause, reason))
        return around.render("figures/miss.html", replace(page, once=named_once()), status_of(refusal.code))
    return RedirectResponse(f"{looked.miss}#cause", 303)

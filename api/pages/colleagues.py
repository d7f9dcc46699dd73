"""Names offered while somebody types whom they mean."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from api.colleagues import as_offered, like
from api.pages.rendering import TheShell
from api.rights import today
from api.session import Database, HrAdmin

router = APIRouter()


@dataclass(frozen=True)
class Offered:
    names: tuple[str, ...]


@router.get("/colleagues")
async def offer_colleagues(around: TheShell, asking: HrAdmin, database: Database, to: str = "") -> Response:
    """Offer people whose name or staff number fits what was typed so far."""
    found = await like(database, asking.company_id, to, await today(database, asking.company_id))
    return around.render("parts/colleagues.html", Offered(tuple(as_offered(person) for person in found)))

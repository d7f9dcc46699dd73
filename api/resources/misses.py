"""Why a target was missed: the gap taken apart (Rule 32)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel

from api.figure_scopes import looked_at
from api.misses import why
from api.session import Database, SignedIn
from models.evidence import Cause
from models.misses import classed
from rules.decomposition import Factor

router = APIRouter(prefix="/misses", tags=["figures"])


class PartShown(BaseModel):
    """What one factor gives to the gap, in the metric's unit; below zero where it makes the figure smaller."""

    factor: Factor
    amount: Decimal


class ClassShown(BaseModel):
    """What somebody said the miss comes from."""

    cause: Cause
    reason: str
    by_id: str
    at: datetime


class MissShown(BaseModel):
    """A figure against its target. `parts` add up to `gap`, actual less target, to the cent."""

    months: list[date]
    """Those with figures."""
    target: Decimal | None
    """The part of it that these months make, by days."""
    actual: Decimal | None
    gap: Decimal | None
    compared_with: list[date]
    parts: list[PartShown]
    classed: list[ClassShown]
    """The latest first: that one counts."""


@router.get("/{whose}/{owner_id}/{metric_id}", summary="Why a target was missed")
async def show_miss(
    whose: str, owner_id: str, metric_id: str, viewer: SignedIn, database: Database, cycle: str = ""
) -> MissShown:
    """`whose` is `person` or `unit`; `cycle` is the latest where it is not named."""
    looked = await looked_at(database, viewer, whose, owner_id, metric_id, cycle)
    found = await why(database, looked)
    said = await classed(database, looked.cycle.id, owner_id, metric_id)
    return MissShown(
        months=list(found.months),
        target=found.target,
        actual=found.actual,
        gap=found.gap,
        compared_with=list(found.compared.months) if found.compared else [],
        parts=[PartShown(factor=one.factor, amount=one.amount) for one in found.parts.contributions]
        if found.parts
        else [],
        classed=[
            ClassShown(cause=one.miss.cause, reason=one.miss.reason, by_id=one.miss.by_id, at=one.miss.at)
            for one in said
        ],
    )

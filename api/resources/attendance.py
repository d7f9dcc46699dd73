"""Attendance of units and people: visits, hours, effective selling time (Rule 33)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.attendance import attendance_asked, attendance_of
from api.language import language_of
from api.session import Database, SignedIn
from models.clock import business_now
from models.records import WorkKind
from rules.attendance import Attended

router = APIRouter(prefix="/attendance", tags=["figures"])


class AttendedShown(BaseModel):
    visits: int
    checked_in: int
    """Visits with a check-in."""
    hours: dict[WorkKind, Decimal]
    selling_percent: Decimal | None
    """Selling hours by all hours (有效销售时间); nothing without hours."""

    @classmethod
    def of(cls, one: Attended) -> AttendedShown:
        return cls(
            visits=one.visits,
            checked_in=one.checked_in,
            hours=dict(sorted(one.hours.items())),
            selling_percent=one.selling_percent,
        )


class BelowShown(BaseModel):
    id: str
    name: str
    attended: AttendedShown


class ProjectShown(BaseModel):
    name: str
    """Empty for hours that name no project."""
    hours: Decimal
    selling: Decimal


class AttendanceShown(BaseModel):
    from_on: date
    until_on: date
    """Inclusive; today at the latest."""
    attended: AttendedShown
    below: dict[str, list[BelowShown]]
    """By what they are: `departments`, `teams`, `people`."""
    projects: list[ProjectShown]
    """Those that most hours went into."""


@router.get("/{whose}/{owner_id}", summary="Visits, hours and effective selling time")
async def show_attendance(
    request: Request,
    whose: str,
    owner_id: str,
    viewer: SignedIn,
    database: Database,
    cycle: str = "",
    month: str = "",
) -> AttendanceShown:
    """`whose` is `person` or `unit`; `cycle` is the latest, and `month` (2026-10) all of it, where left out."""
    now = await business_now(database)
    asked = await attendance_asked(database, viewer, whose, owner_id, cycle, month, now)
    found = await attendance_of(database, asked, language_of(request))
    return AttendanceShown(
        from_on=asked.days.first,
        until_on=asked.days.last,
        attended=AttendedShown.of(found.all),
        below={
            title: [BelowShown(id=one.id, name=one.name, attended=AttendedShown.of(one.of)) for one in rows]
            for title, rows in found.parts
        },
        projects=[ProjectShown(name=one.name, hours=one.hours, selling=one.selling) for one in found.projects],
    )

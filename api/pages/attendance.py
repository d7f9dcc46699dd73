"""Attendance: visits with check-ins, hours by project, effective selling time, of units and people (Rule 33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import ColumnElement, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from api.facts import in_language, names_of_people, names_of_units
from api.figure_scopes import PERSON, UNIT
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.rights import seen_cycle, seen_seller, seen_unit
from api.session import Database, SignedIn, Viewer
from models.attendance import Days, hours_by, hours_of, visits_by, visits_of
from models.cycles import Cycle
from models.errors import Refusal
from models.figures import last_day, months_of
from models.org import Person, Unit
from models.records import Visit, WorkHours, WorkKind
from models.stages import CycleState, UnitKind
from models.standings import cycles_with
from rules.attendance import SELLING_GOAL, Attended, attended_together
from rules.cells import month_in

MOST_PROJECTS = 12

router = APIRouter()


@dataclass(frozen=True)
class Row:
    name: str
    address: str
    of: Attended


@dataclass(frozen=True)
class Project:
    name: str
    """Empty for hours that name no project."""
    hours: Decimal
    selling: Decimal


@dataclass(frozen=True)
class AttendancePage:
    cycle: Cycle
    owner: str
    whose: str
    month: date | None
    months: tuple[tuple[date, str], ...]
    address: str
    all: Attended
    parts: tuple[tuple[str, tuple[Row, ...]], ...]
    """Tables of those below: what they are (teams, people, departments), and each with its attendance."""
    projects: tuple[Project, ...]
    visits: Sequence[Visit] = ()
    hours: Sequence[WorkHours] = ()
    """The records themselves, of a single person."""

    @property
    def goal(self) -> Decimal:
        return SELLING_GOAL

    @property
    def kinds(self) -> tuple[WorkKind, ...]:
        return tuple(WorkKind)


def address_of(whose: str, owner_id: str, cycle_id: str, month: date | None = None) -> str:
    query = {"cycle": cycle_id} | ({"month": f"{month:%Y-%m}"} if month else {})
    return f"/attendance/{whose}/{quote(owner_id, safe='')}?{urlencode(query)}"


@router.get("/attendance/{whose}/{owner_id}")
async def show_attendance(
    whose: str,
    owner_id: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    cycle: str = "",
    month: str = "",
) -> Response:
    """Show a unit with those below it, or a person with the records themselves."""
    here = await _cycle(database, asking, cycle)
    around.tongue = around.tongue.within(zone_of_terms(here.terms))
    asked = month_in(month).value if month else None
    if whose not in (PERSON, UNIT) or (month and asked not in months_of(here)):
        raise Refusal("figure-unknown")
    today = around.now.astimezone(ZoneInfo(zone_of_terms(here.terms))).date()
    first, last = (asked, last_day(asked)) if asked else (here.starts_on, here.ends_on)
    days = Days(first, min(last, today))
    if whose == PERSON:
        person = await seen_seller(database, asking, owner_id)
        page = await _of_person(database, here, person, days, asked)
    else:
        unit = await seen_unit(database, asking, owner_id)
        page = await _of_unit(database, around, here, unit, days, asked)
    return around.render("standing/attendance.html", page)


async def _cycle(database: AsyncSession, asking: Viewer, cycle_id: str) -> Cycle:
    if cycle_id:
        return await seen_cycle(database, asking, cycle_id)
    seen = (col(Cycle.company_id) == asking.company_id) & (col(Cycle.state) != CycleState.DRAFT)
    latest = await cycles_with(database, seen, limit=1)
    if not latest:
        raise Refusal("cycle-unknown")
    return latest[0]


async def _of_person(
    database: AsyncSession, cycle: Cycle, person: Person, days: Days, month: date | None
) -> AttendancePage:
    whose = col(Person.id) == person.id
    found = await _attended(database, person.company_id, days, whose, col(Person.id))
    return AttendancePage(
        cycle=cycle,
        owner=person.name,
        whose=PERSON,
        month=month,
        months=tuple((one, address_of(PERSON, person.id, cycle.id, one)) for one in months_of(cycle)),
        address=address_of(PERSON, person.id, cycle.id),
        all=found.get(person.id, Attended()),
        parts=(),
        projects=await _projects(database, person.company_id, days, whose),
        visits=await visits_of(database, person.id, days),
        hours=await hours_of(database, person.id, days),
    )


async def _of_unit(
    database: AsyncSession, around: Shell, cycle: Cycle, unit: Unit, days: Days, month: date | None
) -> AttendancePage:
    tongue = around.tongue
    whose = _people_of(unit)
    parts = []
    by_first: Mapping[str, Attended] = {}
    for title, key, column in _below(unit.kind):
        found = await _attended(database, unit.company_id, days, whose, column)
        by_first = by_first or found
        names = (
            await names_of_people(database, list(found))
            if key == PERSON
            else await names_of_units(database, list(found), tongue.language)
        )
        rows = [
            Row(names.get(one, one), address_of(key, one, cycle.id, month), attended)
            for one, attended in found.items()
        ]
        rows.sort(key=lambda row: (row.of.selling_percent or Decimal(-1), row.of.visits, row.name))
        parts.append((title, tuple(rows)))
    return AttendancePage(
        cycle=cycle,
        owner=in_language(unit.name, unit.name_en, tongue.language),
        whose=UNIT,
        month=month,
        months=tuple((one, address_of(UNIT, unit.id, cycle.id, one)) for one in months_of(cycle)),
        address=address_of(UNIT, unit.id, cycle.id),
        all=attended_together(by_first.values()),
        parts=tuple(parts),
        projects=await _projects(database, unit.company_id, days, whose),
    )


def _people_of(unit: Unit) -> ColumnElement[bool]:
    """Pick the people who are in a unit now."""
    match unit.kind:
        case UnitKind.TEAM:
            return col(Person.unit_id) == unit.id
        case UnitKind.DEPARTMENT:
            return col(Person.department_id) == unit.id
        case UnitKind.DIVISION:
            below = select(Unit.id).where(col(Unit.parent_id) == unit.id)
            return col(Person.department_id).in_(below)
        case UnitKind.COMPANY:
            return true()


def _below(kind: UnitKind) -> tuple[tuple[str, str, Any], ...]:
    """Return by what a unit is taken apart: the table's kind, whose its rows are, and the column of people."""
    match kind:
        case UnitKind.TEAM:
            return (("people", PERSON, col(Person.id)),)
        case UnitKind.DEPARTMENT:
            return (("teams", UNIT, col(Person.unit_id)), ("people", PERSON, col(Person.id)))
        case UnitKind.DIVISION | UnitKind.COMPANY:
            return (("departments", UNIT, col(Person.department_id)),)


async def _attended(
    database: AsyncSession, company_id: str, days: Days, whose: ColumnElement[bool], by: Any
) -> dict[str, Attended]:
    visits = await visits_by(database, company_id, days, whose, by)
    hours = await hours_by(database, company_id, days, whose, by)
    return {one: Attended(*visits.get(one, (0, 0)), hours.get(one, {})) for one in {*visits, *hours}}


async def _projects(
    database: AsyncSession, company_id: str, days: Days, whose: ColumnElement[bool]
) -> tuple[Project, ...]:
    """Return the projects that most hours went into."""
    found = await hours_by(database, company_id, days, whose, col(WorkHours.project))
    projects = [
        Project(name, sum(hours.values(), Decimal(0)), hours.get(WorkKind.SELLING, Decimal(0)))
        for name, hours in found.items()
    ]
    return tuple(sorted(projects, key=lambda one: (-one.hours, one.name))[:MOST_PROJECTS])

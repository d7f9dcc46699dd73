"""Attendance of a unit or a person: visits with check-ins, hours by project, effective selling time (Rule 33)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import names_of_people, names_of_units
from api.figure_scopes import PERSON, UNIT, seen_or_latest_cycle
from api.rights import seen_seller, seen_unit
from api.session import Viewer
from models.attendance import Days, hours_by, visits_by
from models.cycles import Cycle
from models.errors import Refusal
from models.figures import last_day, months_of
from models.org import Person, Unit
from models.records import WorkHours, WorkKind
from models.stages import Language, UnitKind
from rules.attendance import Attended, attended_together
from rules.cells import month_in

MOST_PROJECTS = 12


@dataclass(frozen=True)
class Asked:
    """Whose attendance is asked for, and of which days."""

    cycle: Cycle
    owner: Person | Unit
    month: date | None
    """None for the whole period."""
    days: Days


@dataclass(frozen=True)
class Below:
    """The attendance of one of those below a unit."""

    whose: str
    id: str
    name: str
    of: Attended


@dataclass(frozen=True)
class Project:
    name: str
    """Empty for hours that name no project."""
    hours: Decimal
    selling: Decimal


@dataclass(frozen=True)
class Attendance:
    all: Attended
    parts: tuple[tuple[str, tuple[Below, ...]], ...]
    """Those below: what they are (teams, people, departments), and each, those with least selling time first."""
    projects: tuple[Project, ...]
    """Those that most hours went into."""


async def attendance_asked(
    database: AsyncSession, asking: Viewer, whose: str, owner_id: str, cycle_id: str, month: str, now: datetime
) -> Asked:
    """Read an address, within the reader's rights. `month` is `2055-01`, or nothing for the whole period.

    Raises:
        Refusal: `figure-unknown` and those of cycles, units and people that are not there for the reader.
    """
    cycle = await seen_or_latest_cycle(database, asking, cycle_id)
    asked = month_in(month).value if month else None
    if whose not in (PERSON, UNIT) or (month and asked not in months_of(cycle)):
        raise Refusal("figure-unknown")
    today = now.astimezone(ZoneInfo(cycle.the_terms().time_zone)).date()
    first, last = (asked, last_day(asked)) if asked else (cycle.starts_on, cycle.ends_on)
    seen = seen_seller if whose == PERSON else seen_unit
    return Asked(cycle, await seen(database, asking, owner_id), asked, Days(first, min(last, today)))


async def attendance_of(database: AsyncSession, asked: Asked, language: Language) -> Attendance:
    owner, company_id, days = asked.owner, asked.cycle.company_id, asked.days
    if isinstance(owner, Person):
        whose = col(Person.id) == owner.id
        found = await _attended(database, company_id, days, whose, col(Person.id))
        return Attendance(found.get(owner.id, Attended()), (), await _projects(database, company_id, days, whose))
    whose = _people_of(owner)
    parts = []
    all_of_it: Attended | None = None
    for title, kind, column in _below(owner.kind):
        found = await _attended(database, company_id, days, whose, column)
        all_of_it = all_of_it or attended_together(found.values())
        ids = list(found)
        names = (
            await names_of_people(database, ids)
            if kind == PERSON
            else await names_of_units(database, ids, language)
        )
        rows = [Below(kind, one, names.get(one, one), attended) for one, attended in found.items()]
        rows.sort(key=lambda row: (row.of.selling_percent or Decimal(-1), row.of.visits, row.name))
        parts.append((title, tuple(rows)))
    projects = await _projects(database, company_id, days, whose)
    return Attendance(all_of_it or Attended(), tuple(parts), projects)


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

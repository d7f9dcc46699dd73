"""Whose figure is looked at, of which metric and months: read from an address, within the reader's rights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

from sqlalchemy import ColumnElement, and_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.rights import seen_cycle, seen_seller, seen_unit
from api.session import Viewer
from models.behind import Scope
from models.cycles import Cycle
from models.errors import Refusal
from models.figures import Member, metrics_of, months_of
from models.metrics import Figure, FigureLevel, Metric
from models.org import Person, Unit
from models.stages import CycleState, Language, UnitKind
from models.standings import cycles_with
from rules.cells import month_in

PERSON, UNIT = "person", "unit"


def address_of(
    whose: str, owner_id: str, metric_id: str, cycle_id: str, month: date | None = None, page: str = "figures"
) -> str:
    """Return the address of a figure's page, of a month or of the whole period; or of another `page` about it."""
    query = {"cycle": cycle_id} | ({"month": f"{month:%Y-%m}"} if month else {})
    return f"/{page}/{whose}/{quote(owner_id, safe='')}/{quote(metric_id, safe='')}?{urlencode(query)}"


@dataclass(frozen=True)
class Looked:
    """What is looked at."""

    cycle: Cycle
    metric: Metric
    owner: Person | Unit
    month: date | None
    """None for the whole period."""
    scope: Scope
    team: Unit | None = None
    """Of a person: where they work."""

    @property
    def whose(self) -> str:
        return PERSON if isinstance(self.owner, Person) else UNIT

    @property
    def is_point(self) -> bool:
        """Whether it is a single figure, rather than several together."""
        if self.month is None:
            return False
        if self.metric.level is FigureLevel.TEAM:
            return isinstance(self.owner, Person) or self.owner.kind is UnitKind.TEAM
        return isinstance(self.owner, Person)

    @property
    def department_id(self) -> str:
        """Return the department it belongs to; "" above departments."""
        if isinstance(self.owner, Person):
            return self.owner.department_id or ""
        if self.owner.kind is UnitKind.TEAM:
            return self.owner.parent_id or ""
        return self.owner.id if self.owner.kind is UnitKind.DEPARTMENT else ""

    def address(self, month: date | None = None) -> str:
        return address_of(self.whose, self.owner.id, self.metric.id, self.cycle.id, month)

    @property
    def miss(self) -> str:
        """Return the address of the page that says why its target is missed."""
        return address_of(self.whose, self.owner.id, self.metric.id, self.cycle.id, page="misses")

    @property
    def correction(self) -> str:
        """Return the address of the form that corrects it."""
        path, _, query = self.address().partition("?")
        return f"{path}/{self.scope.months[0]:%Y-%m}/correct?{query}"

    def name(self, language: Language) -> str:
        if isinstance(self.owner, Person):
            return self.owner.name
        return in_language(self.owner.name, self.owner.name_en, language)


async def looked_at(
    session: AsyncSession,
    viewer: Viewer,
    whose: str,
    owner_id: str,
    metric_id: str,
    cycle_id: str,
    month: str = "",
) -> Looked:
    """Return what an address asks for.

    Raises:
        Refusal: `cycle-unknown`, `person-unknown`, `unit-unknown`, `figure-unknown`.
    """
    cycle = await seen_or_latest_cycle(session, viewer, cycle_id)
    metric = next((one for one in await metrics_of(session, cycle) if one.id == metric_id), None)
    asked = month_in(month).value if month else None
    months = months_of(cycle)
    if whose not in (PERSON, UNIT) or metric is None or (month and asked not in months):
        raise Refusal("figure-unknown")
    if asked is not None:
        months = (asked,)
    if whose == UNIT:
        unit = await seen_unit(session, viewer, owner_id)
        scope = Scope(cycle.company_id, metric.id, months, of_unit(unit))
        return Looked(cycle, metric, unit, asked, scope)
    person = await seen_seller(session, viewer, owner_id)
    there = Member(person.id, person.name, person.staff_no, person.unit_id, person.joined_on, person.left_on)
    months = tuple(one for one in months if there.was_there_in(one)) or months
    scope = Scope(cycle.company_id, metric.id, months, of_person(person, metric))
    return Looked(cycle, metric, person, asked, scope, await session.get(Unit, person.unit_id))


async def seen_or_latest_cycle(session: AsyncSession, viewer: Viewer, cycle_id: str) -> Cycle:
    """Return a cycle that the viewer may see; the latest where none is named.

    Raises:
        Refusal: `cycle-unknown`.
    """
    if cycle_id:
        return await seen_cycle(session, viewer, cycle_id)
    seen = (col(Cycle.company_id) == viewer.company_id) & (col(Cycle.state) != CycleState.DRAFT)
    latest = await cycles_with(session, seen, limit=1)
    if not latest:
        raise Refusal("cycle-unknown")
    return latest[0]


def of_person(person: Person, metric: Metric) -> ColumnElement[bool]:
    """Pick a person's figures: their own, or those of the team they are in."""
    if metric.level is FigureLevel.TEAM:
        return and_(col(Figure.team_id) == person.unit_id, col(Figure.person_id) == "")
    return col(Figure.person_id) == person.id


def of_unit(unit: Unit) -> ColumnElement[bool]:
    """Pick a unit's figures, as its people and teams had them while they were in it."""
    match unit.kind:
        case UnitKind.TEAM:
            return and_(col(Figure.team_id) == unit.id, col(Figure.department_id) == (unit.parent_id or ""))
        case UnitKind.DEPARTMENT:
            return col(Figure.department_id) == unit.id
        case UnitKind.DIVISION:
            below = select(Unit.id).where(col(Unit.parent_id) == unit.id)
            return col(Figure.department_id).in_(below)
        case UnitKind.COMPANY:
            return true()

"""Questions about why a target was missed: what the records of two periods hold, and what others did (Rule 32)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.behind import Kind, Scope, belongs
from models.cycles import Cycle
from models.evidence import MissCause
from models.figures import last_day
from models.metrics import Figure, Target
from models.months import month_after
from models.org import Person
from models.records import Deal, Visit

MONTHS_OF_BASE = 12
"""A customer who bought within so many months before a period belongs to its base."""


@dataclass(frozen=True)
class Facts:
    """What the records of a period hold: counts, and amounts in the company's currency."""

    visits: int = 0
    new_deals: int = 0
    """Deals that were their customer's first."""
    new_amount: Decimal = Decimal(0)
    base: int = 0
    """Customers who bought in the twelve months before the period."""
    buyers: int = 0
    """Customers who bought in the period and had bought before."""
    repeat_deals: int = 0
    repeat_amount: Decimal = Decimal(0)

    @property
    def is_empty(self) -> bool:
        return not (self.new_deals or self.repeat_deals)


async def held_now(session: AsyncSession, scope: Scope) -> Facts:
    """Return what the records behind a figure hold; three statements, however many records there are."""
    return await _held(
        session,
        scope,
        scope.months[0],
        _of_deals().select_from(Deal).join(Figure, belongs(scope, Kind.DEALS)),
        select_columns(func.count()).select_from(Visit).join(Figure, belongs(scope, Kind.VISITS)),
    )


async def held_in(session: AsyncSession, scope: Scope, months: Sequence[date]) -> Facts:
    """Return what the same people's records of other months hold."""
    first, last = months[0], last_day(months[-1])

    def theirs(table: type[Deal] | type[Visit], day: Any) -> ColumnElement[bool]:
        return and_(
            col(table.company_id) == scope.company_id,
            col(table.seller_id).in_(_sellers(scope)),
            day.between(first, last),
        )

    return await _held(
        session,
        scope,
        first,
        _of_deals().select_from(Deal).where(theirs(Deal, col(Deal.won_on))),
        select_columns(func.count()).select_from(Visit).where(theirs(Visit, col(Visit.visited_on))),
    )


def _of_deals() -> Any:
    is_new, nothing = col(Deal.is_new_customer).is_(True), Decimal(0)

    def count(picked: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(case((picked, 1), else_=0)), 0)

    def amount(picked: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(col(Deal.amount)).filter(picked), nothing)

    return select_columns(
        count(is_new),
        amount(is_new),
        func.count(func.distinct(col(Deal.customer))).filter(~is_new),
        count(~is_new),
        amount(~is_new),
    )


async def _held(session: AsyncSession, scope: Scope, first: date, of_deals: Any, of_visits: Any) -> Facts:
    connection = await session.connection()
    new_deals, new_amount, buyers, repeat_deals, repeat_amount = (await connection.execute(of_deals)).one()
    visits = (await connection.execute(of_visits)).scalar_one()
    base = await connection.execute(
        select_columns(func.count(func.distinct(col(Deal.customer)))).where(
            col(Deal.company_id) == scope.company_id,
            col(Deal.seller_id).in_(_sellers(scope)),
            col(Deal.won_on) >= month_after(first, -MONTHS_OF_BASE),
            col(Deal.won_on) < first,
        )
    )
    return Facts(
        visits=int(visits),
        new_deals=int(new_deals),
        new_amount=new_amount,
        base=int(base.scalar_one()),
        buyers=int(buyers),
        repeat_deals=int(repeat_deals),
        repeat_amount=repeat_amount,
    )


def _sellers(scope: Scope) -> Any:
    return select(Figure.person_id).where(scope.in_force, col(Figure.person_id) != "").distinct()


async def months_with_figures_of(session: AsyncSession, scope: Scope) -> tuple[date, ...]:
    """Return the months of a scope of which there are figures."""
    found = await session.exec(
        select(col(Figure.month)).where(scope.in_force).distinct().order_by(col(Figure.month))
    )
    return tuple(found.all())


@dataclass(frozen=True)
class Peers:
    """How the departments of a cycle did at one metric, for the months that have figures."""

    departments: int
    missed: int
    """How many are under their target, or under the part of it that the months make."""
    target: Decimal
    actual: Decimal


async def peers_of(
    session: AsyncSession, cycle: Cycle, metric_id: str, months: Sequence[date], part: Decimal
) -> Peers:
    """Hold every department's figure against `part` (0 to 1) of its target; one statement."""
    reached = (
        select_columns(col(Figure.department_id).label("id"), func.sum(col(Figure.value)).label("actual"))
        .where(
            col(Figure.company_id) == cycle.company_id,
            col(Figure.metric_id) == metric_id,
            col(Figure.month).in_(months),
            col(Figure.replaced_by) == "",
        )
        .group_by(col(Figure.department_id))
        .subquery()
    )
    connection = await session.connection()
    found = await connection.execute(
        select_columns(col(Target.value), reached.c.actual)
        .select_from(Target)
        .join(reached, reached.c.id == col(Target.unit_id))
        .where(
            col(Target.cycle_id) == cycle.id,
            col(Target.metric_id) == metric_id,
            col(Target.person_id) == "",
            col(Target.unit_id) == col(Target.department_id),
            col(Target.applies).is_(True),
        )
    )
    rows = [(target * part, actual) for target, actual in found]
    return Peers(
        departments=len(rows),
        missed=sum(1 for target, actual in rows if actual < target),
        target=sum((target for target, _ in rows), Decimal(0)),
        actual=sum((actual for _, actual in rows), Decimal(0)),
    )


@dataclass(frozen=True)
class Classed:
    """What somebody said a miss comes from, with their name."""

    miss: MissCause
    by: str


async def classed(session: AsyncSession, cycle_id: str, owner_id: str, metric_id: str) -> list[Classed]:
    """Return what people said a miss comes from, the latest first: that one counts."""
    found = await session.exec(
        select(MissCause, Person.name)
        .outerjoin(Person, col(Person.id) == col(MissCause.by_id))
        .where(
            col(MissCause.cycle_id) == cycle_id,
            col(MissCause.owner_id) == owner_id,
            col(MissCause.metric_id) == metric_id,
        )
        .order_by(col(MissCause.at).desc(), col(MissCause.id).desc())
    )
    return [Classed(miss, name or "") for miss, name in found.all()]


async def sold_by_company(session: AsyncSession, company_id: str, months: Sequence[date]) -> Decimal:
    """Return what the whole company's deals of these months come to."""
    connection = await session.connection()
    found = await connection.execute(
        select_columns(func.coalesce(func.sum(col(Deal.amount)), Decimal(0))).where(
            col(Deal.company_id) == company_id, col(Deal.won_on).between(months[0], last_day(months[-1]))
        )
    )
    total: Decimal = found.scalar_one()
    return total

"""Questions about what stands behind a figure: the figures it is made of, their records and sources (Rule 30).

A `Scope` picks the figures in force that make up the one that is looked at. Records stand behind
it through them: a deal counts where its seller has such a figure for the month it was won in. So
the records of a team are those of whoever belonged to it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.figures import last_day
from models.metrics import Figure
from models.org import Person
from models.records import Deal, Payment, Visit
from models.sources import Source

TYPED = ("person", "file")
"""Sources of figures that a person handed in: no records stand behind them."""

MOST_CORRECTIONS = 50


class Kind(StrEnum):
    """The records that can stand behind a figure."""

    DEALS = "deals"
    PAYMENTS = "payments"
    VISITS = "visits"


@dataclass(frozen=True)
class Scope:
    """Which figures make up the one that is looked at."""

    company_id: str
    metric_id: str
    months: tuple[date, ...]
    whose: ColumnElement[bool]

    @property
    def any_time(self) -> ColumnElement[bool]:
        """Pick the figures, those that were replaced as well."""
        return and_(
            col(Figure.company_id) == self.company_id,
            col(Figure.metric_id) == self.metric_id,
            col(Figure.month).in_(self.months),
            self.whose,
        )

    @property
    def in_force(self) -> ColumnElement[bool]:
        return and_(self.any_time, col(Figure.replaced_by) == "")


@dataclass(frozen=True)
class Made:
    """Several figures together."""

    total: Decimal
    count: int
    typed: int
    """How many of them a person handed in or corrected."""
    typed_total: Decimal
    first_at: datetime
    last_at: datetime
    """When the oldest and the latest of them were taken over."""


async def made_of(session: AsyncSession, scope: Scope) -> Made | None:
    """Return what the figures in force come to; None where there are none yet."""
    by_hand = col(Figure.source).in_(TYPED)
    connection = await session.connection()
    found = await connection.execute(
        select_columns(
            func.sum(col(Figure.value)),
            func.count(),
            func.count().filter(by_hand),
            func.coalesce(func.sum(col(Figure.value)).filter(by_hand), Decimal(0)),
            func.min(col(Figure.at)),
            func.max(col(Figure.at)),
        ).where(scope.in_force)
    )
    row = found.one()
    return Made(*row) if row[1] else None


@dataclass(frozen=True)
class Part:
    """What one month, team or person gives to a figure."""

    id: str
    total: Decimal
    count: int


async def parts_by(session: AsyncSession, scope: Scope, column: Any) -> list[Part]:
    """Return the figures of a scope by one of their columns: the month, team, department or person."""
    connection = await session.connection()
    found = await connection.execute(
        select_columns(column, func.sum(col(Figure.value)), func.count())
        .where(scope.in_force)
        .group_by(column)
        .order_by(column)
    )
    return [Part(str(key), total, count) for key, total, count in found]


@dataclass(frozen=True)
class Correction:
    """A value that took the place of another."""

    before: Figure
    after: Figure
    person: str
    by: str


async def corrections(session: AsyncSession, scope: Scope) -> list[Correction]:
    """Return what was replaced by what, the latest first: by a person, or by a later fetch."""
    before, whose, who = aliased(Figure), aliased(Person), aliased(Person)
    found = await session.exec(
        select(Figure, before, whose.name, who.name)
        .select_from(Figure)
        .join(before, col(before.replaced_by) == col(Figure.id))
        .outerjoin(whose, col(whose.id) == col(Figure.person_id))
        .outerjoin(who, col(who.id) == col(Figure.entered_by))
        .where(scope.any_time, col(before.company_id) == scope.company_id)
        .order_by(col(Figure.at).desc(), col(Figure.id))
        .limit(MOST_CORRECTIONS)
    )
    return [Correction(old, new, person or "", by or "") for new, old, person, by in found.all()]


async def first_of(session: AsyncSession, scope: Scope) -> Figure | None:
    """Return the one figure in force of a scope that is a single point."""
    found = await session.exec(select(Figure).where(scope.in_force).limit(1))
    return found.first()


# --- the records --------------------------------------------------------------------------------

TABLES: dict[Kind, tuple[type[Deal | Payment | Visit], Any]] = {
    Kind.DEALS: (Deal, col(Deal.won_on)),
    Kind.PAYMENTS: (Payment, col(Payment.due_on)),
    Kind.VISITS: (Visit, col(Visit.visited_on)),
}
"""The table of each kind, and the day by which a record belongs to a month."""


def belongs(scope: Scope, kind: Kind, *, typed: bool = True) -> ColumnElement[bool]:
    """Tie records to the figures they stand behind; `typed` ones may be left out."""
    table, day = TABLES[kind]
    in_month = or_(
        *(and_(col(Figure.month) == month, day.between(month, last_day(month))) for month in scope.months)
    )
    tied = and_(
        col(table.company_id) == scope.company_id,
        col(table.seller_id) == col(Figure.person_id),
        scope.in_force,
        in_month,
    )
    return tied if typed else and_(tied, col(Figure.source).not_in(TYPED))


@dataclass(frozen=True)
class Sums:
    """What all records behind a figure come to."""

    deals: int = 0
    amount: Decimal = Decimal(0)
    newly: int = 0
    """Deals that were their customer's first."""
    payments: int = 0
    due: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    visits: int = 0
    checked_in: int = 0

    def count(self, kind: Kind) -> int:
        return {Kind.DEALS: self.deals, Kind.PAYMENTS: self.payments, Kind.VISITS: self.visits}[kind]


async def sums_of(session: AsyncSession, scope: Scope, *, typed: bool = True) -> Sums:
    """Add up the records behind a figure: three statements, however many records there are."""
    connection = await session.connection()
    nothing = Decimal(0)

    def behind(kind: Kind, *columns: Any) -> Any:
        table, _ = TABLES[kind]
        return (
            select_columns(func.count(), *columns)
            .select_from(table)
            .join(Figure, belongs(scope, kind, typed=typed))
        )

    deals = await connection.execute(
        behind(
            Kind.DEALS,
            func.coalesce(func.sum(col(Deal.amount)), nothing),
            func.coalesce(func.sum(case((col(Deal.is_new_customer).is_(True), 1), else_=0)), 0),
        )
    )
    payments = await connection.execute(
        behind(
            Kind.PAYMENTS,
            func.coalesce(func.sum(col(Payment.due)), nothing),
            func.coalesce(func.sum(col(Payment.paid)), nothing),
        )
    )
    visits = await connection.execute(behind(Kind.VISITS, func.count(col(Visit.checked_in_at))))
    return Sums(*deals.one(), *payments.one(), *visits.one())


@dataclass(frozen=True)
class Line:
    """One record, with whose it is and which source brought it."""

    record: Deal | Payment | Visit
    seller: str
    source: Source | None
    deal: Deal | None = None
    """Of a payment: the deal it is for."""

    @property
    def on(self) -> date:
        if isinstance(self.record, Deal):
            return self.record.won_on
        return self.record.due_on if isinstance(self.record, Payment) else self.record.visited_on


def lines_of(scope: Scope, kind: Kind) -> Any:
    """Select the records of a kind behind a figure, as `Line` takes them."""
    table, _ = TABLES[kind]
    lines: Any = (
        select(table, Person.name, Source)
        .select_from(table)
        .join(Figure, belongs(scope, kind))
        .outerjoin(Person, col(Person.id) == col(table.seller_id))
        .outerjoin(Source, col(Source.id) == col(table.source_id))
    )
    if kind is not Kind.PAYMENTS:
        return lines
    paid_for = aliased(Deal)
    return lines.add_columns(paid_for).outerjoin(paid_for, col(paid_for.id) == col(Payment.deal_id))


async def sources_behind(session: AsyncSession, scope: Scope, kinds: Sequence[Kind]) -> list[Source]:
    """Return the sources that the records behind a figure came from."""
    ids: set[str] = set()
    for kind in kinds:
        table, _ = TABLES[kind]
        found = await session.exec(
            select(col(table.source_id)).select_from(table).join(Figure, belongs(scope, kind)).distinct()
        )
        ids.update(found.all())
    found_sources = await session.exec(
        select(Source).where(col(Source.id).in_(ids - {""})).order_by(col(Source.name), col(Source.id))
    )
    return list(found_sources.all())


async def those_that_bring_records(
    session: AsyncSession, source_ids: Sequence[str], department_id: str
) -> set[str]:
    """Return which of some sources have records of a department's people."""
    if not source_ids:
        return set()
    people = select(Person.id).where(col(Person.department_id) == department_id)
    found: set[str] = set()
    for table, _ in TABLES.values():
        bringing = await session.exec(
            select(col(table.source_id))
            .where(col(table.source_id).in_(source_ids), col(table.seller_id).in_(people))
            .distinct()
        )
        found.update(bringing.all())
    return found

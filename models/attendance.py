"""Questions about visits and hours worked (Rule 33). Sums first, records only of one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.org import Person
from models.records import Visit, WorkHours, WorkKind

MOST_RECORDS = 200
"""Of each kind on one page; a person's quarter has fewer."""


@dataclass(frozen=True)
class Days:
    """From the first day to the last, both included."""

    first: date
    last: date


async def visits_by(
    session: AsyncSession, company_id: str, days: Days, whose: ColumnElement[bool], by: Any
) -> dict[str, tuple[int, int]]:
    """Return how many visits there were, and with a check-in, by a column of people."""
    connection = await session.connection()
    found = await connection.execute(
        select_columns(by, func.count(), func.count(col(Visit.checked_in_at)))
        .select_from(Visit)
        .join(Person, col(Person.id) == col(Visit.seller_id))
        .where(col(Visit.company_id) == company_id, col(Visit.visited_on).between(days.first, days.last), whose)
        .group_by(by)
    )
    return {str(key): (visits, checked_in) for key, visits, checked_in in found}


async def hours_by(
    session: AsyncSession, company_id: str, days: Days, whose: ColumnElement[bool], by: Any
) -> dict[str, dict[WorkKind, Decimal]]:
    """Return the hours spent on each kind of work, by a column of people or of the hours."""
    connection = await session.connection()
    found = await connection.execute(
        select_columns(by, col(WorkHours.kind), func.sum(col(WorkHours.hours)))
        .select_from(WorkHours)
        .join(Person, col(Person.id) == col(WorkHours.seller_id))
        .where(
            col(WorkHours.company_id) == company_id,
            col(WorkHours.worked_on).between(days.first, days.last),
            whose,
        )
        .group_by(by, col(WorkHours.kind))
    )
    hours: dict[str, dict[WorkKind, Decimal]] = defaultdict(dict)
    for key, kind, spent in found:
        hours[str(key or "")][WorkKind(kind)] = spent
    return hours


async def visits_of(session: AsyncSession, person_id: str, days: Days) -> Sequence[Visit]:
    """Return a person's latest visits."""
    found = await session.exec(
        select(Visit)
        .where(col(Visit.seller_id) == person_id, col(Visit.visited_on).between(days.first, days.last))
        .order_by(col(Visit.visited_on).desc(), col(Visit.id))
        .limit(MOST_RECORDS)
    )
    return found.all()


async def hours_of(session: AsyncSession, person_id: str, days: Days) -> Sequence[WorkHours]:
    """Return a person's latest hours."""
    found = await session.exec(
        select(WorkHours)
        .where(col(WorkHours.seller_id) == person_id, col(WorkHours.worked_on).between(days.first, days.last))
        .order_by(col(WorkHours.worked_on).desc(), col(WorkHours.kind), col(WorkHours.id))
        .limit(MOST_RECORDS)
    )
    return found.all()

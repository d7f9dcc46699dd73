"""Targets of people: what counts of them by the days in post, and setting them (Rule 12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import to_four_places
from models.cycles import Cycle
from models.metrics import Aggregation, Metric, Target
from models.org import Person, TimeInPost

ONE_DAY = timedelta(days=1)


async def time_in_post(session: AsyncSession, cycle: Cycle, person: Person) -> TimeInPost:
    """Return the days of the cycle in the person's present post; where none are noted, from joining to leaving."""
    department_id = person.department_id or person.unit_id
    noted = await session.get(TimeInPost, (cycle.id, person.id, department_id))
    if noted:
        return noted
    from_on = max(cycle.starts_on, person.joined_on or cycle.starts_on)
    until_on = min(cycle.ends_on, person.left_on - ONE_DAY if person.left_on else cycle.ends_on)
    post = TimeInPost(
        cycle_id=cycle.id,
        person_id=person.id,
        department_id=department_id,
        from_on=from_on,
        until_on=until_on,
        share=Decimal(0),
    )
    post.share = to_four_places(Decimal(days_in(post)) / days_of(cycle))
    return post


def days_of(cycle: Cycle) -> int:
    return (cycle.ends_on - cycle.starts_on).days + 1


def days_in(post: TimeInPost) -> int:
    return max(0, (post.until_on - post.from_on).days + 1)


def counting(full_value: Decimal, metric: Metric, post: TimeInPost, cycle: Cycle) -> Decimal:
    """Return what counts of a whole period's goal: of a sum the days in post, of a level all of it."""
    if metric.aggregation is not Aggregation.SUM:
        return full_value
    return to_four_places(full_value * days_in(post) / days_of(cycle))


async def set_target(
    session: AsyncSession, cycle: Cycle, person: Person, metric: Metric, full_value: Decimal, now: datetime
) -> tuple[Target, Decimal | None]:
    """Give a person a goal of the whole period in their present post; return it, and the goal before."""
    found = await session.exec(
        select(Target).where(
            col(Target.cycle_id) == cycle.id,
            col(Target.unit_id) == person.unit_id,
            col(Target.person_id) == person.id,
            col(Target.metric_id) == metric.id,
        )
    )
    target = found.first()
    before = target.full_value if target else None
    value = counting(full_value, metric, await time_in_post(session, cycle, person), cycle)
    if target is None:
        target = Target(
            id=f"{cycle.id}.{person.unit_id}.{person.id}.{metric.id}",
            cycle_id=cycle.id,
            unit_id=person.unit_id,
            person_id=person.id,
            metric_id=metric.id,
            value=value,
            full_value=full_value,
        )
    target.value, target.full_value, target.applies = value, full_value, True
    target.department_id = person.department_id or ""
    target.confirmed_at = now
    session.add(target)
    return target, before

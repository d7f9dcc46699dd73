"""A cycle against the rules of a launch: the facts are loaded set-wise, the rules name what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, exists, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.problems import Refusals
from models.clock import business_now
from models.cycles import Cycle
from models.errors import Refusal
from models.metrics import Metric, Scorecard, ScorecardLine, Target
from models.org import Person, Unit, calendar_overrides, takes_part
from models.terms import Terms
from rules.calendar import WorkCalendar, calendar_for
from rules.launch import (
    Card,
    Department,
    LaunchFacts,
    Problem,
    Severity,
    Staffed,
    problems_of_launch,
    problems_of_terms,
)


async def refuse_unless_ready(session: AsyncSession, cycle: Cycle) -> None:
    """Refuse a launch while anything is wrong.

    Raises:
        Refusals: `launch-problems` with all of it.
    """
    _refuse("launch-problems", await wrong_with(session, cycle, await business_now(session)))


async def refuse_wrong_terms(session: AsyncSession, cycle: Cycle, terms: Terms) -> None:
    """Refuse new terms of a running cycle while anything is wrong with what they change.

    Raises:
        Refusals: `terms-invalid` with all of it.
    """
    calendar = await _calendar(session, cycle, terms)
    now = await business_now(session)
    found = problems_of_terms(terms, cycle.starts_on, cycle.ends_on, calendar, now, before=cycle.the_terms())
    _refuse("terms-invalid", _as_refusals(found, Severity.ERROR))


def _refuse(code: str, errors: Sequence[Refusal]) -> None:
    if errors:
        raise Refusals(code, errors, count=len(errors))


async def wrong_with(session: AsyncSession, cycle: Cycle, now: datetime) -> list[Refusal]:
    """Return everything that keeps a cycle from being launched at that moment."""
    return _as_refusals(await problems_with(session, cycle, now), Severity.ERROR)


async def noteworthy_of(session: AsyncSession, cycle: Cycle, now: datetime) -> list[Refusal]:
    """Return what is wrong with a cycle, then what HR should know of; each says its `severity`."""
    found = await problems_with(session, cycle, now)
    return [refusal for severity in Severity for refusal in _as_refusals(found, severity)]


def of_severity(found: Sequence[Refusal], severity: Severity) -> list[Refusal]:
    return [refusal for refusal in found if refusal.facts["severity"] == severity.value]


def _as_refusals(problems: Sequence[Problem], severity: Severity) -> list[Refusal]:
    return [
        Refusal(problem.code, severity=severity.value, **problem.facts)
        for problem in problems
        if problem.severity is severity
    ]


async def problems_with(session: AsyncSession, cycle: Cycle, now: datetime) -> list[Problem]:
    """Load what the rules ask for, and ask them."""
    terms = cycle.the_terms()
    calendar = await _calendar(session, cycle, terms)
    facts = LaunchFacts(
        starts_on=cycle.starts_on,
        ends_on=cycle.ends_on,
        terms=terms,
        hr_owner_id=cycle.hr_owner_id,
        departments=await _departments(session, cycle),
        people=await _people(session, cycle, calendar, now),
        cards=await _cards(session, cycle),
        required_metrics=await _required_metrics(session, cycle),
    )
    return problems_of_launch(facts, calendar, now)


async def _calendar(session: AsyncSession, cycle: Cycle, terms: Terms) -> WorkCalendar:
    return calendar_for(terms, await calendar_overrides(session, cycle.company_id))


async def _departments(session: AsyncSession, cycle: Cycle) -> tuple[Department, ...]:
    aimed = exists().where(col(Target.cycle_id) == cycle.id, col(Target.department_id) == col(Unit.id))
    found = await session.exec(
        select(Unit.id, Unit.head_id, aimed)
        .where(col(Unit.company_id) == cycle.company_id, takes_part(cycle.the_terms().left_out))
        .order_by(col(Unit.id))
    )
    return tuple(Department(unit_id, head_id, has_targets) for unit_id, head_id, has_targets in found.all())


async def _people(
    session: AsyncSession, cycle: Cycle, calendar: WorkCalendar, now: datetime
) -> dict[str, Staffed]:
    """Load everybody as plain rows, not as objects of the session: there may be 50,000."""
    is_there = or_(col(Person.left_on).is_(None), col(Person.left_on) > calendar.day_of(now))
    is_scored = and_(
        col(Person.is_scored),
        col(Person.department_id).in_(select(Unit.id).where(takes_part(cycle.the_terms().left_out))),
        or_(col(Person.joined_on).is_(None), col(Person.joined_on) <= cycle.ends_on),
    )
    aimed = exists().where(col(Target.cycle_id) == cycle.id, col(Target.person_id) == col(Person.id))
    connection = await session.connection()
    found = await connection.execute(
        sa_select(
            col(Person.id),
            col(Person.name),
            col(Person.superior_id),
            col(Person.post),
            col(Person.grade),
            is_scored.label("is_scored"),
            (col(Person.email) != "").label("has_email"),
            col(Person.phone),
            is_there.label("is_there"),
            func.coalesce(col(Person.department_id), "").label("department_id"),
            aimed.label("has_targets"),
        )
        .where(col(Person.company_id) == cycle.company_id)
        .order_by(col(Person.id))
    )
    return {row.id: Staffed(*row) for row in found}


async def _cards(session: AsyncSession, cycle: Cycle) -> tuple[Card, ...]:
    found = await session.exec(
        select(Scorecard, ScorecardLine)
        .outerjoin(ScorecardLine, col(ScorecardLine.scorecard_id) == col(Scorecard.id))
        .where(col(Scorecard.company_id) == cycle.company_id)
        .order_by(col(Scorecard.id))
    )
    cards: dict[str, Scorecard] = {}
    totals: dict[str, Decimal] = {}
    for card, line in found.all():
        cards[card.id] = card
        totals[card.id] = totals.get(card.id, Decimal(0)) + (line.weight if line else 0)
    return tuple(Card(card.id, card.name, card.post, card.grade, totals[card.id]) for card in cards.values())


async def _required_metrics(session: AsyncSession, cycle: Cycle) -> int:
    found = await session.exec(
        select(func.count())
        .select_from(Metric)
        .where(col(Metric.company_id) == cycle.company_id, col(Metric.is_required).is_(True))
    )
    return found.one()

"""What a fetch staged, checked as a whole and taken over all or nothing; then the figures that it touches."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.connecting import beating
from activities.customers import customers_of, mark_first_deals
from activities.differences import TABLES, Difference, Window, difference, write
from activities.figures import FigureActivities
from activities.known import staged, what_is_known
from activities.staging import cursor_of, maps_of, since_of
from models import effects
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker, in_parts, insert_many_once, table_of, writing
from models.fetch_orders import FetchStep
from models.field_maps import RecordMap
from models.messages import DepartmentMoment
from models.org import Person
from models.sources import Fetch, FetchMode, FetchState, RecordKind, RowFault, Source, end_fetch
from models.stages import CycleState, Stage
from rules.cells import moment_in
from rules.mapped_rows import Mapped, Row
from rules.mapping import mapped

MOST_FAULTS_KEPT = 20_000
"""Beyond that they are counted only, by code."""
LATE_COMMITS = timedelta(minutes=10)
"""A change may carry a time some while before others can see it."""
TOUCHED = "touched"
"""In a fetch's progress: whose figures are still to be worked out anew."""
MONEY = {RecordKind.DEAL: ("won_on", "amount"), RecordKind.PAYMENT: ("due_on", "paid")}
BEFORE_RESULTS = (Stage.TARGETS, Stage.SUBMISSION)
UNDER_WAY = (CycleState.RUNNING, CycleState.PAUSED)


@dataclass
class Outcome:
    """What came of one kind of records."""

    map: RecordMap
    found: Mapped
    made: Difference
    changed_until: datetime | None = None
    """The latest change that a row tells of."""

    def said(self) -> dict[str, Any]:
        found, made = self.found, self.made
        day, amount = MONEY.get(found.kind, ("", ""))
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for record in found.records if day else ():
            sums[f"{record[day]:%Y-%m}"] += record[amount]
        return {
            "read": found.read,
            "new": len(made.new),
            "changed": len(made.changed),
            "gone": len(made.gone),
            "unchanged": made.unchanged,
            "faulty": len(found.faulty),
            "left": dict(found.left),
            "codes": dict(Counter(fault.code for fault in found.faults)),
            "sums": {month: f"{total:.2f}" for month, total in sorted(sums.items())},
        }


@dataclass
class Verdict:
    """What came of the whole fetch; a `trouble` refuses all of it."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def trouble(self) -> dict[str, Any]:
        faulty = sum(len(one.found.faulty) for one in self.outcomes if not one.map.tolerates_faults)
        if faulty:
            return {"code": "rows-faulty", "count": faulty}
        empty = [one.found.kind.value for one in self.outcomes if one.made.known and not one.found.read]
        return {"code": "source-empty", "kinds": empty} if empty else {}


class TakeOverActivities:
    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions = sessions
        self.figures = FigureActivities(sessions)

    @activity.defn(name=effects.TAKE_OVER.name)
    async def take_over(self, step: FetchStep) -> None:
        """Check what was staged and take it over in one transaction, or say why not; a dry run only says.

        What a second run finds ended, it leaves alone.
        """
        async with beating():
            async with self.sessions() as session:
                fetch = await session.get_one(Fetch, step.fetch_id)
                source = await session.get_one(Source, fetch.source_id)
                if fetch.state is not FetchState.RUNNING:
                    return
                verdict = await self.judged(session, fetch, source)
            async with self.sessions() as session:
                await writing(session)
                fetch = await session.get_one(Fetch, step.fetch_id, with_for_update=True)
                if fetch.state is FetchState.RUNNING:
                    await self.settle(session, fetch, verdict, step.now)
                    await session.commit()

    async def judged(self, session: AsyncSession, fetch: Fetch, source: Source) -> Verdict:
        """Read the staged rows by their maps, and compare them with what is there."""
        known = await what_is_known(session, source, fetch)
        verdict = Verdict()
        in_order = list(TABLES)
        for wanted in sorted(maps_of(source), key=lambda one: in_order.index(one.kind)):
            since = since_of(wanted, fetch, source)
            rows = await staged(session, fetch.id, wanted.kind)
            is_whole = since is None and fetch.from_on is None and fetch.until_on is None
            against = await known.against(session, wanted, is_whole=is_whole)
            found = await asyncio.to_thread(mapped, wanted, rows, against)
            known.add(found)
            window = Window(source.id, fetch.from_on, fetch.until_on, since is not None)
            made = await difference(session, found, window)
            verdict.outcomes.append(Outcome(wanted, found, made, latest_change(wanted, rows, against.zone)))
        return verdict

    async def settle(self, session: AsyncSession, fetch: Fetch, verdict: Verdict, now: datetime) -> None:
        """Write what came of a fetch, and its records where they are to be taken over."""
        await insert_many_once(session, table_of(RowFault), faults_of(fetch.id, verdict))
        trouble = verdict.trouble
        if not trouble and fetch.mode is FetchMode.TAKE_OVER:
            people: set[str] = set()
            for outcome in verdict.outcomes:
                people |= outcome.made.people
                people |= await self.write(session, outcome, fetch, now)
            source = await session.get_one(Source, fetch.source_id)
            source.fetched_at = fetch.started_at
            source.cursors = {**source.cursors, **cursors_of(verdict)}
            fetch.progress = {**fetch.progress, TOUCHED: sorted(people)}
            await session.flush()
        state = FetchState.REFUSED if trouble else FetchState.DONE
        said = {outcome.found.kind.value: outcome.said() for outcome in verdict.outcomes}
        await end_fetch(session, fetch.id, state, now, outcome=said, trouble=trouble)

    async def write(self, session: AsyncSession, outcome: Outcome, fetch: Fetch, now: datetime) -> set[str]:
        """Write one kind's records; return whose figures that touches beyond the difference itself."""
        made = outcome.made
        if made.kind is not RecordKind.DEAL or "is_new_customer" in outcome.map.fields:
            await write(session, made, fetch.id, now)
            return set()
        left_behind = await customers_of(session, [*made.gone, *(record["id"] for record in made.changed)])
        await write(session, made, fetch.id, now)
        written = {record["customer"] for record in (*made.new, *made.changed)} - {""}
        return await mark_first_deals(session, fetch.company_id, fetch.source_id, written | left_behind)

    @activity.defn(name=effects.REFRESH_FIGURES.name)
    async def refresh_figures(self, step: FetchStep) -> None:
        """Work out anew the figures that a take-over touches, department by department; corrections stay.

        Those of a department whose results are worked out already stay as they are.
        """
        async with self.sessions() as session:
            fetch = await session.get_one(Fetch, step.fetch_id)
            touched = fetch.progress.get(TOUCHED, [])
            moments = await departments_of(session, fetch.company_id, touched, step.now)
        async with beating():
            for moment in moments:
                await self.figures.refresh(moment, with_running_month=True)
        async with self.sessions() as session:
            await writing(session)
            fetch = await session.get_one(Fetch, step.fetch_id)
            fetch.progress = {name: known for name, known in fetch.progress.items() if name != TOUCHED}
            await session.commit()


async def departments_of(
    session: AsyncSession, company_id: str, people: Sequence[str], now: datetime
) -> list[DepartmentMoment]:
    """Return the departments of people in cycles under way, as long as figures count there."""
    departments: set[str] = set()
    for ids in in_parts(people):
        found = await session.exec(select(Person.department_id).where(col(Person.id).in_(ids)).distinct())
        departments.update(department_id for department_id in found.all() if department_id)
    places = await session.exec(
        select(CycleDepartment)
        .join(Cycle, col(Cycle.id) == col(CycleDepartment.cycle_id))
        .where(
            col(Cycle.company_id) == company_id,
            col(Cycle.state).in_(UNDER_WAY),
            col(CycleDepartment.stage).in_(BEFORE_RESULTS),
        )
        .order_by(col(CycleDepartment.cycle_id), col(CycleDepartment.department_id))
    )
    return [
        DepartmentMoment(
            company_id=company_id, cycle_id=place.cycle_id, department_id=place.department_id, now=now
        )
        for place in places.all()
        if place.department_id in departments
    ]


def faults_of(fetch_id: str, verdict: Verdict) -> list[dict[str, Any]]:
    """Return the faults as they are kept: those that keep rows from counting first."""
    faults = [fault for outcome in verdict.outcomes for fault in outcome.found.faults]
    faults.sort(key=lambda fault: not fault.is_blocking)
    return [
        {
            "fetch_id": fetch_id,
            "position": position,
            "kind": fault.kind,
            "place": fault.place,
            "column_name": fault.column,
            "value": fault.value,
            "code": fault.code,
            "suggestion": fault.suggestion,
            "is_blocking": fault.is_blocking,
        }
        for position, fault in enumerate(faults[:MOST_FAULTS_KEPT])
    ]


def latest_change(wanted: RecordMap, rows: Sequence[Row], zone: tzinfo) -> datetime | None:
    """Return when the row that was changed last was changed."""
    if not wanted.changed_column:
        return None
    moments = (moment_in(row.cells.get(wanted.changed_column, ""), zone).value for row in rows)
    return max((moment for moment in moments if moment), default=None)


def cursors_of(verdict: Verdict) -> dict[str, str]:
    """Return up to where changes have been read. Faulty rows keep it where it was: they are to come again."""
    return {
        one.found.kind.value: cursor_of(one.map, one.changed_until - LATE_COMMITS)
        for one in verdict.outcomes
        if one.changed_until and not one.found.faulty
    }

"""What is still missing before a deadline, and whom or what it waits for (Rule 6).

What is missing says the gate itself (`rules/completeness.py`), so the numbers are those that a
submission is refused with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language, names_of_people
from models.cycles import Cycle
from models.figures import DepartmentFacts, department_facts, last_day, months_of
from models.metrics import Metric
from models.org import Unit
from models.records import Deal, Payment, Visit
from models.sources import RecordKind, Source
from models.stages import Language, TaskKind, TaskState
from models.tasks import Task
from rules.completeness import Gap, gaps

PAYMENT_METRICS = ("collection",)
"""Metrics made of payments; the CRM's others are made of deals."""


class WaitsFor(StrEnum):
    """Whom or what a missing figure waits for."""

    MONTH_END = "month-end"  # It is fetched by itself when the month is over.
    SOURCE = "source"  # The month is over: the next fetch of the source brings it.
    PERSON = "person"  # Somebody has to hand it in.


ORDER = (WaitsFor.PERSON, WaitsFor.SOURCE, WaitsFor.MONTH_END)
"""What somebody has to do comes first."""


@dataclass(frozen=True)
class Lack:
    """A team's missing figures of one metric and month."""

    department_id: str
    department: str
    team_id: str
    team: str
    metric_id: str
    metric: str
    month: date
    due_on: date | None
    missing: int
    """How many figures: one for each person, or the team's."""
    people: tuple[str, ...]
    """Whose they are, where they are figures of people."""
    waits_for: WaitsFor
    who: str
    """The person's name, or the sources' names; "" where no source is connected."""
    as_of: datetime | None
    """When the source was last read."""
    task_id: str = ""
    """The open task in which it can be handed in."""


@dataclass(frozen=True)
class _Sources:
    """The company's sources that bring deals, and those that bring payments."""

    by_kind: dict[RecordKind, list[Source]]

    def of(self, metric: Metric) -> list[Source]:
        kind = RecordKind.PAYMENT if metric.code in PAYMENT_METRICS else RecordKind.DEAL
        return self.by_kind.get(kind, [])


async def lacks_of(
    session: AsyncSession, cycle: Cycle, departments: Sequence[Unit], language: Language, today: date
) -> list[Lack]:
    """Return what departments still lack of the cycle's months that have begun, team by team.

    A fixed number of statements a department.
    """
    months = [month for month in months_of(cycle) if month <= today]
    if not months:
        return []
    due = {one.month: one.due_on for one in cycle.the_terms().months}
    sources = await _sources(session, cycle.company_id)
    lacks: list[Lack] = []
    for department in departments:
        facts = await department_facts(session, cycle, department.id)
        missing = [gap for gap in gaps(facts) if gap.month in months]
        if not missing:
            continue
        known = await _teams_known(session, facts)
        holders = await _holders(session, cycle.id, department)
        lacks += _together(missing, facts, department, language, due, today, sources, known, holders)
    return sorted(lacks, key=lambda one: ORDER.index(one.waits_for))


def _together(
    missing: Sequence[Gap],
    facts: DepartmentFacts,
    department: Unit,
    language: Language,
    due: dict[date, date],
    today: date,
    sources: _Sources,
    known: set[str],
    holders: dict[date | None, tuple[str, str]],
) -> list[Lack]:
    metrics = {metric.id: metric for metric in facts.metrics}
    grouped: dict[tuple[date, str, str], list[Gap]] = defaultdict(list)
    for gap in missing:
        grouped[gap.month, gap.team_id, gap.metric_id].append(gap)
    lacks = []
    for (month, team_id, metric_id), those in grouped.items():
        metric = metrics[metric_id]
        holder, task_id = holders.get(month) or holders[None]
        comes = metric.from_crm and team_id in known
        from_sources = sources.of(metric) if comes else []
        is_over = last_day(month) < today
        waits = (WaitsFor.SOURCE if is_over else WaitsFor.MONTH_END) if comes else WaitsFor.PERSON
        lacks.append(
            Lack(
                department_id=department.id,
                department=in_language(department.name, department.name_en, language),
                team_id=team_id,
                team=those[0].team_name,
                metric_id=metric_id,
                metric=in_language(metric.name, metric.name_en, language),
                month=month,
                due_on=due.get(month),
                missing=len(those),
                people=tuple(gap.person_name for gap in those if gap.person_name),
                waits_for=waits,
                who=", ".join(one.name for one in from_sources) if comes else holder,
                as_of=min((one.fetched_at for one in from_sources if one.fetched_at), default=None),
                task_id=task_id,
            )
        )
    return sorted(lacks, key=lambda one: (ORDER.index(one.waits_for), one.month, one.team_id, one.metric))


async def _sources(session: AsyncSession, company_id: str) -> _Sources:
    found = await session.exec(
        select(Source)
        .where(col(Source.company_id) == company_id, col(Source.is_on).is_(True))
        .order_by(col(Source.name))
    )
    by_kind: dict[RecordKind, list[Source]] = defaultdict(list)
    for source in found.all():
        for kind in {RecordKind(one["kind"]) for one in source.maps}:
            by_kind[kind].append(source)
    return _Sources(by_kind)


async def _teams_known(session: AsyncSession, facts: DepartmentFacts) -> set[str]:
    """Return the teams of which there is any record: of others no fetch brings a figure."""
    people = [member.person_id for member in facts.members]
    seen: set[str] = set()
    for seller in (col(Deal.seller_id), col(Payment.seller_id), col(Visit.seller_id)):
        seen.update((await session.exec(select(seller).where(seller.in_(people)).distinct())).all())
    return {member.team_id for member in facts.members if member.person_id in seen}


async def _holders(session: AsyncSession, cycle_id: str, department: Unit) -> dict[date | None, tuple[str, str]]:
    """Return who hands in what, by month, with the open task; under None who will once it is opened."""
    found = await session.exec(
        select(Task).where(
            col(Task.cycle_id) == cycle_id,
            col(Task.department_id) == department.id,
            col(Task.kind) == TaskKind.SUBMIT_DATA,
            col(Task.state) == TaskState.OPEN,
        )
    )
    tasks = found.all()
    names = await names_of_people(session, {task.holder_id for task in tasks} | {department.head_id or ""} - {""})
    holders: dict[date | None, tuple[str, str]] = {None: (names.get(department.head_id or "", ""), "")}
    for task in tasks:
        holders[task.month] = (names.get(task.holder_id, ""), task.id)
    return holders

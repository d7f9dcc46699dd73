"""Targets as a director confirms them, with the last period's figure beside each (Rule 23)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from models.cycles import Cycle
from models.metrics import Aggregation, Figure, Metric, Target
from models.months import month_after
from models.org import Person, Unit
from models.stages import Language, UnitKind
from models.tasks import Decision, TargetProposal, Task
from rules.plan import months_between


@dataclass(frozen=True)
class TargetCell:
    """One unit's target of a metric; `last` is what it reached in the period before."""

    unit: str
    target: Decimal | None
    last: Decimal | None

    @property
    def change(self) -> Decimal | None:
        """Percent by which the target lies above what was reached."""
        if self.target is None or not self.last:
            return None
        return (self.target - self.last) * 100 / abs(self.last)


@dataclass(frozen=True)
class TargetRow:
    metric: Metric
    name: str
    whole: TargetCell
    teams: tuple[TargetCell, ...]
    initiative: str = ""


@dataclass(frozen=True)
class LastPeriod:
    """Figures of earlier months, by metric and unit; no months where none are known."""

    months: tuple[date, ...]
    reached: Mapping[tuple[str, str], Decimal]

    @property
    def name(self) -> str:
        """`2026-07 – 2026-09`, or "" where nothing is known."""
        return f"{self.months[0]:%Y-%m} – {self.months[-1]:%Y-%m}" if self.months else ""


@dataclass(frozen=True)
class TargetsView:
    rows: tuple[TargetRow, ...]
    people: int
    """How many people of the department have targets of their own."""
    last_months: str = ""
    """Which months the last period's figures are of."""


@dataclass(frozen=True)
class Proposal:
    metric: Metric
    name: str
    before: Decimal
    proposed: Decimal
    last: Decimal | None


@dataclass(frozen=True)
class ProposalView:
    by: str
    reason: str
    rows: tuple[Proposal, ...]


async def targets_view(database: AsyncSession, task: Task, language: Language) -> TargetsView:
    """Read the targets of a department and of its teams, by metric."""
    cycle = await database.get_one(Cycle, task.cycle_id)
    targets = (
        await database.exec(
            select(Target).where(
                col(Target.cycle_id) == task.cycle_id,
                col(Target.department_id) == task.department_id,
                col(Target.person_id) == "",
            )
        )
    ).all()
    by_place = {(target.metric_id, target.unit_id): target for target in targets}
    known = await last_period(database, cycle, task.department_id)
    last = known.reached
    teams = await teams_of(database, task.department_id, language)
    rows = tuple(
        TargetRow(
            metric=metric,
            name=in_language(metric.name, metric.name_en, language),
            whole=_cell(by_place, last, metric.id, task.department_id, ""),
            teams=tuple(_cell(by_place, last, metric.id, team_id, name) for team_id, name in teams.items()),
            initiative=_initiative(by_place, metric.id, task.department_id),
        )
        for metric in await metrics_of(database, task.company_id)
        if any(place[0] == metric.id for place in by_place)
    )
    return TargetsView(rows, await _people_with_targets(database, task), known.name)


async def proposal_view(database: AsyncSession, task: Task, language: Language) -> ProposalView:
    """Read what a director proposed instead, beside the targets as they are."""
    cycle = await database.get_one(Cycle, task.cycle_id)
    found = await database.exec(
        select(TargetProposal, Metric)
        .join(Metric, col(Metric.id) == col(TargetProposal.metric_id))
        .where(col(TargetProposal.command_id) == task.cause_id)
        .order_by(col(Metric.position))
    )
    last = await last_period(database, cycle, task.department_id)
    rows = tuple(
        Proposal(
            metric=metric,
            name=in_language(metric.name, metric.name_en, language),
            before=Decimal(proposal.before),
            proposed=Decimal(proposal.proposed),
            last=last.reached.get((metric.id, task.department_id)),
        )
        for proposal, metric in found.all()
    )
    proposer = (
        await database.exec(
            select(Person.name, Decision.comment)
            .join(Decision, col(Decision.by_id) == col(Person.id))
            .where(col(Decision.command_id) == task.cause_id)
        )
    ).first()
    return ProposalView(proposer[0] if proposer else "", proposer[1] if proposer else "", rows)


async def metrics_of(database: AsyncSession, company_id: str) -> list[Metric]:
    found = await database.exec(
        select(Metric).where(col(Metric.company_id) == company_id).order_by(col(Metric.position), col(Metric.id))
    )
    return list(found.all())


async def teams_of(database: AsyncSession, department_id: str, language: Language) -> dict[str, str]:
    """Return the names of a department's teams by id."""
    found = await database.exec(
        select(Unit)
        .where(col(Unit.parent_id) == department_id, col(Unit.kind) == UnitKind.TEAM)
        .order_by(col(Unit.id))
    )
    return {team.id: in_language(team.name, team.name_en, language) for team in found.all()}


async def last_period(database: AsyncSession, cycle: Cycle, department_id: str) -> LastPeriod:
    """Return what department and teams reached in the last months that are known, by metric and unit.

    They are as many months as the cycle has, and end with the last one before it of which there
    are figures: while the quarter before still runs, that is the quarter's predecessor.
    """
    of_department = (
        col(Figure.company_id) == cycle.company_id,
        col(Figure.department_id) == department_id,
        col(Figure.replaced_by) == "",
    )
    latest = await database.exec(
        select(func.max(col(Figure.month))).where(*of_department, col(Figure.month) < cycle.starts_on)
    )
    last_month = latest.one()
    if last_month is None:
        return LastPeriod((), {})
    aggregations = {metric.id: metric.aggregation for metric in await metrics_of(database, cycle.company_id)}
    months = before(month_after(last_month, 1), len(list(months_between(cycle.starts_on, cycle.ends_on))))
    found = await database.exec(
        select(Figure.metric_id, Figure.team_id, func.sum(col(Figure.value)), func.count())
        .where(*of_department, col(Figure.month).in_(months))
        .group_by(col(Figure.metric_id), col(Figure.team_id))
    )
    parts: dict[tuple[str, str], list[tuple[Decimal, int]]] = defaultdict(list)
    for metric_id, team_id, total, count in found.all():
        for unit_id in (team_id, department_id):
            parts[metric_id, unit_id].append((total, count))
    reached = {place: put_together(aggregations[place[0]], of_place) for place, of_place in parts.items()}
    return LastPeriod(months, reached)


def before(month: date, count: int) -> tuple[date, ...]:
    """Return the first days of the `count` months just before `month`."""
    return tuple(month_after(month, -n) for n in range(count, 0, -1))


def put_together(aggregation: Aggregation, parts: Sequence[tuple[Decimal, int]]) -> Decimal:
    """Make one figure of several: their sum, or the mean over all that went into them."""
    total = sum((part[0] for part in parts), Decimal(0))
    return total if aggregation is Aggregation.SUM else total / sum(part[1] for part in parts)


def _cell(
    targets: Mapping[tuple[str, str], Target],
    last: Mapping[tuple[str, str], Decimal],
    metric_id: str,
    unit_id: str,
    name: str,
) -> TargetCell:
    target = targets.get((metric_id, unit_id))
    return TargetCell(name, target.full_value if target else None, last.get((metric_id, unit_id)))


def _initiative(targets: Mapping[tuple[str, str], Target], metric_id: str, department_id: str) -> str:
    target = targets.get((metric_id, department_id))
    return target.initiative if target else ""


async def _people_with_targets(database: AsyncSession, task: Task) -> int:
    found = await database.exec(
        select(func.count(func.distinct(col(Target.person_id)))).where(
            col(Target.cycle_id) == task.cycle_id,
            col(Target.department_id) == task.department_id,
            col(Target.person_id) != "",
        )
    )
    return found.one()

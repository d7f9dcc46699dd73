"""The two sides of a parallel run: a cycle's results, or past figures of as many months (Rule 34)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Select, func
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import to_four_places
from models.cycles import Cycle
from models.database import table_of
from models.errors import Refusal
from models.figures import months_of
from models.metrics import Aggregation, Figure, FigureLevel, Metric, Score, ScoreLine
from models.months import month_after
from models.org import Person
from models.stages import CycleState
from rules.cells import month_in

HISTORY: Final = "history"
"""The left side is past figures and no cycle."""
TOTAL: Final = "total"
"""What is compared is the whole result."""


@dataclass(frozen=True)
class Sides:
    """What is compared with what."""

    right: Cycle
    left: Cycle | None
    since: date | None
    """The first month, where the left side is past figures."""
    metric: Metric | None
    """None for whole results."""

    @property
    def months(self) -> tuple[date, ...]:
        """The months of past figures: as many as the right side has."""
        if self.since is None:
            return ()
        return tuple(month_after(self.since, n) for n in range(len(months_of(self.right))))


async def cycles_with_results(session: AsyncSession, company_id: str) -> list[Cycle]:
    """Return the cycles that may have results, the latest first."""
    found = await session.exec(
        select(Cycle)
        .where(
            col(Cycle.company_id) == company_id,
            col(Cycle.state).not_in((CycleState.DRAFT, CycleState.CANCELLED)),
        )
        .order_by(col(Cycle.starts_on).desc(), col(Cycle.id))
    )
    return list(found.all())


def sides_of(
    cycles: list[Cycle], metrics: list[Metric], left: str, since: str, right: str, measure: str
) -> Sides | None:
    """Return what is asked for; what is not said is the latest cycle beside the one before, by whole results.

    None where there is nothing to compare yet.

    Raises:
        Refusal: `cycle-unknown`, `metric-unknown-here`, `month-unreadable`.
    """
    if not cycles:
        return None
    by_id = {cycle.id: cycle for cycle in cycles}
    of_right = by_id.get(right) if right else cycles[0]
    if of_right is None:
        raise Refusal("cycle-unknown", cycle_id=right)
    others = [cycle for cycle in cycles if cycle.id != of_right.id]
    metric = next((one for one in metrics if one.id == measure), None)
    if measure and measure != TOTAL and metric is None:
        raise Refusal("not-found")
    if left == HISTORY or (not left and not others):
        month = month_in(since).value if since else month_after(of_right.starts_on.replace(day=1), -12)
        if month is None:
            raise Refusal("month-unreadable", given=since)
        return Sides(of_right, None, month, metric or (metrics[0] if metrics else None))
    of_left = by_id.get(left) if left else others[0]
    if of_left is None:
        raise Refusal("cycle-unknown", cycle_id=left)
    return Sides(of_right, of_left, None, metric)


async def results_of(session: AsyncSession, cycle: Cycle, metric: Metric | None) -> dict[str, Decimal]:
    """Return everybody's whole result, or what they reached of a metric, by person."""
    if metric is None:
        scores = await session.exec(
            select(col(Score.person_id), col(Score.total)).where(col(Score.cycle_id) == cycle.id)
        )
        return dict(scores.all())
    lines = await session.exec(
        select(col(ScoreLine.person_id), col(ScoreLine.actual)).where(
            col(ScoreLine.cycle_id) == cycle.id,
            col(ScoreLine.metric_id) == metric.id,
            col(ScoreLine.applies).is_(True),
        )
    )
    return dict(lines.all())


async def figures_of(session: AsyncSession, sides: Sides) -> dict[str, Decimal]:
    """Return what everybody reached of the metric in the months of past figures, by person."""
    metric = sides.metric
    if metric is None:
        return {}
    figure, person = table_of(Figure).columns, table_of(Person).columns
    of_team = metric.level is FigureLevel.TEAM
    whose = person.id if of_team else figure.person_id
    wanted: Select[Any] = select_columns(whose, func.sum(figure.value), func.count()).where(
        figure.company_id == metric.company_id,
        figure.metric_id == metric.id,
        figure.month.in_(sides.months),
        figure.replaced_by == "",
    )
    if of_team:
        wanted = wanted.where(person.unit_id == figure.team_id, figure.person_id == "", person.is_scored)
    else:
        wanted = wanted.where(figure.person_id != "")
    connection = await session.connection()
    found = await connection.execute(wanted.group_by(whose))
    is_sum = metric.aggregation is Aggregation.SUM
    return {person_id: total if is_sum else to_four_places(total / count) for person_id, total, count in found}

"""People's results with the calculation behind them, as an approver sees them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from models.metrics import Metric, MetricUnit, Score, ScoreLine
from models.org import Person, Unit
from models.stages import Language
from models.tasks import Task


@dataclass(frozen=True)
class ResultLine:
    """One line of a calculation: weight × attainment = points."""

    metric: str
    unit: MetricUnit
    line: ScoreLine


@dataclass(frozen=True)
class ResultRow:
    person: Person
    team: str
    score: Score
    lines: tuple[ResultLine, ...]


@dataclass(frozen=True)
class ResultsView:
    rows: tuple[ResultRow, ...]
    bands: tuple[tuple[str, int], ...]
    average: Decimal | None


async def results_view(database: AsyncSession, task: Task, language: Language) -> ResultsView:
    """Read a department's results, the best first, each with its lines."""
    scored = (
        await database.exec(
            select(Score, Person, Unit)
            .join(Person, col(Person.id) == col(Score.person_id))
            .outerjoin(Unit, col(Unit.id) == col(Person.unit_id))
            .where(col(Score.cycle_id) == task.cycle_id, col(Score.department_id) == task.department_id)
            .order_by(col(Score.total).desc(), col(Person.staff_no))
        )
    ).all()
    lines = await _lines_of(database, task, language)
    rows = tuple(
        ResultRow(
            person=person,
            team=in_language(unit.name, unit.name_en, language) if unit else "",
            score=score,
            lines=tuple(lines[person.id]),
        )
        for score, person, unit in scored
    )
    counted = Counter(row.score.band for row in rows)
    totals = [row.score.total for row in rows]
    return ResultsView(
        rows=rows,
        bands=tuple((band, counted[band]) for band in dict.fromkeys(row.score.band for row in rows)),
        average=sum(totals, Decimal(0)) / len(totals) if totals else None,
    )


async def _lines_of(database: AsyncSession, task: Task, language: Language) -> dict[str, list[ResultLine]]:
    found = await database.exec(
        select(ScoreLine, Metric)
        .join(Metric, col(Metric.id) == col(ScoreLine.metric_id))
        .join(
            Score,
            (col(Score.person_id) == col(ScoreLine.person_id)) & (col(Score.cycle_id) == col(ScoreLine.cycle_id)),
        )
        .where(col(Score.cycle_id) == task.cycle_id, col(Score.department_id) == task.department_id)
        .order_by(col(Metric.position))
    )
    lines: dict[str, list[ResultLine]] = defaultdict(list)
    for line, metric in found.all():
        lines[line.person_id].append(
            ResultLine(in_language(metric.name, metric.name_en, language), metric.unit, line)
        )
    return lines

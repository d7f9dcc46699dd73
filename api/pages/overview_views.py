"""Divisions or departments side by side: how far each has come, and who holds things up (Rule 48)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.i18n import Tongue
from api.pages.charts import Bar, Chart, bar_of, bars
from api.pages.department_views import actual_of, expected_of, held_against, in_words, known_until
from models.cycles import Cycle
from models.metrics import Aggregation, Metric, Target
from models.org import Unit
from models.standings import (
    LateHolder,
    Progress,
    Reached,
    late_holders,
    metrics_of_company,
    progress_by_unit,
    reached_by_unit,
    targets_of_units,
    weights_by_unit,
)
from rules.standing import Standing, TimeGone, standing, time_gone, together

PAGE_SIZE = 50
MOST_BARS = 20


@dataclass(frozen=True)
class Wanted:
    """What is to be shown side by side, and how."""

    units: Mapping[str, tuple[Unit, str]]
    """Divisions or departments by id, each with the name of who heads it."""
    by_division: bool
    department_ids: Sequence[str] | None
    """The departments that count; None for all of the company."""
    metric_id: str = ""
    sort: str = ""
    page: int = 1


@dataclass(frozen=True)
class UnitRow:
    unit: Unit
    name: str
    head: str
    standing: Standing
    """Of the chosen metric."""
    overall: Decimal | None
    progress: Progress


@dataclass(frozen=True)
class OverviewView:
    gone: TimeGone
    until: date | None
    overall: Decimal | None
    metrics: tuple[tuple[Metric, str], ...]
    chosen: Metric | None
    chosen_name: str
    total: Standing | None
    """Of the chosen metric, all units together; None where it cannot be added up."""
    rows: tuple[UnitRow, ...]
    units: int
    page: int
    progress: Progress
    holders: tuple[LateHolder, ...]
    chart: Chart

    @property
    def has_figures(self) -> bool:
        return any(row.standing.actual is not None for row in self.rows)

    @property
    def pages(self) -> int:
        return max(1, -(-self.units // PAGE_SIZE))


async def overview_view(
    database: AsyncSession, cycle: Cycle, wanted: Wanted, tongue: Tongue, today: date, now: datetime
) -> OverviewView:
    """Read units side by side: one statement each for targets, figures, weights, progress and who is late."""
    by_division, departments = wanted.by_division, wanted.department_ids
    targets = await targets_of_units(database, cycle, col(Target.unit_id).in_(list(wanted.units)))
    reached = await reached_by_unit(database, cycle, departments, by_division=by_division)
    weights = await weights_by_unit(database, cycle, departments, by_division=by_division)
    progress = await progress_by_unit(database, cycle, departments, now, by_division=by_division)
    metrics = await metrics_of_company(database, cycle.company_id)
    until = known_until(one.until for one in reached)
    gone = time_gone(cycle.starts_on, cycle.ends_on, today, until)
    table = _Table(metrics, targets, reached, weights, gone)
    named = [(metric, in_language(metric.name, metric.name_en, tongue.language)) for metric in metrics]
    chosen, name = next((one for one in named if one[0].id == wanted.metric_id), named[0] if named else (None, ""))
    rows = sorted(
        (
            UnitRow(
                unit=unit,
                name=in_language(unit.name, unit.name_en, tongue.language),
                head=head,
                standing=table.stands(chosen, unit.id) if chosen else standing(None, None),
                overall=table.overall(unit.id),
                progress=progress.get(unit.id, Progress(unit.id)),
            )
            for unit, head in wanted.units.values()
        ),
        key=lambda row: _sort_key(row, wanted.sort),
    )
    page = min(wanted.page, max(1, -(-len(rows) // PAGE_SIZE)))
    here = rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return OverviewView(
        gone=gone,
        until=min(until, today) if until else None,
        overall=together([(table.weight(row.unit.id), row.overall) for row in rows]),
        metrics=tuple(named),
        chosen=chosen,
        chosen_name=name,
        total=_total(chosen, rows, gone) if chosen else None,
        rows=tuple(here),
        units=len(rows),
        page=page,
        progress=Progress.together(progress.values()),
        holders=tuple(await late_holders(database, cycle, departments, now)),
        chart=bars(
            [_bar(row, chosen, tongue) for row in here[:MOST_BARS]],
            tongue,
            expected=expected_of(chosen, gone) if chosen else None,
        ),
    )


class _Table:
    """Targets, figures and weights of units, ready to be looked up."""

    def __init__(
        self,
        metrics: Sequence[Metric],
        targets: Mapping[tuple[str, str], Decimal],
        reached: Sequence[Reached],
        weights: Mapping[tuple[str, str], Decimal],
        gone: TimeGone,
    ) -> None:
        self.metrics, self.targets, self.weights, self.gone = metrics, targets, weights, gone
        self.parts: dict[tuple[str, str], list[tuple[Decimal, int]]] = defaultdict(list)
        for one in reached:
            self.parts[one.place, one.metric_id].append((one.total, one.count))

    def stands(self, metric: Metric, unit_id: str) -> Standing:
        actual = actual_of(metric, self.parts.get((unit_id, metric.id), ()))
        return held_against(metric, self.gone, self.targets.get((unit_id, metric.id)), actual)

    def overall(self, unit_id: str) -> Decimal | None:
        return together(
            [
                (self.weights.get((unit_id, metric.id), Decimal(0)), self.stands(metric, unit_id).attainment)
                for metric in self.metrics
            ]
        )

    def weight(self, unit_id: str) -> Decimal:
        """Return how heavily a unit counts among others: by its people."""
        return sum((self.weights.get((unit_id, metric.id), Decimal(0)) for metric in self.metrics), Decimal(0))


def _sort_key(row: UnitRow, sort: str) -> tuple[bool, Decimal | int | str, str]:
    """Best first; units of which nothing is known yet stand last."""
    if sort == "name":
        return False, row.unit.id, ""
    if sort == "late":
        return False, -row.progress.late, row.unit.id
    if sort == "gap":
        gap = row.standing.gap
        return gap is None, -(gap or Decimal(0)), row.unit.id
    percent = row.overall if sort == "overall" else row.standing.attainment
    return percent is None, -(percent or Decimal(0)), row.unit.id


def _total(metric: Metric, rows: Sequence[UnitRow], gone: TimeGone) -> Standing | None:
    if metric.aggregation is not Aggregation.SUM:
        return None
    targets = [row.standing.target for row in rows if row.standing.target is not None]
    actuals = [row.standing.actual for row in rows if row.standing.actual is not None]
    return held_against(
        metric,
        gone,
        sum(targets, Decimal(0)) if targets else None,
        sum(actuals, Decimal(0)) if actuals else None,
    )


def _bar(row: UnitRow, chosen: Metric | None, tongue: Tongue) -> Bar:
    return bar_of(row.name, row.standing, in_words(row.standing, chosen, tongue) if chosen else "")

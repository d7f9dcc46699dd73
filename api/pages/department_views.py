"""A department's dashboard: attainment, gap and unmet metrics, by metric, team and person (Rules 37, 48)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.i18n import Tongue
from api.pages.charts import Chart, Point, bar_of, bars, course
from api.pages.target_views import put_together, teams_of
from models.columns import to_four_places
from models.cycles import Cycle
from models.figures import last_day, months_of
from models.metrics import Aggregation, Metric, Target
from models.standings import (
    PersonLine,
    Reached,
    lines_of_department,
    metrics_of_company,
    reached_by_month,
    targets_of_units,
)
from rules.standing import Course, Standing, TimeGone, standing, time_gone, together


@dataclass(frozen=True)
class MetricRow:
    metric: Metric
    name: str
    standing: Standing
    weight: Decimal
    """How heavily it weighs in the department: its weights in all its people's scorecards added up."""


@dataclass(frozen=True)
class TeamRow:
    id: str
    name: str
    standing: Standing


@dataclass(frozen=True)
class PersonRow:
    id: str
    name: str
    staff_no: str
    team: str
    standing: Standing
    overall: Decimal | None
    """Percent over all metrics, by the weights of the person's scorecard."""


@dataclass(frozen=True)
class DepartmentView:
    gone: TimeGone
    until: date | None
    """The last day of which there are figures."""
    overall: Decimal | None
    metrics: tuple[MetricRow, ...]
    chosen: MetricRow | None
    """The metric that teams and people are shown by."""
    teams: tuple[TeamRow, ...]
    people: tuple[PersonRow, ...]
    metric_chart: Chart
    team_chart: Chart
    course_chart: Chart

    @property
    def gap(self) -> Decimal | None:
        """Percent that are left to 100; below zero where the department is beyond it."""
        return None if self.overall is None else 100 - self.overall

    @property
    def unmet(self) -> tuple[MetricRow, ...]:
        return tuple(row for row in self.metrics if row.standing.course in (Course.BEHIND, Course.ON_COURSE))

    @property
    def behind(self) -> tuple[MetricRow, ...]:
        return tuple(row for row in self.metrics if row.standing.course is Course.BEHIND)

    @property
    def has_figures(self) -> bool:
        return any(row.standing.actual is not None for row in self.metrics)


def expected_of(metric: Metric, gone: TimeGone) -> Decimal:
    """Return the percent that should be attained by now: a sum grows with time, a mean does not."""
    return gone.covered_percent if metric.aggregation is Aggregation.SUM else Decimal(100)


def held_against(metric: Metric, gone: TimeGone, target: Decimal | None, actual: Decimal | None) -> Standing:
    return standing(target, actual, expected=expected_of(metric, gone), higher_is_better=metric.higher_is_better)


def actual_of(metric: Metric, parts: Sequence[tuple[Decimal, int]]) -> Decimal | None:
    """Make one figure of several sums and their counts; None where there is nothing yet."""
    return to_four_places(put_together(metric.aggregation, parts)) if parts else None


def known_until(months: Iterable[date]) -> date | None:
    latest = max(months, default=None)
    return last_day(latest) if latest else None


async def department_view(
    database: AsyncSession, cycle: Cycle, department_id: str, metric_id: str, tongue: Tongue, today: date
) -> DepartmentView:
    """Read where a department stands; teams and people by the metric asked for, or the first."""
    targets = await targets_of_units(database, cycle, col(Target.department_id) == department_id)
    reached = await reached_by_month(database, cycle, department_id)
    lines = await lines_of_department(database, cycle, department_id)
    metrics = {metric.id: metric for metric in await metrics_of_company(database, cycle.company_id)}
    teams = await teams_of(database, department_id, tongue.language)
    until = known_until(one.until for one in reached)
    gone = time_gone(cycle.starts_on, cycle.ends_on, today, until)
    weights: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        weights[line.metric_id] += line.weight if line.applies else 0
    parts: dict[tuple[str, str], list[tuple[Decimal, int]]] = defaultdict(list)
    for one in reached:
        for place in (one.place, department_id):
            parts[place, one.metric_id].append((one.total, one.count))

    def stands(metric: Metric, place: str) -> Standing:
        return held_against(
            metric, gone, targets.get((place, metric.id)), actual_of(metric, parts[place, metric.id])
        )

    rows = tuple(
        MetricRow(
            metric,
            in_language(metric.name, metric.name_en, tongue.language),
            stands(metric, department_id),
            weights[metric.id],
        )
        for metric in metrics.values()
        if (department_id, metric.id) in targets or parts[department_id, metric.id]
    )
    chosen = next((row for row in rows if row.metric.id == metric_id), rows[0] if rows else None)
    team_rows = (
        tuple(TeamRow(team_id, name, stands(chosen.metric, team_id)) for team_id, name in teams.items())
        if chosen
        else ()
    )
    return DepartmentView(
        gone=gone,
        until=min(until, today) if until else None,
        overall=together([(row.weight, row.standing.attainment) for row in rows]),
        metrics=rows,
        chosen=chosen,
        teams=team_rows,
        people=_people(lines, metrics, chosen, gone, teams) if chosen else (),
        metric_chart=bars(
            [bar_of(row.name, row.standing, in_words(row.standing, row.metric, tongue)) for row in rows],
            tongue,
            expected=gone.covered_percent,
        ),
        team_chart=bars(
            [
                bar_of(row.name, row.standing, in_words(row.standing, chosen.metric, tongue))
                for row in team_rows
                if chosen
            ],
            tongue,
            expected=expected_of(chosen.metric, gone) if chosen else None,
        ),
        course_chart=_course(cycle, chosen, reached, tongue) if chosen else {},
    )


def _people(
    lines: Sequence[PersonLine],
    metrics: Mapping[str, Metric],
    chosen: MetricRow,
    gone: TimeGone,
    teams: Mapping[str, str],
) -> tuple[PersonRow, ...]:
    """Return the people to whom the chosen metric applies, the furthest from their target first."""
    of_person: dict[str, list[PersonLine]] = defaultdict(list)
    for line in lines:
        if line.applies:
            of_person[line.person_id].append(line)
    rows = []
    for own in of_person.values():
        reached = {
            one.metric_id: held_against(metrics[one.metric_id], gone, one.target, one.actual) for one in own
        }
        if chosen.metric.id in reached:
            rows.append(
                PersonRow(
                    id=own[0].person_id,
                    name=own[0].person_name,
                    staff_no=own[0].staff_no,
                    team=teams.get(own[0].team_id, ""),
                    standing=reached[chosen.metric.id],
                    overall=together([(one.weight, reached[one.metric_id].attainment) for one in own]),
                )
            )
    unknown = Decimal(-1)
    return tuple(
        sorted(
            rows,
            key=lambda row: row.standing.attainment if row.standing.attainment is not None else unknown,
            reverse=True,
        )
    )


def in_words(one: Standing, metric: Metric, tongue: Tongue) -> str:
    """Say how much is reached of what."""
    return tongue.gettext(
        "%(actual)s of %(target)s",
        actual=tongue.figure(one.actual, metric.unit),
        target=tongue.figure(one.target, metric.unit),
    )


def _course(cycle: Cycle, chosen: MetricRow, reached: Sequence[Reached], tongue: Tongue) -> Chart:
    """Return the chosen metric's way through the months: sums grow towards the target, means stay beside it."""
    metric, target = chosen.metric, chosen.standing.target
    months = months_of(cycle)
    parts: dict[date, list[tuple[Decimal, int]]] = defaultdict(list)
    for one in reached:
        if one.metric_id == metric.id:
            parts[one.until].append((one.total, one.count))
    grows = metric.aggregation is Aggregation.SUM
    days = (cycle.ends_on - cycle.starts_on).days + 1
    so_far: list[tuple[Decimal, int]] = []
    points = []
    for month in months:
        here = parts[month]
        so_far += here
        actual = actual_of(metric, so_far if grows else here) if here else None
        planned = target
        if grows and target is not None:
            planned = target * ((min(last_day(month), cycle.ends_on) - cycle.starts_on).days + 1) / days
        points.append(
            Point(
                tongue.month(month),
                actual,
                tongue.figure(actual, metric.unit),
                planned,
                tongue.figure(planned, metric.unit),
            )
        )
    return course(points, tongue)

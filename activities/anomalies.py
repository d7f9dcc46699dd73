"""Figures that stand out from their own history are found whenever figures come in (Rule 31)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.cases import Case
from activities.sightings import WORKED_OUT, Sightings, sighted_long
from models.columns import to_four_places
from models.evidence import Anomaly, AnomalyState, Turn
from models.figures import Member, last_day, members_of, metrics_of
from models.metrics import Aggregation, Figure, FigureLevel, Metric, MetricUnit
from models.months import month_after
from rules.anomalies import CUT_OF_PEOPLE, CUT_OF_TEAMS, MOST_MONTHS, Verdict, held_against_history

OF_PEOPLE = (MetricUnit.MONEY, MetricUnit.COUNT)
"""What single people are judged by: their percentages are made of two or three records a month."""

Value = tuple[Decimal, str]
"""A figure's value, and its id; "" where it comes from records of a time before figures were taken over."""


@dataclass(frozen=True)
class Point:
    """What is judged: a person's figure of a month, or a team's."""

    team_id: str
    person_id: str
    metric: Metric
    month: date
    value: Decimal
    figure_id: str
    verdict: Verdict

    @property
    def id(self) -> str:
        return f"{self.person_id or self.team_id}.{self.metric.id}.{self.month:%Y-%m}"


@dataclass
class Past:
    """What is known of a department's people and teams, month by month."""

    values: dict[tuple[str, str], dict[date, Value]] = field(default_factory=lambda: defaultdict(dict))
    """By owner (person or team) and metric."""

    def of_team(self, people: Sequence[str], metric: Metric) -> dict[date, tuple[Decimal, int]]:
        """Return what some people's figures add up to, and how many they are, by month."""
        sums: dict[date, tuple[Decimal, int]] = {}
        for person_id in people:
            for month, (value, _) in self.values[person_id, metric.id].items():
                total, count = sums.get(month, (Decimal(0), 0))
                sums[month] = (total + value, count + 1)
        return sums


async def find_anomalies(session: AsyncSession, case: Case, department_id: str, months: Sequence[date]) -> None:
    """Judge a department's figures of months that are over, and keep which of them stand out.

    A point that stood out and does so no more is kept as gone. One that was explained has to be
    explained again only where its value has changed since.
    """
    months = [month for month in months if last_day(month) < case.today]
    members = await members_of(session, department_id)
    if not months or not members:
        return
    metrics = await metrics_of(session, case.cycle)
    past = await past_of(session, department_id, members, metrics, months)
    found = {point.id: point for point in points_of(past, members, metrics, months)}
    known = await session.exec(
        select(Anomaly).where(
            col(Anomaly.company_id) == case.cycle.company_id,
            col(Anomaly.department_id) == department_id,
            col(Anomaly.month).in_(months),
        )
    )
    for row in known.all():
        point = found.pop(row.id, None)
        if point and point.verdict.turn:
            bring_up_to_date(row, point, point.verdict.turn)
        else:
            row.state = AnomalyState.GONE
        session.add(row)
    session.add_all(
        new_row(case, department_id, point, turn) for point in found.values() if (turn := point.verdict.turn)
    )


def new_row(case: Case, department_id: str, point: Point, turn: Turn) -> Anomaly:
    return Anomaly(
        id=point.id,
        company_id=case.cycle.company_id,
        cycle_id=case.cycle.id,
        department_id=department_id,
        team_id=point.team_id,
        person_id=point.person_id,
        metric_id=point.metric.id,
        month=point.month,
        figure_id=point.figure_id,
        turn=turn,
        value=point.value,
        usual=point.verdict.usual,
        lowest=point.verdict.lowest,
        highest=point.verdict.highest,
        months=point.verdict.months,
        found_at=case.now,
    )


def bring_up_to_date(row: Anomaly, point: Point, turn: Turn) -> None:
    if row.value != point.value:
        row.state = AnomalyState.OPEN
    elif row.state is AnomalyState.GONE:
        row.state = AnomalyState.EXPLAINED if row.explanation else AnomalyState.OPEN
    row.turn, row.value, row.figure_id = turn, point.value, point.figure_id
    row.usual, row.lowest, row.highest = point.verdict.usual, point.verdict.lowest, point.verdict.highest
    row.months = point.verdict.months


def points_of(
    past: Past, members: Sequence[Member], metrics: Sequence[Metric], months: Sequence[date]
) -> Iterator[Point]:
    """Judge each person's figures, and each team's: its own, or those of its people together."""
    people_of: dict[str, list[str]] = defaultdict(list)
    for member in members:
        people_of[member.team_id].append(member.person_id)
    for metric in metrics:
        for team_id, people in people_of.items():
            if metric.level is FigureLevel.TEAM:
                yield from _single(past, team_id, "", metric, months)
                continue
            yield from _together(past.of_team(people, metric), team_id, metric, months)
            if metric.unit not in OF_PEOPLE:
                continue
            for person_id in people:
                yield from _single(past, team_id, person_id, metric, months)


def _single(past: Past, team_id: str, person_id: str, metric: Metric, months: Sequence[date]) -> Iterator[Point]:
    series = past.values[person_id or team_id, metric.id]
    history = {month: value for month, (value, _) in series.items()}
    for month in months:
        value, figure_id = series.get(month, (Decimal(0), ""))
        if not figure_id:
            continue
        cut = CUT_OF_PEOPLE if person_id else CUT_OF_TEAMS
        verdict = held_against_history(history, month, value, metric.unit, cut)
        if verdict:
            yield Point(team_id, person_id, metric, month, value, figure_id, verdict)


def _together(
    sums: Mapping[date, tuple[Decimal, int]], team_id: str, metric: Metric, months: Sequence[date]
) -> Iterator[Point]:
    """Judge what several people's figures come to. A sum is held against as many heads as there are now."""
    for month in months:
        if month not in sums:
            continue
        total, heads = sums[month]
        times = heads if metric.aggregation is Aggregation.SUM else 1
        history = {one: value * times / count for one, (value, count) in sums.items()}
        value = to_four_places(total * times / heads)
        verdict = held_against_history(history, month, value, metric.unit, CUT_OF_TEAMS)
        if verdict:
            yield Point(team_id, "", metric, month, value, "", verdict)


async def past_of(
    session: AsyncSession,
    department_id: str,
    members: Sequence[Member],
    metrics: Sequence[Metric],
    months: Sequence[date],
) -> Past:
    """Read the figures of the last years; where none were taken over, what the CRM's records of that time make."""
    people = [member.person_id for member in members]
    teams = sorted({member.team_id for member in members})
    since = month_after(min(months), -MOST_MONTHS)
    past = Past()
    sightings = await sighted_long(session, people, since, min(months))
    _from_records(past, sightings, members, [metric for metric in metrics if metric.from_crm])
    found = await session.exec(
        select(Figure).where(
            or_(
                col(Figure.person_id).in_(people),
                (col(Figure.team_id).in_(teams)) & (col(Figure.person_id) == ""),
            ),
            col(Figure.month) >= since,
            col(Figure.month) <= max(months),
            col(Figure.replaced_by) == "",
        )
    )
    for figure in found.all():
        owner = figure.person_id or figure.team_id
        past.values[owner, figure.metric_id][figure.month] = (figure.value, figure.id)
    return past


def _from_records(past: Past, sightings: Sightings, members: Sequence[Member], metrics: Sequence[Metric]) -> None:
    """Work out figures of months before they were taken over, from the first month anybody is known of."""
    known = sorted({month for _, month in sightings.by_seller})
    sellers = {person_id for person_id, _ in sightings.by_seller}
    for metric in metrics:
        if metric.code not in WORKED_OUT:
            continue
        for member in members:
            if member.person_id not in sellers:
                continue
            for month in known:
                if member.was_there_in(month):
                    seen = sightings.of(member.person_id, month)
                    value, _ = WORKED_OUT[metric.code](seen)
                    past.values[member.person_id, metric.id][month] = (value, "")

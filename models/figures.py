"""Questions about figures: what is in force, what a department's gate needs; and taking a submission over.

What is missing, and what is wrong with rows handed in, `rules/completeness.py` says from the
`DepartmentFacts` that are loaded here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.database import insert_once
from models.errors import Refusal
from models.metrics import Figure, FigureLevel, LaunchedMetric, Metric, Target
from models.org import Person, Unit
from models.stages import UnitKind
from models.tasks import Submission, SubmissionRow, Task

LARGEST_FIGURE = Decimal(10**12)
"""Targets and actuals beyond a trillion (万亿) are taken for mistakes."""

FigureKey = tuple[str, str, date]
"""Whose it is (a person, or a team where nobody is named), which metric, which month."""


def last_day(month: date) -> date:
    """Return the last day of the month that begins with `month`."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def months_of(cycle: Cycle) -> tuple[date, ...]:
    """Return the first days of the months in a cycle's period."""
    months = [cycle.starts_on.replace(day=1)]
    while (following := last_day(months[-1]) + timedelta(days=1)) <= cycle.ends_on:
        months.append(following)
    return tuple(months)


@dataclass(frozen=True)
class Team:
    id: str
    name: str


@dataclass(frozen=True)
class Member:
    """Somebody whose results count, in a team of the department."""

    person_id: str
    name: str
    staff_no: str
    team_id: str
    joined_on: date | None = None
    left_on: date | None = None

    def was_there_in(self, month: date) -> bool:
        """Tell whether they were in post on any day of the month. `left_on` is the first day away."""
        return (self.joined_on is None or self.joined_on <= last_day(month)) and (
            self.left_on is None or self.left_on > month
        )

    def was_there_all(self, month: date) -> bool:
        """Tell whether they were in post from the month's first day to its last."""
        return (self.joined_on is None or self.joined_on <= month) and (
            self.left_on is None or self.left_on > last_day(month)
        )


@dataclass(frozen=True)
class DepartmentFacts:
    """All that the completeness gate (Rule 6) needs to know about a department and some months."""

    department_id: str
    teams: tuple[Team, ...]
    members: tuple[Member, ...]
    metrics: tuple[Metric, ...]
    """Required ones and others, in the order of the page."""
    months: tuple[date, ...]
    in_force: Mapping[FigureKey, Decimal]
    exempt: frozenset[tuple[str, str]] = frozenset()
    """(person, metric) where the metric does not apply to the person (Rule 42)."""
    also_needed: frozenset[tuple[str, str]] = frozenset()
    """(person, metric) that a result waits for, though the gate does not ask for the metric."""


async def figures_in_force(
    session: AsyncSession, department_id: str, months: Sequence[date], person_ids: Sequence[str] = ()
) -> list[Figure]:
    """Return the figures that count: the department's, and those its people brought along."""
    whose = col(Figure.department_id) == department_id
    if person_ids:
        whose = or_(whose, col(Figure.person_id).in_(person_ids))
    found = await session.exec(
        select(Figure)
        .where(whose, col(Figure.month).in_(months), col(Figure.replaced_by) == "")
        .order_by(col(Figure.team_id), col(Figure.person_id), col(Figure.metric_id), col(Figure.month))
    )
    return list(found.all())


def key_of(figure: Figure) -> FigureKey:
    return (figure.person_id or figure.team_id, figure.metric_id, figure.month)


async def members_of(session: AsyncSession, department_id: str) -> tuple[Member, ...]:
    """Return everybody in the department whose results count, whenever they were there."""
    found = await session.exec(
        select(Person)
        .where(col(Person.department_id) == department_id, col(Person.is_scored).is_(True))
        .order_by(col(Person.unit_id), col(Person.staff_no))
    )
    return tuple(
        Member(
            person_id=person.id,
            name=person.name,
            staff_no=person.staff_no,
            team_id=person.unit_id,
            joined_on=person.joined_on,
            left_on=person.left_on,
        )
        for person in found.all()
    )


async def department_facts(
    session: AsyncSession, cycle: Cycle, department_id: str, month: date | None = None
) -> DepartmentFacts:
    """Load what the gate needs, for one month or for the cycle's whole period."""
    months = months_of(cycle) if month is None else (month,)
    members = await members_of(session, department_id)
    teams = await session.exec(
        select(Unit)
        .where(
            or_(
                (col(Unit.parent_id) == department_id) & (col(Unit.kind) == UnitKind.TEAM),
                col(Unit.id).in_({member.team_id for member in members}),
            )
        )
        .order_by(col(Unit.name))
    )
    exempt = await session.exec(
        select(Target.person_id, Target.metric_id).where(
            col(Target.cycle_id) == cycle.id,
            col(Target.department_id) == department_id,
            col(Target.person_id) != "",
            col(Target.applies).is_(False),
        )
    )
    figures = await figures_in_force(session, department_id, months, [member.person_id for member in members])
    return DepartmentFacts(
        department_id=department_id,
        teams=tuple(Team(unit.id, unit.name) for unit in teams.all()),
        members=members,
        metrics=await metrics_of(session, cycle),
        months=months,
        in_force={key_of(figure): figure.value for figure in figures},
        exempt=frozenset((person_id, metric_id) for person_id, metric_id in exempt.all()),
    )


async def metrics_of(session: AsyncSession, cycle: Cycle) -> tuple[Metric, ...]:
    """Return the metrics of a cycle as it was launched with them; all of the company's where it keeps none."""
    found = await session.exec(
        select(Metric, LaunchedMetric)
        .outerjoin(
            LaunchedMetric,
            (col(LaunchedMetric.metric_id) == col(Metric.id)) & (col(LaunchedMetric.cycle_id) == cycle.id),
        )
        .where(col(Metric.company_id) == cycle.company_id)
        .order_by(col(Metric.position), col(Metric.id))
    )
    rows = found.all()
    launched = [(metric, kept) for metric, kept in rows if kept]
    if not launched:
        return tuple(metric for metric, _ in rows)
    return tuple(
        Metric(
            **{
                **metric.model_dump(),
                "higher_is_better": kept.higher_is_better,
                "is_required": kept.is_required,
            }
        )
        for metric, kept in launched
    )


async def facts_for_task(session: AsyncSession, task: Task) -> DepartmentFacts:
    """Load what a submission or gap-filling task is checked against: its month, or all of them.

    Raises:
        Refusal: `cycle-unknown`.
    """
    cycle = await session.get(Cycle, task.cycle_id)
    if cycle is None:
        raise Refusal("cycle-unknown", cycle_id=task.cycle_id)
    return await department_facts(session, cycle, task.department_id, task.month)


async def take_submission(session: AsyncSession, submission_id: str, now: datetime) -> int:
    """Take a submission's rows over as figures, all in the caller's transaction; return how many changed.

    A figure that is corrected stays, pointing to what replaced it (Rule 30). Taking it over again
    changes nothing.

    Raises:
        Refusal: `submission-unknown`.
    """
    submission = await session.get(Submission, submission_id)
    task = await session.get(Task, submission.task_id) if submission else None
    if submission is None or task is None:
        raise Refusal("submission-unknown", submission_id=submission_id)
    if submission.taken_at is not None:
        return 0
    found = await session.exec(
        select(SubmissionRow)
        .where(col(SubmissionRow.submission_id) == submission_id)
        .order_by(col(SubmissionRow.row))
    )
    rows = found.all()
    in_force = {
        key_of(figure): figure
        for figure in await figures_in_force(
            session,
            task.department_id,
            sorted({row.month for row in rows}),
            [row.person_id for row in rows if row.person_id],
        )
    }
    figures = []
    for row in rows:
        figure = _figure(row, submission, task, now)
        before = in_force.get(key_of(figure))
        if before is None or before.value != figure.value:
            figures.append((figure, before))
    await replace_figures(session, figures)
    submission.taken_at = now
    session.add(submission)
    return len(figures)


def _figure(row: SubmissionRow, submission: Submission, task: Task, now: datetime) -> Figure:
    return Figure(
        id=f"{submission.id}.{row.row}",
        company_id=task.company_id,
        department_id=task.department_id,
        team_id=row.team_id,
        person_id=row.person_id,
        metric_id=row.metric_id,
        month=row.month,
        value=Decimal(row.value),
        source="file" if submission.file_name else "person",
        submission_id=submission.id,
        entered_by=submission.by_id,
        reason=row.reason,
        at=now,
    )


async def replace_figures(session: AsyncSession, figures: Sequence[tuple[Figure, Figure | None]]) -> None:
    """Write each new figure, and let the one it replaces point to it."""
    await insert_once(session, [figure for figure, _ in figures])
    for figure, before in figures:
        if before is not None:
            await session.exec(
                update(Figure)
                .where(col(Figure.id) == before.id, col(Figure.replaced_by) == "")
                .values(replaced_by=figure.id)
            )


async def history_of(session: AsyncSession, key: FigureKey, level: FigureLevel) -> list[Figure]:
    """Return every value a figure ever had, the oldest first, with who changed it and why (Rule 30)."""
    owner, metric_id, month = key
    whose = (
        col(Figure.person_id) == owner
        if level is FigureLevel.PERSON
        else (col(Figure.team_id) == owner) & (col(Figure.person_id) == "")
    )
    found = await session.exec(
        select(Figure)
        .where(whose, col(Figure.metric_id) == metric_id, col(Figure.month) == month)
        .order_by(col(Figure.at))
    )
    return list(found.all())

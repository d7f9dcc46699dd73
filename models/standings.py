"""Questions about where people and units stand in a cycle: targets, and what is reached so far.

Few statements whatever the number of people or departments. How figures are put together is that
of results: sums are added up; means are taken over all that went into them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, case, func, or_, true, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import FIGURE_SCALE
from models.cycles import Cycle, CycleDepartment
from models.figures import months_of
from models.metrics import Figure, Metric, Target
from models.org import Person, Unit
from models.scores import Steps
from models.stages import Stage, TaskState
from models.tasks import Task


@dataclass(frozen=True)
class PersonLine:
    """A person's target and actual of one metric of their scorecard, pro-rated as results are."""

    person_id: str
    person_name: str
    staff_no: str
    team_id: str
    metric_id: str
    weight: Decimal
    applies: bool
    target: Decimal | None
    actual: Decimal | None


LINES = """
SELECT line.person_id, person.name, person.staff_no, p.team_id, line.metric_id, line.weight, line.applies,
       line.target, line.actual
FROM line
JOIN participant p ON p.person_id = line.person_id
JOIN person ON person.id = line.person_id
WHERE line.metric_id <> '' {whose}
ORDER BY p.team_id, person.staff_no
"""


async def lines_of_department(session: AsyncSession, cycle: Cycle, department_id: str) -> list[PersonLine]:
    """Return every line of every person in a department."""
    connection = await session.connection()
    statement = Steps(cycle, [department_id]).whole(LINES.replace("{whose}", ""))
    return [_line(row) for row in await connection.execute(statement)]


async def lines_of_person(session: AsyncSession, cycle: Cycle, person: Person) -> list[PersonLine]:
    """Return a person's lines; none where their results do not count, or no scorecard is theirs."""
    if person.department_id is None:
        return []
    statement = Steps(cycle, [person.department_id]).whole(
        LINES.replace("{whose}", "AND line.person_id = :person_id")
    )
    whose = bindparam("person_id", person.id, type_=String())
    connection = await session.connection()
    return [_line(row) for row in await connection.execute(statement.bindparams(whose))]


def _line(row: Any) -> PersonLine:
    person_id, name, staff_no, team_id, metric_id, weight, applies, target, actual = row
    return PersonLine(
        person_id=person_id,
        person_name=name,
        staff_no=staff_no,
        team_id=team_id,
        metric_id=metric_id,
        weight=_exact(weight) or Decimal(0),
        applies=bool(applies),
        target=_exact(target),
        actual=_exact(actual),
    )


def _exact(stored: int | None) -> Decimal | None:
    return None if stored is None else Decimal(int(stored)) / FIGURE_SCALE


@dataclass(frozen=True)
class Reached:
    """Figures of one place and metric: their sum, how many they are, and the latest month among them."""

    place: str
    metric_id: str
    total: Decimal
    count: int
    until: date


async def reached_by_month(session: AsyncSession, cycle: Cycle, department_id: str) -> list[Reached]:
    """Return what a department's teams reached; one row a team, metric and month."""
    connection = await session.connection()
    found = await connection.execute(
        select_columns(
            col(Figure.team_id),
            col(Figure.metric_id),
            func.sum(col(Figure.value)),
            func.count(),
            col(Figure.month),
        )
        .where(*_in_period(cycle), col(Figure.department_id) == department_id)
        .group_by(col(Figure.team_id), col(Figure.metric_id), col(Figure.month))
    )
    return [Reached(*row) for row in found]


async def months_with_figures(session: AsyncSession, cycle: Cycle, person: Person) -> Sequence[date]:
    """Return the months of which there are figures of the person, or of their team."""
    team = (col(Figure.team_id) == person.unit_id) & (col(Figure.person_id) == "")
    connection = await session.connection()
    whose = or_(col(Figure.person_id) == person.id, team)
    found = await connection.execute(select_columns(col(Figure.month)).where(*_in_period(cycle), whose).distinct())
    return found.scalars().all()


def _in_period(cycle: Cycle) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Figure.company_id) == cycle.company_id,
        col(Figure.month).in_(months_of(cycle)),
        col(Figure.replaced_by) == "",
    )


async def targets_of_units(
    session: AsyncSession, cycle: Cycle, units: ColumnElement[bool]
) -> dict[tuple[str, str], Decimal]:
    """Return the goals of units, by unit and metric; what does not apply is left out."""
    connection = await session.connection()
    found = await connection.execute(
        select_columns(col(Target.unit_id), col(Target.metric_id), col(Target.value)).where(
            col(Target.cycle_id) == cycle.id,
            col(Target.person_id) == "",
            col(Target.applies).is_(True),
            units,
        )
    )
    return {(unit_id, metric_id): value for unit_id, metric_id, value in found}


async def metrics_of_company(session: AsyncSession, company_id: str) -> list[Metric]:
    found = await session.exec(
        select(Metric).where(col(Metric.company_id) == company_id).order_by(col(Metric.position), col(Metric.id))
    )
    return list(found.all())


# --- departments side by side -------------------------------------------------------------------


async def reached_by_unit(
    session: AsyncSession, cycle: Cycle, department_ids: Sequence[str] | None, *, by_division: bool
) -> list[Reached]:
    """Return what departments reached, each by itself or those under one unit together; None: all of them."""
    picked = _departments(department_ids)
    connection = await session.connection()
    found = await connection.execute(
        select_columns(
            _unit(by_division=by_division),
            col(Figure.metric_id),
            func.sum(col(Figure.value)),
            func.count(),
            func.max(col(Figure.month)),
        )
        .join(Unit, col(Unit.id) == col(Figure.department_id))
        .where(*_in_period(cycle), picked)
        .group_by(_unit(by_division=by_division), col(Figure.metric_id))
    )
    return [Reached(*row) for row in found]


def _unit(*, by_division: bool) -> ColumnElement[str]:
    """Group departments by the unit above them, or let each stand for itself."""
    own: ColumnElement[str] = type_coerce(col(Unit.id), String())
    return func.coalesce(col(Unit.parent_id), own) if by_division else own


def _departments(department_ids: Sequence[str] | None) -> ColumnElement[bool]:
    return true() if department_ids is None else col(Unit.id).in_(department_ids)


WEIGHTS = """
SELECT {unit}, card.metric_id, CAST(sum(card.weight) AS BIGINT)
FROM participant p JOIN card ON card.scorecard_id = p.scorecard_id JOIN unit ON unit.id = p.department_id
GROUP BY {unit}, card.metric_id
"""


async def weights_by_unit(
    session: AsyncSession, cycle: Cycle, department_ids: Sequence[str] | None, *, by_division: bool
) -> dict[tuple[str, str], Decimal]:
    """Return how heavily each metric weighs in a unit: the weights of its people's scorecards added up."""
    unit = "coalesce(unit.parent_id, unit.id)" if by_division else "unit.id"
    connection = await session.connection()
    found = await connection.execute(Steps(cycle, department_ids).whole(WEIGHTS.replace("{unit}", unit)))
    return {(unit_id, metric_id): _exact(weight) or Decimal(0) for unit_id, metric_id, weight in found}


@dataclass(frozen=True)
class Progress:
    """How far a unit's departments have come through the cycle's stages, and what is late."""

    unit_id: str = ""
    departments: int = 0
    finished: int = 0
    open_tasks: int = 0
    late: int = 0
    stage: Stage | None = None
    """Where the departments are that have come the least far."""

    @staticmethod
    def together(parts: Iterable[Progress]) -> Progress:
        known = list(parts)
        return Progress(
            departments=sum(one.departments for one in known),
            finished=sum(one.finished for one in known),
            open_tasks=sum(one.open_tasks for one in known),
            late=sum(one.late for one in known),
        )


async def progress_by_unit(
    session: AsyncSession,
    cycle: Cycle,
    department_ids: Sequence[str] | None,
    now: datetime,
    *,
    by_division: bool,
) -> dict[str, Progress]:
    """Return the progress of departments that take part, by department or division."""
    open_tasks = (
        select_columns(
            col(Task.department_id),
            func.count().label("open"),
            func.count().filter(col(Task.deadline_at) < now).label("late"),
        )
        .where(col(Task.cycle_id) == cycle.id, col(Task.state) == TaskState.OPEN)
        .group_by(col(Task.department_id))
        .subquery()
    )
    order = case({stage: place for place, stage in enumerate(Stage)}, value=_STAGE)
    connection = await session.connection()
    found = await connection.execute(
        select_columns(
            _unit(by_division=by_division),
            func.count(),
            func.count().filter(_STAGE == Stage.CLOSED),
            func.coalesce(func.sum(open_tasks.c.open), 0),
            func.coalesce(func.sum(open_tasks.c.late), 0),
            func.min(order),
        )
        .select_from(CycleDepartment)
        .join(Unit, col(Unit.id) == col(CycleDepartment.department_id))
        .outerjoin(open_tasks, open_tasks.c.department_id == col(Unit.id))
        .where(col(CycleDepartment.cycle_id) == cycle.id, _departments(department_ids))
        .group_by(_unit(by_division=by_division))
    )
    return {
        unit_id: Progress(unit_id, departments, finished, int(open_), int(late), list(Stage)[least])
        for unit_id, departments, finished, open_, late, least in found
    }


_STAGE = col(CycleDepartment.stage)


@dataclass(frozen=True)
class LateHolder:
    """Somebody who holds tasks that are late, and since when the oldest of them is."""

    person_id: str
    name: str
    post: str
    tasks: int
    since: datetime


async def late_holders(
    session: AsyncSession, cycle: Cycle, department_ids: Sequence[str] | None, now: datetime, limit: int = 8
) -> list[LateHolder]:
    """Return who holds things up, the one with the most late tasks first."""
    connection = await session.connection()
    found = await connection.execute(
        select_columns(
            col(Person.id),
            col(Person.name),
            col(Person.post),
            func.count(),
            func.min(col(Task.deadline_at)),
        )
        .select_from(Task)
        .join(Person, col(Person.id) == col(Task.holder_id))
        .join(Unit, col(Unit.id) == col(Task.department_id))
        .where(
            col(Task.cycle_id) == cycle.id,
            col(Task.state) == TaskState.OPEN,
            col(Task.deadline_at) < now,
            _departments(department_ids),
        )
        .group_by(col(Person.id), col(Person.name), col(Person.post))
        .order_by(func.count().desc(), func.min(col(Task.deadline_at)), col(Person.id))
        .limit(limit)
    )
    return [LateHolder(*row) for row in found]


async def cycles_with(session: AsyncSession, seen: ColumnElement[bool], limit: int = 40) -> Sequence[Cycle]:
    """Return the cycles that `seen` picks, the latest first."""
    found = await session.exec(
        select(Cycle).where(seen).order_by(col(Cycle.starts_on).desc(), col(Cycle.id)).limit(limit)
    )
    return found.all()

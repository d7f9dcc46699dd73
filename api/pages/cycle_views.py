"""What a cycle's page shows: where its departments stand, what is late, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.pages.history import Happening, happenings
from api.pages.rendering import Shell
from api.rights import sees_department, sees_event
from api.session import Viewer
from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.org import Person, Unit
from models.stages import STAGES_IN_ORDER, Stage, TaskKind, TaskState
from models.tasks import Task

PAGE_SIZE: Final = 50
MOST_LATE = 8
MOST_EVENTS = 8
MOST_NEXT = 5


@dataclass(frozen=True)
class Asked:
    """How the table of departments is filtered, sorted and paged."""

    text: str = ""
    stage: str = ""
    late: bool = False
    sort: str = "due"
    page: int = 1

    @property
    def filters(self) -> bool:
        return bool(self.text or self.stage or self.late)


@dataclass(frozen=True)
class DepartmentRow:
    department_id: str
    name: str
    division: str
    stage: Stage
    round: int
    since: datetime | None
    task_id: str
    task_kind: TaskKind | None
    holder: str
    deadline_at: datetime | None
    is_late: bool


@dataclass(frozen=True)
class DepartmentTable:
    rows: tuple[DepartmentRow, ...]
    total: int
    asked: Asked

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


@dataclass(frozen=True)
class LateTask:
    task: Task
    department: str
    holder: str


@dataclass(frozen=True)
class Coming:
    """Something that will happen by itself: so many reminders or deadlines at one moment."""

    at: datetime
    kind: str
    count: int


@dataclass(frozen=True)
class CycleView:
    cycle: Cycle
    owner: str
    counts: Mapping[Stage, int]
    open_tasks: int
    late_tasks: int
    late: tuple[LateTask, ...]
    coming: tuple[Coming, ...]
    events: tuple[Happening, ...]

    @property
    def departments(self) -> int:
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        return self.counts.get(Stage.CLOSED, 0)


def open_tasks_of(cycle: Cycle, viewer: Viewer) -> ColumnElement[bool]:
    return and_(
        col(Task.cycle_id) == cycle.id,
        col(Task.state) == TaskState.OPEN,
        sees_department(viewer, col(Task.department_id)),
    )


async def cycle_view(database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle) -> CycleView:
    counted = await database.exec(
        select(CycleDepartment.stage, func.count())
        .where(
            col(CycleDepartment.cycle_id) == cycle.id, sees_department(viewer, col(CycleDepartment.department_id))
        )
        .group_by(col(CycleDepartment.stage))
    )
    is_late = col(Task.deadline_at) < around.now
    tasks = await database.exec(
        select(func.count(), func.coalesce(func.sum(case((is_late, 1), else_=0)), 0)).where(
            open_tasks_of(cycle, viewer)
        )
    )
    open_tasks, late_tasks = tasks.one()
    owner = await database.get(Person, cycle.hr_owner_id)
    return CycleView(
        cycle=cycle,
        owner=owner.name if owner else "",
        counts={Stage(stage): count for stage, count in counted.all()},
        open_tasks=open_tasks,
        late_tasks=late_tasks,
        late=await _late(database, around, viewer, cycle),
        coming=await _coming(database, around, viewer, cycle),
        events=await _latest(database, around, viewer, cycle),
    )


async def _late(database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle) -> tuple[LateTask, ...]:
    found = await database.exec(
        select(Task, Unit, Person)
        .outerjoin(Unit, col(Unit.id) == col(Task.department_id))
        .outerjoin(Person, col(Person.id) == col(Task.holder_id))
        .where(open_tasks_of(cycle, viewer), col(Task.deadline_at) < around.now)
        .order_by(col(Task.deadline_at), col(Task.id))
        .limit(MOST_LATE)
    )
    return tuple(
        LateTask(
            task=task,
            department=in_language(unit.name, unit.name_en, around.tongue.language) if unit else "",
            holder=person.name if person else "",
        )
        for task, unit, person in found.all()
    )


async def _coming(database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle) -> tuple[Coming, ...]:
    coming = []
    for kind, moment in (("reminder", col(Task.next_rung_at)), ("deadline", col(Task.deadline_at))):
        found = await database.exec(
            select(moment, func.count())
            .where(open_tasks_of(cycle, viewer), moment >= around.now)
            .group_by(moment)
            .order_by(moment)
            .limit(MOST_NEXT)
        )
        coming += [Coming(at, kind, count) for at, count in found.all() if at is not None]
    deadlines = {one.at for one in coming if one.kind == "deadline"}
    # A rung at the deadline itself is the move to the superior: it needs no line of its own.
    kept = [one for one in coming if one.kind == "deadline" or one.at not in deadlines]
    return tuple(sorted(kept, key=lambda one: one.at)[:MOST_NEXT])


async def _latest(database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle) -> tuple[Happening, ...]:
    found = await database.exec(
        select(CycleEvent)
        .where(
            col(CycleEvent.cycle_id) == cycle.id,
            sees_event(viewer, col(CycleEvent.department_id), col(CycleEvent.actor_id)),
        )
        .order_by(col(CycleEvent.at).desc(), col(CycleEvent.id).desc())
        .limit(MOST_EVENTS)
    )
    return tuple(await happenings(database, found.all(), around.tongue))


async def department_table(
    database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle, asked: Asked
) -> DepartmentTable:
    """Read one page of the departments: a query for the rows, one for how many there are."""
    rows = _departments(cycle, viewer)
    wanted = _filters(rows, around.now, asked)
    counted = await database.exec(select(func.count()).select_from(rows).where(*wanted))
    statement: Any = select_columns(rows).where(*wanted)
    statement = statement.order_by(*_order(rows, asked)).offset((asked.page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    found = (await database.exec(statement)).all()
    shown = tuple(
        DepartmentRow(
            department_id=row.department_id,
            name=in_language(row.name or row.department_id, row.name_en or "", around.tongue.language),
            division=in_language(row.division or "", row.division_en or "", around.tongue.language),
            stage=row.stage,
            round=row.round,
            since=row.since,
            task_id=row.task_id or "",
            task_kind=row.kind,
            holder=row.holder or "",
            deadline_at=row.deadline_at,
            is_late=row.deadline_at is not None and row.deadline_at < around.now,
        )
        for row in found
    )
    return DepartmentTable(shown, counted.one(), asked)


def _departments(cycle: Cycle, viewer: Viewer) -> Any:
    """Select the departments, each with its most urgent open task."""
    urgent = (
        select_columns(
            col(Task.department_id),
            col(Task.id).label("task_id"),
            col(Task.kind),
            col(Task.holder_id),
            col(Task.deadline_at),
            func.row_number()
            .over(partition_by=col(Task.department_id), order_by=(col(Task.deadline_at), col(Task.id)))
            .label("place"),
        )
        .where(col(Task.cycle_id) == cycle.id, col(Task.state) == TaskState.OPEN)
        .subquery()
    )
    unit, division, holder = Unit.__table__, Unit.__table__.alias("division"), Person.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table.
    department = CycleDepartment.__table__  # type: ignore[attr-defined]  # As above.
    return (
        select_columns(
            department.c.department_id,
            unit.c.name,
            unit.c.name_en,
            division.c.name.label("division"),
            division.c.name_en.label("division_en"),
            department.c.stage,
            department.c.round,
            department.c.stage_since.label("since"),
            urgent.c.task_id,
            urgent.c.kind,
            holder.c.name.label("holder"),
            urgent.c.deadline_at,
        )
        .select_from(department)
        .outerjoin(unit, unit.c.id == department.c.department_id)
        .outerjoin(division, division.c.id == unit.c.parent_id)
        .outerjoin(urgent, and_(urgent.c.department_id == department.c.department_id, urgent.c.place == 1))
        .outerjoin(holder, holder.c.id == urgent.c.holder_id)
        .where(department.c.cycle_id == cycle.id, sees_department(viewer, department.c.department_id))
        .subquery()
    )


def _filters(rows: Any, now: datetime, asked: Asked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.text:
        # A percent sign that somebody types is a sign, not a pattern.
        columns = (rows.c.name, rows.c.name_en, rows.c.division, rows.c.holder)
        wanted.append(or_(*(column.icontains(asked.text, autoescape=True) for column in columns)))
    if asked.stage in set(Stage):
        wanted.append(rows.c.stage == Stage(asked.stage))
    if asked.late:
        wanted.append(rows.c.deadline_at < now)
    return wanted


def _order(rows: Any, asked: Asked) -> list[ColumnElement[Any]]:
    places = {stage: place for place, stage in enumerate(STAGES_IN_ORDER)}
    orders: dict[str, list[ColumnElement[Any]]] = {
        "due": [rows.c.deadline_at.is_(None), rows.c.deadline_at],
        "name": [rows.c.name],
        "stage": [case(places, value=rows.c.stage, else_=len(places))],
        "holder": [rows.c.holder.is_(None), rows.c.holder],
    }
    return [*orders.get(asked.sort, orders["due"]), rows.c.department_id]

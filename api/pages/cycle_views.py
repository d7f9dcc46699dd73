"""What a cycle's page shows: where its departments stand, what is late and whose, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.pages.history import Happening, happenings
from api.pages.rendering import Shell
from api.rights import sees_department, sees_event
from api.session import Viewer
from models.columns import Instant
from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.org import Person, Unit, calendar_overrides
from models.stages import STAGES_IN_ORDER, CommandState, CycleState, Stage, TaskState
from models.tasks import Command, Task
from rules.calendar import calendar_for
from rules.launch import misfits_in

MOST_LATE: Final = 8
MOST_HOLDERS: Final = 5
MOST_EVENTS: Final = 8
MOST_NEXT: Final = 6


@dataclass(frozen=True)
class StageCount:
    """How many departments stand at a stage, and what share of all has it behind them."""

    stage: Stage
    here: int
    passed: int
    departments: int


@dataclass(frozen=True)
class Summary:
    """Where a cycle stands, in numbers."""

    owner: str
    counts: Mapping[Stage, int]
    open_tasks: int
    late_tasks: int
    waits: bool
    """An order was received that the engine has not carried out yet."""

    @property
    def departments(self) -> int:
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        return self.counts.get(Stage.CLOSED, 0)

    @property
    def funnel(self) -> tuple[StageCount, ...]:
        behind = self.finished
        funnel: list[StageCount] = []
        for stage in reversed(STAGES_IN_ORDER):
            here = self.counts.get(stage, 0)
            funnel.append(StageCount(stage, here, behind, self.departments))
            behind += here
        return tuple(reversed(funnel))


@dataclass(frozen=True)
class LateTask:
    task: Task
    department: str
    holder: str


@dataclass(frozen=True)
class HoldsUp:
    """A person with tasks that are late."""

    holder: str
    count: int


@dataclass(frozen=True)
class Coming:
    """Something that will happen by itself: so many reminders, deadlines or openings at one moment."""

    at: datetime
    kind: str
    count: int = 0
    month: date | None = None


@dataclass(frozen=True)
class Now:
    """What is late and whose, what comes next, what happened last."""

    cycle: Cycle
    open_tasks: int
    late_tasks: int
    late: tuple[LateTask, ...]
    holders: tuple[HoldsUp, ...]
    coming: tuple[Coming, ...]
    events: tuple[Happening, ...]


def open_tasks_of(cycle: Cycle, viewer: Viewer) -> ColumnElement[bool]:
    return and_(
        col(Task.cycle_id) == cycle.id,
        col(Task.state) == TaskState.OPEN,
        sees_department(viewer, col(Task.department_id)),
    )


async def summary(database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle) -> Summary:
    """Count a cycle's departments and open tasks: one query."""
    statement = _summary_for_readers_of_all() if viewer.reads_all else _summary(viewer)
    values = {"cycle": cycle.id, "now": around.now, "owner": cycle.hr_owner_id}
    rows = (await (await database.connection()).execute(statement, values)).all()
    _, _, opened, late, waits, owner = rows[0] if rows else (None, 0, 0, 0, False, "")
    return Summary(
        owner=owner or "",
        counts={Stage(row[0]): row[1] for row in rows},
        open_tasks=opened,
        late_tasks=late,
        waits=bool(waits),
    )


def _summary(viewer: Viewer | None) -> Any:
    """Select the counts of what a viewer sees of a cycle; of everything, for none."""

    def seen(department: Any) -> ColumnElement[bool]:
        return sees_department(viewer, department) if viewer else true()

    open_tasks = (
        select(func.count())
        .select_from(Task)
        .where(
            col(Task.cycle_id) == bindparam("cycle"),
            col(Task.state) == TaskState.OPEN,
            seen(col(Task.department_id)),
        )
    )
    waiting = exists().where(
        col(Command.cycle_id) == bindparam("cycle"),
        col(Command.task_id) == "",
        col(Command.state) == CommandState.RECEIVED,
    )
    columns: Any = (
        col(CycleDepartment.stage),
        func.count(),
        open_tasks.scalar_subquery(),
        open_tasks.where(col(Task.deadline_at) < bindparam("now", type_=Instant())).scalar_subquery(),
        waiting,
        select(Person.name).where(col(Person.id) == bindparam("owner")).scalar_subquery(),
    )
    return (
        select(*columns)
        .where(col(CycleDepartment.cycle_id) == bindparam("cycle"), seen(col(CycleDepartment.department_id)))
        .group_by(col(CycleDepartment.stage))
    )


@cache
def _summary_for_readers_of_all() -> Any:
    return _summary(None)


async def now_of(database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle) -> Now:
    counted = await summary(database, around, viewer, cycle)
    return Now(
        cycle=cycle,
        open_tasks=counted.open_tasks,
        late_tasks=counted.late_tasks,
        late=await _late(database, around, viewer, cycle),
        holders=await _holders(database, around, viewer, cycle),
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


async def _holders(database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle) -> tuple[HoldsUp, ...]:
    """Return who holds most of what is late."""
    found = await database.exec(
        select(Person.name, func.count())
        .join(Task, col(Task.holder_id) == col(Person.id))
        .where(open_tasks_of(cycle, viewer), col(Task.deadline_at) < around.now)
        .group_by(col(Person.id), col(Person.name))
        .order_by(func.count().desc(), col(Person.name))
        .limit(MOST_HOLDERS)
    )
    return tuple(HoldsUp(name, count) for name, count in found.all())


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
    kept += await _openings(database, around, cycle)
    return tuple(sorted(kept, key=lambda one: one.at)[:MOST_NEXT])


async def _openings(database: AsyncSession, around: Shell, cycle: Cycle) -> list[Coming]:
    """Return when the submissions of the months open."""
    if cycle.state is not CycleState.RUNNING or not cycle.terms:
        return []
    terms = cycle.the_terms()
    if any(misfits_in(terms)):
        return []
    calendar = calendar_for(terms, await calendar_overrides(database, cycle.company_id))
    openings = [Coming(calendar.morning(month.opens_on), "opening", month=month.month) for month in terms.months]
    return [one for one in openings if one.at >= around.now]


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

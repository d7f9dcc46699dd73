"""Tasks that wait for somebody, several of which they can decide at once; each comes to a result of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api import moves
from api.facts import in_language
from api.pages.rendering import Shell
from api.pages.task_views import names_of
from api.pages.tasks import in_words
from api.parts import Parts
from api.rights import decidable_by, place_to_decide, seen_task, today
from api.session import Viewer
from models.accounts import ACTED_BY
from models.cycles import Cycle
from models.errors import Refusal
from models.metrics import Score
from models.org import Unit, stands_in_for
from models.stages import Choice, CommandState, TaskKind, TaskState
from models.tasks import Task

MOST_AT_ONCE = 100
AT_A_TIME = 8
"""How many decisions of one request are under way at once."""

AGREEMENT: Mapping[TaskKind, Choice] = {
    TaskKind.APPROVE_RESULTS: Choice.APPROVE,
    TaskKind.CONFIRM_TARGETS: Choice.CONFIRM,
}
"""What agreeing means on the tasks that can be decided at once; others are opened one by one."""


@dataclass(frozen=True)
class Results:
    """A department's results in short."""

    people: int
    average: Decimal
    bands: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Waiting:
    task: Task
    department: str
    cycle: str
    first_holder: str
    is_late: bool
    results: Results | None = None

    @property
    def has_moved(self) -> bool:
        return self.task.holder_id != self.task.first_holder_id

    @property
    def can_be_agreed(self) -> bool:
        return self.task.kind in AGREEMENT


@dataclass(frozen=True)
class Decided:
    """What came of one task: done, received for later, or refused with words."""

    task_id: str
    what: TaskKind | None = None
    department: str = ""
    state: str = "done"
    words: str = ""


async def waiting_for(database: AsyncSession, around: Shell, asking: Viewer) -> tuple[Waiting, ...]:
    """Return the open tasks that the reader may decide, the most urgent first; with results in short."""
    stands_for = await stands_in_for(database, asking.id, await today(database, asking.company_id))
    found = await database.exec(
        select(Task, Unit, Cycle)
        .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
        .outerjoin(Unit, col(Unit.id) == col(Task.department_id))
        .where(
            col(Task.company_id) == asking.company_id,
            col(Task.state) == TaskState.OPEN,
            decidable_by(asking.id, stands_for),
        )
        .order_by(col(Task.deadline_at), col(Task.id))
        .limit(MOST_AT_ONCE)
    )
    rows = found.all()
    names = await names_of(database, {task.first_holder_id for task, _, _ in rows})
    language = around.tongue.language
    results = await _results_of(database, [task for task, _, _ in rows if task.kind is TaskKind.APPROVE_RESULTS])
    return tuple(
        Waiting(
            task=task,
            department=in_language(unit.name, unit.name_en, language) if unit else task.department_id,
            cycle=cycle.name,
            first_holder=names.get(task.first_holder_id, ""),
            is_late=task.deadline_at < around.now,
            results=results.get((task.cycle_id, task.department_id)),
        )
        for task, unit, cycle in rows
    )


async def _results_of(database: AsyncSession, tasks: Sequence[Task]) -> dict[tuple[str, str], Results]:
    if not tasks:
        return {}
    connection = await database.connection()
    found = await connection.execute(
        select_columns(
            col(Score.cycle_id),
            col(Score.department_id),
            col(Score.band),
            func.count(),
            func.sum(col(Score.total)),
        )
        .where(
            col(Score.cycle_id).in_({task.cycle_id for task in tasks}),
            col(Score.department_id).in_({task.department_id for task in tasks}),
        )
        .group_by(col(Score.cycle_id), col(Score.department_id), col(Score.band))
        .order_by(func.max(col(Score.total)).desc())
    )
    by_place: dict[tuple[str, str], list[tuple[str, int, Decimal]]] = defaultdict(list)
    for cycle_id, department_id, band, count, total in found:
        by_place[cycle_id, department_id].append((band, count, total))
    return {place: _in_short(bands) for place, bands in by_place.items()}


def _in_short(bands: Sequence[tuple[str, int, Decimal]]) -> Results:
    people = sum(count for _, count, _ in bands)
    average = sum((total for _, _, total in bands), Decimal(0)) / people
    return Results(people, average, tuple((band, count) for band, count, _ in bands))


async def agree_to(
    parts: Parts, around: Shell, asking: Viewer, task_ids: Sequence[str], comment: str
) -> tuple[Decided, ...]:
    """Decide each task by its own command, and tell what came of each, in the order given."""
    turns = asyncio.Semaphore(AT_A_TIME)

    async def one(task_id: str) -> Decided:
        async with turns, parts.sessions() as database:
            if asking.acted_by is not None:
                database.info[ACTED_BY] = asking.acted_by.id  # What is written names both.
            try:
                return await _agree(database, parts, asking, task_id, comment)
            except Refusal as refusal:
                await database.rollback()
                said, _ = await in_words(around, database, refusal)
                task = await database.get(Task, task_id) if refusal.code != "task-unknown" else None
                return Decided(
                    task_id,
                    task.kind if task else None,
                    task.department_id if task else "",
                    "refused",
                    said.detail,
                )

    decided = await asyncio.gather(*(one(task_id) for task_id in dict.fromkeys(task_ids)))
    return tuple(decided)


async def _agree(database: AsyncSession, parts: Parts, asking: Viewer, task_id: str, comment: str) -> Decided:
    task = await seen_task(database, asking, task_id)
    for_id = await place_to_decide(database, asking.id, task)
    choice = AGREEMENT.get(task.kind)
    if choice is None:
        raise Refusal("choice-not-allowed")
    wish = moves.decision(task, asking.id, for_id, choice, comment=comment)
    kind, department_id = task.kind, task.department_id
    outcome = await parts.commands.ask(database, wish)
    state = "received" if outcome.state is CommandState.RECEIVED else "done"
    return Decided(task_id, kind, department_id, state)

"""My tasks, and one task's page for those who are signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.facts import in_language, with_names
from api.pages.deciding import Typed, decide, typed_in, waiting_command
from api.pages.rendering import Shell, TheShell
from api.pages.task_views import TEMPLATES, Subject, TaskView, names_of, subject_of, task_view
from api.parts import TheParts
from api.rights import acts_for, decidable_by, seen_task, today
from api.session import Database, SignedIn, Viewer
from api.submissions import CHOICE_OF, keep_refused
from api.words import Said, say
from models.cycles import Cycle
from models.errors import Refusal
from models.org import Unit, stands_in_for
from models.stages import TaskState
from models.tasks import Decision, RefusedFile, Task

MOST_DONE = 20
SOON = timedelta(days=2)

router = APIRouter()


@dataclass(frozen=True)
class TaskRow:
    task: Task
    department: str
    cycle: str
    for_whom: str
    first_holder: str
    verdict: str
    is_late: bool
    is_soon: bool

    @property
    def has_moved(self) -> bool:
        return self.task.holder_id != self.task.first_holder_id


@dataclass(frozen=True)
class TaskListPage:
    open: tuple[TaskRow, ...]
    done: tuple[TaskRow, ...]
    now: datetime


@dataclass(frozen=True)
class TaskPage:
    """A task with what is to be decided, what was typed, and what came of it."""

    view: TaskView
    subject: Subject
    template: str
    address: str
    now: datetime
    may_decide: bool
    acting_for: str = ""
    waits: bool = False
    typed: Typed = field(default_factory=Typed)
    problem: Said | None = None
    faults: tuple[str, ...] = ()
    asks_digits: bool = False
    asks_sign_in: bool = False
    refused_file: str = ""
    """The name of the reader's own file that was refused last, to be had with its faults marked."""

    @property
    def is_late(self) -> bool:
        return self.view.is_open and self.view.task.deadline_at < self.now


@router.get("/tasks")
async def list_tasks(around: TheShell, asking: SignedIn, database: Database) -> Response:
    """My open tasks, those I hold as deputy too, by deadline; below, what was done."""
    stands_for = await stands_in_for(database, asking.id, await today(database, asking.company_id))
    mine = decidable_by(asking.id, stands_for)
    is_open = col(Task.state) == TaskState.OPEN
    rows = select(Task, Unit, Cycle, Decision).join(Cycle, col(Cycle.id) == col(Task.cycle_id))
    rows = rows.outerjoin(Unit, col(Unit.id) == col(Task.department_id))
    rows = rows.outerjoin(Decision, col(Decision.task_id) == col(Task.id))
    undone = (await database.exec(rows.where(mine, is_open).order_by(col(Task.deadline_at)).limit(200))).all()
    decided = (col(Decision.by_id) == asking.id) | (col(Task.holder_id) == asking.id)
    done = (
        await database.exec(rows.where(decided, ~is_open).order_by(col(Task.closed_at).desc()).limit(MOST_DONE))
    ).all()
    people = {one for row in (*undone, *done) for one in (row[0].holder_id, row[0].first_holder_id)}
    names = await names_of(database, people)

    def shown(found: Sequence[tuple[Task, Unit, Cycle, Decision]]) -> tuple[TaskRow, ...]:
        return tuple(_row(around, asking, names, *one) for one in found)

    return around.render("tasks/list.html", TaskListPage(shown(undone), shown(done), around.now))


def _row(
    around: Shell,
    asking: Viewer,
    names: dict[str, str],
    task: Task,
    unit: Unit | None,
    cycle: Cycle,
    decision: Decision | None,
) -> TaskRow:
    is_open = task.state is TaskState.OPEN
    is_mine = asking.id == task.holder_id or asking.id in task.added_ids
    verdict = "" if is_open else around.term(decision.choice if decision else task.state)
    return TaskRow(
        task=task,
        department=in_language(unit.name, unit.name_en, around.tongue.language) if unit else task.department_id,
        cycle=cycle.name,
        for_whom="" if is_mine or not is_open else names.get(task.holder_id, ""),
        first_holder=names.get(task.first_holder_id, ""),
        verdict=verdict,
        is_late=is_open and task.deadline_at < around.now,
        is_soon=is_open and task.deadline_at < around.now + SOON,
    )


@router.get("/tasks/{task_id}")
async def show_task(task_id: str, around: TheShell, asking: SignedIn, database: Database) -> Response:
    task = await seen_task(database, asking, task_id)
    return around.render("tasks/task.html", await task_page(around, database, task, asking.id))


@router.post("/tasks/{task_id}")
async def decide_task(
    request: Request, task_id: str, around: TheShell, parts: TheParts, asking: SignedIn, database: Database
) -> Response:
    """Decide, then show the task again as it is now."""
    task = await seen_task(database, asking, task_id)
    typed = Typed()
    try:
        typed = await typed_in(request, parts.read_table)
        await decide(database, parts.commands, task, asking.id, typed)
    except Refusal as refusal:
        page = await refused_page(around, database, task_id, asking.id, typed, refusal)
        return around.render("tasks/task.html", page, 422 if page.view.is_open else 409)
    return RedirectResponse(f"/tasks/{task_id}", 303)


async def task_page(
    around: Shell, database: AsyncSession, task: Task, by_id: str, *, address: str = "", typed: Typed | None = None
) -> TaskPage:
    """Read everything that a task's page shows to `by_id`."""
    view = await task_view(database, task, around.tongue.language)
    around.tongue = around.tongue.within(view.cycle.the_terms().time_zone)
    place = await acts_for(database, by_id, task) if view.is_open else None
    return TaskPage(
        view=view,
        subject=await subject_of(database, task, around.tongue, typed.handed if typed else None),
        template=TEMPLATES[task.kind],
        address=address or f"/tasks/{task.id}",
        now=around.now,
        may_decide=place is not None,
        acting_for=view.holder if place and place != by_id else "",
        waits=view.is_open and await waiting_command(database, task.id) is not None,
        typed=typed or Typed(),
        refused_file=await _refused_file(database, task, by_id) if place is not None else "",
    )


async def _refused_file(database: AsyncSession, task: Task, by_id: str) -> str:
    if task.kind not in CHOICE_OF:
        return ""
    found = await database.exec(
        select(RefusedFile.name).where(col(RefusedFile.task_id) == task.id, col(RefusedFile.by_id) == by_id)
    )
    return found.first() or ""


async def refused_page(
    around: Shell,
    database: AsyncSession,
    task_id: str,
    by_id: str,
    typed: Typed,
    refusal: Refusal,
    *,
    address: str = "",
) -> TaskPage:
    """The page again, as things stand now, with the refusal's words and all that was typed."""
    await database.rollback()  # What was read before the refusal may be old.
    database.expire_all()
    if typed.handed.content and refusal.code == "submission-incomplete":
        await keep_refused(database, task_id, by_id, typed.file_name, typed.handed.content)
    task = await database.get_one(Task, task_id)
    typed = replace(typed, wrong=str(refusal.facts.get("field", "")))
    page = await task_page(around, database, task, by_id, address=address, typed=typed)
    problem, faults = await in_words(around, database, refusal)
    return replace(page, problem=problem, faults=faults)


async def in_words(around: Shell, database: AsyncSession, refusal: Refusal) -> tuple[Said, tuple[str, ...]]:
    """Word a refusal, and each of the faults that it lists."""
    errors: tuple[Refusal, ...] = getattr(refusal, "errors", ())
    all_facts = await with_names(
        database, [refusal.facts, *(error.facts for error in errors)], around.tongue.language
    )
    words = [say(one.code, facts, around.tongue) for one, facts in zip((refusal, *errors), all_facts, strict=True)]
    return words[0], tuple(one.detail for one in words[1:])

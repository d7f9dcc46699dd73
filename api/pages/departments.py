"""One department in a cycle: its stages, and all that happened as one line of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api import moves
from api.commands import Asked
from api.facts import in_language
from api.pages.acting import Typed, act, typed_in
from api.pages.history import Happening, happenings
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.pages.tasks import in_words
from api.parts import Parts, TheParts
from api.problems import status_of
from api.rights import seen_cycle, sees_department, sees_message_to
from api.session import Database, HrAdmin, SignedIn, Viewer
from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.delivery import Delivery, Notice
from models.errors import Refusal
from models.org import Person, Unit
from models.stages import (
    STAGES_IN_ORDER,
    Channel,
    CommandState,
    CycleState,
    DeliveryState,
    Stage,
    TaskKind,
    TaskState,
)
from models.tasks import Command, Decision, Task

MOST = 300
"""A department's events and messages on one page; a quarter has some 150."""

UNFORESEEN = (TaskKind.ANSWER_PROPOSAL, TaskKind.FILL_SCORING_GAP)
REOPENABLE = (CycleState.RUNNING, CycleState.READY, CycleState.PUBLISHED)

router = APIRouter()


@dataclass(frozen=True)
class OpenTask:
    task: Task
    holder: str
    is_late: bool

    @property
    def can_be_voided(self) -> bool:
        """Only a task that no plan foresees: a required stage is never skipped (Rule 1)."""
        return self.task.kind in UNFORESEEN or self.task.slot == "resubmit"


@dataclass(frozen=True)
class DepartmentPage:
    cycle: Cycle
    department: str
    department_id: str
    director: str
    stage: Stage
    round: int
    stages: tuple[tuple[Stage, str], ...]
    """Each stage, with `done`, `here` or nothing."""
    open_tasks: tuple[OpenTask, ...]
    history: tuple[Happening, ...]
    """What will come, then what was: events, decisions and messages, the newest first."""
    acts: bool
    """HR may give orders about the open tasks."""
    reopens: bool
    waits: bool
    typed: Typed = field(default_factory=Typed)
    problem: str = ""
    stage_typed: str = ""
    reopen_due_on: str = ""

    @property
    def untouched(self) -> Typed:
        """What stands in the fields of a task that nothing was typed for."""
        return Typed(key=self.typed.key)


@router.get("/cycles/{cycle_id}/departments/{department_id}")
async def show_department(
    cycle_id: str, department_id: str, around: TheShell, asking: SignedIn, database: Database
) -> Response:
    cycle = await seen_cycle(database, asking, cycle_id)
    page = await department_page(database, around, asking, cycle, department_id)
    return around.render("cycles/department.html", page)


@router.post("/cycles/{cycle_id}/departments/{department_id}")
async def act_on_department(
    request: Request,
    cycle_id: str,
    department_id: str,
    around: TheShell,
    parts: TheParts,
    asking: HrAdmin,
    database: Database,
) -> Response:
    """Remind, extend, reassign or void one task of the department, or reopen it."""
    cycle = await seen_cycle(database, asking, cycle_id)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    form = await request.form(max_fields=30)
    typed = typed_in(form, [str(form.get("task", ""))])
    stage, reopen_due_on = str(form.get("stage", "")), str(form.get("reopen_due_on", ""))
    try:
        if typed.act == "reopen":
            await _reopen(database, parts, asking, cycle, department_id, stage, reopen_due_on, typed)
        else:
            (result,) = await act(database, around, parts, asking, cycle, typed)
            if result.state is CommandState.REFUSED:
                page = await department_page(database, around, asking, cycle, department_id)
                refused = replace(page, typed=typed, problem=result.why)
                return around.render("cycles/department.html", refused, 409)
    except Refusal as refusal:
        await database.rollback()
        said, _ = await in_words(around, database, refusal)
        cycle = await seen_cycle(database, asking, cycle_id)
        page = await department_page(database, around, asking, cycle, department_id)
        page = replace(page, typed=typed, problem=said.detail, stage_typed=stage, reopen_due_on=reopen_due_on)
        return around.render("cycles/department.html", page, status_of(refusal.code))
    return RedirectResponse(f"/cycles/{cycle_id}/departments/{department_id}", 303)


async def _reopen(
    database: AsyncSession,
    parts: Parts,
    asking: Viewer,
    cycle: Cycle,
    department_id: str,
    stage: str,
    due_on: str,
    typed: Typed,
) -> None:
    """Take a closed department back to a stage (Rule 13)."""
    if stage not in STAGES_IN_ORDER:
        raise Refusal("stage-not-open", stage=stage)
    if not typed.reopen_reason:
        raise Refusal("why-needed")
    try:
        words = {
            "reason": typed.reopen_reason,
            "due_on": date.fromisoformat(due_on).isoformat() if due_on else None,
        }
    except ValueError as unreadable:
        raise Refusal("day-needed") from unreadable
    wish = moves.reopening(cycle, asking.id, department_id, Stage(stage), words)
    await parts.commands.ask(database, wish, Asked(key=f"{typed.key}.reopen"))


async def department_page(
    database: AsyncSession, around: Shell, asking: Viewer, cycle: Cycle, department_id: str
) -> DepartmentPage:
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    found = await database.exec(
        select(CycleDepartment, Unit, Person)
        .join(Unit, col(Unit.id) == col(CycleDepartment.department_id))
        .outerjoin(Person, col(Person.id) == col(Unit.head_id))
        .where(
            col(CycleDepartment.cycle_id) == cycle.id,
            col(CycleDepartment.department_id) == department_id,
            sees_department(asking, col(CycleDepartment.department_id)),
        )
    )
    row = found.first()
    if row is None:
        raise Refusal("department-unknown")
    standing, unit, director = row
    open_tasks = await _open_tasks(database, standing, around.now)
    history = [
        *_coming(open_tasks, around),
        *await _events(database, around, standing),
        *await _messages(database, around, asking, standing),
    ]
    return DepartmentPage(
        cycle=cycle,
        department=in_language(unit.name, unit.name_en, around.tongue.language),
        department_id=department_id,
        director=director.name if director else "",
        stage=standing.stage,
        round=standing.round,
        stages=_line(standing.stage),
        open_tasks=open_tasks,
        history=tuple(sorted(history, key=lambda one: (one.at, not one.is_message), reverse=True)),
        acts=around.is_hr and cycle.state is CycleState.RUNNING,
        reopens=around.is_hr and standing.stage is Stage.CLOSED and cycle.state in REOPENABLE,
        waits=await _order_waits(database, cycle, open_tasks),
    )


async def _order_waits(database: AsyncSession, cycle: Cycle, open_tasks: tuple[OpenTask, ...]) -> bool:
    """Say whether an order about one of the tasks was received that the engine has not carried out yet."""
    found = await database.exec(
        select(Command.id)
        .where(
            col(Command.cycle_id) == cycle.id,
            col(Command.task_id).in_([one.task.id for one in open_tasks]),
            col(Command.state) == CommandState.RECEIVED,
        )
        .limit(1)
    )
    return found.first() is not None


def _coming(open_tasks: tuple[OpenTask, ...], around: Shell) -> list[Happening]:
    """Return what will happen by itself to the open tasks."""
    t = around.tongue
    coming = []
    for one in open_tasks:
        task, facts = one.task, {"holder": one.holder, "task": around.term(one.task.kind)}
        if task.deadline_at >= around.now:
            text = t.gettext("“%(task)s” is due; open then, it moves to the superior of %(holder)s", **facts)
            coming.append(Happening(task.deadline_at, text, task_id=task.id, kind="coming"))
        if task.next_rung_at and around.now <= task.next_rung_at != task.deadline_at:
            text = t.gettext("The next reminder of “%(task)s” goes out", **facts)
            coming.append(Happening(task.next_rung_at, text, task_id=task.id, kind="coming"))
    return coming


def _line(at: Stage) -> tuple[tuple[Stage, str], ...]:
    place = STAGES_IN_ORDER.index(at) if at in STAGES_IN_ORDER else len(STAGES_IN_ORDER)
    if at is Stage.CANCELLED:
        return tuple((stage, "") for stage in STAGES_IN_ORDER)
    return tuple(
        (stage, "done" if here < place else "here" if here == place else "")
        for here, stage in enumerate(STAGES_IN_ORDER)
    )


async def _open_tasks(database: AsyncSession, standing: CycleDepartment, now: datetime) -> tuple[OpenTask, ...]:
    found = await database.exec(
        select(Task, Person)
        .outerjoin(Person, col(Person.id) == col(Task.holder_id))
        .where(
            col(Task.cycle_id) == standing.cycle_id,
            col(Task.department_id) == standing.department_id,
            col(Task.state) == TaskState.OPEN,
        )
        .order_by(col(Task.deadline_at))
    )
    return tuple(
        OpenTask(task, holder.name if holder else "", task.deadline_at < now) for task, holder in found.all()
    )


async def _events(database: AsyncSession, around: Shell, standing: CycleDepartment) -> list[Happening]:
    """Read the department's events; a decision brings the words that were said with it."""
    found = await database.exec(
        select(CycleEvent, Decision)
        .outerjoin(
            Decision, (col(Decision.task_id) == col(CycleEvent.task_id)) & (col(CycleEvent.kind) == "decided")
        )
        .where(
            col(CycleEvent.cycle_id) == standing.cycle_id,
            col(CycleEvent.department_id).in_([standing.department_id, ""]),
        )
        .order_by(col(CycleEvent.at).desc())
        .limit(MOST)
    )
    rows = found.all()
    worded = await happenings(database, [event for event, _ in rows], around.tongue, with_departments=False)
    reasons = await _reasons(database, [event for event, _ in rows])
    return [
        Happening(
            at=one.at,
            text=one.text,
            task_id=one.task_id,
            kind=one.kind,
            comment=decision.comment if decision else reasons.get(str(event.detail.get("command", "")), ""),
        )
        for one, (event, decision) in zip(worded, rows, strict=True)
    ]


async def _reasons(database: AsyncSession, events: Sequence[CycleEvent]) -> dict[str, str]:
    """Return the reasons that HR gave with its orders, by command."""
    given = {str(event.detail["command"]) for event in events if event.detail.get("command")}
    found = await database.exec(select(Command.id, Command.words).where(col(Command.id).in_(given)))
    return {command_id: str(words.get("reason", "")) for command_id, words in found.all()}


async def _messages(
    database: AsyncSession, around: Shell, asking: Viewer, standing: CycleDepartment
) -> list[Happening]:
    """Read what was written to whom about the department, and what became of it."""
    found = await database.exec(
        select(Notice, Person, Delivery)
        .join(Person, col(Person.id) == col(Notice.person_id))
        .outerjoin(Delivery, col(Delivery.id) == col(Notice.delivery_id))
        .where(
            col(Notice.cycle_id) == standing.cycle_id,
            col(Notice.department_id) == standing.department_id,
            sees_message_to(asking, col(Notice.person_id)),
        )
        .order_by(col(Notice.moment).desc())
        .limit(MOST)
    )
    t = around.tongue
    happened = []
    for notice, person, delivery in found.all():
        state = delivery.state if delivery else DeliveryState.COLLECTING
        if notice.channel is Channel.SYSTEM:
            outcome = t.gettext("read") if notice.read_at else t.gettext("not read yet")
        else:
            outcome = around.term(state)
        text = t.gettext(
            "%(channel)s to %(name)s: %(what)s (%(outcome)s)",
            channel=around.term(notice.channel),
            name=person.name,
            what=around.term(notice.occasion),
            outcome=outcome,
        )
        happened.append(
            Happening(
                at=notice.moment,
                text=text,
                is_message=True,
                kind="failed" if state is DeliveryState.FAILED else "message",
            )
        )
    return happened

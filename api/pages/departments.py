"""One department in a cycle: its stages, and all that happened as one line of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from api.facts import in_language
from api.pages.history import Happening, happenings
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.rights import seen_cycle, sees_department, sees_message_to
from api.session import Database, SignedIn, Viewer
from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.delivery import Delivery, Notice
from models.errors import Refusal
from models.org import Person, Unit
from models.stages import STAGES_IN_ORDER, Channel, DeliveryState, Stage, TaskState
from models.tasks import Decision, Task

MOST = 300
"""A department's events and messages on one page; a quarter has some 150."""

router = APIRouter()


@dataclass(frozen=True)
class OpenTask:
    task: Task
    holder: str
    is_late: bool


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


@router.get("/cycles/{cycle_id}/departments/{department_id}")
async def show_department(
    cycle_id: str, department_id: str, around: TheShell, asking: SignedIn, database: Database
) -> Response:
    cycle = await seen_cycle(database, asking, cycle_id)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    found = await database.exec(
        select(CycleDepartment, Unit, Person)
        .join(Unit, col(Unit.id) == col(CycleDepartment.department_id))
        .outerjoin(Person, col(Person.id) == col(Unit.head_id))
        .where(
            col(CycleDepartment.cycle_id) == cycle_id,
            col(CycleDepartment.department_id) == department_id,
            sees_department(asking, col(CycleDepartment.department_id)),
        )
    )
    row = found.first()
    if row is None:
        raise Refusal("department-unknown")
    standing, unit, director = row
    history = [*await _events(database, around, standing), *await _messages(database, around, asking, standing)]
    page = DepartmentPage(
        cycle=cycle,
        department=in_language(unit.name, unit.name_en, around.tongue.language),
        department_id=department_id,
        director=director.name if director else "",
        stage=standing.stage,
        round=standing.round,
        stages=_line(standing.stage),
        open_tasks=await _open_tasks(database, standing, around.now),
        history=tuple(sorted(history, key=lambda one: (one.at, not one.is_message), reverse=True)),
    )
    return around.render("cycles/department.html", page)


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
    return [
        Happening(
            at=one.at,
            text=one.text,
            task_id=one.task_id,
            kind=one.kind,
            comment=decision.comment if decision else "",
        )
        for one, (_, decision) in zip(worded, rows, strict=True)
    ]


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

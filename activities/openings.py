"""Opening a task: whose it is, until when, with which ladder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.cases import Case
from models.cycles import CycleDepartment, CycleEvent
from models.database import table_of
from models.messages import RungAt, TaskOpening
from models.org import Person, Unit, in_post, superior_of
from models.stages import Approver, Recipient, RungAction, Stage, TaskKind
from models.tasks import Task
from rules.ladder import drop_past, ladder_at_opening, resolve_ladder
from rules.plan import round_plan

HR_TASKS = (TaskKind.ANSWER_PROPOSAL, TaskKind.FILL_SCORING_GAP)


async def ladder_of(
    session: AsyncSession, case: Case, opening: TaskOpening
) -> tuple[datetime, tuple[RungAt, ...]]:
    """Return deadline and rungs of a task that opens now; a late one gets days of its own (Rule 8)."""
    plan = opening.plan
    calendar = await case.calendar(session)
    if plan.deadline_at is None:
        plan = round_plan(plan.slot, plan.kind, case.now, case.terms, calendar)
    if plan.deadline_at is None:
        raise ValueError(f"No deadline for {opening.task_id}")
    return ladder_at_opening(case.terms.ladder, case.terms.policy, plan.deadline_at, case.now, calendar)


async def new_task(
    session: AsyncSession,
    case: Case,
    opening: TaskOpening,
    deadline_at: datetime,
    rungs: tuple[RungAt, ...],
) -> Task:
    holder_id = await rightful_holder(session, case, opening)
    task = Task(
        id=opening.task_id,
        company_id=opening.company_id,
        cycle_id=opening.cycle_id,
        department_id=opening.department_id,
        slot=opening.plan.slot,
        kind=opening.plan.kind,
        stage=opening.stage,
        month=opening.plan.month,
        approver=opening.plan.approver,
        round=opening.round,
        holder_id=holder_id,
        first_holder_id=holder_id,
        opened_at=case.now,
        deadline_at=deadline_at,
        first_deadline_at=deadline_at,
        cause_id=opening.cause_id,
    )
    await note_next_rung(session, case, task, rungs)
    return task


async def rightful_holder(session: AsyncSession, case: Case, opening: TaskOpening) -> str:
    """Return the director, the director's superior or HR, as the task's kind asks.

    Where a post is vacant the task goes to whoever stands above it, in the end to HR.
    """
    hr_owner_id = case.cycle.hr_owner_id
    if opening.plan.kind in HR_TASKS or opening.plan.approver is Approver.HR:
        return hr_owner_id
    department = await session.get(Unit, opening.department_id)
    head_id = department.head_id if department else None
    holder: Person | None = None
    if opening.plan.approver is not Approver.SUPERIOR:
        holder = await in_post(session, head_id, case.today)
    if holder is None and head_id:
        holder = await superior_of(session, head_id, case.today)
    if holder is None and department and department.parent_id:
        above = await session.get(Unit, department.parent_id)
        holder = await in_post(session, above.head_id if above else None, case.today)
    return holder.id if holder else hr_owner_id


async def note_next_rung(session: AsyncSession, case: Case, task: Task, rungs: tuple[RungAt, ...]) -> None:
    """Write into the task's row when its next rung is due and to whom it will speak."""
    coming = drop_past(rungs, case.now)
    if not coming:
        task.next_rung_at = task.next_rung_to = None
        return
    rung = coming[0]
    task.next_rung_at = rung.at
    if rung.to is Recipient.HR:
        task.next_rung_to = case.cycle.hr_owner_id
    elif rung.to is Recipient.SUPERIOR or rung.action in (RungAction.MOVE, RungAction.ADD):
        superior = await superior_of(session, task.holder_id, case.today)
        task.next_rung_to = superior.id if superior else case.cycle.hr_owner_id
    else:
        task.next_rung_to = task.holder_id


async def rungs_of_level(session: AsyncSession, case: Case, task: Task, level: int) -> tuple[RungAt, ...]:
    """Return the ladder up to a changed deadline: the whole one for the first holder, the move for a superior."""
    calendar = await case.calendar(session)
    rungs = resolve_ladder(case.terms.ladder, task.deadline_at, calendar)
    if level == 0:
        coming = drop_past(rungs, case.now)
        return coming or rungs[-1:]
    return tuple(
        rung.model_copy(update={"name": f"superior-{level}-move"})
        for rung in rungs
        if rung.action is RungAction.MOVE
    )


_STANDING = table_of(CycleDepartment)
MOVE = (
    update(_STANDING)
    .where(
        _STANDING.c.cycle_id == bindparam("of_cycle"),
        _STANDING.c.department_id == bindparam("of_department"),
        (_STANDING.c.stage != bindparam("to_stage"))
        | (_STANDING.c.round != bindparam("to_round"))
        | _STANDING.c.stage_since.is_(None),
    )
    .values(stage=bindparam("to_stage"), round=bindparam("to_round"), stage_since=bindparam("at"), is_started=True)
)
"""Built once: each opening and each decision runs it."""


async def enter_stage(
    session: AsyncSession, case: Case, department_id: str, stage: Stage, round_: int
) -> list[CycleEvent]:
    """Write where a department stands; return the line of history to be written if that is new."""
    where = {"of_cycle": case.cycle.id, "of_department": department_id}
    to = {"to_stage": stage, "to_round": round_, "at": case.now}
    moved = await session.exec(MOVE, params={**where, **to})
    if not moved.rowcount:
        return []
    return [
        case.event(
            f"{case.cycle.id}.{department_id}/{stage}/{round_}",
            "stage",
            department_id=department_id,
            detail={"stage": stage, "round": round_},
        )
    ]

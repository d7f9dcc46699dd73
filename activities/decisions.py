"""Writing a person's decision, with what follows from it in the figures."""

from __future__ import annotations

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.cases import case_of
from activities.openings import enter_stage
from activities.proposals import accept_proposals, keep_targets
from models.cycles import CycleEvent
from models.errors import Refusal
from models.figures import facts_for_task, take_submission
from models.messages import Answer, Decide, TaskDecided
from models.metrics import Target
from models.org import deputy_of
from models.stages import Choice, TaskKind, TaskState
from models.tasks import Command, Decision, Task
from rules.completeness import gaps


async def record(session: AsyncSession, decided: TaskDecided) -> Answer:
    """Write the decision in the session's transaction; a second run gives the same answer.

    Raises:
        Refusal: somebody decided before, or the person stands in for nobody who may decide.
    """
    decide = decided.decide
    task, known, command = await what_is_known(session, decide)
    if known:
        if known.command_id != decide.command_id:
            raise Refusal("task-closed", by_id=known.by_id, choice=known.choice, at=known.decided_at.isoformat())
        return Answer(command_id=decide.command_id, task_id=decide.task_id, at=known.decided_at)
    await refuse_unless_deputy(session, decided)
    words = command.words if command else {}
    await follow_up(session, decided, task, words.get("submission_id", ""))
    task.state, task.closed_at, task.next_rung_at = TaskState.DECIDED, decided.now, None
    on_behalf_of = decide.for_id if decide.for_id != decide.by_id else ""
    acted_by = command.acted_by if command else ""
    session.add(
        Decision(
            task_id=task.id,
            command_id=decide.command_id,
            cycle_id=task.cycle_id,
            department_id=task.department_id,
            choice=decide.choice,
            by_id=decide.by_id,
            on_behalf_of=on_behalf_of,
            acted_by=acted_by,
            comment=words.get("comment", ""),
            decided_at=decided.now,
        )
    )
    session.add(
        CycleEvent(
            id=f"{task.id}/decided",
            company_id=task.company_id,
            cycle_id=task.cycle_id,
            department_id=task.department_id,
            task_id=task.id,
            kind="decided",
            actor_id=decide.by_id,
            on_behalf_of=on_behalf_of,
            acted_by=acted_by,
            detail={"choice": decide.choice, "kind": task.kind, "round": task.round},
            at=decided.now,
        )
    )
    if decided.leads_to and decided.leads_to is not decided.stage and decided.leads_to.is_open:
        case = await case_of(session, decided.cycle_id, decided.now)
        await enter_stage(session, case, task.department_id, decided.leads_to, decided.round)
    return Answer(command_id=decide.command_id, task_id=task.id, at=decided.now)


async def what_is_known(session: AsyncSession, decide: Decide) -> tuple[Task, Decision | None, Command | None]:
    """Return the task, the decision on it if there is one, and the command that holds this one's words."""
    found = await session.exec(
        select(Task, Decision, Command)
        .outerjoin(Decision, col(Decision.task_id) == col(Task.id))
        .outerjoin(Command, col(Command.id) == decide.command_id)
        .where(col(Task.id) == decide.task_id)
    )
    return found.one()


async def refuse_unless_deputy(session: AsyncSession, decided: TaskDecided) -> None:
    """Only the holder decides, or who stands in for them on that day (Rule 11)."""
    decide: Decide = decided.decide
    if decide.by_id == decide.for_id:
        return
    case = await case_of(session, decided.cycle_id, decided.now)
    if await deputy_of(session, decide.for_id, case.today) != decide.by_id:
        raise Refusal("not-deputy", holder_id=decide.for_id)


async def take_figures(session: AsyncSession, decided: TaskDecided, task: Task, submission_id: str) -> None:
    """Take the figures handed in over, all or nothing; the gate stays shut where one is missing (Rule 6)."""
    if submission_id:
        await take_submission(session, submission_id, decided.now)
    missing = gaps(await facts_for_task(session, task))
    if missing:
        raise Refusal("submission-incomplete", missing=len(missing))


async def follow_up(session: AsyncSession, decided: TaskDecided, task: Task, submission_id: str) -> None:
    """Write what the choice means for targets and figures."""
    choice = decided.decide.choice
    if choice is Choice.SUBMIT:
        await take_figures(session, decided, task, submission_id)
    elif choice is Choice.FILLED and submission_id:
        await take_submission(session, submission_id, decided.now)
    elif choice is Choice.ACCEPT_PROPOSAL:
        await accept_proposals(session, task, decided.now)
    elif choice is Choice.KEEP_TARGETS:
        await keep_targets(session, task)
    if choice in (Choice.CONFIRM, Choice.ACCEPT_PROPOSAL) and task.kind in (
        TaskKind.CONFIRM_TARGETS,
        TaskKind.ANSWER_PROPOSAL,
    ):
        await session.exec(
            update(Target)
            .where(col(Target.cycle_id) == task.cycle_id, col(Target.department_id) == task.department_id)
            .values(confirmed_at=decided.now)
            .execution_options(synchronize_session=False)
        )

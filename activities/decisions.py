"""Writing a person's decision, with what follows from it in the figures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.anomalies import find_anomalies
from activities.cases import Case, case_of
from activities.openings import enter_stage
from activities.proposals import accept_proposals, keep_targets
from models.cycles import Cycle, CycleEvent
from models.database import insert, insert_once, table_of
from models.errors import Refusal
from models.figures import facts_for_task, take_submission
from models.messages import Answer, Decide, TaskDecided
from models.metrics import Metric, Target
from models.org import Person, deputy_of
from models.stages import Choice, CommandState, TaskKind, TaskState
from models.targets import set_target
from models.tasks import Command, Decision, Task, settle
from rules.completeness import gaps

WHAT_IS_KNOWN = (
    select(Task, Cycle, Decision, Command)
    .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
    .outerjoin(Decision, col(Decision.task_id) == col(Task.id))
    .outerjoin(Command, col(Command.id) == bindparam("of_command"))
    .where(col(Task.id) == bindparam("of_task"))
)
"""The task and its cycle, the decision on it if there is one, and the command that holds this one's words."""

_TASKS = table_of(Task)
CLOSE = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("of_task"))
    .values(state=TaskState.DECIDED, closed_at=bindparam("at"), next_rung_at=None)
)
_TARGETS = table_of(Target)
CONFIRM = (
    update(_TARGETS)
    .where(_TARGETS.c.cycle_id == bindparam("of_cycle"), _TARGETS.c.department_id == bindparam("of_department"))
    .values(confirmed_at=bindparam("at"))
)


async def record(session: AsyncSession, decided: TaskDecided) -> Answer:
    """Write the decision in the session's transaction, and that its command is done; a second run gives
    the same answer.

    Raises:
        Refusal: somebody decided before, or the person stands in for nobody who may decide.
    """
    decide = decided.decide
    found = await session.exec(WHAT_IS_KNOWN, params={"of_task": decide.task_id, "of_command": decide.command_id})
    task, cycle, known, command = found.one()
    if known:
        if known.command_id != decide.command_id:
            raise Refusal("task-closed", by_id=known.by_id, choice=known.choice, at=known.decided_at.isoformat())
        return Answer(
            command_id=decide.command_id,
            task_id=decide.task_id,
            at=known.decided_at,
            is_noted=command is not None and command.state is CommandState.DONE,
        )
    case = Case(cycle, decided.now)
    await refuse_unless_deputy(session, case, decide)
    words = command.words if command else {}
    await follow_up(session, decided, task, words)
    changes = await fill_gaps(session, case, task, words) if decide.choice is Choice.FILLED else []
    await session.exec(CLOSE, params={"of_task": task.id, "at": decided.now})
    decision = decision_of(decided, task, command)
    await insert(session, decision)
    history = lines_of(case, decision, task, changes)
    if decided.leads_to and decided.leads_to is not decided.stage and decided.leads_to.is_open:
        history += await enter_stage(session, case, task.department_id, decided.leads_to, decided.round)
    await insert_once(session, history)
    answer = Answer(command_id=decide.command_id, task_id=task.id, at=decided.now, stage=decided.leads_to)
    if command is None:
        return answer
    await settle(session, command.id, CommandState.DONE, answer.said())
    return answer.model_copy(update={"is_noted": True})


def decision_of(decided: TaskDecided, task: Task, command: Command | None) -> Decision:
    decide = decided.decide
    return Decision(
        task_id=task.id,
        command_id=decide.command_id,
        cycle_id=task.cycle_id,
        department_id=task.department_id,
        choice=decide.choice,
        by_id=decide.by_id,
        on_behalf_of=decide.for_id if decide.for_id != decide.by_id else "",
        acted_by=command.acted_by if command else "",
        comment=command.words.get("comment", "") if command else "",
        decided_at=decided.now,
    )


def lines_of(case: Case, decision: Decision, task: Task, changes: list[dict[str, str | None]]) -> list[CycleEvent]:
    """Return a decision's lines of the cycle's history; `changes` are the targets it set."""
    who: dict[str, str] = {
        "department_id": task.department_id,
        "task_id": task.id,
        "actor_id": decision.by_id,
        "on_behalf_of": decision.on_behalf_of,
        "acted_by": decision.acted_by,
    }
    what = {"choice": decision.choice, "kind": task.kind, "round": task.round}
    history = [case.event(f"{task.id}/decided", "decided", **who, detail=what)]
    if changes:
        filled = {"targets": changes, "command": decision.command_id}
        history.append(case.event(f"{task.id}/targets", "targets-filled", **who, detail=filled))
    return history


async def refuse_unless_deputy(session: AsyncSession, case: Case, decide: Decide) -> None:
    """Only the holder decides, or who stands in for them on that day (Rule 11)."""
    if decide.by_id == decide.for_id:
        return
    if await deputy_of(session, decide.for_id, case.today) != decide.by_id:
        raise Refusal("not-deputy", holder_id=decide.for_id)


async def take_figures(session: AsyncSession, decided: TaskDecided, task: Task, submission_id: str) -> None:
    """Take the figures handed in over, all or nothing; the gate stays shut where one is missing (Rule 6)."""
    if submission_id:
        await take_submission(session, submission_id, decided.now)
    facts = await facts_for_task(session, task)
    missing = gaps(facts)
    if missing:
        raise Refusal("submission-incomplete", missing=len(missing))
    if submission_id:
        case = await case_of(session, task.cycle_id, decided.now)
        await find_anomalies(session, case, task.department_id, facts.months)


async def fill_gaps(
    session: AsyncSession, case: Case, task: Task, words: Mapping[str, Any]
) -> list[dict[str, str | None]]:
    """Take over what scoring waited for; whether it is enough, scoring says (Rule 42).

    Returns the targets that were set: whose, of what, from what to what, and what counts of it.
    """
    if submission_id := words.get("submission_id", ""):
        await take_submission(session, submission_id, case.now)
    changes: list[dict[str, str | None]] = []
    for given in words.get("targets", ()):
        person = await session.get_one(Person, given["person_id"])
        metric = await session.get_one(Metric, given["metric_id"])
        if person.department_id != task.department_id:
            continue  # Moved on meanwhile: another department's scoring asks for it.
        full_value = Decimal(given["value"])
        target, before = await set_target(session, case.cycle, person, metric, full_value, case.now)
        changes.append(
            {
                "person": person.id,
                "metric": metric.id,
                "before": None if before is None else format(before.normalize(), "f"),
                "value": format(target.full_value.normalize(), "f"),
                "counts": format(target.value.normalize(), "f"),
            }
        )
    return changes


async def follow_up(session: AsyncSession, decided: TaskDecided, task: Task, words: Mapping[str, Any]) -> None:
    """Write what the choice means for targets and figures."""
    choice = decided.decide.choice
    if choice is Choice.SUBMIT:
        await take_figures(session, decided, task, words.get("submission_id", ""))
    elif choice is Choice.ACCEPT_PROPOSAL:
        await accept_proposals(session, task, decided.now)
    elif choice is Choice.KEEP_TARGETS:
        await keep_targets(session, task)
    if choice in (Choice.CONFIRM, Choice.ACCEPT_PROPOSAL) and task.kind in (
        TaskKind.CONFIRM_TARGETS,
        TaskKind.ANSWER_PROPOSAL,
    ):
        where = {"of_cycle": task.cycle_id, "of_department": task.department_id}
        await session.exec(CONFIRM, params={**where, "at": decided.now})

"""Wishes: each thing a person can ask for, as the words to keep and the move to ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import SQLModel

from api.commands import CommandKind, Wish, new_command_id
from models.cycles import Cycle
from models.messages import (
    CycleCommand,
    CycleStart,
    Decide,
    Extend,
    Reassign,
    RemindTask,
    ReopenDepartment,
    ResendMessage,
    VoidTask,
)
from models.names import cycle_workflow_id, department_workflow_id
from models.stages import Choice, Stage
from models.tasks import Task
from models.terms import Frozen


def decision(
    task: Task,
    by_id: str,
    for_id: str,
    choice: Choice,
    *,
    comment: str = "",
    submission_id: str = "",
    rows: Sequence[SQLModel] = (),
    targets: Sequence[dict[str, str]] = (),
    command_id: str = "",
) -> Wish:
    """Decide a task in the place of `for_id`, its holder. `rows` are proposals or a submission."""
    command_id = command_id or new_command_id()
    words: dict[str, Any] = {"comment": comment, "submission_id": submission_id}
    if targets:
        words["targets"] = list(targets)
    move = Decide(command_id=command_id, task_id=task.id, by_id=by_id, for_id=for_id, choice=choice)
    return _of_task(CommandKind.DECIDE, task, by_id, move, words, command_id, rows)


def reassignment(task: Task, by_id: str, to_id: str, reason: str) -> Wish:
    command_id = new_command_id()
    move = Reassign(command_id=command_id, task_id=task.id, by_id=by_id, to_id=to_id)
    return _of_task(CommandKind.REASSIGN, task, by_id, move, {"reason": reason}, command_id)


def extension(task: Task, by_id: str, due_on: date, reason: str) -> Wish:
    command_id = new_command_id()
    move = Extend(command_id=command_id, task_id=task.id, by_id=by_id, due_on=due_on)
    return _of_task(CommandKind.EXTEND, task, by_id, move, {"reason": reason}, command_id)


def voiding(task: Task, by_id: str, reason: str) -> Wish:
    command_id = new_command_id()
    move = VoidTask(command_id=command_id, task_id=task.id, by_id=by_id)
    return _of_task(CommandKind.VOID, task, by_id, move, {"reason": reason}, command_id)


def reminder(task: Task, by_id: str) -> Wish:
    command_id = new_command_id()
    move = RemindTask(command_id=command_id, task_id=task.id, by_id=by_id)
    return _of_task(CommandKind.REMIND, task, by_id, move, {}, command_id)


def cycle_order(kind: CommandKind, cycle: Cycle, by_id: str, words: dict[str, Any]) -> Wish:
    """Pause, resume, cancel, publish, a new plan, a change of staff."""
    command_id = new_command_id()
    return _of_cycle(kind, cycle, by_id, CycleCommand(command_id=command_id, by_id=by_id), words, command_id)


def reopening(cycle: Cycle, by_id: str, department_id: str, stage: Stage, words: dict[str, Any]) -> Wish:
    command_id = new_command_id()
    move = ReopenDepartment(command_id=command_id, by_id=by_id, department_id=department_id, stage=stage)
    return _of_cycle(CommandKind.REOPEN, cycle, by_id, move, words, command_id)


def resend(cycle: Cycle, by_id: str, delivery_id: str, words: dict[str, Any]) -> Wish:
    """Send a message again. `words["confirmed"]` says how HR learned that it had not arrived."""
    command_id = new_command_id()
    move = ResendMessage(command_id=command_id, by_id=by_id, delivery_id=delivery_id)
    return _of_cycle(CommandKind.RESEND, cycle, by_id, move, {**words, "delivery_id": delivery_id}, command_id)


def launch(cycle: Cycle, by_id: str, begin_at: datetime, rows: Sequence[SQLModel] = ()) -> Wish:
    """Launch a cycle. The command's id is made from the cycle's, so that of two launches one is refused."""
    start = CycleStart(company_id=cycle.company_id, cycle_id=cycle.id, begin_at=begin_at)
    return _of_cycle(CommandKind.LAUNCH, cycle, by_id, start, {}, f"launch.{cycle.id}", rows)


def workflow_of(task: Task) -> str:
    return department_workflow_id(task.company_id, task.cycle_id, task.department_id)


def note(kind: CommandKind, company_id: str, by_id: str, words: dict[str, Any], rows: Sequence[SQLModel]) -> Wish:
    """Keep words that ask for no move."""
    return Wish(
        kind=kind,
        company_id=company_id,
        by_id=by_id,
        workflow_id="",
        move=None,
        command_id=new_command_id(),
        words=words,
        rows=tuple(rows),
    )


def _of_task(
    kind: CommandKind,
    task: Task,
    by_id: str,
    move: Frozen,
    words: dict[str, Any],
    command_id: str,
    rows: Sequence[SQLModel] = (),
) -> Wish:
    return Wish(
        kind=kind,
        company_id=task.company_id,
        by_id=by_id,
        workflow_id=workflow_of(task),
        move=move,
        command_id=command_id,
        task_id=task.id,
        cycle_id=task.cycle_id,
        words=words,
        rows=tuple(rows),
    )


def _of_cycle(
    kind: CommandKind,
    cycle: Cycle,
    by_id: str,
    move: Frozen,
    words: dict[str, Any],
    command_id: str,
    rows: Sequence[SQLModel] = (),
) -> Wish:
    return Wish(
        kind=kind,
        company_id=cycle.company_id,
        by_id=by_id,
        workflow_id=cycle_workflow_id(cycle.company_id, cycle.id),
        move=move,
        command_id=command_id,
        cycle_id=cycle.id,
        words=words,
        rows=tuple(rows),
    )

"""Workflows of the real names that keep no records: what the API asks for, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.messages import (
    Answer,
    CycleCommand,
    CycleStart,
    Decide,
    Extend,
    Reassign,
    RemindTask,
    ReopenDepartment,
    SendLink,
    VoidTask,
)
from models.stages import Stage


@dataclass
class Seen:
    moves: list[dict[str, Any]] = field(default_factory=list)


def refuse(code: str, **facts: Any) -> ApplicationError:
    return ApplicationError(code, facts, type=code, non_retryable=True)


@workflow.defn(name="DepartmentReview", sandboxed=False)
class StandInReview:
    """Takes the first decision on each task; refuses every other."""

    @workflow.init
    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.decided: dict[str, tuple[Decide, datetime]] = {}
        self.is_over = False

    @workflow.run
    async def run(self, seen: Seen) -> None:
        await workflow.wait_condition(lambda: self.is_over)
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update
    async def decide(self, decide: Decide) -> Answer:
        self.seen.moves.append({"name": "decide", **decide.model_dump(mode="json")})
        self.decided[decide.task_id] = (decide, workflow.now())
        at = workflow.now()
        return Answer(command_id=decide.command_id, task_id=decide.task_id, at=at, stage=Stage.SUBMISSION)

    @decide.validator
    def refuse_second(self, decide: Decide) -> None:
        known = self.decided.get(decide.task_id)
        if known:
            first, at = known
            raise refuse("task-closed", by_id=first.by_id, choice=first.choice, at=at.isoformat())

    @workflow.update
    async def reassign(self, reassign: Reassign) -> Answer:
        return self.noted("reassign", reassign)

    @workflow.update
    async def extend(self, extend: Extend) -> Answer:
        return self.noted("extend", extend)

    @workflow.update
    async def void(self, void: VoidTask) -> Answer:
        return self.noted("void", void)

    @workflow.update
    async def remind(self, remind: RemindTask) -> Answer:
        return self.noted("remind", remind)

    @workflow.signal
    def send_link(self, asked: SendLink) -> None:
        self.seen.moves.append({"name": "send_link", **asked.model_dump(mode="json")})

    @workflow.signal
    def end(self) -> None:
        self.is_over = True

    @workflow.query
    def moves(self) -> Seen:
        return self.seen

    def noted(self, name: str, move: Reassign | Extend | VoidTask | RemindTask) -> Answer:
        self.seen.moves.append({"name": name, **move.model_dump(mode="json")})
        return Answer(command_id=move.command_id, task_id=move.task_id, at=workflow.now())


@workflow.defn(name="PerformanceCycle", sandboxed=False)
class StandInCycle:
    """Can be paused once; takes everything else as it comes."""

    @workflow.init
    def __init__(self, start: CycleStart) -> None:
        self.start = start
        self.is_paused = False
        self.seen = Seen()

    @workflow.run
    async def run(self, start: CycleStart) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def pause(self, command: CycleCommand) -> Answer:
        self.is_paused = True
        return self.noted("pause", command)

    @pause.validator
    def refuse_second_pause(self, command: CycleCommand) -> None:
        if self.is_paused:
            raise refuse("already-paused")

    @workflow.update
    async def resume(self, command: CycleCommand) -> Answer:
        return self.noted("resume", command)

    @workflow.update
    async def cancel(self, command: CycleCommand) -> Answer:
        return self.noted("cancel", command)

    @workflow.update
    async def publish(self, command: CycleCommand) -> Answer:
        raise refuse("cycle-not-ready", count=3)

    @workflow.update
    async def change_plan(self, command: CycleCommand) -> Answer:
        return self.noted("change_plan", command)

    @workflow.update
    async def change_staff(self, command: CycleCommand) -> Answer:
        return self.noted("change_staff", command)

    @workflow.update
    async def reopen(self, reopen: ReopenDepartment) -> Answer:
        return self.noted("reopen", reopen)

    @workflow.query
    def moves(self) -> Seen:
        return self.seen

    def noted(self, name: str, command: CycleCommand | ReopenDepartment) -> Answer:
        self.seen.moves.append({"name": name, **command.model_dump(mode="json")})
        return Answer(command_id=command.command_id, at=workflow.now())

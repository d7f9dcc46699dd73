"""What a review knows, and the smallest steps it is made of."""

from __future__ import annotations

import asyncio

from temporalio import workflow

from models import effects
from models.errors import Refusal
from models.messages import (
    Announce,
    Answer,
    ClosedBy,
    DepartmentCarried,
    DepartmentMoment,
    DepartmentStart,
    Order,
    StageReached,
    TaskChange,
)
from models.names import batch_of
from models.stages import Choice, Occasion
from workflows.course import Course
from workflows.effects import record
from workflows.human_task import HumanTask
from workflows.post import Post


class Review:
    """Where the review of one department stands. Whoever changes a task holds `one_at_a_time`."""

    def __init__(self, start: DepartmentStart) -> None:
        carried = start.carried or DepartmentCarried()
        self.start = start
        self.course = Course.of(start)
        self.tasks = {task.task_id: HumanTask.carried_on(task) for task in carried.tasks}
        self.closed = {closed.task_id: closed for closed in carried.closed}
        self.answers = {answer.command_id: answer for answer in carried.answers}
        self.paused_at = carried.paused_at
        self.order_revision = carried.order_revision
        self.orders: list[Order] = []
        self.post = Post(start.plan.company_id)
        self.one_at_a_time = asyncio.Lock()
        self.stirred = False

    def open_task(self, wanted: str) -> HumanTask:
        """Return an open task that can be acted on now.

        Raises:
            Refusal: it is closed, unknown, or the cycle is paused.
        """
        if known := self.closed.get(wanted):
            raise Refusal("task-closed", by_id=known.by_id, choice=known.choice, at=known.at.isoformat())
        if wanted not in self.tasks:
            raise Refusal("task-unknown", task_id=wanted)
        if self.paused_at is not None:
            raise Refusal("cycle-paused", since=self.paused_at.isoformat())
        return self.tasks[wanted]

    async def hand_over(self, task: HumanTask, change: TaskChange) -> None:
        before = task.epoch
        task.change(await record(effects.REASSIGN_TASK, change))
        self.post.send(batch_of(task.task_id, before, change.command_id))

    async def void_task(self, task: HumanTask, command_id: str, by_id: str) -> None:
        await record(effects.VOID_TASK, self.change_of(task, command_id, by_id))
        self.close(task, by_id, "void")
        self.post.send(batch_of(task.task_id, task.epoch, command_id))

    def change_of(self, task: HumanTask, command_id: str, by_id: str) -> TaskChange:
        return TaskChange(
            command_id=command_id,
            task_id=task.task_id,
            by_id=by_id,
            epoch=task.epoch,
            level=task.level,
            fired=tuple(sorted(task.fired)),
            now=workflow.now(),
        )

    def conclude(self, task: HumanTask, by_id: str, choice: Choice, command_id: str) -> None:
        """Take a decision that is recorded; employees hear of the last approval only (Rule 14)."""
        self.close(task, by_id, choice)
        self.stirred = True
        if self.course.decided(task.slot, choice, command_id):
            self.announce(Occasion.RESULTS_APPROVED)

    def close(self, task: HumanTask, by_id: str, choice: str) -> None:
        del self.tasks[task.task_id]
        self.closed[task.task_id] = ClosedBy(task_id=task.task_id, by_id=by_id, choice=choice, at=workflow.now())

    def answer_now(self, command_id: str, task: HumanTask) -> Answer:
        return Answer(command_id=command_id, task_id=task.task_id, at=workflow.now(), stage=self.course.stage)

    def answered(self, answer: Answer) -> Answer:
        self.answers[answer.command_id] = answer
        self.stirred = True
        return answer

    def announce(self, occasion: Occasion) -> None:
        plan = self.course.plan
        self.post.announce(
            Announce(
                key=f"{plan.cycle_id}.{plan.department_id}/{occasion}/{self.course.round}",
                company_id=plan.company_id,
                cycle_id=plan.cycle_id,
                department_id=plan.department_id,
                occasion=occasion,
                now=workflow.now(),
            )
        )

    def open_slots(self) -> set[str]:
        return {task.slot for task in self.tasks.values()}

    def moment(self) -> DepartmentMoment:
        plan = self.course.plan
        return DepartmentMoment(
            company_id=plan.company_id,
            cycle_id=plan.cycle_id,
            department_id=plan.department_id,
            now=workflow.now(),
        )

    def reached(self) -> StageReached:
        plan = self.course.plan
        return StageReached(
            company_id=plan.company_id,
            cycle_id=plan.cycle_id,
            department_id=plan.department_id,
            stage=self.course.stage,
            round=self.course.round,
            now=workflow.now(),
        )

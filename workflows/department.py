"""The review of one department in a cycle (部门绩效评审): its stages, and the tasks of its people."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from models import effects
from models.messages import (
    DepartmentStart,
    RungAt,
    RungFired,
    TaskOpening,
    TaskPlan,
)
from models.names import batch_of, cycle_workflow_id, task_id
from models.stages import Choice, Occasion, RungAction, Stage, TaskKind
from workflows.commands import PeoplesCommands
from workflows.effects import attempt, perform, record
from workflows.human_task import HumanTask
from workflows.orders import CyclesOrders

EVENTS_BEFORE_CONTINUING = 700
"""A history is continued as new at the next stage boundary after this many events (DESIGN 8)."""
ANSWERS_KEPT = 50
FETCH_TRIES = 5


@workflow.defn
class DepartmentReview(PeoplesCommands, CyclesOrders):
    """Takes one department through its stages, and holds its tasks.

    Started by the cycle under `cycle/{company}/{cycle}/dept/{department}`; ends when the
    department is closed or its cycle cancelled. One loop opens what is due, climbs ladders and
    passes gates; people's decisions come in between, one at a time.
    """

    @workflow.init
    def __init__(self, start: DepartmentStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: DepartmentStart) -> None:
        await self.wait_until(start.begin_at)
        while self.course.stage.is_open:
            self.stirred = False
            await self.obey_orders()
            if self.paused_at is None and self.course.stage.is_open:
                await self.open_what_is_due()
                await self.climb_what_is_due()
                await self.evaluate()
            if self.course.stage.is_open:
                await self.continue_as_new_if_long()
                await self.something_happens()
        await self.post.empty()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self.course.stage is Stage.CLOSED:
            await self.tell_the_cycle()

    async def wait_until(self, instant: datetime) -> None:
        """A department never begins before its cycle did, whatever the clock it was started on."""
        wait = instant - workflow.now()
        if wait > timedelta(0):
            await workflow.sleep(wait)

    async def something_happens(self) -> None:
        """Wait for a person, an order, or the next instant of a plan or ladder."""
        instants = [] if self.paused_at else self.instants()
        if not instants:
            await workflow.wait_condition(lambda: self.stirred)
            return
        wait = min(instants) - workflow.now()
        if wait <= timedelta(0):
            return
        try:
            await workflow.wait_condition(lambda: self.stirred, timeout=wait)
        except TimeoutError:
            return

    def instants(self) -> list[datetime]:
        """When something will be due: a rung of an open task, or the opening of the next."""
        rungs = [rung.at for task in self.tasks.values() if (rung := task.next_rung(workflow.now()))]
        return rungs + self.course.openings(self.open_slots())

    async def continue_as_new_if_long(self) -> None:
        info = workflow.info()
        long = info.get_current_history_length() > EVENTS_BEFORE_CONTINUING
        if not (long or info.is_continue_as_new_suggested()):
            return
        await self.post.empty()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self.orders or not self.course.stage.is_open:
            return
        workflow.continue_as_new(
            DepartmentStart(
                plan=self.course.plan,
                begin_at=self.start.begin_at,
                stage=self.course.stage,
                round=self.course.round,
                carried=self.course.carried().model_copy(
                    update={
                        "tasks": tuple(task.carried() for task in self.tasks.values()),
                        "closed": tuple(self.closed.values())[-ANSWERS_KEPT:],
                        "answers": tuple(self.answers.values())[-ANSWERS_KEPT:],
                        "paused_at": self.paused_at,
                        "order_revision": self.order_revision,
                    }
                ),
            )
        )

    async def tell_the_cycle(self) -> None:
        """Close; the last department to close says so to the cycle."""
        closed = await record(effects.CLOSE_DEPARTMENT, self.reached())
        if closed.was_last:
            plan = self.course.plan
            cycle = workflow.get_external_workflow_handle(cycle_workflow_id(plan.company_id, plan.cycle_id))
            await cycle.signal("departments_closed")

    # --- opening and climbing ----------------------------------------------------------------

    async def open_what_is_due(self) -> None:
        while plan := self.course.next_to_open(self.open_slots(), workflow.now()):
            if plan.kind is TaskKind.SUBMIT_DATA:
                await attempt(effects.FETCH_FIGURES, self.moment(), FETCH_TRIES)
            await self.open(plan)

    async def open(self, plan: TaskPlan) -> None:
        course = self.course
        async with self.one_at_a_time:
            if plan.slot not in course.wanted(self.open_slots()):
                return  # An order came in while figures were fetched.
            new_id = task_id(course.plan.cycle_id, course.plan.department_id, plan.slot, course.round)
            opened = await record(
                effects.OPEN_TASK,
                TaskOpening(
                    task_id=new_id,
                    company_id=course.plan.company_id,
                    cycle_id=course.plan.cycle_id,
                    department_id=course.plan.department_id,
                    stage=course.stage,
                    plan=plan,
                    round=course.round,
                    now=workflow.now(),
                    cause_id=course.cause_id,
                ),
            )
            task = HumanTask.opened(new_id, plan, opened)
            self.tasks[new_id] = task
        self.post.send(batch_of(new_id, task.epoch, Occasion.TASK_OPENED))

    async def climb_what_is_due(self) -> None:
        for task in list(self.tasks.values()):
            while task.task_id in self.tasks and (rung := self.due(task)):
                await self.climb(task, rung)

    def due(self, task: HumanTask) -> RungAt | None:
        rung = task.next_rung(workflow.now())
        return rung if rung and rung.at <= workflow.now() else None

    async def climb(self, task: HumanTask, rung: RungAt) -> None:
        async with self.one_at_a_time:
            if task.task_id not in self.tasks or rung.name in task.fired or rung not in task.rungs:
                return  # Somebody acted while this rung waited for its turn.
            before = task.epoch
            outcome = await record(
                effects.FIRE_RUNG,
                RungFired(
                    task_id=task.task_id,
                    cycle_id=self.course.plan.cycle_id,
                    rung=rung,
                    level=task.level,
                    epoch=task.epoch,
                    by_policy=self.course.plan.approve_by_silence
                    and task.kind is TaskKind.APPROVE_RESULTS
                    and rung.action is RungAction.MOVE,
                    later=tuple(later for later in task.waiting() if later.at > rung.at),
                    now=workflow.now(),
                ),
            )
            task.climb(rung, outcome)
            if outcome.approved_by_policy:
                self.conclude(task, "", Choice.APPROVE, "")
        self.post.send(batch_of(task.task_id, before, rung.name))

    async def evaluate(self) -> None:
        """Score when the data gate is open and nothing blocks; what is missing becomes HR's task (Rule 42)."""
        if not self.course.must_score:
            return
        await record(effects.REACH_STAGE, self.reached())
        outcome = await perform(effects.SCORE_DEPARTMENT, self.reached())
        if not self.course.stage.is_open or self.orders:
            self.stirred = True
            return
        self.course.scored(missing=outcome.missing)
        self.stirred = True

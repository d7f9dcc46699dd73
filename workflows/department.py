"""The review of one department in a cycle (部门绩效评审): its stages, and the tasks of its people."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

from models import effects
from models.errors import Refusal
from models.messages import (
    Announce,
    Answer,
    ClosedBy,
    Decide,
    DepartmentCarried,
    DepartmentMoment,
    DepartmentStart,
    Extend,
    LinkOffered,
    Order,
    Reassign,
    RemindTask,
    RungAt,
    RungFired,
    SendLink,
    StageReached,
    TaskChange,
    TaskDecided,
    TaskOpening,
    TaskPlan,
    VoidTask,
)
from models.names import batch_of, cycle_workflow_id, task_id
from models.stages import Choice, Occasion, RungAction, Stage, TaskKind
from workflows.course import Course
from workflows.effects import attempt, perform, record, refusals
from workflows.human_task import HumanTask
from workflows.post import Post

EVENTS_BEFORE_CONTINUING = 700
"""A history is continued as new at the next stage boundary after this many events (DESIGN 8)."""
ANSWERS_KEPT = 50
FETCH_TRIES = 5


@workflow.defn
class DepartmentReview:
    """Takes one department through its stages, and holds its tasks.

    Started by the cycle under `cycle/{company}/{cycle}/dept/{department}`; ends when the
    department is closed or its cycle cancelled. One loop opens what is due, climbs ladders and
    passes gates; people's decisions come in between, one at a time.
    """

    @workflow.init
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

    # --- the course of things -------------------------------------------------------------

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

    # --- what people do --------------------------------------------------------------------

    @workflow.update
    async def decide(self, decide: Decide) -> Answer:
        """Decide a task. Of several decisions at once the first counts; the others are refused."""
        async with self.one_at_a_time:
            if known := self.answers.get(decide.command_id):
                return known
            with refusals():
                task = self.open_task(decide.task_id)
                task.refuse_unless_decidable(decide)
            plan = self.course.plan
            leads_to, round_after = self.course.stage_after(task.slot, decide.choice)
            answer = await record(
                effects.RECORD_DECISION,
                TaskDecided(
                    decide=decide,
                    company_id=plan.company_id,
                    cycle_id=plan.cycle_id,
                    department_id=plan.department_id,
                    stage=self.course.stage,
                    round=round_after,
                    leads_to=leads_to,
                    now=workflow.now(),
                ),
            )
            self.conclude(task, decide.by_id, decide.choice, decide.command_id)
            return self.answered(answer.model_copy(update={"stage": self.course.stage}))

    @decide.validator
    def refuse_a_decision_that_cannot_count(self, decide: Decide) -> None:
        if decide.command_id in self.answers:
            return
        with refusals():
            self.open_task(decide.task_id).refuse_unless_decidable(decide)

    @workflow.update
    async def reassign(self, reassign: Reassign) -> Answer:
        """Give an open task to another person (Rule 11)."""
        async with self.one_at_a_time:
            if known := self.answers.get(reassign.command_id):
                return known
            with refusals():
                task = self.open_task(reassign.task_id)
                if reassign.to_id == task.holder_id:
                    raise Refusal("same-holder", holder_id=task.holder_id)
            change = self.change_of(task, reassign.command_id, reassign.by_id)
            await self.hand_over(task, change.model_copy(update={"to_id": reassign.to_id}))
            return self.answered(self.answer_now(reassign.command_id, task))

    @reassign.validator
    def refuse_to_reassign_what_is_closed(self, reassign: Reassign) -> None:
        if reassign.command_id not in self.answers:
            with refusals():
                self.open_task(reassign.task_id)

    @workflow.update
    async def extend(self, extend: Extend) -> Answer:
        """Give an open task a new deadline; its ladder is set anew (Rule 10)."""
        async with self.one_at_a_time:
            if known := self.answers.get(extend.command_id):
                return known
            with refusals():
                task = self.open_task(extend.task_id)
            change = self.change_of(task, extend.command_id, extend.by_id)
            task.change(await record(effects.EXTEND_TASK, change.model_copy(update={"due_on": extend.due_on})))
            self.post.send(batch_of(task.task_id, task.epoch, extend.command_id))
            return self.answered(self.answer_now(extend.command_id, task))

    @extend.validator
    def refuse_to_extend_what_is_closed(self, extend: Extend) -> None:
        if extend.command_id not in self.answers:
            with refusals():
                self.open_task(extend.task_id)

    @workflow.update
    async def void(self, void: VoidTask) -> Answer:
        """Close a task without a decision; the stage goes on as if it were not needed."""
        async with self.one_at_a_time:
            if known := self.answers.get(void.command_id):
                return known
            with refusals():
                task = self.open_task(void.task_id)
                self.course.refuse_unless_voidable(task.slot)
            await self.void_task(task, void.command_id, void.by_id)
            self.course.voided(task.slot)
            return self.answered(self.answer_now(void.command_id, task))

    @void.validator
    def refuse_to_void_what_is_closed(self, void: VoidTask) -> None:
        if void.command_id not in self.answers:
            with refusals():
                self.course.refuse_unless_voidable(self.open_task(void.task_id).slot)

    @workflow.update
    async def remind(self, remind: RemindTask) -> Answer:
        """Remind whoever holds a task now; its ladder stays as it is."""
        async with self.one_at_a_time:
            if known := self.answers.get(remind.command_id):
                return known
            with refusals():
                task = self.open_task(remind.task_id)
                task.refuse_if_just_reminded(workflow.now())
            await record(effects.REMIND_TASK, self.change_of(task, remind.command_id, remind.by_id))
            task.reminded_at = workflow.now()
            self.post.send(batch_of(task.task_id, task.epoch, remind.command_id))
            return self.answered(self.answer_now(remind.command_id, task))

    @remind.validator
    def refuse_to_remind_in_vain(self, remind: RemindTask) -> None:
        if remind.command_id not in self.answers:
            with refusals():
                self.open_task(remind.task_id).refuse_if_just_reminded(workflow.now())

    @workflow.signal
    async def send_link(self, asked: SendLink) -> None:
        """Send the rightful holder a fresh link."""
        task = self.tasks.get(asked.task_id)
        if task is None:
            return
        now = workflow.now()
        await record(
            effects.OFFER_LINK,
            LinkOffered(task_id=task.task_id, person_id=asked.person_id, epoch=task.epoch, now=now),
        )
        self.post.send(batch_of(task.task_id, task.epoch, f"{Occasion.NEW_LINK}-{now:%Y%m%d%H%M}"))

    # --- what the cycle orders ---------------------------------------------------------------

    @workflow.signal
    def order(self, order: Order) -> None:
        """Take an order of the cycle; the loop obeys it. One that is not newer than the last is ignored."""
        if order.revision > max([self.order_revision, *(known.revision for known in self.orders)]):
            self.orders.append(order)
            self.stirred = True

    async def obey_orders(self) -> None:
        while self.orders:
            async with self.one_at_a_time:
                order = self.orders.pop(0)
                self.order_revision = order.revision
                if order.kind == "pause":
                    self.paused_at = order.at
                elif order.kind == "resume":
                    await self.resume(order)
                elif order.kind == "plan" and order.plan:
                    await self.take_plan(order)
                elif order.kind == "follow":
                    await self.follow(order)
                elif order.kind == "cancel":
                    await self.cancel(order)

    async def resume(self, order: Order) -> None:
        """All open deadlines move by the time paused, those not yet opened as well (Rule 13)."""
        if self.paused_at is None:
            return
        shift, self.paused_at = order.at - self.paused_at, None
        self.course.shift(shift)
        for task in self.tasks.values():
            change = self.change_of(task, order.command_id, "")
            task.change(await record(effects.SHIFT_TASK, change.model_copy(update={"shift": shift})))

    async def take_plan(self, order: Order) -> None:
        """A new plan: open tasks whose deadline it moves get a new ladder (Rule 10)."""
        if order.plan is None:
            return
        for slot, deadline_at in self.course.take_plan(order.plan):
            for task in [task for task in self.tasks.values() if self.course.base(task.slot) == slot]:
                change = self.change_of(task, order.command_id, "")
                changed = change.model_copy(update={"deadline_at": deadline_at})
                task.change(await record(effects.EXTEND_TASK, changed))
                self.post.send(batch_of(task.task_id, task.epoch, order.command_id))

    async def follow(self, order: Order) -> None:
        """Open tasks follow the post (Rule 12)."""
        holders = dict(order.holders)
        for task in [task for task in self.tasks.values() if task.holder_id in holders]:
            change = self.change_of(task, order.command_id, "")
            await self.hand_over(task, change.model_copy(update={"to_id": holders[task.holder_id]}))

    async def cancel(self, order: Order) -> None:
        for task in list(self.tasks.values()):
            await self.void_task(task, order.command_id, "")
        self.course.stage = Stage.CANCELLED
        await record(effects.REACH_STAGE, self.reached())

    # --- parts --------------------------------------------------------------------------------

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

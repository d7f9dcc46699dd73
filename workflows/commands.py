"""What people may do with the tasks of a review: each an update that is refused or done, once."""

from __future__ import annotations

from temporalio import workflow

from models import effects
from models.errors import Refusal
from models.messages import (
    Answer,
    Decide,
    Extend,
    LinkOffered,
    Reassign,
    RemindTask,
    SendLink,
    TaskDecided,
    VoidTask,
)
from models.names import batch_of
from models.stages import Occasion
from workflows.effects import record, refusals
from workflows.review import Review


class PeoplesCommands(Review):
    """Carries out what people ask for, one after the other."""

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

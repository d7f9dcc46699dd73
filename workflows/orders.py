"""What a cycle orders its departments: pause, resume, a new plan, changed holders, cancel."""

from __future__ import annotations

from temporalio import workflow

from models import effects
from models.messages import Order
from models.names import batch_of
from models.stages import Stage
from workflows.effects import record
from workflows.review import Review


class CyclesOrders(Review):
    """Keeps the orders of the cycle and obeys them in turn."""

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

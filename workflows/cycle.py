"""A performance cycle (绩效周期) of a company: launches its departments, passes orders on, publishes."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

from models import effects
from models.errors import Refusal
from models.messages import (
    Announce,
    Answer,
    CycleCommand,
    CycleMoment,
    CycleRecord,
    CycleStart,
    DepartmentsStarting,
    DepartmentStart,
    MessageResend,
    Order,
    OrderAll,
    ReopenDepartment,
    ReopenRecord,
    ResendMessage,
)
from models.stages import CycleState, Occasion
from workflows.effects import perform, record, refusals
from workflows.post import Post

CycleOrder = CycleCommand | ReopenDepartment | ResendMessage

OPEN_AFTER_PUBLICATION = timedelta(days=180)
"""A published cycle can be reopened for a department this long (Rule 13)."""

OPEN_STATES = (CycleState.RUNNING, CycleState.PAUSED, CycleState.READY)
RUNNING_ONLY = (CycleState.RUNNING,)
PAUSED_ONLY = (CycleState.PAUSED,)
READY_ONLY = (CycleState.READY,)
SENDING = (CycleState.RUNNING, CycleState.READY, CycleState.PUBLISHED)
"""Messages can be sent again in these."""
REOPENABLE = (CycleState.RUNNING, CycleState.READY, CycleState.PUBLISHED)


@workflow.defn
class PerformanceCycle:
    """Launched by HR under `cycle/{company}/{cycle}`.

    Its departments are workflows of their own, started in batches by an activity. Orders to them
    go out one after the other, in the order in which HR gave them.
    """

    @workflow.init
    def __init__(self, start: CycleStart) -> None:
        self.start = start
        self.state = CycleState.RUNNING
        self.revision = 0
        self.orders: list[Order] = []
        self.reopened: list[DepartmentStart] = []
        self.announcements: list[Occasion] = []
        self.answers: dict[str, Answer] = {}
        self.post = Post(start.company_id)
        self.one_at_a_time = asyncio.Lock()
        self.all_closed = False
        self.ends_at: datetime | None = None

    @workflow.run
    async def run(self, start: CycleStart) -> None:
        wait = start.begin_at - workflow.now()
        if wait > timedelta(0):
            await workflow.sleep(wait)
        await perform(effects.START_DEPARTMENTS, self.starting())
        while not self.is_over():
            if self.orders:
                await self.pass_on(self.orders.pop(0))
            elif self.reopened:
                await perform(effects.START_DEPARTMENTS, self.starting(self.reopened.pop(0)))
            elif self.announcements:
                self.announce(self.announcements.pop(0))
            elif self.all_closed and self.state is CycleState.RUNNING:
                await self.be_ready()
            else:
                await self.something_happens()
        await self.post.empty()
        await workflow.wait_condition(workflow.all_handlers_finished)

    def is_over(self) -> bool:
        if self.orders or self.reopened or self.announcements:
            return False
        if self.state is CycleState.CANCELLED:
            return True
        return self.ends_at is not None and workflow.now() >= self.ends_at

    async def something_happens(self) -> None:
        known = self.state

        def stirred() -> bool:
            ready = self.all_closed and self.state is CycleState.RUNNING
            return bool(self.orders or self.reopened or self.announcements or ready or self.state is not known)

        timeout = self.ends_at - workflow.now() if self.ends_at else None
        try:
            await workflow.wait_condition(stirred, timeout=timeout)
        except TimeoutError:
            return

    async def pass_on(self, order: Order) -> None:
        await perform(
            effects.ORDER_ALL,
            OrderAll(company_id=self.start.company_id, cycle_id=self.start.cycle_id, order=order),
        )

    async def be_ready(self) -> None:
        """Every department is closed: HR may publish."""
        async with self.one_at_a_time:
            if self.state is CycleState.RUNNING:
                key = f"{self.start.cycle_id}/ready/{self.revision}"
                await self.enter(CycleState.READY, CycleCommand(command_id=key, by_id=""))
                self.post.send(key)

    # --- what HR does ----------------------------------------------------------------------------

    @workflow.update
    async def pause(self, command: CycleCommand) -> Answer:
        """Stop the clocks of all open tasks."""
        return await self.turn(command, CycleState.PAUSED, "pause", RUNNING_ONLY)

    @pause.validator
    def refuse_to_pause(self, command: CycleCommand) -> None:
        self.refuse_unless(command, RUNNING_ONLY)

    @workflow.update
    async def resume(self, command: CycleCommand) -> Answer:
        """Go on; open deadlines move by the time paused (Rule 13)."""
        return await self.turn(command, CycleState.RUNNING, "resume", PAUSED_ONLY)

    @resume.validator
    def refuse_to_resume(self, command: CycleCommand) -> None:
        self.refuse_unless(command, PAUSED_ONLY)

    @workflow.update
    async def cancel(self, command: CycleCommand) -> Answer:
        """Close every open task and tell who held it (Rule 13)."""
        return await self.turn(command, CycleState.CANCELLED, "cancel", OPEN_STATES)

    @cancel.validator
    def refuse_to_cancel(self, command: CycleCommand) -> None:
        self.refuse_unless(command, OPEN_STATES)

    @workflow.update
    async def publish(self, command: CycleCommand) -> Answer:
        """Show the results to the employees, once every department is closed."""
        answer = await self.turn(command, CycleState.PUBLISHED, "", READY_ONLY)
        self.ends_at = workflow.now() + OPEN_AFTER_PUBLICATION
        self.announcements.append(Occasion.RESULTS_PUBLISHED)
        return answer

    @publish.validator
    def refuse_to_publish(self, command: CycleCommand) -> None:
        self.refuse_unless(command, READY_ONLY)

    @workflow.update
    async def change_plan(self, command: CycleCommand) -> Answer:
        """Take new terms; the ladders of tasks whose deadline moves are set anew (Rule 10)."""
        async with self.one_at_a_time:
            if known := self.answers.get(command.command_id):
                return known
            with refusals():
                self.refuse_state(OPEN_STATES)
            await record(effects.CHANGE_PLAN, self.moment(command))
            self.give_order("plan", command)
            return self.answered(command)

    @change_plan.validator
    def refuse_to_change_plan(self, command: CycleCommand) -> None:
        self.refuse_unless(command, OPEN_STATES)

    @workflow.update
    async def change_staff(self, command: CycleCommand) -> Answer:
        """Take a joiner, leaver or transfer in one step: tasks follow the post (Rule 12)."""
        async with self.one_at_a_time:
            if known := self.answers.get(command.command_id):
                return known
            with refusals():
                self.refuse_state(OPEN_STATES)
            changed = await record(effects.CHANGE_STAFF, self.moment(command))
            if changed.holders:
                self.give_order("follow", command, changed.holders)
            return self.answered(command)

    @change_staff.validator
    def refuse_to_change_staff(self, command: CycleCommand) -> None:
        self.refuse_unless(command, OPEN_STATES)

    @workflow.update
    async def reopen(self, reopen: ReopenDepartment) -> Answer:
        """Take one closed department back to a stage, with a reason (Rule 13)."""
        async with self.one_at_a_time:
            if known := self.answers.get(reopen.command_id):
                return known
            with refusals():
                self.refuse_state(REOPENABLE)
            start = await record(
                effects.REOPEN_DEPARTMENT,
                ReopenRecord(
                    company_id=self.start.company_id,
                    cycle_id=self.start.cycle_id,
                    reopen=reopen,
                    now=workflow.now(),
                ),
            )
            self.reopened.append(start)
            self.state, self.all_closed, self.ends_at = CycleState.RUNNING, False, None
            return self.answered(reopen)

    @reopen.validator
    def refuse_to_reopen(self, reopen: ReopenDepartment) -> None:
        self.refuse_unless(reopen, REOPENABLE)

    @workflow.update
    async def resend(self, resend: ResendMessage) -> Answer:
        """Send a message again that reached nobody."""
        async with self.one_at_a_time:
            if known := self.answers.get(resend.command_id):
                return known
            with refusals():
                self.refuse_state(SENDING)
            await record(
                effects.RESEND_MESSAGE,
                MessageResend(
                    company_id=self.start.company_id,
                    cycle_id=self.start.cycle_id,
                    resend=resend,
                    now=workflow.now(),
                ),
            )
            self.post.send(resend.command_id)
            return self.answered(resend)

    @resend.validator
    def refuse_to_resend(self, resend: ResendMessage) -> None:
        self.refuse_unless(resend, SENDING)

    @workflow.signal
    def departments_closed(self) -> None:
        """The last open department is closed."""
        self.all_closed = True

    # --- parts ----------------------------------------------------------------------------------

    async def turn(
        self, command: CycleCommand, state: CycleState, order: str, allowed: tuple[CycleState, ...]
    ) -> Answer:
        """Record a new state of the cycle, and order the departments accordingly."""
        async with self.one_at_a_time:
            if known := self.answers.get(command.command_id):
                return known
            with refusals():
                self.refuse_state(allowed)
            await self.enter(state, command)
            if order:
                self.give_order(order, command)
            self.post.send(command.command_id)
            return self.answered(command)

    async def enter(self, state: CycleState, command: CycleCommand) -> None:
        await record(
            effects.RECORD_CYCLE,
            CycleRecord(
                company_id=self.start.company_id,
                cycle_id=self.start.cycle_id,
                state=state,
                by_id=command.by_id,
                command_id=command.command_id,
                now=workflow.now(),
            ),
        )
        self.state = state

    def give_order(self, kind: str, command: CycleCommand, holders: tuple[tuple[str, str], ...] = ()) -> None:
        self.revision += 1
        self.orders.append(
            Order(
                revision=self.revision,
                kind=kind,
                at=workflow.now(),
                command_id=command.command_id,
                holders=holders,
            )
        )

    def refuse_unless(self, command: CycleOrder, allowed: tuple[CycleState, ...]) -> None:
        if command.command_id not in self.answers:
            with refusals():
                self.refuse_state(allowed)

    def refuse_state(self, allowed: tuple[CycleState, ...]) -> None:
        """Refuse what the cycle's state does not allow, saying which state that is."""
        if self.state in allowed:
            return
        if self.state is CycleState.CANCELLED:
            raise Refusal("cycle-ended", state=self.state)
        if allowed == READY_ONLY and self.state in (CycleState.RUNNING, CycleState.PAUSED):
            raise Refusal("cycle-not-ready", state=self.state)
        if self.state is CycleState.PAUSED:
            raise Refusal("already-paused" if allowed == RUNNING_ONLY else "cycle-paused", state=self.state)
        if allowed == PAUSED_ONLY:
            raise Refusal("not-paused", state=self.state)
        raise Refusal("cycle-not-running", state=self.state)

    def answered(self, command: CycleOrder) -> Answer:
        answer = Answer(command_id=command.command_id, at=workflow.now())
        self.answers[command.command_id] = answer
        return answer

    def announce(self, occasion: Occasion) -> None:
        self.post.announce(
            Announce(
                key=f"{self.start.cycle_id}/{occasion}/{self.revision}",
                company_id=self.start.company_id,
                cycle_id=self.start.cycle_id,
                occasion=occasion,
                now=workflow.now(),
            )
        )

    def starting(self, reopened: DepartmentStart | None = None) -> DepartmentsStarting:
        return DepartmentsStarting(
            company_id=self.start.company_id,
            cycle_id=self.start.cycle_id,
            now=workflow.now(),
            reopened=reopened,
        )

    def moment(self, command: CycleCommand) -> CycleMoment:
        return CycleMoment(
            company_id=self.start.company_id,
            cycle_id=self.start.cycle_id,
            now=workflow.now(),
            command_id=command.command_id,
        )

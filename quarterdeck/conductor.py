"""Moves business time on, for demonstrations and rehearsals, by the engine's own time skipping.

Each workflow has a clock of its own. The conductor moves a cycle and its departments in step: it
stops at every instant at which something is due, and at least once a day, and waits until each
workflow has arrived. Business time can only go forward.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, update
from sqlmodel import col, select
from temporalio.api.common.v1 import TimeSkippingConfig
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper
from temporalio.testing import TimeSkippingConfig as SkippingConfig

from models.clock import ClockOffset, business_now
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker, insert_once, writing
from models.errors import Refusal
from models.names import cycle_workflow_id, department_workflow_id
from models.stages import CycleState, Stage, TaskState
from models.tasks import Task

LONGEST_STEP = timedelta(days=1)
BEYOND = timedelta(minutes=2)
"""A step ends this much after what is due, so that it has happened.

A workflow's clock goes on while it is busy with what was due (a digest is gathered for up to 30 s), and
where it is past a skip's end by the time it is idle, the engine skips to its next timer, a day too far.
"""
ONE_MOMENT = timedelta(minutes=1)
LONGEST_SEARCH = timedelta(days=120)
"""How far `to_next_deadline` goes where no task is open."""
MOVED_AT_ONCE = 64
PATIENCE = timedelta(seconds=60)
"""How long one step may take before we say that the engine's workers do not keep up."""
SETTLING = timedelta(milliseconds=50)
"""A timer that is due but has not fired yet would be skipped over; in this time it fires (see `engine`)."""
NEGLIGIBLE = timedelta(seconds=1)
"""A workflow that is only this far behind gets there by itself; so short a skip could be over before it began."""
SOON = timedelta(seconds=10)
"""A workflow that begins within this waits for it: a busy worker may take it up later than its skip would end."""
SHORT_OF_BEGIN = timedelta(milliseconds=300)


@dataclass(frozen=True)
class Advance:
    """What came of an advance."""

    before: datetime
    now: datetime
    steps: int


class Conductor:
    """Moves the clocks of all running cycles, and business time with them.

    `connect` gives the client, once it is needed; `tell` hears the business time reached after each step.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Client]],
        sessions: SessionMaker,
        *,
        tell: Callable[[datetime], None] = lambda now: None,
        patience: timedelta = PATIENCE,
    ) -> None:
        self.connect = connect
        self.sessions = sessions
        self.tell = tell
        self.patience = patience

    async def now(self) -> datetime:
        async with self.sessions() as session:
            return await business_now(session)

    async def advance(self, by: timedelta) -> Advance:
        """Move business time on by a duration.

        Raises:
            Refusal: `time-moving` where another advance is under way; `time-stuck` where a
                workflow does not arrive, usually because no worker runs.
        """
        return await self.advance_to(await self.now() + by)

    async def advance_to(self, target: datetime) -> Advance:
        """Move business time on to an instant; one in the past changes nothing."""
        async with self.alone():
            before = await self.now()
            return Advance(before, *await self.walk_to(target))

    async def to_next_deadline(self) -> Advance:
        """Move on to the next rung or deadline of an open task; where none is open, until one is."""
        async with self.alone():
            before = await self.now()
            steps = 0
            now = before
            while now < before + LONGEST_SEARCH:
                due = await self.next_due(now)
                now, more = await self.walk_to(due + BEYOND if due else now + LONGEST_STEP)
                steps += more
                if due:
                    break
            return Advance(before, now, steps)

    async def walk_to(self, target: datetime) -> tuple[datetime, int]:
        """Go to `target` step by step; return the time reached and the number of steps."""
        steps = 0
        while (now := await self.now()) < target:
            due = await self.next_due(now)
            stops = [target, now + LONGEST_STEP] + ([due + BEYOND] if due else [])
            await self.step_to(min(stops))
            steps += 1
        return now, steps

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when the next rungs and deadlines of open tasks are due after `now`, or None.

        Those within a minute of each other count as one moment: the last of them is returned.
        """
        first = await self.due(func.min, now, None)
        return await self.due(func.max, now, first + ONE_MOMENT) if first else None

    async def due(self, extreme: Callable[..., Any], after: datetime, until: datetime | None) -> datetime | None:
        instants: list[datetime | None] = []
        async with self.sessions() as session:
            for column in (col(Task.next_rung_at), col(Task.deadline_at)):
                found = select(extreme(column)).where(col(Task.state) == TaskState.OPEN, column > after)
                if until is not None:
                    found = found.where(column <= until)
                instants.append((await session.exec(found)).one())
        return (min if until is None else max)((instant for instant in instants if instant), default=None)

    async def step_to(self, target: datetime) -> None:
        """Move departments, then cycles, to `target`, and business time with them.

        Departments first: what they report to their cycle reaches it before its clock moves.
        """
        cycles, departments = await self.workflows()
        client = await self.connect()
        await asyncio.sleep(SETTLING.total_seconds())
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                await move_all(client, departments, target)
                await move_all(client, cycles, target)
        except TimeoutError as late:
            raise Refusal("time-stuck", at=target) from late
        async with self.sessions() as session:
            await writing(session)
            clock = await session.get_one(ClockOffset, "business")
            ahead = target - datetime.now(UTC)
            clock.microseconds = max(clock.microseconds, ahead // timedelta(microseconds=1))
            clock.advancing_until = self.lease()
            session.add(clock)
            await session.commit()
        self.tell(target)

    async def workflows(self) -> tuple[list[str], list[str]]:
        """Return the ids of workflows that may be running: cycles, and departments."""
        async with self.sessions() as session:
            cycles = await session.exec(
                select(Cycle.company_id, Cycle.id).where(col(Cycle.state) != CycleState.CANCELLED)
            )
            departments = await session.exec(
                select(CycleDepartment.company_id, CycleDepartment.cycle_id, CycleDepartment.department_id).where(
                    col(CycleDepartment.is_started).is_(True),
                    col(CycleDepartment.stage).not_in([Stage.CLOSED, Stage.CANCELLED]),
                )
            )
            return (
                [cycle_workflow_id(*row) for row in cycles],
                [department_workflow_id(*row) for row in departments],
            )

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold the clock: two advances at once would each see the other's half-moved workflows."""
        async with self.sessions() as session:
            await writing(session)
            await insert_once(session, [ClockOffset()])
            free = (
                update(ClockOffset)
                .where(
                    col(ClockOffset.advancing_until).is_(None)
                    | (col(ClockOffset.advancing_until) < datetime.now(UTC))
                )
                .values(advancing_until=self.lease())
            )
            taken = (await session.exec(free)).rowcount
            await session.commit()
        if not taken:
            raise Refusal("time-moving")
        try:
            yield
        finally:
            async with self.sessions() as session:
                await writing(session)
                await session.exec(update(ClockOffset).values(advancing_until=None))
                await session.commit()

    def lease(self) -> datetime:
        """Until when the clock is ours, should we die without giving it back."""
        return datetime.now(UTC) + self.patience * 2


async def move_all(client: Client, workflow_ids: list[str], target: datetime) -> None:
    """Skip the time of workflows to `target`; those that have ended, or never began, are passed over."""
    skipper = TimeSkipper(client, config=SkippingConfig(enabled=False))
    gate = asyncio.Semaphore(MOVED_AT_ONCE)

    async def move(handle: WorkflowHandle[Any, Any]) -> None:
        async with gate:
            try:
                behind = target - await skipper.get_current_time(handle)
                if behind > NEGLIGIBLE:
                    await skipper.fast_forward(handle, behind)
            except RPCError as trouble:
                if trouble.status is not RPCStatusCode.NOT_FOUND:  # It has ended, or it never began.
                    raise

    async with asyncio.TaskGroup() as group:
        for workflow_id in workflow_ids:
            group.create_task(move(client.get_workflow_handle(workflow_id)))


class BusinessTime(Interceptor):
    """Starts each workflow at the `begin_at` of its message, where that is ahead of the wall clock.

    A workflow's first moments still show the wall clock; its first step waits for `begin_at`. The engine skips
    to just before that: it would skip what was left, had the workflow begun meanwhile, to its next timer.
    """

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _StartsAtBusinessTime(next)


class _StartsAtBusinessTime(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        begin_at = getattr(input.args[0], "begin_at", None) if input.args else None
        ahead = begin_at - datetime.now(UTC) if begin_at else timedelta(0)
        if ahead > SOON:
            skipping = TimeSkippingConfig(enabled=True)
            skipping.fast_forward_config.id = str(uuid4())
            skipping.fast_forward_config.duration.FromTimedelta(ahead - SHORT_OF_BEGIN)
            input.time_skipping_config = skipping
        return await super().start_workflow(input)


def demo_client(client: Client) -> Client:
    """Return the client that starts workflows at business time, for a demonstration."""
    config = client.config()
    config["interceptors"] = [*config["interceptors"], BusinessTime()]
    return Client(**config)

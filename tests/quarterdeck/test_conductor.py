"""The conductor moves workflows and business time on in step, on the real engine."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from models.clock import business_now
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker
from models.errors import Refusal
from models.names import cycle_workflow_id, department_workflow_id
from models.org import Company
from models.stages import CycleState, Stage, TaskKind
from models.tasks import Task
from quarterdeck.conductor import BEYOND, Conductor, demo_client

DAY = timedelta(days=1)
NEARLY = timedelta(seconds=10)


@dataclass
class Start:
    begin_at: datetime


@workflow.defn(sandboxed=False)
class Diary:
    """Waits for its begin, then writes down when it woke: then, and daily six hours later."""

    def __init__(self) -> None:
        self.woke_at: list[datetime] = []
        self.ended = False

    @workflow.run
    async def run(self, start: Start) -> list[datetime]:
        due = start.begin_at
        while not self.ended:
            wait = max(due - workflow.now(), timedelta(0))
            try:
                await workflow.wait_condition(lambda: self.ended, timeout=wait)
            except TimeoutError:
                self.woke_at.append(workflow.now())
                due = start.begin_at + timedelta(hours=6) + DAY * (len(self.woke_at) - 1)
        return self.woke_at

    @workflow.signal
    def end(self) -> None:
        self.ended = True


@dataclass
class Rehearsal:
    """A cycle of two departments whose workflows are diaries."""

    company: str
    client: Client
    sessions: SessionMaker
    conductor: Conductor
    reached: list[datetime]
    handles: list[WorkflowHandle[Diary, list[datetime]]]

    async def begin(self, workflow_id: str, begin_at: datetime) -> WorkflowHandle[Diary, list[datetime]]:
        return await self.client.start_workflow(
            Diary.run, Start(begin_at), id=workflow_id, task_queue=self.company
        )

    async def open_task(self, *, rung: datetime | None, deadline: datetime) -> None:
        async with self.sessions() as session:
            session.add(
                Task(
                    id=str(uuid.uuid4()),
                    company_id=self.company,
                    cycle_id="q",
                    department_id="north",
                    slot="targets",
                    kind=TaskKind.CONFIRM_TARGETS,
                    stage=Stage.TARGETS,
                    holder_id="ravi",
                    first_holder_id="ravi",
                    opened_at=datetime.now(UTC),
                    deadline_at=deadline,
                    first_deadline_at=deadline,
                    next_rung_at=rung,
                )
            )
            await session.commit()

    async def days_lived(self) -> list[list[datetime]]:
        for handle in self.handles:
            await handle.signal(Diary.end)
        return [await handle.result() for handle in self.handles]


def giving(client: Client) -> Callable[[], Awaitable[Client]]:
    async def connect() -> Client:
        return client

    return connect


async def rows_of_a_cycle(sessions: SessionMaker, company: str) -> None:
    async with sessions() as session:
        session.add(Company(id=company, name=company))
        await session.flush()
        session.add(
            Cycle(
                id="q",
                company_id=company,
                name="Q",
                starts_on=date(2026, 10, 1),
                ends_on=date(2026, 12, 31),
                state=CycleState.RUNNING,
                hr_owner_id="asha",
            )
        )
        for department in ("north", "south"):
            session.add(
                CycleDepartment(cycle_id="q", department_id=department, company_id=company, is_started=True)
            )
        await session.commit()


@asynccontextmanager
async def a_rehearsal(environment: WorkflowEnvironment, sessions: SessionMaker) -> AsyncIterator[Rehearsal]:
    company = f"company-{uuid.uuid4()}"
    await rows_of_a_cycle(sessions, company)
    reached: list[datetime] = []
    client = demo_client(environment.client)
    conductor = Conductor(giving(client), sessions, tell=reached.append, patience=timedelta(seconds=20))
    rehearsal = Rehearsal(company, client, sessions, conductor, reached, [])
    async with Worker(client, task_queue=company, workflows=[Diary]):
        for workflow_id in (
            cycle_workflow_id(company, "q"),
            department_workflow_id(company, "q", "north"),
            department_workflow_id(company, "q", "south"),
        ):
            rehearsal.handles.append(await rehearsal.begin(workflow_id, datetime.now(UTC)))
        yield rehearsal


async def test_three_days_pass_for_every_workflow_and_for_business_time(
    engine: WorkflowEnvironment, sessions: SessionMaker
) -> None:
    async with a_rehearsal(engine, sessions) as rehearsal:
        advance = await rehearsal.conductor.advance(3 * DAY + NEARLY)
        async with sessions() as session:
            assert abs(await business_now(session) - (datetime.now(UTC) + 3 * DAY)) < 3 * NEARLY
        assert advance.now - advance.before >= 3 * DAY
        lives = await rehearsal.days_lived()
        for life in lives:
            assert len(life) == 4
        for mornings in zip(*lives, strict=True):
            assert max(mornings) - min(mornings) < NEARLY


async def test_an_advance_stops_at_every_instant_at_which_something_is_due(
    engine: WorkflowEnvironment, some_sessions: SessionMaker
) -> None:
    async with a_rehearsal(engine, some_sessions) as rehearsal:
        now = datetime.now(UTC)
        rung, deadline = now + timedelta(hours=5), now + timedelta(hours=31)
        await rehearsal.open_task(rung=rung, deadline=deadline)
        await rehearsal.conductor.advance(2 * DAY)
        assert rung + BEYOND in rehearsal.reached
        assert deadline + BEYOND in rehearsal.reached


async def test_the_next_deadline_is_the_earliest_rung_of_an_open_task(
    engine: WorkflowEnvironment, some_sessions: SessionMaker
) -> None:
    async with a_rehearsal(engine, some_sessions) as rehearsal:
        now = datetime.now(UTC)
        await rehearsal.open_task(rung=now + timedelta(hours=30), deadline=now + timedelta(hours=60))
        first = await rehearsal.conductor.to_next_deadline()
        second = await rehearsal.conductor.to_next_deadline()
        assert BEYOND + NEARLY > first.now - (now + timedelta(hours=30)) > timedelta(0)
        assert BEYOND + NEARLY > second.now - (now + timedelta(hours=60)) > timedelta(0)


async def test_a_workflow_started_while_business_time_is_ahead_begins_at_business_time(
    engine: WorkflowEnvironment, some_sessions: SessionMaker
) -> None:
    """DESIGN 18: business time is the workflow's time."""
    async with a_rehearsal(engine, some_sessions) as rehearsal:
        await rehearsal.conductor.advance(2 * DAY)
        begin_at = await rehearsal.conductor.now()
        late = await rehearsal.begin(f"late-{rehearsal.company}", begin_at)
        await asyncio.sleep(2)
        await late.signal(Diary.end)
        (began,) = await asyncio.wait_for(late.result(), 60)
        assert timedelta(0) <= began - begin_at < NEARLY


async def test_a_department_that_has_ended_does_not_stop_the_others(
    engine: WorkflowEnvironment, some_sessions: SessionMaker
) -> None:
    async with a_rehearsal(engine, some_sessions) as rehearsal:
        ended = rehearsal.handles.pop()
        await ended.signal(Diary.end)
        await ended.result()
        await rehearsal.conductor.advance(DAY + NEARLY)
        assert [len(life) for life in await rehearsal.days_lived()] == [2, 2]


async def test_of_two_advances_at_once_one_is_refused(engine: WorkflowEnvironment, sessions: SessionMaker) -> None:
    async with a_rehearsal(engine, sessions) as rehearsal:
        other = Conductor(giving(rehearsal.client), sessions)
        outcomes = await asyncio.gather(
            rehearsal.conductor.advance(DAY), other.advance(DAY), return_exceptions=True
        )
        refused = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
        assert refused == ["time-moving"]
        await other.advance(timedelta(hours=1))


async def test_an_engine_without_workers_is_reported_and_the_clock_given_back(
    engine: WorkflowEnvironment, some_sessions: SessionMaker
) -> None:
    company = f"company-{uuid.uuid4()}"
    await rows_of_a_cycle(some_sessions, company)
    client = demo_client(engine.client)
    await client.start_workflow(
        Diary.run, Start(datetime.now(UTC)), id=cycle_workflow_id(company, "q"), task_queue=company
    )
    conductor = Conductor(giving(client), some_sessions, patience=timedelta(seconds=2))
    before = await conductor.now()
    for _ in range(2):
        with pytest.raises(Refusal, match="time-stuck"):
            await conductor.advance(DAY)
    assert await conductor.now() - before < NEARLY

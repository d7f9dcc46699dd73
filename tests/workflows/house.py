"""A department's review on the real engine and a real database; sends, fetches and scores are ours to see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlmodel import col, select
from temporalio import activity
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from models import effects
from models.clock import ClockOffset, business_now
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker
from models.delivery import Notice
from models.messages import (
    CycleCommand,
    CycleStart,
    Decide,
    DepartmentMoment,
    Dispatch,
    ScoringOutcome,
    StageReached,
)
from models.names import TASK_QUEUE_OF_SENDS, cycle_workflow_id, department_workflow_id
from models.settings import Settings
from models.stages import Choice, CycleState, TaskState
from models.tasks import Command, Decision, Task
from quarterdeck.conductor import demo_client
from quarterdeck.demo.small import SmallCompany
from worker import WORKFLOWS, activities_of_records
from workflows.cycle import PerformanceCycle
from workflows.sandbox import sandbox

HISTORIES = Path(__file__).parent.parent / "histories"


@dataclass
class Outside:
    """Stand-ins for what lies outside a review: it remembers what it was asked."""

    sent: list[Dispatch] = field(default_factory=list)
    fetched: list[DepartmentMoment] = field(default_factory=list)
    scored: list[StageReached] = field(default_factory=list)
    missing: int = 0
    """How many figures the next scoring will find missing."""

    @activity.defn(name=effects.DISPATCH.name)
    async def dispatch(self, dispatch: Dispatch) -> None:
        self.sent.append(dispatch)

    @activity.defn(name=effects.FETCH_FIGURES.name)
    async def fetch_figures(self, moment: DepartmentMoment) -> None:
        self.fetched.append(moment)

    @activity.defn(name=effects.SCORE_DEPARTMENT.name)
    async def score_department(self, reached: StageReached) -> ScoringOutcome:
        self.scored.append(reached)
        missing, self.missing = self.missing, 0
        return ScoringOutcome(scored=0 if missing else 5, missing=missing)


@dataclass
class House:
    engine: WorkflowEnvironment
    sessions: SessionMaker
    company: SmallCompany
    outside: Outside
    queue: str
    client: Client

    @property
    def cycle(self) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(cycle_workflow_id(self.company.company_id, self.company.cycle_id))

    def review(self, department_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(
            department_workflow_id(self.company.company_id, self.company.cycle_id, department_id)
        )

    async def launch(self) -> None:
        """Launch the cycle as the API does, and wait until every department has its first task."""
        company = self.company
        async with self.sessions() as session:
            cycle = await session.get_one(Cycle, company.cycle_id)
            now = await business_now(session)
            cycle.state, cycle.launched_at = CycleState.RUNNING, now
            for department in company.departments:
                session.add(
                    CycleDepartment(cycle_id=cycle.id, department_id=department.id, company_id=company.company_id)
                )
            await session.commit()
        await self.client.start_workflow(
            PerformanceCycle.run,
            CycleStart(company_id=company.company_id, cycle_id=company.cycle_id, begin_at=now),
            id=self.cycle.id,
            task_queue=self.queue,
        )
        await self.until(lambda: self.count_open(), len(company.departments))

    async def until(self, count: Callable[[], Awaitable[int]], wanted: int, within: float = 60) -> None:
        """Wait until an awaited count is what is wanted."""
        async with asyncio.timeout(within):
            while await count() != wanted:  # noqa: ASYNC110 - what we wait for is in the database.
                await asyncio.sleep(0.05)

    async def count_open(self) -> int:
        return len(await self.open_tasks())

    async def open_tasks(self, department_id: str = "") -> list[Task]:
        async with self.sessions() as session:
            found = select(Task).where(
                col(Task.cycle_id) == self.company.cycle_id, col(Task.state) == TaskState.OPEN
            )
            if department_id:
                found = found.where(col(Task.department_id) == department_id)
            return list((await session.exec(found.order_by(col(Task.id)))).all())

    async def task(self, task_id: str) -> Task:
        async with self.sessions() as session:
            return await session.get_one(Task, task_id)

    async def decisions(self, department_id: str) -> list[Decision]:
        async with self.sessions() as session:
            found = select(Decision).where(col(Decision.department_id) == department_id)
            return list((await session.exec(found.order_by(col(Decision.decided_at)))).all())

    async def notices(self, **columns: Any) -> list[Notice]:
        async with self.sessions() as session:
            found = select(Notice).order_by(col(Notice.moment), col(Notice.key))
            for name, value in columns.items():
                found = found.where(getattr(Notice, name) == value)
            return list((await session.exec(found)).all())

    async def command(self, command: str, /, task_id: str = "", by_id: str = "", **words: Any) -> str:
        """Save the words of a command, as the API does before it asks for the move."""
        command_id = str(uuid4())
        async with self.sessions() as session:
            session.add(
                Command(
                    id=command_id,
                    idempotency_key=command_id,
                    company_id=self.company.company_id,
                    by_id=by_id or self.company.hr_id,
                    kind=command,
                    workflow_id="",
                    task_id=task_id,
                    cycle_id=self.company.cycle_id,
                    words=words,
                    received_at=datetime.now(UTC),
                )
            )
            await session.commit()
        return command_id

    async def decide(self, task: Task, choice: Choice, by_id: str = "", for_id: str = "", **words: Any) -> str:
        """Decide as the task's holder, or as the person given; return the command's id.

        Raises:
            Refused: with the refusal's code and facts.
        """
        by_id = by_id or task.holder_id
        command_id = await self.command("decide", task.id, by_id, **words)
        await self.decide_as(command_id, task, choice, by_id, for_id or by_id)
        return command_id

    async def decide_as(
        self, command_id: str, task: Task, choice: Choice, by_id: str = "", for_id: str = ""
    ) -> None:
        """Decide under a command whose words are saved already."""
        by_id = by_id or task.holder_id
        decide = Decide(command_id=command_id, task_id=task.id, by_id=by_id, for_id=for_id or by_id, choice=choice)
        await self.ask(self.review(task.department_id), "decide", decide)

    async def order(self, update: str, /, **words: Any) -> str:
        """Give HR's order about the cycle."""
        command_id = await self.command(update, **words)
        await self.ask(self.cycle, update, CycleCommand(command_id=command_id, by_id=self.company.hr_id))
        return command_id

    async def ask(self, handle: WorkflowHandle[Any, Any], update: str, message: Any) -> Any:
        try:
            return await handle.execute_update(update, message, id=message.command_id)
        except WorkflowUpdateFailedError as failed:
            if isinstance(failed.cause, ApplicationError) and failed.cause.type:
                raise Refused(failed.cause.type, failed.cause.details[0]) from failed
            raise

    async def skip(self, department_id: str, by: timedelta) -> None:
        """Move one review's clock on, and wait until it has done what fell due."""
        review = self.review(department_id)
        await self.engine.fast_forward(review, by)

        async def under_way() -> int:
            return await in_hand(review) or await self.count_overdue(review)

        await self.until(under_way, 0)

    async def count_overdue(self, review: WorkflowHandle[Any, Any]) -> int:
        """Count timers that are due and have not fired: a skip may end just before they do."""
        now = await self.engine.get_current_time(review)
        due = {}
        async for event in review.fetch_history_events():
            if event.HasField("timer_started_event_attributes"):
                timer = event.timer_started_event_attributes
                due[event.event_id] = event.event_time.ToDatetime(UTC) + timer.start_to_fire_timeout.ToTimedelta()
            elif event.HasField("timer_fired_event_attributes"):
                due.pop(event.timer_fired_event_attributes.started_event_id)
            elif event.HasField("timer_canceled_event_attributes"):
                due.pop(event.timer_canceled_event_attributes.started_event_id)
        return sum(instant <= now for instant in due.values())

    async def next_task(self, department_id: str) -> Task:
        """Return the department's one open task, moving its clock on until there is one."""
        for _ in range(40):
            if tasks := await self.open_tasks(department_id):
                return tasks[0]
            await self.skip(department_id, timedelta(days=3))
        raise AssertionError("Nothing opens")

    async def skip_to(self, department_id: str, instant: datetime) -> None:
        """Move one review's clock just past an instant."""
        now = await self.engine.get_current_time(self.review(department_id))
        await self.skip(department_id, instant - now + timedelta(seconds=1))


async def in_hand(handle: WorkflowHandle[Any, Any]) -> int:
    """Count what the engine's workers have in hand for a workflow."""
    seen = (await handle.describe()).raw_description
    return len(seen.pending_activities) + seen.HasField("pending_workflow_task")


class Refused(Exception):
    def __init__(self, code: str, facts: dict[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@asynccontextmanager
async def house(
    engine: WorkflowEnvironment,
    sessions: SessionMaker,
    company: SmallCompany,
    record_as: str = "",
    starts_at: datetime | None = None,
) -> AsyncIterator[House]:
    """Give a house with its workers running; store its histories in the end under `record_as`.

    Business time begins at `starts_at`, or is the wall clock's.
    """
    if starts_at:
        async with sessions() as session:
            session.add(ClockOffset(microseconds=(starts_at - datetime.now(UTC)) // timedelta(microseconds=1)))
            await session.commit()
    client = demo_client(engine.client)
    outside = Outside()
    queue = f"reviews-{uuid4().hex[:8]}"
    processes = Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        activities=[
            *activities_of_records(Settings(_env_file=None, task_queue=queue), sessions, client),
            outside.fetch_figures,
            outside.score_department,
        ],
    )
    sends = Worker(client, task_queue=queue + TASK_QUEUE_OF_SENDS, activities=[outside.dispatch])
    async with processes, sends:
        home = House(engine, sessions, company, outside, queue, client)
        yield home
        if record_as:
            await store_histories(home, record_as)


async def store_histories(home: House, name: str) -> None:
    """Store the history of the cycle, and of its first department's review, for replays."""
    first = home.company.departments[0].id
    for workflow, handle in (("cycle", home.cycle), ("review", home.review(first))):
        await store_history(handle, f"{workflow}-{name}")


async def store_history(handle: WorkflowHandle[Any, Any], name: str) -> None:
    history = await handle.fetch_history()
    (HISTORIES / f"{name}.json").write_text(without_traces(history.to_json()) + "\n")


def without_traces(history: str) -> str:
    """Leave out stack traces: they name the folders of whoever recorded, and no replay reads them."""

    def bare(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: bare(value) for name, value in part.items() if name != "stackTrace"}
        return [bare(value) for value in part] if isinstance(part, list) else part

    return json.dumps(bare(json.loads(history)), indent=2)

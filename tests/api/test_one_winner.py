"""The real workflows and activities behind the application: of many decisions at once exactly one counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import col, func, select
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from api.engine import Engine
from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.database import SessionMaker
from models.settings import Settings, SmtpSettings
from models.stages import CommandState, Stage, TaskState
from models.tasks import Command, Decision, Task
from quarterdeck.demo.small import make_small_company
from rules.calendar import WorkCalendar
from rules.plan import default_terms
from tests.api.house import House, make_parts
from worker import build_activities, build_workers

PATIENCE = 60


@pytest.fixture
async def real(sessions: SessionMaker, engine: WorkflowEnvironment) -> AsyncIterator[House]:
    """The application with the workers of production; mails go nowhere, as nobody listens at that port."""
    prefix = f"r{uuid4().hex[:8]}-"
    company = await make_small_company(sessions, 1, 2, company_id=f"{prefix}co", prefix=prefix)
    settings = Settings(
        _env_file=None,
        secret_keys=(SecretStr("s" * 40),),
        secure_cookies=False,
        task_queue=f"real-{prefix}",
        answer_within=timedelta(seconds=PATIENCE),
        smtp=SmtpSettings(port=1),
    )
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        today = datetime.now(UTC).date()
        terms = default_terms(cycle.starts_on, cycle.ends_on, today, WorkCalendar())
        cycle.terms = terms.model_dump(mode="json")
        await session.commit()
    parts = make_parts(sessions, Engine(pydantic_data_converter, engine.client), settings)
    house = House(create_app(parts), parts, engine.client, company, sessions)
    await house.give_tokens(company.hr_id, company.departments[0].director_id)
    activities = build_activities(settings, sessions, engine.client)
    async with AsyncExitStack() as running:
        for worker in build_workers(settings, engine.client, activities):
            await running.enter_async_context(worker)
        yield house


async def first_task(house: House) -> Task:
    """Wait for the task that the launch opens."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with house.sessions() as session:
                found = await session.exec(select(Task).where(col(Task.cycle_id) == house.company.cycle_id))
                task = found.first()
            if task is not None:
                return task
            await asyncio.sleep(0.05)


async def launched(house: House) -> Task:
    """Launch the cycle; return the task that this opens."""
    async with house.caller(house.company.hr_id) as hr:
        answer = await hr.post(f"/api/cycles/{house.company.cycle_id}/launch")
        assert answer.status_code == 200, answer.text
    return await first_task(house)


async def test_of_fifty_posts_at_once_there_is_one_decision_and_one_line_of_history(real: House) -> None:
    task = await launched(real)
    async with real.caller(task.holder_id) as director:
        path = f"/api/tasks/{task.id}/decide"
        answers = await asyncio.gather(*(director.post(path, json={"choice": "confirm"}) for _ in range(50)))
        shown = (await director.get(f"/api/tasks/{task.id}")).json()
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"task-closed"}
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    assert won["stage"] == Stage.SUBMISSION
    assert shown["state"] == TaskState.DECIDED
    assert shown["decision"]["by"]["id"] == task.holder_id
    async with real.sessions() as session:
        decision = (await session.exec(select(Decision).where(col(Decision.task_id) == task.id))).one()
        events = await session.exec(
            select(func.count()).where(col(CycleEvent.task_id) == task.id, col(CycleEvent.kind) == "decided")
        )
        assert events.one() == 1
        assert decision.command_id == won["command_id"]
        done = await session.exec(
            select(Command.id).where(col(Command.task_id) == task.id, col(Command.state) == CommandState.DONE)
        )
        assert done.all() == [won["command_id"]]
        department = (await session.exec(select(CycleDepartment))).one()
    assert department.stage is Stage.SUBMISSION


async def test_one_request_sent_many_times_at_once_is_carried_out_once_and_answered_each_time(real: House) -> None:
    """Under one Idempotency-Key: whoever is answered hears the same, also while the first is under way."""
    task = await launched(real)
    async with real.caller(task.holder_id) as director:

        async def posted(path: str, key: str, body: dict[str, str]) -> httpx.Response:
            return await director.post(f"/api/tasks/{task.id}/{path}", json=body, headers={"idempotency-key": key})

        said = await asyncio.gather(*(posted("comment", "said", {"text": "等续约名单"}) for _ in range(20)))
        decided = await asyncio.gather(*(posted("decide", "decided", {"choice": "confirm"}) for _ in range(20)))
        shown = (await director.get(f"/api/tasks/{task.id}")).json()
    for answers, status in ((said, 201), (decided, 200)):
        assert {answer.status_code for answer in answers} == {status}
        assert len({answer.json()["command_id"] for answer in answers}) == 1
    assert [comment["text"] for comment in shown["comments"]] == ["等续约名单"]
    assert shown["state"] == TaskState.DECIDED
    async with real.sessions() as session:
        commands = await session.exec(select(Command.kind).where(col(Command.by_id) == task.holder_id))
        assert sorted(commands.all()) == ["comment", "decide"]

"""The shared fixtures do what the tests of every room rely on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from sqlmodel import select
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from models.clock import ClockOffset
from models.database import SessionMaker


@pytest.mark.xdist_group("fixtures")
def test_tests_of_a_group_run_in_one_process(request: pytest.FixtureRequest, worker_id: str) -> None:
    """They share what takes minutes to make; pytest and xdist disagreed silently once how groups are told."""
    assert worker_id == "master" or request.node.nodeid.endswith("@fixtures")


@workflow.defn(sandboxed=False)
class Nap:
    """Sleeps for five days and says when it woke."""

    @workflow.run
    async def run(self) -> datetime:
        await workflow.sleep(timedelta(days=5))
        return workflow.now()


async def test_each_test_begins_with_an_empty_database(sessions: SessionMaker) -> None:
    async with sessions() as session:
        assert (await session.exec(select(ClockOffset))).all() == []
        session.add(ClockOffset())
        await session.commit()


async def test_a_row_of_one_test_is_not_there_in_the_next(sessions: SessionMaker) -> None:
    await test_each_test_begins_with_an_empty_database(sessions)


async def test_five_days_of_a_workflow_pass_at_once(engine: WorkflowEnvironment) -> None:
    queue = f"naps-{uuid.uuid4()}"
    async with Worker(engine.client, task_queue=queue, workflows=[Nap]):
        handle = await engine.client.start_workflow(Nap.run, id=queue, task_queue=queue)
        began = await engine.get_current_time(handle)
        for _ in range(5):
            await engine.fast_forward(handle, timedelta(days=1, seconds=1))
        assert await handle.result() - began >= timedelta(days=5)

"""The floor: a bare workflow of a department's shape, with nothing of ours and no database.

As many updates, local and regular activities, timers and bytes as a department has up to its first
decision; the same engine, the same options of the worker. `python -m bench.engine.floor` is its worker.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import uvloop
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bench.engine.histories import Sizes
from models.search import department_attributes
from models.stages import Stage

QUEUE = "floor"
QUEUE_OF_SENDS = "floor-sends"
QUICK = timedelta(seconds=20)
FAR_AWAY = timedelta(days=10)
POLL_SECONDS = 0.05


@workflow.defn
class Bare:
    """Opens, sends, waits for one decision, and waits on."""

    @workflow.init
    def __init__(self, start: str) -> None:
        self.stirred = False
        self.one_at_a_time = asyncio.Lock()

    @workflow.run
    async def run(self, start: str) -> None:
        sizes = Sizes(**json.loads(start)["sizes"])
        await workflow.execute_local_activity(
            "open", workflow.info().workflow_id, start_to_close_timeout=QUICK, result_type=str
        )
        sending = asyncio.create_task(self.send("x" * (sizes.sent - 2)))
        while True:
            self.stirred = False
            try:
                await workflow.wait_condition(lambda: self.stirred, timeout=FAR_AWAY)
            except TimeoutError:
                break
        await sending

    async def send(self, asked: str) -> None:
        await workflow.execute_activity(
            "send",
            asked,
            task_queue=QUEUE_OF_SENDS,
            start_to_close_timeout=timedelta(minutes=15),
            heartbeat_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(),
        )

    @workflow.update
    async def decide(self, asked: str) -> str:
        async with self.one_at_a_time:
            answer: str = await workflow.execute_local_activity(
                "decide", asked, start_to_close_timeout=QUICK, result_type=str
            )
            self.stirred = True
            return answer

    @decide.validator
    def refuse(self, asked: str) -> None:
        if not asked:
            raise ValueError("Nothing was asked")


class BareActivities:
    """Answer with as many bytes as ours. `tally` gets a line for each workflow that has opened or sent."""

    def __init__(self, sizes: Sizes, tally: Path) -> None:
        self.opened = "x" * (sizes.opened - 2)
        self.recorded = "x" * (sizes.recorded - 2)
        self.tally = os.open(tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @activity.defn(name="open")
    async def open(self, workflow_id: str) -> str:
        os.write(self.tally, f"opened {workflow_id}\n".encode())
        return self.opened

    @activity.defn(name="decide")
    async def decide(self, asked: str) -> str:
        return self.recorded

    @activity.defn(name="send")
    async def send(self, asked: str) -> None:
        os.write(self.tally, f"sent {activity.info().workflow_id}\n".encode())


class Floor:
    """Calls the engine's client directly, as often and as many at once as ours."""

    def __init__(self, client: Client, sizes: Sizes, tally: Path) -> None:
        self.client = client
        self.sizes = sizes
        self.tally = tally
        self.decision = "x" * (sizes.decision - 2)
        told = json.dumps({"sizes": asdict(sizes)})
        # Padded so that, written as JSON once more, it is as long as a department's start.
        self.start = told + " " * max(0, sizes.start - len(json.dumps(told)))

    async def launch(self, cycle: str, count: int, at_once: int) -> tuple[float, float]:
        """Start workflows; return the seconds until the last has opened, and until all is at rest."""
        gate = asyncio.Semaphore(at_once)

        async def start(number: int) -> None:
            async with gate:
                await self.client.start_workflow(
                    "Bare",
                    self.start,
                    id=self.id_of(cycle, number),
                    task_queue=QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    search_attributes=department_attributes("floor", cycle, Stage.TARGETS),
                )

        began = perf_counter()
        await asyncio.gather(*(start(number) for number in range(count)))
        await self.tallied("opened", cycle, count)
        opened = perf_counter() - began
        await self.tallied("sent", cycle, count)
        return opened, perf_counter() - began

    async def tallied(self, what: str, cycle: str, count: int) -> None:
        while len({line for line in self.lines() if line.startswith(f"{what} {cycle}/")}) < count:  # noqa: ASYNC110
            # The worker is another process: no event of ours could tell.
            await asyncio.sleep(POLL_SECONDS)

    def lines(self) -> list[str]:
        return self.tally.read_text().splitlines() if self.tally.exists() else []

    async def decide(self, cycle: str, number: int) -> None:
        handle = self.client.get_workflow_handle(self.id_of(cycle, number))
        await handle.execute_update("decide", self.decision, id=f"decide-{number}", result_type=str)

    @staticmethod
    def id_of(cycle: str, number: int) -> str:
        return f"{cycle}/dept/d{number:04}"


async def work(address: str, sizes: Sizes, tally: Path, tasks_at_once: int, cached: int) -> None:
    """Be the floor's worker, with the options of ours."""
    client = await Client.connect(address)
    activities = BareActivities(sizes, tally)
    processes = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Bare],
        activities=[activities.open, activities.decide],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(
                "bench", "models", "pydantic", "sqlalchemy"
            )
        ),
        max_cached_workflows=cached,
        max_concurrent_workflow_tasks=tasks_at_once,
        max_concurrent_activities=50,
        max_concurrent_local_activities=50,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    )
    sends = Worker(client, task_queue=QUEUE_OF_SENDS, activities=[activities.send], max_concurrent_activities=100)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with processes, sends:
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("tally", type=Path)
    parser.add_argument("sizes", type=json.loads)
    parser.add_argument("--tasks-at-once", type=int, required=True)
    parser.add_argument("--cached", type=int, required=True)
    given = parser.parse_args()
    uvloop.run(work(given.address, Sizes(**given.sizes), given.tally, given.tasks_at_once, given.cached))

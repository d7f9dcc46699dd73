"""Commands that start a workflow. Carried out twice, as after an answer was lost, they start one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.errors import Refusal
from models.fetch_orders import FetchOrder, FetchSchedule
from models.messages import Answer, CycleStart
from models.tasks import Command

log = logging.getLogger(__name__)

Start = Callable[[Client, Command, str], Awaitable[Answer]]
"""Starts what a command asks for, on a task queue.

Raises:
    Refusal
"""
MEMO: Final = "fetch_id"
"""Which fetch it is that runs under a source's one workflow id."""


async def launch(client: Client, command: Command, task_queue: str) -> Answer:
    start = CycleStart.model_validate(command.move)
    try:
        await client.start_workflow(
            "PerformanceCycle",
            start,
            id=command.workflow_id,
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
    except WorkflowAlreadyStartedError:
        log.info("Cycle %s was already started", command.cycle_id)  # By this command, whose answer was lost.
    return Answer(command_id=command.id, at=start.begin_at)


async def fetch(client: Client, command: Command, task_queue: str) -> Answer:
    """Raises: Refusal: `fetch-running`, where another fetch of the source is under way."""
    order = FetchOrder.model_validate(command.move)
    try:
        await client.start_workflow(
            "SourceFetch",
            order,
            id=command.workflow_id,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            memo={MEMO: order.fetch_id},
        )
    except WorkflowAlreadyStartedError:
        running = await client.get_workflow_handle(command.workflow_id).describe()
        if await running.memo_value(MEMO, "") != order.fetch_id:
            raise Refusal("fetch-running", source_id=order.source_id) from None
    return Answer(command_id=command.id, at=order.begin_at)


async def schedule(client: Client, command: Command, task_queue: str) -> Answer:
    """Start a source's schedule, or have the one that runs look at the source's row again."""
    await client.start_workflow(
        "SourceSchedule",
        FetchSchedule.model_validate(command.move),
        id=command.workflow_id,
        task_queue=task_queue,
        start_signal="look",
    )
    return Answer(command_id=command.id, at=command.received_at)

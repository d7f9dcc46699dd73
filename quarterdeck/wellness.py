"""How to see that a part of the demonstration is well. Each asks once and never raises."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

SOON = timedelta(seconds=2)
LATELY = timedelta(seconds=5)


async def listens(host: str, port: int) -> bool:
    """Say whether somebody takes connections."""
    try:
        async with asyncio.timeout(SOON.total_seconds()):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def engine_answers(address: str) -> bool:
    """Say whether Temporal's frontend is there and has its default namespace."""
    host, _, port = address.rpartition(":")
    if not await listens(host, int(port)):
        return False
    try:
        client = await Client.connect(address)
        return await client.service_client.check_health(timeout=SOON)
    except (RPCError, RuntimeError):
        return False


async def worker_polls(address: str, task_queue: str) -> bool:
    """Say whether a worker has asked for workflow tasks lately."""
    try:
        client = await Client.connect(address)
        answer = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=task_queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            ),
            timeout=SOON,
        )
    except (RPCError, RuntimeError):
        return False
    since = datetime.now(UTC) - LATELY
    return any(poller.last_access_time.ToDatetime(UTC) > since for poller in answer.pollers)


async def page_answers(url: str) -> bool:
    """Say whether a page is served."""
    try:
        async with httpx.AsyncClient(timeout=SOON.total_seconds(), trust_env=False) as client:
            return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False

"""Sends on their way: the review goes on while they are carried out, and waits for them before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from models import effects
from models.messages import Announce, Dispatch
from workflows.effects import perform, send


class Post:
    def __init__(self, company_id: str) -> None:
        self.company_id = company_id
        self.under_way: set[asyncio.Task[None]] = set()

    def send(self, batch: str) -> None:
        """Have the notices of a batch sent."""
        self.begin(send(effects.DISPATCH, Dispatch(company_id=self.company_id, key=batch, now=workflow.now())))

    def announce(self, announce: Announce) -> None:
        """Write notices that belong to no task, and have them sent."""
        self.begin(self.written_and_sent(announce))

    async def written_and_sent(self, announce: Announce) -> None:
        await perform(effects.ANNOUNCE, announce)
        await send(effects.DISPATCH, Dispatch(company_id=self.company_id, key=announce.key, now=announce.now))

    def begin(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self.to_its_end(sending))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def to_its_end(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            await sending
        except ActivityError as failed:
            workflow.logger.error("A message was given up: %s", failed.cause)

    async def empty(self) -> None:
        """Wait until nothing is under way."""
        await workflow.wait_condition(lambda: not self.under_way)

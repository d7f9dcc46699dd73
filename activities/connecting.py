"""Sources as activities reach them: connected with their secrets, closed in the end, their troubles told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from connectors.guard import Guard
from connectors.registry import connect
from connectors.source import Connector, SourceTrouble, Trouble
from models.sealing import SourceSecrets
from models.settings import Settings
from models.sources import Source

Opener = Callable[[Source], Awaitable[Connector]]
"""Connects a source.

Raises:
    SourceTrouble
"""
BEAT_EVERY = 5.0
"""Seconds. A worker that was killed is noticed within half a minute, however slow its source was."""


def opener(settings: Settings) -> Opener:
    """Return what connects sources with this installation's keys, within what it allows."""
    secrets = SourceSecrets(settings)

    async def open_source(source: Source) -> Connector:
        opened = secrets.opened(source.secrets)
        if opened is None:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="secrets-unreadable")
        return await connect(source.kind, source.settings, opened, Guard.of(settings.sources, source.company_id))

    return open_source


@asynccontextmanager
async def connected(open_source: Opener, source: Source) -> AsyncIterator[Connector]:
    """Give the connected source; it is closed in the end.

    Raises:
        SourceTrouble
    """
    connector = await open_source(source)
    try:
        yield connector
    finally:
        await connector.close()


@contextmanager
def troubles() -> Iterator[None]:
    """Let a source's trouble reach the workflow, with how long the source wants to be left alone.

    Raises:
        ApplicationError: a trouble of the source; tried again where that may help.
    """
    try:
        yield
    except SourceTrouble as trouble:
        wait = timedelta(seconds=trouble.retry_after) if trouble.retry_after else None
        raise ApplicationError(
            trouble.trouble.value,
            dict(trouble.facts),
            type=trouble.trouble.value,
            non_retryable=not trouble.may_pass,
            next_retry_delay=wait,
        ) from trouble


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Say that the activity lives for as long as it does, also while it waits for a slow source."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_EVERY)

    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats

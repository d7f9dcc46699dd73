"""Fetches from sources: read page by page, staged, checked, and taken over all or nothing (Rules 29, 30)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.connecting import Opener, beating, connected, troubles
from activities.staging import Staging, maps_of, pages_read, since_of
from connectors.source import Connector, SourceTrouble, Trouble
from models import effects
from models.database import SessionMaker, writing
from models.fetch_orders import FetchStep, FetchTrouble
from models.field_maps import RecordMap
from models.sources import Fetch, FetchState, Source, end_fetch

PAGE_SECONDS = 300.0
PAUSE_SECONDS = 1.0
"""Before going on with a source that broke off."""


class FetchActivities:
    """Every step leaves a fetch alone that has ended: what ran twice, or too late, changes nothing."""

    def __init__(self, sessions: SessionMaker, open_source: Opener, page_seconds: float = PAGE_SECONDS) -> None:
        self.sessions = sessions
        self.open_source = open_source
        self.page_seconds = page_seconds

    @activity.defn(name=effects.TEST_SOURCE.name)
    async def test_source(self, step: FetchStep) -> None:
        """Find out whether the source lets us in and has what its maps name; nothing is read.

        Raises:
            ApplicationError: the source's trouble.
        """
        running = await self.begin(step)
        if running is None:
            return
        fetch, source = running
        with troubles():
            async with beating(), connected(self.open_source, source) as connector:
                checkup = await connector.test()
                missing = await missing_columns(connector, maps_of(source))
        outcome = {
            "who": checkup.who,
            "objects": list(checkup.objects),
            "calls_left": checkup.calls_left,
            "missing": missing,
        }
        trouble = {"code": Trouble.SHAPE_CHANGED.value, "missing": missing} if missing else {}
        state = FetchState.REFUSED if missing else FetchState.DONE
        async with self.sessions() as session:
            await writing(session)
            await end_fetch(session, fetch.id, state, step.now, outcome=outcome, trouble=trouble)
            await session.commit()

    @activity.defn(name=effects.READ_SOURCE.name)
    async def read_source(self, step: FetchStep) -> None:
        """Read what the maps name and stage it; goes on where it, or a worker that was killed, stopped.

        Raises:
            ApplicationError: the source's trouble.
        """
        running = await self.begin(step)
        if running is None:
            return
        with troubles():
            async with beating():
                while not await self.reads_to_the_end(*running):
                    activity.logger.info("Going on with %s where it broke off", step.fetch_id)

    async def reads_to_the_end(self, fetch: Fetch, source: Source) -> bool:
        """Read as far as the source lets us; return whether that is all.

        Raises:
            SourceTrouble: not a single page came, or the source wants to be left alone, or to wait is no use.
        """
        before = pages_read(fetch)
        try:
            async with connected(self.open_source, source) as connector:
                staging = Staging(self.sessions, connector, fetch, self.page_seconds)
                for wanted in maps_of(source):
                    for object_, column in wanted.lists:
                        await staging.read_list(wanted.kind, object_, column)
                    await staging.read(wanted, since_of(wanted, fetch, source))
        except SourceTrouble as trouble:
            if not trouble.may_pass or trouble.retry_after or pages_read(fetch) <= before:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
            return False
        return True

    @activity.defn(name=effects.FAIL_FETCH.name)
    async def fail_fetch(self, trouble: FetchTrouble) -> None:
        """Write why a fetch came to nothing. What was taken over before stays, and so does its age."""
        async with self.sessions() as session:
            await writing(session)
            said = {"code": trouble.code, **trouble.facts}
            await end_fetch(session, trouble.fetch_id, FetchState.FAILED, trouble.now, trouble=said)
            await session.commit()

    async def begin(self, step: FetchStep) -> tuple[Fetch, Source] | None:
        """Return a fetch that runs and its source; None where it has ended."""
        async with self.sessions() as session:
            await writing(session)
            fetch = await session.get_one(Fetch, step.fetch_id)
            source = await session.get_one(Source, fetch.source_id)
            if fetch.state is not FetchState.RUNNING:
                return None
            await write_off_others(session, fetch, step.now)
            await session.commit()
        return fetch, source


async def write_off_others(session: AsyncSession, fetch: Fetch, now: datetime) -> None:
    """Only one fetch of a source can run: others that seem to, from before it, were lost."""
    lost = await session.exec(
        select(Fetch.id).where(
            col(Fetch.source_id) == fetch.source_id,
            col(Fetch.state) == FetchState.RUNNING,
            col(Fetch.id) != fetch.id,
            col(Fetch.started_at) < fetch.started_at,
        )
    )
    for fetch_id in lost.all():
        await end_fetch(session, fetch_id, FetchState.FAILED, now, trouble={"code": "fetch-lost"})


async def missing_columns(connector: Connector, maps: Sequence[RecordMap]) -> dict[str, Any]:
    """Return, by object, the columns that maps name and the source does not have."""
    missing: dict[str, Any] = {}
    for wanted in maps:
        there = set(await connector.columns(wanted.object))
        lacking = [column for column in wanted.columns if column not in there]
        if lacking:
            missing[wanted.object] = lacking
    return missing

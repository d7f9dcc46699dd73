"""Fetches from sources: read page by page, staged, checked, and taken over all or nothing (Rules 29, 30)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.connecting import Opener, connected
from connectors.source import Connector, Trouble
from models import effects
from models.database import SessionMaker, writing
from models.fetch_orders import FetchStep, FetchTrouble
from models.field_maps import RecordMap
from models.sources import Fetch, FetchState, Source, end_fetch


class FetchActivities:
    """Every step leaves a fetch alone that has ended: what ran twice, or too late, changes nothing."""

    def __init__(self, sessions: SessionMaker, open_source: Opener) -> None:
        self.sessions = sessions
        self.open_source = open_source

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
        async with connected(self.open_source, source) as connector:
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

    @activity.defn(name=effects.FAIL_FETCH.name)
    async def fail_fetch(self, trouble: FetchTrouble) -> None:
        """Write why a fetch came to nothing. What was taken over before stays, and so does its age."""
        async with self.sessions() as session:
            await writing(session)
            said = {"code": trouble.code, **trouble.facts}
            await end_fetch(session, trouble.fetch_id, FetchState.FAILED, trouble.now, trouble=said)
            await session.commit()

    async def begin(self, step: FetchStep) -> tuple[Fetch, Source] | None:
        """Return a fetch that runs and its source; None where it has ended.

        Only one can run at a time: another of the source that seems to was lost, and is written off.
        """
        async with self.sessions() as session:
            fetch = await session.get_one(Fetch, step.fetch_id)
            source = await session.get_one(Source, fetch.source_id)
        if fetch.state is not FetchState.RUNNING:
            return None
        async with self.sessions() as session:
            await writing(session)
            await write_off_others(session, fetch, step.now)
            await session.commit()
        return fetch, source


async def write_off_others(session: AsyncSession, fetch: Fetch, now: datetime) -> None:
    await session.exec(
        update(Fetch)
        .where(
            col(Fetch.source_id) == fetch.source_id,
            col(Fetch.state) == FetchState.RUNNING,
            col(Fetch.id) != fetch.id,
            col(Fetch.started_at) < fetch.started_at,
        )
        .values(state=FetchState.FAILED, ended_at=now, trouble={"code": "fetch-lost"})
    )


def maps_of(source: Source) -> list[RecordMap]:
    return [RecordMap.model_validate(stored) for stored in source.maps]


async def missing_columns(connector: Connector, maps: Sequence[RecordMap]) -> dict[str, Any]:
    """Return, by object, the columns that maps name and the source does not have."""
    missing: dict[str, Any] = {}
    for wanted in maps:
        there = set(await connector.columns(wanted.object))
        lacking = [column for column in wanted.columns if column not in there]
        if lacking:
            missing[wanted.object] = lacking
    return missing

"""Sources fetched by themselves: what a schedule finds due is started."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models import effects
from models.clock import business_now
from models.database import SessionMaker, insert_once, writing
from models.fetch_orders import FetchAgain, FetchDue, FetchOrder
from models.names import fetch_workflow_id
from models.sources import Fetch, FetchMode, Source


class ScheduleActivities:
    def __init__(self, sessions: SessionMaker, client: Client, task_queue: str) -> None:
        self.sessions = sessions
        self.client = client
        self.task_queue = task_queue

    @activity.defn(name=effects.FETCH_IF_DUE.name)
    async def fetch_if_due(self, due: FetchDue) -> FetchAgain:
        """Start a fetch where the last one is long enough ago; say when to look again."""
        async with self.sessions() as session:
            source = await session.get(Source, due.source_id)
            if source is None or not source.is_on or source.every_minutes <= 0:
                return FetchAgain(wait=None)
            # The schedule's own clock is not moved on with the cycles' in a demonstration.
            now = max(due.now, await business_now(session))
            # A new source is left to whoever tries it out first.
            last = await last_begun(session, source.id) or source.created_at
        every = timedelta(minutes=source.every_minutes)
        if now < last + every:
            return FetchAgain(wait=last + every - now)
        await self.start(source, now)
        return FetchAgain(wait=every)

    async def start(self, source: Source, now: datetime) -> None:
        fetch = Fetch(
            id=f"{source.id}.{now:%Y%m%d%H%M%S%f}",
            company_id=source.company_id,
            source_id=source.id,
            mode=FetchMode.TAKE_OVER,
            started_at=now,
        )
        async with self.sessions() as session:
            await writing(session)
            await insert_once(session, [fetch])
            await session.commit()
        order = FetchOrder(
            company_id=source.company_id,
            source_id=source.id,
            fetch_id=fetch.id,
            mode=fetch.mode,
            begin_at=now,
        )
        try:
            await self.client.start_workflow(
                "SourceFetch",
                order,
                id=fetch_workflow_id(source.company_id, source.id),
                task_queue=self.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                memo={"fetch_id": fetch.id},
            )
        except WorkflowAlreadyStartedError:
            activity.logger.info("A fetch of %s runs already", source.id)
            async with self.sessions() as session:
                await writing(session)
                await session.exec(delete(Fetch).where(col(Fetch.id) == fetch.id))
                await session.commit()


async def last_begun(session: AsyncSession, source_id: str) -> datetime | None:
    """Return when the last fetch that was to take over began, whatever came of it."""
    found = await session.exec(
        select(Fetch.started_at)
        .where(col(Fetch.source_id) == source_id, col(Fetch.mode) == FetchMode.TAKE_OVER)
        .order_by(col(Fetch.started_at).desc())
        .limit(1)
    )
    return found.first()

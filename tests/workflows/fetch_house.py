"""A company with a source, and a worker that fetches from it, as the application asks through the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from api.commands import Commands
from api.engine import Engine
from api.fetching import ask_for_fetch
from models.database import SessionMaker
from models.field_maps import RecordMap
from models.sealing import SourceSecrets
from models.settings import Settings, SourcesSettings
from models.sources import Fetch, FetchMode, FetchState, Source, SourceKind
from quarterdeck.demo.small import SmallCompany, make_small_company
from worker import activities_of_sources
from workflows.fetching import SourceFetch, SourceSchedule
from workflows.sandbox import sandbox

PATIENCE = 30.0


@dataclass
class FetchHouse:
    engine: WorkflowEnvironment
    sessions: SessionMaker
    company: SmallCompany
    settings: Settings
    folder: Path
    """The company's folder for files."""

    @property
    def commands(self) -> Commands:
        return Commands(Engine(pydantic_data_converter, self.engine.client), self.settings)

    async def add(
        self,
        kind: SourceKind,
        settings: Mapping[str, str],
        maps: Sequence[RecordMap] = (),
        secrets: Mapping[str, str] | None = None,
        **columns: Any,
    ) -> Source:
        source = Source(
            id=f"s{uuid4().hex[:8]}",
            company_id=self.company.company_id,
            kind=kind,
            name="ERP",
            settings=dict(settings),
            secrets=SourceSecrets(self.settings).sealed(secrets or {}),
            maps=[each.model_dump(mode="json") for each in maps],
            created_at=datetime.now(UTC),
            **columns,
        )
        async with self.sessions() as session:
            session.add(source)
            await session.commit()
        return source

    async def ask(
        self, source: Source, mode: FetchMode, from_on: date | None = None, until_on: date | None = None
    ) -> str:
        async with self.sessions() as session:
            return await ask_for_fetch(
                session,
                self.commands,
                source,
                mode,
                asked_by=self.company.hr_id,
                from_on=from_on,
                until_on=until_on,
            )

    async def fetch(self, source: Source, mode: FetchMode, **period: date) -> Fetch:
        """Ask for a fetch, and wait for its end."""
        return await self.ended(await self.ask(source, mode, **period))

    async def ended(self, fetch_id: str) -> Fetch:
        return await self.until(fetch_id, lambda fetch: fetch.state is not FetchState.RUNNING)

    async def until(self, fetch_id: str, is_so: Callable[[Fetch], bool]) -> Fetch:
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self.sessions() as session:
                    fetch = await session.get_one(Fetch, fetch_id)
                if is_so(fetch):
                    return fetch
                await asyncio.sleep(0.05)


@asynccontextmanager
async def fetch_house(
    engine: WorkflowEnvironment, sessions: SessionMaker, folder: Path
) -> AsyncIterator[FetchHouse]:
    """Give a house whose worker runs."""
    prefix = f"f{uuid4().hex[:8]}-"
    company = await make_small_company(
        sessions, 1, 3, company_id=f"{prefix}co", prefix=prefix, starts_on=date(2026, 1, 1)
    )
    settings = Settings(
        _env_file=None,
        secret_keys=(SecretStr("s" * 40),),
        task_queue=f"fetches-{prefix}",
        answer_within=timedelta(seconds=PATIENCE),
        sources=SourcesSettings(folder=folder),
    )
    own = folder / company.company_id
    own.mkdir(parents=True)
    worker = Worker(
        engine.client,
        task_queue=settings.task_queue,
        workflows=[SourceFetch, SourceSchedule],
        workflow_runner=sandbox(),
        activities=activities_of_sources(settings, sessions, engine.client),
    )
    async with worker:
        yield FetchHouse(engine, sessions, company, settings, own)

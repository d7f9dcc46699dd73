"""A company with a source, and a worker that fetches from it, as the application asks through the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from sqlmodel import col, select
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.connecting import Opener, opener
from activities.fetches import FetchActivities
from activities.schedules import ScheduleActivities
from activities.taking_over import TakeOverActivities
from api.commands import Commands
from api.engine import Engine
from api.fetching import ask_for_fetch
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker
from models.field_maps import RecordMap
from models.metrics import Figure
from models.names import fetch_workflow_id, schedule_workflow_id
from models.org import Person
from models.records import Deal
from models.sealing import SourceSecrets
from models.settings import Settings, SourcesSettings
from models.sources import Fetch, FetchMode, FetchState, RowFault, Source, SourceKind, StagedRow
from models.stages import CycleState, Stage
from quarterdeck.demo.small import SmallCompany, make_small_company
from tests.workflows.house import store_history
from workflows.fetching import SourceFetch, SourceSchedule
from workflows.sandbox import sandbox

PATIENCE = 60.0


@dataclass
class FetchHouse:
    engine: WorkflowEnvironment
    sessions: SessionMaker
    company: SmallCompany
    settings: Settings
    folder: Path
    """The company's folder for files."""
    source_ids: list[str] = field(default_factory=list)
    """Those added, in order."""

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
            **{"created_at": datetime.now(UTC), **columns},
        )
        async with self.sessions() as session:
            session.add(source)
            await session.commit()
        self.source_ids.append(source.id)
        return source

    async def launch(self) -> None:
        """Have the company's cycle run, its departments about to hand in their data."""
        async with self.sessions() as session:
            cycle = await session.get_one(Cycle, self.company.cycle_id)
            cycle.state = CycleState.RUNNING
            for department in self.company.departments:
                session.add(
                    CycleDepartment(
                        cycle_id=cycle.id,
                        department_id=department.id,
                        company_id=self.company.company_id,
                        stage=Stage.SUBMISSION,
                    )
                )
            await session.commit()

    async def staff_numbers(self) -> list[str]:
        """Return those of everybody who is scored."""
        async with self.sessions() as session:
            found = await session.exec(
                select(Person.staff_no)
                .where(col(Person.company_id) == self.company.company_id, col(Person.is_scored).is_(True))
                .order_by(col(Person.staff_no))
            )
            return list(found.all())

    async def deals(self) -> list[Deal]:
        async with self.sessions() as session:
            found = await session.exec(
                select(Deal).where(col(Deal.company_id) == self.company.company_id).order_by(col(Deal.id))
            )
            return list(found.all())

    async def figures(self) -> dict[tuple[str, str, date], Decimal]:
        """Return the figures in force, by person, metric and month."""
        async with self.sessions() as session:
            found = await session.exec(
                select(Figure).where(
                    col(Figure.company_id) == self.company.company_id, col(Figure.replaced_by) == ""
                )
            )
            return {(one.person_id, one.metric_id, one.month): one.value for one in found.all()}

    async def sales(self) -> dict[date, Decimal]:
        """Return what everybody's sales in force come to, by month."""
        sums: dict[date, Decimal] = {}
        for (_, metric_id, month), value in (await self.figures()).items():
            if metric_id == self.company.metric_ids["sales"]:
                sums[month] = sums.get(month, Decimal(0)) + value
        return sums

    async def faults(self, fetch_id: str) -> list[RowFault]:
        async with self.sessions() as session:
            found = await session.exec(
                select(RowFault).where(col(RowFault.fetch_id) == fetch_id).order_by(col(RowFault.position))
            )
            return list(found.all())

    async def staged(self) -> int:
        async with self.sessions() as session:
            return len((await session.exec(select(StagedRow.external_id))).all())

    async def stored(self, source: Source) -> Source:
        async with self.sessions() as session:
            return await session.get_one(Source, source.id)

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
        """Ask for a fetch, and wait until its figures are there."""
        fetch_id = await self.ask(source, mode, **period)
        await self.over(source)
        return await self.ended(fetch_id)

    async def over(self, source: Source) -> None:
        """Wait until no fetch of a source runs any more."""
        workflow_id = fetch_workflow_id(source.company_id, source.id)
        async with asyncio.timeout(PATIENCE):
            await self.engine.client.get_workflow_handle(workflow_id).result()

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
    engine: WorkflowEnvironment,
    sessions: SessionMaker,
    folder: Path,
    open_source: Opener | None = None,
    page_seconds: float = 60,
    record_as: str = "",
) -> AsyncIterator[FetchHouse]:
    """Give a house whose worker runs; `open_source` gives a stand-in in the place of real connectors.

    The histories of its last source's fetch and schedule are stored in the end under `record_as`.
    """
    prefix = f"f{uuid4().hex[:8]}-"
    company = await make_small_company(
        sessions,
        1,
        3,
        company_id=f"{prefix}co",
        prefix=prefix,
        starts_on=date(2026, 1, 1),
        metrics=("sales", "collection", "new_customers", "average_deal"),
        has_crm=False,
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
    fetches = FetchActivities(sessions, open_source or opener(settings), page_seconds)
    taking_over = TakeOverActivities(sessions)
    worker = Worker(
        engine.client,
        task_queue=settings.task_queue,
        workflows=[SourceFetch, SourceSchedule],
        workflow_runner=sandbox(),
        activities=[
            fetches.test_source,
            fetches.read_source,
            taking_over.take_over,
            taking_over.refresh_figures,
            fetches.fail_fetch,
            ScheduleActivities(sessions, engine.client, settings.task_queue).fetch_if_due,
        ],
    )
    async with worker:
        house = FetchHouse(engine, sessions, company, settings, own)
        yield house
        if record_as:
            await store_histories(house, record_as)


async def store_histories(house: FetchHouse, name: str) -> None:
    """Store the history of the last source's fetch, and of its schedule where it has one, for replays."""
    company_id, source_id = house.company.company_id, house.source_ids[-1]
    ids = {
        "fetch": fetch_workflow_id(company_id, source_id),
        "schedule": schedule_workflow_id(company_id, source_id),
    }
    for kind, workflow_id in ids.items():
        with suppress(RPCError):  # It has none.
            await store_history(house.engine.client.get_workflow_handle(workflow_id), f"{kind}-{name}")

"""Sources asked for through the engine: tested, fetched on demand and by themselves, one fetch at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.testing import WorkflowEnvironment

from api.commands import CommandKind, Wish, new_command_id
from api.fetching import scheduled
from models.database import SessionMaker
from models.errors import Refusal
from models.field_maps import FieldRule, RecordMap
from models.names import schedule_workflow_id
from models.sources import Fetch, FetchMode, FetchState, RecordKind, Source, SourceKind
from tests.workflows.fetch_house import FetchHouse, fetch_house

ORDERS = RecordMap(
    kind=RecordKind.DEAL,
    object="orders",
    key="no",
    fields={
        "seller": FieldRule(column="seller"),
        "amount": FieldRule(column="amount"),
        "won_on": FieldRule(column="signed"),
    },
    seller_by="staff_no",
)
SQLITE = {"dialect": "sqlite", "database": "erp.db"}


@pytest.fixture
async def house(
    engine: WorkflowEnvironment, sessions: SessionMaker, tmp_path: Path, record_as: str
) -> AsyncIterator[FetchHouse]:
    async with fetch_house(engine, sessions, tmp_path / "sources", record_as=record_as) as made:
        with sqlite3.connect(made.folder / "erp.db") as erp:
            erp.execute("create table orders (no text primary key, seller text, amount text, signed text)")
        yield made


async def test_a_test_says_that_a_source_lets_us_in_and_what_it_has(house: FetchHouse) -> None:
    source = await house.add(SourceKind.DATABASE, SQLITE, [ORDERS])
    fetch = await house.fetch(source, FetchMode.TEST)
    assert (fetch.state, fetch.trouble) == (FetchState.DONE, {})
    assert fetch.outcome["objects"] == ["orders"]


async def test_a_test_names_the_columns_that_the_map_asks_for_and_the_source_does_not_have(
    house: FetchHouse,
) -> None:
    lacking = ORDERS.model_copy(update={"changed_column": "changed", "key": "number"})
    source = await house.add(SourceKind.DATABASE, SQLITE, [lacking])
    fetch = await house.fetch(source, FetchMode.TEST)
    assert fetch.state is FetchState.REFUSED
    assert fetch.trouble == {"code": "source-shape-changed", "missing": {"orders": ["number", "changed"]}}


async def test_a_source_that_cannot_be_reached_is_said_so(house: FetchHouse) -> None:
    source = await house.add(SourceKind.DATABASE, {"dialect": "sqlite", "database": "gone.db"})
    fetch = await house.fetch(source, FetchMode.TEST)
    assert (fetch.state, fetch.trouble["code"]) == (FetchState.FAILED, "source-settings-wrong")
    assert fetch.ended_at is not None


async def test_a_source_without_a_map_is_not_fetched(house: FetchHouse) -> None:
    source = await house.add(SourceKind.DATABASE, SQLITE)
    with pytest.raises(Refusal, match="source-unmapped"):
        await house.ask(source, FetchMode.DRY_RUN)


# --- by themselves --------------------------------------------------------------------------------


async def scheduled_source(house: FetchHouse, **columns: Any) -> Source:
    """Add a source as it is saved: its schedule looks at it."""
    with sqlite3.connect(house.folder / "erp.db") as erp:
        number = (await house.staff_numbers())[0]
        erp.execute("insert into orders values ('A1', ?, '12.50', '2026-01-05')", (number,))
    columns = {"every_minutes": 60, "created_at": datetime.now(UTC) - timedelta(hours=2), **columns}
    source = await house.add(SourceKind.DATABASE, SQLITE, [ORDERS], **columns)
    await save(house, source)
    return source


async def save(house: FetchHouse, source: Source, **changes: Any) -> None:
    async with house.sessions() as session:

        async def write(inside: AsyncSession) -> None:
            row = await inside.get_one(Source, source.id)
            for name, value in changes.items():
                setattr(row, name, value)

        wish = Wish(
            kind=CommandKind.SOURCE,
            company_id=source.company_id,
            by_id=house.company.hr_id,
            workflow_id="",
            move=None,
            command_id=new_command_id(),
            alongside=write,
        )
        await house.commands.ask(session, scheduled(wish, source))


async def fetches_of(house: FetchHouse, source: Source) -> list[Fetch]:
    async with house.sessions() as session:
        found = await session.exec(select(Fetch).where(col(Fetch.source_id) == source.id))
        return sorted(found.all(), key=lambda fetch: fetch.started_at)


async def count_to(house: FetchHouse, source: Source, wanted: int) -> None:
    async with asyncio.timeout(60):
        while len(await fetches_of(house, source)) < wanted:  # noqa: ASYNC110 - what we wait for is in the database.
            await asyncio.sleep(0.05)


async def test_a_source_that_is_due_is_fetched_by_itself(house: FetchHouse) -> None:
    """Rule 29: nobody asks for it."""
    source = await scheduled_source(house)
    await count_to(house, source, 1)
    (fetch,) = await fetches_of(house, source)
    assert ((await house.ended(fetch.id)).state, fetch.asked_by) == (FetchState.DONE, "")
    assert [deal.number for deal in await house.deals()] == ["A1"]


async def test_the_next_fetch_comes_when_its_time_has_come(house: FetchHouse) -> None:
    source = await scheduled_source(house)
    await count_to(house, source, 1)
    schedule = house.engine.client.get_workflow_handle(schedule_workflow_id(source.company_id, source.id))
    await house.over(source)
    async with house.sessions() as session:  # As if an hour had passed for the database's records.
        for fetch in await session.exec(select(Fetch)):
            fetch.started_at -= timedelta(minutes=61)
        await session.commit()
    await house.engine.fast_forward(schedule, timedelta(minutes=61))
    await count_to(house, source, 2)


async def test_a_new_source_is_left_to_whoever_tries_it_out(house: FetchHouse) -> None:
    source = await scheduled_source(house, created_at=datetime.now(UTC))
    await asyncio.sleep(1)
    assert await fetches_of(house, source) == []


async def test_a_source_that_is_switched_off_is_fetched_no_more_and_on_again_it_is(house: FetchHouse) -> None:
    source = await scheduled_source(house, created_at=datetime.now(UTC))
    schedule = house.engine.client.get_workflow_handle(schedule_workflow_id(source.company_id, source.id))
    await save(house, source, is_on=False)
    async with asyncio.timeout(60):
        await schedule.result()
    await save(house, source, is_on=True, created_at=datetime.now(UTC) - timedelta(days=1))
    await count_to(house, source, 1)


async def test_another_interval_counts_at_once(house: FetchHouse) -> None:
    created_at = datetime.now(UTC) - timedelta(minutes=10)
    source = await scheduled_source(house, created_at=created_at)
    await save(house, source, every_minutes=5)
    await count_to(house, source, 1)

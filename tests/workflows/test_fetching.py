"""Sources asked for through the engine: tested, fetched on demand and by themselves, one fetch at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from models.database import SessionMaker
from models.errors import Refusal
from models.field_maps import FieldRule, RecordMap
from models.sources import FetchMode, FetchState, RecordKind, SourceKind
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
async def house(engine: WorkflowEnvironment, sessions: SessionMaker, tmp_path: Path) -> AsyncIterator[FetchHouse]:
    async with fetch_house(engine, sessions, tmp_path / "sources") as made:
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

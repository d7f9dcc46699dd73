"""From DingTalk to figures: the connector, real HTTPS, the real workflow; and the same figures after any fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import col, select
from temporalio.testing import WorkflowEnvironment

from connectors.dingtalk import DingTalkConnector
from connectors.registry import connect
from connectors.source import Connector
from models.database import SessionMaker
from models.records import Deal, Visit
from models.sealing import SourceSecrets
from models.sources import FetchMode, FetchState, Source
from quarterdeck.source_files import read_source_file
from tests.standins.dingtalk_api import (
    ENDED,
    NO_RIGHT,
    SERVICE_DOWN,
    SHANGHAI,
    TOO_FAST,
    DingTalkStandIn,
    checkins,
    opportunities,
    users,
)
from tests.standins.https import SILENCE, Reply
from tests.workflows.fetch_house import FetchHouse, fetch_house

MAP = Path(__file__).resolve().parents[2] / "docs" / "sources" / "dingtalk.toml"
DAYS = 3
TODAY = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST_DAY = TODAY - timedelta(days=DAYS - 1)
"""Of the check-ins: DingTalk is asked day by day until now."""

House = tuple[FetchHouse, DingTalkStandIn]


@pytest.fixture
async def house(engine: WorkflowEnvironment, sessions: SessionMaker, tmp_path: Path) -> AsyncIterator[House]:
    """A company whose cycle runs, and on DingTalk fifty won opportunities and some check-ins of its people."""
    with DingTalkStandIn(tmp_path / "dingtalk") as dingtalk:

        async def open_source(source: Source) -> Connector:
            opened = SourceSecrets(made.settings).opened(source.secrets)
            guard = dingtalk.guard(read_seconds=0.3, connect_seconds=0.5)
            connector = await connect(source.kind, source.settings, opened or {}, guard)
            assert isinstance(connector, DingTalkConnector)
            connector.api.pause = 0
            return connector

        async with fetch_house(engine, sessions, tmp_path / "sources", open_source) as made:
            await made.launch()
            dingtalk.users = users(await made.staff_numbers())
            dingtalk.opportunities = opportunities(dingtalk.users)
            dingtalk.checkins = checkins(dingtalk.users, FIRST_DAY, DAYS)
            yield made, dingtalk


async def added(house: FetchHouse) -> Source:
    """Add the source as the documentation describes it."""
    told = read_source_file(MAP.read_text(encoding="utf-8"))
    settings = told.settings | {"checkins_from": FIRST_DAY.date().isoformat()}
    return await house.add(told.kind, settings, told.maps, told.secrets)


def by_hand(dingtalk: DingTalkStandIn) -> dict[date, Decimal]:
    sums: dict[date, Decimal] = {}
    for each in dingtalk.opportunities:
        won = datetime.fromtimestamp(int(each["data"]["DDDateField-WON"]) / 1000, SHANGHAI)
        month = won.date().replace(day=1)
        sums[month] = sums.get(month, Decimal(0)) + Decimal(each["data"]["MoneyField-AMOUNT"])
    return sums


async def visits(house: FetchHouse) -> list[Visit]:
    async with house.sessions() as session:
        return list((await session.exec(select(Visit).order_by(col(Visit.id)))).all())


async def test_opportunities_and_check_ins_become_deals_visits_and_figures_by_the_documented_map(
    house: House,
) -> None:
    """Rules 29, 30, 33."""
    made, dingtalk = house
    fetch = await made.fetch(await added(made), FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.trouble) == (FetchState.DONE, {})
    assert (fetch.outcome["deal"]["read"], fetch.outcome["deal"]["faulty"]) == (50, 0)
    assert await made.sales() == by_hand(dingtalk)
    came = await visits(made)
    assert len(came) == len(dingtalk.checkins)
    first = min(came, key=lambda visit: (visit.checked_in_at or datetime.max, visit.id))
    assert (first.visited_on, first.place, first.customer) == (
        FIRST_DAY.date(),
        "浙江省杭州市余杭区五常街道",
        "客户0",
    )


async def test_a_deal_of_two_owners_is_shared_and_counts_once(house: House) -> None:
    made, _ = house
    await made.fetch(await added(made), FetchMode.TAKE_OVER)
    async with made.sessions() as session:
        found = await session.exec(select(Deal).where(col(Deal.number) == "SJ0009"))
        assert sum(deal.amount for deal in found.all()) == Decimal("1063.09")


async def test_a_disturbed_fetch_ends_with_the_figures_of_an_undisturbed_one(house: House) -> None:
    made, dingtalk = house
    dingtalk.page_again = {4}
    dingtalk.breaks("opportunities 2", SERVICE_DOWN)
    dingtalk.breaks("opportunities 3", SILENCE)
    dingtalk.breaks("opportunities 5", Reply(429, {"code": "x"}, {"Retry-After": "1"}))
    dingtalk.breaks(f"checkins {FIRST_DAY:%Y-%m-%d}", ENDED, TOO_FAST)
    fetch = await made.fetch(await added(made), FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.outcome["deal"]["new"]) == (FetchState.DONE, 55)  # Five have two owners.
    assert await made.sales() == by_hand(dingtalk)
    assert len(await visits(made)) == len(dingtalk.checkins)
    assert not any(dingtalk.faults.values())
    pages = [name for name in dingtalk.names_asked if name.startswith("opportunities")]
    assert pages.count("opportunities 1") == 1  # It went on where it broke off.


async def test_what_waiting_does_not_mend_is_said_and_the_last_good_figures_stay(house: House) -> None:
    made, dingtalk = house
    source = await added(made)
    before = await made.fetch(source, FetchMode.TAKE_OVER)
    good = await made.figures()
    dingtalk.opportunities[0]["data"]["MoneyField-AMOUNT"] = "9999999"
    dingtalk.opportunities[0]["gmtModified"] = "2099-01-01 00:00:00"
    amount = next(field for field in dingtalk.fields if field["label"] == "成交金额")
    dingtalk.fields.remove(amount)
    fetch = await made.fetch(source, FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.trouble) == (
        FetchState.FAILED,
        {"code": "source-shape-changed", "object": "opportunities", "missing": ["成交金额"]},
    )
    dingtalk.fields.append(amount)
    dingtalk.breaks("/topapi/v2/department/listsub", *[NO_RIGHT] * 4)
    fetch = await made.fetch(source, FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.trouble["code"]) == (FetchState.FAILED, "source-not-let-in")
    assert "60011" in fetch.trouble["said"]
    assert await made.figures() == good
    assert (await made.stored(source)).fetched_at == before.started_at


async def test_only_what_has_changed_is_asked_for_the_next_time(house: House) -> None:
    made, dingtalk = house
    source = await added(made)
    await made.fetch(source, FetchMode.TAKE_OVER)
    dingtalk.opportunities[0]["data"]["MoneyField-AMOUNT"] = "50000.50"
    dingtalk.opportunities[0]["gmtModified"] = "2099-01-01 00:00:00"
    asked = len(dingtalk.asked)
    fetch = await made.fetch(source, FetchMode.TAKE_OVER)
    assert fetch.outcome["deal"]["changed"] == 1
    assert fetch.outcome["deal"]["read"] < 10
    assert await made.sales() == by_hand(dingtalk)
    later = {name for name in dingtalk.names_asked[asked:] if name.startswith("checkins")}
    assert f"checkins {TODAY:%Y-%m-%d}" in later
    assert f"checkins {FIRST_DAY:%Y-%m-%d}" not in later
    assert len(await visits(made)) == len(dingtalk.checkins)


async def test_a_test_says_that_the_maps_fit(house: House) -> None:
    made, _ = house
    fetch = await made.fetch(await added(made), FetchMode.TEST)
    assert (fetch.state, fetch.trouble) == (FetchState.DONE, {})
    assert "checkins" in fetch.outcome["objects"]

"""From Salesforce to figures: its real client, real HTTPS, the real workflow; the same figures after any fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.testing import WorkflowEnvironment

from connectors.registry import connect
from connectors.source import Connector
from models.database import SessionMaker
from models.org import Person
from models.sealing import SourceSecrets
from models.sources import FetchMode, FetchState, Source
from quarterdeck.source_files import SourceFile, read_source_file
from tests.standins.https import SILENCE, Reply
from tests.standins.salesforce_api import (
    PLACE_GONE,
    SERVICE_DOWN,
    USED_UP,
    SalesforceStandIn,
    opportunities,
    split,
)
from tests.workflows.fetch_house import FetchHouse, fetch_house

MAPS = Path(__file__).resolve().parents[2] / "docs" / "sources"


def described(name: str = "salesforce-opportunities") -> SourceFile:
    return read_source_file((MAPS / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.fixture
async def house(
    engine: WorkflowEnvironment, sessions: SessionMaker, tmp_path: Path
) -> AsyncIterator[tuple[FetchHouse, SalesforceStandIn]]:
    """A company whose cycle runs, and an organisation of Salesforce with fifty won opportunities of its people."""
    with SalesforceStandIn(tmp_path / "salesforce") as salesforce:

        async def open_source(source: Source) -> Connector:
            opened = SourceSecrets(made.settings).opened(source.secrets)
            guard = salesforce.guard(read_seconds=0.3, connect_seconds=0.5)
            return await connect(source.kind, source.settings, opened or {}, guard)

        async with fetch_house(engine, sessions, tmp_path / "sources", open_source) as made:
            await made.launch()
            async with sessions() as session:
                people = await session.exec(
                    select(Person)
                    .where(col(Person.company_id) == made.company.company_id, col(Person.is_scored).is_(True))
                    .order_by(col(Person.staff_no))
                )
                emails = [person.email for person in people.all()]
            salesforce.records = opportunities(emails)
            yield made, salesforce


async def added(house: FetchHouse, told: SourceFile | None = None) -> Source:
    """Add the source as the documentation describes it."""
    told = told or described()
    return await house.add(told.kind, told.settings, told.maps, told.secrets)


def by_hand(salesforce: SalesforceStandIn) -> dict[date, Decimal]:
    sums: dict[date, Decimal] = {}
    for record in salesforce.records:
        month = date.fromisoformat(record["CloseDate"]).replace(day=1)
        if record["IsWon"]:
            sums[month] = sums.get(month, Decimal(0)) + Decimal(str(record["Amount"]))
    return sums


House = tuple[FetchHouse, SalesforceStandIn]


async def test_won_opportunities_become_deals_and_figures_by_the_documented_map(house: House) -> None:
    """Rules 29, 30."""
    made, salesforce = house
    salesforce.records[5]["IsWon"] = False
    fetch = await made.fetch(await added(made), FetchMode.TAKE_OVER)
    said = fetch.outcome["deal"]
    assert (fetch.state, said["read"], said["new"], said["faulty"]) == (FetchState.DONE, 50, 49, 0)
    assert await made.sales() == by_hand(salesforce)
    deals = {deal.number: deal for deal in await made.deals()}
    first = deals["006000000000001AAA"]
    assert (first.customer, first.amount, first.won_on) == ("客户1", Decimal("1007.01"), date(2026, 2, 2))


async def test_a_split_opportunity_counts_for_each_seller_by_share_and_once_in_total(house: House) -> None:
    """Rule 34: by the documented map of splits; no cent is lost where shares leave one over."""
    made, salesforce = house
    emails = [record["Owner"]["Email"] for record in salesforce.records]
    salesforce.records[0]["Amount"] = 1000.01
    shares = {0: (33.33, 33.33, 33.34), 1: (60.0, 40.0)}
    salesforce.splits = [
        split(record, number, emails[place + number], percentage)
        for place, record in enumerate(salesforce.records)
        for number, percentage in enumerate(shares.get(place, (100.0,)))
    ]
    fetch = await made.fetch(await added(made, described("salesforce-splits")), FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.outcome["deal"]["new"]) == (FetchState.DONE, 53)
    assert await made.sales() == by_hand(salesforce)
    parts = sorted(deal.amount for deal in await made.deals() if deal.number == salesforce.records[0]["Id"])
    assert sum(parts) == Decimal("1000.01")
    assert [round(part) for part in parts] == [333, 333, 333]


async def test_a_test_says_that_the_map_fits(house: House) -> None:
    made, _ = house
    fetch = await made.fetch(await added(made), FetchMode.TEST)
    assert (fetch.state, fetch.trouble) == (FetchState.DONE, {})
    assert "Opportunity" in fetch.outcome["objects"]
    assert fetch.outcome["calls_left"] > 0


@pytest.mark.parametrize(
    "faults",
    [
        {
            "page 2": [SERVICE_DOWN],
            "page 3": [SILENCE],
            "page 5": [Reply(429, [], {"Retry-After": "1"})],
        },
        {"page 3": [Reply(body={"done": True, "totalSize": 50, "records": []})], "page 5": [PLACE_GONE]},
    ],
    ids=["503-hangs-429", "half-a-page-and-place-forgotten"],
)
async def test_a_disturbed_fetch_ends_with_the_figures_of_an_undisturbed_one(
    house: House, faults: dict[str, list[Reply]]
) -> None:
    made, salesforce = house
    for page, replies in faults.items():
        salesforce.breaks(page, *replies)
    fetch = await made.fetch(await added(made), FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.outcome["deal"]["new"]) == (FetchState.DONE, 50)
    assert await made.sales() == by_hand(salesforce)
    assert not any(salesforce.faults.values())


async def test_a_page_that_comes_twice_and_a_session_that_ends_change_nothing(house: House) -> None:
    made, salesforce = house
    salesforce.page_again = {3}
    salesforce.breaks("page 4", Reply(401, [{"errorCode": "INVALID_SESSION_ID", "message": "expired"}]))
    fetch = await made.fetch(await added(made), FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.outcome["deal"]["new"]) == (FetchState.DONE, 50)
    assert await made.sales() == by_hand(salesforce)
    assert salesforce.pages_asked == [1, 2, 3, 3, 4, 4, 5]  # It went on where it broke off.


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ("column", {"code": "source-shape-changed", "object": "Opportunity", "missing": ["Amount"]}),
        ("limit", {"code": "source-used-up"}),
    ],
)
async def test_what_waiting_does_not_mend_is_said_and_the_last_good_figures_stay(
    house: House, fault: str, trouble: dict[str, Any]
) -> None:
    made, salesforce = house
    source = await added(made)
    before = await made.fetch(source, FetchMode.TAKE_OVER)
    good = await made.figures()
    salesforce.records[0]["Amount"] = 9_999_999.0
    if fault == "column":
        del salesforce.fields["Amount"]
    else:
        salesforce.breaks("page 2", USED_UP)
        salesforce.records = [
            record | {"SystemModstamp": "2027-01-01T00:00:00.000+0000"} for record in salesforce.records
        ]
    fetch = await made.fetch(source, FetchMode.TAKE_OVER)
    assert fetch.state is FetchState.FAILED
    assert trouble.items() <= fetch.trouble.items()
    assert await made.figures() == good
    assert (await made.stored(source)).fetched_at == before.started_at


async def test_a_deal_deleted_in_salesforce_is_gone_with_the_next_fetch(house: House) -> None:
    made, salesforce = house
    source = await added(made)
    await made.fetch(source, FetchMode.TAKE_OVER)
    salesforce.records[0] |= {"IsDeleted": True, "SystemModstamp": "2099-01-01T00:00:00.000+0000"}
    fetch = await made.fetch(source, FetchMode.TAKE_OVER)
    said = fetch.outcome["deal"]
    assert (said["gone"], said["left"]) == (1, {"deleted": 1})
    salesforce.records.pop(0)
    assert await made.sales() == by_hand(salesforce)


async def test_only_what_has_changed_is_asked_for_the_next_time(house: House) -> None:
    made, salesforce = house
    source = await added(made)
    await made.fetch(source, FetchMode.TAKE_OVER)
    for record in salesforce.records[:2]:
        record["SystemModstamp"] = "2099-01-01T00:00:00.000+0000"
    salesforce.records[0]["Amount"] = 50_000.5
    salesforce.records[1]["IsWon"] = False
    fetch = await made.fetch(source, FetchMode.TAKE_OVER)
    assert "SystemModstamp >= " in salesforce.queries[-1]
    said = fetch.outcome["deal"]
    assert (said["read"], said["changed"], said["gone"]) == (4, 1, 1)  # And two of the last hour read before.
    assert await made.sales() == by_hand(salesforce)

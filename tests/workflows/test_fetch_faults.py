"""However a fetch is disturbed, the figures afterwards are those of an undisturbed one, or the last good ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update
from temporalio.testing import WorkflowEnvironment

from connectors.source import SourceTrouble, Trouble
from models.database import SessionMaker
from models.errors import Refusal
from models.metrics import Figure
from models.records import Deal
from models.sources import Fetch, FetchMode, FetchState, Source, SourceKind
from tests.standins.source import HANG, ORDERS, StandInSource, orders
from tests.workflows.fetch_house import FetchHouse, fetch_house


def unavailable(**facts: Any) -> SourceTrouble:
    return SourceTrouble(Trouble.UNREACHABLE, status=503, **facts)


@pytest.fixture
async def crm() -> StandInSource:
    return StandInSource([])


@pytest.fixture
async def house(
    engine: WorkflowEnvironment, sessions: SessionMaker, tmp_path: Path, crm: StandInSource, record_as: str
) -> AsyncIterator[FetchHouse]:
    async with fetch_house(
        engine, sessions, tmp_path / "sources", crm.open, page_seconds=1, record_as=record_as
    ) as made:
        await made.launch()
        crm.rows = orders(await made.staff_numbers())
        yield made


async def connected(house: FetchHouse, **changes: Any) -> Source:
    return await house.add(SourceKind.DATABASE, {}, [ORDERS.model_copy(update=changes)])


async def take_over(house: FetchHouse, source: Source, **period: date) -> Fetch:
    return await house.fetch(source, FetchMode.TAKE_OVER, **period)


async def sales_by_hand(house: FetchHouse, crm: StandInSource) -> dict[date, Decimal]:
    sums: dict[date, Decimal] = {}
    for row in crm.rows:
        month = date.fromisoformat(row["day"]).replace(day=1)
        sums[month] = sums.get(month, Decimal(0)) + Decimal(row["amount"])
    return sums


async def test_what_a_source_has_becomes_deals_and_figures(house: FetchHouse, crm: StandInSource) -> None:
    """Rules 29, 30: nobody typed it, and every record says which fetch brought it."""
    source = await connected(house)
    fetch = await take_over(house, source)
    assert (fetch.state, fetch.trouble) == (FetchState.DONE, {})
    deals = await house.deals()
    assert len(deals) == 50
    assert {(deal.source_id, deal.fetch_id) for deal in deals} == {(source.id, fetch.id)}
    assert await house.sales() == await sales_by_hand(house, crm)
    said = fetch.outcome["deal"]
    assert (said["read"], said["new"], said["faulty"]) == (50, 50, 0)
    assert sum(map(Decimal, said["sums"].values())) == sum(deal.amount for deal in deals)
    assert (await house.stored(source)).fetched_at == fetch.started_at
    assert await house.staged() == 0


@pytest.mark.parametrize(
    "faults",
    [
        {2: [unavailable(), unavailable()]},
        {2: [HANG]},
        {3: [SourceTrouble(Trouble.NOT_LET_IN, why="token expired")]},
        {4: [SourceTrouble(Trouble.BUSY, retry_after=1.5)]},
        {5: [SourceTrouble(Trouble.UNREADABLE, why="half a page")]},
        {3: [SourceTrouble(Trouble.CHANGED)]},
        {number: [unavailable()] for number in range(1, 6)},
    ],
    ids=["503", "hangs", "token-expires", "429", "half-a-page", "changes-meanwhile", "every-page"],
)
async def test_a_disturbed_fetch_ends_with_the_figures_of_an_undisturbed_one(
    house: FetchHouse, crm: StandInSource, faults: dict[int, list[SourceTrouble]]
) -> None:
    crm.faults = {number: list(troubles) for number, troubles in faults.items()}
    fetch = await take_over(house, await connected(house))
    assert (fetch.state, fetch.outcome["deal"]["new"]) == (FetchState.DONE, 50)
    assert await house.sales() == await sales_by_hand(house, crm)


async def test_a_fetch_goes_on_at_the_page_where_it_broke_off(house: FetchHouse, crm: StandInSource) -> None:
    crm.faults = {3: [unavailable()]}
    await take_over(house, await connected(house))
    assert crm.asked == [1, 2, 3, 3, 4, 5]


async def test_a_source_that_asks_to_be_left_alone_is(house: FetchHouse, crm: StandInSource) -> None:
    crm.faults = {2: [SourceTrouble(Trouble.BUSY, retry_after=2.5)]}
    fetch = await take_over(house, await connected(house))
    assert fetch.ended_at is not None
    begun = await house.engine.client.get_workflow_handle(f"fetch/{fetch.company_id}/{fetch.source_id}").describe()
    assert begun.close_time is not None
    assert (begun.close_time - begun.start_time).total_seconds() >= 2.5


async def test_a_page_that_comes_twice_counts_once(house: FetchHouse, crm: StandInSource) -> None:
    crm.twice = {2, 5}
    fetch = await take_over(house, await connected(house))
    assert fetch.outcome["deal"]["read"] == 50
    assert await house.sales() == await sales_by_hand(house, crm)


async def test_a_column_that_disappears_is_refused_and_the_last_good_figures_stay(
    house: FetchHouse, crm: StandInSource
) -> None:
    source = await connected(house)
    before = await take_over(house, source)
    good = await house.figures()
    for row in crm.rows:
        del row["amount"]
    fetch = await take_over(house, source)
    assert fetch.state is FetchState.FAILED
    assert fetch.trouble == {"code": "source-shape-changed", "object": "orders", "missing": ["amount"]}
    assert await house.figures() == good
    assert (await house.stored(source)).fetched_at == before.started_at
    assert await house.staged() == 0


async def test_one_faulty_row_keeps_all_from_being_taken_over(house: FetchHouse, crm: StandInSource) -> None:
    crm.rows[7]["seller"] = "999999"
    fetch = await take_over(house, await connected(house))
    assert (fetch.state, fetch.trouble) == (FetchState.REFUSED, {"code": "rows-faulty", "count": 1})
    assert await house.deals() == []
    (fault,) = await house.faults(fetch.id)
    assert (fault.place, fault.column_name, fault.value, fault.code) == (
        "orders SO0007",
        "seller",
        "999999",
        "seller-unknown",
    )


async def test_where_the_map_says_so_what_is_right_is_taken_over_and_the_rest_named(
    house: FetchHouse, crm: StandInSource
) -> None:
    source = await connected(house, tolerates_faults=True)
    await take_over(house, source)
    crm.rows[7]["amount"] = "1.234,5"
    crm.rows[8]["amount"] = "5"
    fetch = await take_over(house, source)
    said = fetch.outcome["deal"]
    assert (said["changed"], said["gone"], said["faulty"], said["unchanged"]) == (1, 0, 1, 48)
    assert [fault.suggestion for fault in await house.faults(fetch.id)] == ["1234.5"]
    assert len(await house.deals()) == 50  # The faulty row's record stays as it was.


async def test_a_dry_run_says_what_would_come_and_takes_nothing_over(
    house: FetchHouse, crm: StandInSource
) -> None:
    source = await connected(house)
    fetch = await house.fetch(source, FetchMode.DRY_RUN)
    assert (fetch.state, fetch.outcome["deal"]["new"]) == (FetchState.DONE, 50)
    assert await house.deals() == []
    assert await house.figures() == {}
    assert (await house.stored(source)).fetched_at is None


async def test_what_changed_and_what_is_gone_reaches_the_figures(house: FetchHouse, crm: StandInSource) -> None:
    source = await connected(house)
    await take_over(house, source)
    crm.rows[0]["amount"] = "77777.77"
    crm.rows[1]["seller"] = crm.rows[0]["seller"]
    del crm.rows[2]
    fetch = await take_over(house, source)
    said = fetch.outcome["deal"]
    assert (said["new"], said["changed"], said["gone"], said["unchanged"]) == (0, 2, 1, 47)
    assert await house.sales() == await sales_by_hand(house, crm)
    again = await take_over(house, source)
    assert again.outcome["deal"]["unchanged"] == 49


async def test_a_persons_correction_stays(house: FetchHouse, crm: StandInSource) -> None:
    """Rule 30."""
    source = await connected(house)
    await take_over(house, source)
    async with house.sessions() as session:
        figure = (await session.exec(select(Figure).where(col(Figure.replaced_by) == "").limit(1))).one()
        await session.exec(
            update(Figure).where(col(Figure.id) == figure.id).values(source="person", value=Decimal("1.5"))
        )
        await session.commit()
    for row in crm.rows:
        row["amount"] = "9"
    await take_over(house, source)
    assert (await house.figures())[figure.person_id, figure.metric_id, figure.month] == Decimal("1.5")


async def test_a_source_that_suddenly_has_nothing_is_not_believed(house: FetchHouse, crm: StandInSource) -> None:
    source = await connected(house)
    await take_over(house, source)
    crm.rows = []
    fetch = await take_over(house, source)
    assert (fetch.state, fetch.trouble) == (FetchState.REFUSED, {"code": "source-empty", "kinds": ["deal"]})
    assert len(await house.deals()) == 50


async def test_a_fetch_of_a_period_leaves_all_others_alone(house: FetchHouse, crm: StandInSource) -> None:
    source = await connected(house)
    await take_over(house, source)
    crm.rows = [row for row in crm.rows if not row["day"].startswith(("2026-01", "2026-02"))]
    crm.rows.append({**crm.rows[0], "no": "SO9000", "day": "2026-02-15", "amount": "12"})
    fetch = await take_over(house, source, from_on=date(2026, 2, 1), until_on=date(2026, 2, 28))
    said = fetch.outcome["deal"]
    january = [deal for deal in await house.deals() if deal.won_on.month == 1]
    february = [deal for deal in await house.deals() if deal.won_on.month == 2]
    assert (said["read"], said["new"], said["gone"]) == (1, 1, 17)
    assert (len(january), len(february)) == (17, 1)


async def test_after_the_first_time_only_changes_are_read(house: FetchHouse, crm: StandInSource) -> None:
    source = await connected(house, changed_column="changed", where={"state": ("won",)})
    for row in crm.rows:
        row["state"] = "won"
    await take_over(house, source)
    crm.rows[3] |= {"amount": "5", "changed": "2026-04-02T09:00:00+08:00"}
    crm.rows[4] |= {"state": "lost", "changed": "2026-04-02T10:00:00+08:00"}
    fetch = await take_over(house, source)
    said = fetch.outcome["deal"]
    assert crm.readings[-1].changed_since is not None
    assert (said["changed"], said["gone"], said["left"]) == (1, 1, {"not-wanted": 1})
    assert said["read"] < 10
    assert len(await house.deals()) == 49


async def test_a_customer_is_new_once_however_the_rows_come(house: FetchHouse, crm: StandInSource) -> None:
    source = await connected(house)
    await take_over(house, source)

    async def firsts() -> dict[str, str]:
        return {deal.customer: deal.external_id for deal in await house.deals() if deal.is_new_customer}

    def by_hand() -> dict[str, str]:
        first: dict[str, str] = {}
        for row in sorted(crm.rows, key=lambda row: (row["day"], row["no"])):
            first.setdefault(row["customer"], row["no"])
        return first

    assert await firsts() == by_hand()
    crm.rows[:] = [row for row in crm.rows if row["no"] != by_hand()["客户3"]]
    crm.rows[-1]["day"] = "2026-01-01"
    await take_over(house, source)
    assert await firsts() == by_hand()


async def test_a_second_fetch_while_one_runs_is_told_so(house: FetchHouse, crm: StandInSource) -> None:
    crm.faults = {2: [SourceTrouble(Trouble.BUSY, retry_after=3)]}
    source = await connected(house)
    first = await house.ask(source, FetchMode.TAKE_OVER)
    await house.until(first, lambda fetch: bool(fetch.progress))
    with pytest.raises(Refusal, match="fetch-running"):
        await house.ask(source, FetchMode.DRY_RUN)
    assert (await house.ended(first)).state is FetchState.DONE
    async with house.sessions() as session:
        fetches = (await session.exec(select(Fetch).where(col(Fetch.id) != first))).all()
    assert [(fetch.state, fetch.trouble["code"]) for fetch in fetches] == [(FetchState.FAILED, "fetch-running")]
    assert len(await house.deals()) == 50


async def test_records_of_other_sources_are_left_alone(house: FetchHouse, crm: StandInSource) -> None:
    async with house.sessions() as session:
        session.add(
            Deal(
                id="typed-1",
                company_id=house.company.company_id,
                number="1",
                seller_id=house.company.departments[0].people_ids[0],
                customer="甲",
                amount=Decimal(1),
                won_on=date(2026, 1, 1),
            )
        )
        await session.commit()
    await take_over(house, await connected(house))
    assert "typed-1" in {deal.id for deal in await house.deals()}

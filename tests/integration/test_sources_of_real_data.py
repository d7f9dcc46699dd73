"""Both public data sets come in by a map alone: every fault named, totals to the cent."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import col, delete, func, select
from temporalio.testing import ActivityEnvironment

from activities.connecting import opener
from activities.fetches import FetchActivities
from activities.taking_over import TakeOverActivities
from models.database import SessionMaker
from models.fetch_orders import FetchStep
from models.org import Company, Person
from models.records import Deal
from models.settings import Settings, SourcesSettings
from models.sources import Fetch, FetchMode, FetchState, RowFault, Source
from quarterdeck.crm_import import import_crm_opportunities
from quarterdeck.source_files import read_source_file

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
CRM, ADVENTUREWORKS = SHARED / "crm-sales-opportunities", SHARED / "adventureworks"
pytestmark = pytest.mark.skipif(not CRM.is_dir(), reason=f"the data sets are not there: {SHARED}")
NOW = datetime(2018, 1, 1, tzinfo=UTC)


@dataclass
class Fetching:
    """What a fetch's workflow does, one step after the other."""

    sessions: SessionMaker
    folder: Path

    async def fetch(self, source: Source, mode: FetchMode = FetchMode.TAKE_OVER, number: int = 1) -> Fetch:
        settings = Settings(_env_file=None, sources=SourcesSettings(folder=self.folder))
        fetch = Fetch(
            id=f"{source.id}.{number}",
            company_id=source.company_id,
            source_id=source.id,
            mode=mode,
            started_at=NOW,
        )
        async with self.sessions() as session:
            session.add(fetch)
            await session.commit()
        step = FetchStep(fetch_id=fetch.id, now=NOW)
        environment = ActivityEnvironment()
        await environment.run(FetchActivities(self.sessions, opener(settings)).read_source, step)
        await environment.run(TakeOverActivities(self.sessions).take_over, step)
        async with self.sessions() as session:
            return await session.get_one(Fetch, fetch.id)

    async def faults(self, fetch: Fetch) -> list[RowFault]:
        async with self.sessions() as session:
            found = await session.exec(
                select(RowFault).where(RowFault.fetch_id == fetch.id).order_by(col(RowFault.position))
            )
            return list(found.all())


async def added(sessions: SessionMaker, source: Source) -> Source:
    async with sessions() as session:
        session.add(source)
        await session.commit()
    return source


@pytest.fixture
async def fetching(sessions: SessionMaker, tmp_path: Path) -> Fetching:
    """The company of the CRM's people, without a deal; its export lies in its folder."""
    await import_crm_opportunities(sessions, CRM)
    async with sessions() as session:
        await session.exec(delete(Deal))
        await session.commit()
    shutil.copytree(CRM, tmp_path / "crm")
    return Fetching(sessions, tmp_path)


def documented(name: str, company_id: str) -> Source:
    """The source that a map of the documentation describes."""
    described = read_source_file((ROOT / "docs" / "sources" / f"{name}.toml").read_text(encoding="utf-8"))
    return Source(
        id="export",
        company_id=company_id,
        kind=described.kind,
        name=described.name,
        settings={**described.settings, "settle_seconds": "0"},
        maps=[one.model_dump(mode="json") for one in described.maps],
        created_at=NOW,
    )


def crm_source() -> Source:
    return documented("crm-sales-opportunities", "crm")


async def test_a_crms_export_comes_in_by_the_map_of_the_documentation(fetching: Fetching) -> None:
    """Rules 29, 34: the won deals of the third quarter of 2017 are 2,982,255."""
    fetch = await fetching.fetch(await added(fetching.sessions, crm_source()))
    said = fetch.outcome["deal"]
    assert (fetch.state, said["read"], said["new"], said["faulty"]) == (FetchState.DONE, 8800, 4238, 0)
    assert said["left"] == {"lost": 2473, "open": 2089}
    assert sum(Decimal(said["sums"][f"2017-0{month}"]) for month in (7, 8, 9)) == Decimal("2982255")
    assert sum(map(Decimal, said["sums"].values())) == Decimal("10005534")
    async with fetching.sessions() as session:
        total = await session.exec(
            select(func.sum(Deal.amount)).where(Deal.won_on >= date(2017, 7, 1), Deal.won_on <= date(2017, 9, 30))
        )
        assert total.one() == Decimal("2982255")


async def test_every_agent_has_what_the_file_says(fetching: Fetching) -> None:
    """Reckoned again with nothing but the csv module."""
    await fetching.fetch(await added(fetching.sessions, crm_source()))
    by_hand: Counter[tuple[str, str]] = Counter()
    with (CRM / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["deal_stage"] == "Won":
                by_hand[row["sales_agent"], row["close_date"][3:]] += int(row["close_value"])
    async with fetching.sessions() as session:
        found = await session.exec(select(Deal, Person.name).join(Person, col(Person.id) == col(Deal.seller_id)))
        sums: Counter[tuple[str, str]] = Counter()
        for deal, name in found.all():
            sums[name, f"{deal.won_on:%m-%Y}"] += int(deal.amount)
    assert sums == by_hand


async def test_every_fault_of_the_export_is_named(fetching: Fetching) -> None:
    fetch = await fetching.fetch(await added(fetching.sessions, crm_source()), FetchMode.DRY_RUN)
    assert fetch.outcome["deal"]["codes"] == {
        "name-respelt": 1480,
        "customer-missing": 1425,
        "opened-missing": 500,
        "open-without-date": 2089,
        "row-alike": 352,
        "listed-unused": 5,
    }
    faults = await fetching.faults(fetch)
    assert len(faults) == 1480 + 1425 + 500 + 2089 + 352 + 5
    respelt = next(fault for fault in faults if fault.code == "name-respelt")
    assert (respelt.place, respelt.column_name, respelt.value, respelt.suggestion) == (
        "sales_pipeline.csv:3",
        "product",
        "GTXPro",
        "GTX Pro",
    )
    idle = {fault.value for fault in faults if fault.code == "listed-unused"}
    assert idle == {"Mei-Mei Johns", "Elizabeth Anderson", "Natalya Ivanova", "Carol Thompson", "Carl Lin"}


async def test_an_agent_who_is_nobody_of_ours_stops_it_all_with_their_rows(fetching: Fetching) -> None:
    async with fetching.sessions() as session:
        person = (await session.exec(select(Person).where(Person.name == "Moses Frase"))).one()
        person.name = "Moses Frasee"
        await session.commit()
    fetch = await fetching.fetch(await added(fetching.sessions, crm_source()))
    assert (fetch.state, fetch.trouble["code"]) == (FetchState.REFUSED, "rows-faulty")
    first = (await fetching.faults(fetch))[0]
    assert (first.place, first.value, first.code, first.suggestion) == (
        "sales_pipeline.csv:2",
        "Moses Frase",
        "seller-unknown",
        "Moses Frasee",
    )


async def test_fetched_again_nothing_has_changed(fetching: Fetching) -> None:
    source = await added(fetching.sessions, crm_source())
    await fetching.fetch(source)
    again = (await fetching.fetch(source, number=2)).outcome["deal"]
    assert (again["new"], again["changed"], again["gone"], again["unchanged"]) == (0, 0, 0, 4238)


async def test_a_table_without_a_header_comes_in_by_the_map_of_the_documentation(
    sessions: SessionMaker, tmp_path: Path
) -> None:
    """AdventureWorks: quotas stand in for sales; the file has tabs, no header, and moments for days."""
    quotas = [
        line.split("\t") for line in (ADVENTUREWORKS / "SalesPersonQuotaHistory.csv").read_text().splitlines()
    ]
    async with sessions() as session:
        session.add(Company(id="aw", name="Adventure Works", currency="USD"))
        await session.flush()
        for number in {quota[1] for quota in quotas}:
            session.add(Person(id=f"aw-{number}", company_id="aw", staff_no=number, name=number, unit_id="aw"))
        await session.commit()
    shutil.copytree(ADVENTUREWORKS, tmp_path / "aw")
    fetch = await Fetching(sessions, tmp_path).fetch(await added(sessions, documented("adventureworks", "aw")))
    said = fetch.outcome["deal"]
    assert (fetch.state, said["read"], said["new"]) == (FetchState.DONE, len(quotas), len(quotas))
    assert sum(map(Decimal, said["sums"].values())) == sum(Decimal(quota[3]) for quota in quotas)
    assert len(said["sums"]) == len({quota[2][:7] for quota in quotas})

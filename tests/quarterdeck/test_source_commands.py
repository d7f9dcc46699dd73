"""Sources on the command line: connected from a file, tried, fetched, each fault in plain words."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from models.database import SessionMaker
from tests.quarterdeck.source_house import hr_of, point_at, run
from tests.workflows.fetch_house import FetchHouse, fetch_house

DESCRIBED = """
kind = "files"
name = "ERP exports"
every_minutes = 60

[settings]
settle_seconds = "0"

[[maps]]
kind = "deal"
object = "orders-*.csv"
key = "no"
seller_by = "staff_no"

[maps.fields]
seller = { column = "seller" }
amount = { column = "amount" }
won_on = { column = "day" }
"""
ORDERS = "no,seller,amount,day\nA1,000005,1000.50,2026-01-05\nA2,000006,200,2026-02-06\n"


@pytest.fixture
async def house(
    engine: WorkflowEnvironment,
    some_sessions: SessionMaker,
    some_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[FetchHouse]:
    async with fetch_house(engine, some_sessions, tmp_path / "sources") as made:
        point_at(made, some_database_url, tmp_path, monkeypatch)
        (tmp_path / "erp.toml").write_text(DESCRIBED)
        (made.folder / "orders-01.csv").write_text(ORDERS)
        yield made


async def connect(house: FetchHouse) -> None:
    added = await run("add", "erp.toml", "--user", hr_of(house))
    assert added.exit_code == 0, added.stderr


async def test_a_source_is_connected_tried_and_fetched(house: FetchHouse) -> None:
    assert (await run("list")).stdout == "There are no sources yet.\n"
    await connect(house)
    assert "ERP exports: every 60 minutes" in (await run("list")).stdout
    tried = await run("test", "ERP exports")
    assert (tried.exit_code, tried.stdout) == (0, "It lets us in.\nIt has: orders-01.csv\n")
    rehearsed = await run("dry-run", "ERP exports")
    assert rehearsed.stdout.startswith(
        "deal: 2 rows read: 2 new, 0 changed, 0 gone, 0 unchanged, 0 faulty\n"
        "  2026-01            1,000.50\n"
        "  2026-02              200.00\n"
        "  total              1,200.50\n"
    )
    assert await house.deals() == []
    assert (await run("fetch", "ERP exports", "--from", "2026-02-01", "--until", "2026-02-28")).exit_code == 0
    assert [deal.number for deal in await house.deals()] == ["A2"]
    assert ", as of " in (await run("list")).stdout


async def test_faulty_rows_are_named_and_written_to_a_file(house: FetchHouse, tmp_path: Path) -> None:
    (house.folder / "orders-02.csv").write_text("no,seller,amount,day\nA3,5,12,2026-01-05\nA4,77,1,2026-13-01\n")
    await connect(house)
    refused = await run("fetch", "ERP exports", "--report", "faults.csv")
    assert refused.exit_code == 1
    assert "  orders-02.csv:3 seller = 77\n" in refused.stdout
    assert "  orders-02.csv:2 seller = 5 → 000005\n" in refused.stdout
    with (tmp_path / "faults.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["place"], row["code"], row["is left out"]) for row in rows] == [
        ("orders-02.csv:3", "date-impossible", "yes"),
        ("orders-02.csv:3", "seller-unknown", "yes"),
        ("orders-02.csv:2", "staff-no-zeros", "no"),
    ]


async def test_no_spreadsheet_takes_a_row_of_the_report_for_a_formula(house: FetchHouse, tmp_path: Path) -> None:
    (house.folder / "orders-02.csv").write_text("no,seller,amount,day\nA3,=1+1,12,2026-01-05\n")
    await connect(house)
    await run("fetch", "ERP exports", "--report", "faults.csv")
    with (tmp_path / "faults.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["value"] for row in csv.DictReader(file)] == ["'=1+1"]


async def test_a_description_that_cannot_work_is_refused_with_all_that_is_wrong(
    house: FetchHouse, tmp_path: Path
) -> None:
    (tmp_path / "erp.toml").write_text(DESCRIBED.replace("won_on", "signed_on").replace('"0"', '"soon"'))
    prefix = house.company.company_id.removesuffix("co")
    refused = await run("add", "erp.toml", "--user", f"{prefix}hr")
    assert refused.exit_code == 2
    assert refused.stderr == (
        "quarterdeck: settings.settle_seconds: not-a-number; maps.deal.won_on: field-missing;"
        " maps.deal.signed_on: field-unknown\n"
    )


async def test_only_hr_connects_sources(house: FetchHouse) -> None:
    prefix = house.company.company_id.removesuffix("co")
    refused = await run("add", "erp.toml", "--user", f"{prefix}ceo")
    assert (refused.exit_code, refused.stderr) == (2, f"quarterdeck: Nobody of HR signs in as '{prefix}ceo'.\n")


async def test_a_source_that_is_not_there_is_said(house: FetchHouse) -> None:
    assert "0 sources are called 'SAP'" in (await run("fetch", "SAP")).stderr

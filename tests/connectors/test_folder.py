"""A folder of files as a source."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from connectors.folder import FilesConnector
from connectors.guard import Guard
from connectors.registry import connect
from connectors.source import Page, Reading, SourceTrouble, Trouble
from models.source_settings import filled_in
from models.sources import SourceKind

HEADER = "no,seller,amount\n"
READING = Reading("orders-*.csv", ("seller", "amount"), "no")


def files_in(folder: Path, page_rows: int = 2, **settings: str) -> FilesConnector:
    values = filled_in(SourceKind.FILES, {"settle_seconds": "0", **settings})
    return FilesConnector(values, Guard(folder=folder), page_rows)


async def read(connector: FilesConnector, reading: Reading = READING, start: str = "") -> list[Page]:
    return [page async for page in connector.pages(reading, start)]


def places(pages: list[Page]) -> list[str]:
    return [row.place for page in pages for row in page.rows]


async def trouble(connector: FilesConnector, reading: Reading = READING, start: str = "") -> SourceTrouble:
    with pytest.raises(SourceTrouble) as raised:
        await read(connector, reading, start)
    return raised.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders-01.csv").write_text(HEADER + "A1,张三,1\nA2,李四,2\nA3,张三,3\n")
    (tmp_path / "orders-02.csv").write_text(HEADER + "B1,李四,4\n")
    (tmp_path / "others.csv").write_text("x\n1\n")
    return tmp_path


async def test_all_files_of_a_pattern_come_row_by_row_with_where_each_stands(folder: Path) -> None:
    """Rule 29: files where there is no other way."""
    pages = await read(files_in(folder))
    assert places(pages) == ["orders-01.csv:2", "orders-01.csv:3", "orders-01.csv:4", "orders-02.csv:2"]
    assert pages[0].rows[0].cells == {"no": "A1", "seller": "张三", "amount": "1"}
    assert [len(page.rows) for page in pages] == [2, 1, 1]
    assert pages[-1].next == ""


async def test_reading_goes_on_where_a_page_ended(folder: Path) -> None:
    pages = await read(files_in(folder))
    for number, page in enumerate(pages[:-1]):
        assert places(await read(files_in(folder), start=page.next)) == places(pages[number + 1 :])


async def test_a_file_that_changed_meanwhile_is_to_be_read_from_the_beginning(folder: Path) -> None:
    pages = await read(files_in(folder))
    (folder / "orders-01.csv").write_text(HEADER + "A9,张三,9\n")
    changed = await trouble(files_in(folder), start=pages[0].next)
    assert (changed.trouble, changed.may_pass, changed.facts) == (Trouble.CHANGED, True, {"file": "orders-01.csv"})
    (folder / "orders-02.csv").unlink()
    assert (await trouble(files_in(folder), start=pages[1].next)).trouble is Trouble.CHANGED


async def test_a_file_that_is_still_being_written_is_waited_for(folder: Path) -> None:
    busy = await trouble(files_in(folder, settle_seconds="30"))
    assert (busy.trouble, busy.facts["why"]) == (Trouble.BUSY, "being-written")
    assert busy.retry_after is not None
    assert 0 < busy.retry_after <= 30
    for number in (1, 2):
        os.utime(folder / f"orders-0{number}.csv", (time.time() - 31,) * 2)
    assert len(places(await read(files_in(folder, settle_seconds="30")))) == 4


async def test_a_column_that_is_gone_is_named_with_its_file(folder: Path) -> None:
    (folder / "orders-02.csv").write_text("no,seller\nB1,李四\n")
    gone = await trouble(files_in(folder))
    assert (gone.trouble, gone.facts["object"], gone.facts["missing"]) == (
        Trouble.SHAPE_CHANGED,
        "orders-02.csv",
        ["amount"],
    )
    assert await files_in(folder).columns("orders-*.csv") == ["no", "seller"]


async def test_no_file_of_the_name_is_said_and_not_taken_for_nothing_sold(folder: Path) -> None:
    missing = await trouble(files_in(folder), Reading("payments.csv", (), "no"))
    assert (missing.trouble, missing.facts["missing"]) == (Trouble.SHAPE_CHANGED, ["payments.csv"])


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "..", "sub/orders.csv"])
async def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    assert (await trouble(files_in(folder), Reading(name, (), "no"))).trouble is Trouble.WRONG_SETTINGS


async def test_a_link_does_not_lead_out_of_the_folder_either(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    secret.write_text(HEADER)
    (folder / "orders-03.csv").symlink_to(secret)
    assert (await trouble(files_in(folder))).facts["why"] == "outside-the-folder"


async def test_a_table_without_a_header_gets_its_columns_from_the_settings(folder: Path) -> None:
    (folder / "orders-01.csv").write_text("A1\t张三\t1\n")
    (folder / "orders-02.csv").unlink()
    connector = files_in(folder, column_names="no, seller, amount", separator="tab")
    (page,) = await read(connector)
    assert (page.rows[0].place, page.rows[0].cells["seller"]) == ("orders-01.csv:1", "张三")


async def test_rows_with_more_or_fewer_cells_than_columns_are_marked(folder: Path) -> None:
    (folder / "orders-02.csv").write_text(HEADER + "B1,李四\nB2,李四,1,2\n")
    faults = [row.fault for page in await read(files_in(folder)) for row in page.rows]
    assert faults == ["", "", "", "row-too-short", "row-too-long"]


async def test_only_rows_with_a_wanted_value_come(folder: Path) -> None:
    wanted = Reading("orders-*.csv", ("amount",), "no", where={"seller": ("李四",)})
    assert places(await read(files_in(folder), wanted)) == ["orders-01.csv:3", "orders-02.csv:2"]


async def test_a_test_shows_the_files_that_are_there(folder: Path) -> None:
    connector = await connect(SourceKind.FILES, {}, {}, Guard(folder=folder))
    assert (await connector.test()).objects == ("orders-01.csv", "orders-02.csv", "others.csv")


async def test_a_folder_that_is_not_there_is_said(folder: Path) -> None:
    with pytest.raises(SourceTrouble) as raised:
        await connect(SourceKind.FILES, {"folder": "gone"}, {}, Guard(folder=folder))
    assert raised.value.facts["why"] == "no-such-folder"

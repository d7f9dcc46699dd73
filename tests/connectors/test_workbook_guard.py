"""A workbook is looked over before anything opens it: a bomb is refused within the limits, and cheaply."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from connectors.files import open_sheet, open_table, read_table
from connectors.workbook_guard import MOST_UNPACKED, looked_over
from models.errors import Refusal

SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


def book(change: Callable[[openpyxl.Workbook, Worksheet], None] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["a", "b"])
    sheet.append(["x", 1])
    if change:
        change(workbook, sheet)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def with_part(name: str, content: bytes, base: bytes = b"") -> bytes:
    """Put another part into a workbook, in the place of the one there."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base or book())) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return made.getvalue()


def refused(content: bytes) -> str:
    """Return the code of the refusal; it must come quickly and take little."""
    tracemalloc.start()
    begun = time.monotonic()
    try:
        read_table(content, "bomb.xlsx")
    except Refusal as refusal:
        assert time.monotonic() - begun < 20
        assert tracemalloc.get_traced_memory()[1] < 100 * 1024 * 1024
        return refusal.code
    finally:
        tracemalloc.stop()
    return ""


def sheet(rows: bytes) -> bytes:
    return with_part("xl/worksheets/sheet1.xml", SHEET % rows)


def test_a_sound_workbook_passes_and_keeps_what_it_holds() -> None:
    assert read_table(looked_over(book(), "x.xlsx").content, "x.xlsx").rows[0].cells == {"a": "x", "b": "1"}


def test_much_unpacked_out_of_little_is_refused() -> None:
    """42.zip and its like: megabytes of nothing in a few kilobytes."""
    assert refused(with_part("xl/media/image1.png", b"\0" * 64 * 1024 * 1024)) == "file-unpacks-too-far"


def test_more_than_the_limit_is_refused_however_it_is_packed() -> None:
    """Stored, nothing is inflated; parts that share their bytes are counted each time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/media/a.bin", b"\1" * 9 * 1024 * 1024)
        only = archive.infolist()[0]
        for number in range(MOST_UNPACKED // 9 // 1024 // 1024):
            again = zipfile.ZipInfo(f"xl/media/{number}.bin")
            again.header_offset, again.CRC = only.header_offset, only.CRC
            again.compress_size = again.file_size = only.file_size
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
    assert refused(made.getvalue()) == "file-unpacks-too-far"


def test_what_an_archive_says_of_itself_does_not_count() -> None:
    """The central directory claims ten bytes where there are sixty million."""
    content = bytearray(with_part("xl/media/image1.png", b"\0" * 60_000_000))
    entry = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 24, 10)
    assert refused(bytes(content)) == "file-unpacks-too-far"


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="999999999"><c><v>1</v></c></row>',
        b"<x:row xmlns:x='x' r = '1048576'><x:c r='XFD1048576'/></x:row>",
    ],
)
def test_a_billion_cells_between_the_first_and_the_last_are_refused(rows: bytes) -> None:
    assert refused(sheet(rows)) == "sheet-too-large"


def test_a_sheet_that_only_says_it_is_large_is_read() -> None:
    rows = b'<row><c t="str"><v>a</v></c></row><row><c t="str"><v>x</v></c></row>'
    said = (SHEET % rows).replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    content = with_part("xl/worksheets/sheet1.xml", said)
    assert read_table(content, "x.xlsx").rows[0].cells == {"a": "x"}


def test_millions_of_shared_texts_are_refused() -> None:
    texts = b"<sst>" + b"".join(b"<si><t>%d</t></si>" % number for number in range(2_000_001)) + b"</sst>"
    assert refused(with_part("xl/sharedStrings.xml", texts)) == "sheet-too-large"


def test_entities_are_refused() -> None:
    """A billion laughs: entities made of entities. Workbooks declare none."""
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    assert refused(with_part("xl/worksheets/sheet1.xml", laughs)) == "file-unreadable"


def test_an_ods_whose_cells_repeat_without_end_is_refused() -> None:
    content = (
        b'<office:document-content xmlns:office="o" xmlns:table="t"><table:table>'
        b'<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="float"'
        b' table:number-columns-repeated="1000"/></table:table-row></table:table></office:document-content>'
    )
    assert refused(with_part("content.xml", content)) == "sheet-too-large"


def test_parts_of_one_name_are_refused() -> None:
    """Two readers may each take another of them: what is looked at must be what is read."""
    made = io.BytesIO(book())
    with zipfile.ZipFile(made, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/worksheets/sheet1.xml", SHEET % b"")
    assert refused(made.getvalue()) == "file-unreadable"


def test_formulas_without_their_value_are_named_and_others_are_not() -> None:
    def change(workbook: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet["B3"] = "=1+1"
        workbook.create_sheet("Other")["A1"] = "=2+2"

    assert open_table(book(change), "x.xlsx").unvalued == {(3, 2)}
    valued = sheet(b'<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>"x"</f><v></v></c></row>')
    assert open_table(valued, "x.xlsx").unvalued == {(1, 2)}


def test_merged_cells_are_named_by_their_corners() -> None:
    content = book(lambda _workbook, sheet: sheet.merge_cells("A2:A4"))
    assert open_table(content, "x.xlsx").merged == ((2, 1, 4, 1),)


def test_another_sheet_can_be_read_by_its_name() -> None:
    def change(workbook: openpyxl.Workbook, sheet: Worksheet) -> None:
        workbook.create_sheet("合计").append(["total"])

    content = book(change)
    assert open_sheet(content, "x.xlsx", "合计").columns == ("total",)
    assert open_sheet(content, "x.xlsx").sheets == ("Sheet", "合计")
    with pytest.raises(Refusal, match="sheet-missing"):
        open_sheet(content, "x.xlsx", "none")


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=40))
def test_no_damage_to_a_workbook_brings_it_down(at: int, damage: bytes) -> None:
    content = bytearray(DAMAGED)
    at %= len(content)
    content[at : at + len(damage)] = damage
    try:
        list(open_table(bytes(content), "x.xlsx").lines)
    except Refusal:
        return


DAMAGED = book()


def test_cells_merged_over_the_whole_sheet_are_refused() -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet["A1"] = "x"
    made = io.BytesIO()
    workbook.save(made)
    huge = b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    changed = io.BytesIO()
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(changed, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name).replace(b"</sheetData>", huge))
    with pytest.raises(Refusal) as refused:
        looked_over(changed.getvalue(), "merged.xlsx")
    assert refused.value.code == "sheet-too-large"

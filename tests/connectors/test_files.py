"""Tables come out of files as text with row numbers, or are refused in words that say why."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.files import read_file, read_table
from models.errors import Refusal

FIGURES = "团队,指标,月份,数值\n上海浦东一组,客户满意度,2027-01,91.5\n李喆,回款率,2027-02,88\n"
FIGURES_ROWS = [
    {"团队": "上海浦东一组", "指标": "客户满意度", "月份": "2027-01", "数值": "91.5"},
    {"团队": "李喆", "指标": "回款率", "月份": "2027-02", "数值": "88"},
]


def workbook(*lines: list[object], hidden_first: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if hidden_first:
        sheet.append(["not this one"])
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("Shown")
    for line in lines:
        sheet.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_each_encoding_that_excel_writes(encoding: str) -> None:
    table = read_table(FIGURES.encode(encoding), "figures.csv")
    assert table.columns == ("团队", "指标", "月份", "数值")
    assert [row.cells for row in table.rows] == FIGURES_ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_by_the_header(delimiter: str) -> None:
    text = f"team{delimiter}value\nA{delimiter}1\n"
    assert read_table(text.encode(), "x.csv").rows[0].cells == {"team": "A", "value": "1"}


def test_a_quoted_cell_may_hold_separators_quotes_and_lines() -> None:
    table = read_table(b'a,b\n"x, ""y""\nz",1\n\n2,3\n', "x.csv")
    assert [row.cells for row in table.rows] == [{"a": 'x, "y"\nz', "b": "1"}, {"a": "2", "b": "3"}]


def test_rows_are_numbered_as_in_the_file_though_empty_ones_are_passed_over() -> None:
    assert [row.number for row in read_table(b'a,b\n"x\ny",1\n,\n2,3\n', "x.csv").rows] == [2, 5]
    assert [row.number for row in read_table(workbook(["a"], ["x"], [], ["y"]), "x.xlsx").rows] == [2, 4]


def test_short_and_long_rows_say_so() -> None:
    short, long, blank_beyond = read_table(b"a,b\n1\n1,2,3\n1,2,\n", "x.csv").rows
    assert (short.cells, short.is_short) == ({"a": "1", "b": ""}, True)
    assert (long.surplus, long.is_short) == (("3",), False)
    assert (blank_beyond.surplus, blank_beyond.is_short) == ((), False)


def test_a_workbook_comes_as_a_person_would_type_it() -> None:
    content = workbook(
        ["月份", "数值", "是否", "时间"],
        [date(2027, 1, 1), 42.0, True, datetime(2027, 1, 1, 9, 30)],
        ["2027-02", 91.5, None, None],
    )
    first, second = read_table(content, "x.xlsx").rows
    assert first.cells == {"月份": "2027-01-01", "数值": "42", "是否": "TRUE", "时间": "2027-01-01 09:30:00"}
    assert second.cells == {"月份": "2027-02", "数值": "91.5", "是否": "", "时间": ""}


def test_a_sum_of_floats_comes_with_the_digits_excel_shows() -> None:
    (row,) = read_table(workbook(["x"], [0.1 + 0.2]), "x.xlsx").rows
    assert row["x"] == "0.3"


def test_the_first_sheet_that_is_shown_is_read() -> None:
    assert read_table(workbook(["a"], ["1"], hidden_first=True), "x.xlsx").columns == ("a",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"\n ,\n", "file-empty"),
        (b"a,,b\n1,2,3\n", "columns-unnamed"),
        (b"a,b,a\n1,2,3\n", "columns-twice"),
        (b'a,b\n"never closed', "file-unreadable"),
        (b"a,b\n\x00\x01", "file-unreadable"),
        (b"PK\x03\x04 no workbook", "file-unreadable"),
        (b"\xd0\xcf\x11\xe0 no workbook", "file-unreadable"),
        (b"a,b\n\xff\xff\n", "encoding-unknown"),
        (b"\xff\xfea", "encoding-unknown"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_table(content, "x.csv")
    assert refused.value.code == code
    assert refused.value.facts["file"] == "x.csv"


@pytest.mark.parametrize(
    "text",
    [
        "團隊,指標,月份,數值\n上海浦東一組,客戶滿意度,2027-01,91.5\n",
        "部門,銷售額\n業務一部,120000\n",
        "姓名,金額\n王小明,100\n陳美玲,200\n",
    ],
)
def test_big5_is_refused_rather_than_read_as_other_characters(text: str) -> None:
    """Nearly every Big5 text is valid GB18030 too: read so, names would silently become others."""
    with pytest.raises(Refusal) as refused:
        read_table(text.encode("big5"), "x.csv")
    assert (refused.value.code, refused.value.facts["looks_like"]) == ("encoding-unknown", "big5")


@pytest.mark.parametrize("text", ["a,b\n销,1\n", "姓名,金额\n欧阳喆,100\n", "部门,值\n镕堃,1\n研发部,2\n"])
def test_gb18030_is_read_though_names_in_it_are_rare(text: str) -> None:
    table = read_table(text.encode("gb18030"), "x.csv")
    assert text.startswith(",".join(table.columns))


def test_all_columns_that_are_missing_are_named() -> None:
    table = read_table(b"a,b\n1,2\n", "x.csv")
    assert table.require(("a", "b")) is table
    with pytest.raises(Refusal) as refused:
        table.require(("a", "c", "d"))
    assert (refused.value.code, refused.value.facts["missing"]) == ("columns-missing", ["c", "d"])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="file-missing"):
        read_file(tmp_path / "none.csv")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(end: str) -> None:
    table = read_table(end.join(["team;month", "A1;2017-07"]).encode(), "figures.csv")
    assert (table.columns, table.rows[0].cells) == (("team", "month"), {"team": "A1", "month": "2017-07"})


def test_a_file_is_read_by_its_content_whatever_its_name_ends_in(tmp_path: Path) -> None:
    file = tmp_path / "figures.csv"
    file.write_bytes(workbook(["a"], ["1"]))
    assert read_file(file).rows[0].cells == {"a": "1"}


@given(st.binary(max_size=300))
@example(b"\x01\r\x01")
@example(b"a" * 200_000)
def test_no_bytes_whatever_bring_it_down(content: bytes) -> None:
    try:
        read_table(content, "x.csv")
    except Refusal:
        return

"""Files nobody would write: each is read or refused in words. What a fuzzer found stays here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fuzz_files import BETWEEN, KINDS, PARTS, SHEET
from connectors.files import open_table

COMMON = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5, codec="gb2312"), min_size=1, max_size=12
)
"""Characters that people write."""
ODD_SHEETS = (
    b"",
    b"<worksheet/>",
    PARTS[SHEET].replace(b'r="A1"', b'r="A0"'),
    PARTS[SHEET].replace(b'r="A1"', b'r="ZZZZZZZ99999999"'),
    PARTS[SHEET].replace(b"A3:B4", b"A4:A3"),
    PARTS[SHEET].replace(b"A3:B4", b"A1:XFD1048576"),
    PARTS[SHEET].replace(b"<v>42795</v>", b"<v>1e999</v>"),
    PARTS[SHEET].replace(b"<v>42795</v>", b"<v>nan</v>"),
    PARTS[SHEET] + BETWEEN + b"<sst><si/></sst>",
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_fuzzer_begins_with_is_read(kind: str) -> None:
    reader, begins = KINDS[kind]
    for content in begins:
        reader(content)


@pytest.mark.parametrize("sheet", ODD_SHEETS)
def test_an_odd_sheet_is_read_or_refused(sheet: bytes) -> None:
    KINDS["excel"][0](sheet)


@given(st.lists(COMMON, min_size=2, max_size=6), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
def test_every_encoding_gives_back_what_was_written(words: list[str], encoding: str) -> None:
    """Short texts may read as well in another encoding, so each stands beside what files begin with."""
    lines = [f"000001,{word},销售部,客户经理,2026-01-31" for word in words]
    content = "\n".join(("工号,姓名,所属单位,岗位,入职日期", *lines))
    table = open_table(content.encode(encoding), "names.csv")
    assert [cells[1] for _, cells in table.lines] == words

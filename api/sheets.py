"""Figures out of a CSV or Excel file: which column is which, and how large a file may be."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Final

from api.parts import TableReader
from models.errors import Refusal
from rules.completeness import GivenRow

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_UNPACKED: Final = 100 * 1024 * 1024
"""An Excel file is a zip archive; one that unpacks to more than this is not opened."""
MOST_ROWS: Final = 20_000

HEADINGS: Final[Mapping[str, str]] = {
    "team": "team",
    "团队": "team",
    "小组": "team",
    "metric": "metric",
    "指标": "metric",
    "month": "month",
    "月份": "month",
    "月": "month",
    "value": "value",
    "数值": "value",
    "值": "value",
    "实际值": "value",
    "person": "person",
    "staff_no": "person",
    "工号": "person",
    "姓名": "person",
    "人员": "person",
    "reason": "reason",
    "原因": "reason",
    "更正原因": "reason",
}
"""The names a column may have, in the file's first row."""

NEEDED: Final = ("team", "metric", "month", "value")


def rows_in_file(read: TableReader, name: str, content: bytes) -> list[GivenRow]:
    """Read the rows of a file; their numbers are those that the person sees in it.

    Raises:
        Refusal: `too-large`, `columns-missing`, and what the reader refuses.
    """
    if len(content) > MOST_BYTES or _unpacked(content) > MOST_UNPACKED:
        raise Refusal("too-large")
    table = read(content, name)
    if len(table.rows) > MOST_ROWS:
        raise Refusal("too-large", rows=MOST_ROWS)
    columns: dict[str, str] = {}
    for heading in table.columns:
        known = HEADINGS.get(heading.casefold())
        if known is not None:
            columns.setdefault(known, heading)
    missing = [needed for needed in NEEDED if needed not in columns]
    if missing:
        raise Refusal("columns-missing", file=name, missing=missing, found=list(table.columns))
    return [
        GivenRow(row=row.number, **{field: row.cells[heading] for field, heading in columns.items()})
        for row in table.rows
    ]


def _unpacked(content: bytes) -> int:
    """Return how many bytes a zip archive holds; 0 for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return 0

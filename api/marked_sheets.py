"""A file of figures given back with its faults: marked cells, a column that says why, rows that are missing.

The uploaded workbook stays as it is otherwise. What was no .xlsx becomes one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from api.parts import TableReader
from api.sheets import HEADINGS
from rules.cells import plain

FAULTY: Final = PatternFill("solid", start_color="FBD5D0")
MISSING: Final = PatternFill("solid", start_color="FFF4CC")
WHY_WIDTH: Final = 60
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet may take for a formula; an apostrophe before it keeps it a text."""


@dataclass(frozen=True)
class Marks:
    """What is to be said about a file, in the reader's language."""

    heading: str
    """Of the column of reasons; one of this name from an earlier time is used again."""
    faults: Mapping[int, Mapping[str, str]]
    """By row and column (team, person, metric, month, value, reason): what is wrong."""
    empty: Mapping[int, str] = field(default_factory=dict)
    """Rows that are there without their value, and the words for it."""
    missing: Sequence[tuple[Mapping[str, str], str]] = ()
    """Rows that are not there, by column, each with the words for it."""
    names: Mapping[str, str] = field(default_factory=lambda: HEADINGS)
    """The columns' names by their headings, plainly written."""


def marked(read: TableReader, name: str, content: bytes, marks: Marks) -> bytes:
    """Return the file as a workbook with its faults marked."""
    workbook, sheet = _opened(content) or _written(read, name, content)
    columns, why, header = _columns(sheet, marks)
    title = sheet.cell(header, why)
    put(title, marks.heading)
    title.font = Font(bold=True)
    sheet.column_dimensions[get_column_letter(why)].width = WHY_WIDTH
    last = sheet.max_row
    for number in range(header + 1, last + 1):  # Reasons of an earlier time.
        put(sheet.cell(number, why), "")
    for number, words in marks.faults.items():
        for column in words:
            if column in columns:
                sheet.cell(number, columns[column]).fill = FAULTY
        _explain(sheet.cell(number, why), " ".join(words.values()), FAULTY)
    lacking = dict(marks.empty)
    for number, (cells, words_of_row) in enumerate(marks.missing, start=last + 1):
        for column, text in cells.items():
            if column in columns:
                put(sheet.cell(number, columns[column]), text)
        lacking[number] = words_of_row
    for number, words_of_row in lacking.items():
        if "value" in columns:
            sheet.cell(number, columns["value"]).fill = MISSING
        _explain(sheet.cell(number, why), words_of_row, MISSING)
    made = BytesIO()
    workbook.save(made)
    return made.getvalue()


def _opened(content: bytes) -> tuple[Workbook, Worksheet] | None:
    """Open an .xlsx at the sheet that was read: the first that is shown. None for any other file."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                return None
    except zipfile.BadZipFile:
        return None
    workbook = load_workbook(BytesIO(content))
    shown = [sheet for sheet in workbook.worksheets if sheet.sheet_state == Worksheet.SHEETSTATE_VISIBLE]
    return (workbook, shown[0]) if shown else None


def _written(read: TableReader, name: str, content: bytes) -> tuple[Workbook, Worksheet]:
    """Write a table that was no .xlsx into one, each row under its own number."""
    table = read(content, name)
    workbook = Workbook()
    sheet = workbook.create_sheet(index=0)
    for column, heading in enumerate(table.columns, start=1):
        put(sheet.cell(1, column), heading)
    for row in table.rows:
        for column, heading in enumerate(table.columns, start=1):
            put(sheet.cell(row.number, column), row.cells[heading])
    workbook.active = 0
    return workbook, sheet


def _columns(sheet: Worksheet, marks: Marks) -> tuple[dict[str, int], int, int]:
    """Find which column is which, where the reasons go, and in which row the headings stand."""
    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
    header, cells = next(((number, cells) for number, cells in rows if any(cells)), (1, ()))
    texts = {number: str(cell).strip() for number, cell in enumerate(cells, start=1) if cell is not None}
    columns: dict[str, int] = {}
    for number, text in texts.items():
        known = marks.names.get(plain(text))
        if known is not None:
            columns.setdefault(known, number)
    own = next((number for number, text in texts.items() if text == marks.heading), 0)
    return columns, own or _last_used(sheet) + 1, header


def _last_used(sheet: Worksheet) -> int:
    """Return the last column that holds anything: what people noted beside the table stays theirs."""
    return max(
        (
            number
            for cells in sheet.iter_rows(values_only=True)
            for number, cell in enumerate(cells, start=1)
            if cell is not None
        ),
        default=0,
    )


def put(cell: Cell | MergedCell, text: str) -> None:
    """Write text as text: never as a formula, and without what a workbook cannot hold."""
    if isinstance(cell, MergedCell):
        return  # Hidden behind another, and cannot hold anything.
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(FORMULA)


def _explain(cell: Cell | MergedCell, words: str, fill: PatternFill) -> None:
    put(cell, words)
    cell.fill = fill
    cell.alignment = Alignment(wrap_text=True, vertical="top")

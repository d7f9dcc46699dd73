"""Sheets of Excel workbooks as rows of text, after the workbook was looked over."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from connectors.workbook_guard import LookedOver, looked_over, place_of
from models.errors import Refusal

Line = tuple[int, list[str]]
"""A row's number in the file, and its cells."""

ZIP_BEGINNING: Final = b"PK\x03\x04"


@dataclass(frozen=True)
class OpenSheet:
    """A sheet of a workbook that is open."""

    name: str
    shown: tuple[str, ...]
    """All sheets that are shown, in order."""
    unvalued: frozenset[tuple[int, int]]
    sheet: CalamineSheet | None = field(repr=False)

    @property
    def merged(self) -> tuple[tuple[int, int, int, int], ...]:
        ranges = self.sheet.merged_cell_ranges if self.sheet else None
        return tuple(
            (first[0] + 1, first[1] + 1, last[0] + 1, last[1] + 1) for first, last in ranges or () if first != last
        )

    def lines(self) -> Iterator[Line]:
        start = self.sheet.start if self.sheet else None
        if self.sheet is None or start is None:
            return
        # What is given begins with the first filled row and column.
        before = [""] * start[1]
        for number, cells in enumerate(self.sheet.iter_rows(), start[0] + 1):
            yield number, before + [as_typed(cell) for cell in cells]


def open_workbook(content: bytes, file_name: str, name: str = "") -> OpenSheet:
    """Open a sheet of a workbook; the first that is shown where none is named.

    Raises:
        Refusal: `file-unreadable`; `sheet-missing`; those of `looked_over`.
    """
    book = looked_over(content, file_name) if content.startswith(ZIP_BEGINNING) else LookedOver(content, {})
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
        shown = tuple(
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        )
        if name and name not in workbook.sheet_names:
            raise Refusal("sheet-missing", file=file_name, sheet=name, found=workbook.sheet_names)
        chosen = name or (shown[0] if shown else "")
        sheet = workbook.get_sheet_by_name(chosen) if chosen else None
    except CalamineError as broken:
        raise Refusal("file-unreadable", file=file_name) from broken
    return OpenSheet(chosen, shown, frozenset(map(place_of, book.unvalued.get(chosen, ()))), sheet)


def as_typed(cell: object) -> str:
    """Write a cell as a person would type it: 42 and not 42.0, a date as YYYY-MM-DD."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        if not math.isfinite(cell):
            return "#NUM!"  # As Excel shows what is no number.
        return f"{Decimal(f'{cell:.15g}'):f}"  # The digits that Excel shows.
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.time().min else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()

"""Tables and workbooks given away as files; a spreadsheet program takes nothing in them for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any, Final
from urllib.parse import quote

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from starlette.responses import Response

from api.marked_sheets import FORMULA, put

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv; charset=utf-8"


def download(content: bytes, name: str, media_type: str = XLSX) -> Response:
    """Give a file to be saved under `name`, which may be written in any script."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


def as_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """Write rows as UTF-8 with the mark by which spreadsheet programs know it."""
    text = StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _harmless(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def as_workbook(rows: Iterable[Sequence[Any]], widths: Sequence[int]) -> bytes:
    """Write rows as a sheet whose first row stays in sight; `widths` are those of the columns, in characters."""
    workbook = Workbook()
    sheet = workbook.active if isinstance(workbook.active, Worksheet) else workbook.create_sheet()
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            if isinstance(value, str):
                put(sheet.cell(number, place), value)
            elif value is not None:
                sheet.cell(number, place, value)
    for heading in sheet[1]:
        heading.font = Font(bold=True)
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()

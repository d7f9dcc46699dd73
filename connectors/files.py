"""Tables from files: CSV in the encodings and with the separators that occur, and Excel.

Every cell comes as text and every row with its number in the file, so that whoever checks a row
can say where it stands. What the cells mean is not known here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from models.errors import Refusal

DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
EXCEL_BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""Of .xlsx and .ods, and of .xls."""
LONGEST_CELL = 1_000_000
FIRST_COMMON_BIG5, LAST_COMMON_BIG5 = 0xA4, 0xC6


@dataclass(frozen=True)
class TableRow:
    """A row by the names of its columns. A cell that is not there is empty."""

    number: int
    """As the program that made the file counts, the header being in the first row."""
    cells: dict[str, str]
    surplus: tuple[str, ...] = ()
    """Cells beyond the last named column."""
    is_short: bool = False
    """Has fewer cells than there are columns."""

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True)
class Table:
    file_name: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...] = field(repr=False)

    def require(self, columns: Sequence[str]) -> Table:
        """Return the table itself.

        Raises:
            Refusal: `columns-missing`, naming all that are.
        """
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise Refusal("columns-missing", file=self.file_name, missing=missing, found=list(self.columns))
        return self


@dataclass(frozen=True)
class Layout:
    """How a table is laid out, as far as it does not show that by itself."""

    separator: str = ""
    """Of text; empty: the one that parts the header into most columns."""
    columns: tuple[str, ...] = ()
    """Of a table without a header, in their order."""
    sheet: str = ""
    """Of a workbook; empty: the first that is shown."""


USUAL = Layout()


def read_file(path: Path, layout: Layout = USUAL) -> Table:
    """Read a table from a file.

    Raises:
        Refusal: `file-missing`, and those of `read_table`.
    """
    try:
        content = path.read_bytes()
    except OSError as trouble:
        raise Refusal("file-missing", file=path.name) from trouble
    return read_table(content, path.name, layout)


def read_table(content: bytes, file_name: str, layout: Layout = USUAL) -> Table:
    """Read a table from the content of a CSV or Excel file: a header, and rows. Empty rows are passed over.

    Raises:
        Refusal: `file-empty`; `file-unreadable`, no text or a broken workbook; `encoding-unknown`,
            neither UTF-8 nor GB18030, with the one it looks like; `columns-unnamed`, `columns-twice`;
            `sheet-missing`.
    """
    is_workbook = content.startswith(EXCEL_BEGINNINGS)
    lines_of = _lines_of_workbook if is_workbook else _lines_of_text
    lines = lines_of(content, file_name, layout)
    filled = ((number, cells) for number, cells in lines if any(cells))
    header = list(layout.columns) or next(filled, (0, []))[1]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise Refusal("file-empty", file=file_name)
    if "" in header:
        raise Refusal("columns-unnamed", file=file_name, position=header.index("") + 1)
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise Refusal("columns-twice", file=file_name, columns=twice)
    return Table(file_name, tuple(header), tuple(_row(number, cells, header) for number, cells in filled))


def _row(number: int, cells: list[str], header: list[str]) -> TableRow:
    given = cells[: len(header)]
    padded = given + [""] * (len(header) - len(given))
    surplus = tuple(cell for cell in cells[len(header) :] if cell)
    return TableRow(number, dict(zip(header, padded, strict=True)), surplus, len(given) < len(header))


def _lines_of_text(content: bytes, file_name: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content, file_name)
    if "\x00" in text:
        raise Refusal("file-unreadable", file=file_name)
    csv.field_size_limit(LONGEST_CELL)
    number = 1
    try:
        delimiter = layout.separator or _delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            yield number, [cell.strip() for cell in cells]
            number = reader.line_num + 1  # A quoted cell may run over several lines.
    except csv.Error as broken:
        raise Refusal("file-unreadable", file=file_name, row=number) from broken


def _delimiter(text: str) -> str:
    """Return the separator that parts the header into most columns; the comma where none does.

    Raises:
        csv.Error: the header cannot be read, whatever parts it.
    """
    header = io.StringIO(text.lstrip(), newline="").readline()  # Lines may end as on any system.
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), [])))


def _decoded(content: bytes, file_name: str) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strictly(content, encoding, file_name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = _strictly(content, "gb18030", file_name)
    if _looks_like_big5(content, text):
        raise Refusal("encoding-unknown", file=file_name, looks_like="big5")
    return text


def _strictly(content: bytes, encoding: str, file_name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as wrong:
        raise Refusal("encoding-unknown", file=file_name, looks_like="") from wrong


def _looks_like_big5(content: bytes, as_gb18030: str) -> bool:
    """Tell whether the bytes read better as Big5 than as GB18030.

    Nearly every Big5 text is valid GB18030 too, but then full of characters that nobody uses. So the
    share of everyday characters decides: those of GB 2312 against those of Big5's first level.
    """
    try:
        as_big5 = content.decode("big5")
    except UnicodeDecodeError:
        return False
    return _share(as_big5, _is_common_in_big5) > _share(as_gb18030, _is_common_in_gb)


def _share(text: str, is_common: Any) -> float:
    foreign = [character for character in text if not character.isascii()]
    return sum(map(is_common, foreign)) / len(foreign) if foreign else 0.0


def _is_common_in_gb(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _is_common_in_big5(character: str) -> bool:
    try:
        encoded = character.encode("big5")
    except UnicodeEncodeError:
        return False
    return encoded[0] < FIRST_COMMON_BIG5 or FIRST_COMMON_BIG5 <= encoded[0] <= LAST_COMMON_BIG5


def _lines_of_workbook(content: bytes, file_name: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Give the lines of the sheet that is named, or of the first that is shown."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        ]
        if layout.sheet:
            if layout.sheet not in workbook.sheet_names:
                raise Refusal("sheet-missing", file=file_name, sheet=layout.sheet, found=workbook.sheet_names)
            shown = [layout.sheet]
        lines = workbook.get_sheet_by_name(shown[0]).to_python(skip_empty_area=False) if shown else []
    except CalamineError as broken:
        raise Refusal("file-unreadable", file=file_name) from broken
    for number, cells in enumerate(lines, 1):
        yield number, [_as_text(cell) for cell in cells]


def _as_text(cell: object) -> str:
    """Write a cell as a person would type it: 42 and not 42.0, a date as YYYY-MM-DD."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        exact = Decimal(f"{cell:.15g}")  # The digits that Excel shows.
        return f"{exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact:f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.time().min else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()

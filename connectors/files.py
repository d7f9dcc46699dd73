"""Tables from files: CSV in the encodings and with the separators that occur, and Excel.

Every cell comes as text and every row with its number in the file, so that whoever checks a row
can say where it stands. What the cells mean is not known here.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.workbooks import Line, open_workbook
from models.errors import Refusal

DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
EXCEL_BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""Of .xlsx and .ods, and of .xls."""
LONGEST_CELL = 1_000_000
MOST_COLUMNS = 1_000
A_PIECE = 1024 * 1024
A_SAMPLE = 4 * 1024 * 1024
"""Bytes that tell Big5 from GB18030."""
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
class OpenTable:
    """A table whose rows are read one after the other, and how its file was understood."""

    file_name: str
    columns: tuple[str, ...]
    header: int
    """The row that the names of the columns stand in; 0 where they stand in none."""
    lines: Iterator[Line] = field(repr=False)
    """The rows below it: number and cells; empty ones are passed over. They can be read once."""
    encoding: str = ""
    """Of a CSV file: utf-8, utf-8-sig (with a mark of byte order), utf-16, gb18030."""
    delimiter: str = ""
    sheet: str = ""
    """Of a workbook: the one that is read."""
    sheets: tuple[str, ...] = ()
    """All that are shown."""
    unvalued: frozenset[tuple[int, int]] = frozenset()
    """Row and column, from 1 on, of cells with a formula that no program has worked out."""
    merged: tuple[tuple[int, int, int, int], ...] = ()
    """First row and column, last row and column of cells that are one; the first holds what they hold."""


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
        Refusal: those of `open_table`.
    """
    table = open_table(content, file_name, layout)
    header = list(table.columns)
    return Table(file_name, table.columns, tuple(_row(number, cells, header) for number, cells in table.lines))


def open_sheet(content: bytes, file_name: str, sheet: str = "") -> OpenTable:
    """Open a table, or another sheet of its workbook. Raises: Refusal: those of `open_table`."""
    return open_table(content, file_name, Layout(sheet=sheet))


def open_table(content: bytes, file_name: str, layout: Layout = USUAL) -> OpenTable:
    """Read the header of a table; its rows follow as they are asked for.

    Raises:
        Refusal: `file-empty`; `file-unreadable`, no text or a broken workbook, even while rows are read;
            `encoding-unknown`, neither UTF-8 nor GB18030, with the one it looks like; `columns-unnamed`,
            `columns-twice`; `sheet-missing`; `file-unpacks-too-far` and `sheet-too-large`, bombs.
    """
    if content.startswith(EXCEL_BEGINNINGS):
        book = open_workbook(content, file_name, layout.sheet)
        number, header, lines = _headed(book.lines(), layout, file_name)
        return OpenTable(
            file_name,
            header,
            number,
            lines,
            sheet=book.name,
            sheets=book.shown,
            unvalued=book.unvalued,
            merged=book.merged,
        )
    encoding = _encoding_of(content, file_name)
    delimiter = layout.separator or _delimiter(content, encoding, file_name)
    number, header, lines = _headed(_lines_of_text(content, encoding, delimiter, file_name), layout, file_name)
    return OpenTable(file_name, header, number, lines, encoding, delimiter)


def _headed(lines: Iterator[Line], layout: Layout, file_name: str) -> tuple[int, tuple[str, ...], Iterator[Line]]:
    """Take the header off, which is the first row that is not empty where the layout brings none."""
    filled = (line for line in lines if any(line[1]))
    number, header = (0, list(layout.columns)) if layout.columns else next(filled, (0, []))
    while header and not header[-1]:
        header.pop()
    if not header:
        raise Refusal("file-empty", file=file_name)
    if len(header) > MOST_COLUMNS:
        raise Refusal("sheet-too-large", file=file_name, limit=MOST_COLUMNS)
    if "" in header:
        raise Refusal("columns-unnamed", file=file_name, position=header.index("") + 1)
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise Refusal("columns-twice", file=file_name, columns=twice)
    return number, tuple(header), filled


def _row(number: int, cells: list[str], header: list[str]) -> TableRow:
    given = cells[: len(header)]
    padded = given + [""] * (len(header) - len(given))
    surplus = tuple(cell for cell in cells[len(header) :] if cell)
    return TableRow(number, dict(zip(header, padded, strict=True)), surplus, len(given) < len(header))


def _text(content: bytes, encoding: str) -> io.TextIOWrapper:
    """Return a text that is decoded as it is read, and never stands in memory as a whole."""
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")


def _lines_of_text(content: bytes, encoding: str, delimiter: str, file_name: str) -> Iterator[Line]:
    csv.field_size_limit(LONGEST_CELL)
    number = 1
    try:
        reader = csv.reader(_text(content, encoding), delimiter=delimiter, strict=True)
        for cells in reader:
            yield number, [cell.strip() for cell in cells]
            number = reader.line_num + 1  # A quoted cell may run over several lines.
    except csv.Error as broken:
        raise Refusal("file-unreadable", file=file_name, row=number) from broken


def _delimiter(content: bytes, encoding: str, file_name: str) -> str:
    """Return the separator that parts the header into most columns; the comma where none does."""
    # Lines may end as on any system.
    header = next((line.lstrip() for line in _text(content, encoding) if line.strip()), "")
    try:
        return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), [])))
    except csv.Error as broken:
        raise Refusal("file-unreadable", file=file_name, row=1) from broken


def _encoding_of(content: bytes, file_name: str) -> str:
    """Return the encoding that the whole of a text is in."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            if not _decodes(content, encoding, file_name):
                raise Refusal("encoding-unknown", file=file_name, looks_like="")
            return encoding
    if _decodes(content, "utf-8", file_name):
        return "utf-8"
    if not _decodes(content, "gb18030", file_name):
        raise Refusal("encoding-unknown", file=file_name, looks_like="")
    if _looks_like_big5(content):
        raise Refusal("encoding-unknown", file=file_name, looks_like="big5")
    return "gb18030"


def _decodes(content: bytes, encoding: str, file_name: str) -> bool:
    """Tell whether a text is in an encoding, piece by piece."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(content) or 1, A_PIECE):
            end = start + A_PIECE
            if "\x00" in decoder.decode(content[start:end], end >= len(content)):
                raise Refusal("file-unreadable", file=file_name)
    except UnicodeDecodeError:
        return False
    return True


def _looks_like_big5(content: bytes) -> bool:
    """Tell whether the bytes read better as Big5 than as GB18030.

    Nearly every Big5 text is valid GB18030 too, but then full of characters that nobody uses. So the
    share of everyday characters decides: those of GB 2312 against those of Big5's first level.
    """
    sample = content[:A_SAMPLE]
    try:
        as_big5 = codecs.getincrementaldecoder("big5")().decode(sample, len(content) <= A_SAMPLE)
    except UnicodeDecodeError:
        return False
    as_gb18030 = codecs.getincrementaldecoder("gb18030")().decode(sample)
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

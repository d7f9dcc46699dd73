"""Looks an .xlsx file over before anything opens it: a bomb is refused within the limits.

A workbook is a zip archive of XML. Each part is unpacked piece by piece and let go of at once, so
that what counts is what there is and not what the archive says of itself; cells and texts are
counted as they pass. What is left is packed anew, so that whoever reads the workbook sees what was
looked at and nothing else.
"""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from models.errors import Refusal

MOST_UNPACKED: Final = 256 * 1024 * 1024
MOST_PARTS: Final = 2_000
HIGHEST_RATIO: Final = 250
"""How many times larger than packed; tables come to 10 or 30."""
RATIO_COUNTS_FROM: Final = 8 * 1024 * 1024
"""Bytes unpacked; less does no harm, however well it is packed."""
MOST_CELLS: Final = 6_000_000
"""Of a sheet, from the first cell to the last: readers keep a place for the empty ones too."""
MOST_TEXTS: Final = 2_000_000
MOST_MERGED: Final = 200_000
"""Cells that are part of merged ones: whoever opens the workbook makes a place for each."""
MOST_NAMED: Final = 1_000
"""Cells with a formula and without its value that are named one by one."""
A_PIECE: Final = 256 * 1024
STORED, DEFLATED = 0, 8
LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
BOOK: Final = "xl/workbook.xml"
RELATIONS: Final = "xl/_rels/workbook.xml.rels"
READ_PARTS: Final = (".xml", ".rels")


@dataclass
class Seen:
    """What was counted in one part."""

    cells: int = 0
    rows: int = 0
    columns: int = 0
    texts: int = 0
    merged: int = 0
    unvalued: list[str] = field(default_factory=list)
    """Cells whose formula has no value with it: no program has worked it out."""
    sheets: dict[str, str] = field(default_factory=dict)
    """Of the book itself: the relation that leads to each sheet."""
    targets: dict[str, str] = field(default_factory=dict)
    """Of its relations: the part that each leads to."""


@dataclass(frozen=True)
class LookedOver:
    """A workbook that is safe to open, and the cells of its parts that hold a formula without its value."""

    content: bytes = field(repr=False)
    unvalued: dict[str, tuple[str, ...]]
    """By the sheet's name."""


def looked_over(content: bytes, file_name: str) -> LookedOver:
    """Return a workbook that holds what was looked at.

    Raises:
        Refusal: `file-unreadable`; `file-unpacks-too-far`, with the limit in MB; `sheet-too-large`, with the
            limit in cells.
    """
    packed = io.BytesIO()
    seen: dict[str, Seen] = {}
    unpacked = 0
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as clean,
        ):
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or len({part.filename for part in parts}) < len(parts):
                raise Refusal("file-unreadable", file=file_name)
            for part in parts:
                is_read = part.filename.lower().endswith(READ_PARTS)
                reader = PartReader(file_name)
                with clean.open(part.filename, "w") if is_read else io.BytesIO() as copy:
                    for piece in _pieces(content, part, file_name):
                        unpacked += len(piece)
                        _refuse_bomb(unpacked, len(content), file_name)
                        if is_read:
                            reader.take(piece)
                            copy.write(piece)
                if is_read:
                    reader.end()
                    seen[part.filename] = reader.seen
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, struct.error, OSError, ValueError) as broken:
        raise Refusal("file-unreadable", file=file_name) from broken
    return LookedOver(packed.getvalue(), _by_sheet(seen))


def _by_sheet(seen: dict[str, Seen]) -> dict[str, tuple[str, ...]]:
    """Find which part is which sheet, as the archive says it itself."""
    book, relations = seen.get(BOOK, Seen()), seen.get(RELATIONS, Seen())
    found = {}
    for sheet, relation in book.sheets.items():
        target = relations.targets.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        if part in seen and seen[part].unvalued:
            found[sheet] = tuple(seen[part].unvalued)
    return found


def _refuse_bomb(unpacked: int, packed: int, file_name: str) -> None:
    is_inflated = unpacked > RATIO_COUNTS_FROM and unpacked > packed * HIGHEST_RATIO
    if unpacked > MOST_UNPACKED or is_inflated:
        raise Refusal("file-unpacks-too-far", file=file_name, limit=MOST_UNPACKED // 1024 // 1024)


def _pieces(content: bytes, part: zipfile.ZipInfo, file_name: str) -> Iterator[bytes]:
    """Unpack a part as far as its packed bytes go, whatever size is written beside them."""
    start = part.header_offset
    mark, name_length, extra_length = LOCAL_HEADER.unpack(content[start : start + LOCAL_HEADER.size])
    if mark != b"PK\x03\x04" or part.flag_bits & 1 or part.compress_type not in (STORED, DEFLATED):
        raise Refusal("file-unreadable", file=file_name)
    start += LOCAL_HEADER.size + name_length + extra_length
    packed = memoryview(content)[start : start + part.compress_size]
    if part.compress_type == STORED:
        yield from (bytes(packed[at : at + A_PIECE]) for at in range(0, len(packed), A_PIECE))
        return
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(0, len(packed), A_PIECE):
        rest: bytes = bytes(packed[at : at + A_PIECE])
        while rest and not inflating.eof:
            yield inflating.decompress(rest, A_PIECE)
            rest = inflating.unconsumed_tail
    yield inflating.flush()
    if not inflating.eof:
        raise Refusal("file-unreadable", file=file_name)


class PartReader:
    """Counts what a part of a workbook holds while it passes by."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.seen = Seen()
        self.cell = ""
        self.has_value = False
        self.above = self.rows_here = self.before = 0
        self.parser = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._root

    def take(self, piece: bytes) -> None:
        self._fed(piece, False)

    def end(self) -> None:
        self._fed(b"", True)

    def _fed(self, piece: bytes, is_last: bool) -> None:
        try:
            self.parser.Parse(piece, is_last)
        except expat.ExpatError as broken:
            raise Refusal("file-unreadable", file=self.file_name) from broken

    def _refuse_doctype(self, *declared: object) -> None:
        raise Refusal("file-unreadable", file=self.file_name)  # No workbook has one; it is for entities.

    def _root(self, name: str, attributes: list[str]) -> None:
        root = _local(name)
        handlers = {
            "worksheet": self._in_sheet,
            "sst": self._in_texts,
            "workbook": self._in_book,
            "Relationships": self._in_relations,
            "document-content": self._in_document,
        }
        self.parser.StartElementHandler = handlers.get(root)

    def _in_texts(self, name: str, attributes: list[str]) -> None:
        if _local(name) == "si":
            self.seen.texts += 1
            if self.seen.texts > MOST_TEXTS:
                raise Refusal("sheet-too-large", file=self.file_name, limit=MOST_TEXTS)

    def _in_book(self, name: str, attributes: list[str]) -> None:
        if _local(name) == "sheet":
            relation = next(
                (attributes[at + 1] for at in range(0, len(attributes), 2) if ":id" in attributes[at]), ""
            )
            self.seen.sheets[_attribute(attributes, "name")] = relation

    def _in_relations(self, name: str, attributes: list[str]) -> None:
        self.seen.targets[_attribute(attributes, "Id")] = _attribute(attributes, "Target")

    def _in_sheet(self, name: str, attributes: list[str]) -> None:
        if name != "c" and ":" in name:
            name = _local(name)
        if name == "c":
            self._cell(attributes)
        elif name == "row":
            number = _attribute(attributes, "r")
            self._reach(int(number) if number.isdecimal() else self.seen.rows + 1, 0)
        elif name == "mergeCell":
            self._merge(_attribute(attributes, "ref"))
        elif name == "f":
            self.has_value = False
            self.parser.CharacterDataHandler = self._nothing
            self.parser.EndElementHandler = self._end_of_formula

    def _cell(self, attributes: list[str]) -> None:
        seen = self.seen
        seen.cells += 1
        self.cell = _attribute(attributes, "r")
        letters = self.cell.rstrip("0123456789")
        number = self.cell[len(letters) :]
        self._reach(int(number or 0), column_of(letters) if letters else seen.cells)

    def _merge(self, places: str) -> None:
        first, _, last = places.partition(":")
        (top, left), (bottom, right) = place_of(first), place_of(last or first)
        if top > bottom or left > right or not top or not left:
            raise ValueError(places)
        self.seen.merged += (bottom - top + 1) * (right - left + 1)
        if self.seen.merged > MOST_MERGED:
            raise Refusal("sheet-too-large", file=self.file_name, limit=MOST_MERGED)

    def _reach(self, row: int, column: int) -> None:
        seen = self.seen
        if row > seen.rows:
            seen.rows = row
        if column > seen.columns:
            seen.columns = column
        if seen.rows * seen.columns > MOST_CELLS or seen.cells > MOST_CELLS:
            raise Refusal("sheet-too-large", file=self.file_name, limit=MOST_CELLS)

    def _in_document(self, name: str, attributes: list[str]) -> None:
        """Count the cells of an .ods, which says how often rows and cells are repeated."""
        element = _local(name)
        if element == "table":
            self.above = self.rows_here = 0
        elif element == "table-row":
            self.above += self.rows_here
            self.rows_here, self.before = _repeated(attributes, "table:number-rows-repeated"), 0
        elif element in ("table-cell", "covered-table-cell"):
            self.before += _repeated(attributes, "table:number-columns-repeated")
            if any(attribute.endswith(":value-type") for attribute in attributes[::2]):
                self._reach(self.above + self.rows_here, self.before)

    # A formula is followed by its value, in an element of its own.

    def _end_of_formula(self, name: str) -> None:
        self.parser.CharacterDataHandler = self._value
        self.parser.EndElementHandler = self._end_of_cell

    def _value(self, text: str) -> None:
        self.has_value = self.has_value or not text.isspace()

    def _nothing(self, text: str) -> None:
        """Pass over the formula's own text."""

    def _end_of_cell(self, name: str) -> None:
        if _local(name) != "c":
            return
        self.parser.CharacterDataHandler = None
        self.parser.EndElementHandler = None
        if not self.has_value and len(self.seen.unvalued) < MOST_NAMED:
            self.seen.unvalued.append(self.cell)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _repeated(attributes: list[str], name: str) -> int:
    return int(_attribute(attributes, name) or 1)


def _attribute(attributes: list[str], name: str) -> str:
    for at in range(0, len(attributes), 2):
        if attributes[at] == name:
            return attributes[at + 1]
    return ""


def place_of(cell: str) -> tuple[int, int]:
    """Return a cell's row and column, counted from 1, by its name: B3. Raises: ValueError: it is no such name."""
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :] or 0), column_of(letters) if letters else 0


_COLUMNS: dict[str, int] = {}


def column_of(letters: str) -> int:
    """Return a column's number by its letters: A is 1, AA is 27."""
    if letters not in _COLUMNS:
        if len(letters) > 3 or not (letters.isascii() and letters.isalpha()):
            raise ValueError(letters)
        number = 0
        for letter in letters.upper():
            number = number * 26 + ord(letter) - ord("A") + 1
        _COLUMNS[letters] = number
    return _COLUMNS[letters]

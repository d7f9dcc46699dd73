"""A folder of CSV and Excel files as a source: for whatever can export, and nothing else.

An object is a file's name, or several files' with wildcards: `orders-*.csv`. A row is told apart by
where it stands; rows whose key comes twice are for whoever checks them. Periods are picked by whoever
reads the dates: how a file writes them is the map's to say.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.files import Layout, Table, TableRow, read_file
from connectors.guard import Guard
from connectors.source import Checkup, Page, Reading, SourceRow, SourceTrouble, Trouble
from models.errors import Refusal

PAGE_ROWS = 1_000
MOST_BYTES = 200_000_000
MOST_FILES_SHOWN = 500
SEPARATORS = {"auto": "", "comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


@dataclass(frozen=True)
class Place:
    """Where to go on: a row of a file, as the file was then."""

    file: str
    row: int
    stamp: str

    def packed(self) -> str:
        return json.dumps([self.file, self.row, self.stamp], ensure_ascii=False)

    @classmethod
    def unpacked(cls, start: str) -> Place:
        try:
            file, row, stamp = json.loads(start)
            return cls(str(file), int(row), str(stamp))
        except (ValueError, TypeError) as wrong:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="cannot-go-on-from-there") from wrong


class FilesConnector:
    """One folder of a company."""

    def __init__(self, values: Mapping[str, str], guard: Guard, page_rows: int = PAGE_ROWS) -> None:
        self.values = values
        self.guard = guard
        self.page_rows = page_rows
        names = [name.strip() for name in values["column_names"].split(",")]
        self.layout = Layout(
            separator=SEPARATORS[values["separator"]],
            columns=tuple(names) if any(names) else (),
            sheet=values["sheet"],
        )

    @classmethod
    async def connect(cls, values: Mapping[str, str], guard: Guard) -> FilesConnector:
        """Raises: SourceTrouble: WRONG_SETTINGS, where the folder is none of the company's."""
        connector = cls(values, guard)
        connector.folder()
        return connector

    def folder(self) -> Path:
        folder = self.guard.file(self.values["folder"])
        if not folder.is_dir():
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="no-such-folder", file=self.values["folder"])
        return folder

    async def test(self) -> Checkup:
        return Checkup(who=self.values["folder"], objects=await asyncio.to_thread(self._names))

    async def columns(self, object_: str) -> Sequence[str]:
        """Return the columns that every file of an object has."""
        tables = [await asyncio.to_thread(self._table, file) for file in self._files(object_)]
        return [column for column in tables[0].columns if all(column in table.columns for table in tables)]

    async def pages(self, reading: Reading, start: str = "") -> AsyncIterator[Page]:
        since = Place.unpacked(start) if start else None
        files = self._files(reading.object)
        if since and since.file not in [file.name for file in files]:
            raise SourceTrouble(Trouble.CHANGED, file=since.file)
        for number, file in enumerate(files):
            if since and file.name < since.file:
                continue
            self._refuse_while_written(file)
            stamp = _stamp(file)
            if since and since.file == file.name and since.stamp != stamp:
                raise SourceTrouble(Trouble.CHANGED, file=file.name)
            rows = _wanted(await asyncio.to_thread(self._table_for, file, reading), reading)
            first = since.row if since and since.file == file.name else 0
            for begin in range(first, max(len(rows), 1), self.page_rows):
                end = begin + self.page_rows
                following = Place(file.name, end, stamp) if end < len(rows) else _beginning(files[number + 1 :])
                found = [_row(file.name, row) for row in rows[begin:end]]
                yield Page(found, following.packed() if following else "")

    async def close(self) -> None:
        """Nothing is held open."""

    def _names(self) -> tuple[str, ...]:
        found = sorted(file.name for file in self.folder().iterdir() if file.is_file())
        return tuple(found[:MOST_FILES_SHOWN])

    def _files(self, object_: str) -> list[Path]:
        """Return the files of an object by their names; each must lie in the company's folder."""
        if len(PurePosixPath(object_).parts) != 1 or object_ in (".", ".."):
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="no-file-name", file=object_)
        own = PurePosixPath(self.values["folder"])
        files = [self.guard.file(str(own / file.name)) for file in self.folder().glob(object_)]
        found = sorted((file for file in files if file.is_file()), key=lambda file: file.name)
        if not found:
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=object_, missing=[object_])
        return found

    def _refuse_while_written(self, file: Path) -> None:
        rest = int(self.values["settle_seconds"] or 0)
        age = time.time() - file.stat().st_mtime
        if age < rest:
            raise SourceTrouble(Trouble.BUSY, retry_after=rest - max(age, 0), file=file.name, why="being-written")

    def _table(self, file: Path) -> Table:
        if file.stat().st_size > MOST_BYTES:
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=file.name, why="file-too-large", most=MOST_BYTES)
        try:
            return read_file(file, self.layout)
        except Refusal as refusal:
            raise SourceTrouble(
                Trouble.SHAPE_CHANGED, object=file.name, why=refusal.code, **refusal.facts
            ) from refusal

    def _table_for(self, file: Path, reading: Reading) -> Table:
        table = self._table(file)
        missing = [name for name in _needed(reading) if name not in table.columns]
        if missing:
            raise SourceTrouble(
                Trouble.SHAPE_CHANGED, object=file.name, missing=missing, found=list(table.columns)
            )
        return table


def _needed(reading: Reading) -> list[str]:
    named = [*reading.columns, reading.key, reading.date_column, reading.changed_column, *reading.where]
    return [name for name in dict.fromkeys(named) if name]


def _wanted(table: Table, reading: Reading) -> list[TableRow]:
    return [row for row in table.rows if all(row[column] in wanted for column, wanted in reading.where.items())]


def _row(file: str, row: TableRow) -> SourceRow:
    place = f"{file}:{row.number}"
    return SourceRow(
        place, place, row.cells, "row-too-long" if row.surplus else "row-too-short" if row.is_short else ""
    )


def _beginning(files: Sequence[Path]) -> Place | None:
    return Place(files[0].name, 0, _stamp(files[0])) if files else None


def _stamp(file: Path) -> str:
    """Tell a file's content apart from what is written over it later."""
    known = file.stat()
    return f"{known.st_mtime_ns}.{known.st_size}"

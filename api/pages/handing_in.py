"""Figures out of a page's form: typed in place, uploaded in a file, or kept from an upload before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api.parts import TableReader
from api.scoring_gaps import GivenTarget
from api.sheets import MOST_BYTES, MOST_ROWS, rows_in_file
from models.errors import Refusal
from rules.completeness import GivenRow

FIGURE: Final = "figure"
"""A figure's field: this, team, person, metric and month, with colons between them."""
REASON: Final = "reason"
"""Why a figure is corrected: this before the figure's field."""
ROW: Final = "row"
"""A refused row of a file, corrected in place: this, its number and the column."""
TARGET: Final = "target"
"""A target's field: this, person and metric, with colons between them."""
KEPT: Final = "kept"
COLUMNS: Final = ("team", "person", "metric", "month", "value", "reason")


@dataclass(frozen=True)
class Handed:
    """Figures as they were handed in with a form."""

    typed: tuple[GivenRow, ...] = ()
    from_file: tuple[GivenRow, ...] = ()
    field_of_row: Mapping[int, str] = field(default_factory=dict)
    """The field that a typed row came from, by the row's number."""
    targets: tuple[GivenTarget, ...] = ()
    content: bytes = field(default=b"", repr=False)
    """The file itself."""

    @property
    def rows(self) -> tuple[GivenRow, ...]:
        return (*self.from_file, *self.typed)


def field_of(team_id: str, person_id: str, metric_id: str, month: date) -> str:
    return ":".join((FIGURE, team_id, person_id, metric_id, f"{month:%Y-%m}"))


def field_of_target(person_id: str, metric_id: str) -> str:
    return ":".join((TARGET, person_id, metric_id))


async def handed_with(read: TableReader, texts: Mapping[str, str], file: UploadFile | None) -> Handed:
    """Read the figures of a form. A field left empty, or as it was, hands in nothing.

    Raises:
        Refusal: what `rows_in_file` refuses.
    """
    typed, fields = _typed(texts)
    targets = tuple(_targets(texts))
    if file is None:
        return Handed(typed, (*_kept(texts.get(KEPT, "")), *_corrected(texts)), fields, targets)
    content = await file.read(MOST_BYTES + 1)
    rows = await run_in_threadpool(rows_in_file, read, file.filename or "", content)
    return Handed(typed, with_values(rows), fields, targets, content)


def with_values(rows: Sequence[GivenRow]) -> tuple[GivenRow, ...]:
    """Leave out the rows of a template that were not filled in: what they would say is missing anyway."""
    return tuple(row for row in rows if row.value.strip())


def _targets(texts: Mapping[str, str]) -> Iterator[GivenTarget]:
    for name, value in texts.items():
        parts = name.split(":")
        if parts[0] == TARGET and len(parts) == 3 and value:
            yield GivenTarget(person=parts[1], metric=parts[2], value=value)


def _typed(texts: Mapping[str, str]) -> tuple[tuple[GivenRow, ...], dict[int, str]]:
    rows: list[GivenRow] = []
    fields: dict[int, str] = {}
    for name, value in texts.items():
        parts = name.split(":")
        if parts[0] != FIGURE or len(parts) != 5 or not value or value == texts.get(f"was:{name}"):
            continue
        number = MOST_ROWS + len(rows) + 1  # Behind every row that a file may have.
        rows.append(
            GivenRow(
                row=number,
                team=parts[1],
                person=parts[2],
                metric=parts[3],
                month=parts[4],
                value=value,
                reason=texts.get(f"{REASON}:{name}", ""),
            )
        )
        fields[number] = name
    return tuple(rows), fields


def _corrected(texts: Mapping[str, str]) -> list[GivenRow]:
    cells: dict[int, dict[str, str]] = {}
    for name, value in texts.items():
        parts = name.split(":")
        if parts[0] == ROW and len(parts) == 3 and parts[1].isdecimal() and parts[2] in COLUMNS:
            cells.setdefault(int(parts[1]), dict.fromkeys(COLUMNS, ""))[parts[2]] = value
    return [GivenRow(row=number, **row) for number, row in cells.items() if row["value"]]


def packed(rows: Sequence[GivenRow]) -> str:
    """Write rows into one hidden field."""
    return json.dumps([asdict(row) for row in rows], ensure_ascii=False) if rows else ""


def _kept(text: str) -> list[GivenRow]:
    """Read the rows that came back with the form; they are checked again like any others."""
    if not text:
        return []
    try:
        return [
            GivenRow(row=int(row["row"]), **{column: str(row[column]) for column in COLUMNS})
            for row in json.loads(text)[:MOST_ROWS]
        ]
    except (ValueError, TypeError, KeyError) as unreadable:
        raise Refusal("file-unreadable") from unreadable

"""A file checked as a whole: how it was read, what it would write, and everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool

from api.intake.columns import COLUMNS, names_by_heading
from api.intake.history import HistoryKnown
from api.intake.kinds import Comparing, Known, Planned, documented
from api.intake.metrics import MetricsKnown
from api.intake.org import PeopleKnown, UnitsKnown
from api.intake.targets import TargetsKnown
from api.parts import OpenedTable, TableOpener
from models.errors import Refusal
from models.intake import Intake, IntakeKind, IntakeState
from rules.cells import month_in, plain
from rules.intake import Faults, Grid, Reading

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_ROWS: Final = 400_000
FAULTS_SHOWN: Final = 200
COUNTS: Final = ("rows", "examples", "filled", "new", "changed", "unchanged", "fault_count", "faulty_rows")
NOTHING_FOUND: Final[dict[str, Any]] = {
    "how": {"encoding": "", "delimiter": "", "sheet": "", "sheets": 0, "unknown": []},
    **dict.fromkeys(
        ("rows", "examples", "filled", "new", "changed", "unchanged", "fault_count", "faulty_rows"), 0
    ),
    **dict.fromkeys(("columns", "first_new", "first_changed", "faults"), ()),
    "codes": {},
    "more": {},
}
"""What checking finds, of a file that holds nothing."""
MAY_BE_MONTH: Final = re.compile(r"\d|月|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)")
OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"

Load = Callable[[AsyncSession, Intake], Awaitable[Known]]


async def _units(session: AsyncSession, intake: Intake) -> Known:
    return await UnitsKnown.load(session, intake.company_id)


async def _people(session: AsyncSession, intake: Intake) -> Known:
    return await PeopleKnown.load(session, intake.company_id)


async def _metrics(session: AsyncSession, intake: Intake) -> Known:
    return await MetricsKnown.load(session, intake.company_id)


async def _targets(session: AsyncSession, intake: Intake) -> Known:
    return await TargetsKnown.load(session, intake)


async def _history(session: AsyncSession, intake: Intake) -> Known:
    return await HistoryKnown.load(session, intake)


KINDS: Final[Mapping[IntakeKind, Load]] = {
    IntakeKind.UNITS: _units,
    IntakeKind.PEOPLE: _people,
    IntakeKind.METRICS: _metrics,
    IntakeKind.TARGETS: _targets,
    IntakeKind.HISTORY: _history,
}
"""What a file of each kind is checked against. A new kind is one line here, its columns and its rules."""


@dataclass(frozen=True)
class Checked:
    """What checking a file came to."""

    known: Known
    planned: Planned
    faults: Faults
    outcome: dict[str, Any]
    """As it is kept, for the page."""
    fingerprint: str

    @property
    def state(self) -> IntakeState:
        return IntakeState.FAULTY if self.faults.count else IntakeState.CHECKED


async def check(session: AsyncSession, opener: TableOpener, intake: Intake) -> Checked:
    """Check a file against what is known now; the file itself is read in a thread.

    Raises:
        Refusal: `too-large`, `file-old-format`, `headings-missing`, `file-without-rows`, what the reader refuses.
    """
    known = await KINDS[intake.kind](session, intake)
    table, reading, planned = await run_in_threadpool(_read_through, opener, intake, known)
    if isinstance(planned, Comparing):
        await planned.compare(session, intake.company_id)
    return await run_in_threadpool(_told, intake, known, table, reading, planned)


def _read_through(opener: TableOpener, intake: Intake, known: Known) -> tuple[OpenedTable, Reading, Planned]:
    table, reading = read(opener, intake)
    planned = known.check(reading)
    if not reading.rows:
        raise Refusal("file-without-rows", file=intake.file_name)
    return table, reading, planned


def _told(intake: Intake, known: Known, table: OpenedTable, reading: Reading, planned: Planned) -> Checked:
    shown = planned.shown()
    outcome = NOTHING_FOUND | {
        "how": {
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "sheet": table.sheet,
            "sheets": len(table.sheets),
            "unknown": [
                one for place, one in enumerate(table.columns) if place not in reading.grid.places.values()
            ],
        },
        "columns": list(reading.grid.places),
        "rows": reading.rows,
        "examples": reading.examples,
        "filled": reading.filled,
        "new": shown.new,
        "changed": shown.changed,
        "unchanged": shown.unchanged,
        "first_new": list(shown.first_new),
        "first_changed": list(shown.first_changed),
        "more": dict(shown.more),
        "faults": [
            {
                "row": fault.row,
                "column": fault.column,
                "value": fault.value[:200],
                "code": fault.code,
                "facts": documented(fault.facts),
            }
            for fault in reading.faults.in_order()[:FAULTS_SHOWN]
        ],
        "fault_count": reading.faults.count,
        "faulty_rows": len(reading.faults.rows - {0}),
        "codes": dict(reading.faults.counts),
    }
    return Checked(known, planned, reading.faults, outcome, shown.fingerprint)


def read(opener: TableOpener, intake: Intake) -> tuple[OpenedTable, Reading]:
    """Open a kept file and find its columns."""
    if len(intake.content) > MOST_BYTES:
        raise Refusal("file-too-large", limit=MOST_BYTES // 1024 // 1024)
    if intake.content.startswith(OLD_EXCEL):
        raise Refusal("file-old-format", file=intake.file_name)
    table = opener(intake.content, intake.file_name)
    places = places_in(intake.kind, table.columns, intake.file_name)
    months = months_in(table.columns, places, intake.file_name) if intake.kind is IntakeKind.HISTORY else {}
    grid = Grid(
        places=places | {f"{month:%Y-%m}": place for place, month in months.items()},
        months=months,
        lines=_within(table, intake.file_name),
        unvalued=frozenset((row, column - 1) for row, column in table.unvalued),
        merged=tuple((top, left - 1, bottom, right - 1) for top, left, bottom, right in table.merged),
    )
    return table, Reading(grid)


def places_in(kind: IntakeKind, columns: Sequence[str], file_name: str) -> dict[str, int]:
    """Return where each column that is known stands.

    Raises:
        Refusal: `headings-missing`, `columns-twice`.
    """
    names = names_by_heading(kind)
    places: dict[str, int] = {}
    for place, heading in enumerate(columns):
        name = names.get(plain(heading))
        if name in places:
            raise Refusal("columns-twice", file=file_name, columns=[columns[places[name]], heading])
        if name is not None:
            places[name] = place
    missing = [column.heading for column in COLUMNS[kind] if column.is_needed and column.name not in places]
    if missing:
        raise Refusal("headings-missing", file=file_name, headings=missing, found=list(columns))
    return places


def months_in(columns: Sequence[str], places: Mapping[str, int], file_name: str) -> dict[int, date]:
    """Return the months that columns of past figures are of, by place; none where each row names its own.

    Raises:
        Refusal: `columns-twice`; `heading-no-month`, one that may be meant as a month; `headings-missing`.
    """
    if "month" in places and "value" in places:
        return {}
    months: dict[int, date] = {}
    for place, heading in enumerate(columns):
        if place in places.values():
            continue
        month = month_in(heading).value
        if month is not None and month in months.values():
            raise Refusal("columns-twice", file=file_name, columns=[heading])
        if month is not None:
            months[place] = month
        elif MAY_BE_MONTH.search(plain(heading)):
            raise Refusal("heading-no-month", file=file_name, heading=heading)
    if not months:
        raise Refusal(
            "headings-missing", file=file_name, headings=["2025-01", "2025-02", "…"], found=list(columns)
        )
    return months


def _within(table: OpenedTable, file_name: str) -> Any:
    for count, line in enumerate(table.lines):
        if count >= MOST_ROWS:
            raise Refusal("file-too-many-rows", file=file_name, limit=MOST_ROWS)
        yield line


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()

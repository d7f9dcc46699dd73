"""A file checked as a whole: how it was read, what it would write, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool

from api.intake.columns import COLUMNS, names_by_heading
from api.intake.kinds import Known, Planned, documented
from api.intake.metrics import MetricsKnown
from api.intake.org import PeopleKnown, UnitsKnown
from api.intake.targets import TargetsKnown
from api.parts import OpenedTable, TableOpener
from models.errors import Refusal
from models.intake import Intake, IntakeKind, IntakeState
from rules.cells import plain
from rules.intake import Faults, Grid, Reading

MOST_BYTES: Final = 32 * 1024 * 1024
MOST_ROWS: Final = 400_000
FAULTS_SHOWN: Final = 200
COUNTS: Final = ("rows", "examples", "filled", "new", "changed", "unchanged", "fault_count", "faulty_rows")
NOTHING_FOUND: Final[dict[str, Any]] = {
    "how": {"encoding": "", "delimiter": "", "sheet": "", "sheets": 0, "unknown": []},
    **dict.fromkeys(
        ("rows", "examples", "filled", "new", "changed", "unchanged", "fault_count", "faulty_rows"), 0
    ),
    **dict.fromkeys(("columns", "first_new", "first_changed", "faults"), ()),
    "more": {},
}
"""What checking finds, of a file that holds nothing."""
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


KINDS: Final[Mapping[IntakeKind, Load]] = {
    IntakeKind.UNITS: _units,
    IntakeKind.PEOPLE: _people,
    IntakeKind.METRICS: _metrics,
    IntakeKind.TARGETS: _targets,
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
    return await run_in_threadpool(_check, opener, intake, known)


def _check(opener: TableOpener, intake: Intake, known: Known) -> Checked:
    table, reading = read(opener, intake)
    planned = known.check(reading)
    if not reading.rows:
        raise Refusal("file-without-rows", file=intake.file_name)
    shown = planned.shown()
    outcome = NOTHING_FOUND | {
        "how": {
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "sheet": table.sheet,
            "sheets": len(table.sheets),
            "unknown": [one for one in table.columns if plain(one) not in names_by_heading(intake.kind)],
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
        "faulty_rows": len(reading.faults.rows),
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
    grid = Grid(
        places=places,
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


def _within(table: OpenedTable, file_name: str) -> Any:
    for count, line in enumerate(table.lines):
        if count >= MOST_ROWS:
            raise Refusal("file-too-many-rows", file=file_name, limit=MOST_ROWS)
        yield line


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()

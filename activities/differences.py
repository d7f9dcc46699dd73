"""Records of a source as they are now beside those it brought before: what is new, changed, gone. Set-wise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, bindparam
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from models.database import in_parts, table_of
from models.records import Deal, ExchangeRate, Payment, Visit, WorkHours
from models.sources import RecordKind
from rules.mapped_rows import Columns, Mapped

TABLES: Final[Mapping[RecordKind, tuple[type[SQLModel], str]]] = {
    RecordKind.RATE: (ExchangeRate, "day"),
    RecordKind.DEAL: (Deal, "won_on"),
    RecordKind.PAYMENT: (Payment, "due_on"),
    RecordKind.VISIT: (Visit, "visited_on"),
    RecordKind.HOURS: (WorkHours, "worked_on"),
}
"""By kind, in the order of taking over: the table, and the column of a record's day."""
WORKED_OUT = "is_new_customer"
"""Where the source does not say it, see `activities/customers.py`."""


@dataclass(frozen=True)
class Window:
    """Which of a source's records a fetch has read anew: all, those of a period, or those that changed."""

    source_id: str
    from_on: date | None = None
    until_on: date | None = None
    is_incremental: bool = False


@dataclass
class Difference:
    """What taking a kind of records over changes."""

    kind: RecordKind
    new: list[Columns] = field(default_factory=list)
    changed: list[Columns] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unchanged: int = 0
    people: set[str] = field(default_factory=set)
    """Whose figures it touches."""
    known: int = 0
    """How many records of the window there were before."""


async def difference(session: AsyncSession, found: Mapped, window: Window) -> Difference:
    """Compare what was read with what is there.

    A row that is faulty now leaves its record as it was: the last good figures stay.
    """
    table = table_of(TABLES[found.kind][0])
    before = await _before(session, table, TABLES[found.kind][1], found, window)
    made = Difference(found.kind, known=len(before))
    ids = set()
    for record in found.records:
        ids.add(record["id"])
        known = before.get(record["id"])
        if known is None:
            made.new.append(record)
        elif _is_same(record, known):
            made.unchanged += 1
            continue
        else:
            made.changed.append(record)
            made.people.add(known.get("seller_id", ""))
        made.people.add(record.get("seller_id", ""))
    for record_id, known in before.items():
        if record_id not in ids and known["external_id"] not in found.faulty_keys:
            made.gone.append(record_id)
            made.people.add(known.get("seller_id", ""))
    made.people.discard("")
    return made


async def _before(
    session: AsyncSession, table: Table, day: str, found: Mapped, window: Window
) -> dict[str, Mapping[str, Any]]:
    """Return the source's records that what was read can concern, by id."""
    of_source = table.c.source_id == window.source_id
    if window.is_incremental:
        return {
            known["id"]: known
            for keys in in_parts(sorted(found.keys))
            for known in await _rows(session, table, of_source, table.c.external_id.in_(keys))
        }
    within = [table.c[day] >= window.from_on] if window.from_on else []
    within += [table.c[day] <= window.until_on] if window.until_on else []
    before = {known["id"]: known for known in await _rows(session, table, of_source, *within)}
    if within:  # A record may have come into the period from another.
        strangers = sorted({record["external_id"] for record in found.records if record["id"] not in before})
        for keys in in_parts(strangers):
            moved = await _rows(session, table, of_source, table.c.external_id.in_(keys))
            before |= {known["id"]: known for known in moved}
    return before


async def _rows(session: AsyncSession, table: Table, *conditions: ColumnElement[bool]) -> list[Mapping[str, Any]]:
    connection = await session.connection()
    found = await connection.execute(select_columns(table).where(*conditions))
    return [dict(row) for row in found.mappings()]


def _is_same(record: Columns, known: Mapping[str, Any]) -> bool:
    """Tell whether nothing has changed; what is worked out afterwards is not compared."""
    return all(
        known[column] == value for column, value in record.items() if not (column == WORKED_OUT and value is None)
    )


async def write(session: AsyncSession, made: Difference, fetch_id: str, now: datetime) -> None:
    """Write a difference, in the caller's transaction."""
    table = table_of(TABLES[made.kind][0])
    connection = await session.connection()
    stamp = {"fetch_id": fetch_id, "fetched_at": now}
    if made.new:
        await connection.execute(table.insert(), [_complete(record) | stamp for record in made.new])
    if made.changed:
        columns = [column for column in {**made.changed[0], **stamp} if column != "id"]
        update = table.update().where(table.c.id == bindparam("its_id"))
        await connection.execute(
            update.values({column: bindparam(f"its_{column}") for column in columns}),
            [
                {f"its_{column}": value for column, value in (_complete(record) | stamp).items()}
                for record in made.changed
            ],
        )
    for ids in in_parts(made.gone):
        await connection.execute(table.delete().where(table.c.id.in_(ids)))


def _complete(record: Columns) -> Columns:
    """Fill in what the source does not say and is worked out afterwards."""
    return {**record, WORKED_OUT: bool(record[WORKED_OUT])} if WORKED_OUT in record else record

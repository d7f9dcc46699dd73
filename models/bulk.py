"""Many new rows at the driver's own speed: COPY on PostgreSQL, one prepared statement on SQLite.

Values come as the columns store them: a figure as its whole number of ten-thousandths, a day as
`2026-01-31`, a moment as `stored_moment` writes it. Nothing is converted on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import FIGURE_SCALE
from models.database import table_of

AT_ONCE: Final = 5_000
Stored = str | int | bool | None
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def stored_figure(value: Decimal) -> int:
    """Return a figure of at most four places as its column stores it."""
    return int(value * FIGURE_SCALE)


def stored_moment(session: AsyncSession, at: datetime) -> str:
    """Return a moment as its column stores it."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S.%f}" if session.get_bind().dialect.name == "sqlite" else utc.isoformat()


def stored_day(day: date) -> str:
    return day.isoformat()


async def load_rows(
    session: AsyncSession, table: type[SQLModel], columns: Sequence[str], rows: Iterable[tuple[Stored, ...]]
) -> int:
    """Insert new rows within the session's transaction, as they come; return how many.

    Raises:
        IntegrityError, psycopg.Error: a key is there already.
    """
    if session.get_bind().dialect.name == "sqlite":
        return await _executed(session, table, columns, rows)
    return await _copied(session, table, columns, rows)


async def _executed(
    session: AsyncSession, table: type[SQLModel], columns: Sequence[str], rows: Iterable[tuple[Stored, ...]]
) -> int:
    connection = await session.connection()
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {_named(table)} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of ours.
    count = 0
    for part in _parts(rows):
        await connection.exec_driver_sql(statement, part)
        count += len(part)
    return count


async def _copied(
    session: AsyncSession, table: type[SQLModel], columns: Sequence[str], rows: Iterable[tuple[Stored, ...]]
) -> int:
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    count = 0
    statement = f"COPY {_named(table)} ({', '.join(columns)}) FROM STDIN"
    async with driver.cursor() as cursor, cursor.copy(statement) as copying:
        for part in _parts(rows):
            await copying.write(_lines(part, len(columns)))
            count += len(part)
    return count


def _lines(part: Sequence[Sequence[Stored]], width: int) -> str:
    """Write rows as COPY reads them; only what holds signs of its own is escaped cell by cell."""
    if not any(None in row for row in part):
        text = "\n".join(["\t".join(map(str, row)) for row in part])
        has_own = (text.count("\t"), text.count("\n")) != (len(part) * (width - 1), len(part) - 1)
        if not has_own and "\\" not in text and "\r" not in text:
            return f"{text}\n"
    return "".join("\t".join(map(_cell, row)) + "\n" for row in part)


def _parts(rows: Iterable[tuple[Stored, ...]]) -> Iterator[list[tuple[Stored, ...]]]:
    left = iter(rows)
    while part := list(islice(left, AT_ONCE)):
        yield part


def _cell(value: Stored) -> str:
    if isinstance(value, str):
        return value if value.isalnum() else value.translate(_ESCAPED)
    if value is None:
        return "\\N"
    return str(value)


def _named(table: type[SQLModel]) -> str:
    return f'"{table_of(table).name}"'

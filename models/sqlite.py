"""SQLite for many callers at once: one hop to the database's thread a statement, and one writer at a time.

SQLAlchemy's own way takes four hops a statement (cursor, execute, fetch, close); each wakes two
threads, which costs more than the statement. And of many writers SQLite wakes none when it is their
turn: each sleeps and looks again. Here those of one process stand in line, so that only processes
have to look.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import make_url

BEGIN = "BEGIN"
BEGIN_WRITING = "BEGIN IMMEDIATE"
ROWS_A_CHUNK = 64
"""What the driver would fetch at once; not used, as all rows come with the statement."""


@dataclass(frozen=True)
class Outcome:
    description: tuple[Any, ...] | None
    rows: Sequence[Any]
    rowcount: int
    lastrowid: int | None


NOTHING_YET = Outcome(None, (), -1, None)


class Statement:
    """What SQLAlchemy takes for a cursor: `execute` brings the rows along."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.outcome = NOTHING_YET
        self.arraysize = 1

    async def __aenter__(self) -> Statement:
        return self

    @property
    def description(self) -> tuple[Any, ...] | None:
        return self.outcome.description

    @property
    def rowcount(self) -> int:
        return self.outcome.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self.outcome.lastrowid

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        self.outcome = await self.connection.carry_out(sqlite3.Connection.execute, operation, parameters)

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        self.outcome = await self.connection.carry_out(sqlite3.Connection.executemany, operation, parameters)

    async def fetchall(self) -> Sequence[Any]:
        return self.outcome.rows

    async def close(self) -> None:
        # How many rows were written is asked for after the statement is closed.
        self.outcome = replace(self.outcome, rows=())


class Connection(aiosqlite.Connection):
    """A connection with a thread of its own. `turn` is held while it writes.

    `begin` is set where a transaction begins; it goes with the first statement, in the same hop.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection], turn: asyncio.Lock) -> None:
        super().__init__(connector, ROWS_A_CHUNK)
        self._thread.daemon = True
        self.turn = turn
        self.has_turn = False
        self.begin = ""
        self.has_begun = False

    def cursor(self) -> Statement:  # type: ignore[override] # SQLAlchemy needs no more of it.
        return Statement(self)

    async def carry_out(self, way: Callable[..., sqlite3.Cursor], *what: Any) -> Outcome:
        """Carry out a statement; the first of a transaction begins it."""
        begin, self.begin = self.begin, ""
        if begin == BEGIN_WRITING:
            await self.turn.acquire()
            self.has_turn = True
        self.has_begun = self.has_begun or bool(begin)
        outcome: Outcome = await self._execute(_carry_out, self._conn, begin, way, *what)  # type: ignore[no-untyped-call] # The driver's way into its thread.
        return outcome

    async def commit(self) -> None:
        if self.has_begun:
            await super().commit()
        self._be_done()

    async def rollback(self) -> None:
        try:
            if self.has_begun:
                await super().rollback()
        finally:
            self._be_done()

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            self._be_done()

    def stop(self) -> asyncio.Future[Any] | None:
        self._be_done()
        return super().stop()

    def _be_done(self) -> None:
        self.begin, self.has_begun = "", False
        if self.has_turn:
            self.has_turn = False
            self.turn.release()


def _carry_out(
    connection: sqlite3.Connection, begin: str, way: Callable[..., sqlite3.Cursor], *what: Any
) -> Outcome:
    if begin:
        connection.execute(begin)
    cursor = way(connection, *what)
    rows = cursor.fetchall() if cursor.description else ()
    outcome = Outcome(cursor.description, rows, cursor.rowcount, cursor.lastrowid)
    cursor.close()
    return outcome


def opener(database_url: str) -> Callable[[], Awaitable[Connection]]:
    """Return what opens connections to a database; those opened by it write one after the other."""
    url = make_url(database_url)
    arguments, options = url.get_dialect()().create_connect_args(url)
    turn = asyncio.Lock()

    def open_one() -> Awaitable[Connection]:
        return Connection(partial(sqlite3.connect, *arguments, **options), turn)  # type: ignore[return-value]

    return open_one

"""The application's database: engine, sessions, and the pragmas SQLite needs to serve two processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from models import (
    accounts,
    changes,
    clock,
    cycles,
    delivery,
    evidence,
    intake,
    metrics,
    org,
    records,
    sources,
    tasks,
    wordings,
)
from models.sqlite import BEGIN, BEGIN_WRITING, opener

Item = TypeVar("Item")
SessionMaker = async_sessionmaker[AsyncSession]

TABLES = (
    accounts,
    changes,
    clock,
    cycles,
    delivery,
    evidence,
    intake,
    metrics,
    org,
    records,
    sources,
    tasks,
    wordings,
)
"""Importing these fills `SQLModel.metadata`."""

RESTED = 5.0
"""Seconds after which a connection is asked whether it is still there."""

AT_ONCE = 500
"""So many keys a statement asks for at once."""


def connect(database_url: str, *, pooled: bool = True) -> AsyncEngine:
    """Return an engine for SQLite or PostgreSQL.

    On SQLite a transaction takes the write lock when it begins only if it was begun by
    `writing`: readers never wait, and two writers queue instead of failing.
    """
    options: dict[str, Any] = {}
    is_sqlite = database_url.startswith("sqlite")
    if is_sqlite:
        options["async_creator"] = opener(database_url)
    if not pooled:
        options["poolclass"] = NullPool
    else:
        # Opening one costs more than a transaction; those used last have the warmest cache.
        options.update(pool_size=20 if is_sqlite else 10, max_overflow=20, pool_use_lifo=True)
    engine = create_async_engine(database_url, **options)
    if engine.dialect.name == "sqlite":
        _tame_sqlite(engine)
    else:
        _ask_whether_it_is_there(engine)
    return engine


def _ask_whether_it_is_there(engine: AsyncEngine) -> None:
    """Try a connection that rested for a while before it is used: the server, or what lies between, may be gone.

    One that was used a moment ago is not asked: that would be a fifth of all that a decision asks of the database.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def rests(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def wakes(connection: Any, record: ConnectionPoolEntry, proxy: object) -> None:
        if monotonic() - record.info.get("rests_since", monotonic()) < RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as gone:
            raise DisconnectionError from gone  # The pool opens others in its place.


def _tame_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, record: object) -> None:
        connection.isolation_level = None  # We begin transactions ourselves, below.
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "busy_timeout=15000",
            "foreign_keys=ON",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        immediately = connection.get_execution_options().get("writing", False)
        driver: Any = connection.connection.driver_connection
        driver.begin = BEGIN_WRITING if immediately else BEGIN  # Goes with the first statement.


async def writing(session: AsyncSession) -> AsyncSession:
    """Begin the session's transaction as a writing one, before it has read anything.

    On SQLite a transaction that reads first and writes later fails where another wrote in
    between; this one waits for its turn instead. On PostgreSQL it changes nothing.
    """
    await session.connection(execution_options={"writing": True})
    return session


def is_away(fault: BaseException) -> bool:
    """Tell whether the database cannot be reached, or has no time now, so that trying again helps.

    What SQLite calls an operational error is also a statement that is wrong; trying that again does not help.
    """
    if isinstance(fault, NoConnectionFree):
        return True
    if not isinstance(fault, DBAPIError):
        return False
    is_wrong = getattr(fault.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
    return fault.connection_invalidated or (isinstance(fault, OperationalError) and not is_wrong)


def session_maker(engine: AsyncEngine) -> SessionMaker:
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


def in_parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Give a list in parts that fit one statement."""
    whole = list(items)
    for start in range(0, len(whole), AT_ONCE):
        yield whole[start : start + AT_ONCE]


def table_of(row: type[SQLModel]) -> Table:
    """Return the table of a class, for statements that pass the session's bookkeeping by."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


async def insert_once(session: AsyncSession, rows: Sequence[SQLModel]) -> int:
    """Insert rows of one table, passing over those whose key is there already; return how many went in.

    An activity may run twice; what it writes has keys made from what happened.
    """
    if not rows:
        return 0
    return await insert_many_once(session, table_of(type(rows[0])), [row.model_dump() for row in rows])


async def insert_many_once(session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert thousands of rows, all columns of each given, by one prepared statement; return how many went in."""
    if not rows:
        return 0
    connection = await session.connection()
    return (await connection.execute(_insertion(table, session.get_bind().dialect.name), rows)).rowcount


async def insert(session: AsyncSession, row: SQLModel) -> None:
    """Insert a row that must be new and that the session need not know: cheaper than `session.add`.

    Raises:
        IntegrityError: its key is there already.
    """
    connection = await session.connection()
    await connection.execute(table_of(type(row)).insert(), row.model_dump())


@cache
def _insertion(table: Table, dialect: str) -> Any:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # Of many rows, how many went in is thrown away unless it is asked for.
    return insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)

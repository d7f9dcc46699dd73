"""Any SQL database, only read: how SAP, 用友 and 金蝶 are reached, by their intermediate tables.

Tables and views are named by the map and must exist; what is asked is composed from reflected names
and bound values, never from text. Pages follow the key, so a break loses and repeats nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import exc, types
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection

from connectors.database_troubles import trouble_of
from connectors.dialects import driver_missing, on_begin, on_connect, target
from connectors.guard import Guard
from connectors.source import Checkup, Page, Reading, SourceRow, SourceTrouble, Trouble
from connectors.values import as_text, beginning_of

PAGE_ROWS = 1_000
MOST_OBJECTS_SHOWN = 500
GRACE_SECONDS = 5
"""Beyond the database's own limit of time, for a server that does not even say that it is late."""

T = TypeVar("T")
Columns = Mapping[str, types.TypeEngine[Any]]


class DatabaseConnector:
    """One database, by one connection."""

    def __init__(
        self, engine: Engine, values: Mapping[str, str], read_seconds: float, page_rows: int = PAGE_ROWS
    ) -> None:
        self.engine = engine
        self.dialect = values["dialect"]
        self.schema = values["db_schema"] or None
        self.compact_dates = values["text_dates"] == "yyyymmdd"
        self.zone = ZoneInfo(values["time_zone"])
        self.place = f"{values['host'] or self.dialect}/{values['database']}"
        self.read_seconds = read_seconds
        self.page_rows = page_rows
        self._open: DBAPIConnection | None = None

    @classmethod
    async def connect(
        cls, values: Mapping[str, str], guard: Guard, page_rows: int = PAGE_ROWS
    ) -> DatabaseConnector:
        """Prepare the connection to a checked address; it is made when it is needed.

        Raises:
            SourceTrouble: FORBIDDEN_HOST, UNREACHABLE, WRONG_SETTINGS
        """
        url, arguments = await target(values, guard)
        try:
            engine = sa.create_engine(
                url, connect_args=arguments, pool_size=1, max_overflow=0, poolclass=sa.pool.QueuePool
            )
        except ModuleNotFoundError as missing:
            raise driver_missing(values["dialect"], missing) from missing
        connector = cls(engine, values, guard.read_seconds, page_rows)
        sa.event.listen(engine, "connect", connector._greet)
        return connector

    async def test(self) -> Checkup:
        return await self._run(self._checkup)

    async def columns(self, object_: str) -> Sequence[str]:
        return await self._run(lambda connection: list(self._columns(connection, object_)))

    async def pages(self, reading: Reading, start: str = "") -> AsyncIterator[Page]:
        known = await self._run(lambda connection: self._columns_for(connection, reading))
        is_there_more = True
        while is_there_more:
            page = await self._run(partial(self._page, reading=reading, known=known, start=start))
            yield page
            start, is_there_more = page.next, bool(page.next)

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.dispose)

    # What follows runs in a thread.

    def _greet(self, connection: DBAPIConnection, _record: object) -> None:
        self._open = connection
        cursor = connection.cursor()
        for statement in on_connect(self.dialect, self.read_seconds):
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    def _checkup(self, connection: Connection) -> Checkup:
        inspector = sa.inspect(connection)
        names = {*inspector.get_table_names(self.schema), *inspector.get_view_names(self.schema)}
        objects = tuple(sorted(names)[:MOST_OBJECTS_SHOWN])
        if self.dialect == "sqlite":
            return Checkup(who=self.place, objects=objects)
        return Checkup(who=f"{self.engine.url.username} @ {self.place}", objects=objects)

    def _columns(self, connection: Connection, object_: str) -> Columns:
        schema, name = self._named(object_)
        inspector = sa.inspect(connection)
        try:
            return {column["name"]: column["type"] for column in inspector.get_columns(name, schema)}
        except exc.NoSuchTableError as gone:
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=object_, missing=[object_]) from gone

    def _columns_for(self, connection: Connection, reading: Reading) -> Columns:
        """Return the columns, after making sure that those which are read are there and the key is filled."""
        known = self._columns(connection, reading.object)
        named = [*reading.columns, reading.key, reading.date_column, reading.changed_column, *reading.where]
        missing = [name for name in dict.fromkeys(named) if name and name not in known]
        if missing:
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=reading.object, missing=missing, found=list(known))
        key: sa.ColumnClause[Any] = sa.column(reading.key)
        unkeyed = sa.select(sa.literal(1)).select_from(self._table(reading)).where(key.is_(None)).limit(1)
        if connection.execute(unkeyed).first():
            raise SourceTrouble(Trouble.WRONG_SETTINGS, object=reading.object, column=reading.key, why="key-empty")
        return known

    def _page(self, connection: Connection, reading: Reading, known: Columns, start: str) -> Page:
        found = connection.execute(self._question(reading, known, start)).all()
        _refuse_keys_that_are_not_unique([row[0] for row in found], reading)
        names = _names(reading)
        rows = [self._row(names, row) for row in found[: self.page_rows]]
        return Page(rows, _packed(found[self.page_rows - 1][0]) if len(found) > self.page_rows else "")

    def _question(self, reading: Reading, known: Columns, start: str) -> sa.Select[*tuple[Any, ...]]:
        """Ask for a page and one row more, which tells whether there is a next page."""
        key: sa.ColumnClause[Any] = sa.column(reading.key)
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in _names(reading)]
        asked = sa.select(*columns).select_from(self._table(reading)).where(*self._conditions(reading, known))
        if start:
            asked = asked.where(key > self._bound(_unpacked(start), known[reading.key]))
        return asked.order_by(key).limit(self.page_rows + 1)

    def _row(self, names: Sequence[str], row: Sequence[Any]) -> SourceRow:
        cells = {name: as_text(value, self.zone) for name, value in zip(names, row, strict=True)}
        key = as_text(row[0], self.zone)
        return SourceRow(key, f"{names[0]} {key}", cells)

    def _table(self, reading: Reading) -> sa.TableClause:
        schema, name = self._named(reading.object)
        return sa.table(name, schema=schema)

    def _named(self, object_: str) -> tuple[str | None, str]:
        """Part `schema.table`, where the settings name no schema."""
        schema, dot, name = object_.partition(".")
        return (schema, name) if dot and not self.schema else (self.schema, object_)

    def _conditions(self, reading: Reading, known: Columns) -> list[sa.ColumnElement[bool]]:
        conditions: list[sa.ColumnElement[bool]] = []
        if reading.date_column:
            column: sa.ColumnClause[Any] = sa.column(reading.date_column)
            type_ = known[reading.date_column]
            if reading.from_on:
                conditions.append(column >= self._day(reading.from_on, type_))
            if reading.until_on:
                conditions.append(column < self._day(reading.until_on + timedelta(days=1), type_))
        if reading.changed_column and reading.changed_since:
            changed: sa.ColumnClause[Any] = sa.column(reading.changed_column)
            conditions.append(changed >= self._moment(reading.changed_since, known[reading.changed_column]))
        for name, wanted in reading.where.items():
            bound = [self._bound(_converted(text, known[name], name), known[name]) for text in wanted]
            conditions.append(sa.column(name).in_(bound))
        return conditions

    def _day(self, day: date, type_: types.TypeEngine[Any]) -> sa.BindParameter[Any]:
        """Return the beginning of a day as a column of this type would have it."""
        if isinstance(type_, types.DateTime) and self.dialect != "sqlite":
            moment = beginning_of(day, self.zone)
            return sa.literal(moment if type_.timezone else moment.replace(tzinfo=None))
        if isinstance(type_, types.Date) and self.dialect != "sqlite":
            return sa.literal(day)
        if isinstance(type_, types.Integer | types.Numeric):
            return sa.literal(int(f"{day:%Y%m%d}"))
        return sa.literal(f"{day:%Y%m%d}" if self.compact_dates else day.isoformat())

    def _moment(self, moment: datetime, type_: types.TypeEngine[Any]) -> sa.BindParameter[Any]:
        """Return a moment likewise; of a column that knows only days, the beginning of its day."""
        local = moment.astimezone(self.zone)
        if not isinstance(type_, types.DateTime):
            return self._day(local.date(), type_)
        if self.dialect == "sqlite":
            return sa.literal(local.replace(tzinfo=None).isoformat(sep=" "))
        return sa.literal(moment.astimezone(UTC) if type_.timezone else local.replace(tzinfo=None))

    def _bound(self, value: Any, type_: types.TypeEngine[Any]) -> sa.BindParameter[Any]:
        """Bind a value as the column's type, so that the two are compared as the column's values are."""
        if self.dialect == "sqlite" or isinstance(type_, types.NullType):
            return sa.literal(value)
        return sa.literal(value, type_)

    # What follows runs in the loop again.

    async def _run(self, ask: Callable[[Connection], T]) -> T:
        """Ask in a thread, for a limited time, in a transaction that cannot write."""

        def asked() -> T:
            with self.engine.connect() as connection:
                if self.dialect == "postgresql":
                    connection = connection.execution_options(postgresql_readonly=True)
                elif statement := on_begin(self.dialect):
                    connection.execute(sa.text(statement))
                return ask(connection)

        try:
            return await asyncio.wait_for(asyncio.to_thread(asked), self.read_seconds + GRACE_SECONDS)
        except TimeoutError as late:
            self._cut()
            raise SourceTrouble(Trouble.UNREACHABLE, place=self.place, why="too-slow") from late
        except asyncio.CancelledError:
            self._cut()
            raise
        except exc.SQLAlchemyError as trouble:
            raise trouble_of(trouble, self.place) from trouble

    def _cut(self) -> None:
        """End the connection under the thread that waits for it, so that the thread ends too."""
        connection: Any = self._open
        if connection is None:
            return
        if hasattr(connection, "interrupt"):
            connection.interrupt()
        elif hasattr(connection, "fileno"):
            with contextlib.suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)


def _names(reading: Reading) -> list[str]:
    """Return the columns that are read, each once, the key first."""
    return list(dict.fromkeys([reading.key, *reading.columns]))


def _refuse_keys_that_are_not_unique(keys: Sequence[Any], reading: Reading) -> None:
    """Refuse keys that would lose rows at the border of a page, or hide one behind another."""
    told_apart = {key.casefold().rstrip() if isinstance(key, str) else key for key in keys}
    if len(told_apart) == len(keys):
        return
    twice = next(key for key in keys if keys.count(key) > 1) if len(set(keys)) < len(keys) else keys[0]
    raise SourceTrouble(
        Trouble.WRONG_SETTINGS,
        object=reading.object,
        column=reading.key,
        why="key-not-unique",
        value=str(twice),
    )


def _packed(key: Any) -> str:
    """Write a key of any type as where to go on."""
    match key:
        case int() | str():
            return json.dumps([type(key).__name__, key], ensure_ascii=False)
        case Decimal() | UUID() | float():
            return json.dumps([type(key).__name__, str(key)])
        case datetime() | date():
            return json.dumps([type(key).__name__, key.isoformat()])
        case _:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="key-of-unusable-type", type=type(key).__name__)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "int": int,
    "str": str,
    "Decimal": Decimal,
    "UUID": UUID,
    "float": float,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def _unpacked(start: str) -> Any:
    try:
        name, value = json.loads(start)
        return READERS[name](value)
    except (ValueError, KeyError, TypeError, InvalidOperation) as wrong:
        raise SourceTrouble(Trouble.WRONG_SETTINGS, why="cannot-go-on-from-there") from wrong


def _converted(text: str, type_: types.TypeEngine[Any], name: str) -> Any:
    """Read a wanted value as the column's type has it."""
    try:
        match type_:
            case types.Boolean():
                return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[text.lower()]
            case types.Integer():
                return int(text)
            case types.Numeric():
                return Decimal(text)
            case types.Uuid():
                return UUID(text)
            case types.DateTime():
                return datetime.fromisoformat(text)
            case types.Date():
                return date.fromisoformat(text)
            case _:
                return text
    except (ValueError, KeyError, InvalidOperation) as wrong:
        raise SourceTrouble(
            Trouble.WRONG_SETTINGS, column=name, value=text, why="value-of-another-type"
        ) from wrong

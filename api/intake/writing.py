"""Rows of a file written set by set, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, insert, update
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from models.database import table_of
from rules.intake import Changed

AT_ONCE: Final = 5_000


async def write_changed(session: AsyncSession, table: type[SQLModel], changed: Sequence[Changed]) -> None:
    """Write what differs: one statement for all rows in which the same columns do."""
    connection = await session.connection()
    together: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in changed:
        together.setdefault(tuple(sorted(one.after)), []).append({"of_row": one.id, **one.after})
    of = table_of(table)
    for columns, rows in together.items():
        statement = update(of).where(of.c.id == bindparam("of_row"))
        await connection.execute(statement.values({name: bindparam(name) for name in columns}), rows)


async def write_new(session: AsyncSession, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    connection = await session.connection()
    for start in range(0, len(rows), AT_ONCE):
        await connection.execute(insert(table_of(table)), rows[start : start + AT_ONCE])

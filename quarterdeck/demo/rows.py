"""Rows of many tables, gathered in memory and written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.metrics import Figure, Metric, Scorecard, ScorecardLine, Target
from models.org import Account, Company, Deputy, Person, Unit
from models.records import Deal, Payment, Visit, WorkHours
from models.sources import Source

Row: TypeAlias = dict[str, Any]

ORDER: tuple[type[SQLModel], ...] = (
    Company,
    Unit,
    Person,
    Account,
    Deputy,
    Metric,
    Scorecard,
    ScorecardLine,
    Cycle,
    Target,
    Deal,
    Payment,
    Visit,
    WorkHours,
    Figure,
    Source,
)
"""A table stands after those its keys point to."""

AT_ONCE = 5_000


class Rows:
    """What is to be written, by table. Bulk rows are plain dicts: a model a row costs ten times as much."""

    def __init__(self) -> None:
        self.of: dict[type[SQLModel], list[Row]] = {table: [] for table in ORDER}

    def add(self, *rows: SQLModel) -> None:
        for row in rows:
            self.of[type(row)].append(row.model_dump())

    def extend(self, table: type[SQLModel], rows: Sequence[Row]) -> None:
        """Take over rows that name every column."""
        self.of[table].extend(rows)

    @property
    def count(self) -> int:
        return sum(len(rows) for rows in self.of.values())

    async def write(self, session: AsyncSession) -> None:
        """Insert everything into the session's writing transaction; the caller commits.

        All at once: a company that is half there never exists.
        """
        connection = await session.connection()
        for table in ORDER:
            rows = self.of[table]
            for start in range(0, len(rows), AT_ONCE):
                await connection.execute(insert(table), rows[start : start + AT_ONCE])

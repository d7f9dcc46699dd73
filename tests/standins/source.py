"""A source as a connector gives it: five pages of deals, and whatever a test has it do wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.source import Checkup, Connector, Page, Reading, SourceRow, SourceTrouble, Trouble
from models.field_maps import FieldRule, RecordMap
from models.sources import RecordKind, Source

ORDERS = RecordMap(
    kind=RecordKind.DEAL,
    object="orders",
    key="no",
    fields={
        "seller": FieldRule(column="seller"),
        "amount": FieldRule(column="amount"),
        "won_on": FieldRule(column="day"),
        "customer": FieldRule(column="customer"),
    },
    seller_by="staff_no",
    date_column="day",
)
HANG = SourceTrouble(Trouble.UNREACHABLE, why="never said")


@dataclass
class StandInSource:
    """Rows that tests change, read page by page; each page that was asked for is noted."""

    rows: list[dict[str, str]]
    page_rows: int = 10
    faults: dict[int, list[SourceTrouble]] = field(default_factory=dict)
    """By page: what happens the next times it is asked for."""
    twice: set[int] = field(default_factory=set)
    """Pages that come a second time."""
    asked: list[int] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    signed_in: int = 0

    async def open(self, source: Source) -> Connector:
        self.signed_in += 1
        return self

    async def test(self) -> Checkup:
        return Checkup(who="stand-in", objects=("orders",))

    async def columns(self, object_: str) -> Sequence[str]:
        return list(self.rows[0]) if self.rows else []

    async def pages(self, reading: Reading, start: str = "") -> AsyncIterator[Page]:
        self.readings.append(reading)
        wanted = [row for row in self.rows if _is_wanted(row, reading)]
        last = max(1, -(-len(wanted) // self.page_rows))
        for number in range(int(start or 1), last + 1):
            await self._happen(number)
            missing = [column for column in reading.columns if wanted and column not in wanted[0]]
            if missing:
                raise SourceTrouble(Trouble.SHAPE_CHANGED, object=reading.object, missing=missing)
            found = wanted[(number - 1) * self.page_rows : number * self.page_rows]
            page = Page([_row(row) for row in found], str(number + 1) if number < last else "")
            yield page
            if number in self.twice:
                yield page

    async def _happen(self, number: int) -> None:
        self.asked.append(number)
        if self.faults.get(number):
            fault = self.faults[number].pop(0)
            if fault is HANG:
                await asyncio.sleep(3600)
            raise fault

    async def close(self) -> None:
        """Nothing is held open."""


def orders(staff_numbers: Sequence[str], count: int = 50) -> list[dict[str, str]]:
    """Return orders of sellers in turn, over the first three months of 2026; amounts that add up unevenly."""
    return [
        {
            "no": f"SO{number:04}",
            "seller": staff_numbers[number % len(staff_numbers)],
            "amount": f"{1000 + number * 7}.{number % 100:02}",
            "day": f"2026-{number % 3 + 1:02}-{number % 28 + 1:02}",
            "customer": f"客户{number % 20}",
            "changed": f"2026-04-01T{number % 24:02}:00:00+08:00",
        }
        for number in range(count)
    ]


def _is_wanted(row: Mapping[str, str], reading: Reading) -> bool:
    day = row.get(reading.date_column, "")
    if day and reading.from_on and day < reading.from_on.isoformat():
        return False
    if day and reading.until_on and day > reading.until_on.isoformat():
        return False
    if reading.changed_since and row[reading.changed_column] < reading.changed_since.isoformat():
        return False
    return all(row[column] in values for column, values in reading.where.items())


def _row(row: Mapping[str, str]) -> SourceRow:
    return SourceRow(row["no"], f"orders {row['no']}", row)

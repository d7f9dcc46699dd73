"""What each kind of file has to say to be checked and taken over; `api/intake/checking.py` lists the kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from sqlmodel.ext.asyncio.session import AsyncSession

from models.accounts import acted_by
from models.changes import Change, Subject
from models.database import insert_many_once, table_of
from models.intake import Intake
from rules.intake import Changed, Reading

MOST_SHOWN = 20
"""New and changed rows that a preview shows."""


@dataclass(frozen=True)
class Shown:
    """What a preview shows of a file: how many, and the first of them."""

    new: int
    changed: int
    unchanged: int
    fingerprint: str
    first_new: Sequence[Mapping[str, str]] = ()
    """Columns and what was understood; `row` is the number in the file."""
    first_changed: Sequence[Mapping[str, Any]] = ()
    """`row`, `who`, and `before` and `after` of the columns that differ."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What only files of this kind have."""


class Planned(Protocol):
    """What one file would write."""

    def shown(self) -> Shown: ...

    async def write(self, session: AsyncSession, taking: Taking) -> None:
        """Write everything within the session's transaction."""


@runtime_checkable
class Comparing(Protocol):
    """What must look up more once the file is read: only that says what to look for."""

    async def compare(self, session: AsyncSession, company_id: str) -> None: ...


class Known(Protocol):
    """What a file is checked against: all of it, so that a later reading can be held against it."""

    def check(self, reading: Reading) -> Planned:
        """Check a file; what is wrong is noted in the reading. Takes no I/O: it runs in a thread."""


@dataclass(frozen=True)
class Taking:
    """One take-over: which file, by whom, when."""

    intake: Intake
    command_id: str
    at: datetime
    by_id: str

    def changes(self, session: AsyncSession, subject: Subject, changed: Sequence[Changed]) -> Iterator[Change]:
        """Give the record of each thing that becomes another."""
        for one in changed:
            yield Change(
                id=f"{self.command_id}.{subject.value}.{one.id}",
                company_id=self.intake.company_id,
                subject=subject,
                subject_id=one.id,
                by_id=self.by_id,
                acted_by=acted_by(session),
                before=documented(one.before),
                after=documented(one.after),
                at=self.at,
            )

    async def record(self, session: AsyncSession, subject: Subject, changed: Sequence[Changed]) -> None:
        rows = [change.model_dump() for change in self.changes(session, subject, changed)]
        await insert_many_once(session, table_of(Change), rows)


def documented(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values as a document holds them."""
    return {name: _documented(value) for name, value in values.items()}


def _documented(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


def in_cells(values: Mapping[str, Any]) -> dict[str, str]:
    """Write values as a preview shows them."""
    shown = {}
    for name, value in values.items():
        if isinstance(value, bool):
            shown[name] = "yes" if value else "no"
        elif value is not None:
            shown[name] = str(_documented(value))
    return shown


def shown_change(one: Changed, who: str) -> dict[str, Any]:
    """Return a changed row as a preview keeps it."""
    return {"row": one.row, "who": who, "before": documented(one.before), "after": documented(one.after)}

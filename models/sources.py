"""Where figures come from: sources, their maps, and what each fetch read, refused and took over."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, delete, update
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Document, Instant, term

ROW_DELETED = "row-deleted"
"""The fault of a row that the source says it has deleted: known by its key alone."""


class SourceKind(StrEnum):
    SALESFORCE = "salesforce"
    DINGTALK = "dingtalk"
    DATABASE = "database"  # SAP, 用友, 金蝶 by their intermediate tables.
    FILES = "files"  # A folder of CSV and Excel files.


class RecordKind(StrEnum):
    """What a source can bring."""

    DEAL = "deal"
    PAYMENT = "payment"
    VISIT = "visit"
    HOURS = "hours"  # Hours per project and kind of work (Rule 33).
    RATE = "rate"  # Exchange rates by day.


class FetchMode(StrEnum):
    TEST = "test"  # Does the connection work? Reads nothing.
    DRY_RUN = "dry-run"  # Reads and checks; takes nothing over.
    TAKE_OVER = "take-over"


class FetchState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # The rows are faulty or the source's shape changed: nothing was taken over.
    FAILED = "failed"  # The source could not be read: nothing was taken over.


class Source(SQLModel, table=True):
    """A system that figures come from, connected by a company.

    `settings` are what a person may see (address, names of tables); `secrets` is what nobody sees
    again: encrypted, and empty in every page, export and log. `maps` are `models.field_maps.RecordMap`s.
    """

    __tablename__ = "source"

    id: str = Field(primary_key=True)
    company_id: str = Field(foreign_key="company.id", index=True)
    kind: SourceKind = Field(sa_type=term(SourceKind))
    name: str
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    secrets: str = ""
    maps: list[dict[str, Any]] = Field(default_factory=list, sa_type=Document)
    every_minutes: int = 0
    """How often it is fetched by itself; 0 for on demand alone."""
    stale_after_hours: int = 48
    """Figures older than that are shown as old."""
    is_on: bool = True
    created_at: datetime = Field(sa_type=Instant)
    created_by: str = ""
    fetched_at: datetime | None = Field(default=None, sa_type=Instant)
    """When its last take-over began: the records are as of then."""
    cursors: dict[str, str] = Field(default_factory=dict, sa_type=Document)
    """By kind of records: up to where the last take-over has read the source's changes."""


class Fetch(SQLModel, table=True):
    """One run over a source: what was asked for, how far it came, what came of it."""

    __tablename__ = "fetch"
    __table_args__ = (Index("ix_fetch_source", "source_id", "started_at"),)

    id: str = Field(primary_key=True)
    company_id: str = Field(index=True)
    source_id: str
    mode: FetchMode = Field(sa_type=term(FetchMode))
    state: FetchState = Field(default=FetchState.RUNNING, sa_type=term(FetchState))
    from_on: date | None = None
    until_on: date | None = None
    """Inclusive."""
    asked_by: str = ""
    """Empty where the schedule did."""
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    progress: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """By kind of records: pages and rows read, and where to go on."""
    outcome: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """By kind of records: new, changed, gone, unchanged, faulty; sums of money by month."""
    trouble: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """`code` and facts of the refusal or failure."""


class StagedRow(SQLModel, table=True):
    """A row as it was read, before it counts. A page read twice stages each of its rows once."""

    __tablename__ = "staged_row"

    fetch_id: str = Field(primary_key=True)
    kind: RecordKind = Field(primary_key=True, sa_type=term(RecordKind))
    external_id: str = Field(primary_key=True)
    position: int
    """In the order of reading."""
    place: str = ""
    """Where it stands, for people: a file and row, or the source's own id."""
    cells: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """As read, by the source's names."""
    fault: str = ""
    """What is wrong with the row as a whole, as a code."""
    list_of: str = ""
    """The object and column whose list of names it is in; it becomes no record then."""


class RowFault(SQLModel, table=True):
    """What is wrong with a row that was read, and what to do about it."""

    __tablename__ = "row_fault"

    fetch_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    kind: RecordKind = Field(sa_type=term(RecordKind))
    place: str = ""
    column_name: str = ""
    value: str = ""
    code: str
    suggestion: str = ""
    is_blocking: bool = True
    """Whether the row is left out (and the fetch refused, where the source says so)."""


async def end_fetch(
    session: AsyncSession,
    fetch_id: str,
    state: FetchState,
    at: datetime,
    *,
    outcome: dict[str, Any] | None = None,
    trouble: dict[str, Any] | None = None,
) -> None:
    """Write what came of a fetch that runs, and forget the rows it staged; one that has ended stays as it is."""
    ended = await session.exec(
        update(Fetch)
        .where(col(Fetch.id) == fetch_id, col(Fetch.state) == FetchState.RUNNING)
        .values(state=state, ended_at=at, outcome=outcome or {}, trouble=trouble or {})
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount:
        await session.exec(delete(StagedRow).where(col(StagedRow.fetch_id) == fetch_id))

"""Files that somebody wants to take over: kept as they came until they are taken or nobody comes for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Document, Instant, term


class IntakeKind(StrEnum):
    """What a file brings, in the order in which a new company needs it."""

    UNITS = "units"  # 组织
    PEOPLE = "people"  # 人员
    METRICS = "metrics"  # 指标
    TARGETS = "targets"  # 目标
    HISTORY = "history"  # 历史数据


class IntakeState(StrEnum):
    FAULTY = "faulty"  # Nothing of it can be taken over.
    CHECKED = "checked"  # It can be taken over as a whole.
    TAKEN = "taken"
    DROPPED = "dropped"  # Somebody decided against it.


class Intake(SQLModel, table=True):
    """A file with people, units, metrics, targets or past figures, and what checking it found.

    The content goes once it is taken over or dropped; its SHA-256 says for good which file it was.
    """

    KEPT_FOR: ClassVar[timedelta] = timedelta(days=14)
    """For how long a file waits to be taken over."""

    __tablename__ = "intake"
    __table_args__ = (Index("ix_intake_company", "company_id", "received_at"),)

    id: str = Field(primary_key=True)
    company_id: str
    kind: IntakeKind = Field(sa_type=term(IntakeKind))
    state: IntakeState = Field(sa_type=term(IntakeState))
    file_name: str
    sha256: str
    content: bytes = Field(default=b"", sa_type=LargeBinary)
    cycle_id: str = ""
    """Whose targets they are."""
    totals: str = ""
    """What the sums must come to, as somebody typed them (Rule 34)."""
    by_id: str
    acted_by: str = ""
    received_at: datetime = Field(sa_type=Instant)
    outcome: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """What the check found: how the file was read, counts, first rows, faults, sums."""
    fingerprint: str = ""
    """Of everything that would be written; another one at the take-over means that something has changed."""
    taken_at: datetime | None = Field(default=None, sa_type=Instant)


async def intakes_of(session: AsyncSession, company_id: str, most: int = 30) -> list[Intake]:
    """Return a company's latest files, newest first, without their content."""
    columns = [column for name, column in Intake.__table__.c.items() if name != "content"]  # type: ignore[attr-defined]  # SQLModel makes it.
    found = await session.exec(
        select(*columns)
        .where(col(Intake.company_id) == company_id)
        .order_by(col(Intake.received_at).desc(), col(Intake.id))
        .limit(most)
    )
    return [Intake(**dict(zip([column.name for column in columns], row, strict=True))) for row in found.all()]

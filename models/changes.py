"""The record of what people changed in the company's own data: who, when, what stood there before and after."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Document, Instant, term


class Subject(StrEnum):
    """What a change is about."""

    PERSON = "person"
    UNIT = "unit"
    METRIC = "metric"
    SCORECARD = "scorecard"
    SCHEME = "scheme"
    COMPANY = "company"
    CALENDAR = "calendar"
    LADDER = "ladder"
    TEXT = "text"
    FIGURE = "figure"
    ANOMALY = "anomaly"
    MISS = "miss"
    SOURCE = "source"
    INTAKE = "intake"
    TARGET = "target"


class Change(SQLModel, table=True):
    """One change. `before` is empty where the thing is new; both hold only what differs."""

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_subject", "company_id", "subject", "subject_id", "at"),)

    id: str = Field(primary_key=True)  # The command's id.
    company_id: str
    subject: Subject = Field(sa_type=term(Subject))
    subject_id: str
    by_id: str
    acted_by: str = ""
    """Who of HR acted as `by_id`, seeing the pages as them."""
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    at: datetime = Field(sa_type=Instant)


async def changes_of(
    session: AsyncSession, company_id: str, subject: Subject, subject_id: str = "", most: int = 20
) -> list[Change]:
    """Return the latest changes of one thing, or of all of its kind, newest first."""
    wanted = select(Change).where(col(Change.company_id) == company_id, col(Change.subject) == subject)
    if subject_id:
        wanted = wanted.where(col(Change.subject_id) == subject_id)
    found = await session.exec(wanted.order_by(col(Change.at).desc(), col(Change.id)).limit(most))
    return list(found.all())

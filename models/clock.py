"""Business time outside a workflow: the wall clock, moved on where a demonstration skipped time.

Workflows have their own time; it reaches activities in their messages. Only the API asks here:
for the instant of a launch, and whether a deadline of a new plan is already over.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Instant


class ClockOffset(SQLModel, table=True):
    """By how much business time is ahead of the wall clock; no row outside a demonstration."""

    __tablename__ = "clock_offset"

    id: str = Field(default="business", primary_key=True)
    microseconds: int = Field(default=0, sa_type=BigInteger)
    advancing_until: datetime | None = Field(default=None, sa_type=Instant)
    """Wall clock: until then somebody is moving time on, and nobody else may."""

    @property
    def offset(self) -> timedelta:
        return timedelta(microseconds=self.microseconds)


OFFSET = select(ClockOffset.microseconds).where(col(ClockOffset.id) == "business")


async def business_offset(session: AsyncSession) -> timedelta:
    """Return by how much business time is ahead of the wall clock."""
    microseconds = (await session.exec(OFFSET)).first()
    return timedelta(microseconds=microseconds or 0)


async def business_now(session: AsyncSession) -> datetime:
    """Return the present instant of business time."""
    return datetime.now(UTC) + await business_offset(session)

"""How old a source's figures may be before pages say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.i18n import Tongue
from models.behind import those_that_bring_records
from models.sources import Source


@dataclass(frozen=True)
class SourceAge:
    """A system that records came from, with how old they are."""

    source: Source
    age: str
    """In words; empty where it has never been read."""
    is_old: bool


def is_old(source: Source, now: datetime) -> bool:
    """Tell whether a source's figures are older than it says they should get."""
    return source.fetched_at is None or now - source.fetched_at > timedelta(hours=source.stale_after_hours)


def aged(source: Source, now: datetime, tongue: Tongue) -> SourceAge:
    age = tongue.from_now(source.fetched_at, now) if source.fetched_at else ""
    return SourceAge(source, age, is_old(source, now))


async def old_sources_of(
    database: AsyncSession, company_id: str, department_id: str, now: datetime, tongue: Tongue
) -> tuple[SourceAge, ...]:
    """Return the sources of a department's figures that have not been read for too long; most often none."""
    found = await database.exec(
        select(Source).where(col(Source.company_id) == company_id).order_by(col(Source.name), col(Source.id))
    )
    old = [source for source in found.all() if source.fetched_at and is_old(source, now)]
    bringing = await those_that_bring_records(database, [source.id for source in old], department_id)
    return tuple(aged(source, now, tongue) for source in old if source.id in bringing)

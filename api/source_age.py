"""How old a source's figures may be before pages say so."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.sources import Source


def is_old(source: Source, now: datetime) -> bool:
    """Tell whether a source's figures are older than it says they should get."""
    return source.fetched_at is None or now - source.fetched_at > timedelta(hours=source.stale_after_hours)

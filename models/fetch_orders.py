"""What travels about fetches. Ids, instants and enums only; what was read is rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from models.sources import FetchMode
from models.terms import Frozen


class FetchOrder(Frozen):
    """Start of a fetch; its period and who asked stand in its row."""

    company_id: str
    source_id: str
    fetch_id: str
    mode: FetchMode
    begin_at: datetime
    """Business time when it was asked for."""


class FetchStep(Frozen):
    """A step of a fetch, at an instant of the workflow's time."""

    fetch_id: str
    now: datetime


class FetchTrouble(Frozen):
    """Ask to write that a fetch failed, and why; what it staged is forgotten."""

    fetch_id: str
    now: datetime
    code: str
    facts: dict[str, Any] = Field(default_factory=dict)


class FetchSchedule(Frozen):
    """Start of a source's schedule; how often it is fetched stands in its row."""

    company_id: str
    source_id: str


class FetchDue(Frozen):
    """A moment at which the schedule looks whether it is time to fetch."""

    company_id: str
    source_id: str
    now: datetime


class FetchAgain(Frozen):
    """How long to wait before looking again; None where the source is not to be fetched by itself any more."""

    wait: timedelta | None

"""What the JSON interface takes and gives about sources of figures. Secrets are taken and never given."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from api.shapes import Taken
from models.field_maps import RecordMap
from models.sources import FetchMode, FetchState, SourceKind


class NewSource(Taken):
    kind: SourceKind
    name: str = Field(max_length=200)
    settings: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    """Kept encrypted; no answer ever holds them."""
    maps: tuple[RecordMap, ...] = ()
    every_minutes: int = 0
    """How often it is fetched by itself; 0 for on demand alone."""
    stale_after_hours: int = 48
    is_on: bool = True


class SourceMade(BaseModel):
    id: str
    command_id: str


class FetchGiven(Taken):
    mode: FetchMode
    from_on: date | None = None
    until_on: date | None = None
    """Inclusive. Without a period: what was changed since the last fetch."""


class FetchAsked(BaseModel):
    fetch_id: str


class FetchShown(BaseModel):
    id: str
    mode: FetchMode
    state: FetchState
    from_on: date | None
    until_on: date | None
    asked_by: str
    started_at: datetime
    ended_at: datetime | None
    progress: dict[str, Any]
    outcome: dict[str, Any]
    trouble: dict[str, Any]


class SourceShown(BaseModel):
    id: str
    kind: SourceKind
    name: str
    is_on: bool
    settings: dict[str, str]
    maps: list[RecordMap]
    every_minutes: int
    stale_after_hours: int
    fetched_at: datetime | None
    """As of when its records are."""
    is_old: bool

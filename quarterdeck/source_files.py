"""Sources described in a file, TOML or JSON: what `quarterdeck source add` takes."""

from __future__ import annotations

import json
import tomllib

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import WrongSettings
from models.field_maps import RecordMap
from models.source_settings import setting_faults
from models.sources import SourceKind
from rules.map_fields import map_faults


class SourceFile(BaseModel):
    """A source as a file describes it, by the names of `models/source_settings.py` and `rules/map_fields.py`."""

    model_config = ConfigDict(extra="forbid")

    kind: SourceKind
    name: str = Field(min_length=1, max_length=100)
    settings: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    maps: list[RecordMap] = Field(default_factory=list)
    every_minutes: int = Field(default=0, ge=0, le=60 * 24 * 31)
    stale_after_hours: int = Field(default=48, ge=1, le=24 * 366)


def read_source_file(text: str) -> SourceFile:
    """Read a description and check all of it.

    Raises:
        WrongSettings: with everything that is wrong, a line each.
    """
    try:
        told = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as wrong:
        raise WrongSettings(f"This is neither TOML nor JSON: {wrong}") from wrong
    try:
        described = SourceFile.model_validate(told)
    except ValidationError as invalid:
        lines = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors()]
        raise WrongSettings("; ".join(lines)) from invalid
    wrong_settings = setting_faults(described.kind, {**described.settings, **described.secrets})
    lines = [f"settings.{fault.name}: {fault.fault}" for fault in wrong_settings]
    lines += [
        f"maps.{fault.kind.value}{'.' if fault.field else ''}{fault.field}: {fault.code} {fault.value}".rstrip()
        for fault in map_faults(described.maps)
    ]
    if lines:
        raise WrongSettings("; ".join(lines))
    return described

"""Which field of a source is what of ours: maps, as data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.sources import RecordKind


class FieldRule(BaseModel):
    """Where a field comes from, and how its text is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str = ""
    constant: str = ""
    """Stands in every row, where there is no column."""
    values: dict[str, str] = Field(default_factory=dict)
    """What a source's value means with us: {"Closed Won": "won"}."""
    dates: Literal["auto", "ymd", "dmy", "mdy"] = "auto"
    """In what order a date that could be read in several ways is written."""
    decimal_mark: Literal[".", ","] = "."
    """A comma where all amounts of the column are written like 1.234,56."""
    scale: int = 0
    """Amounts are in 10^scale of the currency: 4 for 万."""
    listed_in: str = ""
    """The source's object that lists the names that may stand here, and its column with them."""
    listed_as: str = ""


class RecordMap(BaseModel):
    """How the rows of one object of a source become records of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: RecordKind
    object: str
    """A Salesforce object, a DingTalk resource, a table or view, or a file's name with wildcards."""
    key: str
    """The column that tells rows apart for good."""
    fields: dict[str, FieldRule]
    """By our field: see `rules/map_fields.py` for those of each kind."""
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Only rows whose column has one of these values."""
    date_column: str = ""
    changed_column: str = ""
    seller_by: Literal["staff_no", "email", "name", "external_id"] = "name"
    """By what of ours the source names a seller."""
    tolerates_faults: bool = False
    """Take over what is right and name the rest, instead of refusing all of it."""

    @property
    def lists(self) -> tuple[tuple[str, str], ...]:
        """Objects and columns that list the names which fields may hold, each once."""
        named = [(rule.listed_in, rule.listed_as) for rule in self.fields.values() if rule.listed_in]
        return tuple(dict.fromkeys(named))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the map names, each once, the key first."""
        named = [
            self.key,
            *(rule.column for rule in self.fields.values()),
            *self.where,
            self.date_column,
            self.changed_column,
        ]
        return tuple(dict.fromkeys(name for name in named if name))

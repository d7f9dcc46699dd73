"""Questions in SOQL, composed of names that the object's description has and of typed values, never of text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from simple_salesforce.format import quote_soql_value

from connectors.source import Reading, SourceTrouble, Trouble
from connectors.values import as_text, beginning_of

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
NUMBERS = ("int", "long", "double", "currency", "percent")
ID = "Id"
"""Every object has it."""
IS_DELETED = "IsDeleted"
OF_ANY_TYPE = "Name"
"""The object that stands for what a field can refer to where that is one of several."""


@dataclass(frozen=True)
class Described:
    """An object's fields, and what leads to its parents: `Owner.Email` goes by the relationship Owner to a User.

    `types` are by field, `parents` are objects by relationship.
    """

    types: Mapping[str, str]
    parents: Mapping[str, str]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Described:
        """Read Salesforce's description of an object.

        Raises:
            KeyError, TypeError: where it is none.
        """
        types: dict[str, str] = {}
        parents: dict[str, str] = {}
        for field in told["fields"]:
            types[field["name"]] = field["type"]
            if field.get("relationshipName") and field.get("referenceTo"):
                several = len(field["referenceTo"]) > 1
                parents[field["relationshipName"]] = OF_ANY_TYPE if several else field["referenceTo"][0]
        return cls(types, parents)


def check_name(object_: str) -> None:
    """Refuse what cannot be the name of an object.

    Raises:
        SourceTrouble: SHAPE_CHANGED
    """
    if not NAME.fullmatch(object_):
        raise SourceTrouble(Trouble.SHAPE_CHANGED, object=object_, missing=[object_])


def names_in(reading: Reading) -> list[str]:
    """Return the columns that are asked for, each once, the key first."""
    return list(dict.fromkeys([reading.key, *reading.columns]))


def names_needed(reading: Reading) -> list[str]:
    named = [*names_in(reading), reading.date_column, reading.changed_column, *reading.where]
    return [name for name in dict.fromkeys(named) if name]


def question(reading: Reading, types: Mapping[str, str], zone: ZoneInfo, *, and_deleted: bool = False) -> str:
    """Return the question for the rows of a reading; `types` has every column that it names.

    With `and_deleted` it also asks whether a row is deleted.

    Raises:
        SourceTrouble: WRONG_SETTINGS, where a wanted value is not of its column's type.
    """
    conditions = [*_period(reading, types, zone), *_wanted(reading, types)]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    columns = dict.fromkeys([*names_in(reading), ID, *([IS_DELETED] if and_deleted else [])])
    return f"SELECT {', '.join(columns)} FROM {reading.object}{where} ORDER BY {ID}"  # noqa: S608 - see above.


def _period(reading: Reading, types: Mapping[str, str], zone: ZoneInfo) -> list[str]:
    conditions = []
    column = reading.date_column
    if column and reading.from_on:
        conditions.append(f"{column} >= {_day(reading.from_on, types[column], zone)}")
    if column and reading.until_on:
        after = reading.until_on + timedelta(days=1)
        conditions.append(f"{column} < {_day(after, types[column], zone)}")
    if reading.changed_column and reading.changed_since:
        since = reading.changed_since
        local = _day(since.astimezone(zone).date(), "date", zone)
        moment = _moment(since) if types[reading.changed_column] == "datetime" else local
        conditions.append(f"{reading.changed_column} >= {moment}")
    return conditions


def _wanted(reading: Reading, types: Mapping[str, str]) -> list[str]:
    return [
        f"{column} IN ({', '.join(_literal(text, types[column], column) for text in texts)})"
        for column, texts in reading.where.items()
    ]


def _day(day: date, type_: str, zone: ZoneInfo) -> str:
    return _moment(beginning_of(day, zone)) if type_ == "datetime" else day.isoformat()


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _literal(text: str, type_: str, column: str) -> str:
    """Write a wanted value as the column's type has it."""
    try:
        if type_ == "boolean":
            return {"true": "TRUE", "false": "FALSE"}[text.lower()]
        if type_ in NUMBERS:
            number = Decimal(text)
            if not number.is_finite():
                raise ValueError(text)
            return f"{number:f}"
        if type_ == "date":
            return date.fromisoformat(text).isoformat()
        if type_ == "datetime":
            return _moment(datetime.fromisoformat(text))
    except (ValueError, KeyError, InvalidOperation) as wrong:
        raise SourceTrouble(
            Trouble.WRONG_SETTINGS, column=column, value=text, why="value-of-another-type"
        ) from wrong
    return quote_soql_value(text)


def cells_of(
    record: Mapping[str, Any], names: Sequence[str], types: Mapping[str, str], zone: ZoneInfo
) -> dict[str, str]:
    """Return a record's cells by the columns asked for; moments in the time zone of the source."""
    return {name: _cell(_found(record, name), types[name], zone) for name in names}


def _found(record: Mapping[str, Any], name: str) -> Any:
    """Follow a dotted name; a parent that is not set has nothing.

    Raises:
        KeyError: where the answer lacks what was asked for.
    """
    *parents, last = name.split(".")
    for parent in parents:
        found = record[parent]
        if found is None:
            return None
        record = found
    return record[last]


def _cell(value: Any, type_: str, zone: ZoneInfo) -> str:
    if type_ == "datetime" and isinstance(value, str) and value:
        return as_text(datetime.fromisoformat(value), zone)
    return as_text(value, zone)

"""A file of metrics: what is measured, how, and which way is better (指标). A metric is known by its code."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final

from models.metrics import Aggregation, FigureLevel, MetricCategory, MetricKind, MetricUnit
from rules.cells import plain, yes_or_no
from rules.intake import Changed, Plan, Reading, Row, differing


class Better(StrEnum):
    """Which way a figure is better."""

    HIGHER = "higher"
    LOWER = "lower"


CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
CHOSEN: Final = ("unit", "kind", "category", "aggregation", "level")
MEASURING: Final = ("unit", "aggregation", "level")
"""What figures and targets that are there were measured by."""
NEW: Final[Mapping[str, Any]] = {
    "name_en": "",
    "unit": MetricUnit.MONEY,
    "kind": MetricKind.LEVEL,
    "category": MetricCategory.SALES,
    "aggregation": Aggregation.SUM,
    "level": FigureLevel.PERSON,
    "higher_is_better": True,
    "is_required": True,
}


def metrics_plan(
    known: Mapping[str, Mapping[str, Any]],
    measured: Collection[str],
    choices: Mapping[str, Mapping[str, StrEnum]],
    reading: Reading,
) -> Plan:
    """Say what a file of metrics would write.

    `known` are rows by code, `measured` the ids of those that have figures or targets.
    """
    new: list[dict[str, Any]] = []
    changed: list[Changed] = []
    unchanged = 0
    first: dict[str, int] = {}
    names = {plain(metric["name"]): code for code, metric in known.items()}
    for row in reading:
        code = row.needed("code").lower()
        if code and not CODE.fullmatch(code):
            row.fault("code", "code-unfit")
        there = known.get(code)
        values = _values(row, choices, is_new=there is None)
        if first.setdefault(code, row.number) != row.number and code:
            row.fault("code", "row-repeated", first_row=first[code])
        name = plain(values.get("name", ""))
        if name and names.setdefault(name, code) != code:
            row.fault("name", "metric-name-twice", known=names[name])
        if there is None:
            new.append({"row": row.number, "code": code, **NEW, **values})
            continue
        before, after = differing(there, values)
        for column in MEASURING:
            if column in after and there["id"] in measured:
                row.fault(column, "metric-measured")
        if after:
            changed.append(Changed(there["id"], row.number, before, after))
        else:
            unchanged += 1
    return Plan(tuple(new), tuple(changed), unchanged)


def _values(row: Row, choices: Mapping[str, Mapping[str, StrEnum]], *, is_new: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    name, name_en = row.words("name"), row.words("name_en")
    if name:
        values["name"] = name
    elif is_new and not row.is_faulty:
        row.fault("name", "cell-missing")
    if name_en is not None:
        values["name_en"] = name_en
    for column in CHOSEN:
        chosen = row.choice(column, choices[column])
        if chosen is not None:
            values[column] = chosen
    better = row.choice("better", choices["better"])
    if better is not None:
        values["higher_is_better"] = better is Better.HIGHER
    is_required = row.value("is_required", yes_or_no(row.text("is_required")))
    if is_required is not None:
        values["is_required"] = is_required
    return values

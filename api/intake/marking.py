"""Faults of a file in words: one by one, and row by row for the file that is given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.i18n import Tongue
from api.intake.columns import COLUMNS
from api.words import say
from models.intake import IntakeKind
from rules.intake import Fault, Faults
from rules.intake_history import TYPED


def words_of(fault: Mapping[str, Any], tongue: Tongue) -> str:
    """Word what is wrong with a cell."""
    return say(fault["code"], {"given": fault["value"], **fault["facts"]}, tongue).detail


def said_of(fault: Fault, tongue: Tongue) -> str:
    return words_of({"code": fault.code, "value": fault.value, "facts": fault.facts}, tongue)


def words_by_row(faults: Faults, tongue: Tongue) -> dict[int, dict[str, str]]:
    """Return what is wrong by row and column; what is wrong with no row in particular is left to the page."""
    words: dict[int, dict[str, str]] = {}
    for fault in faults.in_order():
        if fault.row:
            of_row = words.setdefault(fault.row, {})
            of_row[fault.column] = " ".join(filter(None, (of_row.get(fault.column), said_of(fault, tongue))))
    return words


def headings_of(kind: IntakeKind, tongue: Tongue) -> dict[str, str]:
    """Return how each column is called."""
    headings = {column.name: tongue.gettext(column.heading) for column in COLUMNS[kind]}
    return headings | {TYPED: tongue.gettext("Totals")}

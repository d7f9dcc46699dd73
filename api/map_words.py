"""What our fields are called that a map fills, and a map as lines of the record of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from api.i18n import Tongue
from api.i18n import later as _
from api.terms import message_of
from models.field_maps import FieldRule, RecordMap
from models.sources import RecordKind

FIELD_WORDS: Final[Mapping[str, str]] = {
    "number": _("Number"),
    "seller": _("Seller"),
    "customer": _("Customer"),
    "product": _("Product"),
    "amount": _("Amount"),
    "currency": _("Currency"),
    "share": _("Share in per cent"),
    "won_on": _("Won on"),
    "is_new_customer": _("New customer"),
    "state": _("State"),
    "deal": _("Deal"),
    "due_on": _("Due on"),
    "due": _("Amount due"),
    "paid": _("Amount paid"),
    "paid_on": _("Paid on"),
    "visited_on": _("Visited on"),
    "checked_in_at": _("Checked in at"),
    "checked_out_at": _("Checked out at"),
    "place": _("Place"),
    "project": _("Project"),
    "worked_on": _("Worked on"),
    "kind": _("Kind of work"),
    "hours": _("Hours"),
    "day": _("Day"),
    "opened_on": _("Opened on"),
    "rate": _("Rate"),
}
"""By our field."""
MAP_WORDS: Final[Mapping[str, str]] = {
    "key": _("Key column"),
    "date_column": _("Column of the period"),
    "changed_column": _("Column of the last change"),
    "seller_by": _("Sellers are named by"),
    "where": _("Only rows where"),
    "tolerates_faults": _("Takes what is right where rows are faulty"),
}
SELLER_BY: Final[Mapping[str, str]] = {
    "staff_no": _("staff number"),
    "email": _("e-mail address"),
    "name": _("name"),
    "external_id": _("the source's own id"),
}
DATE_ORDERS: Final[Mapping[str, str]] = {
    "auto": _("only clear dates"),
    "ymd": _("year-month-day"),
    "dmy": _("day-month-year"),
    "mdy": _("month-day-year"),
}
MARK: Final = "map:"
"""Before a map's kind, object and part, in the record of changes."""


def field_said(name: str, tongue: Tongue) -> str:
    return tongue.gettext(FIELD_WORDS.get(name, name))


def flat(maps: Sequence[RecordMap]) -> dict[str, str]:
    """Return maps as lines of the record of changes: one for each thing that can be changed by itself."""
    lines: dict[str, str] = {}
    for one in maps:
        start = f"{MARK}{one.kind}:{one.object}:"
        lines |= {f"{start}{name}": rule_said(rule) for name, rule in one.fields.items()}
        parts = {
            "key": one.key,
            "date_column": one.date_column,
            "changed_column": one.changed_column,
            "seller_by": one.seller_by,
            "where": "; ".join(f"{column} = {', '.join(values)}" for column, values in one.where.items()),
            "tolerates_faults": "✓" if one.tolerates_faults else "",
        }
        lines |= {f"{start}{name}": line for name, line in parts.items()}
    return {name: line for name, line in lines.items() if line}


def rule_said(rule: FieldRule) -> str:
    """Write a rule in signs: the column, or the constant in quotation marks, and how it is read."""
    said = rule.column or f"“{rule.constant}”"
    if rule.values:
        said += " {" + ", ".join(f"{theirs} = {ours}" for theirs, ours in rule.values.items()) + "}"
    if rule.dates != "auto":
        said += f" ({rule.dates})"
    if rule.decimal_mark != ".":
        said += f" ({rule.decimal_mark})"
    if rule.listed_in:
        said += f" ∈ {rule.listed_in}.{rule.listed_as}"
    return f"{said} ×10^{rule.scale}" if rule.scale else said


def label_of_line(name: str, tongue: Tongue) -> str:
    """Name a line of `flat`: the kind of records, the object, and what of it."""
    kind, _colon, rest = name.removeprefix(MARK).partition(":")
    object_, _colon, part = rest.rpartition(":")
    words = MAP_WORDS.get(part) or FIELD_WORDS.get(part, part)
    return f"{tongue.gettext(message_of(RecordKind(kind)))} · {object_} · {tongue.gettext(words)}"

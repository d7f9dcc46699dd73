"""The record of changes in words: who changed what, from what to what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import names_of_metrics, names_of_people, names_of_units
from api.i18n import Tongue
from api.i18n import later as _
from api.map_words import MARK, SELLER_BY, label_of_line
from api.source_words import CHOICE_WORDS, SETTING_WORDS
from api.terms import message_of
from models.changes import Change
from models.metrics import Aggregation, FigureLevel, MetricCategory, MetricKind, MetricUnit
from models.stages import Language

LABELS: Final[Mapping[str, str]] = {
    "name": _("Name"),
    "name_en": _("English name"),
    "email": _("E-mail address"),
    "phone": _("Mobile number"),
    "language": _("Language of messages"),
    "superior_id": _("Superior"),
    "superior_no": _("Superior"),
    "head_id": _("Head"),
    "unit_id": _("Unit"),
    "joined_on": _("Joined on"),
    "left_on": _("First day away"),
    "post": _("Post"),
    "grade": _("Grade"),
    "region": _("Region"),
    "is_scored": _("Has targets and results"),
    "deputy_id": _("Deputy"),
    "from_on": _("First day"),
    "until_on": _("Last day"),
    "unit": _("Unit of measure"),
    "kind": _("Kind of target"),
    "category": _("Category"),
    "aggregation": _("Months make the period by"),
    "level": _("Whose figure"),
    "higher_is_better": _("Better is"),
    "is_required": _("Required before scoring"),
    "from_crm": _("Comes from the CRM"),
    "code": _("Code"),
    "score_cap": _("Cap"),
    "bands": _("Bands"),
    "time_zone": _("Time zone"),
    "hr_mailbox": _("HR mailbox"),
    "first_sending_hour": _("Sending begins at"),
    "last_sending_hour": _("Sending ends at"),
    "rungs": _("Rungs"),
    "superior_reminded_after": _("Superior reminded after"),
    "superior_moves_after": _("Moves on after"),
    "subject": _("Subject"),
    "lead": _("First sentences"),
    "system": _("Line beside the subject"),
    "sms": _("Text of the SMS"),
    "subject-overdue": _("Subject, when overdue"),
    "lead-overdue": _("First sentences, when overdue"),
    "system-overdue": _("Line beside the subject, when overdue"),
    "sms-overdue": _("Text of the SMS, when overdue"),
    "every_minutes": _("Fetched every so many minutes"),
    "stale_after_hours": _("Old after (hours)"),
    "is_on": _("Switched on"),
    "target": _("Target"),
    "figure": _("Figure"),
    "applies": _("Applies"),
    "initiative": _("Initiative"),
    **{f"{kind}.{name}": one.label for kind, words in SETTING_WORDS.items() for name, one in words.items()},
}
HIDDEN: Final[Mapping[str, str]] = {"hidden": _("hidden"), "hidden-anew": _("hidden, entered anew")}
"""What stands there of a secret."""
DAYS: Final[Mapping[str, str]] = {"off": _("day off"), "working": _("working day")}
"""What a day of the calendar is changed to."""
ENUMS: Final[Mapping[str, type[StrEnum]]] = {
    "language": Language,
    "unit": MetricUnit,
    "kind": MetricKind,
    "category": MetricCategory,
    "aggregation": Aggregation,
    "level": FigureLevel,
}
PEOPLE: Final = frozenset({"superior_id", "head_id", "deputy_id"})
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
"""A day of the calendar, as the name of what was changed."""
WEIGHT: Final = "weight:"
"""Before the id of the metric whose weight it is."""


@dataclass(frozen=True)
class Told:
    """One change, with a line for each thing that differs."""

    at: datetime
    text: str
    details: tuple[str, ...] = ()


async def told(session: AsyncSession, tongue: Tongue, changes: Sequence[Change]) -> list[Told]:
    """Word changes: two queries for all their names."""
    values = [value for change in changes for value in (change.before, change.after)]
    ids = {str(one[name]) for one in values for name in PEOPLE if one.get(name)}
    people = await names_of_people(session, ids | {change.by_id for change in changes})
    units = {str(one["unit_id"]) for one in values if one.get("unit_id")}
    people |= await names_of_units(session, units, tongue.language)
    metrics = await names_of_metrics(
        session,
        {name.removeprefix(WEIGHT) for one in values for name in one if name.startswith(WEIGHT)},
        tongue.language,
    )
    return [
        Told(
            at=change.at,
            text=_who(tongue, change, people),
            details=tuple(_detail(tongue, name, change, people, metrics) for name in _names(change)),
        )
        for change in changes
    ]


def _who(tongue: Tongue, change: Change, people: Mapping[str, str]) -> str:
    by = people.get(change.by_id, tongue.gettext("somebody"))
    if not change.before:
        return tongue.gettext("%(by)s entered", by=by)
    return tongue.gettext("%(by)s changed", by=by)


def _names(change: Change) -> list[str]:
    names = list(dict.fromkeys([*change.before, *change.after]))
    if "deputy_id" in names:  # The deputy is named, though only the period changes.
        return names
    return [name for name in names if change.before.get(name) != change.after.get(name)]


def _detail(
    tongue: Tongue, name: str, change: Change, people: Mapping[str, str], metrics: Mapping[str, str]
) -> str:
    metric_id = name.removeprefix(WEIGHT)
    label = (
        metrics.get(metric_id, metric_id) if name.startswith(WEIGHT) else tongue.gettext(LABELS.get(name, name))
    )
    if DAY.fullmatch(name):
        label = tongue.plain_day(date.fromisoformat(name))
    elif name.startswith(MARK):
        label = label_of_line(name, tongue)
    before, after = (_value(tongue, name, values.get(name), people) for values in (change.before, change.after))
    if before == after or not change.before:
        return tongue.gettext("%(label)s: %(value)s", label=label, value=after)
    return tongue.gettext("%(label)s: %(before)s → %(after)s", label=label, before=before, after=after)


def _value(tongue: Tongue, name: str, value: Any, people: Mapping[str, str]) -> str:
    if value in (None, "", []):
        return "–"
    if DAY.fullmatch(name):
        kind, _space, note = str(value).partition(" ")
        return f"{tongue.gettext(DAYS[kind])} {note}".strip()
    if name in PEOPLE or name == "unit_id":
        return people.get(str(value), str(value))
    if name in ENUMS:
        return tongue.gettext(message_of(ENUMS[name](value)))
    if name == "higher_is_better":
        return tongue.gettext("higher") if value else tongue.gettext("lower")
    if str(value) in HIDDEN:
        return tongue.gettext(HIDDEN[str(value)])
    if name.startswith(MARK) and str(value) in SELLER_BY:
        return tongue.gettext(SELLER_BY[str(value)])
    if "." in name and str(value) in CHOICE_WORDS:
        return tongue.gettext(CHOICE_WORDS[str(value)])
    if isinstance(value, bool):
        return tongue.gettext("yes") if value else tongue.gettext("no")
    if name in ("from_on", "until_on", "joined_on", "left_on"):
        return tongue.plain_day(date.fromisoformat(str(value)))
    if name.startswith(WEIGHT) or name == "score_cap":
        return f"{tongue.exact(Decimal(str(value)))}%"
    if name in ("target", "figure"):
        return tongue.exact(Decimal(str(value)))
    if name == "bands":
        return tongue.gettext(", ").join(
            f"{one['name']} ≥ {tongue.exact(Decimal(one['from_points']))}" for one in value
        )
    return str(value)

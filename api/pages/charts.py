"""What charts are drawn from, as static/charts.js takes it. Beside each stands a table with the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.i18n import Tongue
from api.i18n import later as _
from rules.standing import Course, Standing

NOTHING = _("no figures yet")

Chart = dict[str, Any]
"""Plain JSON, with every text already in the reader's language."""


@dataclass(frozen=True)
class Bar:
    """A bar of attainment: whose, how much, and the words that appear at it."""

    name: str
    percent: Decimal | None
    course: Course
    words: str = ""


def bar_of(name: str, standing: Standing, words: str = "") -> Bar:
    return Bar(name, standing.attainment, standing.course, words)


def bars(given: Sequence[Bar], tongue: Tongue, *, expected: Decimal | None = None) -> Chart:
    """Return bars beside a line at 100% and, where there is one, a line at what is expected by now."""
    lines = [{"at": 100, "label": tongue.gettext("Target")}]
    if expected is not None and 0 < expected < 100:
        lines.append({"at": _plain(expected), "label": tongue.gettext("By now")})
    return {
        "kind": "bars",
        "lines": lines,
        "bars": [
            {
                "name": bar.name,
                "value": _plain(bar.percent),
                "course": bar.course.value,
                "label": tongue.gettext("no figures yet")
                if bar.percent is None
                else tongue.percent(bar.percent, 1),
                "words": bar.words,
            }
            for bar in given
        ],
    }


@dataclass(frozen=True)
class Point:
    """A month of a course: what was reached by its end, and what was planned."""

    name: str
    reached: Decimal | None
    reached_words: str
    planned: Decimal | None
    planned_words: str


def course(points: Sequence[Point], tongue: Tongue) -> Chart:
    """Return the line of what was reached, month by month, beside that of the plan."""
    return {
        "kind": "course",
        "reached": tongue.gettext("Reached"),
        "planned": tongue.gettext("Plan"),
        "points": [
            {
                "name": point.name,
                "reached": _plain(point.reached),
                "reachedLabel": point.reached_words,
                "planned": _plain(point.planned),
                "plannedLabel": point.planned_words,
            }
            for point in points
        ],
    }


def _plain(value: Decimal | None) -> float | None:
    return None if value is None else round(float(value), 2)


@dataclass(frozen=True)
class Step:
    """A step of a waterfall: from where to where it leads, and the words at it."""

    name: str
    start: Decimal
    end: Decimal
    words: str


def waterfall(steps: Sequence[Step]) -> Chart:
    """Return how one figure becomes another, step by step; the first and the last are whole figures."""
    return {
        "kind": "waterfall",
        "steps": [
            {
                "name": step.name,
                "from": _plain(step.start),
                "to": _plain(step.end),
                "label": step.words,
                "whole": index in (0, len(steps) - 1),
            }
            for index, step in enumerate(steps)
        ],
    }

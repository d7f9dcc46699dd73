"""Past figures as they come out of a file: millions of them in few bytes each.

Every line is somebody's figures of one metric, with a place for each month. A figure is a whole
number of ten-thousandths, as its column stores it.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from models.columns import FIGURE_SCALE
from models.figures import LARGEST_FIGURE
from models.metrics import Metric, MetricUnit
from rules.intake_owners import Owner

NOTHING_SAID: Final = -(2**63)
MOST_MONTHS: Final = 36
"""Of one file."""
LARGEST: Final = int(LARGEST_FIGURE) * FIGURE_SCALE
HUNDRED: Final = 100 * FIGURE_SCALE


@dataclass
class PastFigures:
    """All figures of a file, and beside each the one that is in force now."""

    stride: int
    """Places of a line."""
    months: list[date] = field(default_factory=list)
    """First days, by place."""
    owners: list[Owner] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    line_owner: array[int] = field(default_factory=lambda: array("i"))
    line_metric: array[int] = field(default_factory=lambda: array("i"))
    line_row: array[int] = field(default_factory=lambda: array("i"))
    """The row of the file that a line came first in."""
    values: array[int] = field(default_factory=lambda: array("q"))
    known: array[int] = field(default_factory=lambda: array("q"))
    """What is in force now, place by place; nothing before `compare` looked."""
    _lines: dict[int, int] = field(default_factory=dict)
    _owner_places: dict[tuple[str, str], int] = field(default_factory=dict)
    _metric_places: dict[str, int] = field(default_factory=dict)

    def line(self, owner: Owner, metric: Metric, row: int) -> tuple[int, bool]:
        """Return the line of somebody and a metric, and whether it is new."""
        at = self._owner_places.get((owner.unit_id, owner.person_id))
        if at is None:
            at = self._owner_places[owner.unit_id, owner.person_id] = len(self.owners)
            self.owners.append(owner)
        of = self._metric_places.get(metric.id)
        if of is None:
            of = self._metric_places[metric.id] = len(self.metrics)
            self.metrics.append(metric)
        key = at << 16 | of
        found = self._lines.get(key)
        if found is not None:
            return found, False
        line = self._lines[key] = len(self.line_row)
        self.line_owner.append(at)
        self.line_metric.append(of)
        self.line_row.append(row)
        self.values.extend((NOTHING_SAID,) * self.stride)
        return line, True

    def find(self, unit_id: str, person_id: str, metric_id: str) -> int | None:
        """Return the line of somebody and a metric, if the file has one."""
        at = self._owner_places.get((unit_id, person_id))
        of = self._metric_places.get(metric_id)
        return None if at is None or of is None else self._lines.get(at << 16 | of)

    def people(self) -> dict[str, Owner]:
        """Return the people of the file by id."""
        return {owner.person_id: owner for owner in self.owners if owner.person_id}

    def cells(self) -> Iterator[tuple[int, int, int]]:
        """Give line, place and value of every figure that would be written: new ones and others."""
        stride, known = self.stride, self.known
        for line in range(len(self.line_row)):
            base = line * stride
            for place, value in enumerate(self.values[base : base + stride]):
                if value != NOTHING_SAID and value != known[base + place]:
                    yield line, place, value

    def counts(self) -> tuple[int, int, int]:
        """Return how many figures are new, how many change, and how many are there just so."""
        new = changed = unchanged = 0
        for value, known in zip(self.values, self.known, strict=True):
            if value == NOTHING_SAID:
                continue
            if value == known:
                unchanged += 1
            elif known == NOTHING_SAID:
                new += 1
            else:
                changed += 1
        return new, changed, unchanged

    def sums(self) -> dict[tuple[str, date], tuple[int, int]]:
        """Return how many figures the file has of each metric and month, and what they come to."""
        counts = [[0] * self.stride for _ in self.metrics]
        totals = [[0] * self.stride for _ in self.metrics]
        for line, of in enumerate(self.line_metric):
            base = line * self.stride
            for place, value in enumerate(self.values[base : base + self.stride]):
                if value != NOTHING_SAID:
                    counts[of][place] += 1
                    totals[of][place] += value
        return {
            (metric.id, month): (counts[of][place], totals[of][place])
            for of, metric in enumerate(self.metrics)
            for place, month in enumerate(self.months)
            if counts[of][place]
        }

    @property
    def fingerprint(self) -> str:
        found = hashlib.sha256(repr([f"{month}" for month in self.months]).encode())
        found.update(repr([metric.id for metric in self.metrics]).encode())
        for owner in self.owners:
            found.update(f"{owner.unit_id}\0{owner.person_id}\0".encode())
        for column in (self.line_owner, self.line_metric, self.values, self.known):
            found.update(column)
        return found.hexdigest()


def plain_figure(text: str) -> int | None:
    """Return a figure written in plain digits; None where it is written otherwise, and to be read with care."""
    whole, _, fraction = text.partition(".")
    if not text.isascii() or len(whole) > 13 or len(fraction) > 4 or text.endswith("."):
        return None
    if whole.isdigit() or (whole[:1] == "-" and whole[1:].isdigit()):
        if not fraction:
            return int(whole) * FIGURE_SCALE
        if fraction.isdigit():
            return int(whole + fraction.ljust(4, "0"))
    return None


def unfit(metric: Metric, value: int) -> bool:
    """Tell whether a figure cannot be one of the metric's; `fault_of_value` says why."""
    if metric.unit is MetricUnit.MONEY:
        return not -LARGEST <= value <= LARGEST
    if metric.unit is MetricUnit.PERCENT:
        return not 0 <= value <= HUNDRED
    if metric.unit is MetricUnit.COUNT:
        return not 0 <= value <= LARGEST or value % FIGURE_SCALE != 0
    return not 0 <= value <= LARGEST

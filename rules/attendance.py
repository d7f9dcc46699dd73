"""Attendance: hours by what they were spent on, and the share that was selling (有效销售时间, Rule 33)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from models.columns import to_four_places
from models.records import WorkKind

SELLING_GOAL = Decimal(70)
"""Percent of all hours that should be effective selling time."""
HUNDRED = Decimal(100)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Attended:
    """Visits and hours of a person, or of several together."""

    visits: int = 0
    checked_in: int = 0
    hours: Mapping[WorkKind, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum(self.hours.values(), ZERO)

    @property
    def selling(self) -> Decimal:
        return self.hours.get(WorkKind.SELLING, ZERO)

    @property
    def selling_percent(self) -> Decimal | None:
        """Selling hours by all hours, in percent; None without hours."""
        return to_four_places(HUNDRED * self.selling / self.total) if self.total else None

    @property
    def checked_in_percent(self) -> Decimal | None:
        """Visits with a check-in by all visits, in percent; None without visits."""
        return to_four_places(HUNDRED * self.checked_in / self.visits) if self.visits else None

    @property
    def reaches_goal(self) -> bool:
        percent = self.selling_percent
        return percent is not None and percent >= SELLING_GOAL


def attended_together(parts: Iterable[Attended]) -> Attended:
    """Add up; shares of several are those of their sums, never the mean of their shares."""
    visits = checked_in = 0
    hours: dict[WorkKind, Decimal] = {}
    for part in parts:
        visits, checked_in = visits + part.visits, checked_in + part.checked_in
        for kind, spent in part.hours.items():
            hours[kind] = hours.get(kind, ZERO) + spent
    return Attended(visits, checked_in, hours)

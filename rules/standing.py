"""Where somebody stands in a period that still runs: what is reached, what is left to do (Rules 37, 48).

Attainment is never capped: 60万 of 50万 is 120%. A figure that is not there yet is unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from rules.scoring import HUNDRED, attainment, rounded


class Course(StrEnum):
    """How a standing compares with the time gone by."""

    MET = "met"
    ON_COURSE = "on-course"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Standing:
    """A target and what is reached of it, in the metric's unit."""

    target: Decimal | None
    actual: Decimal | None
    attainment: Decimal | None
    """Percent, four decimals; None where target or actual is not known."""
    expected: Decimal
    """Percent that should be attained by now."""
    higher_is_better: bool = True

    @property
    def gap(self) -> Decimal | None:
        """Return what is left to do; below zero where the target is surpassed by so much."""
        if self.target is None or self.actual is None:
            return None
        return self.target - self.actual if self.higher_is_better else self.actual - self.target

    @property
    def course(self) -> Course:
        if self.attainment is None:
            return Course.UNKNOWN
        if self.attainment >= HUNDRED:
            return Course.MET
        return Course.ON_COURSE if self.attainment >= self.expected else Course.BEHIND


def standing(
    target: Decimal | None,
    actual: Decimal | None,
    *,
    expected: Decimal = HUNDRED,
    higher_is_better: bool = True,
) -> Standing:
    """Hold what is reached against its target."""
    reached = None
    if target is not None and target > 0 and actual is not None:
        reached = attainment(target, actual, higher_is_better)
    return Standing(target, actual, reached, expected, higher_is_better)


def together(parts: Sequence[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """Return the mean of (weight, percent), by weight, over those that are known; None where none is."""
    known = [(weight, percent) for weight, percent in parts if percent is not None and weight > 0]
    whole = sum((weight for weight, _ in known), Decimal(0))
    if not whole:
        return None
    return rounded(sum((weight * percent for weight, percent in known), Decimal(0)) / whole, 4)


@dataclass(frozen=True)
class TimeGone:
    """How far a period has come, and until when there are figures."""

    day: int
    """Days gone by with today; 0 before the first, all of them after the last."""
    days: int
    covered: int
    """Days gone by of which there can be figures: none after the last month that has any."""

    @property
    def percent(self) -> Decimal:
        return rounded(Decimal(self.day) * HUNDRED / self.days, 4)

    @property
    def covered_percent(self) -> Decimal:
        """Percent of the period by which what is reached so far is judged."""
        return rounded(Decimal(self.covered) * HUNDRED / self.days, 4)


def time_gone(starts_on: date, ends_on: date, today: date, figures_until: date | None) -> TimeGone:
    """Return how far a period has come on the day `today`; `figures_until` is the last day with figures."""
    days = (ends_on - starts_on).days + 1

    def until(last: date) -> int:
        return min(max((last - starts_on + timedelta(days=1)).days, 0), days)

    day = until(today)
    return TimeGone(day, days, min(day, until(figures_until)) if figures_until else 0)

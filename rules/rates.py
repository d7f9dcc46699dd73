"""Exchange rates by day: an amount counts at the last rate known on its day. Pure and exact."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from rules.allocation import CENT

OLD_AFTER_DAYS: Final = 40
"""A month's rate is fit for the month after it, and no longer."""


@dataclass(frozen=True)
class Rate:
    """What one unit of a currency was worth in the company's from a day on."""

    day: date
    value: Decimal


class Rates:
    """The rates of the currencies that a company's deals are in."""

    def __init__(self, known: Iterable[tuple[str, date, Decimal]]) -> None:
        self._days: dict[str, list[date]] = defaultdict(list)
        self._rates: dict[str, list[Rate]] = defaultdict(list)
        for currency, day, value in sorted(known):
            self._days[currency].append(day)
            self._rates[currency].append(Rate(day, value))

    def on(self, currency: str, day: date) -> Rate | None:
        """Return the rate of a day, or the last one before it; None where there is none yet."""
        after = bisect_right(self._days.get(currency, []), day)
        return self._rates[currency][after - 1] if after else None


def converted(amount: Decimal, rate: Rate) -> Decimal:
    """Return an amount in the company's currency, to the cent, half up."""
    return (amount * rate.value).quantize(CENT, rounding=ROUND_HALF_UP)


def is_old(rate: Rate, day: date) -> bool:
    return (day - rate.day).days > OLD_AFTER_DAYS

"""Figures that stand out from their owner's own history and season (异常数据, Rule 31).

Every month is held against those before it. Money and counts are compared by their ratio, percentages
and points by their difference:

    y = ln(value + a tenth of the usual size)     money, counts; so that a month of zero can be compared
    y = value                                     percentages, points

    level    the median of y, less the season, over the last twelve months
    season   for a month of the year that was seen in two years or more: the median of what it was
             above the middle of its year, drawn towards nothing by n / (n + 1); else nothing
    spread   1.4826 × the median of the distances from the level (MAD), but at least 12 % (of a count n:
             1/√n), or 3 points and the middle four fifths of the months / 2.563 for percentages, which
             stand at 100 in most months and far below in some
    band     level + season ± cut × spread × (1 + 3 / n), n the months of history

The median and the MAD are not moved by months that stood out themselves. The cut is 3.5 for teams, after
Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993), and 5 for single people, of whom there are
many more. The last factor widens the band where there is little history, as the MAD of few months is
itself uncertain. A figure stands out when it lies outside
the band and also a quarter or more (ten points or more) from what is usual. With fewer than six months
nothing is said, nor where there was nothing but zeros.

These are estimates, so they are worked out in floating point; figures themselves never are.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median, quantiles

from models.columns import to_four_places
from models.evidence import Turn
from models.figures import LARGEST_FIGURE
from models.metrics import MetricUnit

LEAST_MONTHS = 6
MOST_MONTHS = 36
"""Of history; what is older says little about today."""
LEVEL_MONTHS = 12
CUT_OF_TEAMS = 3.5
CUT_OF_PEOPLE = 5.0
NORMAL = 1.4826
"""The MAD of a normal distribution is its standard deviation by this."""
MIDDLE_OF_NORMAL = 2.563
"""Four of five values of a normal distribution lie within so many of its standard deviations."""
FEW_MONTHS = 3.0
LEAST_SPREAD_OF_RATIOS = 0.12
LEAST_SPREAD_OF_POINTS = 3.0
LEAST_RATIO = Decimal("0.25")
LEAST_POINTS = Decimal(10)
SMALL_PART = 0.1
HIGHEST = math.log(LARGEST_FIGURE) + 1
YEARS_OF_SEASON = 2

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Verdict:
    """A month held against those before it; `turn` where it stands out."""

    turn: Turn | None
    usual: Decimal
    lowest: Decimal
    highest: Decimal
    """Between these it does not stand out."""
    months: int
    """How many it was held against."""
    with_season: bool
    """Whether the season of this month is known."""


def held_against_history(
    past: Mapping[date, Decimal],
    month: date,
    value: Decimal,
    unit: MetricUnit,
    cut: float = CUT_OF_TEAMS,
) -> Verdict | None:
    """Return how a month's value stands to the months before it, keyed by their first days.

    None where there are too few to tell, or nothing but zeros. Later months in `past` are left out.
    """
    before = sorted(one for one in past if one < month)[-MOST_MONTHS:]
    by_ratio = unit in (MetricUnit.MONEY, MetricUnit.COUNT)
    sizes = [abs(float(past[one])) for one in before if past[one]]
    if len(before) < LEAST_MONTHS or (by_ratio and not sizes):
        return None
    scale = _Ratios(SMALL_PART * median(sizes)) if by_ratio else _Points()
    heights = {one: scale.height(float(past[one])) for one in before}
    seasons = _seasons(heights)
    rest = [heights[one] - seasons.get(one.month, 0.0) for one in before]
    level = median(rest[-LEVEL_MONTHS:])
    spread = max(NORMAL * median(abs(one - level) for one in rest), _least_spread(scale, unit, past, before, rest))
    middle = level + seasons.get(month.month, 0.0)
    width = cut * spread * (1 + FEW_MONTHS / len(before))
    usual, lowest, highest = (scale.value(one) for one in (middle, middle - width, middle + width))
    if unit is MetricUnit.PERCENT:
        lowest, highest = max(lowest, ZERO), min(highest, HUNDRED)
    least = LEAST_RATIO * usual if by_ratio else LEAST_POINTS
    lowest, highest = min(lowest, usual - least), max(highest, usual + least)
    turn = Turn.DROP if value < lowest else Turn.JUMP if value > highest else None
    return Verdict(
        turn=turn,
        usual=to_four_places(usual),
        lowest=to_four_places(lowest),
        highest=to_four_places(highest),
        months=len(before),
        with_season=month.month in seasons,
    )


@dataclass(frozen=True)
class _Ratios:
    """Values by their logarithm, moved by a small part of their usual size."""

    part: float

    def height(self, value: float) -> float:
        return math.log(max(value, 0.0) + self.part)

    def value(self, height: float) -> Decimal:
        amount = Decimal(math.exp(min(height, HIGHEST)) - self.part)
        return min(max(ZERO, amount), LARGEST_FIGURE)


@dataclass(frozen=True)
class _Points:
    """Values as they are."""

    def height(self, value: float) -> float:
        return value

    def value(self, height: float) -> Decimal:
        return Decimal(height)


def _least_spread(
    scale: _Ratios | _Points,
    unit: MetricUnit,
    past: Mapping[date, Decimal],
    before: Sequence[date],
    rest: Sequence[float],
) -> float:
    """Return the spread that is taken for granted: a count of n varies by √n by chance alone.

    Percentages stand at 100 in most months and far below in some: what nine of ten months keep to counts.
    """
    if isinstance(scale, _Points):
        deciles = quantiles(rest, n=10, method="inclusive")
        return max(LEAST_SPREAD_OF_POINTS, (deciles[-1] - deciles[0]) / MIDDLE_OF_NORMAL)
    if unit is MetricUnit.COUNT:
        typical = max(1.0, median(float(past[one]) for one in before))
        return max(LEAST_SPREAD_OF_RATIOS, 1 / math.sqrt(typical))
    return LEAST_SPREAD_OF_RATIOS


def _seasons(heights: Mapping[date, float]) -> dict[int, float]:
    """Return what each month of the year usually is above the middle of its year, where two years tell."""
    months = sorted(heights)
    above: dict[int, list[float]] = defaultdict(list)
    for place, month in enumerate(months):
        around = months[max(0, place - 6) : place + 7]
        above[month.month].append(heights[month] - median(heights[one] for one in around))
    return {
        of_year: median(seen) * len(seen) / (len(seen) + 1)
        for of_year, seen in above.items()
        if len(seen) >= YEARS_OF_SEASON
    }

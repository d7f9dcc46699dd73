"""Where somebody stands in a period that still runs (Rules 37, 42, 48)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rules.standing import Course, standing, time_gone, together

FIRST, LAST = date(2027, 1, 1), date(2027, 3, 31)


def test_forty_of_fifty_is_eighty_percent_with_ten_to_go() -> None:
    """Rule 29, 37: gap = target − actual."""
    one = standing(Decimal(500_000), Decimal(400_000))
    assert (one.attainment, one.gap) == (Decimal(80), Decimal(100_000))


def test_attainment_is_never_capped() -> None:
    """Rule 37: A 120%, B 80%."""
    one = standing(Decimal(500_000), Decimal(600_000))
    assert (one.attainment, one.gap, one.course) == (Decimal(120), Decimal(-100_000), Course.MET)


def test_where_lower_is_better_the_gap_is_what_is_too_much() -> None:
    one = standing(Decimal(10), Decimal(12), higher_is_better=False)
    assert (one.attainment, one.gap) == (Decimal(80), Decimal(2))


@pytest.mark.parametrize(
    ("actual", "course"), [(32, Course.BEHIND), (33, Course.ON_COURSE), (99, Course.ON_COURSE), (100, Course.MET)]
)
def test_whoever_has_less_than_the_time_gone_by_is_behind(actual: int, course: Course) -> None:
    assert standing(Decimal(100), Decimal(actual), expected=Decimal(33)).course is course


@pytest.mark.parametrize(("target", "actual"), [(None, Decimal(1)), (Decimal(1), None), (Decimal(0), Decimal(1))])
def test_what_is_not_known_is_unknown_and_never_zero(target: Decimal | None, actual: Decimal | None) -> None:
    """Rule 42."""
    one = standing(target, actual)
    assert (one.attainment, one.course) == (None, Course.UNKNOWN)


def test_metrics_count_by_their_weights_and_unknown_ones_not_at_all() -> None:
    assert together([(Decimal(60), Decimal(80)), (Decimal(20), Decimal(120)), (Decimal(20), None)]) == 90
    assert together([(Decimal(60), None)]) is None


@pytest.mark.parametrize(
    ("today", "until", "day", "covered"),
    [
        (date(2026, 12, 1), None, 0, 0),
        (date(2027, 1, 26), date(2027, 1, 31), 26, 26),
        (date(2027, 2, 10), date(2027, 1, 31), 41, 31),
        (date(2027, 2, 10), None, 41, 0),
        (date(2027, 5, 1), LAST, 90, 90),
    ],
)
def test_figures_are_judged_by_the_time_they_cover(
    today: date, until: date | None, day: int, covered: int
) -> None:
    """Figures come month by month: nobody is behind because the newest month is not fetched yet."""
    gone = time_gone(FIRST, LAST, today, until)
    assert (gone.day, gone.days, gone.covered) == (day, 90, covered)

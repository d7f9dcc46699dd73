"""Visits, hours and the share of effective selling time, 70 % of them (Rule 33)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from models.records import WorkKind
from rules.attendance import Attended, attended_together

hours = st.dictionaries(st.sampled_from(WorkKind), st.decimals(0, 400, places=2), max_size=4)
people = st.lists(st.builds(Attended, st.integers(10, 90), st.integers(0, 10), hours), max_size=8)


def spent(selling: str, other: str) -> Attended:
    return Attended(hours={WorkKind.SELLING: Decimal(selling), WorkKind.OFFICE: Decimal(other)})


def test_seventy_of_a_hundred_hours_reach_the_goal() -> None:
    assert spent("28", "12").selling_percent == 70
    assert spent("28", "12").reaches_goal
    assert not spent("27.99", "12.01").reaches_goal


def test_without_hours_or_visits_there_is_no_share() -> None:
    assert (Attended().selling_percent, Attended().checked_in_percent, Attended().reaches_goal) == (
        None,
        None,
        False,
    )


def test_the_share_of_several_is_that_of_their_hours_together() -> None:
    """One with 10 hours and one with 30 weigh 1 to 3: no mean of shares."""
    assert attended_together([spent("10", "0"), spent("15", "15")]).selling_percent == Decimal("62.5")


@given(people)
def test_nothing_is_lost_in_adding_up(parts: list[Attended]) -> None:
    both = attended_together(parts)
    assert both.total == sum(part.total for part in parts)
    assert both.visits == sum(part.visits for part in parts)
    assert both.selling_percent is None or 0 <= both.selling_percent <= 100

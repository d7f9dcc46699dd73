"""Two runs side by side: nobody is left out, and what differs most stands first (Rule 34)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.parallel_run import Likeness, paired, together

SIDES = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.decimals(-1000, 1000, places=4))


def test_who_is_on_one_side_alone_comes_first_then_the_largest_difference() -> None:
    left = {"a": Decimal(100), "b": Decimal(100), "c": Decimal(100), "d": Decimal(7)}
    right = {"a": Decimal(100), "b": Decimal(90), "c": Decimal(111), "e": Decimal(0)}
    pairs = paired(left, right)
    assert [(pair.person_id, pair.likeness, pair.difference, pair.percent) for pair in pairs] == [
        ("d", Likeness.LEFT_ONLY, None, None),
        ("e", Likeness.RIGHT_ONLY, None, None),
        ("c", Likeness.DIFFERENT, Decimal(11), Decimal(11)),
        ("b", Likeness.DIFFERENT, Decimal(-10), Decimal(-10)),
        ("a", Likeness.SAME, Decimal(0), Decimal(0)),
    ]
    whole = together(pairs)
    assert (whole.people, whole.left, whole.right, whole.difference) == (
        5,
        Decimal(307),
        Decimal(301),
        Decimal(-6),
    )
    assert not whole.agrees


@given(SIDES, SIDES)
def test_nobody_is_lost_and_the_sums_are_those_of_the_sides(
    left: dict[str, Decimal], right: dict[str, Decimal]
) -> None:
    pairs = paired(left, right)
    assert {pair.person_id for pair in pairs} == left.keys() | right.keys()
    assert len(pairs) == len(left.keys() | right.keys())
    whole = together(pairs)
    assert (whole.left, whole.right) == (sum(left.values()), sum(right.values()))
    assert whole.agrees == (left == right)

"""Weights that make 100 exactly, and bands that leave nobody without one (Rules 24, 42, 44)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refusal
from models.terms import BandLimit, Policy
from rules.scoring import DEFAULT_BANDS, Band, bands_of, faults_of_bands, faults_of_weights, rescaled

WEIGHTS = st.lists(st.decimals(Decimal("0.5"), Decimal(100), places=2), min_size=2, max_size=8)


def weights(**given_: str) -> dict[str, Decimal]:
    return {name: Decimal(weight) for name, weight in given_.items()}


def test_the_product_goes_from_30_to_40_and_the_others_keep_their_ratio() -> None:
    """Rule 24: × 60/70, to a total of 100 exactly."""
    made = rescaled(weights(product="40", sales="35", collection="21", visits="14"), {"product"})
    assert made == weights(product="40", sales="30.00", collection="18.00", visits="12.00")


def test_what_does_not_divide_goes_to_the_largest_remainders() -> None:
    made = rescaled(weights(kept="50", one="1", two="1", three="1"), {"kept"})
    assert made == weights(kept="50", one="16.67", two="16.67", three="16.66")


def test_a_weight_of_nothing_stays_nothing() -> None:
    assert rescaled(weights(kept="40", rest="10", out="0"), {"kept"})["out"] == 0


@given(WEIGHTS)
def test_rescaled_weights_always_make_100(given_: list[Decimal]) -> None:
    named = {str(n): weight for n, weight in enumerate(given_)}
    assert sum(rescaled(named, set()).values()) == 100


@pytest.mark.parametrize(
    ("kept", "code"),
    [({"a", "b"}, "weights-nothing-to-rescale"), ({"a"}, "weights-kept-too-large")],
)
def test_what_leaves_nothing_to_share_out_is_refused(kept: set[str], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        rescaled(weights(a="100", b="20"), kept)
    assert refused.value.code == code


def test_weights_of_exactly_100_may_stand_and_a_hair_off_may_not() -> None:
    assert faults_of_weights([("a", Decimal("33.33")), ("b", Decimal("66.67"))]) == []
    assert faults_of_weights([("a", Decimal("33.33")), ("b", Decimal("66.66"))]) == ["weights-not-100"]


def test_the_default_bands_may_stand() -> None:
    """Rule 44: 优秀 ≥ 110, 良好 ≥ 95, 合格 ≥ 80, 待改进 below."""
    assert faults_of_bands(DEFAULT_BANDS) == []


@pytest.mark.parametrize(
    ("bands", "faults"),
    [
        ([("优秀", 90)], ["bands-too-few", "bands-end"]),
        ([("优秀", 90), ("", 0)], ["band-unnamed"]),
        ([("优秀", 90), ("优秀", 0)], ["band-twice"]),
        ([("优秀", 90), ("良好", 90), ("合格", 0)], ["bands-order"]),
        ([("优秀", 90), ("良好", 60)], ["bands-end"]),
    ],
)
def test_each_fault_of_bands_is_named(bands: list[tuple[str, int]], faults: list[str]) -> None:
    assert faults_of_bands([Band(name, Decimal(limit)) for name, limit in bands]) == faults


def test_a_cycle_is_scored_by_the_bands_of_its_terms() -> None:
    policy = Policy(
        bands=(BandLimit(name="A", from_points=Decimal(90)), BandLimit(name="B", from_points=Decimal(0)))
    )
    assert bands_of(policy) == (Band("A", Decimal(90)), Band("B", Decimal(0)))
    assert bands_of(Policy()) == DEFAULT_BANDS

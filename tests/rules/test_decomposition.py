"""A gap is taken apart into what each factor gives to it, to the cent (Rule 32)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.misses import Facts
from rules.decomposition import (
    Factor,
    Level,
    decomposed,
    effects_of,
    new_customer_chains,
    sales_chains,
)

counts = st.integers(0, 500)
money = st.decimals(0, 10_000_000, places=2)
facts = st.builds(
    Facts,
    visits=counts,
    new_deals=counts,
    new_amount=money,
    base=counts,
    buyers=counts,
    repeat_deals=counts,
    repeat_amount=money,
)


def by_factor(target: str, actual: str, before: Facts, now: Facts) -> dict[Factor, Decimal]:
    found = decomposed(Decimal(target), Decimal(actual), sales_chains(before, now))
    return {one.factor: one.amount for one in found.contributions}


def test_fewer_visits_alone_make_the_whole_gap() -> None:
    before = Facts(visits=100, new_deals=10, new_amount=Decimal(500_000))
    now = Facts(visits=80, new_deals=8, new_amount=Decimal(400_000))
    parts = by_factor("500000", "400000", before, now)
    assert parts[Factor.VISITS] == Decimal("-100000.00")
    assert parts[Factor.NEW_CONVERSION] == parts[Factor.NEW_DEAL_SIZE] == parts[Factor.GROWTH_ASKED] == 0


def test_two_factors_share_what_only_both_together_do() -> None:
    """10 → 20 deals of 100 → 200: 3,000 more, of which each alone would give 1,000."""
    chain = (Level(Factor.VISITS, Decimal(10), Decimal(20)), Level(Factor.DEAL_SIZE, Decimal(1000), Decimal(4000)))
    assert effects_of(chain) == {Factor.VISITS: 1500, Factor.DEAL_SIZE: 1500}


def test_the_growth_that_was_asked_for_is_told_apart_from_what_was_done() -> None:
    before = Facts(base=10, buyers=5, repeat_deals=5, repeat_amount=Decimal(300_000))
    parts = by_factor("400000", "300000", before, before)
    assert parts[Factor.GROWTH_ASKED] == Decimal("-100000.00")
    assert sum(parts.values()) == Decimal("-100000.00")


def test_what_no_record_stands_behind_is_said() -> None:
    same = Facts(visits=10, new_deals=2, new_amount=Decimal(100))
    parts = by_factor("100", "90", same, same)
    assert parts[Factor.BEYOND_RECORDS] == Decimal("-10.00")
    assert Factor.BEYOND_RECORDS not in by_factor("110", "100", same, same)


def test_the_main_cause_is_the_factor_that_takes_the_most_away() -> None:
    before = Facts(10, 5, Decimal(1000), 20, 10, 10, Decimal(5000))
    now = Facts(10, 5, Decimal(900), 20, 4, 4, Decimal(2000))
    found = decomposed(Decimal(9000), Decimal(2900), sales_chains(before, now))
    assert found.main is not None
    assert found.main.factor is Factor.REPURCHASE
    assert decomposed(Decimal(1), Decimal(6000), sales_chains(before, before)).main is None


@pytest.mark.parametrize("visits", [(0, 0), (0, 30), (30, 0)])
def test_without_recorded_visits_new_deals_speak_for_themselves(visits: tuple[int, int]) -> None:
    before = Facts(visits=visits[0], new_deals=4, new_amount=Decimal(400))
    now = Facts(visits=visits[1], new_deals=2, new_amount=Decimal(200))
    parts = by_factor("400", "200", before, now)
    assert Factor.VISITS not in parts
    assert parts[Factor.NEW_CONVERSION] == -200


def test_where_nothing_was_sold_the_size_of_a_deal_gives_nothing() -> None:
    before = Facts(visits=10, new_deals=4, new_amount=Decimal(400))
    now = Facts(visits=10)
    parts = by_factor("400", "0", before, now)
    assert parts[Factor.NEW_CONVERSION] == -400
    assert parts[Factor.NEW_DEAL_SIZE] == 0


def test_new_customers_come_from_visits_and_their_conversion() -> None:
    found = decomposed(
        Decimal(20), Decimal(9), new_customer_chains(Facts(visits=40, new_deals=20), Facts(visits=36, new_deals=9))
    )
    parts = {one.factor: one.amount for one in found.contributions}
    assert parts == {
        Factor.GROWTH_ASKED: Decimal(0),
        Factor.VISITS: Decimal("-1.50"),
        Factor.NEW_CONVERSION: Decimal("-9.50"),
    }


@given(facts, facts, money, money)
def test_the_contributions_add_up_to_the_gap_to_the_cent(
    before: Facts, now: Facts, target: Decimal, actual: Decimal
) -> None:
    found = decomposed(target, actual, sales_chains(before, now))
    assert sum(one.amount for one in found.contributions) == actual - target
    assert all(one.amount == one.amount.quantize(Decimal("0.01")) for one in found.contributions)


@given(facts, facts)
def test_the_effects_of_a_chain_add_up_exactly(before: Facts, now: Facts) -> None:
    for chain in sales_chains(before, now):
        assert sum(effects_of(chain).values()) == chain[-1].now - chain[-1].before


@given(facts, facts)
def test_what_is_turned_round_changes_its_signs_alone(before: Facts, now: Facts) -> None:
    for there, back in zip(sales_chains(before, now), sales_chains(now, before), strict=True):
        assert effects_of(there) == {factor: -effect for factor, effect in effects_of(back).items()}


@given(facts)
def test_where_nothing_changed_no_factor_gives_anything(same: Facts) -> None:
    for chain in sales_chains(same, same):
        assert not any(effects_of(chain).values())

"""Why a figure is what it is: a difference taken apart into what each factor gives to it, exactly (Rule 32).

A figure is read as a chain of counts that ends in it: visits → new deals → their amount. Each step over
the one before it is a factor (visits; deals a visit; amount a deal), and their product is the figure. The
change of a product is shared out by the Shapley value: a factor gives the mean, over all orders in which
the factors could have changed one after the other, of what its own change adds (L. S. Shapley, "A Value
for n-Person Games", 1953; as a complete decomposition J. W. Sun, "Changes in energy consumption and
energy intensity", 1998). It leaves no rest, and does not depend on any order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from math import factorial

from models.misses import Facts

CENT = Decimal("0.01")


class Factor(StrEnum):
    """What a gap can come from. Values appear in the JSON API."""

    GROWTH_ASKED = "growth-asked"  # 目标增长要求
    VISITS = "visits"  # 拜访量
    NEW_CONVERSION = "new-conversion"  # 新客户转化
    NEW_DEAL_SIZE = "new-deal-size"  # 新客户单价
    CUSTOMER_BASE = "customer-base"  # 老客户基数
    REPURCHASE = "repurchase"  # 老客户复购率
    DEALS_A_CUSTOMER = "deals-a-customer"  # 老客户人均成交次数
    DEAL_SIZE = "deal-size"  # 老客户单价
    BEYOND_RECORDS = "beyond-records"  # 无明细支撑的部分


@dataclass(frozen=True)
class Level:
    """A step of a chain: the factor by which it follows from the step before, and its value then and now."""

    factor: Factor
    before: Decimal
    now: Decimal


def sales_chains(before: Facts, now: Facts) -> tuple[tuple[Level, ...], ...]:
    """Read sales as those to new customers and those to customers who had bought before."""
    new = (
        Level(Factor.VISITS, Decimal(before.visits), Decimal(now.visits)),
        Level(Factor.NEW_CONVERSION, Decimal(before.new_deals), Decimal(now.new_deals)),
        Level(Factor.NEW_DEAL_SIZE, before.new_amount, now.new_amount),
    )
    again = (
        Level(Factor.CUSTOMER_BASE, Decimal(before.base), Decimal(now.base)),
        Level(Factor.REPURCHASE, Decimal(before.buyers), Decimal(now.buyers)),
        Level(Factor.DEALS_A_CUSTOMER, Decimal(before.repeat_deals), Decimal(now.repeat_deals)),
        Level(Factor.DEAL_SIZE, before.repeat_amount, now.repeat_amount),
    )
    return new, again


def new_customer_chains(before: Facts, now: Facts) -> tuple[tuple[Level, ...], ...]:
    """Read the number of new customers as visits by new customers a visit."""
    return (
        (
            Level(Factor.VISITS, Decimal(before.visits), Decimal(now.visits)),
            Level(Factor.NEW_CONVERSION, Decimal(before.new_deals), Decimal(now.new_deals)),
        ),
    )


CHAINS: Mapping[str, Callable[[Facts, Facts], Sequence[Sequence[Level]]]] = {
    "sales": sales_chains,
    "new_customers": new_customer_chains,
}
"""The metrics whose gap can be taken apart, by their code."""


def effects_of(chain: Sequence[Level]) -> dict[Factor, Fraction]:
    """Return what each factor of a chain gives to the change of its last step; they add up to it exactly.

    A step that is zero where the next one is not (deals without a recorded visit) explains nothing: it
    is left out, and the next one stands for both. A ratio of nothing to nothing is unknown and is taken
    to be what it was, or is, in the other period: it gives nothing.
    """
    usable: list[Level] = []
    for level in chain:
        while usable and any(
            not base and over for base, over in ((usable[-1].before, level.before), (usable[-1].now, level.now))
        ):
            usable.pop()
        usable.append(level)
    before, now = _ratios(usable)
    return {level.factor: effect for level, effect in zip(usable, _shapley(before, now), strict=True)}


def _ratios(levels: Sequence[Level]) -> tuple[list[Fraction], list[Fraction]]:
    before, now = [], []
    last_before, last_now = Fraction(1), Fraction(1)
    for level in levels:
        then, today = Fraction(level.before), Fraction(level.now)
        old = then / last_before if last_before else None
        new = today / last_now if last_now else None
        known = old if old is not None else new if new is not None else Fraction(0)
        before.append(known)
        now.append(new if new is not None else known)
        last_before, last_now = then, today
    return before, now


def _shapley(before: Sequence[Fraction], now: Sequence[Fraction]) -> list[Fraction]:
    """Share the change of a product out among its factors."""
    count = len(before)
    effects = []
    for one in range(count):
        others = [index for index in range(count) if index != one]
        effect = Fraction(0)
        for size in range(count):
            weight = Fraction(factorial(size) * factorial(count - size - 1), factorial(count))
            for changed in combinations(others, size):
                product = now[one] - before[one]
                for other in others:
                    product *= now[other] if other in changed else before[other]
                effect += weight * product
        effects.append(effect)
    return effects


@dataclass(frozen=True)
class Contribution:
    """What one factor gives to a gap: below zero where it makes the figure smaller."""

    factor: Factor
    amount: Decimal


@dataclass(frozen=True)
class Decomposition:
    """A gap, actual less target, and what it is made of; the contributions add up to it to the cent."""

    target: Decimal
    actual: Decimal
    reference: Decimal
    """What the records of the period compared with come to."""
    contributions: tuple[Contribution, ...]

    @property
    def gap(self) -> Decimal:
        return self.actual - self.target

    @property
    def main(self) -> Contribution | None:
        """Return the factor that takes the most away, other than the growth that was asked for."""
        inside = [one for one in self.contributions if one.factor is not Factor.GROWTH_ASKED and one.amount < 0]
        return min(inside, key=lambda one: one.amount, default=None)


def decomposed(
    target: Decimal, actual: Decimal, chains: Sequence[Sequence[Level]], *, step: Decimal = CENT
) -> Decomposition:
    """Take the gap between `actual` and `target` apart (Rule 32).

    actual - target = (reference - target) + the factors' effects + (actual - what the records come to),
    where reference is what the records of the period compared with come to. Each is rounded to `step`
    so that all add up to the gap, itself rounded to `step`.
    """
    reference = sum((chain[-1].before for chain in chains), Decimal(0))
    recorded = sum((chain[-1].now for chain in chains), Decimal(0))
    exact: dict[Factor, Fraction] = {Factor.GROWTH_ASKED: Fraction(reference - target)}
    for chain in chains:
        exact.update(effects_of(chain))
    exact[Factor.BEYOND_RECORDS] = Fraction(actual - recorded)
    target, actual = target.quantize(step), actual.quantize(step)
    rounded = rounded_together(exact, actual - target, step)
    kept = tuple(
        Contribution(factor, amount)
        for factor, amount in rounded.items()
        if amount or factor is not Factor.BEYOND_RECORDS
    )
    return Decomposition(target, actual, reference.quantize(step), kept)


def rounded_together(exact: Mapping[Factor, Fraction], whole: Decimal, step: Decimal) -> dict[Factor, Decimal]:
    """Round parts down to `step` and give what is left of `whole` to the largest remainders (Hare's method)."""
    size = Fraction(step)
    floors = {factor: value // size for factor, value in exact.items()}
    missing = int(Fraction(whole) / size) - sum(floors.values())
    order = sorted(exact, key=lambda factor: (floors[factor] * size - exact[factor], list(exact).index(factor)))
    even, extra = divmod(missing, len(order))
    return {factor: (floors[factor] + even + (order.index(factor) < extra)) * step for factor in exact}

"""Sharing an amount out exactly (Rule 16: largest remainder)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

CENT = Decimal("0.01")


def share_out(amount: Decimal, weights: Sequence[Decimal], step: Decimal = CENT) -> list[Decimal]:
    """Share `amount` in proportion to `weights`; the shares add up to it exactly (Rule 16).

    Each share is rounded down to `step`; what is left goes, step by step, to the largest
    remainders, the first of equal ones first. 100.00 over three equal weights is 33.34, 33.33,
    33.33. A part of the amount finer than `step` goes to the first receiver.

    Raises:
        ValueError: a weight is negative, or all are zero.
    """
    total = sum(weights, Decimal(0))
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("Weights must not be negative, and one must be above zero")
    exact = [amount * weight / total for weight in weights]
    shares = [share.quantize(step, rounding=ROUND_DOWN) for share in exact]
    left = amount - sum(shares, Decimal(0))
    by_remainder = sorted(range(len(shares)), key=lambda i: (-abs(exact[i] - shares[i]), i))
    unit = step if left >= 0 else -step
    for index in range(int(abs(left) // step)):
        shares[by_remainder[index % len(shares)]] += unit
    shares[by_remainder[0]] += amount - sum(shares, Decimal(0))
    return shares

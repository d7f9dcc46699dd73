"""Sharing a whole out in round steps, with something at least for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rules.allocation import share_out


def shared_out(
    whole: int, weights: Sequence[float], *, step: int = 1, least: Sequence[int] | None = None
) -> list[int]:
    """Share `whole` out in multiples of `step`, in proportion to the weights, each getting `least` first.

    The shares add up to the whole; what rounding leaves over goes to the largest remainders (Rule 16).
    """
    least = least or [0] * len(weights)
    steps, too_fine = divmod(whole - sum(least), step)
    if too_fine or steps < 0:
        raise ValueError(f"{whole} cannot be shared out in steps of {step} with {sum(least)} at least")
    counts = share_out(Decimal(steps), [Decimal(weight) for weight in weights], Decimal(1))
    return [lowest + step * int(count) for lowest, count in zip(least, counts, strict=True)]

"""A parallel run (影子系统): what two runs came to, person by person, what differs first (Rule 34). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter


class Likeness(StrEnum):
    """How two results of a person stand to each other."""

    LEFT_ONLY = "left-only"
    RIGHT_ONLY = "right-only"
    DIFFERENT = "different"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Pair:
    """A person's two results; None where a side has none."""

    person_id: str
    left: Decimal | None
    right: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """Right less left; None where one is missing."""
        return None if self.left is None or self.right is None else self.right - self.left

    @property
    def percent(self) -> Decimal | None:
        """The difference in percent of the left one."""
        difference = self.difference
        return difference * 100 / abs(self.left) if difference is not None and self.left else None

    @property
    def likeness(self) -> Likeness:
        if self.left is None:
            return Likeness.RIGHT_ONLY
        if self.right is None:
            return Likeness.LEFT_ONLY
        return Likeness.SAME if self.left == self.right else Likeness.DIFFERENT


@dataclass(frozen=True)
class Together:
    """All pairs together."""

    counts: Mapping[Likeness, int]
    left: Decimal
    right: Decimal

    @property
    def people(self) -> int:
        return sum(self.counts.values())

    @property
    def difference(self) -> Decimal:
        return self.right - self.left

    @property
    def agrees(self) -> bool:
        return self.counts[Likeness.SAME] == self.people


def paired(left: Mapping[str, Decimal], right: Mapping[str, Decimal]) -> list[Pair]:
    """Put two sides together: who is on one side alone, then the largest differences, then what agrees."""
    pairs = [
        Pair(person_id, left.get(person_id), right.get(person_id)) for person_id in dict.fromkeys((*left, *right))
    ]
    order = {likeness: place for place, likeness in enumerate(Likeness)}
    keyed = [(order[pair.likeness], -abs(pair.difference or Decimal(0)), pair.person_id, pair) for pair in pairs]
    return [pair for *_, pair in sorted(keyed, key=itemgetter(0, 1, 2))]


def together(pairs: Iterable[Pair]) -> Together:
    counts = dict.fromkeys(Likeness, 0)
    left = right = Decimal(0)
    for pair in pairs:
        counts[pair.likeness] += 1
        left += pair.left or 0
        right += pair.right or 0
    return Together(counts, left, right)

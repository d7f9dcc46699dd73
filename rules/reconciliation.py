"""Totals of a file held against those that the old system gave: the third check of old data (Rule 34)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from models.columns import FIGURE_SCALE
from rules.amounts import decimal_in
from rules.cells import month_in, plain

TOTAL_WORDS: Final = frozenset(("合计", "总计", "总和", "total", "totals", "sum", "grand total"))
"""What the first cell of a row of totals says."""
_PARTS: Final = re.compile(r"[\s;；:：]+")


class Outcome(StrEnum):
    """How a sum stands to the total that was given for it."""

    AGREES = "agrees"
    DIFFERS = "differs"
    MISSING = "missing"
    COVERED = "covered"  # By a total of the whole metric.


@dataclass(frozen=True)
class Given:
    """A total that somebody gave. `month` is None for all months together; `row` is 0 where it was typed."""

    metric_id: str
    month: date | None
    value: Decimal
    row: int = 0


@dataclass(frozen=True)
class Line:
    """What a metric's figures of a month come to, and what they should come to."""

    metric_id: str
    month: date | None
    figures: int
    sum: Decimal
    given: Decimal | None
    outcome: Outcome

    @property
    def difference(self) -> Decimal | None:
        return None if self.given is None else self.sum - self.given


@dataclass
class Totals:
    """All totals that were given, and what could not be read of them."""

    given: dict[tuple[str, date | None], Given] = field(default_factory=dict)
    faults: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)
    """Row (0 where it was typed), what stands there, code, facts."""

    def add(self, total: Given, shown: str) -> None:
        known = self.given.setdefault((total.metric_id, total.month), total)
        if known.value != total.value:
            self.faults.append((total.row, shown, "total-twice", {"near": f"{known.value:f}"}))

    def type_in(self, text: str, metric_id: Callable[[str], str]) -> None:
        """Read totals as they are typed, a line each: `sales 2025-12 1234.56`, or of all months `sales 9999`."""
        for line in filter(None, map(str.strip, text.splitlines())):
            *words, amount = _PARTS.split(line)
            of = month_in(words[-1]).value if len(words) > 1 else None
            found = metric_id(" ".join(words[:-1] if of else words))
            value = decimal_in(amount).value
            if not found or value is None:
                self.faults.append((0, line, "total-unreadable", {}))
            else:
                self.add(Given(found, of, value), line)


def is_total(cells: Sequence[str]) -> bool:
    """Tell whether a row is one of totals."""
    return plain(next((cell for cell in cells if cell), "")) in TOTAL_WORDS


def reconciled(
    sums: Mapping[tuple[str, date], tuple[int, int]], given: Mapping[tuple[str, date | None], Given]
) -> list[Line]:
    """Hold each metric's sums against the totals given: month by month, or all months together.

    Sums are figures and ten-thousandths. A metric is reconciled when the total of all its months
    agrees, or that of every single one. A total of what the file does not have differs from nothing.
    """
    found: list[Line] = []
    metrics = dict.fromkeys([metric_id for metric_id, _ in sums] + [metric_id for metric_id, _ in given])
    for metric_id in metrics:
        whole = given.get((metric_id, None))
        months = sorted({month for one, month in sums if one == metric_id} | _months(given, metric_id))
        for month in months:
            figures, total = sums.get((metric_id, month), (0, 0))
            control = given.get((metric_id, month))
            found.append(_line(metric_id, month, figures, total, control, is_covered=whole is not None))
        if whole is not None:
            parts = [sums.get((metric_id, month), (0, 0)) for month in months]
            figures, total = sum(part[0] for part in parts), sum(part[1] for part in parts)
            found.append(_line(metric_id, None, figures, total, whole, is_covered=False))
    return found


def _months(given: Mapping[tuple[str, date | None], Given], metric_id: str) -> set[date]:
    return {month for one, month in given if one == metric_id and month is not None}


def _line(
    metric_id: str, month: date | None, figures: int, total: int, control: Given | None, *, is_covered: bool
) -> Line:
    amount = Decimal(total) / FIGURE_SCALE
    if control is None:
        outcome = Outcome.COVERED if is_covered else Outcome.MISSING
        return Line(metric_id, month, figures, amount, None, outcome)
    agrees = amount == control.value and figures > 0
    return Line(metric_id, month, figures, amount, control.value, Outcome.AGREES if agrees else Outcome.DIFFERS)

"""A file of past figures: a row of each person (or team) and metric with a column a month, or a row a month.

Rows that begin with 合计 or Total hold what the figures above come to: they are no figures, but what
the file is reconciled with (Rule 34).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from models.columns import FIGURE_SCALE
from models.errors import Refusal
from models.figures import last_day
from models.metrics import FigureLevel, Metric, MetricUnit
from models.stages import UnitKind
from rules.amounts import Amounts, decimal_in
from rules.cells import is_nothing, month_in
from rules.completeness import fault_of_value
from rules.intake import Reading, Row
from rules.intake_owners import KnownOwners, Owner, OwnerFinder
from rules.past_figures import MOST_MONTHS, NOTHING_SAID, PastFigures, plain_figure, unfit
from rules.reconciliation import Given, Line, Outcome, Totals, is_total, reconciled

TYPED: Final = "totals"
"""The column of what is wrong with totals that were typed, or are not there."""
MONEY: Final = Amounts(percent="refused")
PERCENT: Final = Amounts(percent="points")


@dataclass(frozen=True)
class KnownHistory:
    owners: KnownOwners
    this_month: date
    """Months before it are past."""
    cycles: Mapping[date, str]
    """Cycles that were launched, by each of their months: their figures come in by their own ways."""


@dataclass(frozen=True)
class History:
    """What a file of past figures holds, and how its totals stand."""

    figures: PastFigures
    lines: tuple[Line, ...]


class HistoryCheck:
    def __init__(self, known: KnownHistory, reading: Reading, typed_totals: str = "") -> None:
        self.known = known
        self.reading = reading
        self.finder = OwnerFinder(known.owners)
        self.months: Mapping[int, date] = reading.grid.months
        self.figures = PastFigures(
            stride=len(self.months) or MOST_MONTHS, months=[month for _, month in sorted(self.months.items())]
        )
        self.totals = Totals()
        self.typed = typed_totals
        self.rows_of_cells: dict[int, int] = {}
        """Where a figure came first, of files with a row a month."""

    def check(self) -> History:
        """Check the whole file.

        Raises:
            Refusal: `months-not-past`, `months-in-cycle`, `months-too-many`.
        """
        self._check_months(self.figures.months)
        columns = [(place, at, month) for at, (place, month) in enumerate(sorted(self.months.items()))]
        span = (min(self.figures.months), last_day(max(self.figures.months))) if columns else None
        for row in self.reading:
            if is_total(row.cells):
                self.reading.rows -= 1
                self._total(row, columns)
                continue
            owner, metric = self.finder.owner_in(row), self.finder.metric_in(row)
            if owner is None or metric is None or not self._fits(row, owner, metric):
                continue
            if span is not None:
                self._wide(row, owner, metric, columns, span)
            else:
                self._long(row, owner, metric)
        return History(self.figures, self._reconciled())

    def _check_months(self, months: list[date]) -> None:
        if len(months) > MOST_MONTHS:
            raise Refusal("months-too-many", limit=MOST_MONTHS)
        late = [f"{month:%Y-%m}" for month in months if month >= self.known.this_month]
        if late:
            raise Refusal("months-not-past", months=late)
        taken = [f"{month:%Y-%m}" for month in months if month in self.known.cycles]
        if taken:
            cycles = list(
                dict.fromkeys(self.known.cycles[month] for month in months if month in self.known.cycles)
            )
            raise Refusal("months-in-cycle", months=taken, cycles=cycles)

    def _fits(self, row: Row, owner: Owner, metric: Metric) -> bool:
        """Tell whether figures of the metric are of people, or of teams, as the row has it."""
        if metric.level is FigureLevel.PERSON:
            if owner.person_id:
                return True
            row.fault("staff_no", "figure-of-person", metric=metric.name)
        elif owner.person_id:
            row.fault("staff_no", "figure-of-team", metric=metric.name)
        elif self.known.owners.units.by_id[owner.unit_id].kind is not UnitKind.TEAM:
            row.fault("unit", "figure-of-team", metric=metric.name)
        else:
            return True
        return False

    # --- a column for every month -----------------------------------------------------------------

    def _wide(
        self,
        row: Row,
        owner: Owner,
        metric: Metric,
        columns: list[tuple[int, int, date]],
        span: tuple[date, date],
    ) -> None:
        figures = self.figures
        line, is_new = figures.line(owner, metric, row.number)
        if not is_new:
            row.fault("metric", "row-repeated", first_row=figures.line_row[line])
            return
        base = line * figures.stride
        seller = owner.seller
        asks = seller is not None and (
            (seller.joined_on is not None and seller.joined_on > span[0])
            or (seller.left_on is not None and seller.left_on <= span[1])
        )
        cells, values = row.cells, figures.values
        for place, at, month in columns:
            text = cells[place]
            if not text:
                continue
            value = plain_figure(text)
            if value is None or unfit(metric, value):
                value = self._read(row, f"{month:%Y-%m}", text, metric)
            if value is not None:
                values[base + at] = value
                if asks and seller is not None and not seller.was_there(month, last_day(month)):
                    row.fault(f"{month:%Y-%m}", "person-not-there-in", month=f"{month:%Y-%m}")

    def _read(self, row: Row, column: str, text: str, metric: Metric) -> int | None:
        """Read a figure that is not written in plain digits, and note what is wrong with it."""
        if is_nothing(text):
            return None
        read = decimal_in(text, PERCENT if metric.unit is MetricUnit.PERCENT else MONEY)
        value = row.value(column, read)
        if value is None:
            return None
        if code := fault_of_value(metric, value):
            row.fault(column, code)
            return None
        return int(value * FIGURE_SCALE)

    # --- a row for every month ---------------------------------------------------------------------

    def _long(self, row: Row, owner: Owner, metric: Metric) -> None:
        text = row.text("value")
        month = self._month(row)
        if not text:
            row.fault("value", "cell-missing")
        if month is None or not text:
            return
        value = plain_figure(text)
        if value is None or unfit(metric, value):
            value = self._read(row, "value", text, metric)
        if value is None:
            return
        if owner.seller is not None and not owner.seller.was_there(month, last_day(month)):
            row.fault("month", "person-not-there-in", month=f"{month:%Y-%m}")
            return
        figures = self.figures
        line, _ = figures.line(owner, metric, row.number)
        cell = line * figures.stride + figures.months.index(month)
        if figures.values[cell] != NOTHING_SAID:
            row.fault("month", "row-repeated", first_row=self.rows_of_cells[cell])
            return
        self.rows_of_cells[cell] = row.number
        figures.values[cell] = value

    def _month(self, row: Row) -> date | None:
        text = row.text("month")
        if not text or is_nothing(text):
            row.fault("month", "cell-missing")
            return None
        month = row.value("month", month_in(text))
        if month is None or month in self.figures.months:
            return month
        if month >= self.known.this_month:
            row.fault("month", "month-not-past", month=f"{month:%Y-%m}")
        elif month in self.known.cycles:
            row.fault("month", "month-in-cycle", cycle=self.known.cycles[month])
        elif len(self.figures.months) >= MOST_MONTHS:
            raise Refusal("months-too-many", limit=MOST_MONTHS)
        else:
            self.figures.months.append(month)
            return month
        return None

    # --- totals ---------------------------------------------------------------------------------------

    def _total(self, row: Row, columns: list[tuple[int, int, date]]) -> None:
        metric = self.finder.metric_in(row)
        if metric is None:
            return
        places: list[tuple[str, str, date | None]] = [
            (f"{month:%Y-%m}", row.cells[place], month) for place, _, month in columns
        ]
        if not columns:
            text = row.text("month")
            month = row.value("month", month_in(text)) if text else None
            places = [("value", row.text("value"), month)] if month or not text else []
        for column, text, month in places:
            if text and not is_nothing(text):
                value = row.value(column, decimal_in(text))
                if value is not None:
                    self.totals.add(Given(metric.id, month, value, row.number), text)

    def _reconciled(self) -> tuple[Line, ...]:
        """Hold sums against totals; what differs, and what nobody gave a total of, is a fault."""
        self.totals.type_in(self.typed, self._metric_called)
        faults = self.reading.faults
        for row, shown, code, facts in self.totals.faults:
            faults.add(row, TYPED, shown, code, **facts)
        lines = reconciled(self.figures.sums(), self.totals.given)
        names = {metric.id: metric.name for metric in self.finder.metrics.values()}
        missing: dict[str, list[str]] = {}
        for line in lines:
            if line.outcome is Outcome.DIFFERS and line.given is not None:
                given = self.totals.given[line.metric_id, line.month]
                column = f"{line.month:%Y-%m}" if line.month and self.months and given.row else TYPED
                facts = {"metric": names[line.metric_id], "sum": f"{line.sum:,f}", "difference": _signed(line)}
                if line.month:
                    facts["month"] = f"{line.month:%Y-%m}"
                faults.add(given.row, column, f"{line.given:,f}", "total-differs", **facts)
            elif line.outcome is Outcome.MISSING and line.month:
                missing.setdefault(line.metric_id, []).append(f"{line.month:%Y-%m}")
        for metric_id, months in missing.items():
            faults.add(0, TYPED, "", "total-missing", metric=names[metric_id], months=tuple(months))
        return tuple(lines)

    def _metric_called(self, text: str) -> str:
        found = self.finder.metrics_called(text)
        return found[0].id if len(found) == 1 else ""


def _signed(line: Line) -> str:
    difference = line.difference or Decimal(0)
    return f"{difference.normalize():+,f}"

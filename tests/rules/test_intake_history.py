"""Files of past figures: read exactly, for whom they are, and reconciled with the totals given (Rule 34)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.columns import FIGURE_SCALE
from models.errors import Refusal
from models.metrics import Aggregation, FigureLevel, Metric, MetricUnit
from models.stages import UnitKind
from rules.amounts import decimal_in
from rules.intake import Grid, Reading
from rules.intake_history import History, HistoryCheck, KnownHistory
from rules.intake_owners import KnownOwners, KnownSeller
from rules.intake_units import KnownUnit, KnownUnits
from rules.past_figures import NOTHING_SAID, plain_figure
from rules.reconciliation import Outcome

UNITS = KnownUnits((KnownUnit("a", "A部", UnitKind.DEPARTMENT, None), KnownUnit("a1", "A1组", UnitKind.TEAM, "a")))
METRICS = {
    "sales": Metric(id="m1", company_id="c", code="sales", name="销售额", name_en="Sales").model_dump(),
    "visits": Metric(id="m2", company_id="c", code="visits", name="拜访量", unit=MetricUnit.COUNT).model_dump(),
    "mood": Metric(
        id="m3",
        company_id="c",
        code="mood",
        name="满意度",
        unit=MetricUnit.PERCENT,
        level=FigureLevel.TEAM,
        aggregation=Aggregation.MEAN,
    ).model_dump(),
}
PEOPLE = (
    KnownSeller("p1", "000001", "张三", "a1", "a"),
    KnownSeller("p2", "000002", "李四", "a1", "a", joined_on=date(2025, 2, 10)),
)
KNOWN = KnownHistory(
    KnownOwners({one.staff_no: one for one in PEOPLE}, UNITS, {"a": "a", "a1": "a"}, METRICS),
    date(2026, 1, 1),
    {date(2025, 12, 1): "四季度"},
)
JANUARY, FEBRUARY = date(2025, 1, 1), date(2025, 2, 1)
Found = tuple[History, list[tuple[int, str, str]], Reading]


def wide(*rows: Iterable[str], totals: str = "", months: tuple[date, ...] = (JANUARY, FEBRUARY)) -> Found:
    names = ("staff_no", "name", "unit", "metric")
    columns = {len(names) + at: month for at, month in enumerate(months)}
    places = {name: at for at, name in enumerate(names)} | {f"{month:%Y-%m}": at for at, month in columns.items()}
    return checked(Reading(Grid(places, list(enumerate(map(list, rows), start=2)), months=columns)), totals)


def long(*rows: Iterable[str], totals: str = "") -> Found:
    names = ("staff_no", "unit", "metric", "month", "value")
    places = {name: at for at, name in enumerate(names)}
    return checked(Reading(Grid(places, list(enumerate(map(list, rows), start=2)))), totals)


def checked(reading: Reading, totals: str) -> Found:
    history = HistoryCheck(KNOWN, reading, totals).check()
    return history, [(fault.row, fault.column, fault.code) for fault in reading.faults.in_order()], reading


def values(history: History) -> list[tuple[str, str, str, Decimal]]:
    figures = history.figures
    figures.known.extend([NOTHING_SAID] * len(figures.values))
    return [
        (
            figures.owners[figures.line_owner[line]].person_id or figures.owners[figures.line_owner[line]].unit_id,
            figures.metrics[figures.line_metric[line]].code,
            f"{figures.months[place]:%Y-%m}",
            Decimal(value) / FIGURE_SCALE,
        )
        for line, place, value in figures.cells()
    ]


def test_a_column_for_each_month_is_read_however_amounts_are_written() -> None:
    history, faults, reading = wide(
        ("000001", "张三", "A1组", "销售额", "12.5万", "-0.5"),
        ("", "", "A1组", "满意度", "85%", ""),
        ("合计", "", "", "sales", "125000", "-0.50"),
        totals="满意度 85",
    )
    assert faults == []
    assert values(history) == [
        ("p1", "sales", "2025-01", Decimal(125_000)),
        ("p1", "sales", "2025-02", Decimal("-0.5")),
        ("a1", "mood", "2025-01", Decimal(85)),
    ]
    assert reading.rows == 2
    assert {line.outcome for line in history.lines} == {Outcome.AGREES, Outcome.COVERED}


def test_a_row_for_each_month_is_read_too() -> None:
    history, faults, _ = long(
        ("000001", "", "sales", "2025年1月", "10"),
        ("000001", "", "sales", "2025-02", "20.25"),
        ("Total", "", "sales", "", "30.25"),
    )
    assert faults == []
    assert [value for *_, value in values(history)] == [Decimal(10), Decimal("20.25")]


def test_what_does_not_add_up_is_named_with_the_difference() -> None:
    """Rule 34: reconciliation of totals."""
    history, faults, reading = wide(
        ("000001", "", "", "sales", "100", "200"), ("合计", "", "", "sales", "100", "300")
    )
    assert faults == [(3, "2025-02", "total-differs")]
    assert reading.faults.kept[0].facts["difference"] == "-100"
    assert [line.outcome for line in history.lines] == [Outcome.AGREES, Outcome.DIFFERS]


def test_what_nobody_gave_a_total_of_does_not_pass() -> None:
    """Rule 34: nothing passes silently."""
    _, faults, reading = wide(("000001", "", "", "sales", "100", "200"), totals="sales 2025-01 100")
    assert faults == [(0, "totals", "total-missing")]
    assert reading.faults.kept[0].facts["months"] == ("2025-02",)


def test_totals_of_what_the_file_does_not_have_differ() -> None:
    typed = "sales 2\nvisits 3\n销售额 2\nsales: 5\n?? 1"
    _, faults, _ = wide(("000001", "", "", "sales", "1", "1"), totals=typed)
    assert sorted(code for *_, code in faults) == ["total-differs", "total-twice", "total-unreadable"]


def test_each_fault_by_its_place() -> None:
    _, faults, _ = wide(
        ("000009", "", "", "sales", "1", ""),
        ("000001", "", "", "mood", "1", ""),
        ("", "", "A1组", "sales", "1", ""),
        ("", "", "A部", "mood", "1", ""),
        ("000001", "", "", "visits", "1.5", "1,23"),
        ("000002", "", "", "sales", "7", "7"),
        ("000002", "", "", "sales", "7", "7"),
        ("000001", "", "", "sales", "#N/A", "1e3"),
        totals="sales 7\nsales 2025-01 7\nvisits 0",
    )
    assert [fault for fault in faults if fault[0]] == [
        (2, "staff_no", "staff-no-unknown"),
        (3, "staff_no", "figure-of-team"),
        (4, "staff_no", "figure-of-person"),
        (5, "unit", "figure-of-team"),
        (6, "2025-01", "not-whole"),
        (6, "2025-02", "number-ambiguous"),
        (7, "2025-01", "person-not-there-in"),
        (8, "metric", "row-repeated"),
        (9, "2025-01", "cell-error"),
        (9, "2025-02", "number-ambiguous"),
    ]


def test_rows_of_months_have_their_own_faults() -> None:
    _, faults, _ = long(
        ("000001", "", "sales", "2026-01", "1"),
        ("000001", "", "sales", "2025-12", "1"),
        ("000001", "", "sales", "13月", "1"),
        ("000001", "", "sales", "2025-03", ""),
        ("000001", "", "sales", "2025-04", "1"),
        ("000001", "", "sales", "2025-04", "2"),
        ("000002", "", "sales", "2025-01", "2"),
        totals="sales 1",
    )
    assert faults == [
        (2, "month", "month-not-past"),
        (3, "month", "month-in-cycle"),
        (4, "month", "month-unreadable"),
        (5, "value", "cell-missing"),
        (7, "month", "row-repeated"),
        (8, "month", "person-not-there-in"),
    ]


@pytest.mark.parametrize(
    ("month", "code"), [(date(2026, 1, 1), "months-not-past"), (date(2025, 12, 1), "months-in-cycle")]
)
def test_a_column_of_a_month_that_is_not_history_is_refused_by_name(month: date, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        wide(("000001", "", "", "sales", "1"), months=(month,))
    assert (refused.value.code, refused.value.facts["months"]) == (code, [f"{month:%Y-%m}"])


@given(st.decimals(-(10**12), 10**12, places=4) | st.integers(-(10**12), 10**12))
def test_the_quick_way_of_reading_a_figure_reads_what_the_careful_one_does(value: Decimal | int) -> None:
    read = plain_figure(f"{value}")
    careful = decimal_in(f"{value}").value
    assert careful is not None
    if read is not None:
        assert Decimal(read) / FIGURE_SCALE == careful


@given(st.text(alphabet="0123456789.-+,％% １٣eE万", max_size=18))
def test_the_quick_way_takes_nothing_that_the_careful_one_refuses(text: str) -> None:
    read = plain_figure(text)
    if read is not None:
        careful = decimal_in(text)
        assert careful.value is None or careful.value * FIGURE_SCALE == read
        assert careful.value is not None or careful.fault == "too-large"

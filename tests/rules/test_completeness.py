"""The gate before scoring, and what it says of rows that people hand in."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.figures import DepartmentFacts, FigureKey, Member, Team
from models.metrics import FigureLevel, Metric, MetricUnit
from rules.completeness import (
    Gap,
    GapReason,
    GivenRow,
    check_rows,
    check_submission,
    gaps,
)

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def metric(code: str, name: str, unit: MetricUnit, level: FigureLevel = FigureLevel.PERSON) -> Metric:
    return Metric(id=f"m-{code}", company_id="c", code=code, name=name, unit=unit, level=level)


SALES = metric("sales", "销售额", MetricUnit.MONEY)
COLLECTION = metric("collection", "回款率", MetricUnit.PERCENT)
CUSTOMERS = metric("new_customers", "新客户数", MetricUnit.COUNT)
SATISFACTION = metric("satisfaction", "客户满意度", MetricUnit.POINTS, FigureLevel.TEAM)
ASHA = Member("asha", "Asha", "1001", "east")
RAVI = Member("ravi", "Ravi", "1002", "east")
MEERA = Member("meera", "Meera", "2001", "west")
TEAMS = (Team("east", "华东一组"), Team("west", "华西一组"))
NOTHING = DepartmentFacts(
    department_id="d",
    teams=TEAMS,
    members=(ASHA, RAVI, MEERA),
    metrics=(SALES, COLLECTION, CUSTOMERS, SATISFACTION),
    months=(OCTOBER, NOVEMBER),
    in_force={},
)


def key_of(gap: Gap) -> FigureKey:
    return (gap.person_id or gap.team_id, gap.metric_id, gap.month)


FULL = replace(NOTHING, in_force={key_of(gap): Decimal(5) for gap in gaps(NOTHING)})


def without(*keys: FigureKey) -> DepartmentFacts:
    return replace(FULL, in_force={key: value for key, value in FULL.in_force.items() if key not in keys})


def row(number: int = 2, **cells: str) -> GivenRow:
    """A sound row, but for what is given."""
    sound = {"team": "华东一组", "person": "1001", "metric": "销售额", "month": "2026-10", "value": "500000"}
    return GivenRow(row=number, **{**sound, **cells})


def codes(facts: DepartmentFacts, *given: GivenRow) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.code) for fault in check_rows(facts, given)[1]]


# --- the gate -----------------------------------------------------------------------------------


def test_every_team_metric_and_month_is_asked_for_row_by_row() -> None:
    """Rule 6: three people × three metrics, and two teams × one, in two months."""
    found = gaps(NOTHING)
    assert len(found) == (3 * 3 + 2 * 1) * 2
    assert all(gap.reason is GapReason.MISSING for gap in found)
    first = found[0]
    assert (first.team_name, first.person_name, first.staff_no) == ("华东一组", "Asha", "1001")
    assert (first.metric_name, first.month) == ("销售额", OCTOBER)
    assert [gap.person_id for gap in found if gap.metric_id == SATISFACTION.id] == [""] * 4


def test_with_every_figure_the_gate_is_open() -> None:
    """Rule 6."""
    assert gaps(FULL) == []


@given(st.sets(st.sampled_from(sorted(FULL.in_force))))
def test_exactly_what_is_missing_is_named(missing: set[FigureKey]) -> None:
    """Rule 6: the whole list, nothing else."""
    found = gaps(without(*missing))
    assert {key_of(gap) for gap in found} == missing
    assert len(found) == len(missing)


def test_a_figure_that_cannot_be_is_a_gap_too() -> None:
    """Rule 6: missing or invalid."""
    key = ("asha", COLLECTION.id, OCTOBER)
    (gap,) = gaps(replace(FULL, in_force={**FULL.in_force, key: Decimal(130)}))
    assert key_of(gap) == key
    assert (gap.reason, gap.fault) == (GapReason.INVALID, "percent-out-of-range")


def test_a_joiner_owes_the_months_they_were_there_all_of() -> None:
    """Rule 12."""
    joiner = replace(ASHA, joined_on=date(2026, 10, 2))
    found = gaps(replace(NOTHING, members=(joiner,), metrics=(SALES,)))
    assert [gap.month for gap in found] == [NOVEMBER]


def test_a_leaver_owes_nothing_of_the_month_they_left_in() -> None:
    """Rule 12: the day of leaving is the first day away."""
    leaver = replace(ASHA, left_on=date(2026, 11, 30))
    found = gaps(replace(NOTHING, members=(leaver,), metrics=(SALES,)))
    assert [gap.month for gap in found] == [OCTOBER]
    stays_to_the_end = replace(ASHA, left_on=date(2026, 12, 1))
    assert len(gaps(replace(NOTHING, members=(stays_to_the_end,), metrics=(SALES,)))) == 2


def test_a_team_without_people_owes_nothing() -> None:
    found = gaps(replace(NOTHING, members=(ASHA,)))
    assert {gap.team_id for gap in found} == {"east"}


def test_what_does_not_apply_to_a_person_is_not_asked_for() -> None:
    """Rule 42."""
    found = gaps(replace(NOTHING, metrics=(SALES,), exempt=frozenset({("asha", SALES.id)})))
    assert {gap.person_id for gap in found} == {"ravi", "meera"}


def test_an_optional_metric_is_not_asked_for() -> None:
    optional = Metric(id="m-x", company_id="c", code="x", name="拜访数", is_required=False)
    assert gaps(replace(NOTHING, metrics=(optional,))) == []


# --- rows handed in ---------------------------------------------------------------------------


def test_a_sound_row_is_read_by_names_numbers_and_codes_alike() -> None:
    rows, faults = check_rows(
        NOTHING,
        [
            row(2),
            row(3, team="east", person="Ravi", metric="SALES", month="2026年10月", value="￥1,234.50"),
            row(4, team=" 华西一组 ", person="meera", metric="m-collection", month="2026/11/30", value="85.5%"),
            row(5, person="", metric="客户满意度", value="９２"),
        ],
    )
    assert faults == []
    assert [(one.team_id, one.person_id, one.metric_id, one.month, one.value) for one in rows] == [
        ("east", "asha", SALES.id, OCTOBER, Decimal(500_000)),
        ("east", "ravi", SALES.id, OCTOBER, Decimal("1234.50")),
        ("west", "meera", COLLECTION.id, NOVEMBER, Decimal("85.5")),
        ("east", "", SATISFACTION.id, OCTOBER, Decimal(92)),
    ]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"team": "华北一组"}, "team", "team-unknown"),
        ({"metric": "利润"}, "metric", "metric-unknown"),
        ({"person": "9999"}, "person", "person-unknown"),
        ({"person": "2001"}, "person", "person-unknown"),  # Of the other team.
        ({"person": " "}, "person", "person-missing"),
        ({"metric": "客户满意度"}, "person", "person-not-wanted"),
        ({"month": "十月"}, "month", "month-unreadable"),
        ({"month": "2026-13"}, "month", "month-unreadable"),
        ({"month": "2026-12"}, "month", "month-outside"),
        ({"value": ""}, "value", "value-missing"),
        ({"value": "many"}, "value", "not-a-number"),
        ({"value": "1,23"}, "value", "number-ambiguous"),
        ({"value": "NaN"}, "value", "value-missing"),
        ({"value": "1e9"}, "value", "number-ambiguous"),
        ({"value": "0.12345"}, "value", "too-many-decimals"),
        ({"value": "1000000000000.01"}, "value", "too-large"),
        ({"value": "85%", "metric": "sales"}, "value", "percent-not-wanted"),
        ({"value": "9" * 400}, "value", "too-large"),
        ({"metric": "回款率", "value": "100.01"}, "value", "percent-out-of-range"),
        ({"metric": "回款率", "value": "-1"}, "value", "percent-out-of-range"),
        ({"metric": "新客户数", "value": "-1"}, "value", "negative"),
        ({"metric": "新客户数", "value": "1.5"}, "value", "not-whole"),
    ],
)
def test_a_fault_is_named_with_its_row_and_column(cells: dict[str, str], column: str, code: str) -> None:
    """Rule 6: refused, row by row."""
    assert codes(NOTHING, row(7, **cells)) == [(7, column, code)]


def test_returns_may_outweigh_sales() -> None:
    assert codes(NOTHING, row(value="-200.50")) == []


def test_every_fault_of_a_row_is_named_at_once() -> None:
    """Rule 6: the whole list."""
    found = codes(NOTHING, row(2, person="9999", month="2027-01", value="x"), row(3, team="?", metric="?"))
    assert sorted(found) == [
        (2, "month", "month-outside"),
        (2, "person", "person-unknown"),
        (2, "value", "not-a-number"),
        (3, "metric", "metric-unknown"),
        (3, "team", "team-unknown"),
    ]


def test_a_misspelt_metric_is_answered_with_the_one_meant() -> None:
    (fault,) = check_rows(NOTHING, [row(metric="销售金额")])[1]
    assert fault.facts["near"] == ["销售额"]


def test_the_same_figure_twice_is_refused_with_the_row_it_repeats() -> None:
    rows, faults = check_rows(NOTHING, [row(2), row(3), row(4, person="Asha", value="1")])
    assert [one.row for one in rows] == [2]
    assert [(fault.row, fault.code, fault.facts["first_row"]) for fault in faults] == [
        (3, "row-twice", 2),
        (4, "row-twice", 2),
    ]


def test_two_people_of_one_name_in_a_team_are_told_apart_by_their_number() -> None:
    namesake = replace(NOTHING, members=(ASHA, replace(RAVI, name="Asha")))
    assert codes(namesake, row(person="Asha")) == [(2, "person", "person-ambiguous")]
    assert codes(namesake, row(person="1002")) == []


def test_a_figure_of_a_month_in_which_nobody_was_there_is_refused() -> None:
    gone = replace(NOTHING, members=(replace(ASHA, left_on=OCTOBER), RAVI))
    assert codes(gone, row()) == [(2, "person", "person-not-there")]


def test_a_corrected_figure_needs_a_reason() -> None:
    """Rule 30: the same value again is no correction."""
    (fault,) = check_rows(FULL, [row(value="6")])[1]
    assert (fault.column, fault.code, fault.facts["present"]) == ("reason", "reason-missing", "5")
    assert codes(FULL, row(value="6", reason="合同补录")) == []
    assert codes(FULL, row(value="5.0000")) == []


def test_a_submission_is_complete_when_its_rows_fill_every_gap() -> None:
    """Rule 6."""
    facts = without(("asha", SALES.id, OCTOBER), ("west", SATISFACTION.id, NOVEMBER))
    half = check_submission(facts, [row()])
    assert not half.is_complete
    assert [key_of(gap) for gap in half.gaps] == [("west", SATISFACTION.id, NOVEMBER)]
    rest = row(3, team="west", person="", metric="客户满意度", month="2026-11", value="90")
    assert check_submission(facts, [row(), rest]).is_complete


def test_a_faulty_row_fills_no_gap() -> None:
    """Rule 6."""
    check = check_submission(without(("asha", SALES.id, OCTOBER)), [row(value="x")])
    assert len(check.faults) == len(check.gaps) == 1


# --- reading cells ------------------------------------------------------------------------------


@given(st.text(max_size=30))
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    cells = {"team": text, "person": text, "metric": text, "month": text, "value": text}
    rows, faults = check_rows(NOTHING, [row(2, **cells)])
    assert rows == []
    assert faults

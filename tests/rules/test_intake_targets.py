"""Files of targets: whose, of what, and never more below than above (Rule 15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from models.metrics import Aggregation, Metric, MetricUnit
from models.stages import UnitKind
from rules.intake import Grid, Reading
from rules.intake_owners import KnownOwners, KnownSeller
from rules.intake_targets import AimedCycle, KnownTarget, KnownTargets, TargetsCheck, TargetsPlan
from rules.intake_units import KnownUnit, KnownUnits

UNITS = KnownUnits(
    (
        KnownUnit("hq", "总部", UnitKind.COMPANY, None),
        KnownUnit("a", "A部", UnitKind.DEPARTMENT, "hq"),
        KnownUnit("b", "B部", UnitKind.DEPARTMENT, "hq"),
        KnownUnit("a1", "A1组", UnitKind.TEAM, "a"),
    )
)
METRICS = {
    "sales": Metric(id="m1", company_id="c", code="sales", name="销售额", name_en="Sales").model_dump(),
    "rate": Metric(
        id="m2", company_id="c", code="rate", name="回款率", unit=MetricUnit.PERCENT, aggregation=Aggregation.MEAN
    ).model_dump(),
}
ZHANG = KnownSeller("p1", "000001", "张三", "a1", "a")
LI = KnownSeller("p2", "000002", "李四", "a1", "a", joined_on=date(2026, 2, 15))
KNOWN = KnownTargets(
    KnownOwners({one.staff_no: one for one in (ZHANG, LI)}, UNITS, {"a": "a", "a1": "a", "b": "b"}, METRICS),
    AimedCycle("q1", "一季度", date(2026, 1, 1), date(2026, 3, 31)),
    {},
)


def check(*rows: Iterable[str], known: KnownTargets = KNOWN) -> tuple[TargetsPlan, list[tuple[int, str, str]]]:
    names = ["staff_no", "name", "unit", "metric", "value", "initiative", "cycle"]
    lines = [(number, [*row, *[""] * 7][:7]) for number, row in enumerate(rows, start=2)]
    reading = Reading(Grid({name: place for place, name in enumerate(names)}, lines))
    plan = TargetsCheck(known, reading).check()
    return plan, [(fault.row, fault.column, fault.code) for fault in reading.faults.in_order()]


def test_what_is_left_shows_at_each_unit() -> None:
    """Rule 15: 1亿 → A 2000万, B 3000万 → A1 500万 → 张三 50万 leaves 5000万, 1500万, 450万."""
    plan, faults = check(
        ("", "", "总部", "销售额", "1亿"),
        ("", "", "A部", "sales", "2000万"),
        ("", "", "B部", "销售额", "3000万"),
        ("", "", "A部/A1组", "销售额", "500万"),
        ("000001", "张三", "", "销售额", "50万", "跟进20家"),
    )
    assert faults == []
    assert [(share.unit_id, share.left) for share in plan.shares] == [
        ("hq", Decimal(50_000_000)),
        ("a", Decimal(15_000_000)),
        ("a1", Decimal(4_500_000)),
    ]
    assert plan.new[-1].initiative == "跟进20家"


def test_more_below_than_above_is_a_fault_even_if_what_is_above_stands_already() -> None:
    """Rule 15: children never exceed the parent."""
    known = replace(KNOWN, targets={("a1", "", "m1"): KnownTarget("t1", Decimal(100))})
    _, faults = check(("000001", "", "", "sales", "60"), ("000002", "", "", "sales", "40.01"), known=known)
    assert faults == [(2, "value", "targets-over-parent")]
    assert check(("000001", "", "", "sales", "60"), ("000002", "", "", "sales", "40"), known=known)[1] == []


def test_a_level_without_a_target_hands_on_what_lies_below_it() -> None:
    plan, faults = check(("", "", "总部", "sales", "100"), ("000001", "", "", "sales", "101"))
    assert faults == [(2, "value", "targets-over-parent")]
    assert [(share.unit_id, share.left) for share in plan.shares] == [("hq", Decimal(-1))]


def test_shares_and_means_are_not_added_up() -> None:
    plan, faults = check(("", "", "A1组", "回款率", "80%"), ("000001", "", "", "回款率", "90%"))
    assert (faults, plan.shares) == ([], ())


def test_of_a_sum_the_days_in_post_count() -> None:
    """Rule 12: who comes on 15 February is there on 45 of 90 days."""
    plan, _ = check(("000002", "", "", "sales", "1000"), ("000002", "", "", "rate", "80"))
    assert [(aim.full_value, aim.value) for aim in plan.new] == [
        (Decimal(1000), Decimal(500)),
        (Decimal(80), Decimal(80)),
    ]


def test_what_does_not_concern_somebody_is_said_and_not_zero() -> None:
    plan, faults = check(("000001", "", "", "sales", "不适用"), ("", "", "A部", "sales", "无"))
    assert faults == [(3, "value", "cell-missing")]
    assert [aim.applies for aim in plan.new] == [False]


def test_each_fault_by_its_place() -> None:
    known = replace(KNOWN, cycle=replace(KNOWN.cycle, closed=frozenset({"b"})))
    _, faults = check(
        ("1", "", "", "sales", "1"),
        ("000001", "李四", "B部", "销售e", "1"),
        ("", "", "", "sales", "1"),
        ("000001", "", "", "sales", "0", "", "二季度"),
        ("000001", "", "", "sales", "5"),
        ("", "", "B部", "sales", "1"),
        ("000001", "", "", "rate", "120%"),
        known=known,
    )
    assert faults == [
        (2, "staff_no", "staff-no-zeros"),
        (3, "name", "person-named-otherwise"),
        (3, "unit", "person-elsewhere"),
        (3, "metric", "name-unknown"),
        (4, "staff_no", "owner-missing"),
        (5, "cycle", "target-of-other-cycle"),
        (5, "value", "target-zero"),
        (6, "metric", "row-repeated"),
        (7, "unit", "targets-confirmed"),
        (8, "value", "percent-out-of-range"),
    ]


def test_a_metric_is_known_by_code_and_by_names_however_they_are_written() -> None:
    plan, faults = check(("000001", "", "", "SALES", "5"), ("000002", "", "", "ｓａｌｅｓ", "5"))
    assert (faults, [aim.metric_id for aim in plan.new]) == ([], ["m1", "m1"])


def test_a_name_that_two_metrics_have_is_asked_about() -> None:
    other = Metric(id="m3", company_id="c", code="net", name="销售额").model_dump()
    known = replace(KNOWN, owners=replace(KNOWN.owners, metrics={**METRICS, "net": other}))
    plan, faults = check(("000001", "", "", "销售额", "5"), ("000001", "", "", "net", "5"), known=known)
    assert (faults, [aim.metric_id for aim in plan.new]) == ([(2, "metric", "name-ambiguous")], ["m3"])

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refusal
from rules.scoring import (
    Band,
    Component,
    MetricResult,
    attainment,
    band_of,
    calculation,
    faults_of_weights,
    mean,
    roll_up,
    rounded,
    weighted,
)

FIGURES = st.decimals(Decimal("0.0001"), Decimal(10**12), places=4)
WEIGHTS = st.lists(st.decimals(Decimal("0.5"), Decimal(100), places=2), min_size=1, max_size=8)


def test_dimensions_of_120_80_90_by_60_30_10_are_105() -> None:
    """Rule 40: 72 + 24 + 9 = 105."""
    result = weighted(
        [
            Component("results", Decimal(60), Decimal(120)),
            Component("behaviour", Decimal(30), Decimal(80)),
            Component("growth", Decimal(10), Decimal(90)),
        ]
    )
    assert [share.points for share in result.shares] == [72, 24, 9]
    assert result.total == 105
    assert result.shares[0].arithmetic == "60 × 120 ÷ 100 = 72"


def test_output_of_100_and_maintenance_of_90_by_80_20_are_98() -> None:
    """Rule 41: 产量达标率×80% + 设备维护率×20%."""
    assert (
        weighted(
            [Component("output", Decimal(80), Decimal(100)), Component("care", Decimal(20), Decimal(90))]
        ).total
        == 98
    )


def test_four_equal_parts_of_5_are_5() -> None:
    """Rule 42: 4 × 25% at 5 is 5."""
    assert weighted([Component(str(n), Decimal(25), Decimal(5)) for n in range(4)]).total == 5


def test_what_does_not_apply_leaves_the_rest_to_be_rescaled_and_is_shown() -> None:
    """Rule 42: 60 and 30 remain of 100: 60 × 100 ÷ 90 + 30 × 70 ÷ 90 = 90."""
    result = weighted(
        [
            Component("sales", Decimal(60), Decimal(100)),
            Component("customers", Decimal(30), Decimal(70)),
            Component("team", Decimal(10), None, applies=False),
        ]
    )
    assert [share.effective_weight for share in result.shares] == [Decimal("66.6667"), Decimal("33.3333"), 0]
    assert [share.points for share in result.shares] == [Decimal("66.6667"), Decimal("23.3333"), 0]
    assert result.total == 90
    assert [share.applies for share in result.shares] == [True, True, False]
    assert result.shares[2].arithmetic == "—"


def test_what_is_missing_blocks_and_all_of_it_is_named() -> None:
    """Rule 42: a missing component is never zero."""
    parts = [
        Component("a", Decimal(50), None),
        Component("b", Decimal(30), Decimal(1)),
        Component("c", Decimal(20), None),
    ]
    with pytest.raises(Refusal, match="component-missing") as refused:
        weighted(parts)
    assert refused.value.facts["components"] == ["a", "c"]


def test_a_result_to_which_nothing_applies_is_refused() -> None:
    with pytest.raises(Refusal, match="nothing-applies"):
        weighted([Component("a", Decimal(100), Decimal(1), applies=False)])


@pytest.mark.parametrize(
    ("target", "actual", "percent"),
    [
        ("500000", "400000", "80"),
        ("3", "1", "33.3333"),
        ("3", "2", "66.6667"),
        ("20000", "0.01", "0.0001"),  # 0.00005 % goes up.
        ("1", "-1", "0"),
        ("0.0001", "10000000000", "1000000000"),  # What a column holds.
    ],
)
def test_attainment_is_actual_over_target_in_percent(target: str, actual: str, percent: str) -> None:
    assert attainment(Decimal(target), Decimal(actual)) == Decimal(percent)


@pytest.mark.parametrize(
    ("actual", "percent"), [("5", "150"), ("10", "100"), ("12", "80"), ("20", "0"), ("99", "0")]
)
def test_where_lower_is_better_each_percent_over_the_target_costs_one(actual: str, percent: str) -> None:
    """Rule 21."""
    assert attainment(Decimal(10), Decimal(actual), higher_is_better=False) == Decimal(percent)


@pytest.mark.parametrize("target", ["0", "-1"])
def test_a_target_of_nothing_measures_nothing(target: str) -> None:
    with pytest.raises(Refusal, match="target-not-positive"):
        attainment(Decimal(target), Decimal(1))


def test_figures_beyond_a_trillion_are_taken_for_mistakes() -> None:
    with pytest.raises(Refusal, match="figure-too-large"):
        attainment(Decimal(1), Decimal(10**12 + 1))


def test_the_mean_of_the_months_has_four_decimals() -> None:
    assert mean([Decimal("85.5"), Decimal("90"), Decimal("91.0001")]) == Decimal("88.8334")


def test_a_roll_up_weighs_by_the_size_of_the_targets() -> None:
    """Rule 42: 50万 at 100 % and 450万 at 80 % are 82 %, no plain mean."""
    assert roll_up([(Decimal(500_000), Decimal(100)), (Decimal(4_500_000), Decimal(80))]) == 82
    with pytest.raises(Refusal, match="component-missing"):
        roll_up([(Decimal(1), Decimal(100)), (Decimal(1), None)])
    with pytest.raises(Refusal, match="target-not-positive"):
        roll_up([])


@pytest.mark.parametrize(
    ("total", "band"),
    [
        ("110.00", "优秀"),
        ("109.99", "良好"),
        ("109.994", "良好"),
        ("109.995", "优秀"),  # Shown as 110.00: what is shown is what is compared.
        ("95", "良好"),
        ("94.99", "合格"),
        ("80", "合格"),
        ("79.99", "待改进"),
        ("0", "待改进"),
    ],
)
def test_bands_begin_at_110_95_and_80(total: str, band: str) -> None:
    """Rule 44; Rule 45: 110.00 yes, 109.99 no."""
    assert band_of(Decimal(total)) == band


def test_a_scheme_may_have_bands_of_its_own() -> None:
    """Rule 44: per scheme."""
    assert band_of(Decimal(60), (Band("passed", Decimal(60)), Band("failed", Decimal(0)))) == "passed"


@pytest.mark.parametrize(
    ("weights", "faults"),
    [
        ([("a", Decimal(60)), ("b", Decimal(40))], []),
        ([("a", Decimal(60)), ("b", Decimal("39.9999"))], ["weights-not-100"]),
        ([("a", Decimal(50)), ("a", Decimal(50))], ["component-twice"]),
        ([("a", Decimal(120)), ("b", Decimal(-20))], ["weight-not-positive"]),
        ([], ["no-components"]),
    ],
)
def test_a_formula_is_checked_when_it_is_saved(weights: list[tuple[str, Decimal]], faults: list[str]) -> None:
    """Rules 41, 42: weights add to 100 exactly."""
    assert faults_of_weights(weights) == faults


def test_a_calculation_shows_every_line_and_counts_up_to_the_cap() -> None:
    """Rules 37, 42: attainment is shown uncapped and counts to 150 %."""
    result = calculation(
        [
            MetricResult("sales", Decimal(60), Decimal(500_000), Decimal(1_000_000)),
            MetricResult("collection", Decimal(40), Decimal(90), Decimal(81)),
        ]
    )
    sales, collection = result.lines
    assert [sales.attainment, sales.share.counted] == [200, 150]
    assert sales.is_capped
    assert collection.attainment == 90
    assert not collection.is_capped
    assert [line.share.arithmetic for line in result.lines] == ["60 × 150 ÷ 100 = 90", "40 × 90 ÷ 100 = 36"]
    assert result.arithmetic == "90 + 36 = 126"
    assert result.total == 126
    assert result.band == "优秀"


def test_a_calculation_without_a_figure_is_refused_by_name() -> None:
    """Rule 42."""
    lines = [
        MetricResult("sales", Decimal(60), Decimal(5), None),
        MetricResult("collection", Decimal(40), None, Decimal(81)),
    ]
    with pytest.raises(Refusal) as refused:
        calculation(lines)
    assert refused.value.facts["components"] == ["sales", "collection"]


def test_a_line_that_does_not_apply_needs_neither_target_nor_actual() -> None:
    """Rule 42."""
    lines = [
        MetricResult("sales", Decimal(60), Decimal(5), Decimal(5)),
        MetricResult("team", Decimal(40), None, None, applies=False),
    ]
    assert calculation(lines).total == 100


@given(FIGURES, st.decimals(Decimal(0), Decimal(10**12), places=4), st.booleans())
def test_attainment_is_within_half_a_step_of_the_exact_ratio(
    target: Decimal, actual: Decimal, higher: bool
) -> None:
    exact = Fraction(actual) / Fraction(target) * 100
    exact = min(max(exact if higher else 200 - exact, Fraction(0)), Fraction(10**9))
    assert abs(Fraction(attainment(target, actual, higher)) - exact) <= Fraction(1, 20_000)


@given(WEIGHTS, st.decimals(Decimal(0), Decimal(150), places=4))
def test_equal_parts_come_to_themselves_whatever_their_weights(weights: list[Decimal], value: Decimal) -> None:
    """Rule 42: rescaling keeps the scale, up to the rounding of points."""
    total = weighted([Component(str(n), weight, value) for n, weight in enumerate(weights)]).total
    assert abs(total - rounded(value, 2)) <= Decimal("0.01")


@given(
    WEIGHTS, st.lists(st.decimals(Decimal(0), Decimal(150), places=4), min_size=8, max_size=8), st.integers(0, 7)
)
def test_reaching_more_never_lowers_a_result(weights: list[Decimal], values: list[Decimal], index: int) -> None:
    parts = [Component(str(n), weight, values[n]) for n, weight in enumerate(weights)]
    raised = index % len(parts)
    better = [Component(p.name, p.weight, Decimal(150)) if n == raised else p for n, p in enumerate(parts)]
    assert weighted(better).total >= weighted(parts).total

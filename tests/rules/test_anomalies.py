"""Figures that stand out from their own history and season; few false alarms on real series (Rule 31)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evidence import Turn
from models.metrics import MetricUnit
from models.months import month_after
from quarterdeck.demo.crm import SEASON
from rules.anomalies import CUT_OF_PEOPLE, LEAST_MONTHS, Verdict, held_against_history

FIRST = date(2052, 1, 1)
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CRM = SHARED / "crm-sales-opportunities"
QUOTAS = SHARED / "adventureworks" / "SalesPersonQuotaHistory.csv"
Series = dict[date, Decimal]


def series(values: Sequence[int | Decimal]) -> Series:
    return {month_after(FIRST, place): Decimal(value) for place, value in enumerate(values)}


def judged(
    values: Sequence[int | Decimal], unit: MetricUnit = MetricUnit.MONEY, cut: float | None = None
) -> Verdict | None:
    """Hold the last of some months against those before it."""
    past = series(values)
    month = max(past)
    if cut is None:
        return held_against_history(past, month, past[month], unit)
    return held_against_history(past, month, past[month], unit, cut)


def turn(values: Sequence[int | Decimal], unit: MetricUnit = MetricUnit.MONEY) -> Turn | None:
    verdict = judged(values, unit)
    assert verdict is not None
    return verdict.turn


STEADY = [100, 110, 95, 105, 98, 102, 107, 96, 104, 99, 101, 103]


def test_a_month_like_those_before_does_not_stand_out() -> None:
    verdict = judged([*STEADY, 97])
    assert verdict is not None
    assert verdict.turn is None
    assert (verdict.months, verdict.with_season) == (12, False)
    assert 100 <= verdict.usual <= 103


def test_a_sudden_drop_and_a_sudden_jump_stand_out() -> None:
    assert turn([*STEADY, 40]) is Turn.DROP
    assert turn([*STEADY, 0]) is Turn.DROP
    assert turn([*STEADY, 250]) is Turn.JUMP


def test_of_few_months_nothing_is_said() -> None:
    assert judged([100, 100, 100, 100, 100, 5]) is None
    assert judged([100, 100, 100, 100, 100, 100, 5]) is not None


def test_of_nothing_but_zeros_nothing_is_said() -> None:
    assert judged([0] * 12 + [500]) is None


def test_who_often_sells_nothing_in_a_month_is_not_asked_why() -> None:
    assert turn([0, 200, 0, 0, 180, 0, 220, 0, 0, 190, 0, 210, 0]) is None


def test_a_few_wild_months_do_not_hide_the_next() -> None:
    """Median and MAD stay where they are while less than half of the months are wild."""
    assert turn([*STEADY[:10], 900, 5, 40]) is Turn.DROP


def test_a_season_seen_in_two_years_is_no_drop() -> None:
    """February is short every year, because of the Spring Festival."""
    year = [100, 40, 105, 98, 102, 107, 96, 104, 99, 101, 103, 100]
    now = [*year, *year, *year, 101, 42]
    verdict = judged(now)
    assert verdict is not None
    assert (verdict.turn, verdict.with_season) == (None, True)
    assert verdict.usual < 75
    assert turn([*now[:-1], 12]) is Turn.DROP


def test_percentages_are_compared_by_points() -> None:
    steady = [92, 95, 94, 93, 96, 95, 94]
    assert turn([*steady, 88], MetricUnit.PERCENT) is None
    assert turn([*steady, 60], MetricUnit.PERCENT) is Turn.DROP
    verdict = judged([*steady, 60], MetricUnit.PERCENT)
    assert verdict is not None
    assert verdict.highest >= 100 > verdict.lowest


def test_percentages_that_are_often_far_below_100_are_let_be() -> None:
    """Of a year with 100 in nine months and 40 to 70 in three, another 50 is nothing new."""
    past = [100, 100, 60, 100, 100, 100, 45, 100, 100, 100, 70, 100]
    assert turn([*past, 50], MetricUnit.PERCENT) is None
    assert turn([*([100] * 12), 50], MetricUnit.PERCENT) is Turn.DROP


def test_small_counts_vary_by_chance() -> None:
    """Of three new customers a month, one or seven is chance; of forty, ten is not."""
    assert turn([3] * 12 + [1], MetricUnit.COUNT) is None
    assert turn([3] * 12 + [7], MetricUnit.COUNT) is None
    assert turn([40] * 12 + [10], MetricUnit.COUNT) is Turn.DROP


amounts = st.integers(1, 10**9)
histories = st.lists(amounts, min_size=LEAST_MONTHS, max_size=40)


@given(histories, amounts)
def test_what_is_usual_never_stands_out_and_lies_in_its_band(past: list[int], value: int) -> None:
    verdict = judged([*past, value])
    assert verdict is not None
    assert verdict.lowest <= verdict.usual <= verdict.highest
    assert (verdict.turn is Turn.DROP) == (value < verdict.lowest)
    again = judged([*past, verdict.usual])
    assert again is not None
    assert again.turn is None


@given(histories, amounts, amounts)
def test_the_lower_of_two_values_never_stands_out_as_the_higher(past: list[int], one: int, two: int) -> None:
    order = {Turn.DROP: 0, None: 1, Turn.JUMP: 2}
    low, high = (turn([*past, value]) for value in sorted((one, two)))
    assert order[low] <= order[high]


@given(histories, amounts)
def test_the_currency_does_not_matter(past: list[int], value: int) -> None:
    """A thousand times everything gives the same answer, save where a value lies on the very edge."""
    verdict = judged([*past, value])
    assert verdict is not None
    edge = min(abs(value - verdict.lowest), abs(value - verdict.highest))
    if edge > verdict.usual / 1000:
        assert turn([one * 1000 for one in [*past, value]]) is verdict.turn


@given(histories, amounts)
def test_single_people_stand_out_only_where_a_team_would(past: list[int], value: int) -> None:
    of_person, of_team = judged([*past, value], cut=CUT_OF_PEOPLE), judged([*past, value])
    assert of_person is not None
    assert of_team is not None
    assert of_person.turn in (None, of_team.turn)


# --- on real series -----------------------------------------------------------------------------


def deals_by(whose: Callable[[dict[str, str], dict[str, str]], str], *, counted: bool = False) -> list[Series]:
    """Read the won deals of the public CRM export, by month; months without any are zero."""
    with (CRM / "sales_teams.csv").open() as file:
        teams = {row["sales_agent"]: row for row in csv.DictReader(file)}
    sums: dict[str, Series] = defaultdict(dict)
    with (CRM / "sales_pipeline.csv").open() as file:
        for row in csv.DictReader(file):
            if row["deal_stage"] == "Won":
                _, month, year = row["close_date"].split("-")
                of = sums[whose(row, teams[row["sales_agent"]])]
                first = date(int(year), int(month), 1)
                of[first] = of.get(first, Decimal(0)) + (1 if counted else Decimal(row["close_value"]))
    months = {month for one in sums.values() for month in one}
    return [{month: one.get(month, Decimal(0)) for month in months} for one in sums.values()]


def quotas() -> list[Series]:
    """Read the quarterly quotas of the AdventureWorks salespeople."""
    found: dict[str, Series] = defaultdict(dict)
    for line in QUOTAS.read_text().splitlines():
        _, person, day, quota, *_ = line.split("\t")
        found[person][date(int(day[:4]), int(day[5:7]), 1)] = Decimal(quota)
    return list(found.values())


def alarms(of: list[Series], cut: float, unit: MetricUnit, times: str = "1") -> tuple[int, int]:
    """Return how many months stand out, and how many were judged; each month `times` what it was."""
    verdicts = [
        held_against_history(one, month, one[month] * Decimal(times), unit, cut) for one in of for month in one
    ]
    known = [verdict for verdict in verdicts if verdict is not None]
    return sum(verdict.turn is not None for verdict in known), len(known)


@pytest.mark.skipif(not CRM.is_dir(), reason=f"the data sets are not there: {SHARED}")
def test_few_false_alarms_on_real_series() -> None:
    """Whatever stands out in what nobody disturbed counts as a false alarm: at most 2 of 100 months."""
    money, count = MetricUnit.MONEY, MetricUnit.COUNT
    teams, agents = deals_by(lambda _, team: team["manager"]), deals_by(lambda row, _: row["sales_agent"])
    of_teams = alarms(teams, 3.5, money)
    of_counts = alarms(deals_by(lambda _, team: team["manager"], counted=True), 3.5, count)
    of_people = alarms(agents, CUT_OF_PEOPLE, money)
    of_quotas = alarms(quotas(), CUT_OF_PEOPLE, money)
    print("false alarms:", of_teams, of_counts, of_people, of_quotas)
    found, months = (sum(pair) for pair in zip(of_teams, of_counts, of_people, of_quotas, strict=True))
    assert months > 200
    assert found <= 0.02 * months


@pytest.mark.skipif(not CRM.is_dir(), reason=f"the data sets are not there: {SHARED}")
def test_planted_losses_are_found_in_real_series() -> None:
    """A month all but lost (a tenth is left) is found with the six to nine months of one year."""
    teams = deals_by(lambda _, team: team["manager"], counted=True)
    found = {times: alarms(teams, 3.5, MetricUnit.COUNT, times) for times in ("0.5", "0.3", "0.1", "0")}
    print("planted losses found:", found)
    assert found["0.1"][0] >= 0.75 * found["0.1"][1]
    assert found["0.5"][0] <= found["0.3"][0] <= found["0.1"][0] <= found["0"][0]


def test_half_of_a_teams_sales_lost_is_mostly_found_with_two_years_of_history() -> None:
    """Teams of five with seasons and growth: two of three lost halves, every loss of 70 %, 1 % false alarms."""
    random = Random(4)
    months = [month_after(FIRST, place) for place in range(37)]

    def sold(place: int) -> Decimal:
        season = SEASON[place % 12] * 1.005**place
        return Decimal(round(sum(50_000 * season * random.lognormvariate(-0.03, 0.25) for _ in range(5))))

    teams = [{month: sold(place) for place, month in enumerate(months)} for _ in range(40)]
    found = dict.fromkeys(("1", "0.5", "0.3"), 0)
    for team in teams:
        for month in months[24:]:
            for times in found:
                value = team[month] * Decimal(times)
                verdict = held_against_history(team, month, value, MetricUnit.MONEY)
                found[times] += verdict is not None and verdict.turn is not None
    print("of 520 months:", found)
    assert found["1"] <= 5
    assert found["0.5"] >= 312
    assert found["0.3"] >= 510

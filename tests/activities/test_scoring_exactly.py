"""Results as the database works them out, held against `rules/scoring.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from activities.scoring import score_people
from models.cycles import Cycle
from models.database import SessionMaker, writing
from models.messages import ScoringOutcome
from models.metrics import (
    Aggregation,
    Figure,
    FigureLevel,
    Metric,
    Scorecard,
    ScorecardLine,
    ScoreLine,
    Target,
)
from models.org import Company, Person
from models.scores import score_with_lines
from rules.scoring import MetricResult, ScoreCalculation, calculation, mean

NOW = datetime(2055, 4, 2, 1, tzinfo=UTC)
MONTHS = (date(2055, 1, 1), date(2055, 2, 1), date(2055, 3, 1))
numbers = count()


@dataclass(frozen=True)
class Measured:
    """One metric of a scorecard, with what somebody aimed at and what came of it month by month."""

    weight: Decimal
    target: Decimal
    months: tuple[Decimal, Decimal, Decimal]
    aggregation: Aggregation
    level: FigureLevel
    higher_is_better: bool
    applies: bool

    def result(self, metric_id: str) -> MetricResult:
        figure = sum(self.months) if self.aggregation is Aggregation.SUM else mean(self.months)
        target = self.target if self.applies else None
        return MetricResult(metric_id, self.weight, target, Decimal(figure), self.higher_is_better, self.applies)


AMOUNTS = st.one_of(
    st.decimals(Decimal("0.0001"), Decimal(2), places=4),
    st.decimals(Decimal(0), Decimal(1_000_000), places=2),
    st.decimals(Decimal(10**9), Decimal(3 * 10**11), places=4),
)
MEASURED = st.builds(
    Measured,
    weight=st.decimals(Decimal("0.0001"), Decimal(100), places=4),
    target=AMOUNTS.filter(bool),
    months=st.tuples(*[st.one_of(AMOUNTS, AMOUNTS.map(lambda amount: -amount))] * 3),
    aggregation=st.sampled_from(Aggregation),
    level=st.sampled_from(FigureLevel),
    higher_is_better=st.booleans(),
    applies=st.sampled_from((True, True, True, False)),
)
CAPS = st.sampled_from((Decimal(150), Decimal(100), Decimal("133.3333"), Decimal(10**9)))


def rows_of(scorecards: Sequence[Sequence[Measured]], key: str) -> Iterator[SQLModel]:
    """Give a department in which each person has a post, and so a scorecard, of their own."""
    yield Company(id=key, name=key)
    yield Cycle(id=key, company_id=key, name=key, starts_on=MONTHS[0], ends_on=date(2055, 3, 31), hr_owner_id="hr")
    for person, measured in enumerate(scorecards):
        whose = f"{key}.{person}"
        yield Person(
            id=whose,
            company_id=key,
            staff_no=whose,
            name=whose,
            unit_id=f"{whose}.team",
            department_id=f"{key}.d",
            post=whose,
        )
        yield Scorecard(id=whose, company_id=key, name=whose, post=whose)
        for number, one in enumerate(measured):
            metric_id = f"{whose}.{number}"
            yield Metric(
                id=metric_id,
                company_id=key,
                code=metric_id,
                name=metric_id,
                aggregation=one.aggregation,
                level=one.level,
                higher_is_better=one.higher_is_better,
                position=number,
            )
            yield ScorecardLine(scorecard_id=whose, metric_id=metric_id, weight=one.weight)
            yield target_of(key, whose, metric_id, one)
            yield from figures_of(key, whose, metric_id, one)


def target_of(key: str, whose: str, metric_id: str, one: Measured) -> Target:
    return Target(
        id=metric_id,
        cycle_id=key,
        unit_id=f"{whose}.team",
        person_id=whose,
        department_id=f"{key}.d",
        metric_id=metric_id,
        value=one.target,
        full_value=one.target,
        applies=one.applies,
    )


def figures_of(key: str, whose: str, metric_id: str, one: Measured) -> Iterator[Figure]:
    for month, value in zip(MONTHS, one.months, strict=True):
        yield Figure(
            id=f"{metric_id}.{month}",
            company_id=key,
            department_id=f"{key}.d",
            team_id=f"{whose}.team",
            person_id=whose if one.level is FigureLevel.PERSON else "",
            metric_id=metric_id,
            month=month,
            value=value,
            source="file",
            at=NOW,
        )


def expected(measured: Sequence[Measured], whose: str, cap: Decimal) -> ScoreCalculation | None:
    if not any(one.applies for one in measured):
        return None
    return calculation([one.result(f"{whose}.{number}") for number, one in enumerate(measured)], cap)


def line_as_calculated(line: ScoreLine) -> tuple[str, bool, tuple[Decimal, ...]]:
    figures = (line.target, line.actual, line.attainment, line.counted, line.points)
    return line.metric_id, line.applies, (line.weight, line.effective_weight, *figures)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    scorecards=st.lists(st.lists(MEASURED, min_size=1, max_size=4), min_size=1, max_size=4),
    cap=CAPS,
)
@example(  # Ten billion against the smallest target there is, and the other way round.
    scorecards=[
        [
            Measured(Decimal(50), a, (b, Decimal(0), Decimal(0)), Aggregation.SUM, FigureLevel.PERSON, True, True)
            for a, b in (
                (Decimal("0.0001"), Decimal(10**10)),
                (Decimal(10**10), Decimal("0.0001")),
                (Decimal("9999999999.9999"), Decimal("9999999999.9998")),
                (Decimal(10**12), Decimal(10**12)),
                (Decimal("777777777777.7777"), Decimal("111111111111.1112")),
            )
        ]
    ],
    cap=Decimal(10**9),
)
async def test_the_database_works_out_what_the_rules_say(
    sessions: SessionMaker, scorecards: list[list[Measured]], cap: Decimal
) -> None:
    """Rules 40, 41, 42, 44, to the last digit, on SQLite and on PostgreSQL."""
    key = f"c{next(numbers)}"
    async with sessions() as session:
        await writing(session)
        rows = list(rows_of(scorecards, key))
        for kind in (Company, Cycle, Person, Scorecard, Metric, ScorecardLine, Target, Figure):
            session.add_all([row for row in rows if isinstance(row, kind)])
            await session.flush()
        results = [expected(measured, f"{key}.{n}", cap) for n, measured in enumerate(scorecards)]
        outcome = await score_people(session, key, None, now=NOW, cap=cap, round_=1)
        await session.commit()
    if None in results:
        assert outcome == ScoringOutcome(scored=0, missing=results.count(None))
        return
    assert outcome == ScoringOutcome(scored=len(scorecards), missing=0)
    for number, result in enumerate(results):
        assert result is not None
        async with sessions() as session:
            written = await score_with_lines(session, key, f"{key}.{number}")
        assert written is not None
        assert (written.score.total, written.score.band) == (result.total, result.band)
        assert [line_as_calculated(one.line) for one in written.lines] == [
            (
                line.metric_id,
                line.share.applies,
                (
                    line.share.weight,
                    line.share.effective_weight,
                    line.target,
                    line.actual,
                    line.attainment,
                    line.share.counted,
                    line.share.points,
                ),
            )
            for line in result.lines
        ]

"""A launched cycle is scored by what stood at its launch, whatever was changed since."""

from __future__ import annotations

from decimal import Decimal

from sqlmodel import col, select, update

from activities.scoring import ScoringActivities
from models.cycles import Cycle
from models.database import SessionMaker, writing
from models.figures import metrics_of
from models.metrics import (
    LaunchedMetric,
    LaunchedScorecard,
    LaunchedScorecardLine,
    Metric,
    Score,
    Scorecard,
    ScorecardLine,
)
from quarterdeck.demo.small import SmallCompany
from tests.activities.test_scoring import reached, with_figures


async def launched(sessions: SessionMaker, company: SmallCompany) -> None:
    async with sessions() as session:
        await writing(session)
        cards = (await session.exec(select(Scorecard))).all()
        lines = (
            await session.exec(
                select(ScorecardLine, Metric).join(Metric, col(Metric.id) == col(ScorecardLine.metric_id))
            )
        ).all()
        for card in cards:
            session.add(
                LaunchedScorecard(
                    cycle_id=company.cycle_id,
                    scorecard_id=card.id,
                    name=card.name,
                    post=card.post,
                    grade=card.grade,
                )
            )
        for line, metric in lines:
            copied = metric.model_dump(include={"level", "aggregation", "higher_is_better", "is_required"})
            session.add(LaunchedScorecardLine(cycle_id=company.cycle_id, **line.model_dump(), **copied))
        await session.commit()


async def results(sessions: SessionMaker, company: SmallCompany) -> dict[str, tuple[Decimal, str]]:
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome.scored == 2
    async with sessions() as session:
        return {one.person_id: (one.total, one.band) for one in (await session.exec(select(Score))).all()}


async def change_everything(sessions: SessionMaker, company: SmallCompany) -> None:
    async with sessions() as session:
        await writing(session)
        sales = company.metric_ids["sales"]
        await session.exec(
            update(ScorecardLine).where(col(ScorecardLine.metric_id) == sales).values(weight=Decimal(5))
        )
        await session.exec(update(Metric).where(col(Metric.id) == sales).values(higher_is_better=False))
        await session.commit()


async def test_changes_after_the_launch_leave_its_results_as_they_are(sessions: SessionMaker) -> None:
    company = await with_figures(sessions)
    await launched(sessions, company)
    before = await results(sessions, company)
    await change_everything(sessions, company)
    assert await results(sessions, company) == before


async def test_a_cycle_that_keeps_no_scorecards_is_scored_by_those_that_stand(sessions: SessionMaker) -> None:
    company = await with_figures(sessions)
    before = await results(sessions, company)
    await change_everything(sessions, company)
    assert await results(sessions, company) != before


async def test_the_bands_are_those_of_the_cycles_terms(sessions: SessionMaker) -> None:
    """Rule 44: per scheme."""
    company = await with_figures(sessions)
    async with sessions() as session:
        await writing(session)
        cycle = await session.get_one(Cycle, company.cycle_id)
        policy = {
            **cycle.terms["policy"],
            "bands": [{"name": "A", "from_points": "1"}, {"name": "B", "from_points": "0"}],
        }
        cycle.terms = {**cycle.terms, "policy": policy}
        session.add(cycle)
        await session.commit()
    assert {band for _, band in (await results(sessions, company)).values()} == {"A"}


async def test_a_cycle_asks_for_the_metrics_it_was_launched_with(sessions: SessionMaker) -> None:
    """Rule 6: what was made or became required since is asked for in later cycles."""
    company = await with_figures(sessions)
    async with sessions() as session:
        await writing(session)
        for metric in (await session.exec(select(Metric))).all():
            kept = LaunchedMetric(
                cycle_id=company.cycle_id,
                metric_id=metric.id,
                higher_is_better=True,
                is_required=metric.code != "sales",
            )
            session.add(kept)
        await session.flush()
        session.add(Metric(id="later", company_id=company.company_id, code="later", name="后来的指标"))
        await session.commit()
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        asked = {metric.code: metric.is_required for metric in await metrics_of(session, cycle)}
        assert asked == {"sales": False, "collection": True, "satisfaction": True}
        another = Cycle(**{**cycle.model_dump(), "id": "draft"})
        assert "later" in {metric.code for metric in await metrics_of(session, another)}

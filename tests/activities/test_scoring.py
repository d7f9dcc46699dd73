"""Results of departments: what counts for whom, what blocks, what replaces what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlmodel import col, delete, select, update

from activities.figures import FigureActivities
from activities.scoring import ScoringActivities, score_people
from models.database import SessionMaker, writing
from models.messages import DepartmentMoment, ScoringOutcome, StageReached
from models.metrics import (
    Figure,
    Score,
    Scorecard,
    ScorecardLine,
    ScoreLine,
    Target,
)
from models.org import Person
from models.scores import MissingComponent, missing_components, score_with_lines
from models.stages import Stage
from quarterdeck.demo.small import SmallCompany, make_small_company

NOW = datetime(2055, 4, 2, 1, tzinfo=UTC)
MONTHS = (date(2055, 1, 1), date(2055, 2, 1), date(2055, 3, 1))


def reached(company: SmallCompany, department_id: str = "d0001", round_: int = 1) -> StageReached:
    return StageReached(
        company_id=company.company_id,
        cycle_id=company.cycle_id,
        department_id=department_id,
        stage=Stage.EVALUATION,
        round=round_,
        now=NOW,
    )


async def with_figures(
    sessions: SessionMaker, departments: int = 1, people: int = 2, satisfaction: int = 90
) -> SmallCompany:
    """Make a company whose CRM has been asked and whose teams have said how content customers are."""
    company = await make_small_company(sessions, departments, people)
    for department in company.departments:
        await FigureActivities(sessions).fetch_figures(
            DepartmentMoment(
                company_id=company.company_id, cycle_id=company.cycle_id, department_id=department.id, now=NOW
            )
        )
        async with sessions() as session:
            await writing(session)
            session.add_all(
                team_figure(company, department.id, team_id, month, Decimal(satisfaction))
                for team_id in department.team_ids
                for month in MONTHS
            )
            await session.commit()
    return company


def team_figure(company: SmallCompany, department_id: str, team_id: str, month: date, value: Decimal) -> Figure:
    return Figure(
        id=f"{team_id}.{month}",
        company_id=company.company_id,
        department_id=department_id,
        team_id=team_id,
        metric_id=company.metric_ids["satisfaction"],
        month=month,
        value=value,
        source="person",
        at=NOW,
    )


async def change(sessions: SessionMaker, *statements: object) -> None:
    async with sessions() as session:
        await writing(session)
        for statement in statements:
            await session.exec(statement)  # type: ignore[call-overload]  # Any update or delete will do.
        await session.commit()


async def scores(sessions: SessionMaker) -> dict[str, Score]:
    async with sessions() as session:
        return {score.person_id: score for score in (await session.exec(select(Score))).all()}


async def all_lines(sessions: SessionMaker) -> list[ScoreLine]:
    async with sessions() as session:
        found = await session.exec(select(ScoreLine).order_by(col(ScoreLine.person_id), col(ScoreLine.metric_id)))
        return list(found.all())


async def missing(sessions: SessionMaker, company: SmallCompany) -> tuple[MissingComponent, ...]:
    async with sessions() as session:
        return await missing_components(session, company.cycle_id, "d0001")


async def test_a_result_shows_its_calculation_line_by_line(sessions: SessionMaker) -> None:
    """Rule 42: sales 80 % by half the weight, collection 90 of 90 and satisfaction 45 of 90 by a quarter."""
    company = await with_figures(sessions, satisfaction=45)
    person_id = company.departments[0].people_ids[0]
    await change(
        sessions,
        update(Figure)
        .where(col(Figure.person_id) == person_id, col(Figure.metric_id) == company.metric_ids["sales"])
        .values(value=Decimal(400_000) / 4),
        update(Figure)
        .where(
            col(Figure.person_id) == person_id,
            col(Figure.metric_id) == company.metric_ids["sales"],
            col(Figure.month) == MONTHS[0],
        )
        .values(value=Decimal(200_000)),
    )
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome == ScoringOutcome(scored=2, missing=0)
    async with sessions() as session:
        written = await score_with_lines(session, company.cycle_id, person_id)
    assert written is not None
    found = {one.metric.code: (one.line.weight, one.line.attainment, one.line.points) for one in written.lines}
    assert found == {
        "sales": (Decimal(50), Decimal(80), Decimal(40)),
        "collection": (Decimal(25), Decimal(100), Decimal(25)),
        "satisfaction": (Decimal(25), Decimal(50), Decimal("12.5")),
    }
    assert (written.score.total, written.score.band) == (Decimal("77.5"), "待改进")
    assert (written.score.round, written.score.scored_at) == (1, NOW)


async def test_a_department_with_anything_missing_gets_no_results_and_hears_what_lacks(
    sessions: SessionMaker,
) -> None:
    """Rule 42: a missing component blocks, it is never zero."""
    company = await with_figures(sessions, departments=2)
    first, second = company.departments[0].people_ids
    await change(
        sessions,
        delete(Figure).where(
            col(Figure.person_id) == first,
            col(Figure.metric_id) == company.metric_ids["sales"],
            col(Figure.month) == MONTHS[1],
        ),
        delete(Target).where(
            col(Target.person_id) == second, col(Target.metric_id) == company.metric_ids["satisfaction"]
        ),
    )
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome == ScoringOutcome(scored=0, missing=2)
    assert await scores(sessions) == {}
    assert await all_lines(sessions) == []
    found = await missing(sessions, company)
    assert {(one.person_id, one.metric_name, one.reason) for one in found} == {
        (first, "销售额", "figure"),
        (second, "客户满意度", "target"),
    }
    assert {one.team_name for one in found} == {"销售1部1组"}
    async with sessions() as session:
        await writing(session)
        whole = await score_people(session, company.cycle_id, None, now=NOW, cap=Decimal(150), round_=1)
        await session.commit()
    assert whole == ScoringOutcome(scored=2, missing=2)
    assert set(await scores(sessions)) == set(company.departments[1].people_ids)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (update(Target).where(col(Target.person_id) != "").values(value=Decimal(0)), "target-not-positive"),
        (update(Person).where(col(Person.is_scored)).values(post="实习生"), "scorecard"),
        (update(Target).where(col(Target.person_id) != "").values(applies=False), "nothing-applies"),
        (update(Figure).values(value=Decimal(400) * 10**9), "figure-too-large"),
    ],
)
async def test_what_cannot_be_measured_blocks(sessions: SessionMaker, spoil: object, reason: str) -> None:
    """Rule 42."""
    company = await with_figures(sessions)
    await change(sessions, spoil)
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome.scored == 0
    assert outcome.missing > 0
    assert {one.reason for one in await missing(sessions, company)} == {reason}


async def test_a_metric_that_does_not_apply_leaves_the_rest_to_be_rescaled(sessions: SessionMaker) -> None:
    """Rule 42: 50 and 25 remain; nobody asks for figures of the third."""
    company = await with_figures(sessions, people=1)
    collection = company.metric_ids["collection"]
    await change(
        sessions,
        update(Target).where(col(Target.metric_id) == collection).values(applies=False),
        delete(Figure).where(col(Figure.metric_id) == collection),
    )
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome == ScoringOutcome(scored=1, missing=0)
    weights = {line.metric_id: (line.applies, line.effective_weight) for line in await all_lines(sessions)}
    assert weights == {
        company.metric_ids["sales"]: (True, Decimal("66.6667")),
        collection: (False, 0),
        company.metric_ids["satisfaction"]: (True, Decimal("33.3333")),
    }


async def test_scoring_twice_writes_the_same_and_a_new_round_replaces(sessions: SessionMaker) -> None:
    """An activity may run twice; results sent back are scored anew."""
    company = await with_figures(sessions)
    activities = ScoringActivities(sessions)
    await activities.score_department(reached(company))
    before, lines = await scores(sessions), await all_lines(sessions)
    assert await activities.score_department(reached(company)) == ScoringOutcome(scored=2, missing=0)
    assert await scores(sessions) == before
    assert await all_lines(sessions) == lines
    await change(sessions, update(Figure).values(value=Decimal(0)))
    await activities.score_department(reached(company, round_=2))
    after = await scores(sessions)
    assert {(score.round, score.total) for score in after.values()} == {(2, Decimal(0))}
    assert len(await all_lines(sessions)) == len(lines)


async def test_a_replaced_figure_does_not_count(sessions: SessionMaker) -> None:
    """Rule 30: the row in force has nothing that replaced it."""
    company = await with_figures(sessions, people=1)
    await ScoringActivities(sessions).score_department(reached(company))
    before = await scores(sessions)
    async with sessions() as session:
        await writing(session)
        old = team_figure(company, "d0001", "d0001-t1", MONTHS[0], Decimal(1))
        old.id, old.replaced_by = "old", f"d0001-t1.{MONTHS[0]}"
        session.add(old)
        await session.commit()
    await ScoringActivities(sessions).score_department(reached(company))
    assert await scores(sessions) == before


async def test_a_grade_of_its_own_scorecard_is_scored_by_that(sessions: SessionMaker) -> None:
    """Rule 39: weights differ by grade; the scorecard without a grade is for the rest."""
    company = await with_figures(sessions)
    async with sessions() as session:
        await writing(session)
        lead = await session.get_one(Person, company.departments[0].people_ids[0])
        card = Scorecard(id="own", company_id=company.company_id, name="P5", post=lead.post, grade=lead.grade)
        session.add(card)
        await session.flush()
        session.add(
            ScorecardLine(scorecard_id="own", metric_id=company.metric_ids["satisfaction"], weight=Decimal(100))
        )
        await session.commit()
    await ScoringActivities(sessions).score_department(reached(company))
    found = await scores(sessions)
    assert (found[lead.id].scorecard_id, found[lead.id].total) == ("own", Decimal(100))
    assert found[company.departments[0].people_ids[1]].scorecard_id == "small-card-sales"


async def test_who_left_is_scored_by_the_months_in_post_only_if_a_target_was_left(sessions: SessionMaker) -> None:
    """Rules 6, 12: a leaver's pro-rated target counts against the months they were there."""
    company = await with_figures(sessions, people=4)
    early, leaver, without, stays = company.departments[0].people_ids
    of_leaver = col(Figure.person_id) == leaver
    await change(
        sessions,
        update(Person).where(col(Person.id) == early).values(left_on=MONTHS[0]),
        update(Person).where(col(Person.id).in_([leaver, without])).values(left_on=date(2055, 2, 11)),
        delete(Target).where(col(Target.person_id) == without),
        delete(Figure).where(of_leaver, col(Figure.month) > MONTHS[0]),
    )
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome == ScoringOutcome(scored=2, missing=0)
    assert set(await scores(sessions)) == {leaver, stays}


async def test_a_joiner_is_measured_by_the_teams_figures_since_they_came(sessions: SessionMaker) -> None:
    """Rule 6: no month is owed before they came; satisfaction of 45 is from before."""
    company = await with_figures(sessions, people=1)
    person_id = company.departments[0].people_ids[0]
    await change(
        sessions,
        update(Person).where(col(Person.id) == person_id).values(joined_on=MONTHS[1]),
        delete(Figure).where(col(Figure.person_id) == person_id, col(Figure.month) == MONTHS[0]),
        update(Figure)
        .where(col(Figure.person_id) == "", col(Figure.month) == MONTHS[0])
        .values(value=Decimal(45)),
    )
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome == ScoringOutcome(scored=1, missing=0)
    satisfaction = next(
        line for line in await all_lines(sessions) if line.metric_id == company.metric_ids["satisfaction"]
    )
    assert satisfaction.attainment == 100


async def test_who_comes_too_late_to_owe_a_month_and_has_no_target_gets_no_result(sessions: SessionMaker) -> None:
    company = await with_figures(sessions)
    late, other = company.departments[0].people_ids
    await change(
        sessions,
        update(Person).where(col(Person.id) == late).values(joined_on=date(2055, 3, 8)),
        delete(Target).where(col(Target.person_id) == late),
    )
    outcome = await ScoringActivities(sessions).score_department(reached(company))
    assert outcome == ScoringOutcome(scored=1, missing=0)
    assert set(await scores(sessions)) == {other}


async def test_who_moves_on_is_scored_by_all_their_targets_where_they_are_now(sessions: SessionMaker) -> None:
    """Rule 12: half of 50万 in the old team and half in the new one are 50万 in the new department."""
    company = await with_figures(sessions, departments=2)
    mover = company.departments[0].people_ids[1]
    activities = ScoringActivities(sessions)
    await activities.score_department(reached(company))
    sales = company.metric_ids["sales"]
    before = next(line for line in await all_lines(sessions) if (line.person_id, line.metric_id) == (mover, sales))
    own = col(Target.person_id) == mover
    await change(
        sessions,
        update(Person).where(col(Person.id) == mover).values(unit_id="d0002-t1", department_id="d0002"),
        update(Target).where(own, col(Target.metric_id) == sales).values(value=Decimal(250_000)),
    )
    async with sessions() as session:
        await writing(session)
        session.add(
            Target(
                id="new",
                cycle_id=company.cycle_id,
                unit_id="d0002-t1",
                person_id=mover,
                department_id="d0002",
                metric_id=sales,
                value=Decimal(250_000),
                full_value=Decimal(500_000),
            )
        )
        await session.commit()
    assert await activities.score_department(reached(company, "d0002", 2)) == ScoringOutcome(scored=3, missing=0)
    assert await activities.score_department(reached(company, "d0001", 2)) == ScoringOutcome(scored=1, missing=0)
    assert (await scores(sessions))[mover].department_id == "d0002"
    after = next(line for line in await all_lines(sessions) if (line.person_id, line.metric_id) == (mover, sales))
    assert after.model_dump() == before.model_dump()

"""The facts of a launch as they are loaded, on both databases, and what the rules say to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from sqlalchemy import delete
from sqlmodel import col, update

from api.launch_check import noteworthy_of, wrong_with
from models.cycles import Cycle
from models.database import SessionMaker
from models.metrics import Scorecard, ScorecardLine, Target
from models.org import Person, Unit
from models.stages import Channel
from models.terms import Ladder
from quarterdeck.demo.small import SmallCompany, make_small_company

TODAY = date(2054, 12, 1)
CALENDAR = {"deadline-moved", "holidays-unknown"}
"""What depends on the holidays announced so far."""
NOW = datetime.combine(TODAY, time(2), UTC)


@pytest.fixture
async def company(sessions: SessionMaker) -> SmallCompany:
    """Three departments of four people; its quarter begins on 1 January 2055."""
    return await make_small_company(sessions, 3, 4, launch_on=TODAY)


async def severities(sessions: SessionMaker, cycle_id: str) -> dict[str, str]:
    async with sessions() as session:
        cycle = await session.get_one(Cycle, cycle_id)
        return {one.code: one.facts["severity"] for one in await noteworthy_of(session, cycle, NOW)}


async def test_a_small_company_is_ready(sessions: SessionMaker, company: SmallCompany) -> None:
    async with sessions() as session:
        assert await wrong_with(session, await session.get_one(Cycle, company.cycle_id), NOW) == []
    assert set(await severities(sessions, company.cycle_id)) <= CALENDAR


async def test_people_without_a_number_can_be_launched_once_the_ladder_sends_no_sms(
    sessions: SessionMaker, company: SmallCompany
) -> None:
    async with sessions() as session:
        await session.exec(update(Person).values(phone=""))
        await session.commit()
        cycle = await session.get_one(Cycle, company.cycle_id)
        assert {one.code for one in await wrong_with(session, cycle, NOW)} == {"phone-missing"}
        terms = cycle.the_terms()
        rungs = tuple(rung for rung in terms.ladder.rungs if Channel.SMS not in rung.channels)
        without_sms = terms.model_copy(update={"ladder": Ladder(rungs=rungs)})
        cycle.terms = without_sms.model_dump(mode="json")
        assert await wrong_with(session, cycle, NOW) == []


async def test_everything_is_found_at_once(sessions: SessionMaker, company: SmallCompany) -> None:
    first, second, third = company.departments
    async with sessions() as session:
        await session.exec(update(Unit).where(col(Unit.id) == first.id).values(head_id=None))
        await session.exec(
            update(Person)
            .where(col(Person.id) == second.director_id)
            .values(email="", phone="12", superior_id=None)
        )
        await session.exec(update(Person).where(col(Person.id) == third.director_id).values(left_on=TODAY))
        one, other, newcomer, odd = third.people_ids
        await session.exec(update(Person).where(col(Person.id) == one).values(superior_id=other))
        await session.exec(update(Person).where(col(Person.id) == other).values(superior_id=one))
        await session.exec(update(Person).where(col(Person.id) == odd).values(post="other"))
        await session.exec(delete(Target).where(col(Target.person_id).in_((one, newcomer))))
        await session.exec(update(Person).where(col(Person.id) == newcomer).values(joined_on=date(2055, 4, 1)))
        await session.exec(delete(Target).where(col(Target.department_id) == first.id))
        session.add(Scorecard(id="x", company_id=company.company_id, name="x", post="x"))
        await session.flush()
        session.add(ScorecardLine(scorecard_id="x", metric_id=company.metric_ids["sales"], weight=Decimal(99)))
        cycle = await session.get_one(Cycle, company.cycle_id)
        cycle.hr_owner_id = "nobody"
        cycle.terms = {**cycle.terms, "targets_due_on": "2054-11-29", "months": cycle.terms["months"][:2]}
        await session.commit()
        found = await noteworthy_of(session, cycle, NOW)
    facts = {one.code: one.facts for one in found}
    assert {code: fact["severity"] for code, fact in facts.items() if code not in CALENDAR} == {
        "months-missing": "error",
        "deadline-over": "error",
        "director-missing": "error",
        "director-left": "error",
        "hr-owner-missing": "error",
        "reporting-circle": "error",
        "email-missing": "error",
        "weights-not-full": "error",
        "scorecard-missing": "error",
        "targets-missing": "warning",
        "superior-missing": "warning",
        "phone-invalid": "error",
        "own-targets-missing": "warning",
    }
    assert len(facts["reporting-circle"]["people"]) == 2
    assert facts["weights-not-full"]["total"] == "99"
    assert facts["scorecard-missing"]["count"] == 1
    assert facts["own-targets-missing"]["person_id"] == one  # The newcomer joins when the quarter is over.

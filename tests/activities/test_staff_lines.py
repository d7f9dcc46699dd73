"""Changes of staff never leave a circle in the reporting line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError

from activities.staff import StaffActivities
from models.database import SessionMaker, writing
from models.messages import CycleMoment
from models.org import Person, circle_through
from models.tasks import Command
from quarterdeck.demo.small import SmallCompany, make_small_company

NOW = datetime(2027, 2, 1, 1, tzinfo=UTC)
DAY = date(2027, 2, 1).isoformat()


async def change(sessions: SessionMaker, company: SmallCompany, **words: Any) -> None:
    command_id = uuid4().hex
    async with sessions() as session:
        await writing(session)
        session.add(
            Command(
                id=command_id,
                idempotency_key=command_id,
                company_id=company.company_id,
                by_id=company.hr_id,
                kind="staff",
                workflow_id="",
                cycle_id=company.cycle_id,
                words={"effective_on": DAY, **words},
                received_at=NOW,
            )
        )
        await session.commit()
    moment = CycleMoment(company_id=company.company_id, cycle_id=company.cycle_id, command_id=command_id, now=NOW)
    await StaffActivities(sessions).change_staff(moment)


async def superior_of(sessions: SessionMaker, person_id: str) -> str | None:
    async with sessions() as session:
        return (await session.get_one(Person, person_id)).superior_id


async def test_a_successor_from_further_down_the_line_would_report_to_themselves(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 2, 3)
    division = company.departments[0]
    lead = division.people_ids[0]
    with pytest.raises(ApplicationError) as refused:
        await change(sessions, company, kind="leave", person_id=division.superior_id, successor_id=lead)
    assert refused.value.type == "line-circular"
    assert await superior_of(sessions, division.director_id) == division.superior_id


async def test_a_direct_report_may_succeed(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 2, 3)
    first, second = company.departments
    await change(sessions, company, kind="leave", person_id=first.superior_id, successor_id=first.director_id)
    assert await superior_of(sessions, first.director_id) == company.boss_id
    assert await superior_of(sessions, second.director_id) == first.director_id


async def test_nobody_is_transferred_to_a_unit_whose_head_reports_to_them(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 2, 3)
    first, second = company.departments
    with pytest.raises(ApplicationError) as refused:
        await change(
            sessions,
            company,
            kind="transfer",
            person_id=company.boss_id,
            to_unit_id=first.id,
            successor_id="",
        )
    assert refused.value.type == "line-circular"
    assert await superior_of(sessions, second.director_id) == second.superior_id


async def test_a_circle_is_found_from_anybody_in_it_and_from_nobody_beside_it(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 1, 3)
    department = company.departments[0]
    async with sessions() as session:
        boss = await session.get_one(Person, company.boss_id)
        boss.superior_id = department.director_id
        lead = await session.get_one(Person, department.people_ids[0])
        around = [one.id for one in await circle_through(session, boss)]
        assert around == [company.boss_id, department.director_id, department.superior_id]
        assert await circle_through(session, lead) == []

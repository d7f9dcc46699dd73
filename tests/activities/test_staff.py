"""Joiners and transfers: their targets, pro-rated by days in post in one recorded step (Rule 12)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlmodel import col, select

from activities.staff import StaffActivities
from models.database import SessionMaker, writing
from models.messages import CycleMoment
from models.metrics import Target
from models.org import Person, PersonnelChange, Unit
from models.scores import missing_components
from models.stages import UnitKind
from models.tasks import Command
from quarterdeck.demo.small import SmallCompany, make_small_company

NOW = datetime(2055, 2, 10, 1, tzinfo=UTC)
MIDDLE = date(2055, 2, 15)
"""The quarter has 90 days: 45 are before, 45 from this one on."""


async def change(sessions: SessionMaker, company: SmallCompany, **words: Any) -> str:
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
                words={"effective_on": MIDDLE.isoformat(), **words},
                received_at=NOW,
            )
        )
        await session.commit()
    moment = CycleMoment(company_id=company.company_id, cycle_id=company.cycle_id, now=NOW, command_id=command_id)
    first = await StaffActivities(sessions).change_staff(moment)
    assert await StaffActivities(sessions).change_staff(moment) == first  # Once, however often it runs.
    return command_id


async def sales_of(sessions: SessionMaker, company: SmallCompany, person_id: str) -> dict[str, tuple[int, int]]:
    """Return goal and what counts of it, by unit."""
    async with sessions() as session:
        found = await session.exec(
            select(Target).where(
                col(Target.person_id) == person_id, col(Target.metric_id) == company.metric_ids["sales"]
            )
        )
        return {target.unit_id: (int(target.full_value), int(target.value)) for target in found.all()}


async def targets_missing(sessions: SessionMaker, company: SmallCompany, department_id: str) -> set[str]:
    async with sessions() as session:
        missing = await missing_components(session, company.cycle_id, department_id)
        return {one.person_id for one in missing if one.reason == "target"}


async def test_who_is_transferred_aims_in_each_post_for_the_days_in_it(sessions: SessionMaker) -> None:
    """Rule 12: 45 of 90 days each: half of 50万 there, half of 80万 here, in one recorded step."""
    company = await make_small_company(sessions, 2, 2)
    old, new = company.departments
    mover = old.people_ids[1]
    targets = [
        {"metric_id": metric_id, "value": "800000" if code == "sales" else "90"}
        for code, metric_id in company.metric_ids.items()
    ]
    words = {"kind": "transfer", "person_id": mover, "to_unit_id": new.team_ids[0], "targets": targets}
    command_id = await change(sessions, company, **words)
    assert await sales_of(sessions, company, mover) == {
        old.team_ids[0]: (500_000, 250_000),
        new.team_ids[0]: (800_000, 400_000),
    }
    assert await targets_missing(sessions, company, new.id) == set()
    async with sessions() as session:
        assert (await session.get_one(PersonnelChange, command_id)).kind == "transfer"


async def test_who_is_transferred_without_new_targets_is_shown_to_hr_as_a_gap(sessions: SessionMaker) -> None:
    """Rules 12 and 42: the goal of the old post alone would make the whole quarter look easy."""
    company = await make_small_company(sessions, 2, 2)
    old, new = company.departments
    mover = old.people_ids[1]
    words = {"kind": "transfer", "person_id": mover, "to_unit_id": new.team_ids[0]}
    await change(sessions, company, **words)
    assert await sales_of(sessions, company, mover) == {old.team_ids[0]: (500_000, 250_000)}
    assert await targets_missing(sessions, company, new.id) == {mover}


async def test_a_second_transfer_leaves_the_targets_of_the_first_post_alone(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 3, 2)
    first, second, third = company.departments
    mover = first.people_ids[1]
    sales = [{"metric_id": company.metric_ids["sales"], "value": "900000"}]
    person = {"kind": "transfer", "person_id": mover, "targets": sales}
    await change(sessions, company, **person, to_unit_id=second.team_ids[0], effective_on="2055-01-31")
    await change(sessions, company, **person, to_unit_id=third.team_ids[0], effective_on="2055-03-02")
    assert await sales_of(sessions, company, mover) == {
        first.team_ids[0]: (500_000, 166_666),
        second.team_ids[0]: (900_000, 300_000),
        third.team_ids[0]: (900_000, 300_000),
    }


async def test_targets_go_along_whole_to_another_team_of_the_department(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 1, 2)
    (department,) = company.departments
    mover = department.people_ids[1]
    other = "another-team"
    async with sessions() as session:
        await writing(session)
        session.add(
            Unit(id=other, company_id=company.company_id, parent_id=department.id, kind=UnitKind.TEAM, name="新组")
        )
        await session.commit()
    await change(sessions, company, kind="transfer", person_id=mover, to_unit_id=other)
    assert await sales_of(sessions, company, mover) == {other: (500_000, 500_000)}
    assert mover not in await targets_missing(sessions, company, department.id)


async def test_a_joiner_aims_for_the_days_in_post_or_is_shown_to_hr_as_a_gap(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 1, 2)
    (department,) = company.departments
    async with sessions() as session:
        pattern = await session.get_one(Person, department.people_ids[1])
    given = {"name": "王五", "post": pattern.post, "grade": pattern.grade, "is_scored": True}
    targets = [{"metric_id": metric_id, "value": "600000"} for metric_id in company.metric_ids.values()]
    with_targets: dict[str, Any] = {"kind": "join", "to_unit_id": department.team_ids[0], "targets": targets}
    await change(sessions, company, **with_targets, person_id="p1", person={**given, "staff_no": "900001"})
    without = {**with_targets, "targets": []}
    await change(sessions, company, **without, person_id="p2", person={**given, "staff_no": "900002"})
    assert await sales_of(sessions, company, "p1") == {department.team_ids[0]: (600_000, 300_000)}
    assert await targets_missing(sessions, company, department.id) == {"p2"}

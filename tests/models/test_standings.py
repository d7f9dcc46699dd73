"""Where people and units stand, on both databases: few statements, the arithmetic of results."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlmodel import col

from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker, writing
from models.metrics import Figure, Target
from models.org import Person
from models.stages import Stage, TaskKind
from models.standings import (
    late_holders,
    lines_of_department,
    lines_of_person,
    months_with_figures,
    progress_by_unit,
    reached_by_month,
    reached_by_unit,
    targets_of_units,
    weights_by_unit,
)
from models.tasks import Task
from quarterdeck.demo.small import SmallCompany, make_small_company

JANUARY, FEBRUARY = date(2055, 1, 1), date(2055, 2, 1)
NOW = datetime(2055, 2, 14, tzinfo=UTC)


async def half_way(sessions: SessionMaker) -> SmallCompany:
    """Two departments of two people: each sold 10万 in January and 20万 in February; one figure was corrected."""
    company = await make_small_company(sessions, 2, 2)
    sales = company.metric_ids["sales"]
    rows: list[Figure | CycleDepartment | Task] = []
    for department in company.departments:
        for person in department.people_ids:
            for month, value, replaced_by in (
                (JANUARY, 100_000, ""),
                (FEBRUARY, 200_000, ""),
                (FEBRUARY, 900_000, "better"),
            ):
                rows.append(
                    Figure(
                        id=f"{person}-{month}{replaced_by}",
                        company_id=company.company_id,
                        department_id=department.id,
                        team_id=department.team_ids[0],
                        person_id=person,
                        metric_id=sales,
                        month=month,
                        value=Decimal(value),
                        source="crm",
                        at=NOW,
                        replaced_by=replaced_by,
                    )
                )
        rows.append(
            CycleDepartment(
                cycle_id=company.cycle_id,
                department_id=department.id,
                company_id=company.company_id,
                stage=Stage.CLOSED if department is company.departments[0] else Stage.APPROVAL,
            )
        )
    late = company.departments[1]
    for number, deadline in enumerate((NOW - timedelta(days=1), NOW - timedelta(days=3), NOW + timedelta(days=1))):
        rows.append(
            Task(
                id=f"t{number}",
                company_id=company.company_id,
                cycle_id=company.cycle_id,
                department_id=late.id,
                slot=f"s{number}",
                kind=TaskKind.APPROVE_RESULTS,
                stage=Stage.APPROVAL,
                holder_id=late.director_id,
                first_holder_id=late.director_id,
                opened_at=NOW,
                deadline_at=deadline,
                first_deadline_at=deadline,
            )
        )
    async with sessions() as session:
        await writing(session)
        session.add_all(rows)
        await session.commit()
    return company


async def test_people_and_teams_stand_by_what_is_in_force(sessions: SessionMaker) -> None:
    """Rule 30: a corrected figure counts once."""
    company = await half_way(sessions)
    department, sales = company.departments[0], company.metric_ids["sales"]
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        lines = [one for one in await lines_of_department(session, cycle, department.id) if one.metric_id == sales]
        assert [(one.person_id, one.target, one.actual, one.weight) for one in lines] == [
            (person, Decimal(500_000), Decimal(300_000), Decimal(50)) for person in department.people_ids
        ]
        person = await session.get_one(Person, department.people_ids[1])
        own = await lines_of_person(session, cycle, person)
        assert {one.person_id for one in own} == {person.id}
        assert len(own) == len(company.metric_ids)
        assert sorted(await months_with_figures(session, cycle, person)) == [JANUARY, FEBRUARY]
        by_month = {
            one.until: (one.place, one.total, one.count)
            for one in await reached_by_month(session, cycle, department.id)
        }
        assert by_month == {
            JANUARY: (department.team_ids[0], Decimal(200_000), 2),
            FEBRUARY: (department.team_ids[0], Decimal(400_000), 2),
        }


async def test_whoever_belongs_to_no_department_has_no_lines(sessions: SessionMaker) -> None:
    company = await half_way(sessions)
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        assert await lines_of_person(session, cycle, await session.get_one(Person, company.boss_id)) == []


async def test_departments_stand_side_by_side_and_divisions_together(sessions: SessionMaker) -> None:
    company = await half_way(sessions)
    sales, division = company.metric_ids["sales"], company.division_ids[0]
    one, other = (department.id for department in company.departments)
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        apart = await reached_by_unit(session, cycle, [one, other], by_division=False)
        assert {(unit.place, unit.total, unit.until) for unit in apart} == {
            (one, Decimal(600_000), FEBRUARY),
            (other, Decimal(600_000), FEBRUARY),
        }
        (whole,) = await reached_by_unit(session, cycle, None, by_division=True)
        assert (whole.place, whole.total, whole.count) == (division, Decimal(1_200_000), 8)
        assert await reached_by_unit(session, cycle, [], by_division=False) == []
        weights = await weights_by_unit(session, cycle, None, by_division=True)
        assert weights[division, sales] == 200  # Half the weight of four people.
        assert (await weights_by_unit(session, cycle, [one], by_division=False))[one, sales] == 100
        targets = await targets_of_units(session, cycle, col(Target.unit_id).in_([one, division]))
        assert (targets[one, sales], targets[division, sales]) == (Decimal(1_000_000), Decimal(2_000_000))


async def test_progress_names_what_is_late_and_with_whom(sessions: SessionMaker) -> None:
    company = await half_way(sessions)
    one, other = company.departments
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        apart = await progress_by_unit(session, cycle, None, NOW, by_division=False)
        assert (apart[one.id].finished, apart[one.id].late, apart[one.id].stage) == (1, 0, Stage.CLOSED)
        assert (apart[other.id].open_tasks, apart[other.id].late, apart[other.id].stage) == (3, 2, Stage.APPROVAL)
        (whole,) = (await progress_by_unit(session, cycle, None, NOW, by_division=True)).values()
        assert (whole.departments, whole.finished, whole.late, whole.stage) == (2, 1, 2, Stage.APPROVAL)
        (holder,) = await late_holders(session, cycle, None, NOW)
        assert (holder.person_id, holder.tasks, holder.since) == (other.director_id, 2, NOW - timedelta(days=3))
        assert await late_holders(session, cycle, [one.id], NOW) == []

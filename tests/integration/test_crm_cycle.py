"""The third quarter of 2017 of a real CRM export, from launch to publication on the real engine."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import col, func, select
from temporalio.testing import WorkflowEnvironment

from models.cycles import Cycle
from models.database import SessionMaker
from models.metrics import Figure, Metric, Score, Target
from models.org import Person, Unit
from models.stages import Channel, CycleState, UnitKind
from models.terms import Ladder, MonthDue, Terms
from quarterdeck.crm_company import ImportOptions
from quarterdeck.crm_import import import_crm_opportunities, prepare_cycle
from quarterdeck.demo.small import SmallCompany, SmallDepartment
from tests.journeys.conftest import outside
from tests.journeys.quarter import Outside, china, quarter
from tests.standins.fixtures import mail, twilio

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "crm-sales-opportunities"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the CRM export is not there: {FOLDER}")
__all__ = ["mail", "outside", "twilio"]

STARTS_AT = china(date(2054, 12, 7), 10)
WON_IN_THE_QUARTER = Decimal("2982255")


def looking_back() -> Terms:
    """Terms of a cycle whose quarter is long over: every month's figures are due at once.

    The export has no phone numbers, so the ladder goes without SMS.
    """
    months = [date(2017, month, 1) for month in (7, 8, 9)]
    return Terms(
        targets_due_on=date(2054, 12, 11),
        months=tuple(
            MonthDue(month=month, opens_on=date(2054, 12, 7), due_on=date(2054, 12, 18)) for month in months
        ),
        approvals_due_on=(date(2054, 12, 22), date(2054, 12, 24), date(2054, 12, 28)),
        feedback_due_on=date(2054, 12, 30),
        ladder=Ladder(rungs=tuple(rung for rung in Ladder().rungs if Channel.SMS not in rung.channels)),
    )


async def who_is_who(sessions: SessionMaker, cycle_id: str) -> SmallCompany:
    async with sessions() as session:
        cycle = await session.get_one(Cycle, cycle_id)
        units = (await session.exec(select(Unit).order_by(col(Unit.id)))).all()
        people = (await session.exec(select(Person).order_by(col(Person.id)))).all()
        metrics = (await session.exec(select(Metric))).all()
    above = {person.id: person.superior_id or "" for person in people}
    departments = tuple(
        SmallDepartment(
            id=unit.id,
            division_id=unit.parent_id or "",
            director_id=unit.head_id or "",
            superior_id=above[unit.head_id or ""],
            team_ids=tuple(team.id for team in units if team.parent_id == unit.id),
            people_ids=tuple(p.id for p in people if p.department_id == unit.id and p.is_scored),
        )
        for unit in units
        if unit.kind is UnitKind.DEPARTMENT
    )
    boss = next(person.id for person in people if person.superior_id is None)
    return SmallCompany(
        company_id=cycle.company_id,
        cycle_id=cycle_id,
        starts_on=cycle.starts_on,
        ends_on=cycle.ends_on,
        boss_id=boss,
        hr_id=cycle.hr_owner_id,
        auditor_id=cycle.hr_owner_id,
        finance_id=cycle.hr_owner_id,
        division_ids=tuple(unit.id for unit in units if unit.kind is UnitKind.DIVISION),
        superior_ids=tuple(sorted({department.superior_id for department in departments})),
        departments=departments,
        metric_ids={metric.code: metric.id for metric in metrics},
    )


async def test_a_quarter_of_a_real_export_runs_to_its_publication(
    engine: WorkflowEnvironment, some_sessions: SessionMaker, outside: Outside
) -> None:
    """Managers are directors; nobody types a figure; the totals are the file's, to the cent."""
    sessions = some_sessions
    await import_crm_opportunities(sessions, FOLDER, ImportOptions(password="a-password-for-tests"))
    cycle_id = await prepare_cycle(sessions, "crm", date(2017, 7, 1), date(2017, 9, 30), looking_back())
    company = await who_is_who(sessions, cycle_id)
    assert len(company.departments) == 6
    async with quarter(engine, sessions, company, outside, STARTS_AT) as it:
        await it.launch()
        for department in company.departments:
            await it.decide(await it.the_task(department.id))
        for task in await it.open_tasks():
            answer = await it.post(task.holder_id, f"/api/tasks/{task.id}/submit", {"rows": []})
            assert answer.status_code == 200, answer.text
        await it.settled()
        async with sessions() as session:
            in_force = select(func.sum(col(Figure.value))).where(
                col(Figure.replaced_by) == "", col(Figure.metric_id) == company.metric_ids["sales"]
            )
            assert (await session.exec(in_force)).one() == WON_IN_THE_QUARTER
        for _ in range(3):
            for department in company.departments:
                await it.decide(await it.the_task(department.id))
        for department in company.departments:
            await it.decide(await it.the_task(department.id))
        await it.reach_state(CycleState.READY)
        await it.hr("publish")
        await it.reach_state(CycleState.PUBLISHED)
        await each_score_is_sales_by_target(sessions, company)


async def each_score_is_sales_by_target(sessions: SessionMaker, company: SmallCompany) -> None:
    """Rule 42: with one metric of weight 100 the result is the attainment, capped at 150."""
    async with sessions() as session:
        scores = {score.person_id: score.total for score in (await session.exec(select(Score))).all()}
        targets = await session.exec(select(Target).where(col(Target.person_id) != ""))
        goals = {target.person_id: target.value for target in targets.all()}
        sums = await session.exec(
            select(Figure.person_id, func.sum(col(Figure.value)))
            .where(col(Figure.replaced_by) == "")
            .group_by(col(Figure.person_id))
        )
        sold = dict(sums.all())
    everyone = {person for department in company.departments for person in department.people_ids}
    assert set(scores) == everyone
    for person, total in scores.items():
        reached = min(Decimal(150), sold[person] * 100 / goals[person])
        assert abs(total - reached) <= Decimal("0.01"), person

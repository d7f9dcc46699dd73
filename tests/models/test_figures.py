"""Taking over what people hand in, and loading what the gate is checked against."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlmodel import col, select

from activities.figures import FigureActivities
from models.cycles import Cycle
from models.database import SessionMaker, writing
from models.errors import Refusal
from models.figures import department_facts, facts_for_task, history_of, months_of, take_submission
from models.messages import DepartmentMoment
from models.metrics import Figure, FigureLevel, Target
from models.org import Person
from models.stages import Stage, TaskKind
from models.tasks import Submission, SubmissionRow, Task
from quarterdeck.demo.small import SmallCompany, make_small_company
from rules.completeness import gaps

JANUARY = date(2055, 1, 1)
HANDED_IN = datetime(2055, 4, 6, 2, tzinfo=UTC)
TAKEN = datetime(2055, 4, 6, 3, tzinfo=UTC)
TEAM = "d0001-t1"


async def company_with_figures(sessions: SessionMaker) -> SmallCompany:
    """A department of two people, whose sales and satisfaction count, with the CRM's figures."""
    company = await make_small_company(sessions, 1, 2, metrics=("sales", "satisfaction"))
    now = datetime(2055, 4, 1, 2, tzinfo=UTC)
    await FigureActivities(sessions).fetch_figures(
        DepartmentMoment(company_id=company.company_id, cycle_id=company.cycle_id, department_id="d0001", now=now)
    )
    return company


def seller_of(company: SmallCompany) -> str:
    return company.departments[0].people_ids[0]


async def hand_in(
    sessions: SessionMaker, company: SmallCompany, *rows: tuple[str, str, str, str], file_name: str = ""
) -> str:
    """Hand in rows of (person, metric, value, reason) for January, and return the submission's id."""
    task = task_of(company)
    submission = Submission(
        id="sub", task_id=task.id, by_id="director", file_name=file_name, received_at=HANDED_IN
    )
    async with sessions() as session:
        session.add(task)
        session.add(submission)
        for number, (person_id, code, value, reason) in enumerate(rows, 2):
            session.add(
                SubmissionRow(
                    submission_id=submission.id,
                    row=number,
                    team_id=TEAM,
                    person_id=person_id,
                    metric_id=company.metric_ids[code],
                    month=JANUARY,
                    value=value,
                    reason=reason,
                )
            )
        await session.commit()
    return submission.id


def task_of(company: SmallCompany, month: date | None = JANUARY) -> Task:
    return Task(
        id="task",
        company_id=company.company_id,
        cycle_id=company.cycle_id,
        department_id="d0001",
        slot="submit-2055-01",
        kind=TaskKind.SUBMIT_DATA,
        stage=Stage.SUBMISSION,
        month=month,
        holder_id="director",
        first_holder_id="director",
        opened_at=HANDED_IN,
        deadline_at=TAKEN,
        first_deadline_at=TAKEN,
    )


async def take(sessions: SessionMaker, submission_id: str) -> int:
    async with sessions() as session:
        await writing(session)
        changed = await take_submission(session, submission_id, TAKEN)
        await session.commit()
    return changed


async def history(sessions: SessionMaker, company: SmallCompany, code: str, owner: str) -> list[Figure]:
    level = FigureLevel.TEAM if code == "satisfaction" else FigureLevel.PERSON
    async with sessions() as session:
        return await history_of(session, (owner, company.metric_ids[code], JANUARY), level)


async def test_a_figure_handed_in_is_taken_over_with_who_and_when(sessions: SessionMaker) -> None:
    """Rule 30: every figure keeps its source and time."""
    company = await company_with_figures(sessions)
    submission = await hand_in(sessions, company, ("", "satisfaction", "91.5", ""))
    assert await take(sessions, submission) == 1
    (figure,) = await history(sessions, company, "satisfaction", TEAM)
    assert (figure.value, figure.source, figure.entered_by) == (Decimal("91.5"), "person", "director")
    assert (figure.at, figure.submission_id, figure.replaced_by) == (TAKEN, submission, "")


async def test_a_corrected_figure_keeps_the_original_with_the_reason(sessions: SessionMaker) -> None:
    """Rule 30: a person's corrected figure keeps the original, who and why."""
    company = await company_with_figures(sessions)
    submission = await hand_in(
        sessions, company, (seller_of(company), "sales", "7.5", "合同补录"), file_name="一月.xlsx"
    )
    assert await take(sessions, submission) == 1
    original, corrected = await history(sessions, company, "sales", seller_of(company))
    assert (original.source, original.replaced_by) == ("crm", corrected.id)
    assert original.value != corrected.value
    assert (corrected.value, corrected.source, corrected.reason) == (Decimal("7.5"), "file", "合同补录")
    assert corrected.replaced_by == ""


async def test_taking_over_twice_changes_nothing(sessions: SessionMaker) -> None:
    company = await company_with_figures(sessions)
    submission = await hand_in(sessions, company, (seller_of(company), "sales", "7.5", "合同补录"))
    await take(sessions, submission)
    before = await history(sessions, company, "sales", seller_of(company))
    assert await take(sessions, submission) == 0
    assert await history(sessions, company, "sales", seller_of(company)) == before


async def test_a_figure_that_is_the_same_stays_the_crms(sessions: SessionMaker) -> None:
    """Rule 29."""
    company = await company_with_figures(sessions)
    (before,) = await history(sessions, company, "sales", seller_of(company))
    submission = await hand_in(sessions, company, (seller_of(company), "sales", f"{before.value}", ""))
    assert await take(sessions, submission) == 0
    assert await history(sessions, company, "sales", seller_of(company)) == [before]


async def test_a_submission_that_fails_half_way_leaves_nothing(sessions: SessionMaker) -> None:
    """Rule 6: taken over as a whole, or not at all."""
    company = await company_with_figures(sessions)
    submission = await hand_in(
        sessions, company, ("", "satisfaction", "91.5", ""), (seller_of(company), "sales", "0.12345", "合同补录")
    )
    with pytest.raises(Exception, match="four decimal places"):
        await take(sessions, submission)
    assert await history(sessions, company, "satisfaction", TEAM) == []
    assert len(await history(sessions, company, "sales", seller_of(company))) == 1


async def test_a_submission_nobody_made_is_refused(sessions: SessionMaker) -> None:
    with pytest.raises(Refusal, match="submission-unknown"):
        await take(sessions, "none")


async def test_the_gate_sees_what_is_in_force_and_whom_a_metric_does_not_concern(sessions: SessionMaker) -> None:
    """Rules 6, 42."""
    company = await company_with_figures(sessions)
    async with sessions() as session:
        for figure in (await session.exec(select(Figure).where(col(Figure.month) == JANUARY))).all():
            await session.delete(figure)
        exempt = await session.exec(
            select(Target).where(
                col(Target.person_id) == seller_of(company), col(Target.metric_id) == company.metric_ids["sales"]
            )
        )
        exempt.one().applies = False
        await session.commit()
    async with sessions() as session:
        january = gaps(await facts_for_task(session, task_of(company)))
        quarter = gaps(await facts_for_task(session, task_of(company, month=None)))
    assert [(gap.person_id, gap.metric_code) for gap in january] == [
        (company.departments[0].people_ids[1], "sales"),
        ("", "satisfaction"),
    ]
    assert len(quarter) == len(january) + 2  # Satisfaction of February and March.


async def test_what_people_achieved_elsewhere_comes_along(sessions: SessionMaker) -> None:
    """Rule 12: a transferred person owes their new department nothing that is known."""
    company = await make_small_company(sessions, 2, 1, metrics=("sales",))
    now = datetime(2055, 4, 1, 2, tzinfo=UTC)
    await FigureActivities(sessions).fetch_figures(
        DepartmentMoment(company_id=company.company_id, cycle_id=company.cycle_id, department_id="d0001", now=now)
    )
    (moved,) = company.departments[0].people_ids
    async with sessions() as session:
        person = await session.get_one(Person, moved)
        person.department_id, person.unit_id = "d0002", "d0002-t1"
        await session.commit()
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        missing = gaps(await department_facts(session, cycle, "d0002"))
    assert {gap.person_id for gap in missing} == set(company.departments[1].people_ids)


def test_a_period_has_every_month_it_touches() -> None:
    cycle = Cycle(
        id="q", company_id="c", name="q", starts_on=date(2054, 11, 15), ends_on=date(2055, 1, 3), hr_owner_id="h"
    )
    assert months_of(cycle) == (date(2054, 11, 1), date(2054, 12, 1), JANUARY)

"""What scoring waited for, taken over with HR's decision; then scoring has it all (Rules 12, 30, 42)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import col, delete, select, update

from activities.figures import FigureActivities
from activities.scoring import ScoringActivities
from activities.tasks import TaskActivities
from models.cycles import CycleEvent
from models.database import SessionMaker, writing
from models.messages import Decide, DepartmentMoment, ScoringOutcome, StageReached, TaskDecided
from models.metrics import Figure, Target
from models.org import TimeInPost
from models.scores import missing_components
from models.stages import Choice, Stage, TaskKind
from models.tasks import Command, Submission, SubmissionRow, Task
from quarterdeck.demo.small import SmallCompany, make_small_company

NOW = datetime(2055, 4, 2, 1, tzinfo=UTC)
MONTHS = (date(2055, 1, 1), date(2055, 2, 1), date(2055, 3, 1))


async def a_gap(sessions: SessionMaker) -> tuple[SmallCompany, Task]:
    """A department that lacks one person's sales target, and how content its customers are."""
    company = await make_small_company(sessions, 1, 2)
    (department,) = company.departments
    moment = DepartmentMoment(
        company_id=company.company_id, cycle_id=company.cycle_id, department_id=department.id, now=NOW
    )
    await FigureActivities(sessions).fetch_figures(moment)
    task = Task(
        id="t",
        company_id=company.company_id,
        cycle_id=company.cycle_id,
        department_id=department.id,
        slot="fill-gap-1",
        kind=TaskKind.FILL_SCORING_GAP,
        stage=Stage.EVALUATION,
        holder_id=company.hr_id,
        first_holder_id=company.hr_id,
        opened_at=NOW,
        deadline_at=NOW,
        first_deadline_at=NOW,
    )
    async with sessions() as session:
        await writing(session)
        session.add(task)
        await session.exec(
            delete(Target).where(
                col(Target.person_id) == department.people_ids[1],
                col(Target.metric_id) == company.metric_ids["sales"],
            )
        )
        await session.commit()
    return company, task


async def fill(sessions: SessionMaker, company: SmallCompany, task: Task, *rows: Any, **words: Any) -> None:
    async with sessions() as session:
        await writing(session)
        session.add(
            Command(
                id="c",
                idempotency_key="c",
                company_id=company.company_id,
                by_id=company.hr_id,
                kind="decide",
                workflow_id="",
                words=words,
                received_at=NOW,
            )
        )
        session.add_all(rows)
        await session.commit()
    decide = Decide(
        command_id="c", task_id=task.id, by_id=company.hr_id, for_id=company.hr_id, choice=Choice.FILLED
    )
    decided = TaskDecided(
        decide=decide,
        company_id=company.company_id,
        cycle_id=company.cycle_id,
        department_id=task.department_id,
        stage=Stage.EVALUATION,
        round=1,
        now=NOW,
    )
    for _ in range(2):  # Once, however often it runs.
        await TaskActivities(sessions).record_decision(decided)


async def scored(sessions: SessionMaker, company: SmallCompany, task: Task) -> ScoringOutcome:
    reached = StageReached(
        company_id=company.company_id,
        cycle_id=company.cycle_id,
        department_id=task.department_id,
        stage=Stage.EVALUATION,
        round=1,
        now=NOW,
    )
    return await ScoringActivities(sessions).score_department(reached)


def figures_of(company: SmallCompany, task: Task) -> list[Any]:
    satisfaction = company.metric_ids["satisfaction"]
    (team_id,) = company.departments[0].team_ids
    return [
        Submission(id="s", task_id=task.id, by_id=company.hr_id, received_at=NOW),
        *(
            SubmissionRow(
                submission_id="s", row=row, team_id=team_id, metric_id=satisfaction, month=month, value="91"
            )
            for row, month in enumerate(MONTHS)
        ),
    ]


async def test_figures_and_targets_that_hr_fills_in_let_scoring_go_on(sessions: SessionMaker) -> None:
    """Rule 42: the whole way from blocked to scored; the record says who set what, from what to what."""
    company, task = await a_gap(sessions)
    person_id, sales = company.departments[0].people_ids[1], company.metric_ids["sales"]
    assert (await scored(sessions, company, task)).missing == 3  # Satisfaction of two, sales of one.
    targets = [{"person_id": person_id, "metric_id": sales, "value": "500000"}]
    await fill(sessions, company, task, *figures_of(company, task), submission_id="s", targets=targets)
    assert await scored(sessions, company, task) == ScoringOutcome(scored=2, missing=0)
    async with sessions() as session:
        event = await session.get_one(CycleEvent, "t/targets")
        entered = (await session.exec(select(Figure).where(col(Figure.submission_id) == "s"))).all()
    assert (event.actor_id, event.at, event.kind) == (company.hr_id, NOW, "targets-filled")
    changed = {"person": person_id, "metric": sales, "before": None, "value": "500000", "counts": "500000"}
    assert event.detail["targets"] == [changed]
    assert {(figure.entered_by, figure.value) for figure in entered} == {(company.hr_id, Decimal(91))}


async def test_what_is_filled_with_a_submission_alone_takes_its_figures_over(sessions: SessionMaker) -> None:
    """Scoring says whether it was enough: a target still lacks here."""
    company, task = await a_gap(sessions)
    await fill(sessions, company, task, *figures_of(company, task), submission_id="s")
    assert await scored(sessions, company, task) == ScoringOutcome(scored=0, missing=1)
    async with sessions() as session:
        assert (await session.get_one(Submission, "s")).taken_at == NOW
        (lack,) = await missing_components(session, company.cycle_id, task.department_id)
    assert (lack.person_id, lack.reason) == (company.departments[0].people_ids[1], "target")


async def test_a_target_filled_in_counts_for_the_days_in_post_and_replaces_one_of_zero(
    sessions: SessionMaker,
) -> None:
    """Rule 12: here since 15 February, 45 of 90 days. The old value stands in the record."""
    company, task = await a_gap(sessions)
    person_id, sales = company.departments[0].people_ids[0], company.metric_ids["sales"]
    async with sessions() as session:
        await writing(session)
        await session.exec(
            update(Target)
            .where(col(Target.person_id) == person_id, col(Target.metric_id) == sales)
            .values(value=Decimal(0), full_value=Decimal(0))
        )
        session.add(
            TimeInPost(
                cycle_id=company.cycle_id,
                person_id=person_id,
                department_id=task.department_id,
                from_on=date(2055, 2, 15),
                until_on=date(2055, 3, 31),
                share=Decimal("0.5"),
            )
        )
        await session.commit()
    targets = [{"person_id": person_id, "metric_id": sales, "value": "600000"}]
    await fill(sessions, company, task, targets=targets)
    async with sessions() as session:
        found = await session.exec(
            select(Target).where(col(Target.person_id) == person_id, col(Target.metric_id) == sales)
        )
        (target,) = found.all()
        event = await session.get_one(CycleEvent, "t/targets")
    assert (target.full_value, target.value) == (Decimal(600_000), Decimal(300_000))
    assert (event.detail["targets"][0]["before"], event.detail["targets"][0]["counts"]) == ("0", "300000")

"""One department's review on the real engine, with time skipped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from models.database import SessionMaker
from models.stages import Channel, Choice, Occasion, TaskKind
from quarterdeck.demo.small import make_small_company
from tests.workflows.house import House, Refused, house

STARTS_AT = datetime(2054, 12, 1, 2, tzinfo=UTC)
"""A Tuesday at 10:00 in Shanghai, a month before the quarter."""


@pytest.fixture
async def home(engine: WorkflowEnvironment, some_sessions: SessionMaker, record_as: str) -> AsyncIterator[House]:
    company = await make_small_company(some_sessions, 1, 2, company_id=f"c{uuid4().hex[:8]}", metrics=())
    async with house(engine, some_sessions, company, record_as, STARTS_AT) as it:
        await it.launch()
        yield it


async def test_a_launch_opens_the_directors_task_and_tells_them(home: House) -> None:
    """Rule 8: the opening notice (e-mail and in the system) always is."""
    (task,) = await home.open_tasks()
    director = home.company.departments[0].director_id
    assert (task.kind, task.holder_id) == (TaskKind.CONFIRM_TARGETS, director)
    notices = await home.notices(task_id=task.id)
    assert {(n.person_id, n.channel, n.occasion) for n in notices} == {
        (director, Channel.EMAIL, Occasion.TASK_OPENED),
        (director, Channel.SYSTEM, Occasion.TASK_OPENED),
    }


async def test_a_confirmed_task_has_no_ladder_left(home: House) -> None:
    """Rule 2: acting on the task cancels what is left of its ladder."""
    (task,) = await home.open_tasks()
    await home.decide(task, Choice.CONFIRM)
    await home.skip_to(task.department_id, task.deadline_at)
    assert not await home.notices(task_id=task.id, occasion=Occasion.TASK_REMINDER)
    assert not await home.notices(task_id=task.id, occasion=Occasion.TASK_ESCALATED)


async def test_what_nobody_answers_climbs_the_line(home: House) -> None:
    """Rules 2, 3, 7: reminders, then superior after superior; at the top HR is told and it stays open."""
    (task,) = await home.open_tasks()
    department = home.company.departments[0]
    await home.skip_to(task.department_id, task.deadline_at)
    moved = await home.task(task.id)
    assert (moved.holder_id, moved.level, moved.epoch) == (department.superior_id, 1, 2)
    reminders = await home.notices(task_id=task.id, occasion=Occasion.TASK_REMINDER)
    assert [(n.channel, n.rung) for n in reminders] == [(Channel.SMS, "sms-3d"), (Channel.EMAIL, "email-1d")]
    with pytest.raises(Refused, match="task-moved") as refused:
        await home.decide(task, Choice.CONFIRM)
    assert refused.value.facts == {"holder_id": department.superior_id}
    await home.skip(task.department_id, timedelta(days=20))
    top = await home.task(task.id)
    assert (top.holder_id, top.state) == (home.company.boss_id, "open")
    told = await home.notices(task_id=task.id, occasion=Occasion.TASK_AT_TOP)
    assert {n.person_id for n in told} == {home.company.hr_id}
    await home.decide(top, Choice.CONFIRM)


async def test_the_second_of_two_decisions_learns_who_decided_what_and_when(home: House) -> None:
    (task,) = await home.open_tasks()
    await home.decide(task, Choice.CONFIRM)
    with pytest.raises(Refused, match="task-closed") as refused:
        await home.decide(task, Choice.CONFIRM)
    assert refused.value.facts["by_id"] == task.holder_id
    assert refused.value.facts["choice"] == Choice.CONFIRM
    assert len(await home.decisions(task.department_id)) == 1


async def test_a_department_walks_through_all_stages_to_its_end(home: House) -> None:
    """Rules 1, 5, 14: three submissions, then the chain of approvals, then the feedback."""
    (task,) = await home.open_tasks()
    department_id = task.department_id
    seen = []
    for _ in range(8):
        task = await home.next_task(department_id)
        seen.append((task.slot, task.holder_id))
        choice = {
            TaskKind.CONFIRM_TARGETS: Choice.CONFIRM,
            TaskKind.SUBMIT_DATA: Choice.SUBMIT,
            TaskKind.APPROVE_RESULTS: Choice.APPROVE,
            TaskKind.GIVE_FEEDBACK: Choice.DONE,
        }[task.kind]
        await home.decide(task, choice)
    await home.review(department_id).result()
    department = home.company.departments[0]
    assert seen == [
        ("targets", department.director_id),
        ("submit-2055-01", department.director_id),
        ("submit-2055-02", department.director_id),
        ("submit-2055-03", department.director_id),
        ("approve-director", department.director_id),
        ("approve-superior", department.superior_id),
        ("approve-hr", home.company.hr_id),
        ("feedback", department.director_id),
    ]

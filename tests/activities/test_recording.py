"""A decision and what became of its command are one transaction: neither stands there without the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from temporalio.exceptions import ApplicationError

from activities.tasks import TaskActivities
from models.database import SessionMaker, writing
from models.messages import Answer, Decide, TaskDecided
from models.stages import Choice, CommandState, Stage, TaskKind, TaskState
from models.tasks import Command, Task
from quarterdeck.demo.small import SmallCompany, make_small_company

NOW = datetime(2055, 1, 4, 1, tzinfo=UTC)


async def an_open_task(sessions: SessionMaker, *command_ids: str) -> tuple[SmallCompany, Task]:
    """A task whose director asked to confirm it, once for each command."""
    company = await make_small_company(sessions, 1, 2)
    (department,) = company.departments
    task = Task(
        id="t",
        company_id=company.company_id,
        cycle_id=company.cycle_id,
        department_id=department.id,
        slot="targets",
        kind=TaskKind.CONFIRM_TARGETS,
        stage=Stage.TARGETS,
        holder_id=department.director_id,
        first_holder_id=department.director_id,
        opened_at=NOW,
        deadline_at=NOW,
        first_deadline_at=NOW,
        next_rung_at=NOW,
    )
    async with sessions() as session:
        await writing(session)
        session.add(task)
        session.add_all(
            Command(
                id=command_id,
                idempotency_key=command_id,
                company_id=company.company_id,
                by_id=department.director_id,
                kind="decide",
                workflow_id="",
                received_at=NOW,
            )
            for command_id in command_ids
        )
        await session.commit()
    return company, task


async def decide(sessions: SessionMaker, company: SmallCompany, command_id: str, now: datetime = NOW) -> Answer:
    (department,) = company.departments
    decided = TaskDecided(
        decide=Decide(
            command_id=command_id,
            task_id="t",
            by_id=department.director_id,
            for_id=department.director_id,
            choice=Choice.CONFIRM,
        ),
        company_id=company.company_id,
        cycle_id=company.cycle_id,
        department_id=department.id,
        stage=Stage.TARGETS,
        round=1,
        leads_to=Stage.SUBMISSION,
        now=now,
    )
    return await TaskActivities(sessions).record_decision(decided)


async def states(sessions: SessionMaker) -> dict[str, CommandState]:
    async with sessions() as session:
        return {command.id: command.state for command in (await session.exec(select(Command))).all()}


async def test_a_decision_that_counts_leaves_its_command_done_and_its_task_closed(sessions: SessionMaker) -> None:
    """DESIGN 14: nobody has to come back for the command; its row says what its caller is told."""
    company, _ = await an_open_task(sessions, "c")
    answer = await decide(sessions, company, "c")
    async with sessions() as session:
        command = await session.get_one(Command, "c")
        task = await session.get_one(Task, "t")
    assert answer.is_noted
    assert command.state is CommandState.DONE
    assert Answer.model_validate(command.answer) == answer.model_copy(update={"is_noted": False})
    assert answer.stage is Stage.SUBMISSION
    assert (task.state, task.closed_at, task.next_rung_at) == (TaskState.DECIDED, NOW, None)


async def test_a_decision_recorded_twice_is_answered_as_the_first_time(sessions: SessionMaker) -> None:
    company, _ = await an_open_task(sessions, "c")
    first = await decide(sessions, company, "c")
    again = await decide(sessions, company, "c", NOW + timedelta(minutes=1))
    assert (again.at, again.is_noted) == (first.at, True)


async def test_a_command_that_is_not_done_yet_is_not_called_noted(sessions: SessionMaker) -> None:
    """A decision may have been written before commands were noted with it: then the server writes it."""
    company, _ = await an_open_task(sessions, "c")
    await decide(sessions, company, "c")
    async with sessions() as session:
        await writing(session)
        (await session.exec(select(Command).where(col(Command.id) == "c"))).one().state = CommandState.RECEIVED
        await session.commit()
    assert not (await decide(sessions, company, "c")).is_noted


async def test_a_decision_without_a_command_is_recorded_too(sessions: SessionMaker) -> None:
    company, _ = await an_open_task(sessions)
    assert not (await decide(sessions, company, "c")).is_noted


async def test_a_decision_that_comes_second_leaves_its_command_to_the_server(sessions: SessionMaker) -> None:
    """Of two decisions one counts; the server hears of the refusal and writes it."""
    company, _ = await an_open_task(sessions, "first", "second")
    await decide(sessions, company, "first")
    with pytest.raises(ApplicationError, match="task-closed"):
        await decide(sessions, company, "second")
    assert await states(sessions) == {"first": CommandState.DONE, "second": CommandState.RECEIVED}

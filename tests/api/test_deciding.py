from __future__ import annotations

import asyncio

from sqlmodel import select

from models.names import department_workflow_id
from models.stages import CommandState
from models.tasks import Command
from tests.api.house import House


async def test_a_director_confirms_and_hears_at_once_that_it_counted(at_work: House) -> None:
    task = await at_work.open_task()
    await at_work.start_review()
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "done"
    assert answer.json()["stage"] == "submission"


async def test_of_fifty_decisions_at_once_one_counts_and_the_others_hear_whose(at_work: House) -> None:
    """Several decide at once: exactly one winner; the losers see who decided what and when."""
    task = await at_work.open_task()
    review = await at_work.start_review()
    async with at_work.caller(task.holder_id) as director:
        answers = await asyncio.gather(
            *(director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"}) for _ in range(50))
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    lost = next(answer.json() for answer in answers if answer.status_code == 409)
    assert lost["code"] == "task-closed"
    assert lost["facts"]["by_id"] == task.holder_id
    assert len((await review.query("moves"))["moves"]) == 1
    async with at_work.sessions() as session:
        commands = (await session.exec(select(Command))).all()
    assert [command.state for command in commands].count(CommandState.DONE) == 1
    assert [command.state for command in commands].count(CommandState.REFUSED) == 49


async def test_workflow_ids_come_from_the_business_key(at_work: House) -> None:
    task = await at_work.open_task()
    handle = await at_work.start_review()
    assert handle.id == department_workflow_id(task.company_id, task.cycle_id, task.department_id)

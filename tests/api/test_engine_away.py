"""A command that comes while the engine, or every worker, is away is kept and carried out later (DESIGN 14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select, update
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import create_app
from api.commands import Commands
from api.engine import Engine
from api.forwarder import Forwarder
from models.stages import CommandState
from models.tasks import Command, settle
from tests.api.house import House


class AwayEngine(Engine):
    """Never answers: nobody listens at its address."""

    def __init__(self) -> None:
        super().__init__(pydantic_data_converter)


@pytest.fixture
def cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The application with nobody at Temporal's address."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    engine = AwayEngine()
    parts = replace(house.parts, engine=engine, commands=Commands(engine, house.parts.settings))
    return replace(house, app=create_app(parts), parts=parts)


async def states(house: House) -> list[str]:
    async with house.sessions() as session:
        return list((await session.exec(select(Command.state))).all())


async def let_leases_run_out(house: House) -> None:
    async with house.sessions() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await session.exec(
            update(Command).where(col(Command.state) == CommandState.RECEIVED).values(claimed_until=past)
        )
        await session.commit()


async def test_a_decision_is_received_while_the_engine_is_away_and_counts_once_it_is_back(
    house: House, cut_off: House
) -> None:
    task = await house.open_task()
    review = await house.start_review()
    async with cut_off.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm", "comment": "同意"})
        assert answer.status_code == 202
        assert answer.json()["state"] == "received"
        command_id = answer.json()["command_id"]
        waiting = await director.get(f"/api/commands/{command_id}")
        assert waiting.json()["state"] == "received"
    await let_leases_run_out(house)
    async with house.worker():
        assert await Forwarder(house.sessions, house.parts.commands).carry_out_what_waits() == 1
        moves = (await review.query("moves"))["moves"]
    assert [move["command_id"] for move in moves] == [command_id]
    async with house.caller(task.holder_id) as director:
        done = (await director.get(f"/api/commands/{command_id}")).json()
    assert done["state"] == "done"
    assert done["answer"]["stage"] == "submission"


async def test_a_launch_is_received_and_carried_out_later(house: House, cut_off: House) -> None:
    company = house.company
    async with cut_off.caller(company.hr_id) as hr:
        answer = await hr.post(f"/api/cycles/{company.cycle_id}/launch")
        again = await hr.post(f"/api/cycles/{company.cycle_id}/launch")
        paused = await hr.post(f"/api/cycles/{company.cycle_id}/pause", json={})
    assert answer.status_code == paused.status_code == 202
    assert again.json()["code"] == "cycle-already-launched"
    await let_leases_run_out(house)
    async with house.worker():
        assert await Forwarder(house.sessions, house.parts.commands).carry_out_what_waits() == 2
    assert await states(house) == [CommandState.DONE, CommandState.DONE]


async def test_a_command_without_a_worker_is_received_and_not_done_twice(house: House) -> None:
    quick = house.parts.settings.model_copy(update={"answer_within": timedelta(seconds=1)})
    commands = Commands(house.parts.engine, quick)
    impatient = replace(house, app=create_app(replace(house.parts, commands=commands, settings=quick)))
    task = await house.open_task()
    review = await house.start_review()
    key = {"Idempotency-Key": "only-once"}
    async with impatient.caller(task.holder_id) as director:
        first = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"}, headers=key)
        assert first.status_code == 202
        async with house.worker():
            second = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"}, headers=key)
            third = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"}, headers=key)
            moves = (await review.query("moves"))["moves"]
    assert second.status_code == third.status_code == 200
    assert second.json() == third.json()
    assert first.json()["command_id"] == second.json()["command_id"]
    assert len(moves) == 1


async def test_a_command_refused_later_says_why(house: House, cut_off: House) -> None:
    task = await house.open_task()
    await house.start_review()
    async with cut_off.caller(task.holder_id) as director:
        received = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    async with house.worker(), house.caller(task.holder_id) as director:
        won = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
        assert won.status_code == 200
        await let_leases_run_out(house)
        await Forwarder(house.sessions, house.parts.commands).carry_out_what_waits()
        lost = (await director.get(f"/api/commands/{received.json()['command_id']}")).json()
    assert lost["state"] == "refused"
    assert lost["answer"]["code"] == "task-closed"


async def test_a_decision_that_the_worker_wrote_is_asked_again_until_the_engine_has_answered(house: House) -> None:
    """Temporal was killed after the worker had written it: the workflow does not know of it, and hears it now."""
    task = await house.open_task()
    review = await house.start_review()
    quick = house.parts.settings.model_copy(update={"answer_within": timedelta(seconds=1)})
    commands = Commands(house.parts.engine, quick)
    impatient = replace(house, app=create_app(replace(house.parts, commands=commands, settings=quick)))
    async with impatient.caller(task.holder_id) as director:
        received = (await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})).json()
    await let_leases_run_out(house)
    async with house.sessions() as session:
        await settle(session, received["command_id"], CommandState.DONE, {"task_id": task.id})
        await session.commit()
    forwarder = Forwarder(house.sessions, house.parts.commands)
    async with house.worker():
        assert await forwarder.carry_out_what_waits() == 1
        moves = (await review.query("moves"))["moves"]
    assert [move["command_id"] for move in moves] == [received["command_id"]]
    async with house.sessions() as session:
        assert await house.parts.commands.release_answered(session) == 1
    await let_leases_run_out(house)
    assert await forwarder.claim() == []


async def test_what_the_engine_has_answered_is_not_asked_again(house: House) -> None:
    task = await house.open_task()
    await house.start_review()
    async with house.worker(), house.caller(task.holder_id) as director:
        done = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
        said = await director.post(f"/api/tasks/{task.id}/comment", json={"text": "同意"})
    assert (done.status_code, said.status_code) == (200, 201)
    async with house.sessions() as session:
        assert await house.parts.commands.release_answered(session) == 1
        assert await house.parts.commands.release_answered(session) == 0
        assert set((await session.exec(select(Command.claimed_until))).all()) == {None}


async def test_two_servers_do_not_carry_out_the_same_command_at_once(house: House, cut_off: House) -> None:
    task = await house.open_task()
    async with cut_off.caller(task.holder_id) as director:
        await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    await let_leases_run_out(house)
    ours = Forwarder(house.sessions, house.parts.commands)
    theirs = Forwarder(house.sessions, house.parts.commands)
    assert len(await ours.claim()) == 1
    assert await theirs.claim() == []


async def test_a_fresh_command_is_left_to_the_server_that_took_it(house: House, cut_off: House) -> None:
    task = await house.open_task()
    async with cut_off.caller(task.holder_id) as director:
        await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert await Forwarder(house.sessions, house.parts.commands).claim() == []


async def test_what_still_waits_is_tried_again_within_seconds_and_after_the_others(
    house: House, cut_off: House
) -> None:
    tasks = [await house.open_task(), await house.open_task("targets-2")]
    for task in tasks:
        async with cut_off.caller(task.holder_id) as director:
            await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    await let_leases_run_out(house)
    assert await Forwarder(cut_off.sessions, cut_off.parts.commands).carry_out_what_waits() == 0
    soon = datetime.now(UTC) + timedelta(seconds=5)
    async with house.sessions() as session:
        waiting = (await session.exec(select(Command).order_by(col(Command.claimed_until)))).all()
    assert [command.task_id for command in waiting] == [tasks[1].id, tasks[0].id]
    assert all(command.claimed_until and command.claimed_until < soon for command in waiting)


async def test_a_decision_on_a_review_that_has_ended_is_refused(at_work: House) -> None:
    task = await at_work.open_task()
    review = await at_work.start_review()
    await review.signal("end")
    await review.result()
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert (answer.status_code, answer.json()["code"]) == (409, "cycle-ended")


async def test_pages_and_lists_are_served_while_the_engine_is_away(house: House, cut_off: House) -> None:
    task = await house.open_task()
    async with cut_off.caller(task.holder_id) as director:
        listed = await director.get("/api/tasks?holder=me")
        health = await director.get("/healthz")
    assert [one["id"] for one in listed.json()["items"]] == [task.id]
    assert health.status_code == 200
    assert health.json() == {"database": "up", "engine": "away"}

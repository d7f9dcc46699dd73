"""HR's orders about a cycle over HTTP, and what each is refused (Rules 10 and 13)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from models.names import cycle_workflow_id
from models.tasks import Command
from tests.api.house import House


@pytest.fixture
async def running(at_work: House) -> House:
    async with at_work.caller(at_work.company.hr_id) as hr:
        assert (await hr.post(f"/api/cycles/{at_work.company.cycle_id}/launch")).status_code == 200
    return at_work


async def moves_of(house: House) -> list[dict[str, Any]]:
    handle = house.client.get_workflow_handle(cycle_workflow_id(house.company.company_id, house.company.cycle_id))
    moves: list[dict[str, Any]] = (await handle.query("moves"))["moves"]
    return moves


async def test_a_pause_counts_once_and_the_second_is_told(running: House) -> None:
    path = f"/api/cycles/{running.company.cycle_id}"
    async with running.caller(running.company.hr_id) as hr:
        first = await hr.post(f"{path}/pause", json={"reason": "系统维护"})
        second = await hr.post(f"{path}/pause", json={})
        resumed = await hr.post(f"{path}/resume", json={})
    assert first.status_code == resumed.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "already-paused")
    assert [move["name"] for move in await moves_of(running)] == ["pause", "resume"]


async def test_publishing_too_early_tells_how_many_are_open(running: House) -> None:
    async with running.caller(running.company.hr_id) as hr:
        answer = await hr.post(f"/api/cycles/{running.company.cycle_id}/publish", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "cycle-not-ready")
    assert answer.json()["facts"] == {"count": 3}


async def test_a_new_plan_keeps_what_is_not_said(running: House) -> None:
    company = running.company
    path = f"/api/cycles/{company.cycle_id}"
    async with running.caller(company.hr_id) as hr:
        before = (await hr.get(path)).json()["terms"]
        given = {"terms": {"feedback_due_on": "2055-06-30"}, "reason": "顺延"}
        answer = await hr.post(f"{path}/plan", json=given)
        over = await hr.post(f"{path}/plan", json={"terms": {"targets_due_on": "2020-01-06"}, "reason": "x"})
        silent = await hr.post(f"{path}/plan", json={"terms": {}})
    assert answer.status_code == 200, answer.text
    async with running.sessions() as session:
        command = await session.get_one(Command, answer.json()["command_id"])
    assert command.words["reason"] == "顺延"
    assert command.words["terms"] == {**before, "feedback_due_on": "2055-06-30"}
    assert (over.status_code, over.json()["code"]) == (422, "terms-invalid")
    assert "deadline-over" in {error["code"] for error in over.json()["errors"]}
    assert silent.json()["code"] == "body-invalid"


async def test_reopening_names_department_and_stage(running: House) -> None:
    company = running.company
    path = f"/api/cycles/{company.cycle_id}/reopen"
    department_id = company.departments[0].id
    async with running.caller(company.hr_id) as hr:
        answer = await hr.post(path, json={"department_id": department_id, "stage": "approval", "reason": "x"})
        unknown = await hr.post(path, json={"department_id": "nowhere", "reason": "x"})
        ended = await hr.post(path, json={"department_id": department_id, "stage": "closed", "reason": "x"})
    assert answer.status_code == 200
    move = (await moves_of(running))[-1]
    assert (move["name"], move["department_id"], move["stage"]) == ("reopen", department_id, "approval")
    assert unknown.json()["code"] == "department-unknown"
    assert ended.json()["code"] == "stage-not-open"


async def test_only_hr_gives_orders_and_a_draft_takes_none(at_work: House) -> None:
    company = at_work.company
    for order in ("pause", "resume", "cancel", "publish"):
        path = f"/api/cycles/{company.cycle_id}/{order}"
        async with at_work.caller(company.boss_id) as boss, at_work.caller(company.hr_id) as hr:
            refused = await boss.post(path, json={})
            draft = await hr.post(path, json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "role-needed")
        assert (draft.status_code, draft.json()["code"]) == (409, "cycle-not-running")
    async with at_work.sessions() as session:
        assert (await session.exec(select(Command))).all() == []

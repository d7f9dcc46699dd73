"""Joiners, leavers and transfers over HTTP: routed to the cycle under way (Rule 12)."""

from __future__ import annotations

from typing import Any

import pytest

from models.names import cycle_workflow_id
from models.org import Person
from models.tasks import Command
from tests.api.house import House


@pytest.fixture
async def running(at_work: House) -> House:
    async with at_work.caller(at_work.company.hr_id) as hr:
        assert (await hr.post(f"/api/cycles/{at_work.company.cycle_id}/launch")).status_code == 200
    return at_work


async def moves_of(house: House) -> list[str]:
    handle = house.client.get_workflow_handle(cycle_workflow_id(house.company.company_id, house.company.cycle_id))
    return [move["name"] for move in (await handle.query("moves"))["moves"]]


async def words_of(house: House, command_id: str) -> dict[str, Any]:
    async with house.sessions() as session:
        return (await session.get_one(Command, command_id)).words


async def test_a_leaver_a_transfer_and_a_joiner_reach_the_running_cycle(running: House) -> None:
    company = running.company
    first, second, _ = company.departments
    joiner = {
        "staff_no": "777777",
        "name": "王五",
        "unit_id": first.team_ids[0],
        "effective_on": "2055-02-01",
        "post": "销售代表",
    }
    async with running.caller(company.hr_id) as hr:
        left = await hr.post(
            f"/api/people/{first.director_id}/leave",
            json={"effective_on": "2055-02-01", "successor_id": second.director_id, "reason": "离职"},
        )
        moved = await hr.post(
            f"/api/people/{first.people_ids[1]}/transfer",
            json={
                "effective_on": "2055-02-01",
                "to_unit_id": second.team_ids[0],
                "targets": [{"metric": "sales", "value": "500000"}],
            },
        )
        joined = await hr.post("/api/people", json=joiner)
    assert [left.status_code, moved.status_code, joined.status_code] == [200, 200, 200]
    assert await moves_of(running) == ["change_staff"] * 3
    words = await words_of(running, left.json()["command_id"])
    assert words == {
        "kind": "leave",
        "person_id": first.director_id,
        "effective_on": "2055-02-01",
        "successor_id": second.director_id,
        "reason": "离职",
    }
    words = await words_of(running, moved.json()["command_id"])
    assert words["targets"] == [{"metric_id": company.metric_ids["sales"], "value": "500000"}]
    words = await words_of(running, joined.json()["command_id"])
    assert (words["kind"], words["to_unit_id"]) == ("join", first.team_ids[0])
    assert words["person"]["name"] == "王五"


async def test_what_is_not_there_is_refused_by_name(running: House) -> None:
    company = running.company
    on = {"effective_on": "2055-02-01"}
    known = company.departments[0].people_ids[1]
    async with running.caller(company.hr_id) as hr:
        nobody = await hr.post("/api/people/nobody/leave", json=on)
        nowhere = await hr.post(f"/api/people/{known}/transfer", json={**on, "to_unit_id": "nowhere"})
        no_metric = await hr.post(
            f"/api/people/{known}/transfer",
            json={
                **on,
                "to_unit_id": company.departments[1].team_ids[0],
                "targets": [{"metric": "fame", "value": 1}],
            },
        )
        no_cycle = await hr.post(f"/api/people/{known}/leave", json={**on, "cycle_id": "another"})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "person-unknown")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unit-unknown")
    assert (no_metric.status_code, no_metric.json()["code"]) == (422, "metric-unknown")
    assert (no_cycle.status_code, no_cycle.json()["code"]) == (409, "cycle-not-running")
    async with running.caller(company.departments[0].director_id) as director:
        refused = await director.post(f"/api/people/{known}/leave", json=on)
    assert refused.json()["code"] == "role-needed"


async def test_a_staff_number_is_taken_once(running: House) -> None:
    company = running.company
    async with running.sessions() as session:
        taken = (await session.get_one(Person, company.hr_id)).staff_no
    given = {"staff_no": taken, "name": "x", "unit_id": company.departments[0].id, "effective_on": "2055-02-01"}
    async with running.caller(company.hr_id) as hr:
        answer = await hr.post("/api/people", json=given)
    assert (answer.status_code, answer.json()["code"]) == (409, "person-known")


async def test_without_a_cycle_under_way_there_is_nobody_to_tell(at_work: House) -> None:
    person_id = at_work.company.departments[0].people_ids[1]
    async with at_work.caller(at_work.company.hr_id) as hr:
        answer = await hr.post(f"/api/people/{person_id}/leave", json={"effective_on": "2055-02-01"})
    assert answer.json()["code"] == "cycle-not-running"

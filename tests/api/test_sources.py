"""Sources of figures by the JSON interface: connected and fetched by machines, no secret in any answer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from models.accounts import Scope
from models.names import fetch_workflow_id, schedule_workflow_id
from models.sources import Fetch, Source
from models.tasks import Command
from tests.api.house import House
from tests.api.test_scopes import with_token

SECRET = "correct horse battery"
RATES = {
    "kind": "rate",
    "object": "rates",
    "key": "id",
    "fields": {"day": {"column": "d"}, "currency": {"column": "c"}, "rate": {"column": "r"}},
}
ERP: dict[str, Any] = {
    "kind": "database",
    "name": "ERP",
    "settings": {"dialect": "postgresql", "host": "erp.example.com", "database": "erp", "user": "reader"},
    "secrets": {"password": SECRET},
    "maps": [RATES],
    "every_minutes": 60,
}


async def test_a_source_is_connected_listed_and_fetched(house: House) -> None:
    """Rule 29."""
    async with house.caller(house.company.hr_id) as machine:
        made = await machine.post("/api/sources", json=ERP)
        assert made.status_code == 201, made.text
        source_id = made.json()["id"]
        (shown,) = (await machine.get("/api/sources")).json()["items"]
        assert (shown["name"], shown["is_old"], shown["fetched_at"]) == ("ERP", True, None)
        assert shown["maps"][0]["fields"]["rate"]["column"] == "r"
        asked = await machine.post(f"/api/sources/{source_id}/fetch", json={"mode": "dry-run"})
        assert asked.status_code == 202
        listed = await machine.get(f"/api/sources/{source_id}/fetches")
        (fetch,) = listed.json()["items"]
        assert (fetch["id"], fetch["state"]) == (asked.json()["fetch_id"], "running")
        again = await machine.post(f"/api/sources/{source_id}/fetch", json={"mode": "test"})
        assert (again.status_code, again.json()["code"]) == (409, "fetch-running")
        texts = [made.text, listed.text, (await machine.get("/api/sources")).text]
    assert all(SECRET not in text for text in texts)
    for workflow_id in (fetch_workflow_id, schedule_workflow_id):
        handle = house.client.get_workflow_handle(workflow_id(house.company.company_id, source_id))
        await handle.terminate()


async def test_connecting_twice_with_one_key_connects_once(house: House) -> None:
    headers = {"idempotency-key": "once"}
    async with house.caller(house.company.hr_id) as machine:
        first = await machine.post("/api/sources", json=ERP, headers=headers)
        second = await machine.post("/api/sources", json=ERP, headers=headers)
        other = await machine.post("/api/sources", json={**ERP, "name": "other"}, headers=headers)
    assert first.json() == second.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    async with house.sessions() as session:
        assert len((await session.exec(select(Source))).all()) == 1
        kept = (await session.exec(select(Command))).all()
    assert all(SECRET not in command.model_dump_json() for command in kept)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"settings": {"dialect": "postgresql"}}, "setting-missing"),
        ({"settings": {**ERP["settings"], "colour": "red"}}, "setting-unknown"),
        ({"every_minutes": 1}, "setting-out-of-bounds"),
        ({"stale_after_hours": 0}, "setting-out-of-bounds"),
        ({"maps": [{**RATES, "key": ""}]}, "map-key-missing"),
        ({"maps": [RATES, RATES]}, "map-kind-twice"),
        ({"name": " "}, "setting-missing"),
    ],
)
async def test_a_source_that_makes_no_sense_is_refused_with_everything_that_is_wrong(
    house: House, change: dict[str, Any], code: str
) -> None:
    async with house.caller(house.company.hr_id) as machine:
        answer = await machine.post("/api/sources", json={**ERP, **change})
    assert answer.status_code == 422
    assert code in {error["code"] for error in answer.json()["errors"]}
    assert SECRET not in answer.text
    async with house.sessions() as session:
        assert (await session.exec(select(Source))).first() is None


async def test_a_period_that_ends_before_it_begins_is_not_fetched(house: House) -> None:
    async with house.caller(house.company.hr_id) as machine:
        source_id = (await machine.post("/api/sources", json={**ERP, "every_minutes": 0})).json()["id"]
        period = {"mode": "dry-run", "from_on": "2027-02-01", "until_on": "2027-01-01"}
        answer = await machine.post(f"/api/sources/{source_id}/fetch", json=period)
    assert (answer.status_code, answer.json()["code"]) == (422, "period-invalid")
    async with house.sessions() as session:
        assert (await session.exec(select(Fetch))).first() is None


async def test_sources_have_a_scope_of_their_own(house: House) -> None:
    readers = await with_token(house, house.company.hr_id, Scope.READ, Scope.CYCLES)
    async with house.caller(readers) as machine:
        assert (await machine.get("/api/sources")).status_code == 200
        answer = await machine.post("/api/sources", json=ERP)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-needed")
    assert "sources:write" in answer.json()["detail"]


async def test_directors_and_auditors_do_not_connect_sources(house: House) -> None:
    async with house.caller(house.company.departments[0].director_id) as director:
        assert (await director.get("/api/sources")).status_code == 403
        assert (await director.post("/api/sources", json=ERP)).status_code == 403
    async with house.caller(house.company.auditor_id) as auditor:
        assert (await auditor.get("/api/sources")).status_code == 200
        assert (await auditor.post("/api/sources", json=ERP)).status_code == 403


async def test_the_documentation_shows_how_sources_are_asked_for(house: House) -> None:
    async with house.caller(house.company.hr_id) as machine:
        page = (await machine.get("/api/docs")).text
    assert "/api/sources/{source_id}/fetch" in page
    assert "v_orders" in page

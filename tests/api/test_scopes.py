"""Machines' tokens: each does what it was made for, until it expires or is revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.resources import routers
from api.scopes import SAFE, scope_needed
from models.accounts import Scope
from models.org import Account, ApiToken
from tests.api.house import House


async def with_token(house: House, person_id: str, *scopes: Scope, **columns: Any) -> str:
    token = f"token-{'-'.join(scopes)}-{person_id}"
    row = ApiToken(
        token_hash=sha256(token.encode()).hexdigest(),
        name="test",
        person_id=person_id,
        created_at=datetime.now(UTC),
        scopes=[scope.value for scope in scopes],
        **columns,
    )
    async with house.sessions() as session:
        session.add(row)
        await session.commit()
    return token


async def test_a_token_to_read_reads_and_changes_nothing(house: House) -> None:
    task = await house.open_task()
    token = await with_token(house, task.holder_id, Scope.READ)
    async with house.caller(token) as machine:
        assert (await machine.get(f"/api/tasks/{task.id}")).status_code == 200
        answer = await machine.post(f"/api/tasks/{task.id}/comment", json={"text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-needed")
    assert "tasks:write" in answer.json()["detail"]


async def test_a_token_for_one_thing_does_not_do_another(house: House) -> None:
    task = await house.open_task()
    token = await with_token(house, house.company.hr_id, Scope.TASKS)
    async with house.caller(token) as machine:
        assert (await machine.post(f"/api/tasks/{task.id}/comment", json={"text": "x"})).status_code == 201
        assert (await machine.get("/api/cycles")).status_code == 403
        assert (await machine.post(f"/api/cycles/{house.company.cycle_id}/launch")).status_code == 403
        assert (await machine.post("/api/people", json={})).status_code == 403


async def test_no_scope_makes_a_person_more_than_they_are(house: House) -> None:
    token = await with_token(house, house.company.departments[0].director_id, *Scope)
    async with house.caller(token) as machine:
        answer = await machine.post(f"/api/cycles/{house.company.cycle_id}/launch")
    assert answer.json()["code"] == "role-needed"


@pytest.mark.parametrize("ending", ["expires_at", "revoked_at"])
async def test_an_expired_or_revoked_token_is_not_known(house: House, ending: str) -> None:
    columns = {ending: datetime.now(UTC) - timedelta(seconds=1)}
    token = await with_token(house, house.company.hr_id, *Scope, **columns)
    async with house.caller(token) as machine:
        answer = await machine.get("/api/cycles")
    assert (answer.status_code, answer.json()["code"]) == (401, "token-unknown")


async def test_a_token_of_a_locked_account_is_not_known(house: House) -> None:
    token = await with_token(house, house.company.hr_id, Scope.READ)
    async with house.sessions() as session:
        account = await session.get_one(Account, house.company.hr_id)
        account.is_barred = True
        await session.commit()
    async with house.caller(token) as machine:
        assert (await machine.get("/api/cycles")).status_code == 401


def test_every_route_of_the_interface_that_changes_something_has_a_scope() -> None:
    """A new resource needs its line in `api/scopes.py`; without one no token reaches it."""
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in (route.methods or set()) - SAFE:
                assert scope_needed(method, f"/api{route.path}"), f"{method} /api{route.path}"


@pytest.mark.parametrize("path", ["/me/security/password", "/cycles/new", "/api/nothing", "/api", "/"])
def test_what_is_not_named_no_token_changes(path: str) -> None:
    assert scope_needed("POST", path) is None

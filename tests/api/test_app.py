"""What holds for the whole application: headers, documentation, sign-in by cookie, health, the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import Request
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, update
from starlette.requests import HTTPConnection

from api.app import create_app
from api.cookies import SESSION_COOKIE, Cookies, Visit, mark_of
from models.database import connect, is_away, session_maker
from models.org import Account, Person
from models.settings import Settings
from tests.api.house import House


async def cookie_of(house: House, person_id: str, settings: Settings | None = None) -> str:
    """The session cookie that signing in gives."""
    cookies = Cookies(settings or house.parts.settings)
    async with house.sessions() as session:
        account = await session.get_one(Account, person_id)
    visit = Visit("nonce", person_id, mark_of(account))
    return cookies.header_for(visit).split("=", 1)[1].split(";", 1)[0]


def form_token(house: House, cookie: str) -> str:
    scope: dict[str, Any] = {
        "type": "http",
        "headers": [(b"cookie", f"{SESSION_COOKIE}={cookie}".encode())],
        "state": {},
    }
    return house.parts.cookies.form_token(HTTPConnection(scope))


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the first director is signed in."""
    cookie = await cookie_of(house, house.company.departments[0].director_id)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app),
        base_url="http://127.0.0.1:8000",
        cookies={SESSION_COOKIE: cookie},
    ) as client:
        yield client


async def test_every_answer_carries_the_security_headers(house: House) -> None:
    async with house.caller(house.company.hr_id) as hr:
        for path in ("/api/cycles", "/api/nothing", "/healthz", "/sign-in", "/api/docs"):
            answer = await hr.get(path)
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"


async def test_without_a_token_nothing_is_told(house: House) -> None:
    async with house.caller("nobody's token") as stranger:
        wrong = await stranger.get("/api/cycles")
        del stranger.headers["authorization"]
        none = await stranger.get("/api/cycles")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "token-unknown")
    assert (none.status_code, none.json()["code"]) == (401, "sign-in-needed")
    assert none.headers["www-authenticate"] == "Bearer"
    assert none.headers["content-type"] == "application/problem+json"


async def test_who_has_left_is_let_in_no_more(house: House) -> None:
    async with house.sessions() as session:
        past = datetime.now(UTC).date() - timedelta(days=1)
        await session.exec(update(Person).where(col(Person.id) == house.company.hr_id).values(left_on=past))
        await session.commit()
    async with house.caller(house.company.hr_id) as hr:
        assert (await hr.get("/api/cycles")).status_code == 401


async def test_who_will_leave_still_works(house: House) -> None:
    async with house.sessions() as session:
        person = update(Person).where(col(Person.id) == house.company.hr_id)
        await session.exec(person.values(left_on=date(2099, 1, 1)))
        await session.commit()
    async with house.caller(house.company.hr_id) as hr:
        assert (await hr.get("/api/cycles")).status_code == 200


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "请"), ("en", "lease"), ("fr, en;q=0.5", "lease")])
async def test_problems_are_told_in_the_caller_s_language(house: House, language: str, said: str) -> None:
    async with house.caller(house.company.hr_id, language) as hr:
        answer = await hr.post("/api/cycles", json={"name": "x", "starts_on": "2055-01-01"})
    assert answer.json()["code"] == "body-invalid"
    assert said in answer.json()["detail"]


async def test_a_signed_in_browser_reads_and_needs_our_form_s_token_to_write(
    house: House, browser: httpx.AsyncClient
) -> None:
    task = await house.open_task()
    path = f"/api/tasks/{task.id}/comment"
    cookie = browser.cookies[SESSION_COOKIE]
    token = form_token(house, cookie)
    assert (await browser.get("/api/tasks?holder=me")).status_code == 200
    bare = await browser.post(path, json={"text": "x"})
    forged = await browser.post(path, json={"text": "x"}, headers={"x-csrf-token": token[:-2] + "xx"})
    good = await browser.post(path, json={"text": "x"}, headers={"x-csrf-token": token})
    assert (bare.status_code, bare.json()["code"]) == (403, "form-expired")
    assert forged.status_code == 403
    assert good.status_code == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://elsewhere.example"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://127.0.0.1:8000"}, 201),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 201),  # What browsers send under no-referrer.
    ],
)
async def test_a_request_from_another_site_does_nothing(
    house: House, browser: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    task = await house.open_task()
    token = form_token(house, browser.cookies[SESSION_COOKIE])
    answer = await browser.post(
        f"/api/tasks/{task.id}/comment", json={"text": "x"}, headers={"x-csrf-token": token, **headers}
    )
    assert answer.status_code == status


async def test_a_new_password_and_a_removed_key_sign_browsers_out(
    house: House, browser: httpx.AsyncClient
) -> None:
    assert (await browser.get("/api/tasks")).status_code == 200
    director_id = house.company.departments[0].director_id
    async with house.sessions() as session:
        await session.exec(update(Account).where(col(Account.person_id) == director_id).values(password_hash="x"))
        await session.commit()
    assert (await browser.get("/api/tasks")).status_code == 401


async def test_cookies_of_an_older_key_are_accepted_while_it_is_in_the_ring(house: House) -> None:
    director_id = house.company.departments[0].director_id
    old, new = SecretStr("o" * 40), SecretStr("n" * 40)
    before = house.parts.settings.model_copy(update={"secret_keys": (old,)})
    cookie = await cookie_of(house, director_id, before)
    for ring, status in (((new, old), 200), ((new,), 401)):
        settings = house.parts.settings.model_copy(update={"secret_keys": ring})
        app = create_app(replace(house.parts, settings=settings, cookies=Cookies(settings)))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000", cookies={SESSION_COOKIE: cookie}
        ) as browser:
            assert (await browser.get("/api/tasks")).status_code == status


async def test_the_log_names_the_route_and_never_a_token_or_query(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with house.caller(house.company.hr_id) as hr:
            await hr.get("/t/aSecretTokenThatNobodyMayRead?phone=13800138000")
            await hr.get("/api/tasks?holder=me&cursor=secret-place")
    records = [record for record in caplog.records if record.name != "httpx"]  # The caller's own log.
    lines = [record.getMessage() for record in records]
    assert any(line.startswith("GET /t/{token} ") for line in lines)
    assert any(line.startswith("GET /api/tasks ") and " 422 " in line for line in lines)
    for secret in ("aSecret", "13800138000", "secret-place"):
        assert not any(secret in line for line in lines)


async def test_a_body_without_end_is_cut_off(house: House) -> None:
    task = await house.open_task()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    async with house.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/submit", content=endless())
    assert answer.status_code == 413


async def test_a_fault_is_told_plainly_and_without_its_inside(house: House) -> None:
    async def fail(request: Request) -> None:
        raise ZeroDivisionError("inside of ours")

    house.app.add_api_route("/api/fails", fail)
    house.app.add_api_route("/fails", fail)
    async with house.caller("nobody") as caller:
        answer = await caller.get("/api/fails")
        page = await caller.get("/fails")
    assert answer.json()["code"] == "fault"
    for one in (answer, page):
        assert one.status_code == 500
        assert "inside of ours" not in one.text
        assert "frame-ancestors 'none'" in one.headers["content-security-policy"]
        assert one.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "database_url", ["sqlite+aiosqlite:////nowhere/at/all.db", "postgresql+psycopg://nobody@127.0.0.1:1/nothing"]
)
async def test_while_the_database_is_away_callers_are_asked_to_try_again(house: House, database_url: str) -> None:
    away = connect(database_url)
    house = replace(house, app=create_app(replace(house.parts, sessions=session_maker(away))))
    async with house.caller("anybody") as caller:
        answer = await caller.get("/api/cycles")
        english = await caller.get("/tasks?late=yes")
        chinese = await caller.get("/tasks", headers={"accept-language": "zh-CN"})
    await away.dispose()
    assert answer.json()["code"] == "database-away"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "try again in a moment" in english.text
    assert 'href="/tasks?late=yes"' in english.text
    assert "请稍后再试" in chinese.text
    for one in (answer, english, chinese):
        assert (one.status_code, one.headers["retry-after"]) == (503, "5")
        assert "frame-ancestors 'none'" in one.headers["content-security-policy"]


async def test_a_statement_that_is_wrong_is_our_fault_and_not_the_database_s(house: House) -> None:
    async with house.sessions() as session:
        with pytest.raises(DBAPIError) as wrong:
            await (await session.connection()).execute(text("SELECT nothing FROM nowhere"))
    assert not is_away(wrong.value)

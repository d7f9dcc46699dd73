"""Tokens for machines: made once, shown once, listed, revoked."""

from __future__ import annotations

import re

import httpx
from sqlmodel import select

from models.org import ApiToken
from tests.api.pages.place import HOST, Browser, Place


async def made(browser: Browser, **fields: str) -> str:
    await browser.open("/settings/tokens")
    await browser.send("/settings/tokens", **{"name": "warehouse", "days": "30", **fields})
    found = re.search(r'<code class="token">([^<]+)</code>', browser.page)
    return found[1] if found else ""


async def asked_with(place: Place, token: str, method: str, path: str) -> int:
    transport = httpx.ASGITransport(place.app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as machine:
        answer = await machine.request(method, path, headers={"authorization": f"Bearer {token}"})
        return answer.status_code


async def test_a_token_is_shown_once_and_does_what_it_was_made_for(place: Place) -> None:
    browser = await place.signed_in("hr")
    token = await made(browser, read="yes")
    assert len(token) == 43
    await browser.open("/settings/tokens")
    assert token not in browser.page
    assert f"…{token[-4:]}" in browser.page
    assert await asked_with(place, token, "GET", "/api/cycles") == 200
    assert await asked_with(place, token, "POST", f"/api/cycles/{place.company.cycle_id}/pause") == 403
    async with place.sessions() as session:
        (row,) = (await session.exec(select(ApiToken))).all()
    assert token not in str(row.model_dump())
    assert row.expires_at
    assert (row.expires_at - row.created_at).days == 30


async def test_a_revoked_token_is_let_in_no_more(place: Place) -> None:
    browser = await place.signed_in("hr")
    token = await made(browser, read="yes")
    await browser.open("/settings/tokens")
    key = re.search(r'name="token" value="([0-9a-f]+)"', browser.page)
    assert key
    await browser.send("/settings/tokens/revoke", token=key[1])
    assert "revoked" in browser.page
    assert await asked_with(place, token, "GET", "/api/cycles") == 401
    await browser.open(f"/settings/users/{place.company.hr_id}")
    assert "revoked the token “warehouse”" in browser.page


async def test_what_is_missing_is_said_and_what_was_typed_stays(place: Place) -> None:
    browser = await place.signed_in("hr")
    assert await made(browser) == ""
    assert "at least one thing" in browser.page
    assert 'value="warehouse"' in browser.page
    assert await made(browser, name=" ", read="yes") == ""
    assert "what the token is for" in browser.page


async def test_no_token_makes_tokens_or_changes_accounts(place: Place) -> None:
    browser = await place.signed_in("hr")
    scopes = {"read": "yes", "tasks:write": "yes", "cycles:write": "yes", "people:write": "yes"}
    token = await made(browser, **scopes)
    assert await asked_with(place, token, "POST", "/settings/tokens") == 403
    assert await asked_with(place, token, "POST", f"/settings/users/{place.company.boss_id}/lock") == 403
    assert await asked_with(place, token, "GET", "/me/security") == 403


async def test_others_than_hr_make_none(place: Place) -> None:
    for user_name, status in (("d0001", 403), ("auditor", 200)):
        browser = await place.signed_in(user_name)
        assert (await browser.open("/settings/tokens")).status_code == status
        assert (await browser.send("/settings/tokens", name="x", read="yes")).status_code == 403

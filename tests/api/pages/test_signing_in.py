from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest

from api.app import create_app
from api.cookies import Cookies
from models.org import Account
from models.settings import Settings
from tests.api.pages.place import Place


async def test_whoever_signs_in_comes_to_what_they_were_looking_for(place: Place) -> None:
    browser = place.browser()
    await browser.open("/notices")
    assert 'name="next" value="/notices"' in browser.page
    answer = await browser.send("/sign-in", user_name="d0001", password="quarterdeck", next="/notices")
    assert str(answer.url).endswith("/notices")


async def test_a_wrong_password_is_refused_kindly_and_the_name_stays(place: Place) -> None:
    browser = place.browser("zh")
    await browser.open("/sign-in")
    answer = await browser.send("/sign-in", user_name="d0001", password="wrong")
    assert answer.status_code == 422
    assert "用户名或密码不正确" in answer.text
    assert 'value="d0001"' in answer.text
    assert "wrong" not in answer.text


async def test_five_wrong_tries_lock_the_account_even_for_the_right_password(place: Place) -> None:
    browser = place.browser()
    await browser.open("/sign-in")
    for _ in range(5):
        answer = await browser.send("/sign-in", user_name="d0001", password="wrong")
    assert "locked until" in answer.text
    assert "ask HR to unlock" in answer.text
    answer = await browser.send("/sign-in", user_name="d0001", password="quarterdeck")
    assert answer.status_code == 422
    assert "locked" in answer.text


async def test_a_name_nobody_has_is_answered_like_a_wrong_password(place: Place) -> None:
    browser = place.browser()
    await browser.open("/sign-in")
    unknown = await browser.send("/sign-in", user_name="nobody", password="wrong")
    known = await browser.send("/sign-in", user_name="d0001", password="wrong")
    assert "do not go together" in unknown.text
    assert "do not go together" in known.text


async def test_a_right_password_forgets_the_wrong_tries(place: Place) -> None:
    browser = place.browser()
    await browser.open("/sign-in")
    await browser.send("/sign-in", user_name="d0001", password="wrong")
    await browser.send("/sign-in", user_name="d0001", password="quarterdeck")
    async with place.sessions() as session:
        account = await session.get_one(Account, place.company.departments[0].director_id)
    assert account.failed_tries == 0


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
async def test_signing_in_never_leads_to_another_site(place: Place, elsewhere: str) -> None:
    browser = place.browser()
    await browser.open("/sign-in")
    answer = await browser.http.post(
        "/sign-in",
        data={"csrf": browser.csrf, "user_name": "d0001", "password": "quarterdeck", "next": elsewhere},
    )
    assert answer.headers["location"] == "/"


async def test_after_signing_out_pages_ask_for_a_sign_in_again(place: Place) -> None:
    browser = await place.director()
    await browser.open("/tasks")
    await browser.send("/sign-out")
    answer = await browser.open("/tasks")
    assert str(answer.url.path) == "/sign-in"


async def test_sample_sign_ins_are_there_only_in_a_demonstration(place: Place, settings: Settings) -> None:
    browser = place.browser()
    await browser.open("/sign-in")
    assert "sign in as" not in browser.page
    answer = await browser.send("/sign-in/demo", person=place.company.hr_id)
    assert answer.status_code == 404
    settings.demo = True
    await browser.open("/sign-in")
    assert "sign in as" in browser.page
    answer = await browser.send("/sign-in/demo", person=place.company.hr_id)
    assert str(answer.url.path) == "/cycles"


async def test_where_cookies_go_by_https_only_no_other_host_can_plant_one(place: Place) -> None:
    """`__Host-`: browsers take such a cookie only with Secure, for the whole path, without a domain."""
    settings = place.settings.model_copy(update={"secure_cookies": True})
    app = create_app(replace(place.app.state.parts, settings=settings, cookies=Cookies(settings)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1:8000") as browser:
        page = await browser.get("/sign-in")
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token
        before = browser.cookies["__Host-quarterdeck"]
        form = {"csrf": token[1], "user_name": "d0001", "password": "quarterdeck"}
        answer = await browser.post("/sign-in", data=form)
        (written,) = [
            one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-quarterdeck=")
        ]
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(written.split("; "))
        assert "domain" not in written.lower()
        assert browser.cookies["__Host-quarterdeck"] != before
        assert (await browser.get("/tasks")).status_code == 200
        planted = {"quarterdeck": browser.cookies["__Host-quarterdeck"]}
    async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1:8000", cookies=planted) as other:
        assert (await other.get("/tasks")).status_code == 303

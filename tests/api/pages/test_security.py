"""One's own sign-in: a new password, a second factor of one's own accord, other browsers."""

from __future__ import annotations

import re

import pytest

from models.org import Account
from tests.api.pages.place import Browser, Place
from tests.api.pages.test_second_factor import code_of, secret_on

NEW = "eine lange Reise"


async def changed(browser: Browser, known: str = "quarterdeck", new: str = NEW, again: str = NEW) -> str:
    await browser.open("/me/security")
    return (await browser.send("/me/security/password", password=known, new=new, again=again)).text


async def test_a_new_password_signs_other_browsers_out_and_this_one_stays(place: Place) -> None:
    here, elsewhere = await place.director(), await place.director()
    assert "Your password is changed" in await changed(here)
    assert (await here.open("/tasks")).url.path == "/tasks"
    assert (await elsewhere.open("/tasks")).url.path == "/sign-in"
    await elsewhere.send("/sign-in", user_name="d0001", password=NEW)
    assert (await elsewhere.open("/tasks")).url.path == "/tasks"
    async with place.sessions() as session:
        account = await session.get_one(Account, place.company.departments[0].director_id)
    assert account.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("known", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "The password now is not right"),
        ("quarterdeck", "short", "short", "at least 10 characters"),
        ("quarterdeck", "x" * 201, "x" * 201, "at most 200 characters"),
        ("quarterdeck", "my d0001 password", "my d0001 password", "easily guessed"),
        ("quarterdeck", "aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "easily guessed"),
        ("quarterdeck", NEW, NEW + "!", "not the same"),
        ("quarterdeck", "quarterdeck", "quarterdeck", "the password you have now"),
    ],
)
async def test_a_weak_or_wrong_password_is_refused_with_the_reason(
    place: Place, known: str, new: str, again: str, said: str
) -> None:
    browser = await place.director()
    assert said in await changed(browser, known, new, again)
    assert NEW not in browser.page


async def test_guessing_the_password_in_use_locks_as_at_the_door(place: Place) -> None:
    browser = await place.director()
    for _ in range(5):
        said = await changed(browser, "wrong")
    assert "locked until" in said
    assert "locked until" in await changed(browser)


async def test_anybody_can_turn_a_second_factor_on_renew_codes_and_turn_it_off(place: Place) -> None:
    browser = await place.director()
    await browser.open("/me/security")
    await browser.send("/me/security/factor/begin")
    secret = secret_on(browser)
    assert re.search(r"<svg[^>]* viewBox=", browser.page)  # Without it a browser shows a corner of the code.
    await browser.send("/me/security/factor", code=code_of(secret, -1))
    first = re.findall(r"<li><code>([a-z2-7-]+)</code>", browser.page)
    await browser.send("/me/security/factor/codes", code=code_of(secret))
    second = re.findall(r"<li><code>([a-z2-7-]+)</code>", browser.page)
    assert len(first) == len(second) == 10
    assert not set(first) & set(second)
    refused = await browser.send("/me/security/factor/remove", code=first[0])
    assert refused.status_code == 422
    await browser.send("/me/security/factor/remove", code=second[0])
    assert "The second factor is off" in browser.page


async def test_a_role_that_needs_it_cannot_turn_it_off(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/me/security")
    await browser.send("/me/security/factor/begin")
    secret = secret_on(browser)
    await browser.send("/me/security/factor", code=code_of(secret, -1))
    place.settings.second_factor = "required"
    answer = await browser.send("/me/security/factor/remove", code=code_of(secret))
    assert "cannot be turned off" in answer.text


async def test_signing_out_everywhere_leaves_only_this_browser(place: Place) -> None:
    here, elsewhere = await place.director(), await place.director()
    await here.open("/me/security")
    await here.send("/me/security/sign-out-everywhere")
    assert "Every other browser is signed out" in here.page
    assert (await here.open("/tasks")).url.path == "/tasks"
    assert (await elsewhere.open("/tasks")).url.path == "/sign-in"


async def test_what_happened_is_shown_in_words(place: Place) -> None:
    browser = await place.signed_in("d0001", "zh")
    await changed(browser)
    await browser.open("/me/security")
    assert "修改了密码" in browser.page
    assert "登录（密码）" in browser.page

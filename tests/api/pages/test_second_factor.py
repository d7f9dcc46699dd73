"""The second factor: set up at the first sign-in, asked for at each later one, never twice with one code."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from time import time

import pyotp
import pytest
from pydantic import SecretStr
from sqlmodel import col, select

from api.cookies import Cookies, Visit, mark_of
from api.second_factor import SecondFactor
from api.sign_in import check_code
from models.accounts import AccessEvent
from models.database import SessionMaker
from models.errors import Refusal
from models.org import Account
from models.settings import Settings
from quarterdeck.demo.small import make_small_company
from tests.api.pages.place import Browser, Place

PASSWORD = "quarterdeck"


def secret_on(browser: Browser) -> str:
    found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', browser.page)
    assert found
    return found[1].replace(" ", "")


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30 * steps))


async def enrolled(place: Place, user_name: str = "hr") -> tuple[Browser, str, list[str]]:
    """Set the second factor up as the first sign-in asks for it; return browser, secret, recovery codes."""
    place.settings.second_factor = "required"
    browser = place.browser()
    await browser.open("/sign-in?next=/notices")
    await browser.send("/sign-in", user_name=user_name, password=PASSWORD, next="/notices")
    assert "Set up your second factor" in browser.page
    secret = secret_on(browser)
    await browser.send("/sign-in/enrolment", code=code_of(secret, -1), next="/notices")
    codes = re.findall(r"<li><code>([a-z2-7-]+)</code>", browser.page)
    assert len(codes) == 10
    return browser, secret, codes


async def with_password(place: Place, user_name: str = "hr") -> Browser:
    browser = place.browser()
    await browser.open("/sign-in?next=/notices")
    await browser.send("/sign-in", user_name=user_name, password=PASSWORD, next="/notices")
    return browser


@pytest.mark.parametrize("user_name", ["hr", "auditor"])
async def test_hr_and_auditors_set_a_second_factor_up_at_their_first_sign_in(place: Place, user_name: str) -> None:
    browser, _, _ = await enrolled(place, user_name)
    answer = await browser.open("/cycles")
    assert answer.url.path == "/cycles"


async def test_until_it_is_set_up_nothing_else_opens(place: Place) -> None:
    place.settings.second_factor = "required"
    browser = await with_password(place)
    for address in ("/cycles", "/notices", "/me/security", "/api/cycles"):
        answer = await browser.open(address)
        assert answer.url.path == "/sign-in" or answer.status_code == 401, address


async def test_a_wrong_first_code_is_refused_and_the_same_secret_stays(place: Place) -> None:
    place.settings.second_factor = "required"
    browser = await with_password(place)
    secret = secret_on(browser)
    answer = await browser.send("/sign-in/enrolment", code="000000")
    assert answer.status_code == 422
    assert "code is not right" in answer.text
    assert secret_on(browser) == secret


async def test_other_roles_and_a_demonstration_are_not_asked(place: Place) -> None:
    place.settings.second_factor = "required"
    director = await with_password(place, "d0001")
    assert (await director.open("/notices")).url.path == "/notices"
    place.settings.second_factor = "offered"
    hr = await with_password(place, "hr")
    assert (await hr.open("/cycles")).url.path == "/cycles"


async def test_whoever_has_one_is_asked_for_it_also_where_it_is_only_offered(place: Place) -> None:
    _, secret, _ = await enrolled(place)
    place.settings.second_factor = "offered"
    browser = await with_password(place)
    assert "Second factor" in browser.page
    assert (await browser.open("/cycles")).url.path == "/sign-in"
    browser = await with_password(place)
    answer = await browser.send("/sign-in/code", code=code_of(secret), next="/notices")
    assert answer.url.path == "/notices"


async def test_a_code_signs_in_once_and_an_older_one_never(place: Place) -> None:
    """The code that was used a moment ago, seen over a shoulder, is no use to anybody."""
    _, secret, _ = await enrolled(place)
    first, second = await with_password(place), await with_password(place)
    used = code_of(secret, 1)
    assert (await first.send("/sign-in/code", code=used)).status_code == 200
    for code in (used, code_of(secret, 0)):
        answer = await second.send("/sign-in/code", code=code)
        assert answer.status_code == 422
        assert "used already" in answer.text


async def test_a_recovery_code_signs_in_once(place: Place) -> None:
    _, _, codes = await enrolled(place)
    first, second = await with_password(place), await with_password(place)
    answer = await first.send("/sign-in/code", code=codes[3].upper().replace("-", " "), next="/me/security")
    assert "9 recovery codes left" in answer.text
    assert (await second.send("/sign-in/code", code=codes[3])).status_code == 422
    async with place.sessions() as session:
        account = await session.get_one(Account, place.company.hr_id)
    assert codes[4] not in str(account.model_dump())
    assert len(account.recovery_hashes) == 9


async def test_wrong_codes_lock_the_account_whatever_passwords_come_between(place: Place) -> None:
    _, secret, _ = await enrolled(place)
    for _ in range(4):
        browser = await with_password(place)
        await browser.send("/sign-in/code", code="123456")
    browser = await with_password(place)
    answer = await browser.send("/sign-in/code", code="123456")
    assert "locked until" in answer.text
    answer = await browser.send("/sign-in/code", code=code_of(secret, 1))
    assert "locked until" in answer.text


async def test_a_right_password_waits_ten_minutes_for_the_code(place: Place) -> None:
    await enrolled(place)
    cookies = Cookies(place.settings)
    async with place.sessions() as session:
        account = await session.get_one(Account, place.company.hr_id)
    for left, path in ((60, "/sign-in/code"), (-1, "/sign-in")):
        visit = Visit("n", account.person_id, mark_of(account), ends=int(time()) + left, halfway="code")
        browser = place.browser()
        browser.http.cookies.set("quarterdeck", cookies.header_for(visit).split("=", 1)[1].split(";")[0])
        assert (await browser.open("/sign-in/code")).url.path == path


async def test_a_new_password_ends_what_was_halfway(place: Place) -> None:
    _, secret, _ = await enrolled(place)
    browser = await with_password(place)
    await place.change(Account, place.company.hr_id, session_epoch=7)
    answer = await browser.send("/sign-in/code", code=code_of(secret, 1))
    assert answer.status_code == 401


async def test_the_secret_is_stored_encrypted_and_survives_a_new_key(place: Place) -> None:
    _, secret, _ = await enrolled(place)
    async with place.sessions() as session:
        stored = (await session.get_one(Account, place.company.hr_id)).totp_secret
    assert secret not in stored
    ring = place.settings.model_copy(update={"secret_keys": (SecretStr("n" * 40), *place.settings.secret_keys)})
    account = Account(
        person_id="x", user_name="x", password_hash="", totp_secret=stored, totp_since=datetime.now(UTC)
    )
    assert SecondFactor(ring).takes(account, code_of(secret), datetime.now(UTC))
    newest = place.settings.model_copy(update={"secret_keys": (SecretStr("n" * 40),)})
    account.totp_last_step = 0
    assert SecondFactor(newest).takes(account, code_of(secret), datetime.now(UTC))
    account.totp_secret, account.totp_last_step = stored, 0
    assert not SecondFactor(newest).takes(account, code_of(secret), datetime.now(UTC))


async def test_of_many_browsers_with_the_same_code_exactly_one_gets_in(
    sessions: SessionMaker, settings: Settings
) -> None:
    """On both databases: the last time step is stored and compared on the locked row."""
    company = await make_small_company(sessions, 1, 2)
    factor, now = SecondFactor(settings), datetime.now(UTC)
    async with sessions() as session:
        account = await session.get_one(Account, company.hr_id)
        secret = factor.begin(account)
        assert factor.confirm(account, code_of(secret, -1), now)
        session.add(account)
        await session.commit()

    async def attempt() -> bool:
        async with sessions() as session:
            try:
                await check_code(session, factor, company.hr_id, code_of(secret))
            except Refusal:
                return False
            return True

    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*(attempt() for _ in range(4)))
    assert sorted(outcomes) == [False, False, False, True]


async def test_everything_about_it_is_on_record(place: Place) -> None:
    _, secret, _ = await enrolled(place)
    browser = await with_password(place)
    await browser.send("/sign-in/code", code="123456")
    await browser.send("/sign-in/code", code=code_of(secret, 1))
    async with place.sessions() as session:
        events = (await session.exec(select(AccessEvent).order_by(col(AccessEvent.at)))).all()
    assert [event.kind for event in events] == ["signed-in", "factor-added", "sign-in-failed", "signed-in"]
    assert {event.person_id for event in events} == {place.company.hr_id}

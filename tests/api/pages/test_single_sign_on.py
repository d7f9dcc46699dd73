"""Single sign-on, with a real OpenID provider over real HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from pydantic import SecretStr
from sqlmodel import select

from api.app import create_app
from api.single_sign_on import SingleSignOn
from models.accounts import AccessEvent
from models.org import Account, Person
from models.settings import OidcSettings
from quarterdeck.demo.small import make_small_company
from tests.api.pages.place import HOST, Browser, Place

USERS = (
    User(sub="director", claims={"email": "Director@Example.com", "email_verified": True, "staff": "000001"}),
    User(sub="unverified", claims={"email": "director@example.com", "email_verified": False}),
    User(sub="stranger", claims={"email": "stranger@example.com", "email_verified": True}),
    User(sub="hr", claims={"email": "hr@example.com", "email_verified": True}),
    User(sub="hr-strong", claims={"email": "hr@example.com", "email_verified": True, "amr": ["pwd", "otp"]}),
    User(sub="empty", claims={}),
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_server_in_thread(user_claims=USERS, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@dataclass(frozen=True)
class Office:
    place: Place
    oidc: OidcSettings

    async def back_with(self, browser: Browser, sub: str, onward: str = "/notices") -> httpx.Response:
        """Go to the provider, sign in there, and come back."""
        return await browser.open(await self.way_back(browser, sub, onward))

    async def way_back(self, browser: Browser, sub: str, onward: str = "/notices") -> str:
        leaving = await browser.http.get("/sign-in/sso", params={"next": onward})
        assert leaving.status_code == 303, leaving.text
        async with httpx.AsyncClient() as outside:
            answer = await outside.post(leaving.headers["location"], data={"sub": sub})
        assert answer.status_code in (302, 303), answer.text
        return answer.headers["location"].removeprefix(HOST)


def office_of(place: Place, issuer: str, **settings: str) -> Office:
    oidc = OidcSettings.model_validate(
        {"issuer": issuer, "client_id": "quarterdeck", "client_secret": SecretStr("x"), **settings}
    )
    place.settings.oidc = oidc
    parts = replace(place.app.state.parts, single_sign_on=SingleSignOn(oidc, HOST))
    return Office(replace(place, app=create_app(parts)), oidc)


@pytest.fixture
async def office(place: Place, issuer: str) -> Office:
    await place.change(Person, place.company.departments[0].director_id, email="director@example.com")
    await place.change(Person, place.company.hr_id, email="hr@example.com")
    return office_of(place, issuer)


async def test_the_button_is_there_only_where_single_sign_on_is_set_up(place: Place, issuer: str) -> None:
    browser = place.browser()
    assert "/sign-in/sso" not in (await browser.open("/sign-in")).text
    assert (await browser.open("/sign-in/sso")).status_code == 404
    assert (await browser.open("/sign-in/sso/done?code=x&state=y")).status_code == 404
    office = office_of(place, issuer, label="飞书")
    page = (await office.place.browser().open("/sign-in?next=/notices")).text
    assert "Sign in with 飞书" in page
    assert "/sign-in/sso?next=/notices" in page or "/sign-in/sso?next=%2Fnotices" in page


async def test_whoever_the_provider_names_comes_to_what_they_were_looking_for(office: Office) -> None:
    browser = office.place.browser()
    answer = await office.back_with(browser, "director")
    assert answer.url.path == "/notices"
    async with office.place.sessions() as session:
        (event,) = (await session.exec(select(AccessEvent))).all()
    assert (event.kind, event.detail) == ("signed-in", {"by": "single-sign-on"})


async def test_the_request_carries_pkce_state_and_nonce(office: Office) -> None:
    browser = office.place.browser()
    leaving = await browser.http.get("/sign-in/sso")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(leaving.headers["location"]).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{HOST}/sign-in/sso/done"
    kept = office.place.app.state.parts.cookies._errands.loads(browser.http.cookies["quarterdeck_errand"])
    challenge = base64.urlsafe_b64encode(sha256(kept["verifier"].encode()).digest()).decode().rstrip("=")
    assert (asked["code_challenge"], asked["state"], asked["nonce"]) == (challenge, kept["state"], kept["nonce"])
    assert kept["verifier"] not in leaving.headers["location"]
    assert len({kept["verifier"], kept["state"], kept["nonce"]}) == 3


async def test_a_way_back_that_this_browser_did_not_begin_is_refused(office: Office) -> None:
    """Cross-site request forgery at sign-in: somebody else's way back signs nobody in."""
    attacker, victim = office.place.browser(), office.place.browser()
    way_back = await office.way_back(attacker, "director")
    answer = await victim.open(way_back)
    assert answer.status_code == 422
    assert "not begun in this browser" in answer.text
    await victim.http.get("/sign-in/sso")
    assert (await victim.open(way_back)).status_code == 422
    assert (await victim.open("/tasks")).url.path == "/sign-in"


async def test_a_way_back_is_gone_once(office: Office) -> None:
    browser = office.place.browser()
    way_back = await office.way_back(browser, "director")
    await browser.open(way_back)
    await browser.open("/tasks")
    await browser.send("/sign-out")
    answer = await browser.open(way_back)
    assert answer.status_code == 422
    assert (await browser.open("/tasks")).url.path == "/sign-in"


async def test_a_token_for_another_nonce_is_refused(office: Office) -> None:
    """A code that was issued for another sign-in of the same client does not fit this one."""
    attacker, victim = office.place.browser(), office.place.browser()
    code = parse_qs(urlsplit(await office.way_back(attacker, "director")).query)["code"][0]
    own = parse_qs(urlsplit(await office.way_back(victim, "director")).query)["state"][0]
    answer = await victim.open(f"/sign-in/sso/done?code={code}&state={own}")
    assert "did not let you in" in answer.text


@pytest.mark.parametrize(
    ("sub", "said"),
    [
        ("stranger", "stranger@example.com is not among the company"),
        ("unverified", "is not confirmed at the sign-in service"),
        ("empty", "email is missing"),
    ],
)
async def test_who_is_not_known_is_refused_in_words(office: Office, sub: str, said: str) -> None:
    browser = office.place.browser()
    answer = await office.back_with(browser, sub)
    assert answer.status_code == 422
    assert said in answer.text
    assert (await browser.open("/tasks")).url.path == "/sign-in"


async def test_who_denies_at_the_provider_is_told(office: Office) -> None:
    browser = office.place.browser()
    leaving = await browser.http.get("/sign-in/sso")
    async with httpx.AsyncClient() as outside:
        answer = await outside.post(leaving.headers["location"], data={"action": "deny"})
    back = answer.headers["location"].removeprefix(HOST)
    state = parse_qs(urlsplit(leaving.headers["location"]).query)["state"][0]
    answer = await browser.open(back if "state=" in back else f"{back}&state={state}")
    assert "did not let you in" in answer.text


async def test_a_staff_number_can_match_too_and_only_within_the_company_named(place: Place, issuer: str) -> None:
    other = await make_small_company(place.sessions, 1, 2, company_id="other", prefix="y-")
    for company in (place.company, other):
        await place.change(Person, company.departments[0].director_id, staff_no="000001x")
    async with place.sessions() as session:
        people = (await session.exec(select(Person).where(Person.staff_no == "000001"))).all()
    for person in people:
        await place.change(Person, person.id, staff_no=f"{person.id}-old")
    for company in (place.company, other):
        await place.change(Person, company.departments[0].director_id, staff_no="000001")
    both = office_of(place, issuer, claim="staff", matches="staff-number")
    answer = await both.back_with(both.place.browser(), "director")
    assert "belongs to several people" in answer.text
    one = office_of(place, issuer, claim="staff", matches="staff-number", company=place.company.company_id)
    assert (await one.back_with(one.place.browser(), "director")).url.path == "/notices"


async def test_who_has_no_account_gets_one_without_a_password(office: Office) -> None:
    place = office.place
    person_id = place.company.departments[1].people_ids[1]
    await place.change(Person, place.company.departments[0].director_id, email="moved@example.com")
    await place.change(Person, person_id, email="director@example.com")
    answer = await office.back_with(place.browser(), "director")
    assert answer.url.path == "/notices"
    async with place.sessions() as session:
        account = await session.get_one(Account, person_id)
    assert (account.user_name, account.password_hash, account.roles) == ("director@example.com", "", [])
    browser = place.browser()
    await browser.open("/sign-in")
    refused = await browser.send("/sign-in", user_name="director@example.com", password="")
    assert refused.status_code == 422


async def test_the_second_factor_is_asked_for_unless_the_provider_did(office: Office) -> None:
    office.place.settings.second_factor = "required"
    browser = office.place.browser()
    assert (await office.back_with(browser, "hr")).url.path == "/sign-in/enrolment"
    assert (await browser.open("/cycles")).url.path == "/sign-in"
    strong = office.place.browser()
    assert (await office.back_with(strong, "hr-strong")).url.path == "/notices"


async def test_who_is_locked_or_has_left_does_not_come_in(office: Office) -> None:
    director_id = office.place.company.departments[0].director_id
    await office.place.change(Account, director_id, is_barred=True)
    answer = await office.back_with(office.place.browser(), "director")
    assert "locked by HR" in answer.text


async def test_a_provider_that_does_not_answer_is_told(place: Place) -> None:
    office = office_of(place, "http://localhost:9")
    answer = await office.place.browser().open("/sign-in/sso")
    assert answer.status_code == 422
    assert "does not answer now" in answer.text
    assert 'name="user_name"' in answer.text


async def test_a_token_that_somebody_else_signed_is_refused(office: Office) -> None:
    sign_on: SingleSignOn = office.place.app.state.parts.single_sign_on
    provider = await sign_on._provider()
    for algorithm in ("none", "HS256"):
        head, body = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in ({"alg": algorithm}, {"iss": office.oidc.issuer, "aud": "quarterdeck", "nonce": "n"})
        )
        with pytest.raises(Exception, match="sso-refused"):
            await sign_on._understood(provider, {"id_token": f"{head}.{body}."}, "n")

"""Users and roles: HR invites, gives roles, locks and resets; each change is on record."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from api.accounts import set_roles
from api.session import Viewer
from models.accounts import AccessEvent, AccountLink
from models.database import SessionMaker
from models.errors import Refusal
from models.org import Account, Person
from models.stages import Role
from quarterdeck.demo.small import make_small_company
from tests.api.pages.place import Browser, Place
from tests.api.pages.test_second_factor import code_of, secret_on

NEW = "a long walk home"


async def account_of(place: Place, person_id: str) -> Account:
    async with place.sessions() as session:
        return await session.get_one(Account, person_id)


async def kinds_about(place: Place, person_id: str) -> list[str]:
    async with place.sessions() as session:
        found = await session.exec(
            select(AccessEvent.kind).where(col(AccessEvent.person_id) == person_id).order_by(col(AccessEvent.at))
        )
        return list(found.all())


def address_of(person_id: str) -> str:
    return f"/settings/users/{person_id}"


async def ordered(browser: Browser, person_id: str, order: str, **fields: str) -> str:
    await browser.open(address_of(person_id))
    return (await browser.send(f"{address_of(person_id)}/{order}", **fields)).text


# --- the list -----------------------------------------------------------------------------------


async def test_the_list_shows_who_can_sign_in_and_filters(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/users")
    assert "d0001" in browser.page
    assert "HR administrator" in browser.page
    await browser.open("/settings/users?role=auditor")
    assert "d0001" not in browser.page
    assert "1 user" in browser.page
    await place.change(Account, place.company.departments[0].director_id, is_barred=True)
    await browser.open("/settings/users?standing=barred")
    assert "d0001" in browser.page
    assert "d0002" not in browser.page
    await browser.open("/settings/users?q=nobody-at-all")
    assert "Nobody fits" in browser.page


async def test_a_long_list_has_pages(place: Place) -> None:
    await place.add(
        *(
            Person(
                id=f"more-{n}",
                company_id=place.company.company_id,
                staff_no=f"9{n:03}",
                name=f"人{n}",
                unit_id="x",
            )
            for n in range(60)
        )
    )
    await place.add(*(Account(person_id=f"more-{n}", user_name=f"more{n}", password_hash="") for n in range(60)))
    browser = await place.signed_in("hr")
    await browser.open("/settings/users?standing=invited")
    assert "60 users" in browser.page
    assert "Page 1 of 2" in browser.page
    assert browser.page.count('<tr class="go">') == 50
    await browser.open("/settings/users?standing=invited&page=2")
    assert browser.page.count('<tr class="go">') == 10


@pytest.mark.parametrize("user_name", ["d0001", "ceo"])
async def test_only_hr_and_auditors_see_it(place: Place, user_name: str) -> None:
    browser = await place.signed_in(user_name)
    assert (await browser.open("/settings/users")).status_code == 403
    assert (await browser.open(address_of(place.company.hr_id))).status_code == 403
    assert "Users and roles" not in (await browser.open("/tasks")).text


async def test_an_auditor_looks_and_changes_nothing(place: Place) -> None:
    browser = await place.signed_in("auditor")
    director_id = place.company.departments[0].director_id
    await browser.open(address_of(director_id))
    assert "What happened with this account" in browser.page
    assert "Lock the account" not in browser.page
    for order in ("lock", "roles", "see-as", "reset-password", "sign-out"):
        answer = await browser.send(f"{address_of(director_id)}/{order}", reason="x")
        assert answer.status_code == 403, order
    assert not (await account_of(place, director_id)).is_barred


# --- invitations and links ----------------------------------------------------------------------


async def test_an_invited_person_sets_a_password_once_and_is_signed_in(place: Place) -> None:
    person_id = place.company.departments[0].people_ids[1]
    await place.change(Person, person_id, email="somebody@example.com")
    hr = await place.signed_in("hr")
    await hr.open("/settings/users/new?q=somebody@example.com")
    assert address_of(person_id) in hr.page
    assert "The invitation is sent" in await ordered(hr, person_id, "invite", user_name="somebody")
    (letter,) = place.post.letters
    assert letter.person.email == "somebody@example.com"
    assert letter.path not in hr.page
    invited, later = place.browser(), place.browser()
    await invited.open(letter.path)
    await later.open(letter.path)
    assert "Your user name is somebody" in invited.page
    answer = await invited.send(letter.path, new=NEW, again=NEW)
    assert answer.url.path == "/me/results"
    used = await later.send(letter.path, new="another long walk", again="another long walk")
    assert used.status_code == 410
    assert "used already" in used.text
    await later.open("/sign-in")
    assert (await later.send("/sign-in", user_name="somebody", password=NEW)).url.path == "/me/results"
    assert await kinds_about(place, person_id) == ["invited", "password-set", "signed-in", "signed-in"]


@pytest.mark.parametrize(
    ("user_name", "said"),
    [("d0001", "is taken"), ("D0001", "is taken"), ("x", "2 to 64"), ("with space", "2 to 64"), ("", "2 to 64")],
)
async def test_a_user_name_that_will_not_do_is_refused_and_kept(place: Place, user_name: str, said: str) -> None:
    person_id = place.company.departments[0].people_ids[1]
    await place.change(Person, person_id, email="somebody@example.com")
    hr = await place.signed_in("hr")
    answer = await ordered(hr, person_id, "invite", user_name=user_name)
    assert said in answer
    assert f'name="user_name" value="{user_name}"' in answer
    assert place.post.letters == []


async def test_without_an_address_nobody_is_invited(place: Place) -> None:
    person_id = place.company.departments[0].people_ids[1]
    await place.change(Person, person_id, email="")
    hr = await place.signed_in("hr")
    assert "No mail address is known" in await ordered(hr, person_id, "invite", user_name="somebody")


async def test_a_mail_that_is_not_taken_is_told_and_can_be_sent_again(place: Place) -> None:
    person_id = place.company.departments[0].people_ids[1]
    await place.change(Person, person_id, email="somebody@example.com")
    hr = await place.signed_in("hr")
    place.post.is_away = True
    assert "could not be sent" in await ordered(hr, person_id, "invite", user_name="somebody")
    place.post.is_away = False
    assert "sent again" in await ordered(hr, person_id, "reinvite")
    old, new = place.post.letters
    assert (await place.browser().open(old.path)).status_code == 410
    assert (await place.browser().open(new.path)).status_code == 200


async def test_a_reset_link_ends_every_session_and_unlocks(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    director = await place.director()
    hr = await place.signed_in("hr")
    await place.change(Account, director_id, locked_until=datetime.now(UTC) + timedelta(minutes=9))
    await ordered(hr, director_id, "reset-password")
    assert (await director.open("/tasks")).url.path == "/tasks"
    browser = place.browser()
    await browser.open(place.post.letters[0].path)
    weak = await browser.send(place.post.letters[0].path, new="short", again="short")
    assert "at least 10" in weak.text
    await browser.send(place.post.letters[0].path, new=NEW, again=NEW)
    assert (await browser.open("/tasks")).url.path == "/tasks"
    assert (await director.open("/tasks")).url.path == "/sign-in"


async def test_a_link_that_is_too_old_or_unknown_is_refused_in_words(place: Place) -> None:
    hr = await place.signed_in("hr")
    await ordered(hr, place.company.departments[0].director_id, "reset-password")
    async with place.sessions() as session:
        (link,) = (await session.exec(select(AccountLink))).all()
        link.until = datetime.now(UTC) - timedelta(seconds=1)
        session.add(link)
        await session.commit()
    assert "too old" in (await place.browser().open(place.post.letters[0].path)).text
    assert "not valid" in (await place.browser().open("/welcome/nonsense")).text


async def test_a_link_does_not_go_round_the_second_factor(place: Place) -> None:
    hr = await place.signed_in("hr")
    await hr.open("/me/security")
    await hr.send("/me/security/factor/begin")
    secret = secret_on(hr)
    await hr.send("/me/security/factor", code=code_of(secret, -1))
    await ordered(hr, place.company.hr_id, "reset-password")
    browser = place.browser()
    await browser.open(place.post.letters[0].path)
    answer = await browser.send(place.post.letters[0].path, new=NEW, again=NEW)
    assert answer.url.path == "/sign-in/code"
    assert (await browser.open("/cycles")).url.path == "/sign-in"


# --- roles, locks, resets -----------------------------------------------------------------------


async def test_roles_are_given_and_taken_with_a_record(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    hr = await place.signed_in("hr")
    assert "roles are changed" in await ordered(hr, director_id, "roles", executive="yes")
    assert (await account_of(place, director_id)).roles == ["executive"]
    director = await place.director()
    assert (await director.open("/")).url.path == "/overview"
    await ordered(hr, director_id, "roles")
    assert (await account_of(place, director_id)).roles == []
    kinds = await kinds_about(place, director_id)
    assert [kind for kind in kinds if kind.startswith("role")] == ["role-given", "role-taken"]
    assert "took the role Executive" in (await hr.open(address_of(director_id))).text


async def test_an_auditor_cannot_have_another_role(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    hr = await place.signed_in("hr")
    answer = await ordered(hr, director_id, "roles", auditor="yes", executive="yes")
    assert "cannot have another role" in answer
    assert len(re.findall(r'value="yes" checked', answer)) == 2
    assert (await account_of(place, director_id)).roles == []


@pytest.mark.parametrize("order", ["roles", "lock"])
async def test_the_last_hr_administrator_stays(place: Place, order: str) -> None:
    hr = await place.signed_in("hr")
    director_id = place.company.departments[0].director_id
    answer = await ordered(hr, place.company.hr_id, order)
    assert "last HR administrator" in answer or "your own account" in answer
    await ordered(hr, director_id, "roles", **{"hr-admin": "yes"})
    director = await place.director()
    await ordered(director, place.company.hr_id, order)
    answer = await ordered(director, director_id, "roles")
    assert "last HR administrator" in answer


async def test_of_two_who_take_hr_from_each_other_one_is_refused(sessions: SessionMaker) -> None:
    """On both databases."""
    company = await make_small_company(sessions, 1, 2)
    other_id = company.departments[0].director_id
    async with sessions() as session:
        account = await session.get_one(Account, other_id)
        account.roles = [Role.HR_ADMIN.value]
        session.add(account)
        await session.commit()

    async def take(by_id: str, from_id: str) -> str:
        async with sessions() as session:
            person = await session.get_one(Person, by_id)
            session.expunge(person)
            try:
                await set_roles(session, Viewer(person, frozenset({Role.HR_ADMIN})), from_id, [])
            except Refusal as refusal:
                return refusal.code
            return "done"

    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(take(company.hr_id, other_id), take(other_id, company.hr_id))
    assert sorted(outcomes) == ["done", "last-hr"]


async def test_a_locked_account_is_out_at_once_and_in_again_when_unlocked(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    director, hr = await place.director(), await place.signed_in("hr")
    await ordered(hr, director_id, "lock")
    assert (await director.open("/tasks")).url.path == "/sign-in"
    answer = await director.send("/sign-in", user_name="d0001", password="quarterdeck")
    assert "locked by HR" in answer.text
    wrong = await director.send("/sign-in", user_name="d0001", password="wrong")
    assert "do not go together" in wrong.text
    await ordered(hr, director_id, "unlock")
    assert (await director.send("/sign-in", user_name="d0001", password="quarterdeck")).url.path == "/tasks"


async def test_hr_lets_somebody_in_sooner_whom_wrong_tries_locked(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    await place.change(Account, director_id, locked_until=datetime.now(UTC) + timedelta(minutes=9))
    hr = await place.signed_in("hr")
    await hr.open(address_of(director_id))
    assert "Locked until" in hr.page
    await ordered(hr, director_id, "unlock")
    assert await place.director()


async def test_a_lost_phone_is_reset_and_a_new_one_asked_for(place: Place) -> None:
    auditor_id = place.company.auditor_id
    auditor = await place.signed_in("auditor")
    await auditor.open("/me/security")
    await auditor.send("/me/security/factor/begin")
    await auditor.send("/me/security/factor", code=code_of(secret_on(auditor), -1))
    hr = await place.signed_in("hr")
    await ordered(hr, auditor_id, "reset-factor")
    assert (await auditor.open("/cycles")).url.path == "/sign-in"
    place.settings.second_factor = "required"
    browser = place.browser()
    await browser.open("/sign-in")
    answer = await browser.send("/sign-in", user_name="auditor", password="quarterdeck")
    assert answer.url.path == "/sign-in/enrolment"


async def test_people_of_another_company_are_not_there(place: Place) -> None:
    other = await make_small_company(place.sessions, 1, 2, company_id="other", prefix="y-")
    hr = await place.signed_in("hr")
    await hr.open("/settings/users")
    assert other.hr_id not in hr.page
    for address in (address_of(other.hr_id), f"{address_of(other.hr_id)}?done=lock"):
        assert (await hr.open(address)).status_code == 404
    await hr.open("/settings/users")
    for order in ("lock", "roles", "invite", "see-as", "reset-password"):
        answer = await hr.send(f"{address_of(other.hr_id)}/{order}", reason="x", user_name="xyz")
        assert answer.status_code == 404, order
    assert not (await account_of(place, other.hr_id)).is_barred

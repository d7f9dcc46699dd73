"""HR sees the pages as somebody else: for a reason, for half an hour, with both names on every record."""

from __future__ import annotations

from time import time

import pytest
from sqlmodel import col, select

from models.accounts import AccessEvent
from models.org import Account, Person
from models.tasks import Decision
from tests.api.pages.place import Browser, Place


async def seen_as(place: Place, person_id: str, reason: str = "asked by phone") -> Browser:
    browser = await place.signed_in("hr")
    await browser.open(f"/settings/users/{person_id}")
    await browser.send(f"/settings/users/{person_id}/see-as", reason=reason)
    return browser


async def name_of(place: Place, person_id: str) -> str:
    async with place.sessions() as session:
        return (await session.get_one(Person, person_id)).name


async def test_every_page_says_who_sees_it_as_whom_and_a_click_ends_it(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    browser = await seen_as(place, director_id)
    for address in ("/tasks", "/notices", f"/cycles/{place.company.cycle_id}", "/nothing"):
        await browser.open(address)
        assert f"{await name_of(place, place.company.hr_id)}, you see the pages as" in browser.page, address
    assert (await browser.open("/settings/users")).status_code == 403
    answer = await browser.send("/see-as/end")
    assert answer.url.path == f"/settings/users/{director_id}"
    assert "you see the pages as" not in answer.text


async def test_what_is_done_names_both(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    task = await place.open_task()
    browser = await seen_as(place, director_id)
    await browser.open(f"/tasks/{task.id}")
    await browser.send(f"/tasks/{task.id}", choice="confirm")
    async with place.sessions() as session:
        decision = await session.get_one(Decision, task.id)
        events = (
            await session.exec(
                select(AccessEvent).where(col(AccessEvent.person_id) == director_id).order_by(col(AccessEvent.at))
            )
        ).all()
    assert (decision.by_id, decision.acted_by) == (director_id, place.company.hr_id)
    assert [event.kind for event in events] == ["acting-began", "acted"]
    assert all((event.actor_id, event.acted_as) == (place.company.hr_id, director_id) for event in events)
    assert events[0].detail["reason"] == "asked by phone"
    assert events[1].detail == {"method": "POST", "path": f"/tasks/{task.id}"}
    await browser.open(f"/tasks/{task.id}")
    assert f"{await name_of(place, place.company.hr_id)} of HR acted for them" in browser.page


@pytest.mark.parametrize("role", ["hr-admin", "auditor"])
async def test_never_as_hr_or_an_auditor(place: Place, role: str) -> None:
    director_id = place.company.departments[0].director_id
    await place.change(Account, director_id, roles=[role])
    browser = await seen_as(place, director_id)
    assert "You cannot see the pages as this person" in browser.page
    assert "you see the pages as" not in (await browser.open("/tasks")).text


async def test_whoever_becomes_hr_meanwhile_is_seen_as_no_more(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    browser = await seen_as(place, director_id)
    await place.change(Account, director_id, roles=["hr-admin"])
    assert "you see the pages as" not in (await browser.open("/tasks")).text


async def test_a_reason_is_needed(place: Place) -> None:
    browser = await seen_as(place, place.company.departments[0].director_id, reason=" ")
    assert "Please say why" in browser.page


async def test_it_is_over_after_half_an_hour(place: Place) -> None:
    browser = await seen_as(place, place.company.departments[0].director_id)
    await browser.open("/tasks")
    assert "you see the pages as" in browser.page
    cookies = place.app.state.parts.cookies
    cookie = browser.http.cookies["quarterdeck"]
    visit = cookies._read(cookie)
    assert 1790 < visit.as_until - time() <= 1800
    over = type(visit)(**{**visit.__dict__, "as_until": int(time()) - 1})
    later = place.browser()
    later.http.cookies.set("quarterdeck", cookies.header_for(over).split("=", 1)[1].split(";")[0])
    await later.open("/settings/users")
    assert "you see the pages as" not in later.page
    assert "Users and roles" in later.page


async def test_their_password_and_second_factor_stay_their_own(place: Place) -> None:
    director_id = place.company.departments[0].director_id
    browser = await seen_as(place, director_id)
    assert (await browser.open("/me/security")).status_code == 403
    for form in ("password", "factor/begin", "factor", "factor/codes", "factor/remove", "sign-out-everywhere"):
        answer = await browser.send(f"/me/security/{form}", password="quarterdeck", new="n" * 12, again="n" * 12)
        assert answer.status_code == 403, form


async def test_hr_that_is_locked_or_loses_the_role_sees_nobodys_pages(place: Place) -> None:
    browser = await seen_as(place, place.company.departments[0].director_id)
    await place.change(Account, place.company.hr_id, roles=[])
    assert "you see the pages as" not in (await browser.open("/tasks")).text
    await place.change(Account, place.company.hr_id, is_barred=True)
    assert (await browser.open("/tasks")).url.path == "/sign-in"

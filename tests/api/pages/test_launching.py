from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from models.cycles import Cycle
from models.org import Person, Unit
from models.stages import CycleState
from tests.api.pages.place import Browser, Place

KNOWN = ("warnings", "notes")
"""The sections that hold what HR should know."""


@pytest.fixture
async def draft(place: Place) -> str:
    """The company's cycle as a draft again."""
    await place.change(Cycle, place.company.cycle_id, state=CycleState.DRAFT, launched_at=None)
    return place.company.cycle_id


def fields_of(browser: Browser) -> dict[str, str]:
    """Return what the form holds, as a browser would send it."""
    form = browser.page.split('action="/cycles/new"')[1].split("</form>")[0]
    named = re.findall(r'<input(?![^>]*type="checkbox")[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form)
    return {name: value for name, value in named if name != "csrf"}


async def test_the_draft_stands_in_the_form_with_its_deadlines(place: Place, draft: str) -> None:
    browser = await place.signed_in("hr", "zh")
    await browser.open("/cycles/new")
    fields = fields_of(browser)
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, draft)
    terms = cycle.the_terms()
    assert (fields["draft_id"], fields["name"]) == (draft, cycle.name)
    assert fields["targets_due_on"] == terms.targets_due_on.isoformat()
    assert [fields[f"due:{month.month}"] for month in terms.months] == [
        month.due_on.isoformat() for month in terms.months
    ]


async def test_without_a_draft_the_next_quarter_is_proposed(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    fields = fields_of(browser)
    assert re.fullmatch(r"Q[1-4] \d{4}", fields["name"])
    assert fields["starts_on"] > datetime.now(UTC).date().isoformat()
    assert sum(name.startswith("due:") for name in fields) == 3


async def test_another_period_proposes_other_deadlines(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    fields = {**fields_of(browser), "starts_on": "2059-04-01", "ends_on": "2059-06-30", "do": "period"}
    await browser.send("/cycles/new", **fields)
    assert {"due:2059-04-01", "due:2059-05-01", "due:2059-06-01"} <= set(fields_of(browser))
    assert place.commands.wishes == []


async def test_a_check_shows_what_would_be_sent_and_starts_nothing(place: Place, draft: str) -> None:
    """Rule 54: a preview of every message, recipient and time before the launch."""
    browser = await place.signed_in("hr", "zh")
    await browser.open("/cycles/new")
    answer = await browser.send("/cycles/new", **fields_of(browser), do="check")
    assert answer.status_code == 200, answer.text
    assert "检查通过" in answer.text
    assert "/t/…" in answer.text  # The texts themselves, without a link that works.
    assert place.commands.wishes == []


async def test_everything_that_is_wrong_is_listed_and_nothing_starts(place: Place, draft: str) -> None:
    for department in place.company.departments[:2]:
        await place.change(Unit, department.id, head_id=None)
    browser = await place.signed_in("hr", "zh")
    await browser.open("/cycles/new")
    fields = {**fields_of(browser), "name": "改过的名字"}
    for wish in ("check", "launch"):
        answer = await browser.send("/cycles/new", **fields, do=wish)
        assert answer.status_code == 422
        assert "周期未发起" in answer.text
        assert answer.text.count("<li>") >= 2
        assert "改过的名字" in answer.text
    assert place.commands.wishes == []


async def test_what_hr_should_know_stands_apart_from_what_is_wrong(place: Place, draft: str) -> None:
    """Rule 9 and 54: seen before the launch, which it does not hold up."""
    first, second, _ = place.company.departments
    await place.change(Person, first.director_id, superior_id=None)
    browser = await place.signed_in("hr", "zh")
    await browser.open("/cycles/new")
    fields = {**fields_of(browser), "feedback_due_on": "2059-06-01"}  # A Sunday.
    checked = await browser.send("/cycles/new", **fields, do="check")
    assert checked.status_code == 200, checked.text
    warnings, notes = (re.search(rf'aria-labelledby="{id_}">.*?</section>', checked.text) for id_ in KNOWN)
    assert warnings
    assert "没有上级" in warnings[0]
    assert notes
    assert "休息日" in notes[0]
    assert 'role="alert"' not in checked.text
    await place.change(Unit, second.id, head_id=None)
    refused = await browser.send("/cycles/new", **fields, do="check")
    problem = refused.text.split('role="alert"')[1].split("</div>")[0]
    assert "没有总监" in problem
    assert "没有上级" not in problem
    assert all(f'aria-labelledby="{id_}"' in refused.text for id_ in KNOWN)


async def test_a_launch_starts_what_was_seen_with_its_changes(place: Place, draft: str) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    fields = {**fields_of(browser), "name": "A better name", "always_sign_in": "yes"}
    answer = await browser.send("/cycles/new", **fields, do="launch")
    assert answer.url.path == f"/cycles/{draft}", answer.text
    assert [wish.kind.value for wish in place.commands.wishes] == ["launch"]
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, draft)
    assert cycle.name == "A better name"
    assert cycle.the_terms().policy.always_sign_in


async def test_launching_twice_says_so(place: Place) -> None:
    browser = await place.signed_in("hr")
    answer = await browser.open(f"/cycles/new?draft={place.company.cycle_id}")
    assert answer.status_code == 409
    assert "already launched" in answer.text


async def test_an_empty_deadline_is_asked_for_and_the_rest_stays(place: Place, draft: str) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    changed = {"feedback_due_on": "", "targets_due_on": "2054-12-31"}
    answer = await browser.send("/cycles/new", **{**fields_of(browser), **changed}, do="check")
    assert answer.status_code == 422
    assert "every deadline" in answer.text
    assert fields_of(browser)["targets_due_on"] == "2054-12-31"


async def test_only_hr_launches(place: Place, draft: str) -> None:
    browser = await place.signed_in("ceo")
    assert (await browser.open("/cycles/new")).status_code == 403
    assert (await browser.send("/cycles/new", do="launch")).status_code == 403

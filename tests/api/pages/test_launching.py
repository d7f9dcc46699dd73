from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from models.cycles import Cycle, CycleDepartment
from models.org import Person, Unit
from models.stages import CycleState
from models.terms import Ladder
from tests.api.pages.place import Browser, Place
from tests.api.pages.standings import to

FORM = {"content-type": "application/x-www-form-urlencoded"}
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
    ticked = re.findall(r'<input[^>]*type="checkbox" name="([^"]+)" value="([^"]*)" checked', form)
    chosen = [
        (name, value)
        for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form)
        for value in re.findall(r'<option value="([^"]*)" selected', options)
    ]
    named = re.findall(r'<input(?![^>]*type="checkbox")[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form)
    return {name: value for name, value in (*named, *ticked, *chosen) if name != "csrf"}


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


async def test_a_quarter_that_has_its_cycle_is_not_proposed_again(place: Place) -> None:
    """HR looks at the form in the quarter before the one whose cycle is launched already."""
    await to(place, datetime(2054, 11, 20, 2, tzinfo=UTC))
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    assert 'value="Q2 2055"' in browser.page


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
    assert "目标确认" in answer.text
    written = await browser.send("/cycles/new/messages", **fields_of(browser), step="0")
    async with place.sessions() as session:
        director = await session.get_one(Person, place.company.departments[0].director_id)
    assert director.name in written.text
    assert "/t/…" in written.text  # The texts themselves, without a link that works.
    assert place.commands.wishes == []


async def test_who_will_hold_which_task_is_told_for_every_department(place: Place, draft: str) -> None:
    """Rule 54."""
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    answer = await browser.send("/cycles/new/holders", **fields_of(browser))
    async with place.sessions() as session:
        for department in place.company.departments:
            for person_id in (department.director_id, department.superior_id):
                assert (await session.get_one(Person, person_id)).name in answer.text


async def test_while_somebody_types_the_check_alone_is_sent(place: Place, draft: str) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    fields = {**fields_of(browser), "csrf": browser.csrf}
    answer = await browser.http.post("/cycles/new", data=fields, headers={"hx-target": "check"})
    assert answer.status_code == 200
    assert "Launch now" in answer.text
    assert "<html" not in answer.text
    fields["targets_due_on"] = "2020-01-01"
    answer = await browser.http.post("/cycles/new", data=fields, headers={"hx-target": "check"})
    assert (answer.status_code, "already over" in answer.text, "<html" in answer.text) == (422, True, False)
    assert place.commands.wishes == []


async def test_departments_that_are_left_out_take_no_part(place: Place, draft: str) -> None:
    first, second, third = place.company.departments
    await place.change(Unit, second.id, head_id=None)  # Would stand in the way, if it took part.
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    data = [*fields_of(browser).items(), ("csrf", browser.csrf), ("without", second.id), ("do", "check")]
    answer = await browser.http.post("/cycles/new", content=urlencode(data), headers=FORM)
    assert answer.status_code == 200, answer.text
    assert re.search(rf'name="without" value="{second.id}" checked', answer.text)
    answer = await browser.http.post(
        "/cycles/new", content=urlencode([*data[:-1], ("do", "launch")]), headers=FORM
    )
    assert answer.status_code == 303
    (wish,) = place.commands.wishes
    started = {row.department_id for row in wish.rows if isinstance(row, CycleDepartment)}
    assert started == {first.id, third.id}


async def test_the_ladder_is_data_that_hr_changes(place: Place, draft: str) -> None:
    """Rule 4."""
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    fields = fields_of(browser)
    assert fields["rung-0-before"] == "3"
    del fields["rung-0-sms"]  # Without a channel a rung is none.
    fields |= {"rung-3-before": "7", "rung-3-do": "notify-hr", "rung-3-email": "yes", "superior_moves_after": "5"}
    await browser.send("/cycles/new", **fields, do="launch")
    async with place.sessions() as session:
        ladder = (await session.get_one(Cycle, draft)).the_terms().ladder
    assert [(rung.name, rung.days, rung.action.value) for rung in ladder.rungs] == [
        ("notify-hr-7d", -7, "notify"),
        ("email-1d", -1, "remind"),
        ("escalate", 0, "move"),
    ]
    assert ladder.superior_moves_after == 5


async def test_an_earlier_cycles_plan_can_be_copied(place: Place) -> None:
    earlier = place.company.cycle_id
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, earlier)
    terms = cycle.the_terms()
    kept = terms.model_copy(update={"ladder": Ladder(rungs=terms.ladder.rungs[1:])})
    await place.change(Cycle, earlier, terms=kept.model_dump(mode="json"))
    browser = await place.signed_in("hr")
    await browser.open("/cycles/new")
    later = {"starts_on": "2055-04-01", "ends_on": "2055-06-30", "template": earlier, "do": "period"}
    await browser.send("/cycles/new", **{**fields_of(browser), **later})
    fields = fields_of(browser)
    assert fields["rung-0-name"] == "email-1d"
    assert {"due:2055-04-01", "due:2055-05-01", "due:2055-06-01"} <= set(fields)


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

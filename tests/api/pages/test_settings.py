"""Settings: the company, its days, the ladder of new cycles; who may change them, and what is refused."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from models.changes import Change
from models.cycles import Cycle
from models.org import CalendarDay, Company
from models.stages import Channel
from models.terms import Ladder
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Place

PAGES = ("/settings/company", "/settings/calendar", "/settings/ladder")
COMPANY = {
    "name": "华东科技",
    "name_en": "Huadong",
    "time_zone": "Asia/Shanghai",
    "hr_mailbox": "hr@example.cn",
    "first_sending_hour": "8",
    "last_sending_hour": "17",
}
STANDARD = {
    "days0": "3",
    "side0": "before",
    "hour0": "morning",
    "does0": "remind",
    "sms0": "yes",
    "days1": "0",
    "side1": "before",
    "hour1": "deadline",
    "does1": "move",
    "email1": "yes",
    "system1": "yes",
    "reminded_after": "1",
    "moves_after": "2",
}


async def company_of(place: Place) -> Company:
    async with place.sessions() as session:
        return await session.get_one(Company, place.company.company_id)


async def changes(place: Place) -> list[Change]:
    async with place.sessions() as session:
        return list((await session.exec(select(Change).order_by(col(Change.at)))).all())


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(
    ("user_name", "reads"), [("hr", True), ("auditor", True), ("ceo", False), ("d0001", False)]
)
async def test_settings_are_read_by_hr_and_auditors_and_changed_by_hr_alone(
    place: Place, address: str, user_name: str, reads: bool
) -> None:
    """Rule 50."""
    browser = await place.signed_in(user_name)
    assert (await browser.open(address)).status_code == (200 if reads else 403)
    if user_name == "auditor":
        assert 'name="do"' not in browser.page.split("<main")[1]
    if user_name != "hr":
        assert (await browser.send(address, **COMPANY, **STANDARD, do="save")).status_code in (403, 405)
        assert await changes(place) == []


async def test_the_company_is_changed_on_record_and_a_new_cycle_follows(place: Place) -> None:
    """Rules 4 and 9; each change with before and after."""
    browser = await place.signed_in("hr")
    await browser.open("/settings/company")
    await browser.send("/settings/company", **COMPANY)
    assert "Saved." in browser.page
    company = await company_of(place)
    assert (company.name, company.hr_mailbox, company.last_sending_hour) == ("华东科技", "hr@example.cn", 17)
    (change,) = await changes(place)
    assert (change.before["first_sending_hour"], change.after["first_sending_hour"]) == (9, 8)
    assert "Sending begins at: 9 → 8" in browser.page
    await browser.open("/cycles/new")
    assert "17:00" in browser.page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "needs a name"),
        ("time_zone", "Mars/Base", "There is no time zone “Mars/Base”"),
        ("hr_mailbox", "nobody", "nobody"),
        ("first_sending_hour", "18", "end before they begin"),
        ("last_sending_hour", "late", "end before they begin"),
    ],
)
async def test_a_company_that_makes_no_sense_is_refused_and_what_was_typed_stays(
    place: Place, field: str, value: str, said: str
) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/company")
    answer = await browser.send("/settings/company", **{**COMPANY, field: value})
    assert answer.status_code == 422
    assert said in browser.page
    assert 'value="Huadong"' in browser.page
    assert await changes(place) == []


async def test_a_ladder_is_shown_with_its_dates_and_given_to_new_cycles(place: Place) -> None:
    """Rule 2: due on a Wednesday, the SMS comes on the Friday before."""
    browser = await place.signed_in("hr")
    await browser.open("/settings/ladder?example=2026-10-28")
    for said in ("Wed 28 Oct 2026, 18:00", "Fri 23 Oct 2026, 09:00", "Tue 27 Oct 2026, 09:00", "moves the task"):
        assert said in browser.page, said
    await browser.send("/settings/ladder", **{**STANDARD, "days0": "5", "name0": "early"}, do="save")
    assert "Saved." in browser.page
    ladder = (await company_of(place)).the_ladder()
    assert [(rung.name, rung.days, rung.channels) for rung in ladder.rungs] == [
        ("early", -5, (Channel.SMS,)),
        ("move-email-system-day", 0, (Channel.EMAIL, Channel.SYSTEM)),
    ]
    assert len(await changes(place)) == 1


async def test_cycles_under_way_keep_their_ladder(place: Place) -> None:
    """Rule 4: data of the cycle."""
    browser = await place.signed_in("hr")
    await browser.open("/settings/ladder")
    await browser.send("/settings/ladder", **{**STANDARD, "days0": "5"}, do="save")
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, place.company.cycle_id)
    assert cycle.the_terms().ladder == Ladder()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name0": "x", "name1": "x"}, "Two rungs of the ladder are called “x”"),
        ({"sms0": ""}, "goes by no channel"),
        ({"side0": "after"}, "it would never go out"),
        ({"side1": "before", "days1": "2"}, "before its deadline"),
        ({"days0": "soon"}, "no number"),
        ({"moves_after": "99"}, "no number"),
    ],
)
async def test_a_ladder_that_makes_no_sense_is_refused(place: Place, typed: dict[str, str], said: str) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/ladder")
    answer = await browser.send("/settings/ladder", **{**STANDARD, **typed}, do="save")
    assert (answer.status_code, said in browser.page) == (422, True)
    assert (await company_of(place)).ladder == {}


async def test_rungs_are_added_and_taken_away_without_a_script(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/ladder")
    await browser.send("/settings/ladder", **STANDARD, do="add")
    assert browser.page.count("<fieldset") == 3
    await browser.send("/settings/ladder", **STANDARD, do="remove:0")
    assert browser.page.count("<fieldset") == 1
    assert await changes(place) == []


async def test_days_are_shown_with_what_they_touch_before_they_are_saved(place: Place) -> None:
    """Rules 9 and 10: plans that stand are not silently changed."""
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, place.company.cycle_id)
    day = cycle.the_terms().targets_due_on
    browser = await place.signed_in("hr")
    await browser.open("/settings/calendar")
    asked = {"from_on": day.isoformat(), "kind": "off", "note": "司庆"}
    await browser.send("/settings/calendar", **asked, do="check")
    assert cycle.name in browser.page
    assert "by the new days" in browser.page
    assert await changes(place) == []
    await browser.send("/settings/calendar", lines=f"{day} off 司庆", do="save")
    assert place.moves == []
    async with place.sessions() as session:
        (row,) = (await session.exec(select(CalendarDay))).all()
    assert (row.day, row.is_working, row.note) == (day, False, "司庆")
    (change,) = await changes(place)
    assert (change.before, change.after) == ({day.isoformat(): ""}, {day.isoformat(): "off 司庆"})
    await browser.send("/settings/calendar", lines=f"{day} public", do="save")
    async with place.sessions() as session:
        assert (await session.exec(select(CalendarDay))).all() == []


async def test_a_cycle_takes_the_new_days_when_hr_says_so(place: Place) -> None:
    """Rule 10: its ladders are set anew, by an order."""
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, place.company.cycle_id)
    day = cycle.the_terms().targets_due_on
    browser = await place.signed_in("hr")
    await browser.open("/settings/calendar")
    await browser.send("/settings/calendar", lines=f"{day} off", do="save", **{f"take:{cycle.id}": "yes"})
    (wish,) = place.commands.wishes
    assert (wish.kind.value, wish.cycle_id, wish.words["terms"]) == ("plan", cycle.id, cycle.terms)


async def test_the_days_of_a_year_are_read_from_a_file(place: Place) -> None:
    browser = await place.signed_in("hr", "zh")
    await browser.open("/settings/calendar")
    content = "日期,安排,备注\n2027-02-06,休,春节\n2027/02/07,休,春节\n2027-02-14,班,调休\n".encode()
    await browser.send("/settings/calendar", files={"file": ("2027.csv", content)}, do="check", year="2027")
    assert "将变更 3 天" in browser.page
    assert "2027-02-14 working 调休" in browser.page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"from_on": "", "kind": "off"}, "cannot be read"),
        ({"from_on": "2027-02-08", "until_on": "2027-02-01", "kind": "off"}, "cannot be read"),
        ({"from_on": "2020-01-01", "until_on": "2027-01-01", "kind": "off"}, "more than 400 days"),
        ({"lines": "2027-02-30 off"}, "cannot be read"),
        ({"lines": "DROP TABLE"}, "cannot be read"),
    ],
)
async def test_days_that_make_no_sense_are_refused(place: Place, form: dict[str, str], said: str) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/calendar")
    answer = await browser.send("/settings/calendar", **form, do="save")
    assert (answer.status_code, said in browser.page) == (422, True)


async def test_each_faulty_row_of_a_file_is_named(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/calendar")
    content = b"day,what\n2027-02-06,off\nsoon,off\n2027-02-08,perhaps\n"
    answer = await browser.send("/settings/calendar", files={"file": ("2027.csv", content)}, do="check")
    assert answer.status_code == 422
    assert "2 rows are wrong" in browser.page
    assert "“2027-02-08 perhaps”" in browser.page


async def test_a_year_whose_holidays_are_not_announced_says_so(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/calendar?year=2031")
    assert "The holidays of 2031 are not known yet" in browser.page
    await browser.open("/settings/calendar?year=2026")
    assert "not known yet" not in browser.page
    assert "Spring Festival" in browser.page


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    ("language", "buttons"),
    [("zh-CN", ("添加一级", "保存，用于新周期")), ("en", ("Add a rung", "Save for new cycles"))],
)
async def test_hr_adds_a_rung_and_saves(place: Place, language: str, buttons: tuple[str, str]) -> None:
    """The journey of HR through the ladder."""
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, address, "hr", language)
        await page.goto(f"{address}/settings/ladder")
        await page.get_by_role("button", name=buttons[0]).click()
        await page.fill("#days3", "7")
        await page.get_by_role("button", name=buttons[1]).click()
        await page.wait_for_selector("main [role=status]")
    assert len((await company_of(place)).the_ladder().rungs) == 4

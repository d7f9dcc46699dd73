"""Texts of messages: read, reworded with a preview, refused, and put back; by whom."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from models.changes import Change, Subject
from models.wordings import Wording
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Place

SMS = "/settings/texts/task-opened/zh-CN/sms"
MAIL = "/settings/texts/task-reminder/en/email"


async def wordings(place: Place) -> dict[str, str]:
    async with place.sessions() as session:
        return {row.part.value: row.text for row in (await session.exec(select(Wording))).all()}


async def changes(place: Place) -> list[Change]:
    async with place.sessions() as session:
        found = await session.exec(
            select(Change).where(col(Change.subject) == Subject.TEXT).order_by(col(Change.at))
        )
        return list(found.all())


@pytest.mark.parametrize(
    ("user_name", "reads"), [("hr", True), ("auditor", True), ("ceo", False), ("d0001", False)]
)
async def test_texts_are_read_by_hr_and_auditors_and_changed_by_hr_alone(
    place: Place, user_name: str, reads: bool
) -> None:
    """Rule 50."""
    browser = await place.signed_in(user_name)
    for address in ("/settings/texts", SMS, MAIL):
        assert (await browser.open(address)).status_code == (200 if reads else 403)
    if user_name != "hr":
        assert 'value="save"' not in browser.page
        assert (await browser.send(SMS, sms="快办：{link}", do="save")).status_code == 403
        assert await wordings(place) == {}


async def test_every_text_opens_with_its_preview(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/settings/texts")
    addresses = sorted(
        {part.split('"')[0] for part in browser.page.split('href="')[1:] if "/settings/texts/" in part}
    )
    assert len(addresses) >= 80
    for address in addresses:
        assert (await browser.open(address)).status_code == 200, address
        assert "Preview" in browser.page


async def test_a_new_wording_is_previewed_saved_on_record_and_taken_back(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open(SMS)
    assert "charged as 2 SMS" in browser.page
    await browser.send(SMS, sms="{person}，请{task}：{link}，逾期转{superior}。" + "快" * 60, do="preview")
    assert "王芳，请确认目标：https://" in browser.page
    assert "charged as 3 SMS" in browser.page
    assert await wordings(place) == {}
    await browser.send(SMS, sms="{person}，请{task}：{link}", do="save")
    assert await wordings(place) == {"sms": "{person}，请{task}：{link}"}
    (change,) = await changes(place)
    assert change.before == {"sms": "{person}：请于{deadline}前{task}（{department}）：{link}"}
    assert change.after == {"sms": "{person}，请{task}：{link}"}
    await browser.open("/settings/texts")
    assert "own words" in browser.page
    await browser.open(SMS)
    await browser.send(SMS, do="standard")
    assert await wordings(place) == {}
    assert len(await changes(place)) == 2


async def test_a_wording_that_does_not_change_leaves_no_record(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open(SMS)
    await browser.send(SMS, do="save")
    assert await changes(place) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("快办{salary}：{link}", "no placeholder {salary}"),
        ("快办", "nobody could act"),
        ("{", "brace stands alone"),
        ("", "A sentence is empty"),
    ],
)
async def test_a_wrong_wording_is_refused_and_stays_to_be_mended(place: Place, text: str, said: str) -> None:
    browser = await place.signed_in("hr")
    await browser.open(SMS)
    answer = await browser.send(SMS, sms=text, do="save")
    assert (answer.status_code, said in browser.page) == (422, True)
    assert f">{text}</textarea>" in browser.page
    assert await wordings(place) == {}


@pytest.mark.parametrize(
    "address", ["task-opened/zh-CN/system", "password-link/en/email", "none/en/sms", "task-opened/fr/sms"]
)
async def test_there_is_no_text_where_nothing_can_be_worded(place: Place, address: str) -> None:
    browser = await place.signed_in("hr")
    assert (await browser.open(f"/settings/texts/{address}")).status_code == 404


@NEEDS_CHROMIUM
@pytest.mark.parametrize(("language", "button"), [("zh-CN", "保存"), ("en", "Save")])
async def test_hr_changes_the_text_of_a_reminder(place: Place, language: str, button: str) -> None:
    """The journey of HR: the list, the text, the button, the record."""
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, address, "hr", language)
        await page.goto(f"{address}/settings/texts")
        await page.click(f"a[href='{MAIL}']")
        await page.fill("#subject", "Please look: {department}")
        await page.get_by_role("button", name=button, exact=True).click()
        await page.wait_for_selector("main [role=status]")
        assert "Please look: Sales One" in await page.inner_text("main")
    assert await wordings(place) == {"subject": "Please look: {department}"}

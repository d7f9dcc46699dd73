"""HR's main journey in a real browser: launch, look, act on many at once; with the keyboard alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import Page

from models.cycles import Cycle
from models.messages import RemindTask
from models.stages import CycleState
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Place
from tests.api.pages.test_acting import three_tasks

WORDS = {
    "zh-CN": {"over": "已过", "launch": "立即发起", "texts": "您好", "done": "3项已完成"},
    "en": {"over": "already over", "launch": "Launch now", "texts": "/t/…", "done": "3 done"},
}
MOST_TABS = 150
MARKS = """() => {
    const style = getComputedStyle(document.activeElement);
    return [style.outlineStyle, style.boxShadow];
}"""


async def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Press Tab (or Shift+Tab) until what is sought has the focus, and is seen to have it."""
    for _ in range(MOST_TABS):
        await page.keyboard.press(key)
        if await page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            assert await page.evaluate(MARKS) != ["none", "none"], selector
            return
    raise AssertionError(f"Tab never reaches {selector}")


async def type_day(page: Page, day: str) -> None:
    """Type a day into the field that has the focus, part by part in Chromium's order, and leave it."""
    year, month, of_month = day.split("-")
    await page.keyboard.press("ArrowLeft")  # Coming from behind, its last part has the focus.
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.type(f"{month}{of_month}{year}")
    await page.keyboard.press("Tab")


@NEEDS_CHROMIUM
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_hr_launches_and_acts_on_many_with_the_keyboard_alone(place: Place, language: str) -> None:
    """Rules 10 and 54: checked as one types, seen before it is launched; then one order about many tasks."""
    words = WORDS[language]
    await place.change(Cycle, place.company.cycle_id, state=CycleState.DRAFT, launched_at=None)
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        await sign_in(page, address, "hr", language)
        await page.goto(f"{address}/cycles/new")
        await page.wait_for_selector("#ready")
        seen = await page.input_value("#targets_due_on")
        await tab_to(page, "#targets_due_on")
        await type_day(page, "2020-01-01")
        await page.wait_for_selector(f"#check [role=alert]:has-text('{words['over']}')")
        await tab_to(page, "#targets_due_on", "Shift+Tab")
        await type_day(page, seen)
        assert await page.input_value("#targets_due_on") == seen
        await page.wait_for_selector("#ready")
        await tab_to(page, "button[value=launch]")
        assert words["launch"] in await page.evaluate("document.activeElement.textContent")
        await tab_to(page, ".calendar-steps summary")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".messages .history li")
        assert words["texts"] in str(await page.text_content(".messages .said"))
        await tab_to(page, "button[value=launch]", "Shift+Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{address}/cycles/{place.company.cycle_id}")
        assert [wish.kind.value for wish in place.commands.wishes] == ["launch"]

        await place.change(Cycle, place.company.cycle_id, state=CycleState.RUNNING, launched_at=datetime.now(UTC))
        await three_tasks(place)
        await page.reload()
        await page.wait_for_selector("#late-heading")
        await tab_to(page, "#act [data-all]")
        await page.keyboard.press("Space")
        await tab_to(page, "#act button[value=remind]")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(f".results:has-text('{words['done']}')")
        reminded = [wish for wish in place.commands.wishes if isinstance(wish.move, RemindTask)]
        assert len(reminded) == 3


@NEEDS_CHROMIUM
async def test_filtering_and_turning_over_keep_the_place_and_the_address(place: Place) -> None:
    tasks = await three_tasks(place)
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 500})
        await sign_in(page, address, "hr", "en")
        await page.goto(f"{address}/cycles/{place.company.cycle_id}")
        await page.wait_for_selector("#late-heading")
        await page.locator("#q").scroll_into_view_if_needed()
        before = await page.evaluate("window.scrollY")
        await page.click("#sort-name")
        await page.wait_for_selector("th[aria-sort=ascending] #sort-name")
        await page.type("#q", tasks[0].department_id)
        await page.wait_for_selector(".empty-note:has-text('No department fits')")
        assert "q=" in page.url
        assert "sort=name" in page.url
        assert await page.evaluate("document.activeElement.id") == "q"
        assert await page.evaluate("window.scrollY") <= before
        await page.go_back()
        await page.wait_for_selector("tr.go")

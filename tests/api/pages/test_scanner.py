"""A mail scanner with a real browser: renders pages with JavaScript, fills every field, presses every button."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, TimeoutError
from sqlmodel import func, select

from models.delivery import Device, Link, hash_of_token
from models.stages import TaskKind, TaskState
from models.tasks import Command, Decision, Submission, Task
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served
from tests.api.pages.place import Place

GUESSES = ("test", "1234")


@pytest.fixture
async def address(place: Place) -> AsyncIterator[str]:
    async with served(place) as address:
        yield address


@pytest.fixture
async def scanner() -> AsyncIterator[BrowserContext]:
    async with chromium() as browser:
        yield await browser.new_context(viewport={"width": 375, "height": 740})


async def fill_everything(page: Page, guess: str) -> None:
    """Open what can be opened, tick what can be ticked, and write into every field, hidden ones too."""
    await page.evaluate(
        """guess => {
            document.querySelectorAll('details').forEach(one => one.open = true);
            document.querySelectorAll('form').forEach(one => one.noValidate = true);
            for (const field of document.querySelectorAll('input, textarea')) {
                if (field.type === 'checkbox' || field.type === 'radio') field.checked = true;
                else if (!['hidden', 'file', 'submit'].includes(field.type)) field.value = guess;
            }
        }""",
        guess,
    )


async def press_everything(page: Page, address: str, guess: str) -> int:
    """Press each button of the page, each time on the page as it first was."""
    await page.goto(address)
    buttons = await page.locator("main button").count()
    for number in range(buttons):
        await page.goto(address)
        await fill_everything(page, guess)
        try:
            async with page.expect_navigation(timeout=5000):
                await page.locator("main button").nth(number).click()
        except TimeoutError:
            continue
    return buttons


@NEEDS_CHROMIUM
@pytest.mark.parametrize("kind", list(TaskKind))
async def test_a_scanner_that_fills_every_field_and_presses_every_button_changes_nothing(
    place: Place, address: str, scanner: BrowserContext, kind: TaskKind
) -> None:
    """DESIGN 11: deciding takes a person's hand."""
    task = await place.open_task(kind)
    link = await place.link_to(task)
    page = await scanner.new_page()
    pressed = sum([await press_everything(page, address + link, guess) for guess in GUESSES])
    assert pressed >= 2
    async with place.sessions() as session:
        now = await session.get_one(Task, task.id)
        token = await session.get_one(Link, hash_of_token("a-token"))
        written = [
            (await session.exec(select(func.count()).select_from(table))).one()
            for table in (Command, Decision, Submission, Device)
        ]
    assert now.state is TaskState.OPEN
    assert written == [0, 0, 0, 0]
    assert token.wrong_tries == 0, "the scanner used up the person's tries"
    assert place.commands.wishes == []
    assert place.commands.signals == []


@NEEDS_CHROMIUM
async def test_a_person_confirms_on_a_phone_by_the_link(
    place: Place, address: str, scanner: BrowserContext
) -> None:
    task = await place.open_task()
    page = await scanner.new_page()
    await page.goto(address + await place.link_to(task))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375
    await page.locator("#digits-confirm").fill(await place.digits_of(task.holder_id))
    await page.get_by_role("button", name="确认目标").click()
    await page.wait_for_selector(".verdict")
    assert "确认了目标" in await page.inner_text("main")
    assert len(place.commands.wishes) == 1

"""The navigation: each role sees its own entries, on a wide screen and on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.pages import navigation
from api.pages.navigation import ENTRIES, Entry, Group, everybody, shown_to
from api.pages.rendering import TEMPLATES, Shell
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Place

LINK = re.compile(r'<a href="(/[a-z-]+)"')


@pytest.mark.parametrize(
    ("user_name", "sees_cycles"), [("hr", True), ("ceo", True), ("auditor", True), ("d0001", False)]
)
async def test_each_role_sees_its_own_entries(place: Place, user_name: str, sees_cycles: bool) -> None:
    """Rule 50."""
    browser = await place.signed_in(user_name)
    await browser.open("/tasks")
    bar = browser.page.split('<nav class="topnav')[1].split("</nav>")[0]
    assert "/tasks" in LINK.findall(bar)
    assert ("/cycles" in LINK.findall(bar)) is sees_cycles


def test_every_entry_has_an_icon() -> None:
    icons = (Path(TEMPLATES) / "parts" / "icons.html").read_text(encoding="utf-8")
    assert {entry.icon for entry in ENTRIES} <= set(re.findall(r"macro (\w+)\(", icons))


def test_only_the_closest_entry_is_here() -> None:
    class At:
        def __init__(self, path: str) -> None:
            self.request = self.url = self
            self.path = path

    entries = [
        Entry(address, "", "check", everybody, Group.SETTINGS) for address in ("/settings", "/settings/users")
    ]

    def here(path: str) -> list[str]:
        shell: Shell = At(path)  # type: ignore[assignment]  # All that is asked of it.
        shown = shown_to(shell, entries)[Group.SETTINGS]
        return [one.entry.address for one in shown if one.is_here]

    assert here("/settings/users/p1") == ["/settings/users"]
    assert here("/settings/texts") == ["/settings"]
    assert here("/settingsx") == []
    assert navigation.ENTRIES


@NEEDS_CHROMIUM
async def test_on_a_phone_the_menu_works_by_keyboard_alone(place: Place) -> None:
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 375, "height": 700})
        await sign_in(page, address, "hr", "en")
        assert not await page.is_visible("nav.topnav")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent.trim()") == "Menu"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.textContent.trim()") == "Menu"
        assert not await page.is_visible(".menu .me-menu")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/tasks")


@NEEDS_CHROMIUM
async def test_htmx_is_there_and_evaluates_nothing(place: Place) -> None:
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{address}/sign-in")
        assert await page.evaluate("htmx.version") == "2.0.11"
        assert await page.evaluate("htmx.config.allowEval") is False

"""Makes the pictures of the documentation anew, from a demonstration of its own.

    python -m tests.screenshots [FOLDER]

Starts the demonstration in a passing folder on free ports, moves its time on into the quarter, and
photographs what people see. Takes two minutes or so; leaves nothing behind but the pictures.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, Error, Page

from quarterdeck.demo.company import PASSWORD
from tests.api.pages.browser import chromium, sign_in
from tests.standins.providers import free_port
from tests.standins.smtp import text_of

PORTS = ("PORT", "DEMO_TEMPORAL_PORT", "DEMO_TEMPORAL_WEB_PORT", "DEMO_MAIL_PORT", "DEMO_SMS_PORT")
QUARTERDECK = (sys.executable, "-m", "quarterdeck.cli")
START_WITHIN = 180
"""Seconds."""
FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"


@dataclass(frozen=True)
class Picture:
    """One picture: whose page, where, how wide, in which language."""

    name: str
    user_name: str
    path: str
    width: int = 1280
    height: int = 860
    language: str = "zh-CN"


AT_THE_LAUNCH = (
    Picture("task-phone", "", "{link}", 375, 760),
    Picture("launch", "hr", "/cycles/new", height=1000),
)
AFTER_THE_DEADLINE = (Picture("overview", "vp", "/overview"),)
IN_FEBRUARY = (
    Picture("cycle", "hr", "{cycle}"),
    Picture("cycle-en", "hr", "{cycle}", language="en"),
    Picture("my-department", "director", "/my-department", height=1000),
    Picture("figure", "director", "{figure}", height=760),
    Picture("where-i-stand-phone", "employee", "/me/results", 375, 760),
    Picture("messages-en", "hr", "/messages", language="en"),
)


def settings_in(folder: Path) -> dict[str, str]:
    """Settings of a demonstration on free ports."""
    ports = {f"QUARTERDECK_{name}": str(free_port()) for name in PORTS}
    return {"QUARTERDECK_DEMO_FOLDER": str(folder)} | ports


@contextmanager
def demonstration(environment: dict[str, str]) -> Iterator[str]:
    """Run `quarterdeck demo` and give its address."""
    demo = subprocess.Popen([*QUARTERDECK, "demo"], env=environment)
    try:
        yield f"http://127.0.0.1:{environment['QUARTERDECK_PORT']}"
    finally:
        demo.terminate()
        demo.wait()


async def launched(page: Page, address: str) -> str:
    """Wait until the demonstration's cycle is launched and return its path."""
    async with asyncio.timeout(START_WITHIN):
        while True:
            with suppress(Error):
                if "/sign-in" in page.url or page.url == "about:blank":
                    await sign_in(page, address, "hr", "zh-CN", PASSWORD)
                await page.goto(f"{address}/cycles")
                if path := await page.locator("tbody a[href^='/cycles/']").first.get_attribute(
                    "href", timeout=500
                ):
                    return path
            await asyncio.sleep(1)


def newest_link(mail: Path) -> str:
    """Return the path behind the first link of the last mail that asks a person to confirm targets."""
    for file in sorted(mail.glob("*.eml"), reverse=True):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        if "目标" in str(message["subject"]) and (found := re.search(r"https?://\S+/t/\S+", text_of(message))):
            return urlsplit(found[0]).path
    raise LookupError("no mail asks to confirm targets")


async def photograph(folder: Path, passing: Path) -> None:
    """Photograph a launch, what has climbed after the first deadline, and a quarter under way."""
    environment = os.environ | settings_in(passing / "demo")
    with demonstration(environment) as address:
        async with chromium() as browser:
            studio = Studio(browser, address, folder)
            cycle = await launched(await browser.new_page(), address)
            await studio.take(AT_THE_LAUNCH, link=newest_link(passing / "demo" / "mail"))
            for _ in range(2):
                await advance(environment, "next-deadline")
            await studio.take(AFTER_THE_DEADLINE)
            await studio.agree_to_all("vp")
            await advance(environment, "12")
            await studio.agree_to_all("ceo")
            await advance(environment, "18")
            await studio.take(IN_FEBRUARY, cycle=cycle, figure=await studio.first_figure())


async def advance(environment: dict[str, str], to: str) -> None:
    moving = await asyncio.create_subprocess_exec(*QUARTERDECK, "advance", to, env=environment)
    if await moving.wait():
        raise RuntimeError(f"time could not be moved to {to}")


@dataclass(frozen=True)
class Studio:
    """A browser before the demonstration, and where its pictures go."""

    browser: Browser
    address: str
    folder: Path

    async def take(self, pictures: Sequence[Picture], **places: str) -> None:
        for picture in pictures:
            page = await self.page_of(picture.user_name, picture.language, picture.width, picture.height)
            await page.goto(self.address + picture.path.format(**places), wait_until="networkidle")
            await page.screenshot(path=self.folder / f"{picture.name}.png", animations="disabled")
            await page.context.close()

    async def page_of(self, user_name: str, language: str = "zh-CN", width: int = 1280, height: int = 860) -> Page:
        context = await self.browser.new_context(viewport={"width": width, "height": height}, locale=language)
        page = await context.new_page()
        await sign_in(page, self.address, user_name, language, PASSWORD)
        return page

    async def agree_to_all(self, user_name: str) -> None:
        page = await self.page_of(user_name)
        await page.goto(f"{self.address}/overview")
        await page.get_by_label("全选").check()
        await page.get_by_role("button", name="同意所选任务").click()
        await page.get_by_role("status").first.wait_for()
        await page.context.close()

    async def first_figure(self) -> str:
        page = await self.page_of("director")
        await page.goto(f"{self.address}/my-department")
        path = await page.locator("main a[href^='/figures/person/']").first.get_attribute("href")
        await page.context.close()
        return path or "/my-department"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as passing:
        asyncio.run(photograph(folder, Path(passing)))


if __name__ == "__main__":
    main()

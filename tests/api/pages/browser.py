"""A real browser on the application behind a real port."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright, expect

from quarterdeck.demo.small import PASSWORD

CHROMIUM = shutil.which("chromium")
expect.set_options(timeout=30_000)
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium")


class HasApp(Protocol):
    """What holds the application: a place with recorded commands, or a quarter on the real engine."""

    @property
    def app(self) -> FastAPI: ...


@asynccontextmanager
async def served(place: HasApp) -> AsyncIterator[str]:
    """Serve the application and give its address."""
    server = uvicorn.Server(uvicorn.Config(place.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for.
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def sign_in(page: Page, address: str, user_name: str, language: str, password: str = PASSWORD) -> None:
    """Choose the language, and sign in; a stranger has no name."""
    await page.goto(f"{address}/sign-in?lang={language}")
    if user_name:
        await page.fill("#user_name", user_name)
        await page.fill("#password", password)
        await page.click("form[action='/sign-in'] button")
        await page.wait_for_url(lambda url: "/sign-in" not in url)

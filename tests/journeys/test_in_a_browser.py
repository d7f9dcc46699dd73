"""A quarter as people live it: in a real browser, in both languages, from launch to the employee's result."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.testing import WorkflowEnvironment

from models.database import SessionMaker
from models.org import Account
from models.stages import CycleState, Language, TaskKind
from quarterdeck.demo.small import SmallCompany, make_small_company, password_hash
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.journeys.quarter import Outside, Quarter, quarter
from tests.journeys.test_a_quarter import STARTS_AT, unique
from tests.standins.smtp import text_of

PROMPT, SILENT = "d0001", "d0002"
PHONE, SCREEN = {"width": 375, "height": 812}, {"width": 1280, "height": 800}
WORDS = {
    Language.CHINESE: {
        "confirmed": "确认了目标",
        "moved": "由{name}升级而来",
        "approved": "批准了结果",
        "publish": "发布",
        "published": "已发布",
        "mine": "我的绩效",
        "out": "结果",
    },
    Language.ENGLISH: {
        "confirmed": "confirmed the targets",
        "moved": "moved up from {name}",
        "approved": "approved the results",
        "publish": "Publish",
        "published": "Published",
        "mine": "My results",
        "out": "Results published",
    },
}


async def the_company(sessions: SessionMaker, language: Language) -> SmallCompany:
    """Two departments of two people, whose figures are all in the CRM; the first seller may sign in."""
    company = await make_small_company(
        sessions,
        2,
        2,
        launch_on=STARTS_AT.date(),
        company_id=unique("browser"),
        metrics=("sales", "collection"),
        language=language,
    )
    async with sessions() as session:
        seller = company.departments[0].people_ids[1]
        session.add(Account(person_id=seller, user_name="seller", password_hash=password_hash()))
        await session.commit()
    return company


async def signed_in(
    browser: Browser, address: str, user_name: str, language: Language, size: dict[str, int] = SCREEN
) -> Page:
    context = await browser.new_context(viewport={"width": size["width"], "height": size["height"]})
    page = await context.new_page()
    await sign_in(page, address, user_name, language.value)
    return page


async def by_link(it: Quarter, browser: Browser, address: str, person_id: str) -> Page:
    """Open the link of a person's last mail on their phone, where they never were before."""
    mail = it.outside.mail.to(f"{person_id}@quarterdeck.example")[-1]
    (link, *_) = re.findall(r"https?://\S+/t/\S+", text_of(mail))
    context = await browser.new_context(viewport={"width": PHONE["width"], "height": PHONE["height"]})
    page = await context.new_page()
    await page.goto(address + urlsplit(link).path)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    return page


async def decide(it: Quarter, page: Page, choice: str, verdict: str, digits: str = "") -> None:
    form = page.locator("form", has=page.locator(f"button[value={choice}]"))
    if digits:
        await form.locator("input[name=digits]").fill(digits)
    await form.locator(f"button[value={choice}]").click()
    await expect(page.locator(".verdict")).to_contain_text(verdict)
    await it.settled()


async def hand_in_the_months(it: Quarter) -> None:
    """Everything is in the CRM: both departments only say that it is complete."""
    for _ in range(3):
        while len(await it.open_tasks()) < len(it.company.departments):
            await it.go_to(await it.now() + timedelta(days=3))
        for department in it.company.departments:
            task = await it.the_task(department.id)
            answer = await it.post(task.holder_id, f"/api/tasks/{task.id}/submit", {"rows": []})
            assert answer.status_code == 200, answer.text
            await it.settled()
    await it.reach(dict.fromkeys((PROMPT, SILENT), "approval"))


@NEEDS_CHROMIUM
@pytest.mark.parametrize("language", list(Language))
async def test_from_the_launch_to_the_employees_result(
    engine: WorkflowEnvironment, some_sessions: SessionMaker, outside: Outside, language: Language
) -> None:
    """Launch, a link on a phone, silence that climbs, approval, publication, a result: all by clicking."""
    say = WORDS[language]
    company = await the_company(some_sessions, language)
    prompt, silent = company.departments
    async with (
        quarter(engine, some_sessions, company, outside, STARTS_AT) as it,
        served(it) as address,
        chromium() as browser,
    ):
        hr = await signed_in(browser, address, "hr", language)
        await hr.goto(f"{address}/cycles/new")
        await hr.wait_for_selector("#ready")
        await hr.click("button[value=launch]")
        await hr.wait_for_url(f"**/cycles/{company.cycle_id}")
        await it.reach({PROMPT: "targets", SILENT: "targets"})
        await it.begun()

        phone = await by_link(it, browser, address, prompt.director_id)
        director = await it.person(prompt.director_id)
        await decide(it, phone, "confirm", say["confirmed"], digits=director.staff_no[-4:])

        waiting = await it.the_task(SILENT)
        await it.go_to(waiting.deadline_at + timedelta(minutes=1))
        superior = await signed_in(browser, address, "vp1", language)
        await superior.goto(f"{address}/tasks")
        silent_one = await it.person(silent.director_id)
        row = superior.locator(f"a[href='/tasks/{waiting.id}']")
        await expect(row).to_contain_text(say["moved"].format(name=silent_one.name))
        await row.click()
        await decide(it, superior, "confirm", say["confirmed"])

        await hand_in_the_months(it)
        phone = await by_link(it, browser, address, prompt.director_id)
        await decide(it, phone, "approve", say["approved"], digits=director.staff_no[-4:])
        await superior.goto(f"{address}/tasks/{(await it.the_task(PROMPT)).id}")
        await decide(it, superior, "approve", say["approved"])
        for department in company.departments:
            while (task := await it.the_task(department.id)).kind is TaskKind.APPROVE_RESULTS:
                await it.decide(task)
            await it.decide(task)
        await it.reach_state(CycleState.READY)

        seller = await signed_in(browser, address, "seller", language, PHONE)
        await expect(seller.locator("h1")).to_contain_text(say["mine"])
        await expect(seller.locator(".result-own")).to_have_count(0)
        await hr.goto(f"{address}/cycles/{company.cycle_id}")
        await hr.locator("summary.btn-primary", has_text=say["publish"]).click()
        await hr.locator(f"form[action='/cycles/{company.cycle_id}/publish'] button").click()
        await expect(hr.locator("h1")).to_contain_text(say["published"])
        await it.reach_state(CycleState.PUBLISHED)
        await seller.reload()
        await expect(seller.locator(".result-own")).to_be_visible()
        await seller.goto(f"{address}/notices")
        await expect(seller.locator("main")).to_contain_text(say["out"])
    assert datetime.now(UTC) < STARTS_AT  # The quarter lies ahead: only its own clock was moved.

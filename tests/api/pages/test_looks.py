"""What every page owes to whoever looks at it: fits the screen, labels its fields, breaks no policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, expect

from models.sources import SourceKind
from models.stages import Approver, Stage, TaskKind
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.other_pages import PAGES_OF_STRANGERS, pages_made_for_hr
from tests.api.pages.place import Place
from tests.api.pages.sources import show_sources
from tests.api.pages.standings import approval, half_way
from tests.api.route_table import route_table

UNLABELLED = """() => [...document.querySelectorAll('input, select, textarea')]
    .filter(field => !['hidden', 'submit'].includes(field.type))
    .filter(field => !field.labels?.length && !field.ariaLabel)
    .map(field => field.name)"""

AXE = (Path(__file__).parents[2] / "vendor" / "axe" / "axe.min.js").read_text(encoding="utf-8")
FOUND_BY_AXE = """async () => (await axe.run()).violations.map(rule =>
    `${rule.id} (${rule.impact}): ` + rule.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | '))"""

WIDTHS = (1280, 375)
AXE_LOOKS_AT = {(375, "zh-CN"), (1280, "en")}
"""Each page once as a phone shows it and once on a screen, each language once."""

OPEN_DETAILS = "document.querySelectorAll('main details').forEach(one => one.open = true)"
HEADINGS = "() => document.querySelectorAll('h1').length"


def heard_by(complaints: list[str]) -> Callable[[ConsoleMessage], None]:
    def hear(said: ConsoleMessage) -> None:
        complaints.append(said.text)

    return hear


def pages_of_hr(place: Place) -> list[str]:
    """What HR alone looks after."""
    person = f"/people/{place.company.departments[0].director_id}"
    of_people = [
        "/people",
        person,
        "/people/join",
        "/units/d0001",
        *(f"{person}/{form}" for form in ("edit", "leave", "deputy")),
    ]
    of_measures = ["/metrics", "/metrics/small-sales", "/scorecards", "/scorecards/small-card-sales"]
    return [*of_people, *of_measures, "/scorecards/scheme"]


async def pages_of_sources(place: Place) -> list[str]:
    """One source that is well and one that is in trouble, with what was fetched from them."""
    await show_sources(place)
    forms = [f"/sources/new?kind={kind}" for kind in SourceKind]
    of_one = ["", "/edit", "/maps", "/maps/deal", "/maps/rate", "/fetches/tested", "/fetches/dry", "/fetches/runs"]
    return ["/sources", "/sources/new", *forms, *(f"/sources/crm{one}" for one in of_one), "/sources/erp"]


async def pages_of(place: Place) -> dict[str, list[str]]:
    """The pages of each role, with something on each; those of a stranger under an empty name."""
    kinds = {
        TaskKind.CONFIRM_TARGETS: Stage.TARGETS,
        TaskKind.SUBMIT_DATA: Stage.SUBMISSION,
        TaskKind.FILL_SCORING_GAP: Stage.EVALUATION,
        TaskKind.APPROVE_RESULTS: Stage.APPROVAL,
        TaskKind.GIVE_FEEDBACK: Stage.FEEDBACK,
    }
    tasks = [
        await place.open_task(
            kind,
            stage,
            month=date(2055, 1, 1) if kind is TaskKind.SUBMIT_DATA else None,
            approver=Approver.DIRECTOR if kind is TaskKind.APPROVE_RESULTS else None,
        )
        for kind, stage in kinds.items()
    ]
    await place.link_to(tasks[0])
    await approval(place, 1)
    await half_way(place)
    cycle = f"/cycles/{place.company.cycle_id}"
    department = f"{cycle}/departments/{place.company.departments[0].id}"
    return {
        "d0001": [
            "/tasks",
            *(f"/tasks/{task.id}" for task in tasks),
            "/notices",
            "/t/a-token",
            cycle,
            department,
            "/my-department",
            "/me/results",
            "/anomalies/anomaly-1/explain",
        ],
        "vp1": ["/overview"],
        "ceo": ["/overview", f"/overview?division={place.company.division_ids[0]}"],
        "hr": [
            "/messages",
            "/settings/company",
            "/settings/calendar",
            "/settings/ladder",
            "/settings/texts",
            "/settings/texts/task-reminder/en/email",
            "/settings/users",
            "/settings/users/new",
            f"/settings/users/{place.company.departments[0].director_id}",
            "/settings/tokens",
            "/me/security",
            "/cycles",
            "/cycles/new",
            f"{cycle}/now",
            cycle,
            f"{cycle}?stage=approval",
            department,
            "/tasks",
            "/nothing",
            *pages_of_hr(place),
            *(await pages_of_sources(place)),
            *(await pages_made_for_hr(place)),
        ],
        "": PAGES_OF_STRANGERS,
    }


ELSEWHERE = (
    re.compile(r"/api/|/static/|/healthz|/colleagues|/people/suggestions|/imports/template/"),
    re.compile(r".*\.(csv|xlsx)$"),
    re.compile(r"/sign-in/(code|enrolment|sso)"),
    re.compile(r"/mailbox"),
    re.compile(r"/$"),
)
"""Parts and files, and pages that only a second factor, single sign-on or the demonstration shows."""


async def test_no_page_is_left_out(place: Place) -> None:
    shown = {one.partition("?")[0] for addresses in (await pages_of(place)).values() for one in addresses}
    for method, path in sorted(route_table(place.app)):
        if method == "GET" and not any(pattern.match(path) for pattern in ELSEWHERE):
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))
            assert any(pattern.fullmatch(one) for one in shown), path


@NEEDS_CHROMIUM
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_every_page_fits_labels_its_fields_and_breaks_no_policy(place: Place, language: str) -> None:
    pages = await pages_of(place)
    async with served(place) as address, chromium() as browser:
        for user_name, addresses in pages.items():
            context = await browser.new_context()
            page = await context.new_page()
            complaints: list[str] = []
            found: list[str] = []
            page.on("console", heard_by(complaints))
            await sign_in(page, address, user_name, language)
            for one in addresses:
                await page.goto(address + one)
                await page.evaluate(OPEN_DETAILS)
                assert await page.evaluate(UNLABELLED) == [], one
                assert await page.evaluate(HEADINGS) == 1, one
                assert await page.evaluate("document.documentElement.lang") == language
                for width in WIDTHS:
                    await page.set_viewport_size({"width": width, "height": 800})
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, one
                    if (width, language) in AXE_LOOKS_AT:
                        await page.evaluate(AXE)
                        found.extend(f"{one}: {said}" for said in await page.evaluate(FOUND_BY_AXE))
            refused = [one for one in complaints if "Security Policy" in one]
            assert refused == []
            assert found == []


@NEEDS_CHROMIUM
async def test_a_task_can_be_decided_with_the_keyboard_alone(place: Place) -> None:
    task = await place.open_task()
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, address, "d0001", "en")
        await page.goto(f"{address}/tasks/{task.id}")
        for _ in range(30):
            await page.keyboard.press("Tab")
            focused = await page.evaluate("document.activeElement.textContent.trim()")
            if "Confirm these targets" in focused:
                break
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".verdict")
    assert outline != "none"
    assert place.moves[0]["choice"] == "confirm"


@NEEDS_CHROMIUM
async def test_the_first_tab_offers_to_skip_what_every_page_has(place: Place) -> None:
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, address, "hr", "en")
        await page.goto(f"{address}/people")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.querySelector('main').contains(document.activeElement)")


@NEEDS_CHROMIUM
async def test_pages_work_without_a_script(place: Place) -> None:
    task = await place.open_task()
    async with served(place) as address, chromium() as browser:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await sign_in(page, address, "d0001", "zh-CN")
        await page.goto(f"{address}/tasks/{task.id}")
        await page.get_by_text("提出其他目标值").click()
        await page.fill("#why", "大客户流失")
        await page.fill(f"[id='p-{place.company.metric_ids['sales']}']", "180万")
        await page.get_by_role("button", name="提交建议给 HR").click()
        assert "提出了其他目标" in await page.inner_text("main")

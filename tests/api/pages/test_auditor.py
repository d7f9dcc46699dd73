"""An auditor reads everything and changes nothing (Rule 50): a walk through all that links lead to."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import expect

from api.pages.routes import routers
from models.cycles import CycleEvent
from models.delivery import Notice
from models.stages import Approver, Channel, Occasion, Stage, TaskKind
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Browser, Place
from tests.api.pages.standings import approval, half_way
from tests.api.pages.test_my_department import words

LINK = re.compile(r'href="(/[^"#]*)')
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.S)
ACTION = re.compile(r'action="([^"]*)"')
ACTING = re.compile(r"\bhx-(?:post|put|patch|delete)=|\bformaction=")
NO_PAGE = ("/static/", "/sign-out", "/api/")
OWN = ("/sign-out", "/sign-in", "/notices", "/me/security", "/see-as/end", "/welcome", "/demo")
"""What concerns the auditor's own account, or the demonstration's clock."""
MOST_OF_A_KIND = 12
"""Pages of one shape that the walk looks at: the hundredth sorted table says nothing new."""


async def company_at_work(place: Place) -> list[str]:
    """Open a task of every kind, let things happen; return the tasks' addresses."""
    await half_way(place)
    kinds = {
        TaskKind.CONFIRM_TARGETS: Stage.TARGETS,
        TaskKind.SUBMIT_DATA: Stage.SUBMISSION,
        TaskKind.FILL_SCORING_GAP: Stage.EVALUATION,
        TaskKind.GIVE_FEEDBACK: Stage.FEEDBACK,
    }
    tasks = [await place.open_task(kind, stage) for kind, stage in kinds.items()]
    tasks.append(await approval(place, 0, approver=Approver.SUPERIOR))
    now = datetime.now(UTC)
    department = place.company.departments[0]
    await place.add(
        CycleEvent(
            id="e1",
            company_id=place.company.company_id,
            cycle_id=place.company.cycle_id,
            department_id=department.id,
            task_id=tasks[0].id,
            kind="task-opened",
            at=now,
        ),
        Notice(
            id="n1",
            key="n1",
            batch="n1",
            company_id=place.company.company_id,
            cycle_id=place.company.cycle_id,
            department_id=department.id,
            task_id=tasks[0].id,
            person_id=department.director_id,
            channel=Channel.SYSTEM,
            occasion=Occasion.TASK_OPENED,
            moment=now,
        ),
    )
    return [f"/tasks/{task.id}" for task in tasks]


def shape_of(address: str) -> str:
    """Tell pages of one kind apart from those of another: digits and ids do not count."""
    split = urlsplit(address)
    path = re.sub(r"/[^/]*\d[^/]*", "/*", split.path)
    return path + "?" + "&".join(sorted(part.partition("=")[0] for part in split.query.split("&")))


async def walk(browser: Browser, starts: list[str]) -> dict[str, str]:
    """Open every page that links lead to; return each page's HTML by its address."""
    waiting, seen, of_shape = list(starts), {}, dict[str, int]()
    while waiting:
        address = waiting.pop(0)
        shape = shape_of(address)
        if address in seen or address.startswith(NO_PAGE) or of_shape.get(shape, 0) >= MOST_OF_A_KIND:
            continue
        of_shape[shape] = of_shape.get(shape, 0) + 1
        answer = await browser.http.get(address, follow_redirects=True)
        assert answer.status_code == 200, address
        if answer.headers["content-type"].startswith("text/html"):
            seen[address] = answer.text
            waiting += [unescape(found) for found in LINK.findall(answer.text)]
    return seen


async def test_an_auditor_opens_everything_and_finds_nothing_that_changes_anything(place: Place) -> None:
    tasks = await company_at_work(place)
    browser = await place.signed_in("auditor", "zh")
    pages = await walk(browser, ["/", *tasks])
    shapes = {shape_of(address).split("?")[0] for address in pages}
    assert {"/cycles", "/cycles/*", "/cycles/*/departments/*", "/tasks/*", "/overview", "/my-department"} <= shapes
    for address, page in pages.items():
        assert not ACTING.search(page), address
        for form, inside in FORM.findall(page):
            action = (ACTION.search(form) or [form, address])[1]
            if 'method="post"' in form and "<button" in inside:
                assert action.startswith(OWN), (address, form)


async def test_an_auditor_reads_figures_targets_messages_and_results(place: Place) -> None:
    tasks = await company_at_work(place)
    browser = await place.signed_in("auditor", "zh")
    await browser.open(f"/my-department?department={place.company.departments[1].id}")
    assert "160万元 200万元 80%" in words(browser.page)
    await browser.open(tasks[0])
    assert "200万元" in browser.page
    department = f"/cycles/{place.company.cycle_id}/departments/{place.company.departments[0].id}"
    await browser.open(department)
    assert "站内通知" in browser.page


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    ("language", "cycles", "opened", "records"),
    [("zh-CN", "绩效周期", "已下达", "成交"), ("en", "Cycles", "opened for", "Deals")],
)
async def test_an_auditor_follows_a_department_from_its_history_to_the_records(
    place: Place, language: str, cycles: str, opened: str, records: str
) -> None:
    """In a browser: what happened, who decided, and two clicks from a figure to what it is made of (Rule 30)."""
    await company_at_work(place)
    department = place.company.departments[0]
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await sign_in(page, address, "auditor", language)
        await page.locator("nav").get_by_role("link", name=cycles, exact=True).click()
        await page.locator(f"main a[href^='/cycles/{place.company.cycle_id}']").first.click()
        await page.locator(f"a[href='/cycles/{place.company.cycle_id}/departments/{department.id}']").first.click()
        await expect(page.locator("main")).to_contain_text(opened)
        await page.locator("main a[href^='/tasks/']").first.click()
        await expect(page.locator("main form[method=post] button")).to_have_count(0)
        await page.goto(f"{address}/my-department?department={department.id}")
        await page.locator("#metrics").locator("xpath=ancestor::section").locator("a.behind").first.click()
        await page.locator("main a[href^='/figures/']").first.click()
        await expect(page.locator("main")).to_contain_text(records)


def unsafe_routes() -> list[tuple[str, str]]:
    return sorted(
        (method, route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        if not route.path.startswith((*OWN, "/t/"))
    )


@pytest.mark.parametrize(("method", "path"), unsafe_routes())
async def test_an_auditor_is_refused_wherever_something_would_change(place: Place, method: str, path: str) -> None:
    """Every route of the pages that acts, on rows that are there."""
    task = await place.open_task()
    known = {
        "cycle_id": place.company.cycle_id,
        "department_id": place.company.departments[0].id,
        "task_id": task.id,
        "person_id": place.company.departments[0].people_ids[0],
        "order": "pause",
    }
    address = re.sub(r"{(\w+)[^}]*}", lambda hole: known.get(hole[1], "x"), path)
    browser = await place.signed_in("auditor")
    await browser.open("/tasks")
    answer = await browser.http.request(
        method, address, data={"csrf": browser.csrf, "choice": "confirm", "reason": "x", "task": task.id}
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert place.commands.wishes == []
    assert place.commands.signals == []

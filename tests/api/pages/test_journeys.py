"""The main journeys of a director, an executive and an employee, in a real browser and in both languages."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.async_api import Page, expect

from models.cycles import Cycle
from models.metrics import Score, ScoreLine
from models.org import Account
from models.stages import Approver, CycleState, Stage, TaskKind
from quarterdeck.demo.small import password_hash
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Place
from tests.api.pages.standings import approval, half_way
from tests.api.pages.test_tasks import JANUARY, fill_january

WORDS = {
    "zh-CN": {
        "tasks": "我的任务",
        "propose": "提出其他目标值",
        "send": "提交建议给 HR",
        "proposed": "提出了其他目标",
        "template": "下载 Excel 模板",
        "check": "校验并提交",
        "marked": "下载标注了错误的文件",
        "problem": "问题",
        "submitted": "提交了数据",
        "approve": "批准结果",
        "approved": "批准了结果",
        "department": "我的部门",
        "mine": "我的绩效",
        "to go": "还差10万元",
        "overview": "总览",
        "all": "全选",
        "agree": "同意所选任务",
        "done": "已完成 2 项",
    },
    "en": {
        "tasks": "My tasks",
        "propose": "Propose other values instead",
        "send": "Send the proposal to HR",
        "proposed": "proposed other targets",
        "template": "Excel template",
        "check": "Check and submit",
        "marked": "The file with its faults marked",
        "problem": "Problem",
        "submitted": "submitted the data",
        "approve": "Approve these results",
        "approved": "approved the results",
        "department": "My department",
        "mine": "My results",
        "to go": "¥100,000 to go",
        "overview": "Overview",
        "all": "Choose all",
        "agree": "Agree to what is chosen",
        "done": "2 tasks are done",
    },
}
BOTH = pytest.mark.parametrize("language", ["zh-CN", "en"])


async def follow(page: Page, words: str) -> None:
    """Choose an entry of the navigation."""
    await page.locator("nav").get_by_role("link", name=words, exact=True).click()


async def downloaded(page: Page, words: str) -> bytes:
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=words).first.click()
    download = await coming.value
    return await asyncio.to_thread(Path(await download.path()).read_bytes)


def filled(content: bytes, values: list[str | int]) -> bytes:
    """Fill the empty values of a template, one after the other."""
    workbook = load_workbook(BytesIO(content))
    rest = iter(values)
    for row in workbook.worksheets[0].iter_rows(min_row=2):
        if row[5].value in (None, "lots"):
            row[5].value = next(rest)
    made = BytesIO()
    workbook.save(made)
    return made.getvalue()


async def result_of(place: Place, person_id: str) -> None:
    """Write a result of 108 points, 20 of them beyond the target of sales."""
    company = place.company
    await place.add(
        Score(
            cycle_id=company.cycle_id,
            person_id=person_id,
            department_id=company.departments[0].id,
            scorecard_id="x",
            total=Decimal(108),
            band="良好",
            scored_at=datetime.now(UTC),
        ),
        ScoreLine(
            cycle_id=company.cycle_id,
            person_id=person_id,
            metric_id=company.metric_ids["sales"],
            weight=Decimal(100),
            effective_weight=Decimal(100),
            target=Decimal(500_000),
            actual=Decimal(540_000),
            attainment=Decimal(108),
            counted=Decimal(108),
            points=Decimal(108),
        ),
    )


@NEEDS_CHROMIUM
@BOTH
async def test_a_director_proposes_hands_in_and_approves(place: Place, language: str) -> None:
    """Rules 6, 23: proposes other targets; a faulty file comes back marked, corrected it is taken; approves."""
    say = WORDS[language]
    await fill_january(place, without="satisfaction")
    confirm = await place.open_task()
    submit = await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=JANUARY)
    approve = await place.open_task(TaskKind.APPROVE_RESULTS, Stage.APPROVAL, approver=Approver.DIRECTOR)
    await result_of(place, place.company.departments[0].people_ids[1])
    sales = place.company.metric_ids["sales"]
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await sign_in(page, address, "d0001", language)

        await follow(page, say["tasks"])
        await page.locator(f"a[href='/tasks/{confirm.id}']").click()
        await expect(page.locator(f"[id='p-{sales}']")).to_be_hidden()
        await page.get_by_text(say["propose"]).click()
        await page.fill(f"[id='p-{sales}']", "180万")
        await page.fill("#why", "成交周期30天，复购率25%，预算10万")
        await page.get_by_role("button", name=say["send"]).click()
        await expect(page.locator(".verdict")).to_contain_text(say["proposed"])

        await page.goto(f"{address}/tasks/{submit.id}")
        template = await downloaded(page, say["template"])
        faulty = filled(template, ["lots", 91])
        await page.set_input_files("#file", {"name": "january.xlsx", "mimeType": "", "buffer": faulty})
        await page.get_by_role("button", name=say["check"]).click()
        await expect(page.locator("tr.faulty.says")).to_contain_text("lots")
        marked = await downloaded(page, say["marked"])
        assert load_workbook(BytesIO(marked)).worksheets[0].cell(1, 8).value == say["problem"]
        corrected = filled(marked, [93])
        await page.set_input_files("#file", {"name": "january.xlsx", "mimeType": "", "buffer": corrected})
        await page.get_by_role("button", name=say["check"]).click()
        await expect(page.locator(".verdict")).to_contain_text(say["submitted"])

        await page.goto(f"{address}/tasks/{approve.id}")
        calculation = page.locator("details.result").first
        await expect(calculation.locator("table")).to_be_hidden()
        await calculation.locator("summary").click()
        await expect(calculation.locator("table")).to_contain_text("108")
        await page.get_by_role("button", name=say["approve"]).click()
        await expect(page.locator(".verdict")).to_contain_text(say["approved"])
    assert [move["choice"] for move in place.moves] == ["counter-propose", "submit", "approve"]


@NEEDS_CHROMIUM
@BOTH
async def test_a_director_sees_the_department_with_charts(place: Place, language: str) -> None:
    """Rule 48: charts are drawn without breaking the policy; each has a table with the same figures."""
    say = WORDS[language]
    await half_way(place)
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await sign_in(page, address, "d0001", language)
        await follow(page, say["department"])
        await expect(page.locator(".chart canvas")).to_have_count(2)
        await expect(page.locator("#people").locator("xpath=ancestor::section")).to_contain_text(say["to go"])
        await page.hover(
            ".chart canvas >> nth=0", position={"x": 200, "y": 45}
        )  # A tip must not break the policy.
        await page.locator(".pills a").nth(1).click()
        await expect(page.locator(".pills a").nth(1)).to_have_attribute("aria-current", "true")
    assert complaints == []


@NEEDS_CHROMIUM
@BOTH
async def test_an_employee_sees_where_they_stand_and_after_publication_the_result(
    place: Place, language: str
) -> None:
    """Rules 14, 29, on a phone: 40万 of 50万, 10万 to go; the result only once it is published."""
    say = WORDS[language]
    person = place.company.departments[0].people_ids[1]
    await half_way(place)
    await result_of(place, person)
    await place.add(Account(person_id=person, user_name="employee", password_hash=password_hash()))
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 375, "height": 800})
        await sign_in(page, address, "employee", language)
        await expect(page.locator("h1")).to_contain_text(say["mine"])  # Nothing to do: this is the first page.
        await expect(page.locator("main")).to_contain_text(say["to go"])
        await expect(page.locator("main")).not_to_contain_text("108.00")
        await place.change(
            Cycle, place.company.cycle_id, state=CycleState.PUBLISHED, published_at=datetime.now(UTC)
        )
        await page.reload()
        await expect(page.locator(".result-own")).to_contain_text("108.00")
        await expect(page.locator("table.calculation")).to_contain_text("108%")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375


@NEEDS_CHROMIUM
@BOTH
async def test_a_superior_looks_around_and_approves_two_departments_at_once(place: Place, language: str) -> None:
    say = WORDS[language]
    await half_way(place)
    for department in (0, 1):
        await approval(place, department)
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await sign_in(page, address, "vp1", language)
        await follow(page, say["overview"])
        await page.get_by_label(say["all"]).check()
        await page.get_by_role("button", name=say["agree"]).click()
        await expect(page.get_by_role("status")).to_contain_text(say["done"])
        await page.get_by_role("main").get_by_role("link", name=say["overview"], exact=True).click()
        await page.locator(".rows.units tbody th a").first.click()
        await page.wait_for_url(re.compile(r"/my-department\?department="))
    assert [move["choice"] for move in place.moves] == ["approve", "approve"]

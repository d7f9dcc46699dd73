"""The refused file comes back to whoever sent it, with every fault marked and explained (Rule 6)."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import unquote

import httpx
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import select

from models.tasks import RefusedFile, Task
from tests.api.pages.place import Browser, Place
from tests.api.pages.test_tasks import fill_january, submission

RED, YELLOW = "00FBD5D0", "00FFF4CC"


async def send(browser: Browser, task: Task, name: str, content: bytes) -> httpx.Response:
    await browser.open(f"/tasks/{task.id}")
    return await browser.send(f"/tasks/{task.id}", files={"file": (name, content)}, choice="submit")


async def came_back(browser: Browser, task: Task) -> Worksheet:
    answer = await browser.http.get(f"/tasks/{task.id}/marked.xlsx")
    assert answer.status_code == 200, answer.text
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


async def template(browser: Browser, task: Task) -> tuple[Workbook, Worksheet]:
    answer = await browser.http.get(f"/tasks/{task.id}/template.xlsx")
    workbook = load_workbook(BytesIO(answer.content))
    return workbook, workbook.worksheets[0]


def saved(workbook: Workbook) -> bytes:
    made = BytesIO()
    workbook.save(made)
    return made.getvalue()


def row_of(sheet: Worksheet, metric: str) -> list[int]:
    return [number for number in range(2, sheet.max_row + 1) if sheet.cell(number, 4).value == metric]


async def test_the_own_workbook_comes_back_with_marked_cells_and_reasons(place: Place) -> None:
    await fill_january(place, without="satisfaction")
    task = await submission(place)
    browser = await place.director("zh")
    workbook, sheet = await template(browser, task)
    first, second = row_of(sheet, "客户满意度")
    sheet.cell(first, 6).value = "很多"
    sheet.cell(first, 1).font = Font(italic=True)
    sheet["H2"] = "我的备注"
    answer = await send(browser, task, "一月.xlsx", saved(workbook))
    assert answer.status_code == 422
    assert "下载标注了错误的文件" in answer.text
    marked = await came_back(browser, task)
    assert marked["H2"].value == "我的备注"
    assert marked.cell(1, 9).value == "问题"
    assert "“很多”不是数字" in str(marked.cell(first, 9).value)
    assert marked.cell(first, 6).fill.start_color.rgb == RED
    assert marked.cell(second, 9).value == "缺少此项数据。"
    assert marked.cell(second, 6).fill.start_color.rgb == YELLOW
    assert marked.cell(first, 1).font.italic
    assert marked.max_row == sheet.max_row


async def test_corrected_it_is_taken_and_marked_anew_if_it_is_still_wrong(place: Place) -> None:
    """The column of reasons is used again, and what it said before is gone."""
    await fill_january(place, without="satisfaction")
    task = await submission(place)
    browser = await place.director("zh")
    workbook, sheet = await template(browser, task)
    first, second = row_of(sheet, "客户满意度")
    sheet.cell(first, 6).value = "很多"
    await send(browser, task, "一月.xlsx", saved(workbook))
    again = load_workbook(BytesIO((await browser.http.get(f"/tasks/{task.id}/marked.xlsx")).content))
    again.worksheets[0].cell(first, 6).value = 90
    await send(browser, task, "一月.xlsx", saved(again))
    marked = await came_back(browser, task)
    assert [cell.value for cell in marked[1]].count("问题") == 1
    assert not marked.cell(first, 8).value
    assert marked.cell(second, 8).value == "缺少此项数据。"
    again.worksheets[0].cell(second, 6).value = 91
    answer = await send(browser, task, "一月.xlsx", saved(again))
    assert "提交了数据" in answer.text


async def test_a_csv_becomes_a_workbook_and_rows_that_are_missing_are_added(place: Place) -> None:
    await fill_january(place, without="satisfaction")
    task = await submission(place)
    team, metric = place.company.departments[0].team_ids[0], place.company.metric_ids["satisfaction"]
    table = f"team,metric,month,value\n{team},{metric},2055-01,=1+1\n"
    browser = await place.director()
    await send(browser, task, "january.csv", table.encode())
    answer = await browser.http.get(f"/tasks/{task.id}/marked.xlsx")
    assert "january (marked).xlsx" in unquote(answer.headers["content-disposition"])
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["team", "metric", "month", "value", "Problem"]
    assert sheet.cell(2, 4).value == "=1+1"
    assert sheet.cell(2, 4).data_type == "s"  # Text, never a formula.
    assert "is no number" in str(sheet.cell(2, 5).value)
    missing = [row[4].value for row in sheet.iter_rows(min_row=3)]
    assert missing == ["This figure is missing."]  # The other team's.


async def test_it_is_given_to_nobody_but_the_sender(place: Place) -> None:
    """Rule 50: not even to those who may read the task."""
    task = await submission(place)
    browser = await place.director()
    await send(browser, task, "x.csv", b"team,metric,month,value\nx,y,z,1\n")
    for user_name in ("hr", "auditor", "vp1", "d0002"):
        other = await place.signed_in(user_name)
        assert (await other.open(f"/tasks/{task.id}/marked.xlsx")).status_code == 404
        await other.open(f"/tasks/{task.id}")
        assert "marked.xlsx" not in other.page
    assert (await browser.http.get(f"/tasks/{task.id}/marked.xlsx")).status_code == 200


async def test_behind_a_link_it_is_there_too(place: Place) -> None:
    task = await submission(place)
    link = await place.link_to(task)
    browser = place.browser()
    await browser.open(link)
    answer = await browser.send(
        link,
        files={"file": ("x.csv", b"team,metric,month,value\nx,y,z,1\n")},
        choice="submit",
        digits=await place.digits_of(task.holder_id),
    )
    assert f"{link}/marked.xlsx" in answer.text
    assert (await browser.http.get(f"{link}/marked.xlsx")).status_code == 200
    assert (await browser.http.get("/t/unknown/marked.xlsx")).status_code in (404, 410)


async def test_it_goes_when_the_figures_are_handed_in(place: Place) -> None:
    await fill_january(place)
    task = await submission(place)
    browser = await place.director()
    await send(browser, task, "x.csv", b"team,metric,month,value\nx,y,z,1\n")
    await browser.send(f"/tasks/{task.id}", choice="submit")
    async with place.sessions() as session:
        assert (await session.exec(select(RefusedFile))).all() == []


@pytest.mark.parametrize("content", [b"PK\x03\x04 no", b"", b"\xff\xff\xff"])
async def test_what_cannot_be_read_is_not_kept(place: Place, content: bytes) -> None:
    task = await submission(place)
    browser = await place.director()
    await send(browser, task, "x.xlsx", content)
    assert (await browser.http.get(f"/tasks/{task.id}/marked.xlsx")).status_code == 404

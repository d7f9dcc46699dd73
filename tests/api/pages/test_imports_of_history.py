"""Past figures come in by a file: three checks, a report, all or nothing; originals stay (Rules 30, 34)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import update
from sqlmodel import col, select

from models.intake import Intake, IntakeState
from models.metrics import Figure
from models.org import Person
from tests.api.pages.place import Browser, Place

HEADINGS = "工号,姓名,单位,指标,2025-01,2025年2月\n"
FILE = HEADINGS + '{0},,,销售额,"10,000",2万\n,,销售1部 / 销售1部1组,客户满意度,80,90.5\n'
TOTALS = "销售额 2025-01 10000\nsales 2025-02 20000\n客户满意度 170.5"


@pytest.fixture
async def old(place: Place) -> Place:
    """The company, whose people were there in 2025."""
    async with place.sessions() as session:
        await session.exec(update(Person).values(joined_on=None))
        await session.commit()
    return place


def number_of(place: Place) -> str:
    return f"{int(place.company.departments[0].people_ids[0].removeprefix('p')):06}"


async def send(browser: Browser, content: str, totals: str = "") -> httpx.Response:
    await browser.open("/imports?kind=history")
    files = {"file": ("旧系统.csv", content.encode("gb18030"))}
    return await browser.send("/imports", files=files, kind="history", totals=totals)


async def figures_of(place: Place, month: date) -> list[Figure]:
    async with place.sessions() as session:
        found = await session.exec(
            select(Figure).where(col(Figure.month) == month).order_by(col(Figure.metric_id), col(Figure.at))
        )
        return list(found.all())


async def test_past_figures_are_reconciled_taken_over_and_read_back(old: Place) -> None:
    browser = await old.signed_in("hr", "zh")
    answer = await send(browser, FILE.format(number_of(old)), TOTALS)
    assert "待接收" in answer.text, answer.text
    assert "GB18030" in answer.text
    taken = await browser.send(answer.url.path, choice="take")
    assert "已接收" in taken.text, taken.text
    collected, sold = sorted(await figures_of(old, date(2025, 1, 1)), key=lambda figure: figure.value)
    assert (sold.value, sold.source, sold.entered_by) == (Decimal(10_000), "file", old.company.hr_id)
    assert (sold.department_id, sold.replaced_by) == (old.company.departments[0].id, "")
    assert (collected.person_id, collected.value) == ("", Decimal(80))
    report = await browser.open(f"{answer.url.path}/report")
    assert "三级校验报告" in report.text
    assert report.text.count("一致") >= 3
    got = await browser.http.get(f"{answer.url.path}/report.xlsx")
    sums = load_workbook(BytesIO(got.content)).worksheets[1]
    rows = [[cell.value for cell in row] for row in sums.iter_rows(min_row=2)]
    assert [20_000, 20_000, 0, 20_000] in [row[3:7] for row in rows]


async def test_without_totals_nothing_passes_and_they_can_be_typed_afterwards(old: Place) -> None:
    browser = await old.signed_in("hr", "en")
    answer = await send(browser, FILE.format(number_of(old)))
    assert "Nobody gave a total of" in answer.text
    assert "Take all of it over" not in answer.text
    wrong = await browser.send(answer.url.path, choice="totals", totals=TOTALS.replace("20000", "20000.01"))
    assert "(difference: -0.01)" in wrong.text
    right = await browser.send(answer.url.path, choice="totals", totals=TOTALS)
    assert "Take all of it over" in right.text
    await browser.send(answer.url.path, choice="take")
    over = await browser.send(answer.url.path, choice="totals", totals="")
    assert over.status_code == 409


async def test_a_figure_that_is_corrected_stays_and_points_to_its_successor(old: Place) -> None:
    """Rule 30."""
    browser = await old.signed_in("hr", "en")
    first = await send(browser, FILE.format(number_of(old)), TOTALS)
    await browser.send(first.url.path, choice="take")
    content = HEADINGS + f"{number_of(old)},,,sales,10000,25000\n,,销售1部1组,客户满意度,,91\n"
    second = await send(browser, content, "sales 35000\n客户满意度 91")
    assert "20,000 → 25,000" in second.text
    taken = await browser.send(second.url.path, choice="take")
    assert "Taken over" in taken.text, taken.text
    figures = [one for one in await figures_of(old, date(2025, 2, 1)) if one.value > 1_000]
    assert [figure.value for figure in figures] == [Decimal(20_000), Decimal(25_000)]
    assert (figures[0].replaced_by, figures[1].replaced_by) == (figures[1].id, "")
    team = [one for one in await figures_of(old, date(2025, 2, 1)) if one.value < 1_000]
    assert [(one.value, bool(one.replaced_by)) for one in team] == [(Decimal("90.5"), True), (Decimal(91), False)]
    unchanged = [one for one in await figures_of(old, date(2025, 1, 1)) if one.value == 10_000]
    assert len(unchanged) == 1


async def test_figures_that_changed_in_between_are_looked_at_again(old: Place) -> None:
    browser = await old.signed_in("hr", "en")
    first = await send(browser, FILE.format(number_of(old)), TOTALS)
    second = await send(browser, FILE.format(number_of(old)), TOTALS)
    await browser.send(first.url.path, choice="take")
    stale = await browser.send(second.url.path, choice="take")
    assert stale.status_code == 409
    assert "something has changed since" in stale.text
    async with old.sessions() as session:
        states = {one.id: one.state for one in (await session.exec(select(Intake))).all()}
    assert states[second.url.path.rsplit("/", 1)[-1]] is IntakeState.CHECKED


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("3月", "may be a month"),
        ("2055-01", "Not over yet: 2055-01"),
        ("备注", "lacks headings: 2025-01"),
    ],
)
async def test_a_heading_that_is_no_past_month_is_refused_by_name(old: Place, heading: str, words: str) -> None:
    browser = await old.signed_in("hr", "en")
    answer = await send(browser, f"工号,指标,{heading}\n{number_of(old)},sales,1\n", "sales 1")
    assert answer.status_code == 422
    assert words in answer.text


async def test_the_marked_file_shows_which_month_is_wrong(old: Place) -> None:
    browser = await old.signed_in("hr", "zh")
    answer = await send(browser, FILE.format(number_of(old)).replace("2万", "=1+1"), TOTALS)
    back = await browser.http.get(f"{answer.url.path}/marked.xlsx")
    sheet = load_workbook(BytesIO(back.content)).worksheets[0]
    assert sheet.cell(2, 6).fill.start_color.rgb == "00FBD5D0"
    assert (sheet.cell(2, 6).data_type, sheet.cell(2, 6).quotePrefix) == ("s", True)


@pytest.mark.parametrize("heading", ["月份,数值", "2025-01,2025-02"])
async def test_a_file_of_which_nothing_can_be_read_names_its_faults(old: Place, heading: str) -> None:
    browser = await old.signed_in("hr", "en")
    answer = await send(
        browser, f"工号,指标,{heading}\n999999,sales,2025-01,1\n{number_of(old)},nothing,x,y\n", "x"
    )
    assert "Nobody has the staff number “999999”" in answer.text
    assert "There is no “nothing”" in answer.text
    assert "is no total" in answer.text

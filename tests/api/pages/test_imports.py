"""Files are sent in, checked as a whole, looked at, and taken over: all or nothing, on record (Rule 34)."""

from __future__ import annotations

import re
from io import BytesIO
from urllib.parse import unquote

import httpx
import pytest
from openpyxl import Workbook, load_workbook
from sqlmodel import col, func, select

from api.intake.checking import MOST_BYTES
from api.intake.columns import COLUMNS
from models.changes import Change, Subject
from models.cycles import Cycle
from models.intake import Intake, IntakeState
from models.org import Person, Unit
from models.stages import CycleState, UnitKind
from tests.api.pages.place import Browser, Place

UNITS = """名称,类型,上级单位,区域
华南大区,大区,,华南
深圳销售部,部门,华南大区,
深圳一组,团队,深圳销售部,
"""
PEOPLE = """工号,姓名,所属单位,上级工号,是否负责人,岗位,手机,入职日期
900002,王五,深圳一组,900001,,销售代表,138 0013 8000,31-12-2017
900001,赵六,深圳销售部,无,是,销售总监,,2017年3月1日
"""


@pytest.fixture
async def quiet(place: Place) -> Place:
    """The company without a running cycle, so that everything may change."""
    await place.change(Cycle, place.company.cycle_id, state=CycleState.DRAFT)
    return place


async def send(
    browser: Browser,
    kind: str,
    content: str | bytes,
    name: str = "名单.csv",
    encoding: str = "utf-8",
    cycle: str = "",
) -> httpx.Response:
    await browser.open("/imports")
    body = content.encode(encoding) if isinstance(content, str) else content
    return await browser.send("/imports", files={"file": (name, body)}, kind=kind, cycle=cycle)


async def take(browser: Browser, answer: httpx.Response) -> httpx.Response:
    return await browser.send(answer.url.path, choice="take")


async def people_named(place: Place, *names: str) -> list[Person]:
    async with place.sessions() as session:
        found = await session.exec(select(Person).where(col(Person.name).in_(names)).order_by(Person.staff_no))
        return list(found.all())


async def only_intake(place: Place) -> Intake:
    async with place.sessions() as session:
        return (await session.exec(select(Intake))).one()


async def test_units_and_then_their_people_come_in_by_two_files(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "zh")
    units = await send(browser, "units", UNITS)
    assert units.status_code == 200, units.text
    assert "待接收" in units.text
    await take(browser, units)
    people = await send(browser, "people", PEOPLE)
    assert "2017-12-31" in people.text
    taken = await take(browser, people)
    assert "已接收" in taken.text
    director, seller = await people_named(quiet, "王五", "赵六")
    assert (director.staff_no, seller.staff_no) == ("900001", "900002")
    assert (seller.superior_id, seller.phone, str(seller.joined_on)) == (
        director.id,
        "+8613800138000",
        "2017-12-31",
    )
    async with quiet.sessions() as session:
        team = (await session.exec(select(Unit).where(Unit.name == "深圳一组"))).one()
        department = await session.get_one(Unit, team.parent_id)
    assert (team.kind, department.name, department.head_id) == (UnitKind.TEAM, "深圳销售部", director.id)
    assert (seller.unit_id, seller.department_id) == (team.id, department.id)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_the_encoding_and_the_separator_are_recognised_and_said(quiet: Place, encoding: str) -> None:
    browser = await quiet.signed_in("hr", "en")
    answer = await send(browser, "units", UNITS.replace(",", ";"), encoding=encoding)
    said = {"utf-8-sig": "UTF-8 with a byte order mark", "gb18030": "GB18030 (GBK)"}.get(
        encoding, encoding.upper()
    )
    assert f"Encoding: {said}" in answer.text
    assert "Separator: semicolon" in answer.text
    assert "华南大区 / 深圳销售部 / 深圳一组" in answer.text


async def test_one_faulty_row_keeps_everything_out_and_every_fault_is_said(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "en")
    content = (
        "staff number,full name,unit,superior's staff number,joined on,e-mail address\n"
        "900001,Good One,销售1部,,2020-01-01,good@example.com\n"
        "900002,,销售 1 部,900009,03/04/2020,nobody\n"
        "7,Lost Zeros,销售1部,,,\n"
        "900001,Again,销售1部,,,\n"
    )
    answer = await send(browser, "people", content)
    for words in (
        "This cell is empty. Please fill it in.",
        "Do you mean 销售1部?",
        "Nobody has the staff number “900009”",
        "can be either of: 2020-03-04, 2020-04-03",
        "“nobody” is no e-mail address",
        "has lost its leading zeros. Please write 000007, as text.",
        "Row 2 is about the same already",
    ):
        assert words in answer.text, words
    assert "Take all of it over" not in answer.text
    refused = await take(browser, answer)
    assert refused.status_code == 422
    assert await people_named(quiet, "Good One", "Again") == []


async def test_the_file_comes_back_with_its_faults_marked(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "zh")
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["工号", "姓名", "所属单位", "我的备注"])
    sheet.append(["900001", "=1+1", "销售1部", "别动"])
    sheet.append(["900002", "李四", "销售88部", "-2+3"])
    made = BytesIO()
    workbook.save(made)
    answer = await send(browser, "people", made.getvalue(), "人员.xlsx")
    back = await browser.http.get(f"{answer.url.path}/marked.xlsx")
    assert "人员（已标注）" in unquote(back.headers["content-disposition"])
    marked = load_workbook(BytesIO(back.content)).worksheets[0]
    assert [cell.value for cell in marked[1]] == ["工号", "姓名", "所属单位", "我的备注", "问题"]
    assert "没有计算结果" in str(marked.cell(2, 5).value)
    assert "没有“销售88部”" in str(marked.cell(3, 5).value)
    assert marked.cell(3, 3).fill.start_color.rgb == "00FBD5D0"


async def test_what_a_faulty_csv_holds_comes_back_as_text_and_never_as_a_formula(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "zh")
    answer = await send(browser, "people", "工号,姓名,所属单位\n900001,=HYPERLINK(1),没有\n@x,+1,-1\n")
    back = await browser.http.get(f"{answer.url.path}/marked.xlsx")
    marked = load_workbook(BytesIO(back.content)).worksheets[0]
    for row in marked.iter_rows(min_row=2, max_col=3):
        for cell in row:
            assert cell.data_type == "s"
            assert cell.quotePrefix == str(cell.value).startswith(("=", "+", "-", "@"))


async def test_what_changed_in_between_is_said_and_nothing_is_taken(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "en")
    answer = await send(browser, "people", "staff number,full name,unit,post\n000010,X,销售1部,新岗位\n")
    await quiet.change(Person, "p00010", post="又一岗位")
    stale = await take(browser, answer)
    assert stale.status_code == 409
    assert "something has changed since the file was checked" in stale.text
    assert "又一岗位 → 新岗位" in stale.text
    assert (await only_intake(quiet)).state is IntakeState.CHECKED
    assert "Taken over" in (await take(browser, answer)).text


async def test_the_record_says_who_took_what_over_and_what_stood_there_before(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "en")
    answer = await send(browser, "people", "staff number,full name,unit,post\n000010,X,销售1部,新岗位\n")
    await take(browser, answer)
    intake = await only_intake(quiet)
    assert (intake.state, intake.content, len(intake.sha256)) == (IntakeState.TAKEN, b"", 64)
    async with quiet.sessions() as session:
        changes = {change.subject: change for change in (await session.exec(select(Change))).all()}
    of_person = changes[Subject.PERSON]
    assert (of_person.subject_id, of_person.by_id) == ("p00010", quiet.company.hr_id)
    assert of_person.after["post"] == "新岗位"
    assert changes[Subject.INTAKE].after | {"file": "名单.csv", "changed": 1} == changes[Subject.INTAKE].after
    again = await take(browser, answer)
    assert again.status_code in (200, 409)
    async with quiet.sessions() as session:
        assert (await session.exec(select(func.count()).select_from(Change))).one() == 2


async def test_while_a_cycle_runs_transfers_are_made_on_the_persons_page(place: Place) -> None:
    browser = await place.signed_in("hr", "en")
    answer = await send(browser, "people", "staff number,full name,unit,post\n000010,X,销售2部,新岗位\n")
    assert "Please make this change on the person" in answer.text


async def test_a_file_without_its_headings_is_refused_by_name(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "zh")
    answer = await send(browser, "people", "工号,电话\n1,2\n")
    assert answer.status_code == 422
    assert "首行缺少表头：姓名、单位" in answer.text


async def test_a_template_has_headings_notes_and_an_example_that_is_passed_over(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "zh")
    for kind in COLUMNS:
        got = await browser.http.get(f"/imports/template/{kind.value}")
        workbook = load_workbook(BytesIO(got.content))
        assert len(workbook.worksheets) == 2
        assert str(workbook.worksheets[0].cell(2, 1).value).startswith("示例")
        refused = await send(browser, kind.value, got.content, "模板.xlsx", cycle=quiet.company.cycle_id)
        assert "表头下面没有数据行" in refused.text


async def test_a_bomb_is_refused_before_it_is_opened(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "en")
    workbook = Workbook()
    workbook.worksheets[0]["A1"] = "unit"
    workbook.worksheets[0]["XFD1048576"] = "x"
    made = BytesIO()
    workbook.save(made)
    answer = await send(browser, "units", made.getvalue(), "bomb.xlsx")
    assert answer.status_code == 413
    assert "too large to be opened" in answer.text


async def test_more_than_the_limit_is_not_even_read(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "en")
    answer = await send(browser, "units", b"a" * (MOST_BYTES + 2 * 1024 * 1024))
    assert answer.status_code == 413


async def test_a_dropped_file_is_gone(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "en")
    answer = await send(browser, "units", UNITS)
    await browser.send(answer.url.path, choice="drop")
    intake = await only_intake(quiet)
    assert (intake.state, intake.content) == (IntakeState.DROPPED, b"")
    assert (await take(browser, answer)).status_code == 409


async def test_another_companys_file_is_not_there(quiet: Place) -> None:
    browser = await quiet.signed_in("hr", "en")
    answer = await send(browser, "units", UNITS)
    await quiet.change(Intake, (await only_intake(quiet)).id, company_id="another")
    assert (await browser.http.get(answer.url.path)).status_code == 404
    assert not re.search(r"名单\.csv", (await browser.open("/imports")).text)

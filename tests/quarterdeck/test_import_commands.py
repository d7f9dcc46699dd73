"""Files on the command line: checked, looked at, taken over; faults by their place, and the right exit codes."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import update
from sqlmodel import col, func, select
from typer.testing import CliRunner, Result

from models.database import SessionMaker
from models.intake import Intake, IntakeState
from models.metrics import Figure, Target
from models.org import Person, Unit
from quarterdeck.cli import app
from quarterdeck.demo.small import SmallCompany, make_small_company


@pytest.fixture
async def company(
    some_sessions: SessionMaker, some_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SmallCompany:
    monkeypatch.setenv("QUARTERDECK_DATABASE_URL", some_database_url)
    monkeypatch.setenv("QUARTERDECK_SECRET_KEYS", "k" * 64)
    monkeypatch.chdir(tmp_path)
    made = await make_small_company(some_sessions, 1)
    async with some_sessions() as session:
        await session.exec(update(Person).values(joined_on=None))
        await session.commit()
    return made


def write(name: str, text: str, encoding: str = "utf-8") -> None:
    Path(name).write_text(text, encoding=encoding)


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["import", *words])


async def test_a_sound_file_is_checked_then_taken_over(company: SmallCompany, some_sessions: SessionMaker) -> None:
    write("units.csv", "单位,单位类型,上级单位\n新二组,团队,销售1部\n", encoding="gb18030")
    looked = await run("units", "units.csv", "--user", "hr", "--preview")
    assert looked.exit_code == 0, looked.output
    for words in ("1 rows, 1 new, 0 changed", "Encoding: GB18030 (GBK)", "+ row 2: ", "Nothing is wrong with it"):
        assert words in looked.output
    async with some_sessions() as session:
        assert (await session.exec(select(func.count()).select_from(Intake))).one() == 0
    taken = await run("units", "units.csv", "--user", "hr", "--take-over")
    assert (taken.exit_code, "All of it is taken over." in taken.output) == (0, True)
    async with some_sessions() as session:
        assert (await session.exec(select(Intake))).one().state is IntakeState.TAKEN
        assert (await session.exec(select(Unit).where(Unit.name == "新二组"))).one()


async def test_faults_are_named_by_sheet_row_column_and_value_and_the_file_comes_back(
    company: SmallCompany, some_sessions: SessionMaker
) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "花名册"
    for row in (("工号", "姓名", "单位", "入职日期"), ("900001", "", "销售 1 部", "03/04/2020")):
        sheet.append(row)
    workbook.save("people.xlsx")
    faulty = await run("people", "people.xlsx", "--user", "hr", "--take-over", "--annotated", "marked.xlsx")
    assert faulty.exit_code == 1
    assert "花名册, row 2, Joined on “03/04/2020”: “03/04/2020” can be either of" in faulty.output
    assert "Do you mean 销售1部?" in faulty.output
    assert "Nothing of it is taken over." in faulty.output
    assert "Please write the year first" in str(load_workbook("marked.xlsx").worksheets[0].cell(2, 5).value)
    async with some_sessions() as session:
        assert (await session.exec(select(Person).where(col(Person.staff_no) == "900001"))).first() is None


async def test_targets_and_past_figures_come_in(company: SmallCompany, some_sessions: SessionMaker) -> None:
    number = f"{int(company.departments[0].people_ids[0].removeprefix('p')):06}"
    write("targets.csv", f"staff number,metric,target\n{number},sales,400000\n")
    assert (await run("targets", "targets.csv", "--user", "hr", "--cycle", "nothing")).exit_code == 2
    taken = await run("targets", "targets.csv", "--user", "hr", "--cycle", company.cycle_id, "--take-over")
    assert taken.exit_code == 0, taken.output
    write("old.csv", f"staff number,metric,2025-01\n{number},sales,12.5\n")
    write("totals.txt", "sales 2025-01 12.5\n")
    without = await run("history", "old.csv", "--user", "hr", "--take-over")
    assert (without.exit_code, "the file, Totals: Nobody gave a total of" in without.output) == (1, True)
    taken = await run("history", "old.csv", "--user", "hr", "--totals", "totals.txt", "--take-over")
    assert taken.exit_code == 0, taken.output
    async with some_sessions() as session:
        target = await session.exec(
            select(Target).where(
                col(Target.person_id) == company.departments[0].people_ids[0],
                col(Target.metric_id) == company.metric_ids["sales"],
            )
        )
        assert target.one().full_value == Decimal(400_000)
        assert (await session.exec(select(Figure.entered_by))).one() == company.hr_id


async def test_what_is_wrong_with_the_call_is_one_line_and_another_code(company: SmallCompany) -> None:
    assert (await run("units", "missing.csv", "--user", "hr")).exit_code == 2
    write("units.csv", "单位\n")
    assert (await run("units", "units.csv", "--user", "d0001")).exit_code == 2
    refused = await run("units", "units.csv", "--user", "hr")
    assert (refused.exit_code, "lacks headings" in refused.output) == (1, True)


async def test_a_template_is_written(company: SmallCompany) -> None:
    assert (await run("template", "history", "history.xlsx")).exit_code == 0
    headings = [cell.value for cell in load_workbook("history.xlsx").worksheets[0][1]]
    assert headings[:4] == ["Staff number", "Full name", "Unit", "Metric"]

"""Figures handed in over HTTP: all is taken or nothing, and the answer lists every gap by row (Rule 6)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from uuid import uuid4

import openpyxl
import pytest
from sqlmodel import col, delete, select

from models.cycles import Cycle
from models.database import SessionMaker
from models.figures import department_facts
from models.metrics import Target
from models.org import Person
from models.stages import Stage, TaskKind
from models.tasks import Command, Submission, SubmissionRow, Task
from quarterdeck.demo.small import SmallCompany, make_small_company
from rules.completeness import gaps
from tests.api.house import House

MONTH = date(2055, 1, 1)


@pytest.fixture
async def company(some_sessions: SessionMaker) -> SmallCompany:
    """Two departments of two people, whose only figure is a team's satisfaction; nothing comes from a CRM."""
    prefix = f"s{uuid4().hex[:8]}-"
    return await make_small_company(
        some_sessions, 2, 2, company_id=f"{prefix}co", prefix=prefix, metrics=("satisfaction",), has_crm=False
    )


async def submission_task(house: House) -> Task:
    return await house.open_task("submit-2055-01", TaskKind.SUBMIT_DATA, stage=Stage.SUBMISSION, month=MONTH)


async def rows_of(house: House, value: str = "92.5") -> list[dict[str, str]]:
    """The rows that the first department needs, one a team or person."""
    async with house.sessions() as session:
        cycle = await session.get_one(Cycle, house.company.cycle_id)
        facts = await department_facts(session, cycle, house.company.departments[0].id, MONTH)
        return [
            {
                "team": gap.team_name,
                "metric": gap.metric_code,
                "month": "2055-01",
                "value": value,
                "person": gap.staff_no,
            }
            for gap in gaps(facts)
        ]


async def kept(house: House) -> tuple[list[Submission], list[SubmissionRow]]:
    async with house.sessions() as session:
        submissions = (await session.exec(select(Submission))).all()
        rows = (await session.exec(select(SubmissionRow).order_by(col(SubmissionRow.row)))).all()
        return list(submissions), list(rows)


async def test_complete_figures_are_kept_and_the_task_is_decided_with_them(at_work: House) -> None:
    task = await submission_task(at_work)
    await at_work.start_review()
    rows = await rows_of(at_work)
    assert rows
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/submit", json={"rows": rows})
    assert answer.status_code == 200, answer.text
    (submission,), figures = await kept(at_work)
    assert [figure.value for figure in figures] == ["92.5"] * len(rows)
    async with at_work.sessions() as session:
        command = await session.get_one(Command, answer.json()["command_id"])
    assert command.words["submission_id"] == submission.id
    assert command.move["choice"] == "submit"


async def test_a_missing_row_refuses_all_and_is_named(at_work: House) -> None:
    task = await submission_task(at_work)
    rows = await rows_of(at_work)
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/submit", json={"rows": rows[1:]})
    assert (answer.status_code, answer.json()["code"]) == (422, "submission-incomplete")
    (error,) = answer.json()["errors"]
    assert error["code"] == "figure-missing"
    assert error["team"] == rows[0]["team"]
    assert rows[0]["team"] in error["detail"]
    assert error["month"] == "2055-01"
    assert await kept(at_work) == ([], [])


async def test_every_fault_is_named_with_its_row_and_column(at_work: House) -> None:
    task = await submission_task(at_work)
    rows = await rows_of(at_work)
    wrong = [
        {**rows[0], "value": "lots"},
        {**rows[0], "team": "Nobody's team", "value": "1"},
        {**rows[0], "month": "2055-13"},
        {**rows[0], "value": " "},
    ]
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/submit", json={"rows": wrong})
    faults = [(e["row"], e["column"], e["code"]) for e in answer.json()["errors"] if "row" in e]
    assert faults == [
        (1, "value", "not-a-number"),
        (2, "team", "team-unknown"),
        (3, "month", "month-unreadable"),
        (4, "value", "value-missing"),
    ]
    assert all(error["detail"] for error in answer.json()["errors"])
    assert await kept(at_work) == ([], [])


def as_csv(encoding: str, separator: str = ",") -> Callable[[list[dict[str, str]]], bytes]:
    def written(rows: list[dict[str, str]]) -> bytes:
        heading = separator.join(["团队", "指标", "月份", "数值", "工号"])
        lines = [separator.join([r["team"], r["metric"], r["month"], r["value"], r["person"]]) for r in rows]
        return "\r\n".join([heading, *lines]).encode(encoding)

    return written


def as_excel(rows: list[dict[str, str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["团队", "指标", "月份", "数值", "工号"])
    for row in rows:
        sheet.append([row["team"], row["metric"], MONTH, float(row["value"]), row["person"]])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("utf-8.csv", as_csv("utf-8")),
        ("excel-utf-8.csv", as_csv("utf-8-sig")),
        ("old-excel.csv", as_csv("gb18030")),
        ("semicolons.csv", as_csv("utf-8", ";")),
        ("excel.xlsx", as_excel),
    ],
)
async def test_a_file_is_read_as_people_save_it(
    at_work: House, name: str, written: Callable[[list[dict[str, str]]], bytes]
) -> None:
    task = await submission_task(at_work)
    await at_work.start_review()
    content = written(await rows_of(at_work))
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/submit", files={"file": (name, content)})
    assert answer.status_code == 200, answer.text
    (submission,), figures = await kept(at_work)
    assert submission.file_name == name
    assert {figure.value for figure in figures} == {"92.5"}
    assert figures[0].row == 2  # As the person sees it: the heading is row 1.


async def test_a_file_without_the_columns_or_too_large_or_no_table_is_refused(at_work: House) -> None:
    task = await submission_task(at_work)
    path = f"/api/tasks/{task.id}/submit"
    async with at_work.caller(task.holder_id) as director:
        columns = await director.post(path, files={"file": ("a.csv", "团队,数值\nA,1\n".encode())})
        broken = await director.post(path, files={"file": ("a.xlsx", b"PK\x03\x04 no archive")})
        large = await director.post(path, files={"file": ("a.csv", b"x" * (5 * 1024 * 1024 + 1))})
        none = await director.post(path, data={"comment": "x"}, files={"other": ("a", b"x")})
        body = await director.post(path, content=b"{", headers={"content-type": "application/json"})
        deep = await director.post(path, json={"rows": [{"team": "A"}]})
    assert columns.json()["code"] == "columns-missing"
    assert columns.json()["facts"]["missing"] == ["metric", "month"]
    assert (broken.status_code, broken.json()["code"]) == (422, "file-unreadable")
    assert (large.status_code, large.json()["code"]) == (413, "too-large")
    assert none.json()["code"] == "file-missing"
    assert (body.status_code, body.json()["code"]) == (422, "body-invalid")
    assert {error["field"] for error in deep.json()["errors"]} == {"rows.0.metric", "rows.0.month", "rows.0.value"}


async def test_figures_are_not_taken_by_a_task_that_asks_for_none_nor_from_a_stranger(at_work: House) -> None:
    confirm = await at_work.open_task()
    submit = await submission_task(at_work)
    rows = await rows_of(at_work)
    async with at_work.caller(confirm.holder_id) as director:
        answer = await director.post(f"/api/tasks/{confirm.id}/submit", json={"rows": rows})
    assert (answer.status_code, answer.json()["code"]) == (422, "choice-not-allowed")
    async with at_work.caller(at_work.company.departments[1].director_id) as colleague:
        foreign = await colleague.post(f"/api/tasks/{submit.id}/submit", json={"rows": rows})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not-yours")


async def test_a_machine_hands_in_the_target_that_scoring_waits_for(at_work: House) -> None:
    """Rule 42: by staff number and the metric's code; whom it does not lack for is told so."""
    company = at_work.company
    department = company.departments[0]
    person_id, metric_id = department.people_ids[1], company.metric_ids["satisfaction"]
    async with at_work.sessions() as session:
        await session.exec(delete(Target).where(col(Target.person_id) == person_id))
        staff_no = (await session.get_one(Person, person_id)).staff_no
        await session.commit()
    task = await at_work.open_task(
        "fill-gap-1",
        TaskKind.FILL_SCORING_GAP,
        stage=Stage.EVALUATION,
        holder_id=company.hr_id,
        first_holder_id=company.hr_id,
    )
    await at_work.start_review()
    months = ("2055-01", "2055-02", "2055-03")
    rows = [{**row, "month": month} for row in await rows_of(at_work) for month in months]
    target = {"person": staff_no, "metric": "satisfaction", "value": "90"}
    async with at_work.caller(company.hr_id) as hr:
        path = f"/api/tasks/{task.id}/submit"
        without = await hr.post(path, json={"rows": rows})
        nobody = await hr.post(path, json={"rows": rows, "targets": [target, {**target, "person": "nobody"}]})
        answer = await hr.post(path, json={"rows": rows, "targets": [target]})
    assert [error["code"] for error in without.json()["errors"]] == ["target-missing"]
    assert [error["code"] for error in nobody.json()["errors"]] == ["target-not-wanted"]
    assert answer.status_code == 200, answer.text
    async with at_work.sessions() as session:
        command = await session.get_one(Command, answer.json()["command_id"])
    assert command.words["targets"] == [{"person_id": person_id, "metric_id": metric_id, "value": "90"}]
    assert command.move["choice"] == "filled"

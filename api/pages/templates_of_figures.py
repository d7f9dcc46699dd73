"""The Excel template of a submission: every row that is needed, filled in as far as known."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO

from fastapi import APIRouter
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.downloads import download
from api.i18n import Tongue
from api.links import open_link
from api.pages.rendering import TheShell
from api.rights import seen_task
from api.scoring_gaps import facts_to_fill
from api.session import Database, SignedIn
from api.submissions import CHOICE_OF
from models.errors import Refusal
from models.figures import DepartmentFacts
from models.metrics import FigureLevel, Metric
from models.tasks import Task

WIDTHS = (22, 14, 14, 18, 12, 16, 28)
EMPTY = PatternFill("solid", start_color="FFF4CC")
"""A figure that is still missing."""

Cells = tuple[str, str, str, str, str, Decimal | None, str]

router = APIRouter()


@router.get("/tasks/{task_id}/template.xlsx")
async def template_of_task(task_id: str, around: TheShell, asking: SignedIn, database: Database) -> Response:
    return await _template(database, await seen_task(database, asking, task_id), around.tongue)


@router.get("/t/{token}/template.xlsx")
async def template_of_link(token: str, around: TheShell, database: Database) -> Response:
    opened = await open_link(database, token)
    if opened.dead is not None:
        raise opened.dead
    return await _template(database, opened.task, around.tongue.into(opened.person.language))


async def _template(database: AsyncSession, task: Task, tongue: Tongue) -> Response:
    if task.kind not in CHOICE_OF:
        raise Refusal("not-found")
    facts, _ = await facts_to_fill(database, task)
    content = await run_in_threadpool(_written, list(_rows(facts, tongue)), _headings(tongue))
    month = f"-{task.month:%Y-%m}" if task.month else ""
    name = f"{task.department_id}{month}.xlsx"
    return download(content, name)


def _headings(tongue: Tongue) -> tuple[str, ...]:
    """The headings that `api/sheets.py` reads again."""
    if tongue.is_chinese:
        return ("团队", "工号", "姓名", "指标", "月份", "实际值", "更正原因")
    return ("team", "staff_no", "person", "metric", "month", "value", "reason")


def _rows(facts: DepartmentFacts, tongue: Tongue) -> Iterator[Cells]:
    for month in facts.months:
        for team in facts.teams:
            members = [one for one in facts.members if one.team_id == team.id and one.was_there_in(month)]
            for metric in facts.metrics:
                wanted = [(team.id, "", "")]
                if metric.level is FigureLevel.PERSON:
                    wanted = [(member.person_id, member.staff_no, member.name) for member in members]
                for owner, staff_no, name in wanted:
                    if (owner, metric.id) in facts.exempt:
                        continue
                    value = facts.in_force.get((owner, metric.id, month))
                    yield (team.name, staff_no, name, _name(metric, tongue), f"{month:%Y-%m}", value, "")


def _name(metric: Metric, tongue: Tongue) -> str:
    return metric.name_en if metric.name_en and not tongue.is_chinese else metric.name


def _written(rows: list[Cells], headings: tuple[str, ...]) -> bytes:
    workbook = Workbook()
    sheet = workbook.active or workbook.create_sheet()
    sheet.append(list(headings))
    for row in rows:
        sheet.append(list(row))
        if row[5] is None:
            sheet.cell(sheet.max_row, 6).fill = EMPTY
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDEFG", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()

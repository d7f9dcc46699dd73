"""The file that was refused, given back to whoever sent it, with each fault marked and explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePath

from fastapi import APIRouter
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.downloads import download
from api.i18n import Tongue
from api.links import open_link
from api.marked_sheets import Marks, marked
from api.pages.handing_in import with_values
from api.pages.rendering import TheShell
from api.pages.submission_views import words_of
from api.parts import TableReader, TheParts
from api.rights import seen_task
from api.scoring_gaps import facts_to_fill
from api.session import Database, SignedIn
from api.sheets import rows_in_file
from models.errors import Refusal
from models.figures import DepartmentFacts
from models.tasks import RefusedFile, Task
from rules.completeness import CheckedRow, Gap, GivenRow, check_submission

router = APIRouter()


@router.get("/tasks/{task_id}/marked.xlsx", name="marked_file_of_task")
async def marked_file_of_task(
    task_id: str, around: TheShell, parts: TheParts, asking: SignedIn, database: Database
) -> Response:
    """Give the file back to the one who sent it, and to nobody else."""
    task = await seen_task(database, asking, task_id)
    return await _marked(database, parts.read_table, task, asking.id, around.tongue)


@router.get("/t/{token}/marked.xlsx", name="marked_file_of_link")
async def marked_file_of_link(token: str, around: TheShell, parts: TheParts, database: Database) -> Response:
    opened = await open_link(database, token)
    if opened.dead is not None:
        raise opened.dead
    tongue = around.tongue.into(opened.person.language)
    return await _marked(database, parts.read_table, opened.task, opened.person.id, tongue)


async def _marked(database: AsyncSession, read: TableReader, task: Task, by_id: str, tongue: Tongue) -> Response:
    file = await database.get(RefusedFile, (task.id, by_id))
    if file is None:
        raise Refusal("not-found")
    rows = await run_in_threadpool(rows_in_file, read, file.name, file.content)
    facts, _ = await facts_to_fill(database, task)
    check = check_submission(facts, with_values(rows))  # Against what is known now.
    faults = await words_of(database, check.faults, tongue)
    there = _rows_meant(facts, [row for row in rows if not row.value.strip() or row.row in faults])
    words = tongue.gettext("This figure is missing.")
    lacking = {there[_key(gap)] for gap in check.gaps if _key(gap) in there}
    marks = Marks(
        heading=tongue.gettext("Problem"),
        faults=faults,
        empty={row: words for row in lacking if row not in faults},
        missing=[(_cells(facts, gap, tongue), words) for gap in check.gaps if _key(gap) not in there],
    )
    content = await run_in_threadpool(marked, read, file.name, file.content, marks)
    name = tongue.gettext("%(file)s (marked).xlsx", file=PurePath(file.name).stem)
    return download(content, name)


def _key(of: Gap | CheckedRow) -> tuple[str, str, str, date]:
    return (of.team_id, of.person_id, of.metric_id, of.month)


def _rows_meant(facts: DepartmentFacts, rows: Sequence[GivenRow]) -> dict[tuple[str, str, str, date], int]:
    """Find which figures rows are for whose value is missing or wrong: they are read as if it were not."""
    filled = [replace(row, value="1") for row in rows]
    return {_key(row): row.row for row in check_submission(facts, filled).rows}


def _cells(facts: DepartmentFacts, gap: Gap, tongue: Tongue) -> dict[str, str]:
    metric = next(metric for metric in facts.metrics if metric.id == gap.metric_id)
    return {
        "team": gap.team_name,
        "person": gap.staff_no,
        "metric": metric.name_en if metric.name_en and not tongue.is_chinese else metric.name,
        "month": f"{gap.month:%Y-%m}",
    }

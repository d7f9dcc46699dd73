"""The report of the three checks on a page, and as a workbook (Rule 34)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from fastapi import APIRouter
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.downloads import download
from api.facts import names_of_metrics
from api.intake.report import Passed, SumLine, checks_of, report_workbook, sums_of
from api.intake.taking import intake_of_company
from api.pages.import_views import IntakePage, intake_page
from api.pages.imports import PAGE
from api.pages.rendering import Shell, TheShell
from api.session import Database, HrReader
from models.intake import Intake

router = APIRouter()


@dataclass(frozen=True)
class ReportPage:
    of: IntakePage
    checks: tuple[Passed, ...]
    sums: tuple[SumLine, ...]


@router.get(f"{PAGE}/{{intake_id}}/report")
async def show_report(intake_id: str, around: TheShell, asking: HrReader, database: Database) -> Response:
    intake = await intake_of_company(database, asking.company_id, intake_id)
    page = ReportPage(
        of=await intake_page(database, around.tongue, intake, around.may_edit),
        checks=tuple(checks_of(intake, around.tongue)),
        sums=tuple(await _sums(database, intake, around)),
    )
    return around.render("imports/report.html", page)


@router.get(f"{PAGE}/{{intake_id}}/report.xlsx")
async def download_report(intake_id: str, around: TheShell, asking: HrReader, database: Database) -> Response:
    intake = await intake_of_company(database, asking.company_id, intake_id)
    page = await intake_page(database, around.tongue, intake, around.may_edit)
    faults = [(fault.row or "", fault.column, fault.value, fault.words) for fault in page.faults]
    sums = await _sums(database, intake, around)
    content = await run_in_threadpool(report_workbook, _head(page, around), intake, faults, sums, around.tongue)
    name = around.tongue.gettext("%(file)s (report)", file=PurePath(intake.file_name).stem)
    return download(content, f"{name}.xlsx")


async def _sums(database: AsyncSession, intake: Intake, around: Shell) -> list[SumLine]:
    ids = {line["metric_id"] for line in intake.outcome["more"].get("sums", ())}
    return sums_of(intake, around.tongue, await names_of_metrics(database, ids, around.tongue.language))


def _head(page: IntakePage, around: Shell) -> list[tuple[str, object]]:
    """Return what the report is of, line by line."""
    intake, tongue = page.intake, around.tongue
    counts = intake.outcome
    lines: list[tuple[str, object]] = [
        (tongue.gettext("File"), intake.file_name),
        ("SHA-256", intake.sha256),
        (tongue.gettext("What"), page.kind),
        (tongue.gettext("State"), page.state),
        (tongue.gettext("Sent by"), f"{page.by}, {tongue.moment(intake.received_at)}"),
        (tongue.gettext("Rows"), counts["rows"]),
        (tongue.gettext("New"), counts["new"]),
        (tongue.gettext("Changed"), counts["changed"]),
        (tongue.gettext("Unchanged"), counts["unchanged"]),
        (tongue.gettext("Faults"), counts["fault_count"]),
    ]
    if intake.taken_at:
        lines.append((tongue.gettext("Taken over"), tongue.moment(intake.taken_at)))
    return [*lines, *((tongue.gettext("How it was read"), line) for line in page.how)]

"""One fetch: how far it is while it runs, then what it found, and every fault row by row, also as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.downloads import CSV, as_csv, as_workbook, download
from api.facts import names_of_people
from api.i18n import Tongue
from api.i18n import later as _
from api.pages.rendering import Shell, TheShell
from api.pages.source_views import FetchRow, KindOutcome, fetch_row, outcomes, rows_read
from api.row_faults import fault_said
from api.session import Database, HrReader, Viewer
from api.sourcing import source_of_company
from models.errors import Refusal
from models.sources import Fetch, RowFault, Source

FAULTS_A_PAGE: Final = 50
MOST_FAULTS_IN_A_FILE: Final = 100_000
WIDTHS: Final = (14, 26, 20, 24, 70, 24)
"""Of a workbook's columns, in characters."""
HEADINGS: Final = (
    _("Records"),
    _("Where it stands"),
    _("Column"),
    _("Value"),
    _("What is wrong and what to do"),
    _("Suggestion"),
)

router = APIRouter(prefix="/sources/{source_id}/fetches/{fetch_id}")


@dataclass(frozen=True)
class FaultRow:
    fault: RowFault
    said: str


@dataclass(frozen=True)
class FetchPage:
    source: Source
    row: FetchRow
    rows_read: int
    kinds: tuple[KindOutcome, ...]
    objects: tuple[str, ...]
    """What a test of the connection found to be read."""
    who: str
    """As whom the source knows us."""
    calls_left: int | None
    faults: tuple[FaultRow, ...]
    fault_count: int
    page: int
    pages: int
    may_change: bool


@router.get("")
async def show_fetch(
    source_id: str, fetch_id: str, around: TheShell, asking: HrReader, database: Database, page: str = ""
) -> Response:
    """The whole page; while the fetch runs, only the part that is asked for again and again."""
    source, fetch = await fetch_of_company(database, asking, source_id, fetch_id)
    number = max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    shown = await fetch_page(database, around, source, fetch, number)
    return around.render("sources/result.html" if around.wants_part("fetch") else "sources/fetch.html", shown)


@router.get("/faults.csv")
async def faults_as_csv(
    source_id: str, fetch_id: str, around: TheShell, asking: HrReader, database: Database
) -> Response:
    rows = await _file_rows(database, around, asking, source_id, fetch_id)
    return download(as_csv(rows), f"faults-{fetch_id[:8]}.csv", CSV)


@router.get("/faults.xlsx")
async def faults_as_excel(
    source_id: str, fetch_id: str, around: TheShell, asking: HrReader, database: Database
) -> Response:
    rows = await _file_rows(database, around, asking, source_id, fetch_id)
    return download(await run_in_threadpool(as_workbook, rows, WIDTHS), f"faults-{fetch_id[:8]}.xlsx")


async def fetch_of_company(
    database: AsyncSession, asking: Viewer, source_id: str, fetch_id: str
) -> tuple[Source, Fetch]:
    """Raises: Refusal: `source-unknown`, `fetch-unknown`."""
    source = await source_of_company(database, asking, source_id)
    fetch = await database.get(Fetch, fetch_id)
    if fetch is None or fetch.source_id != source.id:
        raise Refusal("fetch-unknown")
    return source, fetch


async def fetch_page(
    database: AsyncSession, around: Shell, source: Source, fetch: Fetch, number: int
) -> FetchPage:
    counted = await database.exec(
        select(func.count()).select_from(RowFault).where(col(RowFault.fetch_id) == fetch.id)
    )
    count = counted.one()
    people = await names_of_people(database, {fetch.asked_by} - {""})
    return FetchPage(
        source=source,
        row=fetch_row(around.tongue, fetch, source, people),
        rows_read=rows_read(fetch.progress),
        kinds=outcomes(fetch.outcome),
        objects=tuple(fetch.outcome.get("objects", ())),
        who=str(fetch.outcome.get("who", "")),
        calls_left=fetch.outcome.get("calls_left"),
        faults=await _faults(database, around.tongue, fetch, (number - 1) * FAULTS_A_PAGE, FAULTS_A_PAGE),
        fault_count=count,
        page=number,
        pages=-(-count // FAULTS_A_PAGE),
        may_change=around.may_edit,
    )


async def _faults(
    database: AsyncSession, tongue: Tongue, fetch: Fetch, start: int, most: int
) -> tuple[FaultRow, ...]:
    found = await database.exec(
        select(RowFault)
        .where(col(RowFault.fetch_id) == fetch.id)
        .order_by(col(RowFault.position))
        .offset(start)
        .limit(most)
    )
    return tuple(FaultRow(fault, fault_said(fault, tongue)) for fault in found.all())


async def _file_rows(
    database: AsyncSession, around: Shell, asking: Viewer, source_id: str, fetch_id: str
) -> list[tuple[str, ...]]:
    _found, fetch = await fetch_of_company(database, asking, source_id, fetch_id)
    tongue = around.tongue
    faults = await _faults(database, tongue, fetch, 0, MOST_FAULTS_IN_A_FILE)
    return [
        tuple(tongue.gettext(heading) for heading in HEADINGS),
        *(
            (
                around.term(one.fault.kind),
                one.fault.place,
                one.fault.column_name,
                one.fault.value,
                one.said,
                one.fault.suggestion,
            )
            for one in faults
        ),
    ]

"""Sources of figures: the list, one source with its fetches, switched on and off, asked to be fetched."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.fetching import ask_for_fetch
from api.pages.rendering import Shell, TheShell
from api.pages.source_views import source_page, sources_page
from api.pages.tasks import in_words
from api.paging import AskedPaging, Paging
from api.parts import TheParts
from api.problems import status_of
from api.rights import today
from api.session import Database, HrEditor, HrReader
from api.sourcing import source_of_company, switching_source
from models.cycles import Cycle
from models.errors import Refusal
from models.sources import FetchMode, Source
from models.stages import CycleState

FETCHES_A_PAGE = 20

router = APIRouter(prefix="/sources")


@router.get("")
async def list_sources(around: TheShell, asking: HrReader, database: Database) -> Response:
    return around.render("sources/list.html", await sources_page(database, around, asking.company_id))


@router.get("/{source_id}")
async def show_source(
    source_id: str,
    around: TheShell,
    asking: HrReader,
    database: Database,
    paging: AskedPaging,
    saved: str = "",
) -> Response:
    source = await source_of_company(database, asking, source_id)
    period = await usual_period(database, source.company_id)
    shown = Paging(FETCHES_A_PAGE, paging.cursor)
    page = await source_page(database, around, source, shown, period, is_saved=bool(saved))
    return around.render("sources/source.html", page)


@router.post("/{source_id}/fetch")
async def fetch_source(
    request: Request, source_id: str, around: TheShell, asking: HrEditor, database: Database, parts: TheParts
) -> Response:
    """Test the connection, see what would come in, or take it over; the answer is the fetch's own page."""
    source = await source_of_company(database, asking, source_id)
    form = await request.form()
    period = (str(form.get("from_on", ""))[:10], str(form.get("until_on", ""))[:10])
    try:
        mode = mode_asked(str(form.get("do", "")))
        is_test = mode is FetchMode.TEST
        fetch_id = await ask_for_fetch(
            database,
            parts.commands,
            source,
            mode,
            asked_by=asking.id,
            from_on=None if is_test else day_asked(period[0]),
            until_on=None if is_test else day_asked(period[1]),
        )
    except Refusal as refusal:
        return await _refused(around, database, source, period, refusal)
    return RedirectResponse(f"/sources/{source_id}/fetches/{fetch_id}", 303)


@router.post("/{source_id}/switch")
async def switch_source(
    request: Request, source_id: str, around: TheShell, asking: HrEditor, database: Database, parts: TheParts
) -> Response:
    source = await source_of_company(database, asking, source_id)
    is_on = str((await request.form()).get("to", "")) == "on"
    try:
        await parts.commands.ask(database, await switching_source(database, asking, source, is_on))
    except Refusal as refusal:
        return await _refused(around, database, source, ("", ""), refusal)
    return RedirectResponse(f"/sources/{source_id}?saved=yes", 303)


async def _refused(
    around: Shell, database: AsyncSession, source: Source, period: tuple[str, str], refusal: Refusal
) -> Response:
    await database.rollback()
    await database.refresh(source)
    problem, _faults = await in_words(around, database, refusal)
    page = await source_page(database, around, source, Paging(FETCHES_A_PAGE), period, problem)
    return around.render("sources/source.html", page, status_of(refusal.code))


def mode_asked(text: str) -> FetchMode:
    """Raises: Refusal: `fetch-mode-unknown`."""
    if text not in set(FetchMode):
        raise Refusal("fetch-mode-unknown")
    return FetchMode(text)


def day_asked(text: str) -> date | None:
    """Raises: Refusal: `day-unreadable`."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as unreadable:
        raise Refusal("day-unreadable") from unreadable


async def usual_period(database: AsyncSession, company_id: str) -> tuple[str, str]:
    """Return the period that a fetch is offered for, until today: from a cycle's first day, or the year's."""
    begun = await database.exec(
        select(func.min(Cycle.starts_on)).where(
            col(Cycle.company_id) == company_id, col(Cycle.state).in_((CycleState.RUNNING, CycleState.PAUSED))
        )
    )
    now = await today(database, company_id)
    first = begun.one()
    if first is None or first > now:
        first = date(now.year, 1, 1)
    return first.isoformat(), now.isoformat()

"""Settings: the days the company works, a year at a glance, and what a change of them touches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api import moves
from api.commands import CommandKind
from api.company_settings import DayGiven, changing_days
from api.pages.calendar_views import Month, Touched, months_of, touched_by
from api.pages.changes import Told, told
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import TableReader, TheParts
from api.problems import Refusals
from api.session import Database, HrEditor, HrReader
from api.words import Said
from models.changes import Subject, changes_of
from models.errors import Refusal
from models.org import CalendarDay
from rules.calendar import ANNOUNCED_YEARS

router = APIRouter()

MOST_DAYS = 400
LARGEST_FILE = 1_000_000
LINE = re.compile(r"(\d{4}-\d{2}-\d{2}) (off|working|public) ?(.*)")
KINDS: Mapping[str, bool | None] = {"off": False, "working": True, "public": None}
SAID = {
    "off": "off",
    "休": "off",
    "休息": "off",
    "放假": "off",
    "working": "working",
    "work": "working",
    "班": "working",
    "上班": "working",
    "public": "public",
    "按国家规定": "public",
}
"""How a file may say it."""


@dataclass(frozen=True)
class CalendarPage:
    year: int
    months: tuple[Month, ...]
    is_announced: bool
    own: tuple[CalendarDay, ...]
    changes: tuple[Told, ...]
    may_change: bool
    pending: tuple[DayGiven, ...] = ()
    """Days that were asked for and are not saved yet."""
    lines: str = ""
    touched: tuple[Touched, ...] = ()
    typed: Mapping[str, str] | None = None
    problem: Said | None = None
    faults: tuple[str, ...] = ()
    is_saved: bool = False

    def value(self, name: str) -> str:
        return (self.typed or {}).get(name, "")


@router.get("/settings/calendar")
async def show_calendar(
    around: TheShell, asking: HrReader, database: Database, year: str = "", saved: str = ""
) -> Response:
    page = await _page(database, around, asking.company_id, _year(year, around))
    return around.render("settings/calendar.html", replace(page, is_saved=bool(saved)))


@router.post("/settings/calendar")
async def change_calendar(
    request: Request, around: TheShell, parts: TheParts, asking: HrEditor, database: Database
) -> Response:
    """Show what a change of days touches; then save it. Plans of cycles under way stay, unless HR says so."""
    form = await request.form()
    typed = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    year = _year(typed.get("year", ""), around)
    try:
        upload = form.get("file")
        given = await _given(typed, upload if isinstance(upload, UploadFile) else None, parts.read_table)
        known = await _own_days(database, asking.company_id)
        if typed.get("do") == "save":
            touched = await touched_by(database, around, asking.company_id, given)
            await parts.commands.note(database, await changing_days(database, asking, given, known))
            for one in touched:
                if typed.get(f"take:{one.cycle.id}"):
                    words = {"terms": one.cycle.terms, "reason": around.tongue.gettext("New days of the calendar")}
                    await parts.commands.ask(
                        database, moves.cycle_order(CommandKind.PLAN, one.cycle, asking.id, words)
                    )
            return RedirectResponse(f"/settings/calendar?year={given[0].day.year}&saved=yes", 303)
        page = await _page(database, around, asking.company_id, given[0].day.year, given)
        touched = await touched_by(database, around, asking.company_id, given)
        page = replace(page, touched=tuple(touched), lines=_lines(given))
        return around.render("settings/calendar.html", page)
    except Refusal as refusal:
        await database.rollback()
        problem, faults = await in_words(around, database, refusal)
        page = await _page(database, around, asking.company_id, year)
        page = replace(page, typed=typed, problem=problem, faults=faults)
        return around.render("settings/calendar.html", page, 422)


def _year(text: str, around: Shell) -> int:
    this = around.now.astimezone(around.tongue.zone).year
    return int(text) if text.isdecimal() and 2000 <= int(text) <= 2100 else this


async def _given(typed: Mapping[str, str], upload: UploadFile | None, read: TableReader) -> list[DayGiven]:
    """Read the days asked for: confirmed lines, a file, or a span typed into the form.

    Raises:
        Refusal: `days-unreadable`, `days-missing`, `days-too-many`; `Refusals` for faulty rows of a file.
    """
    if typed.get("lines"):
        given = [_of_line(line) for line in typed["lines"].splitlines() if line.strip()]
    elif upload is not None and upload.filename:
        content = await upload.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise Refusal("too-large")
        given = _of_table(read, content, upload.filename)
    else:
        given = _of_span(typed)
    if not given:
        raise Refusal("days-missing")
    if len(given) > MOST_DAYS:
        raise Refusal("days-too-many", most=MOST_DAYS)
    return sorted({one.day: one for one in given}.values(), key=lambda one: one.day)


def _of_line(line: str) -> DayGiven:
    found = LINE.fullmatch(line.strip())
    if found is None:
        raise Refusal("days-unreadable")
    return DayGiven(_date(found[1]), KINDS[found[2]], found[3][:100])


def _of_span(typed: Mapping[str, str]) -> list[DayGiven]:
    first = _date(typed.get("from_on", ""))
    last = _date(typed.get("until_on") or typed.get("from_on", ""))
    if last < first or typed.get("kind") not in KINDS:
        raise Refusal("days-unreadable")
    if (last - first).days >= MOST_DAYS:
        raise Refusal("days-too-many", most=MOST_DAYS)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [DayGiven(day, KINDS[typed["kind"]], typed.get("note", "")[:100]) for day in days]


def _of_table(read: TableReader, content: bytes, file_name: str) -> list[DayGiven]:
    """Read a file's first three columns: day, off or working, note."""
    table = read(content, file_name)
    columns = list(table.columns)
    given, faults = [], []
    for row in table.rows:
        cells = [str(row.cells.get(name, "")).strip() for name in columns[:3]] + ["", "", ""]
        if not any(cells):
            continue
        kind = SAID.get(cells[1].lower())
        try:
            day = _date(cells[0][:10].replace("/", "-"))
        except Refusal:
            kind = None
        if kind is None:
            faults.append(Refusal("day-row-wrong", row=row.number, given=f"{cells[0]} {cells[1]}".strip()))
        else:
            given.append(DayGiven(day, KINDS[kind], cells[2][:100]))
    if faults:
        raise Refusals("days-file-wrong", faults[:20], count=len(faults))
    return given


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as unreadable:
        raise Refusal("days-unreadable") from unreadable


def _lines(given: Sequence[DayGiven]) -> str:
    words = {is_working: kind for kind, is_working in KINDS.items()}
    return "\n".join(f"{one.day} {words[one.is_working]} {one.note}".strip() for one in given)


async def _own_days(database: AsyncSession, company_id: str) -> dict[date, CalendarDay]:
    found = await database.exec(
        select(CalendarDay).where(col(CalendarDay.company_id) == company_id).order_by(col(CalendarDay.day))
    )
    return {day.day: day for day in found.all()}


async def _page(
    database: AsyncSession, around: Shell, company_id: str, year: int, pending: Sequence[DayGiven] = ()
) -> CalendarPage:
    own = await _own_days(database, company_id)
    changes = await changes_of(database, company_id, Subject.CALENDAR, most=10)
    return CalendarPage(
        year=year,
        months=months_of(year, own, {one.day: one for one in pending}, around.tongue),
        is_announced=year in ANNOUNCED_YEARS,
        own=tuple(day for day in own.values() if day.day.year == year),
        changes=tuple(await told(database, around.tongue, changes)),
        may_change=around.may_edit,
        pending=tuple(pending),
    )

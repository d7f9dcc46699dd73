"""A year of the company's days, and the deadlines that a change of days would touch."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_date, get_day_names
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.company_settings import DayGiven
from api.i18n import Tongue
from api.i18n import later as _
from api.pages.rendering import Shell
from models.cycles import Cycle
from models.org import CalendarDay, calendar_overrides
from models.stages import CycleState, TaskState
from models.tasks import Task
from rules.calendar import SATURDAY, WorkCalendar, calendar_for, holiday_name
from rules.calendar_changes import Shift, shifts_by

HOLIDAYS: Final[Mapping[str, str]] = {
    "New Year's Day": _("New Year's Day"),
    "Spring Festival": _("Spring Festival"),
    "Tomb-sweeping Day": _("Tomb-sweeping Day"),
    "Labour Day": _("Labour Day"),
    "Dragon Boat Festival": _("Dragon Boat Festival"),
    "National Day": _("National Day"),
    "Mid-autumn Festival": _("Mid-autumn Festival"),
}
UNDER_WAY = (CycleState.RUNNING, CycleState.PAUSED)


@dataclass(frozen=True)
class Cell:
    """A day in the year view: `kind` is work, weekend, holiday, makeup, own-off or own-work."""

    day: date
    kind: str
    says: str
    is_pending: bool = False


@dataclass(frozen=True)
class Month:
    name: str
    weekdays: tuple[str, ...]
    weeks: tuple[tuple[Cell | None, ...], ...]
    working: int


@dataclass(frozen=True)
class Touched:
    """A cycle under way whose plan would be another by the new days."""

    cycle: Cycle
    shifts: tuple[Shift, ...]
    open_tasks: int
    """Open tasks that are due on a day that will be off."""


def months_of(
    year: int, own: Mapping[date, CalendarDay], pending: Mapping[date, DayGiven], t: Tongue
) -> tuple[Month, ...]:
    public = WorkCalendar()
    names = get_day_names("narrow", locale=t.locale)
    weekdays = tuple(names[n] for n in range(7))
    months = []
    for number in range(1, 13):
        weeks = [
            tuple(_cell(date(year, number, day), own, pending, public, t) if day else None for day in week)
            for week in calendar.Calendar().monthdayscalendar(year, number)
        ]
        cells = [cell for week in weeks for cell in week if cell]
        months.append(
            Month(
                name=format_date(date(year, number, 1), "LLLL", locale=t.locale),
                weekdays=weekdays,
                weeks=tuple(weeks),
                working=sum(cell.kind in ("work", "makeup", "own-work") for cell in cells),
            )
        )
    return tuple(months)


def _cell(
    day: date,
    own: Mapping[date, CalendarDay],
    pending: Mapping[date, DayGiven],
    public: WorkCalendar,
    t: Tongue,
) -> Cell:
    asked = pending.get(day)
    ours = own.get(day)
    is_working = asked.is_working if asked else ours.is_working if ours else None
    note = asked.note if asked else ours.note if ours else ""
    if is_working is not None:
        says = note or (t.gettext("working day") if is_working else t.gettext("day off"))
        return Cell(day, "own-work" if is_working else "own-off", says, asked is not None)
    holiday = HOLIDAYS.get(holiday_name(day), "")
    says = t.gettext(holiday) if holiday else ""
    if public.is_working(day):
        kind = "makeup" if day.weekday() >= SATURDAY else "work"
        return Cell(day, kind, t.gettext("make-up working day") if kind == "makeup" else "", asked is not None)
    kind = "weekend" if day.weekday() >= SATURDAY and not holiday else "holiday"
    return Cell(day, kind, says or (t.gettext("public holiday") if kind == "holiday" else ""), asked is not None)


async def touched_by(
    database: AsyncSession, around: Shell, company_id: str, given: Sequence[DayGiven]
) -> list[Touched]:
    """Return the cycles under way whose deadlines would be others by the new days (Rules 9, 10)."""
    before = await calendar_overrides(database, company_id)
    after = {day: works for day, works in before.items() if day not in {one.day for one in given}}
    after |= {one.day: one.is_working for one in given if one.is_working is not None}
    found = await database.exec(
        select(Cycle)
        .where(col(Cycle.company_id) == company_id, col(Cycle.state).in_(UNDER_WAY))
        .order_by(col(Cycle.starts_on))
    )
    touched = []
    for cycle in found.all():
        terms = cycle.the_terms()
        old, new = calendar_for(terms, before), calendar_for(terms, after)
        shifts = shifts_by(terms, old, new, around.now)
        now_off = [one.day for one in given if old.is_working(one.day) and not new.is_working(one.day)]
        open_tasks = await _due_on(database, cycle, [new.day_end(day) for day in now_off])
        if shifts or open_tasks:
            touched.append(Touched(cycle, tuple(shifts), open_tasks))
    return touched


async def _due_on(database: AsyncSession, cycle: Cycle, ends: Sequence[object]) -> int:
    if not ends:
        return 0
    found = await database.exec(
        select(func.count())
        .select_from(Task)
        .where(
            col(Task.cycle_id) == cycle.id,
            col(Task.state) == TaskState.OPEN,
            col(Task.deadline_at).in_(ends),
        )
    )
    return found.one()

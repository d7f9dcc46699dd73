"""The company's settings: its name, zone and hours, its days, the ladder of new cycles; each change on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import col, delete, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish
from api.problems import Refusals
from api.recording import changing
from api.session import Viewer
from api.staffing import refuse_unreadable_mail
from models.changes import Subject
from models.errors import Refusal
from models.org import CalendarDay, Company
from models.terms import Ladder, Rung
from rules.ladder_check import problems_of_ladder


@dataclass(frozen=True)
class CompanyGiven:
    name: str
    name_en: str
    time_zone: str
    hr_mailbox: str
    first_sending_hour: int
    last_sending_hour: int


@dataclass(frozen=True)
class DayGiven:
    """A day as the company sets it; `is_working` None takes its own setting away."""

    day: date
    is_working: bool | None
    note: str = ""


async def changing_company(session: AsyncSession, viewer: Viewer, given: CompanyGiven) -> Wish:
    """Return the wish that changes the company's data; cycles under way keep what they began with.

    Raises:
        Refusal: `name-missing`, `time-zone-unknown`, `mail-unreadable`, `hours-invalid`.
    """
    if not given.name:
        raise Refusal("name-missing", field="name")
    try:
        ZoneInfo(given.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise Refusal("time-zone-unknown", time_zone=given.time_zone, field="time_zone") from unknown
    refuse_unreadable_mail(given.hr_mailbox)
    if not 0 <= given.first_sending_hour < given.last_sending_hour <= 24:
        raise Refusal("hours-invalid", field="first_sending_hour")
    company = await session.get_one(Company, viewer.company_id)
    after = vars(given)
    before = {name: getattr(company, name) for name in after}

    async def write(writing: AsyncSession) -> None:
        await writing.exec(update(Company).where(col(Company.id) == viewer.company_id).values(**after))

    return await changing(
        session, viewer, CommandKind.SETTING, Subject.COMPANY, viewer.company_id, before, after, write
    )


async def changing_days(
    session: AsyncSession, viewer: Viewer, given: list[DayGiven], known: Mapping[date, CalendarDay]
) -> Wish:
    """Return the wish that sets days of the company's calendar against the public one."""
    days = [one.day for one in given]
    before = {day.isoformat(): _said(known.get(day)) for day in days}
    rows = [
        CalendarDay(company_id=viewer.company_id, day=one.day, is_working=one.is_working, note=one.note)
        for one in given
        if one.is_working is not None
    ]
    after = {day.isoformat(): "" for day in days} | {row.day.isoformat(): _said(row) for row in rows}

    async def write(writing: AsyncSession) -> None:
        await writing.exec(
            delete(CalendarDay).where(
                col(CalendarDay.company_id) == viewer.company_id, col(CalendarDay.day).in_(days)
            )
        )
        writing.add_all(rows)

    return await changing(
        session, viewer, CommandKind.SETTING, Subject.CALENDAR, str(days[0].year), before, after, write
    )


def _said(day: CalendarDay | None) -> str:
    return f"{'working' if day.is_working else 'off'} {day.note}".strip() if day else ""


def refuse_wrong_ladder(ladder: Ladder) -> None:
    """Refuse a ladder that makes no sense.

    Raises:
        Refusals: `ladder-wrong` with all of it.
    """
    errors = [Refusal(problem.code, **problem.facts) for problem in problems_of_ladder(ladder)]
    if errors:
        raise Refusals("ladder-wrong", errors, count=len(errors))


async def changing_ladder(session: AsyncSession, viewer: Viewer, ladder: Ladder) -> Wish:
    """Return the wish that gives new cycles another ladder; those under way keep theirs (Rule 4)."""
    refuse_wrong_ladder(ladder)
    company = await session.get_one(Company, viewer.company_id)
    stored = {} if ladder == Ladder() else ladder.model_dump(mode="json")

    async def write(writing: AsyncSession) -> None:
        await writing.exec(update(Company).where(col(Company.id) == viewer.company_id).values(ladder=stored))

    return await changing(
        session,
        viewer,
        CommandKind.SETTING,
        Subject.LADDER,
        viewer.company_id,
        _ladder_said(company.the_ladder()),
        _ladder_said(ladder),
        write,
    )


def _ladder_said(ladder: Ladder) -> dict[str, str | int]:
    return {
        "rungs": "; ".join(_rung_said(rung) for rung in ladder.rungs),
        "superior_reminded_after": ladder.superior_reminded_after,
        "superior_moves_after": ladder.superior_moves_after,
    }


def _rung_said(rung: Rung) -> str:
    return f"{rung.name} ({rung.days:+d}, {'+'.join(rung.channels)}, {rung.action})"

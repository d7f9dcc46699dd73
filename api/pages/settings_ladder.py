"""Settings: the ladder of new cycles, as rows to edit, with the dates it gives for an example deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api import rungs
from api.company_settings import changing_ladder, refuse_wrong_ladder
from api.pages.changes import Told, told
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import TheParts
from api.session import Database, HrEditor, HrReader
from api.words import Said
from models.changes import Subject, changes_of
from models.errors import Refusal
from models.org import Company, calendar_overrides
from models.stages import Channel, Recipient, RungAction
from models.terms import Ladder, Rung
from rules.calendar import WorkCalendar
from rules.ladder import resolve_ladder, superior_rungs

router = APIRouter()

DEEDS = {
    "remind": (RungAction.REMIND, Recipient.HOLDER),
    "move": (RungAction.MOVE, Recipient.SUPERIOR),
    "add": (RungAction.ADD, Recipient.SUPERIOR),
    "tell-superior": (RungAction.NOTIFY, Recipient.SUPERIOR),
    "tell-hr": (RungAction.NOTIFY, Recipient.HR),
}
"""What a rung can do, and to whom: every sensible pair."""

EXAMPLE_AFTER = timedelta(days=14)


@dataclass(frozen=True)
class RungRow:
    """A rung as the form holds it: everything as typed."""

    name: str = ""
    days: str = "1"
    side: str = "before"
    hour: str = "morning"
    channels: tuple[str, ...] = ("email",)
    does: str = "remind"


@dataclass(frozen=True)
class Coming:
    at: datetime
    says: str
    by: str


@dataclass(frozen=True)
class LadderPage:
    rows: tuple[RungRow, ...]
    reminded_after: str
    moves_after: str
    example: str
    deadline_at: datetime | None
    coming: tuple[Coming, ...]
    does: Mapping[str, str]
    channels: tuple[Channel, ...]
    changes: tuple[Told, ...]
    is_standard: bool
    may_change: bool
    problem: Said | None = None
    faults: tuple[str, ...] = ()
    is_saved: bool = False


@router.get("/settings/ladder")
async def show_ladder(
    around: TheShell, asking: HrReader, database: Database, saved: str = "", example: str = ""
) -> Response:
    ladder = (await database.get_one(Company, asking.company_id)).the_ladder()
    page = await _page(database, around, asking.company_id, ladder, _typed_of(ladder), example)
    return around.render("settings/ladder.html", replace(page, is_saved=bool(saved)))


@router.post("/settings/ladder")
async def change_ladder(
    request: Request, around: TheShell, parts: TheParts, asking: HrEditor, database: Database
) -> Response:
    """Add or take away a rung, show the dates, go back to the standard, or save."""
    typed = _typed_in(await request.form())
    wish = typed.wish
    if wish.startswith("remove:"):
        typed = replace(typed, rows=tuple(row for n, row in enumerate(typed.rows) if f"remove:{n}" != wish))
    elif wish == "add":
        typed = replace(typed, rows=(*typed.rows, RungRow()))
    elif wish == "standard":
        typed = _typed_of(Ladder())
    ladder = (await database.get_one(Company, asking.company_id)).the_ladder()
    try:
        ladder = _ladder(typed)
        if wish == "save":
            await parts.commands.note(database, await changing_ladder(database, asking, ladder))
            return RedirectResponse("/settings/ladder?saved=yes", 303)
        if wish == "check":
            refuse_wrong_ladder(ladder)
    except Refusal as refusal:
        await database.rollback()
        problem, faults = await in_words(around, database, refusal)
        page = await _page(database, around, asking.company_id, ladder, typed, typed.example)
        return around.render("settings/ladder.html", replace(page, problem=problem, faults=faults), 422)
    page = await _page(database, around, asking.company_id, ladder, typed, typed.example)
    return around.render("settings/ladder.html", page)


@dataclass(frozen=True)
class Typed:
    rows: tuple[RungRow, ...]
    reminded_after: str
    moves_after: str
    example: str = ""
    wish: str = ""


def _typed_in(form: Mapping[str, object]) -> Typed:
    def said(name: str) -> str:
        return str(form.get(name, "")).strip()[:60]

    rows = [
        RungRow(
            name=said(f"name{n}"),
            days=said(f"days{n}"),
            side=said(f"side{n}"),
            hour=said(f"hour{n}"),
            channels=tuple(channel.value for channel in Channel if said(f"{channel.value}{n}")),
            does=said(f"does{n}"),
        )
        for n in range(20)
        if f"days{n}" in form
    ]
    return Typed(tuple(rows), said("reminded_after"), said("moves_after"), said("example"), said("do"))


def _typed_of(ladder: Ladder) -> Typed:
    deeds = {deed: does for does, deed in DEEDS.items()}
    rows = tuple(
        RungRow(
            name=rung.name,
            days=str(abs(rung.days)),
            side="after" if rung.days > 0 else "before",
            hour="deadline" if rung.at_deadline else "morning",
            channels=tuple(channel.value for channel in rung.channels),
            does=deeds.get((rung.action, rung.to), "remind"),
        )
        for rung in ladder.rungs
    )
    return Typed(rows, str(ladder.superior_reminded_after), str(ladder.superior_moves_after))


def _ladder(typed: Typed) -> Ladder:
    """Return the ladder that the form describes.

    Raises:
        Refusal: `ladder-unreadable`, where days are no numbers or a choice is none.
    """
    try:
        return Ladder(
            rungs=tuple(_rung(row) for row in typed.rows),
            superior_reminded_after=int(typed.reminded_after),
            superior_moves_after=int(typed.moves_after),
        )
    except (ValidationError, ValueError, KeyError) as wrong:
        raise Refusal("ladder-unreadable") from wrong


def _rung(row: RungRow) -> Rung:
    action, to = DEEDS[row.does]
    days = int(row.days) * (1 if row.side == "after" else -1)
    named = "-".join((*row.channels, f"{-days}d" if days < 0 else f"{days}d-after" if days else "day"))
    return Rung(
        name=row.name or (named if action is RungAction.REMIND else f"{row.does}-{named}"),
        days=days,
        at_deadline=row.hour == "deadline",
        channels=tuple(Channel(channel) for channel in row.channels),
        action=action,
        to=to,
    )


async def _page(
    database: AsyncSession, around: Shell, company_id: str, ladder: Ladder, typed: Typed, example: str
) -> LadderPage:
    company = await database.get_one(Company, company_id)
    calendar = WorkCalendar(
        company.time_zone,
        await calendar_overrides(database, company_id),
        company.first_sending_hour,
        company.last_sending_hour,
    )
    deadline_at = calendar.deadline(_day(example, calendar.day_of(around.now) + EXAMPLE_AFTER))
    t = around.tongue
    return LadderPage(
        rows=typed.rows,
        reminded_after=typed.reminded_after,
        moves_after=typed.moves_after,
        example=calendar.day_of(deadline_at).isoformat(),
        deadline_at=deadline_at,
        coming=tuple(_coming(ladder, deadline_at, calendar, around)),
        does={name: t.gettext(rungs.DOES[deed]) for name, deed in DEEDS.items()},
        channels=tuple(Channel),
        changes=tuple(await told(database, t, await changes_of(database, company_id, Subject.LADDER))),
        is_standard=typed.rows == _typed_of(Ladder()).rows,
        may_change=around.may_edit,
    )


def _coming(ladder: Ladder, deadline_at: datetime, calendar: WorkCalendar, around: Shell) -> list[Coming]:
    """Say when each rung would come for the example, and what follows after a move (Rule 7)."""
    t = around.tongue
    by_name = {rung.name: rung for rung in ladder.rungs}
    coming = []
    for at in resolve_ladder(ladder, deadline_at, calendar):
        rung = by_name[at.name]
        coming.append(Coming(at.at, rungs.does(rung, t), rungs.by_what(rung, t)))
        if at.action is RungAction.MOVE:
            for later in superior_rungs(ladder, at.at, calendar, 1):
                is_move = later.action is RungAction.MOVE
                says = t.gettext("moves on to the next superior") if is_move else t.gettext("reminds the superior")
                coming.append(Coming(later.at, says, t.gettext(", ").join(around.term(c) for c in later.channels)))
    return coming


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise

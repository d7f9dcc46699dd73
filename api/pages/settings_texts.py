"""Settings: the texts of messages, each with a preview, and the company's own wording in place of the standard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.commands import CommandKind, Wish
from api.i18n import later as _
from api.pages.changes import Told, told
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import Texts, TheParts
from api.recording import changing
from api.session import Database, HrEditor, HrReader, Viewer
from api.words import Said
from models.changes import Subject, changes_of
from models.clock import business_now
from models.errors import Refusal
from models.stages import Channel, Language, Occasion
from models.wordings import PARTS_OF, OwnWords, Part, Wording, own_words
from rules.sms_length import segments

router = APIRouter()

OF_ACCOUNTS = frozenset({Occasion.ACCOUNT_INVITATION, Occasion.PASSWORD_LINK})
"""About signing in: their words are not the company's to change."""

EXAMPLE_TOKEN = re.compile(r"/t/x{43}")

OCCASIONS = tuple(occasion for occasion in Occasion if occasion not in OF_ACCOUNTS)

PARTS: Mapping[Part, str] = {
    Part.SUBJECT: _("Subject"),
    Part.LEAD: _("First sentences"),
    Part.SYSTEM: _("Line beside the subject"),
    Part.SMS: _("Text of the SMS"),
}


@dataclass(frozen=True)
class Addressed:
    """Which message is looked at."""

    occasion: Occasion
    language: Language
    channel: Channel

    @property
    def address(self) -> str:
        return f"/settings/texts/{self.occasion}/{self.language}/{self.channel}"


@dataclass(frozen=True)
class TextField:
    """A sentence to be worded."""

    name: str
    part: Part
    is_overdue: bool
    distinguishes: bool
    """There is another field for when the deadline is over."""
    standard: str
    text: str
    said: str
    is_wrong: bool = False

    @property
    def is_own(self) -> bool:
        return self.text != self.standard


@dataclass(frozen=True)
class Shown:
    """A message with example data; its link shortened, though counted in full."""

    subject: str
    text: str
    letters: int
    segments: int
    is_overdue: bool


@dataclass(frozen=True)
class TextRow:
    occasion: Occasion
    own: frozenset[tuple[Language, Channel]]


@dataclass(frozen=True)
class TextListPage:
    rows: tuple[TextRow, ...]
    kinds: tuple[tuple[Language, Channel], ...]
    changes: tuple[Told, ...]


@dataclass(frozen=True)
class TextPage:
    of: Addressed
    others: tuple[Addressed, ...]
    fields: tuple[TextField, ...]
    placeholders: Mapping[str, str]
    previews: tuple[Shown, ...]
    changes: tuple[Told, ...]
    may_change: bool
    problem: Said | None = None
    faults: tuple[str, ...] = ()
    is_saved: bool = False


def _kinds() -> tuple[tuple[Language, Channel], ...]:
    return tuple((language, channel) for language in Language for channel in PARTS_OF)


@router.get("/settings/texts")
async def list_texts(around: TheShell, asking: HrReader, database: Database) -> Response:
    own = await own_words(database, asking.company_id)
    channel_of = {part: channel for channel, parts in PARTS_OF.items() for part in parts}
    rows = tuple(
        TextRow(
            occasion,
            frozenset((language, channel_of[part]) for found, language, part, _late in own if found is occasion),
        )
        for occasion in OCCASIONS
    )
    changes = await changes_of(database, asking.company_id, Subject.TEXT)
    page = TextListPage(rows, _kinds(), tuple(await told(database, around.tongue, changes)))
    return around.render("settings/texts.html", page)


@router.get("/settings/texts/{occasion}/{language}/{channel}")
async def show_text(
    occasion: str,
    language: str,
    channel: str,
    around: TheShell,
    parts: TheParts,
    asking: HrReader,
    database: Database,
    saved: str = "",
) -> Response:
    of = _addressed(occasion, language, channel)
    own = await own_words(database, asking.company_id)
    page = await _page(database, around, parts.texts, asking, of, own)
    return around.render("settings/text.html", replace(page, is_saved=bool(saved)))


@router.post("/settings/texts/{occasion}/{language}/{channel}")
async def change_text(
    request: Request,
    occasion: str,
    language: str,
    channel: str,
    around: TheShell,
    parts: TheParts,
    asking: HrEditor,
    database: Database,
) -> Response:
    """Show the wording typed with example data; save it; or go back to the standard one."""
    of = _addressed(occasion, language, channel)
    form = await request.form()
    typed = {name: str(value)[:2000] for name, value in form.items() if isinstance(value, str)}
    own = await own_words(database, asking.company_id)
    fields = _fields(around, parts.texts, of, own)
    wanted = {field.name: typed.get(field.name, field.text) for field in fields}
    if typed.get("do") == "standard":
        wanted = {field.name: field.standard for field in fields}
    new = dict(own)
    try:
        for field in fields:
            text = parts.texts.checked(wanted[field.name], of.occasion, of.language, field.part, field.is_overdue)
            new[of.occasion, of.language, field.part, field.is_overdue] = text
        if typed.get("do") in ("save", "standard"):
            wish = await _changing(database, asking, of, fields, new)
            if wish is not None:
                await parts.commands.note(database, wish)
            return RedirectResponse(f"{of.address}?saved=yes", 303)
    except Refusal as refusal:
        await database.rollback()
        problem, _faults = await in_words(around, database, refusal)
        page = await _page(database, around, parts.texts, asking, of, own)
        kept = tuple(
            replace(field, text=wanted[field.name], is_wrong=field.part.value == refusal.facts.get("field"))
            for field in fields
        )
        return around.render("settings/text.html", replace(page, fields=kept, problem=problem), 422)
    return around.render("settings/text.html", await _page(database, around, parts.texts, asking, of, new))


def _addressed(occasion: str, language: str, channel: str) -> Addressed:
    try:
        of = Addressed(Occasion(occasion), Language(language), Channel(channel))
    except ValueError as unknown:
        raise Refusal("not-found") from unknown
    if of.occasion in OF_ACCOUNTS or of.channel not in PARTS_OF:
        raise Refusal("not-found")
    return of


def _fields(around: Shell, texts: Texts, of: Addressed, own: OwnWords) -> tuple[TextField, ...]:
    fields = []
    for part in PARTS_OF[of.channel]:
        two = texts.distinguishes(of.occasion, of.language, part)
        for late in (False, True) if two else (False,):
            standard = texts.pattern(of.occasion, of.language, part, late)
            fields.append(
                TextField(
                    name=f"{part.value}-overdue" if late else part.value,
                    part=part,
                    is_overdue=late,
                    distinguishes=two,
                    standard=standard,
                    text=own.get((of.occasion, of.language, part, late), standard),
                    said=around.tongue.gettext(PARTS[part]),
                )
            )
    return tuple(fields)


async def _changing(
    session: AsyncSession, viewer: Viewer, of: Addressed, fields: tuple[TextField, ...], new: OwnWords
) -> Wish | None:
    """Return the wish that keeps the wordings that differ from the standard; None where nothing changes."""
    after = {field.name: new[of.occasion, of.language, field.part, field.is_overdue] for field in fields}
    changed = {field.name for field in fields if after[field.name] != field.text}
    if not changed:
        return None
    at = await business_now(session)
    rows = [
        Wording(
            company_id=viewer.company_id,
            occasion=of.occasion,
            language=of.language,
            part=field.part,
            is_overdue=field.is_overdue,
            text=after[field.name],
            by_id=viewer.id,
            at=at,
        )
        for field in fields
        if after[field.name] != field.standard
    ]

    async def write(writing: AsyncSession) -> None:
        await writing.exec(
            delete(Wording).where(
                col(Wording.company_id) == viewer.company_id,
                col(Wording.occasion) == of.occasion,
                col(Wording.language) == of.language,
                col(Wording.part).in_(PARTS_OF[of.channel]),
            )
        )
        writing.add_all(rows)

    return await changing(
        session,
        viewer,
        CommandKind.SETTING,
        Subject.TEXT,
        f"{of.occasion}/{of.language}/{of.channel}",
        {field.name: field.text for field in fields if field.name in changed},
        {name: after[name] for name in after if name in changed},
        write,
    )


async def _page(
    database: AsyncSession, around: Shell, texts: Texts, asking: Viewer, of: Addressed, own: OwnWords
) -> TextPage:
    fields = _fields(around, texts, of, own)
    lates = (False, True) if any(field.distinguishes for field in fields) else (False,)
    subject = f"{of.occasion}/{of.language}/{of.channel}"
    changes = await changes_of(database, asking.company_id, Subject.TEXT, subject)
    return TextPage(
        of=of,
        others=tuple(Addressed(of.occasion, language, channel) for language, channel in _kinds()),
        fields=fields,
        placeholders=texts.placeholders(of.occasion, of.language),
        previews=tuple(_shown(texts, of, late, own) for late in lates),
        changes=tuple(await told(database, around.tongue, changes)),
        may_change=around.may_edit,
    )


def _shown(texts: Texts, of: Addressed, late: bool, own: OwnWords) -> Shown:
    written = texts.preview(of.occasion, of.channel, of.language, late, own)
    text = EXAMPLE_TOKEN.sub("/t/…", written.text)
    return Shown(written.subject, text, len(written.text), segments(written.text), late)

"""The form of a source: its name, how it is connected, how often it is read. A secret is never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.pages.forms import Field, FormPage, Kind, Typed, typed_in, with_typed
from api.pages.rendering import Shell, TheShell
from api.pages.settings_company import ZONES
from api.pages.source_views import schedule_said
from api.pages.tasks import in_words
from api.parts import TheParts
from api.problems import status_of
from api.session import Database, HrEditor
from api.source_words import CHOICE_WORDS, SETTING_WORDS
from api.sourcing import SourceGiven, connecting_source, editing_source, source_of_company
from models.errors import Refusal
from models.sealing import SourceSecrets
from models.source_settings import SETTINGS, Setting, SettingShape
from models.sources import Source, SourceKind

MOST_TYPED = 10_000
"""A private key is long."""
INTERVALS = (0, 15, 30, 60, 240, 720, 1440, 10_080)
"""Minutes that are offered."""
NAME, EVERY, STALE = "name", "every_minutes", "stale_after_hours"

router = APIRouter(prefix="/sources")


@router.get("/new")
async def ask_for_source(around: TheShell, asking: HrEditor, kind: str = "") -> Response:
    if kind not in set(SourceKind):
        return around.render("sources/kinds.html", tuple(SourceKind))
    return around.render("form.html", source_form(around, SourceKind(kind), None))


@router.post("/new")
async def connect_source(
    request: Request, around: TheShell, asking: HrEditor, database: Database, parts: TheParts, kind: str = ""
) -> Response:
    if kind not in set(SourceKind):
        raise Refusal("source-kind-unknown")
    form = source_form(around, SourceKind(kind), None)
    typed = await typed_in(request, MOST_TYPED)
    try:
        given = source_typed(SourceKind(kind), typed)
        source, wish = await connecting_source(database, asking, given, SourceSecrets(parts.settings))
        await parts.commands.ask(database, wish)
    except Refusal as refusal:
        return await refused(around, database, form, typed, refusal)
    return RedirectResponse(f"/sources/{source.id}?saved=yes", 303)


@router.get("/{source_id}/edit")
async def ask_for_changes(source_id: str, around: TheShell, asking: HrEditor, database: Database) -> Response:
    source = await source_of_company(database, asking, source_id)
    return around.render("form.html", source_form(around, source.kind, source))


@router.post("/{source_id}/edit")
async def change_source(
    request: Request, source_id: str, around: TheShell, asking: HrEditor, database: Database, parts: TheParts
) -> Response:
    source = await source_of_company(database, asking, source_id)
    form = source_form(around, source.kind, source)
    typed = await typed_in(request, MOST_TYPED)
    try:
        given = source_typed(source.kind, typed, is_on=source.is_on)
        wish = await editing_source(database, asking, source, given, SourceSecrets(parts.settings))
        await parts.commands.ask(database, wish)
    except Refusal as refusal:
        return await refused(around, database, form, typed, refusal)
    return RedirectResponse(f"/sources/{source_id}?saved=yes", 303)


async def refused(
    around: Shell, database: AsyncSession, form: FormPage, typed: Typed, refusal: Refusal
) -> Response:
    """Show the form again as it was filled in, except for secrets, with what is wrong beside the fields."""
    await database.rollback()
    problem, _ = await in_words(around, database, refusal)
    faults: dict[str, str] = {}
    for one in form.fields:
        if one.is_secret and typed.text(one.name):
            faults[one.name] = around.tongue.gettext("Please enter this again: it is never shown.")
    for fault in getattr(refusal, "errors", ()):
        said, _ = await in_words(around, database, fault)
        faults[str(fault.facts.get("field", ""))] = said.detail
    page = replace(form, problem=problem, fields=with_typed(form.fields, typed, faults))
    return around.render("form.html", page, status_of(refusal.code))


def source_typed(kind: SourceKind, typed: Typed, *, is_on: bool = True) -> SourceGiven:
    def of(is_secret: bool) -> dict[str, str]:
        return {one.name: typed.text(one.name) for one in SETTINGS[kind] if one.is_secret is is_secret}

    return SourceGiven(
        kind=kind,
        name=typed.text(NAME),
        settings=of(False),
        secrets=of(True),
        every_minutes=_number(typed, EVERY),
        stale_after_hours=_number(typed, STALE),
        is_on=is_on,
    )


def _number(typed: Typed, name: str) -> int:
    """Return a number; -1, which is out of every bounds, where there is none."""
    text = typed.text(name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1


def source_form(around: Shell, kind: SourceKind, source: Source | None) -> FormPage:
    tongue = around.tongue
    every = source.every_minutes if source else 60
    intervals = sorted({*INTERVALS, every})
    settings: Mapping[str, str] = source.settings if source else {}
    fields = (
        Field(NAME, tongue.gettext("Name"), value=source.name if source else "", is_required=True),
        Field(
            EVERY,
            tongue.gettext("Fetched"),
            Kind.CHOICE,
            str(every),
            choices=tuple((str(one), schedule_said(one, tongue)) for one in intervals),
        ),
        Field(
            STALE,
            tongue.gettext("Old after (hours)"),
            Kind.NUMBER,
            str(source.stale_after_hours if source else 48),
            tongue.gettext("From then on pages say how old they are."),
            is_required=True,
        ),
        *(_field(around, kind, one, settings, is_new=source is None) for one in SETTINGS[kind]),
    )
    if source is None:
        title = tongue.gettext("New source: %(kind)s", kind=around.term(kind))
        action, back = f"/sources/new?kind={kind.value}", ("/sources/new", tongue.gettext("Sources of figures"))
        button = tongue.gettext("Connect")
    else:
        title = tongue.gettext("%(name)s: connection", name=source.name)
        action, back = f"/sources/{source.id}/edit", (f"/sources/{source.id}", source.name)
        button = tongue.gettext("Save")
    return FormPage(
        title=title,
        action=action,
        fields=fields,
        button=button,
        back=back,
        lead=tongue.gettext("Quarterdeck only reads; it never writes to a source."),
    )


def _field(around: Shell, kind: SourceKind, setting: Setting, known: Mapping[str, str], *, is_new: bool) -> Field:
    tongue, words = around.tongue, SETTING_WORDS[kind][setting.name]
    hint = tongue.gettext(words.help) if words.help else ""
    if setting.is_secret and not is_new:
        hint = " ".join(filter(None, (tongue.gettext("Leave empty to keep what is there."), hint)))
    return Field(
        setting.name,
        tongue.gettext(words.label),
        _kind(setting),
        "" if setting.is_secret else known.get(setting.name, "") or setting.default,
        hint,
        tuple((one, tongue.gettext(CHOICE_WORDS.get(one, one))) for one in setting.choices),
        is_required=setting.is_required and (is_new or not setting.is_secret),
        is_wide=setting.shape is SettingShape.LONG_TEXT,
        example=setting.example,
        offers=ZONES if setting.shape is SettingShape.TIME_ZONE else (),
        only_if=setting.only_if,
    )


def _kind(setting: Setting) -> Kind:
    match setting.shape:
        case SettingShape.LONG_TEXT:
            return Kind.LONG_UNSHOWN if setting.is_secret else Kind.LONG
        case SettingShape.CHOICE:
            return Kind.CHOICE
        case SettingShape.NUMBER:
            return Kind.TEXT  # A browser throws away what it does not take for a number; we say what is wrong.
        case _:
            return Kind.UNSHOWN if setting.is_secret else Kind.TEXT

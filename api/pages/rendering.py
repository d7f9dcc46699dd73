"""Turns a page's dataclass into HTML, with what every page has around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from sqlalchemy import ColumnElement, bindparam, exists, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse, Response

from api.i18n import HOME_ZONE, Tongue, translations
from api.language import LANGUAGE_COOKIE, language_of
from api.pages.assets import asset_address
from api.pages.navigation import Group, Shown, shown_to
from api.parts import Parts, TheParts
from api.rights import sees_accounts
from api.session import Database, MaybeViewer, Viewer, form_token
from api.terms import message_of
from models.clock import OFFSET, ClockOffset, business_offset
from models.delivery import Notice
from models.org import Company, Unit
from models.stages import Channel, Language, Role, UnitKind
from rules.decomposition import CHAINS

A_YEAR = 366 * 24 * 3600
TEMPLATES = Path(__file__).parent.parent / "templates"


@cache
def environment(language: Language) -> Environment:
    """Return the templates of a language. A name that a page forgot to give is a fault, not a blank."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # Added by the extension.
    made.tests["taken_apart"] = lambda metric: metric.code in CHAINS
    made.globals["asset"] = asset_address
    made.globals["ngettext"] = _counting(made.globals["ngettext"])
    return made


def _counting(plural: Any) -> Callable[..., str]:
    """Return the templates' `ngettext` with thousands apart in what it counts: 1,200 people."""

    @pass_context
    def counting(context: Context, one: str, many: str, count: int, **facts: object) -> str:
        said: str = plural(context, one, many, count, **{"num": f"{count:,}", **facts})
        return said

    return counting


MOST_KEPT = 4096
"""Parts of pages: rows of tables, the navigation. One has a kilobyte or two."""


@lru_cache(maxsize=MOST_KEPT)
def _kept(template: str, page: object, language: Language, zone: str, currency: str) -> Markup:
    """Return a part that says the same wherever it stands, written once as long as its facts stay the same."""
    tongue = Tongue(language, zone, currency)
    made = environment(language).get_template(template)
    return Markup(made.render(page=page, t=tongue, term=_term_in(tongue)))  # noqa: S704 - A template's own HTML.


def _term_in(tongue: Tongue) -> Callable[[StrEnum], str]:
    return lambda member: tongue.gettext(message_of(member))


@dataclass
class Shell:
    """What stands around a page: the reader's language, who they are, the demonstration's clock."""

    request: Request
    parts: Parts
    tongue: Tongue
    viewer: Viewer | None
    now: datetime
    unread: int = 0
    heads_department: bool = False
    heads_several: bool = False
    """Heads a division, or the company: has departments to look at side by side."""
    is_moving: bool = False
    """The demonstration's time is being moved on, by somebody."""
    is_bare: bool = False
    """Without navigation: a page behind a link."""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_demo(self) -> bool:
        return self.parts.settings.demo

    @property
    def can_advance(self) -> bool:
        """Whether the demonstration's time can be moved on from this page."""
        return self.is_demo and self.parts.conductor is not None and self.viewer is not None and not self.is_bare

    @property
    def is_hr(self) -> bool:
        return self.viewer is not None and self.viewer.has(Role.HR_ADMIN)

    @property
    def acted_by(self) -> str:
        """Who of HR sees the pages as the viewer; nothing where nobody does."""
        return self.viewer.acted_by.name if self.viewer and self.viewer.acted_by else ""

    @property
    def acted_until(self) -> datetime:
        return datetime.fromtimestamp(self.parts.cookies.visit(self.request).as_until, UTC)

    @property
    def sees_accounts(self) -> bool:
        return self.viewer is not None and sees_accounts(self.viewer)

    @property
    def may_edit(self) -> bool:
        """Whether the viewer may change the company's settings: HR, unless they are an auditor too (Rule 50)."""
        return self.is_hr and self.viewer is not None and not self.viewer.only_reads

    @property
    def sees_cycles(self) -> bool:
        return self.viewer is not None and self.viewer.reads_all

    @property
    def navigation(self) -> Mapping[Group, tuple[Shown, ...]]:
        return shown_to(self)

    def kept(self, template: str, page: object) -> Markup:
        """Return a part of a page whose template knows `page`, a value with a hash, and the language alone."""
        return _kept(template, page, self.tongue.language, self.tongue.zone.key, self.tongue.currency)

    @cached_property
    def csrf(self) -> str:
        return form_token(self.request, self.parts)

    @property
    def here(self) -> str:
        """The address a reader may come back to: this page, or the first one where it was a form's answer."""
        return self.request.url.path if self.request.method == "GET" else "/"

    def address_with(self, **changes: str) -> str:
        """Return this page's address with parts of its query changed; an empty value drops one."""
        query = {**self.request.query_params, **changes} if self.request.method == "GET" else changes
        kept = {name: value for name, value in query.items() if value}
        return f"{self.here}?{urlencode(kept)}" if kept else self.here

    def starts_with(self, path: str) -> bool:
        return self.request.url.path.startswith(path)

    def wants_part(self, name: str) -> bool:
        """Say whether only this part of the page is asked for, to take the place of the one shown."""
        return self.request.headers.get("hx-target") == name

    def render(self, template: str, page: object, status_code: int = 200) -> Response:
        """Return the template's HTML for a page's dataclass."""
        html = (
            environment(self.tongue.language)
            .get_template(template)
            .render(page=page, shell=self, t=self.tongue, term=self.term)
        )
        response = HTMLResponse(html, status_code=status_code, headers=self.headers)
        response.headers.setdefault("Cache-Control", "no-store")
        chosen = chosen_language(self.request.query_params)
        if chosen:
            response.set_cookie(
                LANGUAGE_COOKIE,
                chosen.value,
                max_age=A_YEAR,
                httponly=True,
                samesite="lax",
                secure=self.parts.settings.secure_cookies,
            )
        return response

    def role(self, role: str) -> str:
        """Name a role, as accounts store it, in the reader's language."""
        return self.term(Role(role))

    def term(self, member: StrEnum) -> str:
        """Name an enum's member in the reader's language."""
        return self.tongue.gettext(message_of(member))


def chosen_language(query: Mapping[str, str]) -> Language | None:
    """Return the language asked for by `?lang=`."""
    return {"zh": Language.CHINESE, "zh-CN": Language.CHINESE, "en": Language.ENGLISH}.get(query.get("lang", ""))


def reading_language(request: Request, viewer: Viewer | None) -> Language:
    """The language asked for, else the browser's choice, else the person's own."""
    asked = chosen_language(request.query_params)
    if asked:
        return asked
    if viewer and LANGUAGE_COOKIE not in request.cookies:
        return viewer.person.language
    return language_of(request)


async def tongue_of(request: Request, database: AsyncSession, viewer: Viewer | None) -> Tongue:
    """Return the reader's language with their company's zone and currency."""
    company = (viewer.company or await database.get(Company, viewer.company_id)) if viewer else None
    language = reading_language(request, viewer)
    return Tongue(language, company.time_zone, company.currency) if company else Tongue(language)


async def shell(request: Request, parts: TheParts, database: Database, viewer: MaybeViewer) -> Shell:
    tongue = await tongue_of(request, database, viewer)
    if viewer and viewer.person in database:
        database.expunge(viewer.person)  # A rollback leaves it as it is: the page names them in any case.
    if viewer and viewer.acted_by and viewer.acted_by in database:
        database.expunge(viewer.acted_by)
    place = await place_of(database, viewer.id) if viewer else Place(await business_offset(database))
    clock = await database.get(ClockOffset, "business") if parts.settings.demo else None
    return Shell(
        request=request,
        parts=parts,
        tongue=tongue,
        viewer=viewer,
        now=datetime.now(UTC) + place.offset,
        unread=place.unread,
        heads_department=place.heads_department,
        heads_several=place.heads_several,
        is_moving=bool(clock and clock.advancing_until and clock.advancing_until > datetime.now(UTC)),
    )


TheShell = Annotated[Shell, Depends(shell)]


@dataclass(frozen=True)
class Place:
    """What a viewer has in the company: notices that wait, and what they head."""

    offset: timedelta
    """By how much business time is ahead of the wall clock."""
    unread: int = 0
    heads_department: bool = False
    heads_several: bool = False


def _heads(*kinds: UnitKind) -> ColumnElement[bool]:
    return exists().where(col(Unit.head_id) == bindparam("person"), col(Unit.kind).in_(kinds))


PLACE = select(
    OFFSET.scalar_subquery(),
    select(func.count())
    .where(
        col(Notice.person_id) == bindparam("person"),
        col(Notice.channel) == Channel.SYSTEM,
        col(Notice.read_at).is_(None),
    )
    .scalar_subquery(),
    _heads(UnitKind.DEPARTMENT),
    _heads(UnitKind.DIVISION, UnitKind.COMPANY),
)
"""Built once: every page asks it."""


async def place_of(database: AsyncSession, person_id: str) -> Place:
    offset, *others = (await database.exec(PLACE, params={"person": person_id})).one()
    return Place(timedelta(microseconds=offset or 0), *others)


def zone_of_terms(terms: Mapping[str, Any]) -> str:
    """Return the zone of a cycle's terms; the home zone where a draft has none yet."""
    return str(terms.get("time_zone", HOME_ZONE))

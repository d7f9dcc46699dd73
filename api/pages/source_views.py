"""Sources of figures as pages show them: how old their figures are, what the last try came to, what they bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import names_of_people
from api.i18n import Tongue
from api.pages.changes import Told, told
from api.pages.rendering import Shell
from api.paging import Page, Paging
from api.source_age import is_old
from api.source_troubles import is_trouble, trouble_said
from api.source_words import CHOICE_WORDS, SETTING_WORDS
from api.words import Said
from models.changes import Subject, changes_of
from models.field_maps import RecordMap
from models.source_settings import SETTINGS, SettingShape, filled_in, is_asked_for
from models.sources import Fetch, FetchMode, FetchState, RecordKind, Source, SourceKind

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class FetchRow:
    """A fetch with what came of it in a sentence."""

    fetch: Fetch
    said: str
    by: str = ""
    """Nobody where the schedule asked for it."""

    @property
    def is_trouble(self) -> bool:
        return is_trouble(self.fetch.state)

    @property
    def runs(self) -> bool:
        return self.fetch.state is FetchState.RUNNING


@dataclass(frozen=True)
class SourceRow:
    source: Source
    brings: tuple[RecordKind, ...]
    schedule: str
    age: str
    """Of its figures; empty where it was never fetched."""
    is_old: bool
    last: FetchRow | None


@dataclass(frozen=True)
class SourcesPage:
    rows: tuple[SourceRow, ...]
    kinds: tuple[SourceKind, ...]
    may_change: bool


@dataclass(frozen=True)
class SettingShown:
    label: str
    value: str


@dataclass(frozen=True)
class SourcePage:
    row: SourceRow
    settings: tuple[SettingShown, ...]
    maps: tuple[RecordMap, ...]
    kinds: tuple[RecordKind, ...]
    fetches: Page[FetchRow]
    changes: tuple[Told, ...]
    may_change: bool
    from_on: str
    until_on: str
    problem: Said | None = None
    is_saved: bool = False


async def sources_page(database: AsyncSession, around: Shell, company_id: str) -> SourcesPage:
    found = await database.exec(
        select(Source).where(col(Source.company_id) == company_id).order_by(col(Source.name), col(Source.id))
    )
    sources = found.all()
    last = await _last_tries(database, company_id)
    rows = tuple(source_row(around, source, last.get(source.id)) for source in sources)
    return SourcesPage(rows, tuple(SourceKind), around.may_edit)


async def source_page(
    database: AsyncSession,
    around: Shell,
    source: Source,
    paging: Paging,
    period: tuple[str, str],
    problem: Said | None = None,
    *,
    is_saved: bool = False,
) -> SourcePage:
    found = await database.exec(
        paging.applied(
            select(Fetch).where(col(Fetch.source_id) == source.id),
            (col(Fetch.started_at), col(Fetch.id)),
            descending=True,
        )
    )
    fetches = found.all()
    people = await names_of_people(database, {fetch.asked_by for fetch in fetches} - {""})
    rows = {fetch.id: fetch_row(around.tongue, fetch, source, people) for fetch in fetches}
    changes = await changes_of(database, source.company_id, Subject.SOURCE, source.id)
    latest = fetches[0] if fetches and not paging.cursor else None
    return SourcePage(
        row=source_row(around, source, latest),
        settings=settings_shown(source, around.tongue),
        maps=tuple(RecordMap.model_validate(one) for one in source.maps),
        kinds=tuple(RecordKind),
        fetches=paging.page(fetches, lambda one: rows[one.id], lambda one: (one.started_at, one.id)),
        changes=tuple(await told(database, around.tongue, changes)),
        may_change=around.may_edit,
        from_on=period[0],
        until_on=period[1],
        problem=problem,
        is_saved=is_saved,
    )


async def _last_tries(database: AsyncSession, company_id: str) -> dict[str, Fetch]:
    """Return the latest fetch of each source."""
    numbered = (
        select(
            col(Fetch.id).label("id"),
            func.row_number()
            .over(partition_by=col(Fetch.source_id), order_by=(col(Fetch.started_at).desc(), col(Fetch.id).desc()))
            .label("place"),
        )
        .where(col(Fetch.company_id) == company_id)
        .subquery()
    )
    found = await database.exec(
        select(Fetch).join(numbered, col(Fetch.id) == numbered.c.id).where(numbered.c.place == 1)
    )
    return {fetch.source_id: fetch for fetch in found.all()}


def source_row(around: Shell, source: Source, last: Fetch | None) -> SourceRow:
    tongue = around.tongue
    return SourceRow(
        source=source,
        brings=tuple(dict.fromkeys(RecordKind(one["kind"]) for one in source.maps)),
        schedule=schedule_said(source.every_minutes, tongue),
        age=tongue.from_now(source.fetched_at, around.now) if source.fetched_at else "",
        is_old=is_old(source, around.now),
        last=fetch_row(tongue, last, source) if last else None,
    )


def fetch_row(tongue: Tongue, fetch: Fetch, source: Source, people: Mapping[str, str] | None = None) -> FetchRow:
    by = (people or {}).get(fetch.asked_by, "")
    return FetchRow(fetch, outcome_said(fetch, source.kind, tongue), by)


def schedule_said(minutes: int, tongue: Tongue) -> str:
    """Say how often a source is fetched by itself."""
    if not minutes:
        return tongue.gettext("on demand alone")
    if minutes % MINUTES_A_DAY == 0:
        return tongue.ngettext("every day", "every %(n)s days", minutes // MINUTES_A_DAY)
    if minutes % 60 == 0:
        return tongue.ngettext("every hour", "every %(n)s hours", minutes // 60)
    return tongue.ngettext("every %(n)s minute", "every %(n)s minutes", minutes)


def settings_shown(source: Source, tongue: Tongue) -> tuple[SettingShown, ...]:
    """Return a source's settings as a person reads them; of secrets, only that they are there."""
    values = filled_in(source.kind, source.settings)
    words = SETTING_WORDS[source.kind]
    shown = []
    for setting in SETTINGS[source.kind]:
        if not is_asked_for(setting, values):
            continue
        value = values[setting.name]
        if setting.is_secret:
            value = tongue.gettext("kept secret")
        elif setting.shape is SettingShape.CHOICE and value in CHOICE_WORDS:
            value = tongue.gettext(CHOICE_WORDS[value])
        if value:
            shown.append(SettingShown(tongue.gettext(words[setting.name].label), value))
    return tuple(shown)


# --- what came of a fetch -----------------------------------------------------------------------


@dataclass(frozen=True)
class KindOutcome:
    """What a fetch found of one kind of records."""

    kind: RecordKind
    new: int
    changed: int
    gone: int
    unchanged: int
    faulty: int
    sums: tuple[tuple[str, Decimal], ...]
    """Money by month, YYYY-MM."""

    @property
    def total(self) -> Decimal:
        return sum((amount for _, amount in self.sums), Decimal(0))


def outcomes(outcome: Mapping[str, Any]) -> tuple[KindOutcome, ...]:
    """Read what a fetch wrote about each kind of records."""
    return tuple(_of_kind(kind, outcome[kind.value]) for kind in RecordKind if kind.value in outcome)


def _of_kind(kind: RecordKind, found: Mapping[str, Any]) -> KindOutcome:
    counts = {name: int(found.get(name, 0)) for name in ("new", "changed", "gone", "unchanged", "faulty")}
    sums = tuple((month, Decimal(amount)) for month, amount in sorted(found.get("sums", {}).items()))
    return KindOutcome(kind, **counts, sums=sums)


def outcome_said(fetch: Fetch, kind: SourceKind, tongue: Tongue) -> str:
    """Say in a sentence what came of a fetch."""
    if fetch.state is FetchState.RUNNING:
        return tongue.gettext(
            "Under way: %(rows)s rows read so far.", rows=tongue.exact(rows_read(fetch.progress))
        )
    if is_trouble(fetch.state):
        return trouble_said(fetch.trouble, kind, tongue)
    if fetch.mode is FetchMode.TEST:
        return tongue.gettext("The source lets us in and has what the maps name.")
    found = outcomes(fetch.outcome)
    facts = {name: tongue.exact(_sum(found, name)) for name in ("new", "changed", "gone", "faulty")}
    if fetch.mode is FetchMode.DRY_RUN:
        return tongue.gettext(
            "It would bring %(new)s new, %(changed)s changed, %(gone)s gone records; %(faulty)s rows are faulty.",
            **facts,
        )
    return tongue.gettext(
        "%(new)s new, %(changed)s changed and %(gone)s gone records; %(faulty)s rows were faulty.", **facts
    )


def rows_read(progress: Mapping[str, Any]) -> int:
    return sum(int(one.get("rows", 0)) for one in progress.values() if isinstance(one, Mapping))


def _sum(found: Iterable[KindOutcome], name: str) -> int:
    return sum(int(getattr(one, name)) for one in found)

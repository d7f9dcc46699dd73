"""Sources of figures: connected, changed, switched on and off by HR; each change on record, no secret in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish, new_command_id
from api.fetching import scheduled
from api.map_words import flat
from api.problems import Refusals
from api.recording import changing
from api.session import Viewer
from models.changes import Subject
from models.clock import business_now
from models.errors import Refusal
from models.field_maps import RecordMap
from models.sealing import SourceSecrets
from models.source_settings import SETTINGS, filled_in, setting_faults
from models.sources import Source, SourceKind

LONGEST_NAME: Final = 80
LEAST_MINUTES, MOST_MINUTES = 5, 7 * 24 * 60
MOST_STALE_HOURS: Final = 366 * 24
DESTINATION: Final = frozenset({"dialect", "host", "port", "tls", "domain"})
"""Settings that say to whom secrets are shown: who changes one enters the secrets anew."""
HIDDEN, HIDDEN_ANEW = "hidden", "hidden-anew"
"""What the record of changes keeps of a secret: that it is there, and that it was entered anew."""


class SourceGiven(BaseModel):
    """A source as HR wants it. A secret that is left empty stays as it is."""

    model_config = ConfigDict(frozen=True)

    kind: SourceKind
    name: str
    settings: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    every_minutes: int = 0
    stale_after_hours: int = 48
    is_on: bool = True


async def source_of_company(session: AsyncSession, viewer: Viewer, source_id: str) -> Source:
    """Raises: Refusal: `source-unknown`, whether it is not there or another company's."""
    source = await session.get(Source, source_id)
    if source is None or source.company_id != viewer.company_id:
        raise Refusal("source-unknown")
    return source


async def connecting_source(
    session: AsyncSession,
    viewer: Viewer,
    given: SourceGiven,
    sealing: SourceSecrets,
    maps: Sequence[RecordMap] = (),
) -> tuple[Source, Wish]:
    """Return a new source, and the wish that connects it.

    Raises:
        Refusals: `source-wrong` with everything that is wrong, each with its field.
    """
    await _refuse_wrong(session, viewer, given, given.secrets)
    settings, secrets = _parted(given, given.secrets)
    source = Source(
        id=new_command_id(),
        company_id=viewer.company_id,
        kind=given.kind,
        name=given.name.strip(),
        settings=settings,
        secrets=sealing.sealed(secrets),
        maps=[one.model_dump(mode="json") for one in maps],
        every_minutes=given.every_minutes,
        stale_after_hours=given.stale_after_hours,
        is_on=given.is_on,
        created_at=await business_now(session),
        created_by=viewer.id,
    )

    async def write(writing: AsyncSession) -> None:
        writing.add(source)

    after = recorded(source) | dict.fromkeys((f"{given.kind}.{name}" for name in secrets), HIDDEN_ANEW)
    wish = await changing(session, viewer, CommandKind.SETTING, Subject.SOURCE, source.id, {}, after, write)
    return source, scheduled(wish, source)


async def editing_source(
    session: AsyncSession, viewer: Viewer, source: Source, given: SourceGiven, sealing: SourceSecrets
) -> Wish:
    """Return the wish that changes a source.

    Raises:
        Refusals: `source-wrong` with everything that is wrong, each with its field.
        Refusal: `nothing-changed`.
    """
    known = sealing.opened(source.secrets) or {}
    given_anew = {name: secret for name, secret in given.secrets.items() if secret}
    await _refuse_wrong(session, viewer, given, {**known, **given_anew}, source, known.keys() - given_anew.keys())
    settings, secrets = _parted(given, {**known, **given_anew})
    values = {
        "name": given.name.strip(),
        "settings": settings,
        "secrets": source.secrets if secrets == known else sealing.sealed(secrets),
        "every_minutes": given.every_minutes,
        "stale_after_hours": given.stale_after_hours,
        "is_on": given.is_on,
    }
    before, after = recorded(source), recorded(source, values)
    for name in known.keys() | secrets.keys():
        before[f"{source.kind}.{name}"] = HIDDEN if name in known else ""
        kept = HIDDEN if known.get(name) == secrets.get(name) else HIDDEN_ANEW
        after[f"{source.kind}.{name}"] = kept if name in secrets else ""
    return scheduled(await _changed(session, viewer, source, values, before, after), source)


async def switching_source(session: AsyncSession, viewer: Viewer, source: Source, is_on: bool) -> Wish:
    """Raises: Refusal: `nothing-changed`."""
    values = {"is_on": is_on}
    return scheduled(await _changed(session, viewer, source, values, {"is_on": source.is_on}, values), source)


async def mapping_source(session: AsyncSession, viewer: Viewer, source: Source, maps: Sequence[RecordMap]) -> Wish:
    """Return the wish that gives a source its maps.

    Raises:
        Refusal: `nothing-changed`.
    """
    stored = [one.model_dump(mode="json") for one in maps]
    before = flat([RecordMap.model_validate(one) for one in source.maps])
    return await _changed(session, viewer, source, {"maps": stored}, before, flat(maps))


def recorded(source: Source, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the record of changes keeps of a source, or of new values for it: no secret."""
    now = {**source.model_dump(), **(values or {})}
    kept = {name: now[name] for name in ("name", "every_minutes", "stale_after_hours", "is_on")}
    return kept | {f"{source.kind}.{name}": value for name, value in now["settings"].items()}


async def _changed(
    session: AsyncSession,
    viewer: Viewer,
    source: Source,
    values: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Wish:
    names = [name for name in {**before, **after} if before.get(name, "") != after.get(name, "")]
    if not names:
        raise Refusal("nothing-changed")

    source_id = source.id

    async def write(writing: AsyncSession) -> None:
        row = await writing.get_one(Source, source_id, populate_existing=True)
        for name, value in values.items():
            setattr(row, name, value)
        if "maps" in values:
            row.cursors = {}  # What is read by another map is read from the beginning.

    return await changing(
        session,
        viewer,
        CommandKind.SETTING,
        Subject.SOURCE,
        source.id,
        {name: before.get(name, "") for name in names},
        {name: after.get(name, "") for name in names},
        write,
    )


async def _refuse_wrong(
    session: AsyncSession,
    viewer: Viewer,
    given: SourceGiven,
    secrets: Mapping[str, str],
    source: Source | None = None,
    kept: AbstractSet[str] = frozenset(),
) -> None:
    wrong = [
        Refusal(f"setting-{fault.fault}", field=fault.name)
        for fault in setting_faults(given.kind, {**given.settings, **secrets})
    ]
    if not given.name.strip():
        wrong.append(Refusal("setting-missing", field="name"))
    elif len(given.name) > LONGEST_NAME:
        wrong.append(Refusal("source-name-too-long", field="name", most=LONGEST_NAME))
    elif await _is_taken(session, viewer, given.name.strip(), source):
        wrong.append(Refusal("source-name-taken", field="name"))
    if given.every_minutes and not LEAST_MINUTES <= given.every_minutes <= MOST_MINUTES:
        wrong.append(Refusal("setting-out-of-bounds", field="every_minutes"))
    if not 1 <= given.stale_after_hours <= MOST_STALE_HOURS:
        wrong.append(Refusal("setting-out-of-bounds", field="stale_after_hours"))
    if source is not None and _leads_elsewhere(source, given):
        still_asked_for = _parted(given, secrets)[1].keys()
        wrong += [Refusal("setting-enter-again", field=name) for name in sorted(kept & still_asked_for)]
    if wrong:
        raise Refusals("source-wrong", wrong, count=len(wrong))


async def _is_taken(session: AsyncSession, viewer: Viewer, name: str, source: Source | None) -> bool:
    found = await session.exec(
        select(Source.id).where(
            col(Source.company_id) == viewer.company_id,
            func.lower(Source.name) == name.lower(),
            col(Source.id) != (source.id if source else ""),
        )
    )
    return found.first() is not None


def _leads_elsewhere(source: Source, given: SourceGiven) -> bool:
    settings = filled_in(source.kind, given.settings)
    return any(settings.get(name, "") != source.settings.get(name, "") for name in DESTINATION)


def _parted(given: SourceGiven, secrets: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return settings and secrets as they are kept: what is not asked for is left out."""
    values = filled_in(given.kind, {**given.settings, **secrets})
    secret = {setting.name for setting in SETTINGS[given.kind] if setting.is_secret}
    return (
        {name: value for name, value in values.items() if name not in secret},
        {name: value for name, value in values.items() if name in secret and value},
    )

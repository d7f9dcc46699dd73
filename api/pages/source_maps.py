"""Maps of a source: which of its fields is what of ours, as a form for each kind of records, or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.map_words import DATE_ORDERS, SELLER_BY
from api.maps import MAPS, maps_in_json
from api.pages.map_forms import SCALES, MapField, map_fields, map_typed, values_of
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import TheParts
from api.problems import status_of
from api.session import Database, HrEditor
from api.sourcing import mapping_source, source_of_company
from api.words import Said
from models.errors import Refusal
from models.field_maps import RecordMap
from models.sources import Fetch, FetchMode, FetchState, RecordKind, Source
from rules.ready_maps import READY_MAPS, ready_map

MOST_TYPED = 4000
LONGEST_JSON = 200_000

router = APIRouter(prefix="/sources/{source_id}/maps")


@dataclass(frozen=True)
class MapPage:
    source: Source
    kind: RecordKind
    values: Mapping[str, str]
    fields: tuple[MapField, ...]
    objects: tuple[str, ...]
    """What the last test of the connection found to be read."""
    is_new: bool
    names_sellers: bool
    sellers: Mapping[str, str]
    orders: Mapping[str, str]
    scales: tuple[str, ...]
    problem: Said | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    """By field of the form."""
    is_ready_made: bool = False
    """Nothing is saved yet: a map to begin with is shown."""


@dataclass(frozen=True)
class MapsPage:
    source: Source
    text: str
    problem: Said | None = None
    faults: tuple[str, ...] = ()
    is_ready_made: bool = False


@router.get("")
async def show_maps(source_id: str, around: TheShell, asking: HrEditor, database: Database) -> Response:
    source = await source_of_company(database, asking, source_id)
    ready = [] if source.maps else list(READY_MAPS.get(source.kind, ()))
    text = MAPS.dump_json(ready or maps_of(source), indent=2, exclude_defaults=True, ensure_ascii=False).decode()
    return around.render("sources/maps.html", MapsPage(source, text, is_ready_made=bool(ready)))


@router.post("")
async def change_maps(
    request: Request, source_id: str, around: TheShell, asking: HrEditor, database: Database, parts: TheParts
) -> Response:
    source = await source_of_company(database, asking, source_id)
    text = str((await request.form()).get("maps", ""))[:LONGEST_JSON]
    try:
        await parts.commands.note(database, await mapping_source(database, asking, source, maps_in_json(text)))
    except Refusal as refusal:
        await database.rollback()
        await database.refresh(source)
        problem, faults = await in_words(around, database, refusal)
        page = MapsPage(source, text, problem, faults)
        return around.render("sources/maps.html", page, status_of(refusal.code))
    return RedirectResponse(f"/sources/{source_id}?saved=yes", 303)


@router.get("/{kind}")
async def show_map(
    source_id: str, kind: RecordKind, around: TheShell, asking: HrEditor, database: Database
) -> Response:
    source = await source_of_company(database, asking, source_id)
    return around.render("sources/map.html", await _page(database, around, source, kind))


@router.post("/{kind}")
async def change_map(
    request: Request,
    source_id: str,
    kind: RecordKind,
    around: TheShell,
    asking: HrEditor,
    database: Database,
    parts: TheParts,
) -> Response:
    """Save a map, or remove it."""
    source = await source_of_company(database, asking, source_id)
    form = await request.form()
    typed = {name: str(value).strip()[:MOST_TYPED] for name, value in form.items() if name != "csrf"}
    try:
        made = [] if typed.get("do") == "remove" else [map_typed(kind, typed)]
        maps = [one for one in maps_of(source) if one.kind is not kind] + made
        maps.sort(key=lambda one: list(RecordKind).index(one.kind))
        await parts.commands.note(database, await mapping_source(database, asking, source, maps))
    except Refusal as refusal:
        await database.rollback()
        await database.refresh(source)
        page = await _page(database, around, source, kind, typed, refusal)
        return around.render("sources/map.html", page, status_of(refusal.code))
    return RedirectResponse(f"/sources/{source_id}?saved=yes", 303)


def maps_of(source: Source) -> list[RecordMap]:
    return [RecordMap.model_validate(one) for one in source.maps]


async def _page(
    database: AsyncSession,
    around: Shell,
    source: Source,
    kind: RecordKind,
    typed: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> MapPage:
    known = next((one for one in maps_of(source) if one.kind is kind), None)
    ready = ready_map(source.kind, kind) if known is None and typed is None else None
    values = values_of(known or ready) if typed is None else {**values_of(None), **typed}
    problem, faults = None, {}
    if refusal is not None:
        problem, _ = await in_words(around, database, refusal)
        for fault in getattr(refusal, "errors", ()):
            said, _ = await in_words(around, database, fault)
            faults[str(fault.facts.get("field", ""))] = said.detail
    return MapPage(
        source=source,
        kind=kind,
        values=values,
        fields=map_fields(kind, values, around.tongue),
        objects=await _objects(database, source),
        is_new=known is None,
        names_sellers=kind is not RecordKind.RATE,
        sellers=SELLER_BY,
        orders=DATE_ORDERS,
        scales=SCALES,
        problem=problem,
        faults=faults,
        is_ready_made=ready is not None,
    )


async def _objects(database: AsyncSession, source: Source) -> tuple[str, ...]:
    found = await database.exec(
        select(Fetch)
        .where(
            col(Fetch.source_id) == source.id,
            col(Fetch.mode) == FetchMode.TEST,
            col(Fetch.state) != FetchState.RUNNING,
        )
        .order_by(col(Fetch.started_at).desc())
        .limit(1)
    )
    last = found.first()
    return tuple(last.outcome.get("objects", ())) if last else ()

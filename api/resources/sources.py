"""Sources of figures: connected, listed, fetched (Rule 29). No answer holds a secret."""

from __future__ import annotations

import json
from hashlib import sha256

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlmodel import col, select

from api.asked import AskedOnce
from api.commands import Asked
from api.fetching import ask_for_fetch
from api.maps import refuse_wrong_maps
from api.paging import AskedPaging, Page
from api.parts import TheParts
from api.session import Database, HrEditor, HrReader
from api.source_age import is_old
from api.source_shapes import FetchAsked, FetchGiven, FetchShown, NewSource, SourceMade, SourceShown
from api.sourcing import SourceGiven, connecting_source, source_of_company
from models.clock import business_now
from models.sealing import SourceSecrets
from models.sources import Fetch, Source
from models.tasks import Command

router = APIRouter(prefix="/sources", tags=["sources"])


@router.get("", summary="Sources of figures, with how old their figures are")
async def list_sources(viewer: HrReader, database: Database, paging: AskedPaging) -> Page[SourceShown]:
    wanted = select(Source).where(col(Source.company_id) == viewer.company_id)
    found = await database.exec(paging.applied(wanted, [col(Source.id)]))
    now = await business_now(database)

    def shown(source: Source) -> SourceShown:
        values = source.model_dump(include=set(SourceShown.model_fields))
        return SourceShown(**values, is_old=is_old(source, now))

    return paging.page(found.all(), shown, lambda source: (source.id,))


@router.post("", summary="Connect a source", status_code=201, response_model=SourceMade)
async def connect_source(
    given: NewSource, viewer: HrEditor, database: Database, parts: TheParts, asked: AskedOnce
) -> JSONResponse:
    """Settings and secrets are those of the kind; what is wrong is answered with every field named."""
    once = Asked(asked.key, _without_secrets(given))
    earlier = await parts.commands.told_before(database, viewer.id, once)
    if earlier is not None:
        command = await database.get_one(Command, earlier.command_id)
        return JSONResponse({"id": command.words["id"], "command_id": command.id}, 201)
    refuse_wrong_maps(given.maps)
    wanted = SourceGiven(**given.model_dump(exclude={"maps"}))
    source, wish = await connecting_source(database, viewer, wanted, SourceSecrets(parts.settings), given.maps)
    source_id = source.id
    outcome = await parts.commands.ask(database, wish, once)
    return JSONResponse({"id": source_id, "command_id": outcome.command_id}, 201)


@router.get("/{source_id}/fetches", summary="Fetches of a source, latest first")
async def list_fetches(
    source_id: str, viewer: HrReader, database: Database, paging: AskedPaging
) -> Page[FetchShown]:
    source = await source_of_company(database, viewer, source_id)
    wanted = select(Fetch).where(col(Fetch.source_id) == source.id)
    keys = [col(Fetch.started_at), col(Fetch.id)]
    found = await database.exec(paging.applied(wanted, keys, descending=True))
    return paging.page(
        found.all(),
        lambda fetch: FetchShown(**fetch.model_dump(include=set(FetchShown.model_fields))),
        lambda fetch: (fetch.started_at, fetch.id),
    )


@router.post(
    "/{source_id}/fetch",
    summary="Test a source, see what would come in, or take it over",
    status_code=202,
    response_model=FetchAsked,
)
async def fetch_source(
    source_id: str, given: FetchGiven, viewer: HrEditor, database: Database, parts: TheParts, asked: AskedOnce
) -> FetchAsked:
    """It runs by itself; the list of fetches says how far it is and what came of it."""
    source = await source_of_company(database, viewer, source_id)
    fetch_id = await ask_for_fetch(
        database,
        parts.commands,
        source,
        given.mode,
        asked_by=viewer.id,
        from_on=given.from_on,
        until_on=given.until_on,
        asked=asked,
    )
    return FetchAsked(fetch_id=fetch_id)


def _without_secrets(given: NewSource) -> str:
    """Return a fingerprint that tells nothing of the secrets, as it is kept."""
    content = json.dumps(given.model_dump(mode="json", exclude={"secrets"}), sort_keys=True)
    return sha256(content.encode()).hexdigest()

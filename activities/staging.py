"""What a fetch reads, staged page by page: a break loses nothing, and nothing is staged twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.exceptions import ApplicationError

from connectors.source import Connector, Page, Reading, SourceRow, SourceTrouble, Trouble
from models.database import SessionMaker, insert_many_once, table_of, writing
from models.field_maps import RecordMap
from models.sources import Fetch, FetchState, RecordKind, Source, StagedRow

Columns = dict[str, Any]
Progress = dict[str, Any]
"""How far a kind of records is: `pages`, `rows`, where to go on (`next`), `is_done`, changes `since` when."""
DIGEST_SIGNS = 16


def maps_of(source: Source) -> list[RecordMap]:
    return [RecordMap.model_validate(stored) for stored in source.maps]


def pages_read(fetch: Fetch) -> int:
    return sum(known.get("pages", 0) for known in fetch.progress.values())


def cursor_of(wanted: RecordMap, moment: datetime) -> str:
    """Return up to where changes have been read, by this map: another one reads everything anew."""
    return f"{moment.isoformat()} {_digest(wanted)}"


def since_of(wanted: RecordMap, fetch: Fetch, source: Source) -> datetime | None:
    """Return from when on changes alone are read; None where everything is, or everything of a period.

    Parts of a deal that stand in rows of their own are read all together, whichever has changed.
    """
    moment, _, digest = source.cursors.get(wanted.kind, "").partition(" ")
    has_period = fetch.from_on is not None or fetch.until_on is not None
    is_known = bool(moment) and digest == _digest(wanted)
    if has_period or not is_known or not wanted.changed_column or "share" in wanted.fields:
        return None
    return datetime.fromisoformat(moment)


def _digest(wanted: RecordMap) -> str:
    return hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()[:DIGEST_SIGNS]


class Staging:
    """Reads from one source for one fetch, and stages what it reads."""

    def __init__(self, sessions: SessionMaker, connector: Connector, fetch: Fetch, page_seconds: float) -> None:
        self.sessions = sessions
        self.connector = connector
        self.fetch = fetch
        self.page_seconds = page_seconds

    async def read(self, wanted: RecordMap, since: datetime | None) -> None:
        """Read the rows of a map, from where the last page that was staged ended.

        Raises:
            SourceTrouble
        """
        progress: Progress = dict(self.fetch.progress.get(wanted.kind, {}))
        if progress.get("is_done"):
            return
        reading = Reading(
            object=wanted.object,
            columns=wanted.columns,
            key=wanted.key,
            from_on=self.fetch.from_on,
            until_on=self.fetch.until_on,
            date_column=wanted.date_column,
            changed_column=wanted.changed_column,
            changed_since=since,
            # A row that is no longer wanted has changed, too.
            where={} if since else wanted.where,
        )
        before = progress.get("pages", 0)
        try:
            async for page in self._in_time(self.connector.pages(reading, progress.get("next", ""))):
                rows = [
                    self._row(wanted.kind, row, progress.get("rows", 0) + i) for i, row in enumerate(page.rows)
                ]
                progress = {
                    "pages": progress.get("pages", 0) + 1,
                    "rows": progress.get("rows", 0) + len(rows),
                    "total": page.total,
                    "next": page.next,
                    "is_done": not page.next,
                    "since": since.isoformat() if since else "",
                }
                await self._keep(wanted.kind, rows, progress)
        except SourceTrouble as trouble:
            if trouble.trouble is Trouble.CHANGED:
                await self._forget(wanted.kind)
            if trouble.trouble is Trouble.NOT_LET_IN and progress.get("pages", 0) > before:
                # It let us in a moment ago: a session has ended, and signing in anew begins another.
                raise SourceTrouble(Trouble.UNREACHABLE, why="signed-out") from trouble
            raise

    async def read_list(self, kind: RecordKind, object_: str, column: str) -> None:
        """Read the names that the source lists, to hold others against."""
        list_of = f"{object_}:{column}"
        if self.fetch.progress.get(list_of, {}).get("is_done"):
            return
        rows: list[Columns] = []
        async for page in self._in_time(self.connector.pages(Reading(object_, (column,), column))):
            for row in page.rows:
                name = row.cells.get(column, "").strip()
                if name:
                    its_own = {"external_id": f"{list_of}:{name}", "cells": {column: name}, "list_of": list_of}
                    rows.append(self._row(kind, row, len(rows)) | its_own)
        await self._keep(list_of, rows, {"rows": len(rows), "is_done": True})

    async def _in_time(self, pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
        """Give the pages; one that does not come in time is a trouble, whatever holds it up."""
        while True:
            try:
                yield await asyncio.wait_for(anext(pages), self.page_seconds)
            except StopAsyncIteration:
                return
            except TimeoutError as late:
                raise SourceTrouble(Trouble.UNREACHABLE, why="too-slow") from late

    def _row(self, kind: RecordKind, row: SourceRow, position: int) -> Columns:
        """Return the columns of a staged row."""
        return {
            "fetch_id": self.fetch.id,
            "kind": kind,
            "external_id": row.key,
            "position": position,
            "place": row.place,
            "cells": dict(row.cells),
            "fault": row.fault,
            "list_of": "",
        }

    async def _keep(self, name: str, rows: Sequence[Columns], progress: Progress) -> None:
        """Stage rows and how far we are, together."""
        async with self.sessions() as session:
            await writing(session)
            fetch = await self._running(session)
            await insert_many_once(session, table_of(StagedRow), rows)
            fetch.progress = {**fetch.progress, name: progress}
            self.fetch.progress = fetch.progress
            await session.commit()

    async def _forget(self, kind: RecordKind) -> None:
        async with self.sessions() as session:
            await writing(session)
            fetch = await self._running(session)
            await session.exec(
                delete(StagedRow).where(
                    col(StagedRow.fetch_id) == fetch.id,
                    col(StagedRow.kind) == kind,
                    col(StagedRow.list_of) == "",
                )
            )
            fetch.progress = {name: known for name, known in fetch.progress.items() if name != kind}
            self.fetch.progress = fetch.progress
            await session.commit()

    async def _running(self, session: AsyncSession) -> Fetch:
        """Return the fetch, locked; a worker that everybody took for dead must not stage any more."""
        fetch = await session.get_one(Fetch, self.fetch.id, with_for_update=True)
        if fetch.state is not FetchState.RUNNING:
            raise ApplicationError("The fetch has ended", type="fetch-ended", non_retryable=True)
        return fetch

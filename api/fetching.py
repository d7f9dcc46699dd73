"""Sources asked for: a fetch, or that a source that was saved is fetched by itself as its row now says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import Asked, CommandKind, Commands, Wish, new_command_id
from models.clock import business_now
from models.errors import Refusal
from models.fetch_orders import FetchOrder, FetchSchedule
from models.names import fetch_workflow_id, schedule_workflow_id
from models.sources import Fetch, FetchMode, Source


async def ask_for_fetch(
    session: AsyncSession,
    commands: Commands,
    source: Source,
    mode: FetchMode,
    *,
    asked_by: str,
    from_on: date | None = None,
    until_on: date | None = None,
    asked: Asked | None = None,
) -> str:
    """Write down a fetch and have it carried out; return its id, under which its row says how far it is.

    Without a period the source's changes since the last take-over are fetched, or all it has. While the
    engine is away the fetch waits.

    Raises:
        Refusal: `fetch-running`, one of the source is under way; `source-unmapped`, nothing is said
            yet about what its fields mean; `period-invalid`.
    """
    if mode is not FetchMode.TEST and not source.maps:
        raise Refusal("source-unmapped", source_id=source.id)
    if from_on and until_on and until_on < from_on:
        raise Refusal("period-invalid")
    now = await business_now(session)
    command_id = new_command_id()
    fetch = Fetch(
        id=command_id,
        company_id=source.company_id,
        source_id=source.id,
        mode=mode,
        from_on=from_on,
        until_on=until_on,
        asked_by=asked_by,
        started_at=now,
    )
    order = FetchOrder(
        company_id=source.company_id, source_id=source.id, fetch_id=fetch.id, mode=mode, begin_at=now
    )
    wish = Wish(
        kind=CommandKind.FETCH,
        company_id=source.company_id,
        by_id=asked_by,
        workflow_id=fetch_workflow_id(source.company_id, source.id),
        move=order,
        command_id=command_id,
        words={"source_id": source.id, "mode": mode.value},
        rows=(fetch,),
    )
    outcome = await commands.ask(session, wish, asked)
    return outcome.command_id


def scheduled(wish: Wish, source: Source) -> Wish:
    """Return the wish that saves a source so that the source is fetched from then on as its row says.

    Turned off, changed or with another interval: the schedule looks at the row, and ends where there is
    nothing to do any more.
    """
    return replace(
        wish,
        kind=CommandKind.SOURCE,
        workflow_id=schedule_workflow_id(source.company_id, source.id),
        move=FetchSchedule(company_id=source.company_id, source_id=source.id),
    )

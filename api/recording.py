"""A change of the company's own data as a wish, with the record of who, when, and what stood there before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish, new_command_id
from api.session import Viewer
from models.changes import Change, Subject
from models.clock import business_now


async def changing(
    session: AsyncSession,
    viewer: Viewer,
    kind: CommandKind,
    subject: Subject,
    subject_id: str,
    before: dict[str, Any],
    after: dict[str, Any],
    write: Callable[[AsyncSession], Awaitable[None]],
) -> Wish:
    """Return the wish that changes something and keeps who did so, when, and what stood there before."""
    command_id = new_command_id()
    change = Change(
        id=command_id,
        company_id=viewer.company_id,
        subject=subject,
        subject_id=subject_id,
        by_id=viewer.id,
        before=before,
        after=after,
        at=await business_now(session),
    )
    return Wish(
        kind=kind,
        company_id=viewer.company_id,
        by_id=viewer.id,
        workflow_id="",
        move=None,
        command_id=command_id,
        words={"subject": subject.value, "id": subject_id},
        rows=(change,),
        alongside=write,
    )

"""A change of the company's own data as a wish, with the record of who, when, and what stood there before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish, new_command_id
from api.session import Viewer
from models.changes import Change, Subject
from models.clock import business_now
from models.cycles import CycleEvent
from models.errors import Refusal

LONGEST_REASON = 500
"""Characters."""


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


def refuse_too_long(**words: str) -> None:
    """Refuse words of a reason, by the field they were typed in: nothing of them is cut off.

    Raises:
        Refusal: `text-too-long`.
    """
    for field, said in words.items():
        if len(said) > LONGEST_REASON:
            raise Refusal("text-too-long", field=field, limit=LONGEST_REASON)


def told_in_history(
    wish: Wish, kind: str, at: datetime, *, cycle_id: str, department_id: str, reason: str, **detail: Any
) -> Wish:
    """Return the wish with a line of the department's history that gives its reason; `detail` is kept with it."""
    event = CycleEvent(
        id=f"{wish.command_id}.{kind}",
        company_id=wish.company_id,
        cycle_id=cycle_id,
        department_id=department_id,
        kind=kind,
        actor_id=wish.by_id,
        detail={"command": wish.command_id, **detail},
        at=at,
    )
    return replace(wish, rows=(*wish.rows, event), words={**wish.words, "reason": reason})

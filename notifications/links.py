"""Links in messages: an opaque token of 256 bits, of which only the hash is stored."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from models.delivery import Link, hash_of_token
from models.tasks import Task

LEFT_OUT = "…"
"""Stands for the token wherever a message is stored."""

_TOKEN_IN_LINK = re.compile(r"(/(?:t|welcome)/)[A-Za-z0-9_-]{43}")


def issue(session: AsyncSession, task: Task, person_id: str, for_id: str, now: datetime) -> str:
    """Add a link to `task` for `person_id`, in place of the holder `for_id`, and return its token.

    Older links of the same epoch stay alive; one is dead when its task is decided or changes hands.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        Link(
            token_hash=hash_of_token(token),
            task_id=task.id,
            person_id=person_id,
            for_id=for_id,
            epoch=task.epoch,
            issued_at=now,
        )
    )
    return token


def link_of(base_url: str, token: str) -> str:
    return f"{base_url.rstrip('/')}/t/{token}"


def page_of_task(base_url: str, task_id: str) -> str:
    """A task's page for those who sign in: no right to decide travels with it."""
    return f"{base_url.rstrip('/')}/tasks/{task_id}"


def page_of_cycle(base_url: str, cycle_id: str) -> str:
    return f"{base_url.rstrip('/')}/cycles/{cycle_id}"


def without_tokens(text: str) -> str:
    """Return a message's text as it may be stored: each link's token left out."""
    return _TOKEN_IN_LINK.sub(rf"\g<1>{LEFT_OUT}", text)

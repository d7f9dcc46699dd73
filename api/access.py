"""The record of sign-ins and rights: one line for each thing that happened to an account (Rule 51)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from models.accounts import AccessEvent
from models.org import Person


def access_event(
    person: Person, kind: str, actor_id: str = "", *, acted_as: str = "", **detail: Any
) -> AccessEvent:
    """Return a line about `person`'s account; `kind` is one of `api/pages/access_history.py`."""
    return AccessEvent(
        id=uuid4().hex,
        company_id=person.company_id,
        person_id=person.id,
        kind=kind,
        actor_id=actor_id,
        acted_as=acted_as,
        detail=detail,
        at=datetime.now(UTC),
    )


def acting_event(actor: Person, acted_as: str, method: str, path: str) -> AccessEvent:
    """Return the line of an unsafe request that somebody of HR made as somebody else."""
    return AccessEvent(
        id=uuid4().hex,
        company_id=actor.company_id,
        person_id=acted_as,
        kind="acted",
        actor_id=actor.id,
        acted_as=acted_as,
        detail={"method": method, "path": path},
        at=datetime.now(UTC),
    )

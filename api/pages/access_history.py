"""The record of sign-ins and rights in words: who did what to whose account, when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import names_of_people
from api.i18n import Tongue
from api.i18n import later as _
from api.terms import message_of
from models.accounts import AccessEvent, Scope
from models.stages import Role

SENTENCES: Final[Mapping[str, str]] = {
    "signed-in": _("%(person)s signed in (%(by)s)"),
    "sign-in-failed": _("A wrong try to sign in as %(person)s"),
    "locked-by-tries": _("Five wrong tries: signing in as %(person)s was locked for 15 minutes"),
    "password-changed": _("%(person)s changed their password"),
    "password-set": _("%(person)s set a password by a link"),
    "factor-added": _("%(person)s turned the second factor on"),
    "factor-removed": _("%(person)s turned the second factor off"),
    "codes-renewed": _("%(person)s got new recovery codes"),
    "signed-out-everywhere": _("%(actor)s signed %(person)s out of every browser"),
    "invited": _("%(actor)s invited %(person)s"),
    "reset-sent": _("%(actor)s sent %(person)s a link to set a new password"),
    "role-given": _("%(actor)s gave %(person)s the role %(role)s"),
    "role-taken": _("%(actor)s took the role %(role)s from %(person)s"),
    "barred": _("%(actor)s locked the account of %(person)s"),
    "unbarred": _("%(actor)s unlocked the account of %(person)s"),
    "factor-reset": _("%(actor)s reset the second factor of %(person)s"),
    "token-made": _("%(actor)s made the token “%(name)s” in the name of %(person)s"),
    "token-revoked": _("%(actor)s revoked the token “%(name)s” in the name of %(person)s"),
    "acting-began": _("%(actor)s began to see the pages as %(person)s"),
    "acting-ended": _("%(actor)s stopped seeing the pages as %(person)s"),
    "acted": _("%(actor)s did something as %(person)s: %(method)s %(path)s"),
}
"""What each kind of line says."""

WAYS: Final[Mapping[str, str]] = {
    "password": _("password"),
    "code": _("password and code"),
    "recovery-code": _("password and recovery code"),
    "single-sign-on": _("single sign-on"),
    "link": _("one-time link"),
}
"""How somebody signed in."""


@dataclass(frozen=True)
class AccessLine:
    at: datetime
    text: str
    kind: str


async def access_lines(
    database: AsyncSession, tongue: Tongue, *, person_id: str, most: int
) -> tuple[AccessLine, ...]:
    """Word the newest lines about a person's account."""
    found = await database.exec(
        select(AccessEvent)
        .where(col(AccessEvent.person_id) == person_id)
        .order_by(col(AccessEvent.at).desc(), col(AccessEvent.id))
        .limit(most)
    )
    events = found.all()
    names = await names_of_people(database, {one for event in events for one in (event.person_id, event.actor_id)})
    return tuple(AccessLine(event.at, worded(event, names, tongue), event.kind) for event in events)


def worded(event: AccessEvent, names: Mapping[str, str], tongue: Tongue) -> str:
    """Return a line's sentence; the bare kind where it is not known here."""
    detail: Mapping[str, Any] = event.detail
    pattern = SENTENCES.get(event.kind)
    if pattern is None:
        return event.kind
    role = {member.value: member for member in Role}.get(str(detail.get("role", "")))
    facts = {
        "person": names.get(event.person_id, event.person_id),
        "actor": names.get(event.actor_id, tongue.gettext("The system")),
        "by": tongue.gettext(WAYS.get(str(detail.get("by", "")), "")) if detail.get("by") else "",
        "role": tongue.gettext(message_of(role)) if role else "",
        "name": str(detail.get("name", "")),
        "method": str(detail.get("method", "")),
        "path": str(detail.get("path", "")),
    }
    return tongue.gettext(pattern) % facts


SCOPES: Final[Mapping[Scope, str]] = {
    Scope.READ: _("Read what the person may see"),
    Scope.TASKS: _("Decide, submit and comment tasks"),
    Scope.CYCLES: _("Launch and run cycles"),
    Scope.PEOPLE: _("Record deputies, joiners, leavers and transfers"),
    Scope.SOURCES: _("Connect sources of figures and fetch from them"),
}
"""What each scope of a token allows."""

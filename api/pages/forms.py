"""Forms as data: fields with what was typed and what is wrong, read and refused in one way.

A person or unit is typed by name and found here; the browser is offered names while one types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from uuid import uuid4

from fastapi import Request
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import Asked
from api.pages.changes import Told
from api.pages.units import full_names
from api.problems import Refusals
from api.session import Viewer
from api.words import Said
from models.errors import Refusal
from models.org import Person, Unit

IN_BRACKETS = re.compile(r".*[(（]\s*([^()（）]+?)\s*[)）]\s*")
MOST_TYPED = 2000


class Kind(StrEnum):
    TEXT = "text"
    DATE = "date"
    EMAIL = "email"
    PHONE = "tel"
    CHOICE = "choice"
    YES = "yes"
    NUMBER = "number"
    LONG = "long"
    UNSHOWN = "unshown"
    LONG_UNSHOWN = "long-unshown"
    PERSON = "person"
    UNIT = "unit"


@dataclass(frozen=True)
class Field:
    """One field of a form; `label` and `hint` are in the reader's language already."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    value: str = ""
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = False
    is_wide: bool = False
    fault: str = ""
    example: str = ""
    offers: tuple[str, ...] = ()
    """What the browser offers while one types."""
    only_if: tuple[str, tuple[str, ...]] | None = None
    """Asked for only if another field has one of these values."""

    @property
    def is_secret(self) -> bool:
        """Never shown again, not even after a refusal."""
        return self.kind in (Kind.UNSHOWN, Kind.LONG_UNSHOWN)


@dataclass(frozen=True)
class FormPage:
    """A page of one form. `back` is the page it belongs to, with its name."""

    title: str
    action: str
    fields: tuple[Field, ...]
    button: str
    back: tuple[str, str]
    lead: str = ""
    notes: tuple[str, ...] = ()
    problem: Said | None = None
    once: str = ""
    confirm: str = ""
    history: tuple[Told, ...] = ()
    """What was changed here before, where the page is the one place to see it."""


@dataclass(frozen=True)
class Typed:
    """What came in with a form."""

    values: Mapping[str, str]
    once: Asked

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def is_yes(self, name: str) -> bool:
        return self.text(name) == "yes"

    def day(self, name: str) -> date:
        """Raises: Refusal: `day-unreadable`."""
        try:
            return date.fromisoformat(self.text(name))
        except ValueError as unreadable:
            raise Refusal("day-unreadable", field=name) from unreadable


async def typed_in(request: Request, most: int = MOST_TYPED) -> Typed:
    """Read a form; each page carries a name of its own, so that sending the same twice does it once."""
    form = await request.form()
    values = {name: str(value).strip()[:most] for name, value in form.items() if name != "csrf"}
    content = repr(sorted(values.items())).encode()
    fingerprint = sha256(f"{request.url.path}\n".encode() + content).hexdigest()
    # Who goes back and sends something else asks for something else.
    return Typed(values, Asked(f"{values.pop('once', '')[:100]}.{fingerprint[:16]}", fingerprint))


def named_once() -> str:
    return uuid4().hex


def refuse_empty(fields: Sequence[Field], typed: Typed) -> None:
    """Raises: Refusals: `form-incomplete` with each field that is empty and must not be."""
    empty = [
        Refusal("field-needed", field=field.name)
        for field in fields
        if field.is_required and not typed.text(field.name)
    ]
    if empty:
        raise Refusals("form-incomplete", empty, count=len(empty))


def with_typed(
    fields: Sequence[Field], typed: Typed | None, faults: Mapping[str, str] | None = None
) -> tuple[Field, ...]:
    """Return the fields as they were filled in, each with what is wrong with it."""
    faults = faults or {}
    return tuple(
        replace(
            field,
            value="" if field.is_secret else typed.text(field.name) if typed else field.value,
            fault=faults.get(field.name, ""),
        )
        for field in fields
    )


async def person_typed(session: AsyncSession, viewer: Viewer, typed: Typed, name: str) -> str:
    """Return the id of the person who was typed as `张三 (000123)`, by staff number or by name; "" for nobody.

    Raises:
        Refusal: `person-untraceable`, `person-several` where more than one has the name.
    """
    given = typed.text(name)
    if not given:
        return ""
    bracketed = IN_BRACKETS.fullmatch(given)
    found = await session.exec(
        select(Person.id, Person.staff_no)
        .where(
            col(Person.company_id) == viewer.company_id,
            or_(col(Person.staff_no) == (bracketed[1] if bracketed else given), col(Person.name) == given),
        )
        .limit(3)
    )
    rows = found.all()
    exact = [row for row in rows if row[1] == (bracketed[1] if bracketed else given)]
    rows = exact or rows
    if not rows:
        raise Refusal("person-untraceable", given=given, field=name)
    if len(rows) > 1:
        raise Refusal("person-several", given=given, field=name)
    return rows[0][0]


async def unit_typed(session: AsyncSession, viewer: Viewer, typed: Typed, name: str) -> str:
    """Return the id of the unit that was typed as `大区1 / 销售1部`, or by its own name.

    Raises:
        Refusal: `unit-untraceable`, `unit-several` where more than one has the name.
    """
    given = typed.text(name)
    own = re.split(r"\s+/\s+", given)[-1].strip()
    found = await session.exec(
        select(Unit.id).where(
            col(Unit.company_id) == viewer.company_id, or_(col(Unit.name) == own, col(Unit.name_en) == own)
        )
    )
    ids = list(found.all())
    if len(ids) > 1:
        for language in (viewer.person.language, *type(viewer.person.language)):
            named = await full_names(session, ids, language)
            exact = [one for one in ids if named[one] == given]
            if len(exact) == 1:
                return exact[0]
        raise Refusal("unit-several", given=given, field=name)
    if not ids:
        raise Refusal("unit-untraceable", given=given, field=name)
    return ids[0]


def as_typed(person: Person | None) -> str:
    """Write a person as a field holds them."""
    return f"{person.name} ({person.staff_no})" if person else ""

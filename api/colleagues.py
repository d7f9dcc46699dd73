"""People of the company as somebody types them: by staff number or name."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.errors import Refusal
from models.org import Person

MOST: Final = 12
BETWEEN: Final = " · "


def as_offered(person: Person) -> str:
    """Write a person so that they can be told from others of that name: 张三 · S0001."""
    return f"{person.name}{BETWEEN}{person.staff_no}"


async def like(session: AsyncSession, company_id: str, typed: str, on: date) -> list[Person]:
    """Return the first people whose name or staff number holds what was typed."""
    wanted = typed.strip()[:60]
    if not wanted:
        return []
    found = await session.exec(
        select(Person)
        .where(
            col(Person.company_id) == company_id,
            _is_there(on),
            or_(
                col(Person.name).icontains(wanted, autoescape=True),
                col(Person.staff_no).istartswith(wanted, autoescape=True),
            ),
        )
        .order_by(col(Person.name), col(Person.staff_no))
        .limit(MOST)
    )
    return list(found.all())


async def named(session: AsyncSession, company_id: str, typed: str, on: date) -> Person:
    """Return the one person who was meant.

    Raises:
        Refusal: `person-unknown`; `person-not-unique`; `person-left`.
    """
    name, _, staff_no = typed.strip().rpartition(BETWEEN.strip())
    wanted = (staff_no or name).strip()
    found = (
        await session.exec(
            select(Person)
            .where(
                col(Person.company_id) == company_id,
                or_(col(Person.staff_no) == wanted, col(Person.name) == wanted),
            )
            .limit(2)
        )
    ).all()
    if not found:
        raise Refusal("person-unknown")
    if len(found) > 1:
        raise Refusal("person-not-unique")
    if found[0].left_on is not None and found[0].left_on <= on:
        raise Refusal("person-left", person_id=found[0].id)
    return found[0]


def _is_there(on: date) -> ColumnElement[bool]:
    return or_(col(Person.left_on).is_(None), col(Person.left_on) > on)

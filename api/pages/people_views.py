"""The list of people: filtered, sorted and paged by the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.pages.units import units_under
from models.org import Person, Unit
from models.stages import Language

PAGE_SIZE: Final = 50
STATES = ("there", "left", "all")
LACKS = ("phone", "email", "either")


@dataclass(frozen=True)
class Asked:
    """How the list is wanted. What makes no sense is passed over: it comes from an old address."""

    text: str = ""
    unit_id: str = ""
    post: str = ""
    grade: str = ""
    lacks: str = ""
    state: str = "there"
    sort: str = "unit"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        page = query.get("page", "")
        return cls(
            text=query.get("q", "").strip()[:100],
            unit_id=query.get("unit", "")[:100],
            post=query.get("post", "")[:100],
            grade=query.get("grade", "")[:40],
            lacks=query.get("lacks", "") if query.get("lacks") in LACKS else "",
            state=query.get("state", "") if query.get("state") in STATES else "there",
            sort=query.get("sort", "unit"),
            page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
        )

    @property
    def filters(self) -> bool:
        return bool(self.text or self.post or self.grade or self.lacks or self.state != "there")


@dataclass(frozen=True)
class PersonRow:
    person: Person
    unit: str
    has_left: bool


@dataclass(frozen=True)
class PeopleTable:
    rows: tuple[PersonRow, ...]
    total: int
    asked: Asked

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


async def people_table(
    session: AsyncSession, company_id: str, asked: Asked, language: Language, today: date
) -> PeopleTable:
    """Read one page of the people: a query for the rows, one for how many there are."""
    wanted = [col(Person.company_id) == company_id, *_filters(asked, today)]
    counted = await session.exec(select(func.count()).select_from(Person).where(*wanted))
    found = await session.exec(
        select(Person, Unit)
        .outerjoin(Unit, col(Unit.id) == col(Person.unit_id))
        .where(*wanted)
        .order_by(*_order(asked))
        .offset((asked.page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    rows = tuple(
        PersonRow(
            person=person,
            unit=in_language(unit.name, unit.name_en, language) if unit else "",
            has_left=person.left_on is not None and person.left_on <= today,
        )
        for person, unit in found.all()
    )
    return PeopleTable(rows, counted.one(), asked)


def _filters(asked: Asked, today: date) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.unit_id:
        wanted.append(col(Person.unit_id).in_(units_under(asked.unit_id)))
    if asked.text:
        # A percent sign that somebody types is a sign, not a pattern.
        wanted.append(
            or_(
                col(Person.name).icontains(asked.text, autoescape=True),
                col(Person.staff_no).startswith(asked.text, autoescape=True),
            )
        )
    if asked.post:
        wanted.append(col(Person.post) == asked.post)
    if asked.grade:
        wanted.append(col(Person.grade) == asked.grade)
    without = {"phone": [col(Person.phone) == ""], "email": [col(Person.email) == ""]}
    if asked.lacks:
        wanted.append(or_(*without.get(asked.lacks, [*without["phone"], *without["email"]])))
    is_gone = col(Person.left_on) <= today
    if asked.state == "there":
        wanted.append(or_(col(Person.left_on).is_(None), ~is_gone))
    elif asked.state == "left":
        wanted.append(is_gone)
    return wanted


def _order(asked: Asked) -> list[ColumnElement[Any] | Any]:
    orders: dict[str, list[Any]] = {
        "unit": [col(Person.unit_id)],
        "name": [col(Person.name)],
        "staff_no": [col(Person.staff_no)],
        "post": [col(Person.post), col(Person.grade)],
        "grade": [col(Person.grade), col(Person.post)],
    }
    return [*orders.get(asked.sort, orders["unit"]), col(Person.id)]


async def posts_and_grades(session: AsyncSession, company_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return every post and every grade there is."""
    found = await session.exec(
        select(Person.post, Person.grade).where(col(Person.company_id) == company_id).distinct()
    )
    pairs = found.all()
    posts, grades = {post for post, _ in pairs}, {grade for _, grade in pairs}
    return tuple(sorted(posts - {""})), tuple(sorted(grades - {""}))

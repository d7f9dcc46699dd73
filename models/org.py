"""The company: its units, its people, who stands in for whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, UniqueConstraint, and_, bindparam, or_
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Document, Exact, Instant, term
from models.stages import Language, Role, UnitKind
from models.terms import Ladder


class Company(SQLModel, table=True):
    __tablename__ = "company"

    id: str = Field(primary_key=True)
    name: str
    name_en: str = ""
    time_zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    hr_mailbox: str = ""
    """Where people write with questions; empty, and the HR owner's own address is given."""
    first_sending_hour: int = 9
    last_sending_hour: int = 18
    """Sending hours of new cycles; the last is also the end of a deadline's day (Rule 9)."""
    ladder: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """The ladder of new cycles; empty for the standard one (Rule 2)."""

    def the_ladder(self) -> Ladder:
        return Ladder.model_validate(self.ladder)


class CalendarDay(SQLModel, table=True):
    """A day that the company works, or not, against the public calendar."""

    __tablename__ = "calendar_day"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    day: date = Field(primary_key=True)
    is_working: bool
    note: str = ""


class Unit(SQLModel, table=True):
    """A division, department or team; `head_id` is its vice president, director or team lead."""

    __tablename__ = "unit"

    id: str = Field(primary_key=True)
    company_id: str = Field(foreign_key="company.id", index=True)
    kind: UnitKind = Field(sa_type=term(UnitKind))
    name: str
    name_en: str = ""
    parent_id: str | None = Field(default=None, index=True)
    head_id: str | None = Field(default=None, index=True)
    region: str = ""


class Person(SQLModel, table=True):
    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("company_id", "staff_no"),)

    id: str = Field(primary_key=True)
    company_id: str = Field(foreign_key="company.id", index=True)
    staff_no: str
    name: str
    email: str = ""
    phone: str = ""  # E.164: +8613800138000
    language: Language = Field(default=Language.CHINESE, sa_type=term(Language))
    unit_id: str = Field(index=True)  # The team, department or division the person belongs to.
    department_id: str | None = Field(default=None, index=True)
    superior_id: str | None = Field(default=None, index=True)
    post: str = ""  # 销售代表, 销售经理, 销售总监, …
    grade: str = ""
    region: str = ""
    joined_on: date | None = None
    left_on: date | None = None
    is_scored: bool = True  # Has targets and results of their own.


class Deputy(SQLModel, table=True):
    """`deputy_id` receives and decides tasks of `person_id` from `from_on` to `until_on`, inclusive (Rule 11)."""

    __tablename__ = "deputy"
    __table_args__ = (Index("ix_deputy_period", "person_id", "from_on", "until_on"),)

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    deputy_id: str = Field(foreign_key="person.id", index=True)
    from_on: date
    until_on: date
    reason: str = ""
    named_by: str = ""
    acted_by: str = ""
    """Who of HR named the deputy for `named_by`, seeing the pages as them."""
    named_at: datetime = Field(sa_type=Instant)


class Account(SQLModel, table=True):
    """A sign-in.

    `password_hash` is argon2id; empty where nobody can sign in with a password (invited, or single
    sign-on alone). Locks, links and codes are against guessing, no business: they run by the wall clock.
    """

    __tablename__ = "account"

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    user_name: str = Field(unique=True)
    password_hash: str
    roles: list[str] = Field(default_factory=list, sa_type=Document)
    failed_tries: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    """Locked by wrong tries until then."""
    is_barred: bool = False
    """Locked by HR, until HR unlocks it."""
    session_epoch: int = 0
    """Grows when every browser is signed out at once."""
    last_sign_in_at: datetime | None = Field(default=None, sa_type=Instant)
    totp_secret: str = ""
    """The second factor's secret, encrypted; counts from `totp_since` on."""
    totp_since: datetime | None = Field(default=None, sa_type=Instant)
    totp_last_step: int = Field(default=0, sa_type=BigInteger)
    """The time step (of 30 seconds) of the last code taken: none is taken twice."""
    recovery_hashes: list[str] = Field(default_factory=list, sa_type=Document)
    """SHA-256 of the recovery codes that are left."""

    def has(self, role: Role) -> bool:
        return role.value in self.roles

    @property
    def has_second_factor(self) -> bool:
        return self.totp_since is not None


class ApiToken(SQLModel, table=True):
    """A machine's bearer token; only its SHA-256 is stored. Acts as `person_id` with the account's roles."""

    __tablename__ = "api_token"

    token_hash: str = Field(primary_key=True)
    name: str
    person_id: str = Field(foreign_key="person.id")
    created_at: datetime = Field(sa_type=Instant)
    created_by: str = ""
    scopes: list[str] = Field(default_factory=list, sa_type=Document)
    ending: str = ""
    """Its last characters, by which a person tells it from others."""
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)

    def counts(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class PersonnelChange(SQLModel, table=True):
    """A joiner, leaver or transfer as one recorded step (Rule 12)."""

    __tablename__ = "personnel_change"

    id: str = Field(primary_key=True)  # The command's id.
    company_id: str = Field(index=True)
    cycle_id: str | None = None
    kind: str
    person_id: str
    effective_on: date
    by_id: str
    reason: str = ""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    at: datetime = Field(sa_type=Instant)


class TimeInPost(SQLModel, table=True):
    """The days of a cycle in which a person held a post, where it was not the whole: pro-rates targets."""

    __tablename__ = "time_in_post"

    cycle_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    department_id: str = Field(primary_key=True)
    from_on: date
    until_on: date
    share: Decimal = Field(sa_type=Exact)


DEPUTY = (
    select(Deputy.deputy_id)
    .where(
        col(Deputy.person_id) == bindparam("of_person"),
        col(Deputy.from_on) <= bindparam("on_day"),
        col(Deputy.until_on) >= bindparam("on_day"),
    )
    .order_by(col(Deputy.named_at).desc())
    .limit(1)
)
"""Built once: each notice runs it."""


def takes_part(left_out: Collection[str]) -> ColumnElement[bool]:
    """Pick the departments that take part in a cycle that leaves out these units."""
    department = col(Unit.kind) == UnitKind.DEPARTMENT
    if not left_out:
        return department
    stays = or_(col(Unit.parent_id).is_(None), col(Unit.parent_id).not_in(left_out))
    return and_(department, col(Unit.id).not_in(left_out), stays)


async def deputy_of(session: AsyncSession, person_id: str, on: date) -> str | None:
    """Return who stands in for `person_id` on that day, or None. The one named last counts."""
    return (await session.exec(DEPUTY, params={"of_person": person_id, "on_day": on})).first()


async def stands_in_for(session: AsyncSession, deputy_id: str, on: date) -> list[str]:
    """Return the people whose tasks `deputy_id` may decide on that day."""
    found = await session.exec(
        select(Deputy.person_id).where(
            col(Deputy.deputy_id) == deputy_id, col(Deputy.from_on) <= on, col(Deputy.until_on) >= on
        )
    )
    return list(found.all())


async def in_post(session: AsyncSession, person_id: str | None, on: date) -> Person | None:
    """Return the person if they are there and have not left by that day."""
    person = await session.get(Person, person_id) if person_id else None
    return person if person and (person.left_on is None or person.left_on > on) else None


async def superior_of(session: AsyncSession, person_id: str, on: date) -> Person | None:
    """Return the nearest superior who has not left by that day; None at the top of the line."""
    seen = {person_id}
    person = await session.get(Person, person_id)
    while person and person.superior_id and person.superior_id not in seen:
        seen.add(person.superior_id)
        person = await session.get(Person, person.superior_id)
        if person and (person.left_on is None or person.left_on > on):
            return person
    return None


async def circle_through(session: AsyncSession, person: Person) -> list[Person]:
    """Return the circle in the reporting line that passes through a person, upwards; empty if there is none."""
    line = [person]
    seen = {person.id}
    superior_id = person.superior_id
    while superior_id and superior_id not in seen:
        superior = await session.get(Person, superior_id)
        if superior is None:
            return []
        line.append(superior)
        seen.add(superior.id)
        superior_id = superior.superior_id
    return line if superior_id == person.id else []


async def calendar_overrides(session: AsyncSession, company_id: str) -> dict[date, bool]:
    """Return the days on which the company departs from the public calendar; true means it works."""
    found = await session.exec(select(CalendarDay).where(col(CalendarDay.company_id) == company_id))
    return {day.day: day.is_working for day in found.all()}

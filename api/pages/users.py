"""Users and roles: the list, and one person's account, for HR and auditors. Orders stand in `user_orders`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import ColumnElement, String, and_, cast, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from api.accounts import person_of
from api.facts import in_language
from api.i18n import later as _
from api.pages.access_history import AccessLine, access_lines
from api.pages.rendering import Shell, TheShell
from api.rights import AccountReader, may_manage_accounts
from api.session import Database, Viewer, may_be_seen_as
from api.words import Said
from models.org import Account, Person, Unit
from models.stages import Role

PAGE_SIZE = 50
MOST_HISTORY = 50

router = APIRouter(prefix="/settings/users")


class Standing(StrEnum):
    """How an account stands, as a filter and as a word in the list."""

    ACTIVE = "active"
    INVITED = "invited"
    LOCKED = "locked"
    BARRED = "barred"
    WITHOUT_FACTOR = "without-factor"


STANDINGS: Mapping[Standing, str] = {
    Standing.ACTIVE: _("Active"),
    Standing.INVITED: _("Invited, no password yet"),
    Standing.LOCKED: _("Locked by wrong tries"),
    Standing.BARRED: _("Locked by HR"),
    Standing.WITHOUT_FACTOR: _("Without second factor"),
}


@dataclass(frozen=True)
class Asked:
    text: str = ""
    role: str = ""
    standing: str = ""
    page: int = 1

    @property
    def filters(self) -> bool:
        return bool(self.text or self.role or self.standing)


@dataclass(frozen=True)
class UserRow:
    person: Person
    account: Account
    unit: str
    standing: Standing


@dataclass(frozen=True)
class UsersPage:
    rows: tuple[UserRow, ...]
    total: int
    asked: Asked
    standings: Mapping[Standing, str]
    may_change: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


@dataclass(frozen=True)
class InvitePage:
    """People without an account, to be invited."""

    text: str
    people: tuple[tuple[Person, str], ...]
    """Each with the name of their unit."""


@dataclass(frozen=True)
class UserPage:
    person: Person
    unit: str
    account: Account | None
    standing: Standing | None
    history: tuple[AccessLine, ...]
    may_change: bool
    may_see_as: bool
    is_oneself: bool
    roles: tuple[Role, ...]
    """Those that are ticked: the account's, or what was asked for and refused."""
    standing_words: str = ""
    user_name: str = ""
    reason: str = ""
    done: str = ""
    problem: Said | None = None
    problem_of: str = ""


@router.get("")
async def list_users(request: Request, around: TheShell, asking: AccountReader, database: Database) -> Response:
    """List who can sign in: one query for how many there are, one for the rows."""
    asked = asked_of_list(request.query_params)
    now = datetime.now(UTC)
    wanted = [col(Person.company_id) == asking.company_id, *_filters(asked, now)]
    join = select(Person, Account, Unit).join(Account, col(Account.person_id) == col(Person.id))
    counted = await database.exec(
        select(func.count())
        .select_from(Person)
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(*wanted)
    )
    found = await database.exec(
        join.outerjoin(Unit, col(Unit.id) == col(Person.unit_id))
        .where(*wanted)
        .order_by(cast(col(Account.roles), String) == "[]", col(Person.staff_no), col(Person.id))
        .offset((asked.page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    rows = tuple(
        UserRow(person, account, named(unit, around), standing_of(account, now))
        for person, account, unit in found.all()
    )
    page = UsersPage(rows, counted.one(), asked, STANDINGS, may_manage_accounts(asking))
    return around.render("users/list.html", page)


def asked_of_list(query: Mapping[str, str]) -> Asked:
    """Read how the list is wanted. What makes no sense is passed over: it comes from an old address."""
    page, role, standing = query.get("page", ""), query.get("role", ""), query.get("standing", "")
    return Asked(
        text=query.get("q", "").strip()[:100],
        role=role if role in set(Role) else "",
        standing=standing if standing in set(Standing) else "",
        page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
    )


def _filters(asked: Asked, now: datetime) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.text:
        columns = (col(Person.name), col(Person.staff_no), col(Person.email), col(Account.user_name))
        wanted.append(or_(*(column.icontains(asked.text, autoescape=True) for column in columns)))
    if asked.role:
        wanted.append(holds(Role(asked.role)))
    locked = and_(col(Account.locked_until).is_not(None), col(Account.locked_until) > now)
    of_standing: dict[str, Any] = {
        Standing.BARRED: col(Account.is_barred),
        Standing.LOCKED: locked,
        Standing.INVITED: and_(col(Account.password_hash) == "", col(Account.last_sign_in_at).is_(None)),
        Standing.WITHOUT_FACTOR: and_(
            col(Account.totp_since).is_(None), or_(holds(Role.HR_ADMIN), holds(Role.AUDITOR))
        ),
        Standing.ACTIVE: and_(~col(Account.is_barred), ~locked, col(Account.last_sign_in_at).is_not(None)),
    }
    if asked.standing:
        wanted.append(of_standing[asked.standing])
    return wanted


def holds(role: Role) -> ColumnElement[bool]:
    return cast(col(Account.roles), String).like(f'%"{role.value}"%')


def standing_of(account: Account, now: datetime) -> Standing:
    if account.is_barred:
        return Standing.BARRED
    if account.locked_until and account.locked_until > now:
        return Standing.LOCKED
    if not account.password_hash and account.last_sign_in_at is None:
        return Standing.INVITED
    return Standing.ACTIVE


def named(unit: Unit | None, around: Shell) -> str:
    return in_language(unit.name, unit.name_en, around.tongue.language) if unit else ""


@router.get("/new")
async def show_people_to_invite(
    around: TheShell, asking: AccountReader, database: Database, q: str = ""
) -> Response:
    text = q.strip()[:100]
    columns = (col(Person.name), col(Person.staff_no), col(Person.email))
    found = await database.exec(
        select(Person, Unit)
        .outerjoin(Account, col(Account.person_id) == col(Person.id))
        .outerjoin(Unit, col(Unit.id) == col(Person.unit_id))
        .where(
            col(Person.company_id) == asking.company_id,
            col(Account.person_id).is_(None),
            col(Person.left_on).is_(None),
            *([or_(*(column.icontains(text, autoescape=True) for column in columns))] if text else []),
        )
        .order_by(col(Person.staff_no), col(Person.id))
        .limit(PAGE_SIZE)
    )
    people = tuple((person, named(unit, around)) for person, unit in found.all())
    return around.render("users/invite.html", InvitePage(text, people))


@router.get("/{person_id}")
async def show_user(
    person_id: str, around: TheShell, asking: AccountReader, database: Database, done: str = ""
) -> Response:
    return around.render("users/user.html", await user_page(database, around, asking, person_id, done=done))


async def user_page(
    database: AsyncSession, around: Shell, asking: Viewer, person_id: str, **shown: Any
) -> UserPage:
    """Return a person's page; `shown` is what was typed, done or refused."""
    person, account = await person_of(database, asking, person_id)
    unit = await database.get(Unit, person.unit_id)
    roles = tuple(Role(role) for role in account.roles) if account else ()
    standing = standing_of(account, datetime.now(UTC)) if account else None
    return UserPage(
        **{
            "person": person,
            "unit": named(unit, around),
            "account": account,
            "standing": standing,
            "standing_words": STANDINGS[standing] if standing else "",
            "history": await access_lines(database, around.tongue, person_id=person_id, most=MOST_HISTORY),
            "may_change": may_manage_accounts(asking),
            "may_see_as": account is not None and may_be_seen_as(asking, person, account),
            "is_oneself": person.id == asking.id,
            "roles": roles,
            "user_name": person.email.split("@")[0] or person.staff_no,
            **shown,
        }
    )

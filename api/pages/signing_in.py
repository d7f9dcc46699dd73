"""Signing in with user name and password, and out again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import APIRouter, Request
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.facts import in_language
from api.pages.rendering import Shell, TheShell
from api.parts import TheParts
from api.session import Database
from api.words import say
from models.database import writing
from models.errors import Refusal
from models.org import Account, Person, Unit
from models.stages import Role, TaskState
from models.tasks import Task

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
DEMO_PEOPLE = 14

router = APIRouter()


@dataclass(frozen=True)
class DemoPerson:
    person_id: str
    name: str
    role: str
    place: str
    open_tasks: int


@dataclass(frozen=True)
class SignInPage:
    next: str
    user_name: str = ""
    problem: str = ""
    demo_people: tuple[DemoPerson, ...] = ()


@router.get("/sign-in")
async def show_sign_in(around: TheShell, database: Database, next: str = "/") -> Response:
    if around.viewer:
        return RedirectResponse(own_path(next), 303)
    return around.render(
        "signing_in/sign_in.html", SignInPage(own_path(next), demo_people=await demo_people(around, database))
    )


@router.post("/sign-in")
async def sign_in(request: Request, around: TheShell, parts: TheParts, database: Database) -> Response:
    form = await request.form()
    user_name, password = str(form.get("user_name", "")).strip(), str(form.get("password", ""))
    onward = own_path(str(form.get("next", "/")))
    await database.rollback()
    try:
        account = await check_password(database, user_name, password)
    except Refusal as refusal:
        problem = say(refusal.code, refusal.facts, around.tongue).detail
        page = SignInPage(onward, user_name, problem, await demo_people(around, database))
        return around.render("signing_in/sign_in.html", page, 422)
    parts.cookies.sign_in(request, account.person_id, account.password_hash)
    return RedirectResponse(onward, 303)


@router.post("/sign-in/demo")
async def sign_in_for_the_demonstration(request: Request, parts: TheParts, database: Database) -> Response:
    """Sign in as one of the sample company's people, without a password. There only in a demonstration."""
    if not parts.settings.demo:
        raise Refusal("not-found")
    form = await request.form()
    account = await database.get(Account, str(form.get("person", "")))
    if account is None:
        raise Refusal("person-unknown")
    parts.cookies.sign_in(request, account.person_id, account.password_hash)
    return RedirectResponse(own_path(str(form.get("next", "/"))), 303)


@router.post("/sign-out")
async def sign_out(request: Request, parts: TheParts) -> Response:
    parts.cookies.sign_out(request)
    return RedirectResponse("/sign-in", 303)


def own_path(path: str) -> str:
    """Return a path of ours to go on to; the first page where it would lead elsewhere."""
    split = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and not split.netloc
    return path if is_ours and path.isprintable() else "/"


async def check_password(database: AsyncSession, user_name: str, password: str) -> Account:
    """Return the account that name and password belong to, and count a wrong try.

    The lock is against guessing, no business: it runs by the wall clock.

    Raises:
        Refusal: `sign-in-wrong`, the same for a wrong name and a wrong password; `sign-in-locked`.
    """
    found = (await database.exec(select(Account).where(col(Account.user_name) == user_name))).first()
    person_id, known_hash = (found.person_id, found.password_hash) if found else ("", _hash_of_nobody())
    await database.rollback()  # No transaction is held while the password is checked.
    fits = await asyncio.to_thread(_fits, known_hash, password)
    await writing(database)
    account = await database.get(Account, person_id, with_for_update=True) if person_id else None
    if account is None:
        raise Refusal("sign-in-wrong")
    now = datetime.now(UTC)
    if account.locked_until and account.locked_until > now:
        raise Refusal("sign-in-locked", until=account.locked_until)
    person = await database.get_one(Person, account.person_id)
    fits = fits and person.left_on is None
    account.locked_until = None
    account.failed_tries = 0 if fits else account.failed_tries + 1
    if account.failed_tries >= TRIES:
        account.failed_tries, account.locked_until = 0, now + LOCKED_FOR
    database.add(account)
    await database.commit()
    if account.locked_until:
        raise Refusal("sign-in-locked", until=account.locked_until)
    if not fits:
        raise Refusal("sign-in-wrong")
    return account


def _fits(password_hash: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    """Checked where the name is unknown, so that the answer takes as long and tells nothing."""
    return PasswordHasher().hash("nobody")


async def demo_people(around: Shell, database: AsyncSession) -> tuple[DemoPerson, ...]:
    """Return whom to sign in as: those with a role first, then the holders of most open tasks."""
    if not around.is_demo:
        return ()
    tasks = (
        select(Task.holder_id, func.count().label("open"))
        .where(col(Task.state) == TaskState.OPEN)
        .group_by(col(Task.holder_id))
        .subquery()
    )
    found = await database.exec(
        select(Person, Account, Unit, func.coalesce(tasks.c.open, 0))
        .join(Account, col(Account.person_id) == col(Person.id))
        .outerjoin(Unit, col(Unit.id) == col(Person.unit_id))
        .outerjoin(tasks, tasks.c.holder_id == col(Person.id))
        .order_by(func.coalesce(tasks.c.open, 0).desc(), col(Person.staff_no))
        .limit(400)
    )
    rows = sorted(found.all(), key=lambda row: not row[1].roles)[:DEMO_PEOPLE]
    return tuple(
        DemoPerson(
            person_id=person.id,
            name=person.name,
            role=", ".join(around.term(Role(role)) for role in account.roles) or person.post,
            place=in_language(unit.name, unit.name_en, around.tongue.language) if unit else "",
            open_tasks=count,
        )
        for person, account, unit, count in rows
    )

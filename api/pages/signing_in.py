"""Signing in with user name, password and second factor, and out again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.access import access_event
from api.cookies import Halfway, mark_of
from api.facts import in_language
from api.pages.rendering import Shell, TheShell
from api.parts import Parts, TheParts
from api.second_factor import SecondFactor, in_groups, qr_code
from api.session import Database
from api.sign_in import check_code, check_password, count_wrong_try, note_sign_in
from api.words import say
from models.database import writing
from models.errors import Refusal
from models.org import Account, Person, Unit
from models.stages import Role, TaskState
from models.tasks import Task

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
    has_single_sign_on: bool = False
    provider: str = ""


@dataclass(frozen=True)
class CodePage:
    next: str
    problem: str = ""


@dataclass(frozen=True)
class Enrolment:
    """A secret to be put into an authenticator app."""

    svg: str
    secret: str


@dataclass(frozen=True)
class EnrolmentPage:
    next: str
    enrolment: Enrolment
    problem: str = ""


@dataclass(frozen=True)
class RecoveryPage:
    """Recovery codes, this once, and where to go on."""

    codes: tuple[str, ...]
    onward: str


@router.get("/sign-in")
async def show_sign_in(around: TheShell, database: Database, next: str = "/") -> Response:
    if around.viewer:
        return RedirectResponse(own_path(next), 303)
    return await sign_in_page(around, database, own_path(next))


async def sign_in_page(
    around: Shell,
    database: AsyncSession,
    onward: str,
    *,
    user_name: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    oidc = around.parts.settings.oidc
    page = SignInPage(
        next=onward,
        user_name=user_name,
        problem=problem,
        demo_people=await demo_people(around, database),
        has_single_sign_on=oidc.is_on,
        provider=oidc.label,
    )
    return around.render("signing_in/sign_in.html", page, status)


@router.post("/sign-in")
async def sign_in(request: Request, around: TheShell, parts: TheParts, database: Database) -> Response:
    form = await request.form()
    user_name, password = str(form.get("user_name", "")).strip(), str(form.get("password", ""))
    onward = own_path(str(form.get("next", "/")))
    await database.rollback()
    try:
        entry = await check_password(database, parts.settings, user_name, password)
    except Refusal as refusal:
        problem = in_sentence(around, refusal)
        return await sign_in_page(around, database, onward, user_name=user_name, problem=problem, status=422)
    if entry.halfway is Halfway.ENROLMENT:
        await begin_enrolment(database, parts, entry.account.person_id)
    parts.cookies.sign_in(request, entry.account, entry.halfway)
    return RedirectResponse(address_of(entry.halfway, onward), 303)


def address_of(halfway: Halfway | None, onward: str) -> str:
    """Return where signing in goes on."""
    return f"/sign-in/{halfway.value}?{urlencode({'next': onward})}" if halfway else onward


@router.post("/sign-in/demo")
async def sign_in_for_the_demonstration(request: Request, parts: TheParts, database: Database) -> Response:
    """Sign in as one of the sample company's people, without a password. There only in a demonstration."""
    if not parts.settings.demo:
        raise Refusal("not-found")
    form = await request.form()
    account = await database.get(Account, str(form.get("person", "")))
    if account is None:
        raise Refusal("person-unknown")
    if account.is_barred:
        raise Refusal("account-barred")
    parts.cookies.sign_in(request, account)
    return RedirectResponse(own_path(str(form.get("next", "/"))), 303)


@router.post("/sign-out")
async def sign_out(request: Request, parts: TheParts) -> Response:
    parts.cookies.sign_out(request)
    return RedirectResponse("/sign-in", 303)


# --- the second factor --------------------------------------------------------------------------


@router.get("/sign-in/code")
async def show_code(request: Request, around: TheShell, database: Database, next: str = "/") -> Response:
    await halfway_in(request, around.parts, database, Halfway.CODE)
    return around.render("signing_in/code.html", CodePage(own_path(next)))


@router.post("/sign-in/code")
async def give_code(request: Request, around: TheShell, parts: TheParts, database: Database) -> Response:
    form = await request.form()
    onward = own_path(str(form.get("next", "/")))
    person_id = (await halfway_in(request, parts, database, Halfway.CODE)).person_id
    await database.rollback()
    try:
        account = await check_code(database, SecondFactor(parts.settings), person_id, str(form.get("code", "")))
    except Refusal as refusal:
        return around.render("signing_in/code.html", CodePage(onward, in_sentence(around, refusal)), 422)
    parts.cookies.sign_in(request, account)
    return RedirectResponse(onward, 303)


@router.get("/sign-in/enrolment")
async def show_enrolment(request: Request, around: TheShell, database: Database, next: str = "/") -> Response:
    account = await halfway_in(request, around.parts, database, Halfway.ENROLMENT)
    page = EnrolmentPage(own_path(next), enrolment_of(account, around.parts))
    return around.render("signing_in/enrolment.html", page)


@router.post("/sign-in/enrolment")
async def enrol(request: Request, around: TheShell, parts: TheParts, database: Database) -> Response:
    """Turn the second factor on with a first code; that also ends signing in."""
    form = await request.form()
    onward = own_path(str(form.get("next", "/")))
    person_id = (await halfway_in(request, parts, database, Halfway.ENROLMENT)).person_id
    await database.rollback()
    try:
        account, codes = await confirm_factor(database, parts, person_id, str(form.get("code", "")), signs_in=True)
    except Refusal as refusal:
        account = await database.get_one(Account, person_id)
        page = EnrolmentPage(onward, enrolment_of(account, parts), in_sentence(around, refusal))
        return around.render("signing_in/enrolment.html", page, 422)
    parts.cookies.sign_in(request, account)
    return around.render("signing_in/recovery_codes.html", RecoveryPage(codes, onward))


async def halfway_in(request: Request, parts: Parts, database: AsyncSession, halfway: Halfway) -> Account:
    """Return the account whose password was right in this browser a moment ago.

    Raises:
        Refusal: `sign-in-over`.
    """
    visit = parts.cookies.visit(request)
    account = await database.get(Account, visit.person_id) if visit.halfway == halfway.value else None
    if account is None or mark_of(account) != visit.mark:
        raise Refusal("sign-in-over")
    return account


async def begin_enrolment(database: AsyncSession, parts: Parts, person_id: str) -> None:
    """Give an account without second factor a secret, and commit."""
    await database.rollback()
    await writing(database)
    account = await database.get_one(Account, person_id, with_for_update=True)
    if not account.has_second_factor:
        SecondFactor(parts.settings).begin(account)
    database.add(account)
    await database.commit()


def enrolment_of(account: Account, parts: Parts) -> Enrolment:
    """Return the secret that waits for its first code."""
    secret = SecondFactor(parts.settings).begin(account)
    return Enrolment(qr_code(secret, account.user_name), in_groups(secret))


async def confirm_factor(
    database: AsyncSession, parts: Parts, person_id: str, code: str, *, signs_in: bool = False
) -> tuple[Account, tuple[str, ...]]:
    """Turn a second factor on with a first code, and commit; return the recovery codes.

    Raises:
        Refusal: `factor-known`, `code-wrong`, `sign-in-locked`.
    """
    await writing(database)
    account = await database.get_one(Account, person_id, with_for_update=True)
    person = await database.get_one(Person, person_id)
    if account.locked_until and account.locked_until > datetime.now(UTC):
        raise Refusal("sign-in-locked", until=account.locked_until)
    if account.has_second_factor:
        raise Refusal("factor-known")
    codes = SecondFactor(parts.settings).confirm(account, code, datetime.now(UTC))
    if codes is None:
        await count_wrong_try(database, account, person, "code-wrong")
    account.failed_tries = 0
    if signs_in:
        note_sign_in(database, account, person, "code")
    database.add_all([account, access_event(person, "factor-added", person_id)])
    await database.commit()
    return account, tuple(codes or ())


# --- around -------------------------------------------------------------------------------------


def in_sentence(around: Shell, refusal: Refusal) -> str:
    return say(refusal.code, refusal.facts, around.tongue).detail


def own_path(path: str) -> str:
    """Return a path of ours to go on to; the first page where it would lead elsewhere."""
    split = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and not split.netloc
    return path if is_ours and path.isprintable() else "/"


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

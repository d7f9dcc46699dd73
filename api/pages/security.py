"""One's own sign-in: password, second factor, other browsers, and what happened lately."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.access import access_event
from api.pages.access_history import AccessLine, access_lines
from api.pages.rendering import Shell, TheShell
from api.pages.signing_in import (
    Enrolment,
    RecoveryPage,
    begin_enrolment,
    confirm_factor,
    enrolment_of,
    in_sentence,
)
from api.parts import TheParts
from api.second_factor import SecondFactor, remove
from api.session import Database, Themselves
from api.sign_in import count_wrong_try, fits_hash, hashed, needs_second_factor, refuse_weak
from models.database import writing
from models.errors import Refusal
from models.org import Account, Person

router = APIRouter(prefix="/me/security")

LATELY = 10


@dataclass(frozen=True)
class SecurityPage:
    account: Account
    has_password: bool
    enrolment: Enrolment | None
    """A second factor that waits for its first code."""
    codes_left: int
    must_have_factor: bool
    history: tuple[AccessLine, ...]
    done: str = ""
    """What was just done: password, codes, removed, signed-out."""
    problem_of: str = ""
    """Which form was refused, and why."""
    problem: str = ""


@router.get("")
async def show_security(around: TheShell, asking: Themselves, database: Database, done: str = "") -> Response:
    page = await security_page(database, around, asking.id)
    return around.render("account/security.html", replace(page, done=done))


async def security_page(database: AsyncSession, around: Shell, person_id: str) -> SecurityPage:
    account = await database.get(Account, person_id)
    if account is None:
        raise Refusal("not-found")
    is_pending = bool(account.totp_secret) and not account.has_second_factor
    return SecurityPage(
        account=account,
        has_password=bool(account.password_hash),
        enrolment=enrolment_of(account, around.parts) if is_pending else None,
        codes_left=len(account.recovery_hashes),
        must_have_factor=needs_second_factor(account) and around.parts.settings.second_factor == "required",
        history=await access_lines(database, around.tongue, person_id=person_id, most=LATELY),
    )


async def refused(around: Shell, database: AsyncSession, person_id: str, form: str, refusal: Refusal) -> Response:
    await database.rollback()
    database.expire_all()
    page = await security_page(database, around, person_id)
    page = replace(page, problem_of=form, problem=in_sentence(around, refusal))
    return around.render("account/security.html", page, 422)


def back(done: str = "") -> Response:
    return RedirectResponse(f"/me/security?done={done}" if done else "/me/security", 303)


@router.post("/password")
async def change_password(
    request: Request, around: TheShell, parts: TheParts, asking: Themselves, database: Database
) -> Response:
    """Change the password; every other browser is signed out by it, this one stays."""
    form = await request.form()
    known, new, again = (str(form.get(name, "")) for name in ("password", "new", "again"))
    await database.rollback()
    try:
        account = await _with_new_password(database, asking.id, known, new, again)
    except Refusal as refusal:
        return await refused(around, database, asking.id, "password", refusal)
    parts.cookies.sign_in(request, account)
    return back("password")


async def _with_new_password(database: AsyncSession, person_id: str, known: str, new: str, again: str) -> Account:
    """Check the password in use, set the new one, commit.

    Raises:
        Refusal: what is wrong with either.
    """
    account = await database.get_one(Account, person_id)
    person = await database.get_one(Person, person_id)
    known_hash = account.password_hash
    await database.rollback()
    fits = not known_hash or await fits_hash(known_hash, known)
    account, person = await locked(database, person_id)
    if not fits:
        await count_wrong_try(database, account, person, "password-wrong")
    refuse_weak(new, again, account, person)
    if known_hash and new == known:
        raise Refusal("password-same")
    account.password_hash = await hashed(new)
    account.failed_tries = 0
    database.add_all([account, access_event(person, "password-changed", person_id)])
    await database.commit()
    return account


async def locked(database: AsyncSession, person_id: str) -> tuple[Account, Person]:
    """Return one's own account for writing.

    Raises:
        Refusal: `sign-in-locked` after too many wrong tries.
    """
    await writing(database)
    account = await database.get_one(Account, person_id, with_for_update=True, populate_existing=True)
    if account.locked_until and account.locked_until > datetime.now(UTC):
        raise Refusal("sign-in-locked", until=account.locked_until)
    return account, await database.get_one(Person, person_id)


@router.post("/factor/begin")
async def begin_factor(parts: TheParts, asking: Themselves, database: Database) -> Response:
    await begin_enrolment(database, parts, asking.id)
    return RedirectResponse("/me/security#factor", 303)


@router.post("/factor")
async def turn_factor_on(
    request: Request, around: TheShell, parts: TheParts, asking: Themselves, database: Database
) -> Response:
    code = str((await request.form()).get("code", ""))
    await database.rollback()
    try:
        _, codes = await confirm_factor(database, parts, asking.id, code)
    except Refusal as refusal:
        return await refused(around, database, asking.id, "factor", refusal)
    return around.render("signing_in/recovery_codes.html", RecoveryPage(codes, "/me/security"))


@router.post("/factor/codes")
async def renew_codes(
    request: Request, around: TheShell, parts: TheParts, asking: Themselves, database: Database
) -> Response:
    """Give new recovery codes for a code of the app; the old ones count no more."""
    factor = SecondFactor(parts.settings)
    await database.rollback()
    try:
        account, person = await _with_code(request, database, factor, asking.id)
        codes = factor.renew_recovery_codes(account)
    except Refusal as refusal:
        return await refused(around, database, asking.id, "codes", refusal)
    database.add_all([account, access_event(person, "codes-renewed", asking.id)])
    await database.commit()
    return around.render("signing_in/recovery_codes.html", RecoveryPage(tuple(codes), "/me/security"))


@router.post("/factor/remove")
async def turn_factor_off(
    request: Request, around: TheShell, parts: TheParts, asking: Themselves, database: Database
) -> Response:
    await database.rollback()
    try:
        account, person = await _with_code(request, database, SecondFactor(parts.settings), asking.id)
        if needs_second_factor(account) and parts.settings.second_factor == "required":
            raise Refusal("factor-required")
    except Refusal as refusal:
        return await refused(around, database, asking.id, "codes", refusal)
    remove(account)
    database.add_all([account, access_event(person, "factor-removed", asking.id)])
    await database.commit()
    return back("removed")


async def _with_code(
    request: Request, database: AsyncSession, factor: SecondFactor, person_id: str
) -> tuple[Account, Person]:
    """Return one's own account for writing, once a code proves who asks."""
    form: Any = await request.form()
    account, person = await locked(database, person_id)
    if not factor.takes(account, str(form.get("code", "")), datetime.now(UTC)):
        await count_wrong_try(database, account, person, "code-wrong")
    account.failed_tries = 0
    return account, person


@router.post("/sign-out-everywhere")
async def sign_out_everywhere(
    request: Request, parts: TheParts, asking: Themselves, database: Database
) -> Response:
    """Sign every other browser out; this one gets a session of its own anew."""
    person_id = asking.id
    await database.rollback()
    await writing(database)
    account = await database.get_one(Account, person_id, with_for_update=True, populate_existing=True)
    account.session_epoch += 1
    person = await database.get_one(Person, person_id)
    database.add_all([account, access_event(person, "signed-out-everywhere", person_id)])
    await database.commit()
    parts.cookies.sign_in(request, account)
    return back("signed-out")

"""Checking who signs in: password, lock, second factor. Against guessing, so by the wall clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.access import access_event
from api.cookies import Halfway
from api.second_factor import SecondFactor
from models.clock import business_now
from models.database import writing
from models.errors import Refusal
from models.org import Account, Person
from models.settings import Settings
from models.stages import Role

TRIES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)
WITH_SECOND_FACTOR: Final = frozenset({Role.HR_ADMIN, Role.AUDITOR})
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200


@dataclass(frozen=True)
class Entry:
    """A right password, and what is asked for beside it; nothing, and the person is signed in."""

    account: Account
    halfway: Halfway | None


async def check_password(database: AsyncSession, settings: Settings, user_name: str, password: str) -> Entry:
    """Return the account that name and password belong to, and count a wrong try.

    Raises:
        Refusal: `sign-in-wrong`, the same for a wrong name and a wrong password; `sign-in-locked`;
            `account-barred`, to who knows the password.
    """
    found = (await database.exec(select(Account).where(col(Account.user_name) == user_name))).first()
    person_id, known_hash = (found.person_id, found.password_hash) if found else ("", "")
    await database.rollback()  # No transaction is held while the password is checked.
    fits = await fits_hash(known_hash, password)
    account, person = await _locked_row(database, person_id)
    if fits and account.is_barred:
        await database.rollback()
        raise Refusal("account-barred")
    if not fits or (person.left_on is not None and person.left_on <= (await business_now(database)).date()):
        await count_wrong_try(database, account, person, "sign-in-wrong")
    entry = Entry(account, what_is_asked_for(account, settings))
    if entry.halfway is not Halfway.CODE:  # Wrong codes count on, whatever passwords come between.
        account.failed_tries = 0
    account.locked_until = None
    if entry.halfway is None:
        note_sign_in(database, account, person, "password")
    database.add(account)
    await database.commit()
    return entry


async def check_code(database: AsyncSession, factor: SecondFactor, person_id: str, code: str) -> Account:
    """Return the account whose second factor the code is, once.

    Raises:
        Refusal: `code-wrong`, `sign-in-locked`, `account-barred`.
    """
    account, person = await _locked_row(database, person_id)
    if account.is_barred:
        await database.rollback()
        raise Refusal("account-barred")
    codes_before = len(account.recovery_hashes)
    if not factor.takes(account, code, datetime.now(UTC)):
        await count_wrong_try(database, account, person, "code-wrong")
    account.failed_tries, account.locked_until = 0, None
    by_recovery = len(account.recovery_hashes) < codes_before
    note_sign_in(database, account, person, "recovery-code" if by_recovery else "code")
    database.add(account)
    await database.commit()
    return account


def what_is_asked_for(account: Account, settings: Settings) -> Halfway | None:
    """Say what is asked for after a right password."""
    if account.has_second_factor:
        return Halfway.CODE
    if settings.second_factor == "required" and needs_second_factor(account):
        return Halfway.ENROLMENT
    return None


def needs_second_factor(account: Account) -> bool:
    return any(account.has(role) for role in WITH_SECOND_FACTOR)


def note_sign_in(database: AsyncSession, account: Account, person: Person, by: str) -> None:
    account.last_sign_in_at = datetime.now(UTC)
    database.add(access_event(person, "signed-in", person.id, by=by))


async def _locked_row(database: AsyncSession, person_id: str) -> tuple[Account, Person]:
    """Return an account's row for writing.

    Raises:
        Refusal: `sign-in-wrong` where there is none, `sign-in-locked`.
    """
    await writing(database)
    account = await database.get(Account, person_id, with_for_update=True) if person_id else None
    if account is None:
        await database.rollback()
        raise Refusal("sign-in-wrong")
    if account.locked_until and account.locked_until > datetime.now(UTC):
        until = account.locked_until
        await database.rollback()
        raise Refusal("sign-in-locked", until=until)
    return account, await database.get_one(Person, person_id)


async def count_wrong_try(database: AsyncSession, account: Account, person: Person, code: str) -> None:
    """Count a wrong try on an account's locked row; the fifth locks it. Commits.

    Raises:
        Refusal: always: `code`, or `sign-in-locked`.
    """
    account.failed_tries, account.locked_until = account.failed_tries + 1, None
    if account.failed_tries >= TRIES:
        account.failed_tries, account.locked_until = 0, datetime.now(UTC) + LOCKED_FOR
    kind = "locked-by-tries" if account.locked_until else "sign-in-failed"
    database.add_all([account, access_event(person, kind, why=code)])
    await database.commit()
    if account.locked_until:
        raise Refusal("sign-in-locked", until=account.locked_until)
    raise Refusal(code)


# --- passwords ----------------------------------------------------------------------------------


async def fits_hash(password_hash: str, password: str) -> bool:
    """Check a password in a thread, as it takes long on purpose; as long where there is no hash."""
    return await asyncio.to_thread(_fits, password_hash or _hash_of_nobody(), password) and bool(password_hash)


async def hashed(password: str) -> str:
    return await asyncio.to_thread(PasswordHasher().hash, password)


def refuse_weak(password: str, again: str, account: Account, person: Person) -> None:
    """Refuse a new password that is easily guessed.

    Raises:
        Refusal: `password-short`, `password-long`, `password-guessable`, `passwords-differ`.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise Refusal("password-short", count=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise Refusal("password-long", count=LONGEST_PASSWORD)
    plain = password.casefold()
    own = {account.user_name, person.staff_no, person.name, person.email.split("@")[0]}
    if len(set(plain)) < 5 or any(len(word) > 3 and word.casefold() in plain for word in own):
        raise Refusal("password-guessable")
    if password != again:
        raise Refusal("passwords-differ")


def _fits(password_hash: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    """Checked where the name is unknown, so that the answer takes as long and tells nothing."""
    return PasswordHasher().hash("nobody")

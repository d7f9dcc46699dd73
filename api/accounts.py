"""What HR does to accounts: invite, give and take roles, lock, reset.

Each change is one transaction with its record. Every function takes the viewer who orders it,
whose right the route has checked, and commits.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import String, cast, func
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.access import access_event
from api.parts import AccountLetter, AccountPost
from api.second_factor import remove
from api.session import Viewer, may_be_seen_as
from api.sign_in import hashed, needs_second_factor, note_sign_in, refuse_weak
from models.accounts import AccountLink, LinkPurpose
from models.clock import business_now
from models.database import writing
from models.delivery import hash_of_token
from models.errors import Refusal
from models.org import Account, Company, Person
from models.stages import Occasion, Role

LINK_COUNTS: Final = {LinkPurpose.INVITATION: timedelta(days=3), LinkPurpose.RESET: timedelta(days=1)}
OCCASIONS: Final = {
    LinkPurpose.INVITATION: Occasion.ACCOUNT_INVITATION,
    LinkPurpose.RESET: Occasion.PASSWORD_LINK,
}
SEEN_AS_FOR: Final = timedelta(minutes=30)
USER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,63}")


async def person_of(database: AsyncSession, asking: Viewer, person_id: str) -> tuple[Person, Account | None]:
    """Return a person of the viewer's company with their account, if they have one.

    Raises:
        Refusal: `person-unknown`, whether there is none or it is another company's.
    """
    found = await database.exec(
        select(Person, Account)
        .outerjoin(Account, col(Account.person_id) == col(Person.id))
        .where(col(Person.id) == person_id, col(Person.company_id) == asking.company_id)
    )
    row = found.first()
    if row is None:
        raise Refusal("person-unknown")
    return row[0], row[1]


async def locked_account(database: AsyncSession, asking: Viewer, person_id: str) -> tuple[Person, Account]:
    """Begin to write, and return a person of the viewer's company with their account.

    Raises:
        Refusal: `person-unknown`; `account-missing`.
    """
    company_id = asking.company_id
    await database.rollback()
    await writing(database)
    # One change of accounts at a time in a company: of two of HR who remove each other, one is refused.
    await database.get_one(Company, company_id, with_for_update=True)
    person = await database.get(Person, person_id)
    if person is None or person.company_id != company_id:
        raise Refusal("person-unknown")
    account = await database.get(Account, person_id, with_for_update=True, populate_existing=True)
    if account is None:
        raise Refusal("account-missing", person_id=person_id)
    return person, account


# --- roles and locks ----------------------------------------------------------------------------


async def set_roles(database: AsyncSession, asking: Viewer, person_id: str, wanted: Collection[Role]) -> Account:
    """Give and take roles. Whoever so comes to need a second factor signs in anew, and is asked for it.

    Raises:
        Refusal: `roles-clash`, `last-hr`.
    """
    by_id = asking.id
    if Role.AUDITOR in wanted and len(set(wanted)) > 1:
        raise Refusal("roles-clash")
    person, account = await locked_account(database, asking, person_id)
    before = {Role(role) for role in account.roles}
    if Role.HR_ADMIN in before and Role.HR_ADMIN not in wanted:
        await _refuse_last_hr(database, person)
    account.roles = [role.value for role in Role if role in wanted]
    for role in set(wanted) - before:
        database.add(access_event(person, "role-given", by_id, role=role.value))
    for role in before - set(wanted):
        database.add(access_event(person, "role-taken", by_id, role=role.value))
    if needs_second_factor(account) and not before & {Role.HR_ADMIN, Role.AUDITOR}:
        account.session_epoch += 1
    database.add(account)
    await database.commit()
    return account


async def _refuse_last_hr(database: AsyncSession, person: Person) -> None:
    """Refuse what would leave the company without anybody of HR who can sign in.

    Raises:
        Refusal: `last-hr`.
    """
    today = (await business_now(database)).date()
    found = await database.exec(
        select(Account, Person)
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(
            col(Person.company_id) == person.company_id,
            cast(col(Account.roles), String).like(f'%"{Role.HR_ADMIN.value}"%'),
        )
        .execution_options(populate_existing=True)
    )
    others = [
        account
        for account, one in found.all()
        if one.id != person.id
        and account.has(Role.HR_ADMIN)
        and not account.is_barred
        and (one.left_on is None or one.left_on > today)
    ]
    if not others:
        raise Refusal("last-hr")


async def bar(database: AsyncSession, asking: Viewer, person_id: str) -> None:
    """Lock an account until HR unlocks it; its browsers and tokens are let in no more.

    Raises:
        Refusal: `not-yourself`, `last-hr`.
    """
    by_id = asking.id
    if person_id == by_id:
        raise Refusal("not-yourself")
    person, account = await locked_account(database, asking, person_id)
    if account.has(Role.HR_ADMIN):
        await _refuse_last_hr(database, person)
    account.is_barred = True
    account.session_epoch += 1
    database.add_all([account, access_event(person, "barred", by_id)])
    await database.commit()


async def unbar(database: AsyncSession, asking: Viewer, person_id: str) -> None:
    """Unlock an account, whether HR or wrong tries locked it."""
    by_id = asking.id
    person, account = await locked_account(database, asking, person_id)
    account.is_barred, account.locked_until, account.failed_tries = False, None, 0
    database.add_all([account, access_event(person, "unbarred", by_id)])
    await database.commit()


async def reset_factor(database: AsyncSession, asking: Viewer, person_id: str) -> None:
    """Take a person's second factor off, whose phone is lost; their browsers are signed out."""
    by_id = asking.id
    if person_id == by_id:
        raise Refusal("not-yourself")
    person, account = await locked_account(database, asking, person_id)
    remove(account)
    account.session_epoch += 1
    database.add_all([account, access_event(person, "factor-reset", by_id)])
    await database.commit()


async def sign_out_everywhere(database: AsyncSession, asking: Viewer, person_id: str) -> Account:
    by_id = asking.id
    person, account = await locked_account(database, asking, person_id)
    account.session_epoch += 1
    database.add_all([account, access_event(person, "signed-out-everywhere", by_id)])
    await database.commit()
    return account


# --- one-time links -----------------------------------------------------------------------------


async def invite(
    database: AsyncSession, post: AccountPost | None, asking: Viewer, person_id: str, user_name: str
) -> None:
    """Make an account without a password and mail its owner a link to set one.

    Raises:
        Refusal: `account-exists`, `user-name-wrong`, `user-name-taken`, and those of `send_link`.
    """
    person, known = await person_of(database, asking, person_id)
    if known is not None:
        raise Refusal("account-exists", person_id=person_id)
    if not USER_NAME.fullmatch(user_name):
        raise Refusal("user-name-wrong")
    if not person.email:
        raise Refusal("address-missing", person_id=person_id)
    await database.rollback()
    await writing(database)
    taken = await database.exec(
        select(Account.person_id).where(func.lower(col(Account.user_name)) == user_name.lower())
    )
    if taken.first() is not None:
        raise Refusal("user-name-taken", user_name=user_name)
    database.add(Account(person_id=person_id, user_name=user_name, password_hash=""))
    await database.commit()
    await send_link(database, post, asking, person_id, LinkPurpose.INVITATION)


async def send_link(
    database: AsyncSession, post: AccountPost | None, asking: Viewer, person_id: str, purpose: LinkPurpose
) -> None:
    """Mail a person a link by which they set their password, once; those sent before count no more.

    Nobody else sees it, not even who orders it.

    Raises:
        Refusal: `address-missing`, `mail-away`.
    """
    by = asking.person
    person, account = await locked_account(database, asking, person_id)
    if not person.email:
        raise Refusal("address-missing", person_id=person_id)
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    until = now + LINK_COUNTS[purpose]
    await database.exec(
        update(AccountLink)
        .where(col(AccountLink.person_id) == person_id, col(AccountLink.used_at).is_(None))
        .values(used_at=now)
    )
    link = AccountLink(
        token_hash=hash_of_token(token),
        person_id=person_id,
        purpose=purpose,
        issued_by=by.id,
        issued_at=now,
        until=until,
    )
    kind = "invited" if purpose is LinkPurpose.INVITATION else "reset-sent"
    database.add_all([link, access_event(person, kind, by.id)])
    user_name = account.user_name
    database.expunge(person)
    await database.commit()
    letter = AccountLetter(OCCASIONS[purpose], person, user_name, f"/welcome/{token}", until, by)
    if post is None or not await post(letter):
        raise Refusal("mail-away", person_id=person_id)


async def open_account_link(database: AsyncSession, token: str) -> tuple[AccountLink, Person, Account]:
    """Return a one-time link that still counts. Changes nothing, so any program may look.

    Raises:
        Refusal: `welcome-unknown`, `welcome-used`, `welcome-over`, `account-barred`.
    """
    found = await database.exec(
        select(AccountLink, Person, Account)
        .join(Person, col(Person.id) == col(AccountLink.person_id))
        .join(Account, col(Account.person_id) == col(AccountLink.person_id))
        .where(col(AccountLink.token_hash) == hash_of_token(token))
    )
    row = found.first()
    if row is None or row[1].left_on is not None:
        raise Refusal("welcome-unknown")
    if row[0].used_at is not None:
        raise Refusal("welcome-used")
    if row[0].until <= datetime.now(UTC):
        raise Refusal("welcome-over")
    if row[2].is_barred:
        raise Refusal("account-barred")
    return row[0], row[1], row[2]


async def set_password_by_link(database: AsyncSession, token: str, new: str, again: str) -> Account:
    """Set a password by a one-time link, and use the link up; every browser is signed out.

    Raises:
        Refusal: what is wrong with the link or the password.
    """
    link, person, account = await open_account_link(database, token)
    person_id = link.person_id
    refuse_weak(new, again, account, person)
    password_hash = await hashed(new)
    await database.rollback()
    await writing(database)
    used = await database.exec(
        update(AccountLink)
        .where(col(AccountLink.token_hash) == hash_of_token(token), col(AccountLink.used_at).is_(None))
        .values(used_at=datetime.now(UTC))
    )
    if used.rowcount != 1:
        raise Refusal("welcome-used")
    account = await database.get_one(Account, person_id, with_for_update=True, populate_existing=True)
    person = await database.get_one(Person, person_id)
    account.password_hash = password_hash
    account.failed_tries, account.locked_until = 0, None
    database.add_all([account, access_event(person, "password-set", person.id)])
    if not account.has_second_factor:
        note_sign_in(database, account, person, "link")
    await database.commit()
    return account


# --- seeing the pages as somebody else ----------------------------------------------------------


async def begin_to_see_as(database: AsyncSession, asking: Viewer, person_id: str, reason: str) -> None:
    """Record that HR sees the pages as somebody else, and why.

    Raises:
        Refusal: `reason-needed`; `not-seen-as`, for HR, auditors, oneself and locked accounts.
    """
    if not reason:
        raise Refusal("reason-needed")
    person, account = await person_of(database, asking, person_id)
    if account is None or not may_be_seen_as(asking, person, account):
        raise Refusal("not-seen-as")
    by_id = asking.id
    event = access_event(person, "acting-began", by_id, acted_as=person_id, reason=reason)
    await database.rollback()
    await writing(database)
    database.add(event)
    await database.commit()

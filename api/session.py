"""Who is asking: a person signed in with a browser, or a machine with a bearer token.

Routes say in their signature whom they serve: `SignedIn`, `Themselves`, `HrAdmin`, `MaybeViewer`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from time import time
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy import bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.access import acting_event
from api.cookies import Visit, mark_of
from api.parts import Parts, TheParts
from api.scopes import SAFE, refuse_beyond
from models.accounts import ACTED_BY
from models.clock import business_now
from models.errors import Refusal
from models.org import Account, ApiToken, Company, Person
from models.stages import Role

HOLDER_OF_TOKEN = (
    select(Person, Account, ApiToken)
    .join(ApiToken, col(ApiToken.person_id) == col(Person.id))
    .outerjoin(Account, col(Account.person_id) == col(Person.id))
    .where(col(ApiToken.token_hash) == bindparam("token_hash"))
)
"""Built once: each request of a machine runs it."""

SIGNED_IN_PERSON = (
    select(Person, Account, Company)
    .join(Account, col(Account.person_id) == col(Person.id))
    .join(Company, col(Company.id) == col(Person.company_id))
    .where(col(Person.id) == bindparam("person_id"))
)
"""Built once: each request of a browser runs it."""


@dataclass(frozen=True)
class Viewer:
    """A person who asks, and what their account allows beside their post."""

    person: Person
    roles: frozenset[Role]
    by_token: bool = False
    """A machine asks, with a bearer token."""
    acted_by: Person | None = None
    """Who of HR really asks, seeing the pages as this person."""
    company: Company | None = None
    """Where it was read with the person."""

    @property
    def id(self) -> str:
        return self.person.id

    @property
    def company_id(self) -> str:
        return self.person.company_id

    def has(self, role: Role) -> bool:
        return role in self.roles

    @property
    def reads_all(self) -> bool:
        """Whether they see every row of their company (Rule 50)."""
        return bool(self.roles & {Role.HR_ADMIN, Role.EXECUTIVE, Role.AUDITOR})

    @property
    def only_reads(self) -> bool:
        """An auditor reads everything and changes nothing, whatever else the account may do (Rule 50)."""
        return Role.AUDITOR in self.roles


async def reading(parts: TheParts) -> AsyncIterator[AsyncSession]:
    async with parts.sessions() as session:
        yield session


Database = Annotated[AsyncSession, Depends(reading)]
"""The request's session. `Commands.ask` ends its transaction before it waits for the engine."""


async def viewer(request: Request, parts: TheParts, database: Database) -> Viewer | None:
    """Return who asks, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return await _holder_of(request, database, token.strip())
    return await _signed_in_here(request, parts, database)


async def _holder_of(request: Request, database: AsyncSession, token: str) -> Viewer:
    known = {"token_hash": sha256(token.encode()).hexdigest()}
    found = (await database.exec(HOLDER_OF_TOKEN, params=known)).first()
    if found is None or not found[2].counts(datetime.now(UTC)) or await _has_left(database, found[0]):
        raise Refusal("token-unknown")
    if found[1] is not None and found[1].is_barred:
        raise Refusal("token-unknown")
    refuse_beyond(found[2].scopes, request.method, request.url.path)
    return _as_viewer(found[0], found[1], by_token=True)


async def _signed_in_here(request: Request, parts: Parts, database: AsyncSession) -> Viewer | None:
    visit = parts.cookies.visit(request)
    if not visit.is_signed_in:
        return None
    found = await _person_with_account(database, visit.person_id)
    if found is None or found[1].is_barred or mark_of(found[1]) != visit.mark:
        return None
    asking = _as_viewer(found[0], found[1], company=found[2])
    if visit.as_id and visit.as_until > time():
        return await _seen_as(request, parts, database, asking, visit)
    return asking


async def _person_with_account(database: AsyncSession, person_id: str) -> tuple[Person, Account, Company] | None:
    row = (await database.exec(SIGNED_IN_PERSON, params={"person_id": person_id})).first()
    return None if row is None or await _has_left(database, row[0]) else (row[0], row[1], row[2])


async def _seen_as(request: Request, parts: Parts, database: AsyncSession, asking: Viewer, visit: Visit) -> Viewer:
    """Return the person as whom somebody of HR sees the pages; who asks themselves where that is over.

    What is written in this request's session names both, and so does the record of each unsafe request.
    """
    found = await _person_with_account(database, visit.as_id)
    if found is None or not may_be_seen_as(asking, found[0], found[1]):
        return asking
    database.info[ACTED_BY] = asking.id
    if request.method not in SAFE and not request.scope["state"].get("acting_noted"):
        request.scope["state"]["acting_noted"] = True
        async with parts.sessions() as session:
            session.add(acting_event(asking.person, found[0].id, request.method, request.url.path))
            await session.commit()
    seen = _as_viewer(found[0], found[1])
    return Viewer(seen.person, seen.roles, acted_by=asking.person, company=found[2])


def may_be_seen_as(asking: Viewer, person: Person, account: Account) -> bool:
    """Say whether HR may see the pages as this person: never as one of HR or an auditor."""
    return (
        asking.has(Role.HR_ADMIN)
        and not asking.only_reads
        and person.company_id == asking.company_id
        and person.id != asking.id
        and not account.has(Role.HR_ADMIN)
        and not account.has(Role.AUDITOR)
        and not account.is_barred
    )


async def _has_left(database: AsyncSession, person: Person) -> bool:
    return person.left_on is not None and person.left_on <= (await business_now(database)).date()


def _as_viewer(
    person: Person, account: Account | None, *, by_token: bool = False, company: Company | None = None
) -> Viewer:
    roles = frozenset(Role(role) for role in account.roles) if account else frozenset[Role]()
    return Viewer(person, roles, by_token, company=company)


MaybeViewer = Annotated[Viewer | None, Depends(viewer)]


async def signed_in(request: Request, parts: TheParts, found: MaybeViewer) -> Viewer:
    """Return who asks. An unsafe request that a browser's cookie vouches for must come from our own pages."""
    if found is None:
        raise Refusal("sign-in-needed")
    if not found.by_token and request.method not in SAFE:
        await come_from_our_own_page(request, parts)
    return found


SignedIn = Annotated[Viewer, Depends(signed_in)]


async def themselves(asking: SignedIn) -> Viewer:
    """Return who asks, where only they may: not a machine, and nobody of HR in their place."""
    if asking.by_token or asking.acted_by is not None:
        raise Refusal("only-themselves")
    return asking


Themselves = Annotated[Viewer, Depends(themselves)]


def _with_role(role: Role) -> object:
    async def holds_role(asking: SignedIn) -> Viewer:
        if not asking.has(role):
            raise Refusal("role-needed", role=role.value)
        return asking

    return Depends(holds_role)


HrAdmin = Annotated[Viewer, _with_role(Role.HR_ADMIN)]


async def reads_for_hr(asking: SignedIn) -> Viewer:
    """Return who asks, where they are of HR or an auditor: addresses and numbers are for no others."""
    if not asking.has(Role.HR_ADMIN) and not asking.has(Role.AUDITOR):
        raise Refusal("role-needed", role=Role.HR_ADMIN.value)
    return asking


HrReader = Annotated[Viewer, Depends(reads_for_hr)]


async def changes_for_hr(asking: HrAdmin) -> Viewer:
    """Return who asks, where they are of HR and no auditor: those change nothing (Rule 50)."""
    if asking.only_reads:
        raise Refusal("not-yours")
    return asking


HrEditor = Annotated[Viewer, Depends(changes_for_hr)]


async def come_from_our_own_page(request: Request, parts: TheParts) -> None:
    """Refuse an unsafe request that another site may have sent (CSRF): origin first, then the token.

    Our pages say `no-referrer`, with which browsers send `Origin: null`; then `Sec-Fetch-Site`
    decides, and always the token, which another site cannot know.
    """
    if request.method in SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Refusal("form-from-elsewhere")
    origin = request.headers.get("origin")
    if origin not in (None, "null") and urlsplit(str(origin)).netloc not in _our_hosts(request, parts):
        raise Refusal("form-from-elsewhere")
    token = request.headers.get("x-csrf-token", "")
    if not token and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        token = str((await request.form()).get("csrf", ""))
    if not parts.cookies.is_form_token(request, token):
        raise Refusal("form-expired")


def _our_hosts(request: Request, parts: Parts) -> set[str]:
    return {request.headers.get("host", ""), urlsplit(str(parts.settings.base_url)).netloc}


def form_token(request: Request, parts: Parts) -> str:
    """Return the value of a form's hidden field `csrf`."""
    return parts.cookies.form_token(request)

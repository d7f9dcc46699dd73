"""Tokens for machines: HR makes them in their own name, and revokes any of the company's."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.access import access_event
from api.pages.access_history import SCOPES
from api.pages.rendering import Shell, TheShell
from api.pages.signing_in import in_sentence
from api.rights import AccountManager, AccountReader, may_manage_accounts
from api.session import Database, Viewer
from models.accounts import Scope
from models.database import writing
from models.delivery import hash_of_token
from models.errors import Refusal
from models.org import ApiToken, Person

DAYS = (30, 90, 365)
MOST = 200

router = APIRouter(prefix="/settings/tokens")


@dataclass(frozen=True)
class TokenRow:
    token: ApiToken
    owner: str
    counts: bool
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class TokensPage:
    rows: tuple[TokenRow, ...]
    scopes: Mapping[Scope, str]
    days: tuple[int, ...]
    may_change: bool
    made: str = ""
    """A token just made, shown this once."""
    name: str = ""
    chosen: tuple[str, ...] = field(default=(Scope.READ.value,))
    chosen_days: int = 90
    problem: str = ""


@router.get("")
async def list_tokens(around: TheShell, asking: AccountReader, database: Database) -> Response:
    return around.render("account/tokens.html", await tokens_page(database, asking))


async def tokens_page(database: AsyncSession, asking: Viewer, **shown: object) -> TokensPage:
    """Return the page with the company's tokens, those that count first; `shown` is what was made or typed."""
    now = datetime.now(UTC)
    found = await database.exec(
        select(ApiToken, Person.name)
        .join(Person, col(Person.id) == col(ApiToken.person_id))
        .where(col(Person.company_id) == asking.company_id)
        .order_by(col(ApiToken.revoked_at).is_not(None), col(ApiToken.created_at).desc())
        .limit(MOST)
    )
    rows = tuple(
        TokenRow(token, name, token.counts(now), tuple(SCOPES[Scope(scope)] for scope in token.scopes))
        for token, name in found.all()
    )
    page = TokensPage(rows, SCOPES, DAYS, may_manage_accounts(asking))
    return TokensPage(**{**page.__dict__, **shown})


@router.post("")
async def make_token(request: Request, around: TheShell, asking: AccountManager, database: Database) -> Response:
    """Make a token that acts in one's own name, and show it this once."""
    form = await request.form()
    name = str(form.get("name", "")).strip()[:100]
    scopes = [scope for scope in Scope if form.get(scope.value)]
    asked_days = str(form.get("days", ""))
    days = int(asked_days) if asked_days in {str(one) for one in DAYS} else DAYS[0]
    try:
        if not name:
            raise Refusal("purpose-needed")
        if not scopes:
            raise Refusal("scopes-needed")
    except Refusal as refusal:
        return await _refused(around, database, asking, refusal, name, scopes, days)
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    await database.rollback()
    await writing(database)
    row = ApiToken(
        token_hash=hash_of_token(token),
        name=name,
        person_id=asking.id,
        created_at=now,
        created_by=asking.id,
        scopes=[scope.value for scope in scopes],
        ending=token[-4:],
        expires_at=now + timedelta(days=days),
    )
    database.add_all([row, access_event(asking.person, "token-made", asking.id, name=name, scopes=row.scopes)])
    await database.commit()
    return around.render("account/tokens.html", await tokens_page(database, asking, made=token))


async def _refused(
    around: Shell,
    database: AsyncSession,
    asking: Viewer,
    refusal: Refusal,
    name: str,
    scopes: list[Scope],
    days: int,
) -> Response:
    chosen = tuple(scope.value for scope in scopes)
    page = await tokens_page(
        database, asking, name=name, chosen=chosen, chosen_days=days, problem=in_sentence(around, refusal)
    )
    return around.render("account/tokens.html", page, 422)


@router.post("/revoke")
async def revoke_token(request: Request, around: TheShell, asking: AccountManager, database: Database) -> Response:
    token_hash = str((await request.form()).get("token", ""))
    company_id, by_id = asking.company_id, asking.id
    await database.rollback()
    await writing(database)
    token = await database.get(ApiToken, token_hash, with_for_update=True)
    owner = await database.get(Person, token.person_id) if token else None
    if token is None or owner is None or owner.company_id != company_id:
        raise Refusal("token-not-there")
    if token.revoked_at is None:
        token.revoked_at = datetime.now(UTC)
        database.add_all([token, access_event(owner, "token-revoked", by_id, name=token.name)])
        await database.commit()
    return RedirectResponse("/settings/tokens", 303)

"""Bearer tokens for machines that call the API. Only the hash is stored: a token is shown once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from models.accounts import Scope
from models.database import SessionMaker, writing
from models.delivery import hash_of_token
from models.errors import WrongSettings
from models.org import Account, ApiToken


async def make_token(
    sessions: SessionMaker, user_name: str, purpose: str, scopes: Sequence[Scope], lasts: timedelta
) -> str:
    """Make a token that acts as the person who signs in under `user_name`; return it, for this once.

    Raises:
        WrongSettings: nobody signs in under that name.
    """
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    async with sessions() as session:
        await writing(session)
        account = (await session.exec(select(Account).where(col(Account.user_name) == user_name))).first()
        if account is None:
            raise WrongSettings(f"Nobody signs in as {user_name!r}. Name an existing user.")
        session.add(
            ApiToken(
                token_hash=hash_of_token(token),
                name=purpose,
                person_id=account.person_id,
                created_at=now,
                scopes=[scope.value for scope in scopes],
                ending=token[-4:],
                expires_at=now + lasts,
            )
        )
        await session.commit()
    return token

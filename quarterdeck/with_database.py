"""What commands that read and write the database share: sessions, who of HR asks, and plain ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import Commands
from api.engine import Engine
from api.i18n import Tongue
from api.problems import Refusals
from api.session import Viewer
from api.words import say
from models.database import SessionMaker, connect, session_maker
from models.encryption import data_converter
from models.errors import Refusal, WrongSettings
from models.org import Account, Person
from models.settings import Settings, read_settings
from models.stages import Language, Role

Given = TypeVar("Given")
ENGLISH = Tongue(Language.ENGLISH)


async def viewer_of(session: AsyncSession, user_name: str) -> Viewer:
    """Return who of HR signs in by that name. Raises: WrongSettings: nobody does."""
    found = await session.exec(
        select(Person, Account)
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(col(Account.user_name) == user_name)
    )
    known = found.first()
    if known is None or not known[1].has(Role.HR_ADMIN):
        raise WrongSettings(f"Nobody of HR signs in as {user_name!r}.")
    person, account = known
    return Viewer(person, frozenset(Role(role) for role in account.roles))


def commands_of(settings: Settings) -> Commands:
    return Commands(Engine(data_converter(settings.payload_keys)), settings)


def run(use: Callable[[SessionMaker, Settings], Awaitable[Given]]) -> Given:
    """Do something with the database; what a person can mend becomes one line and an exit code."""

    async def with_sessions() -> Given:
        settings = read_settings()
        engine = connect(settings.database_url, pooled=False)
        try:
            return await use(session_maker(engine), settings)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(with_sessions())
    except (WrongSettings, OSError) as wrong:
        typer.echo(f"quarterdeck: {wrong}", err=True)
        raise typer.Exit(2) from wrong
    except Refusal as refusal:
        each = refusal.errors if isinstance(refusal, Refusals) else [refusal]
        for one in each:
            field = f"{one.facts['field']}: " if one.facts.get("field") else ""
            typer.echo(f"quarterdeck: {field}{say(one.code, dict(one.facts), ENGLISH).detail}", err=True)
        raise typer.Exit(1) from refusal

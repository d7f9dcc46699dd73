"""The server process: pages and JSON. Any number may run; none keeps anything to itself."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from temporalio.client import Client

from api.app import create_app
from api.commands import Commands
from api.cookies import Cookies
from api.engine import Engine
from api.parts import AccountLetter, Parts
from api.parts import Written as Shown
from api.single_sign_on import SingleSignOn
from connectors.files import open_sheet, read_table
from models.database import SessionMaker, connect, session_maker
from models.encryption import data_converter
from models.errors import WrongSettings
from models.org import Person
from models.settings import Settings, read_settings
from models.stages import Channel, Language, Occasion
from models.wordings import OwnWords
from notifications import wordings
from notifications.account_mail import AccountMail
from notifications.email import EmailChannel
from notifications.texts import About, Contact
from quarterdeck.conductor import Conductor, demo_client

GRACE_SECONDS = 15
"""Requests under way are answered before the process ends."""


def build_parts(settings: Settings, sessions: SessionMaker, client: Client | None = None) -> Parts:
    """Build what the routes are handed; `client` where one is connected already."""

    def dressed(client: Client) -> Client:
        return demo_client(client) if settings.demo else client

    engine = Engine(data_converter(settings.payload_keys), client, dressed=dressed)
    mail = AccountMail(sessions, EmailChannel(settings.smtp), str(settings.base_url))

    async def post(letter: AccountLetter) -> bool:
        return await mail.send(
            letter.occasion, letter.person, letter.user_name, letter.path, letter.until, letter.by
        )

    return Parts(
        settings=settings,
        sessions=sessions,
        engine=engine,
        commands=Commands(engine, settings),
        cookies=Cookies(settings),
        write=write_message,
        read_table=read_table,
        open_table=open_sheet,
        texts=MessageTexts(),
        conductor=Conductor(engine.client, sessions) if settings.demo else None,
        post=post,
        single_sign_on=SingleSignOn(settings.oidc, str(settings.base_url)) if settings.oidc.is_on else None,
    )


def write_message(
    occasion: Occasion,
    channel: Channel,
    person: Person,
    facts: Mapping[str, Any],
    own: OwnWords | None = None,
) -> Shown:
    """Word a message for a preview. `facts` are the fields of `About` that the caller knows."""
    about = About(**{"owner": Contact(""), **facts}, occasion=occasion, person=person.name)
    written = wordings.write_own(occasion, channel, person.language, about, own or {})
    return Shown(written.subject, written.text, written.html)


class MessageTexts:
    """The wordings of messages, as the settings' page asks for them."""

    pattern = staticmethod(wordings.pattern)
    distinguishes = staticmethod(wordings.distinguishes)
    placeholders = staticmethod(wordings.placeholders)
    checked = staticmethod(wordings.checked)

    def preview(
        self, occasion: Occasion, channel: Channel, language: Language, is_overdue: bool, own: OwnWords
    ) -> Shown:
        written = wordings.preview_own(occasion, channel, language, is_overdue, own)
        return Shown(written.subject, written.text, written.html)


def build_app(settings: Settings) -> FastAPI:
    database = connect(settings.database_url)
    app = create_app(build_parts(settings, session_maker(database)))
    serve = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with serve(app):
            yield
        await database.dispose()

    app.router.lifespan_context = lifespan
    return app


def main() -> int:
    """Serve until asked to stop."""
    try:
        settings = read_settings()
        app = build_app(settings)
    except WrongSettings as wrong:
        print(f"quarterdeck: {wrong}", file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,  # Ours writes no tokens.
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

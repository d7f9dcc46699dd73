"""The command line: `quarterdeck …`. A wrong setting is one clear line and exit code 2."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from temporalio.client import Client
from temporalio.envconfig import ClientConfig

from models.accounts import Scope
from models.database import SessionMaker, connect, session_maker
from models.encryption import data_converter
from models.errors import Refusal, WrongSettings
from models.settings import Settings, read_settings
from models.stages import Channel, Language, Occasion
from notifications.samples import preview
from quarterdeck import import_commands, migration, source_commands
from quarterdeck.conductor import Advance, Conductor
from quarterdeck.crm_import import import_crm
from quarterdeck.demonstration import Demonstration, reset, step_into_running
from quarterdeck.supervisor import PartFailed
from quarterdeck.tokens import make_token

app = typer.Typer(
    help="Runs performance cycles (绩效周期) that nobody has to chase.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("import-crm")(import_crm)
app.add_typer(source_commands.app, name="source")
app.add_typer(import_commands.app, name="import")
console = Console(soft_wrap=True)
Given = TypeVar("Given")

WORDS_OF_REFUSALS = {
    "time-moving": "Time is being moved on already; try again when that is done.",
    "time-stuck": "The workers do not keep up, or none is running; time stands where the last step ended.",
}


@contextmanager
def plain_failures() -> Iterator[None]:
    """Turn what a person can mend into one line and an exit code."""
    try:
        yield
    except WrongSettings as wrong:
        print(f"quarterdeck: {wrong}", file=sys.stderr)
        raise typer.Exit(2) from wrong
    except PartFailed as failed:
        print(f"quarterdeck: {failed}", file=sys.stderr)
        raise typer.Exit(1) from failed
    except Refusal as refusal:
        print(f"quarterdeck: {WORDS_OF_REFUSALS.get(refusal.code, refusal)}", file=sys.stderr)
        raise typer.Exit(1) from refusal


@app.command()
def demo() -> None:
    """Start everything a demonstration needs, and keep it running until Ctrl-C."""
    with plain_failures():
        os.environ["QUARTERDECK_DEMO"] = "true"
        Demonstration(read_settings(), console).run()


@app.command("demo-reset")
def demo_reset() -> None:
    """Remove the demonstration's data, so that the next start begins anew."""
    with plain_failures():
        os.environ["QUARTERDECK_DEMO"] = "true"
        folder = read_settings().demo_folder
        console.print(f"{folder} is removed." if reset(folder) else f"There is nothing to remove in {folder}.")


@app.command()
def serve() -> None:
    """Run the server: pages and API."""
    import server  # Only this command needs it, and it is the slowest to load.

    raise typer.Exit(server.main())


@app.command()
def work() -> None:
    """Run a worker."""
    import worker  # Only this command needs it.

    raise typer.Exit(worker.main())


@app.command()
def migrate() -> None:
    """Bring the database to the newest tables."""
    with plain_failures():
        migration.migrate(read_settings().database_url)
        console.print("The database is up to date.")


@app.command("check-settings")
def check_settings() -> None:
    """Read the settings and say what they come to; secrets are not shown."""
    with plain_failures():
        settings = read_settings()
        data_converter(settings.payload_keys)
        for name, value in settings.model_dump(mode="json").items():
            console.print(f"{name} = {value}", highlight=False, markup=False)


@app.command("make-secret")
def make_secret() -> None:
    """Make a signing key and a payload key, to be put in front of those in use."""
    key_id = secrets.token_hex(3)
    console.print(f"QUARTERDECK_SECRET_KEYS={secrets.token_urlsafe(48)}", highlight=False)
    console.print(
        f"QUARTERDECK_PAYLOAD_KEYS={key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}", highlight=False
    )


@app.command()
def token(
    user: Annotated[str, typer.Argument(help="The user in whose name the machine acts.")],
    purpose: Annotated[str, typer.Option(help="What it is for; shown in lists.")] = "machine",
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; again for more. All if none.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it counts.")] = 90,
) -> None:
    """Make a bearer token for a machine. It is shown once."""
    with plain_failures():
        scopes, lasts = scope or list(Scope), timedelta(days=days)
        made = _with_sessions(read_settings(), lambda sessions: make_token(sessions, user, purpose, scopes, lasts))
        console.print(made)


@app.command()
def advance(
    to: Annotated[str, typer.Argument(help="next-day, next-deadline, or a number of days.")] = "next-day",
) -> None:
    """Move a running demonstration's time on; the engine itself skips it."""
    with plain_failures():
        days = {"next-day": "1", "next-deadline": "0"}.get(to, to)
        if not re.fullmatch(r"\d{1,3}", days):
            raise WrongSettings(f"{to!r} is no step: say next-day, next-deadline, or a number of days.")
        settings = step_into_running(_demo_folder())

        async def move(sessions: SessionMaker) -> Advance:
            conductor = Conductor(
                _client_of(settings), sessions, tell=lambda now: console.print(f"  {now:%a %Y-%m-%d %H:%M} UTC")
            )
            if to == "next-deadline":
                return await conductor.to_next_deadline()
            return await conductor.advance(timedelta(days=int(days)))

        moved = _with_sessions(settings, move)
        console.print(f"It was {moved.before:%Y-%m-%d %H:%M} UTC; it is {moved.now:%Y-%m-%d %H:%M} UTC.")


@app.command("preview-message")
def preview_message(
    occasion: Annotated[Occasion, typer.Argument(help="Why it is written.")],
    channel: Annotated[Channel, typer.Option()] = Channel.EMAIL,
    language: Annotated[Language, typer.Option()] = Language.CHINESE,
    html: Annotated[Path | None, typer.Option(help="Write the HTML part to this file.")] = None,
) -> None:
    """Show a message as it will be written, with example data."""
    written = preview(occasion, channel, language)
    if written.subject:
        console.print(f"{written.subject}\n", markup=False, highlight=False)
    console.print(written.text, markup=False, highlight=False)
    if html is not None:
        html.write_text(written.html, encoding="utf-8")


def _demo_folder() -> Path:
    os.environ["QUARTERDECK_DEMO"] = "true"
    return read_settings().demo_folder


def _client_of(settings: Settings) -> Callable[[], Awaitable[Client]]:
    async def client() -> Client:
        try:
            return await Client.connect(
                **ClientConfig.load_client_connect_config(), data_converter=data_converter(settings.payload_keys)
            )
        except RuntimeError as away:  # The core reports a refused socket so.
            raise WrongSettings("Temporal does not answer. Is the demonstration running? make demo") from away

    return client


def _with_sessions(settings: Settings, use: Callable[[SessionMaker], Awaitable[Given]]) -> Given:
    async def run() -> Given:
        engine = connect(settings.database_url)
        try:
            return await use(session_maker(engine))
        finally:
            await engine.dispose()

    return asyncio.run(run())


if __name__ == "__main__":
    app()

"""`quarterdeck source …`: sources of figures connected, tried and fetched on the command line."""

from __future__ import annotations

import asyncio
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.downloads import as_csv
from api.fetching import ask_for_fetch
from api.sourcing import SourceGiven, connecting_source
from models.database import SessionMaker
from models.errors import WrongSettings
from models.sealing import SourceSecrets
from models.settings import Settings
from models.sources import Fetch, FetchMode, FetchState, RowFault, Source
from quarterdeck.fetch_report import faults_in_words, lines_of
from quarterdeck.source_files import read_source_file
from quarterdeck.with_database import commands_of, run, viewer_of

app = typer.Typer(help="Sources of figures: connect them, try them, fetch from them.", no_args_is_help=True)
LOOK_EVERY = 0.3

SourceName = Annotated[str, typer.Argument(help="Its name or id, as `source list` shows it.")]
FirstDay = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
LastDay = Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, inclusive.")]
Report = Annotated[Path | None, typer.Option(help="Write every faulty row to this CSV file.")]
Wait = Annotated[float, typer.Option(help="Seconds to wait for its end.")]


@app.command("list")
def list_sources() -> None:
    """List all sources: how often each is fetched, and as of when its figures are."""

    async def lines(sessions: SessionMaker) -> list[str]:
        async with sessions() as session:
            found = await session.exec(select(Source).order_by(col(Source.company_id), col(Source.name)))
            return [_line_of(source) for source in found.all()]

    for line in run(lambda sessions, settings: lines(sessions)) or ["There are no sources yet."]:
        typer.echo(line)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A description in TOML or JSON; - reads it from standard input.")],
    user: Annotated[str, typer.Option(help="Who of HR connects it: the name they sign in with.")],
) -> None:
    """Connect a source that a file describes. Secrets in it are kept encrypted; do not leave them in the file."""

    async def connected(sessions: SessionMaker, settings: Settings) -> Source:
        described = read_source_file(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
        given = SourceGiven.model_validate(described.model_dump(exclude={"maps"}))
        async with sessions() as session:
            viewer = await viewer_of(session, user)
            sealing = SourceSecrets(settings)
            source, wish = await connecting_source(session, viewer, given, sealing, described.maps)
            await commands_of(settings).ask(session, wish)
            return source

    source = run(connected)
    typer.echo(f"Connected: {source.name} ({source.id}). Try it: quarterdeck source test {source.id}")


@app.command("test")
def try_connection(source: SourceName, wait: Wait = 120) -> None:
    """Find out whether a source lets us in, and has what its map names."""
    _fetch(source, FetchMode.TEST, None, None, None, wait)


@app.command("dry-run")
def dryrun(
    source: SourceName, first: FirstDay = None, last: LastDay = None, report: Report = None, wait: Wait = 3600
) -> None:
    """Show what would come in, and all that is wrong with it; nothing is taken over."""
    _fetch(source, FetchMode.DRY_RUN, first, last, report, wait)


@app.command()
def fetch(
    source: SourceName, first: FirstDay = None, last: LastDay = None, report: Report = None, wait: Wait = 3600
) -> None:
    """Fetch, and take over all or nothing."""
    _fetch(source, FetchMode.TAKE_OVER, first, last, report, wait)


def _fetch(
    name: str,
    mode: FetchMode,
    first: datetime | None,
    last: datetime | None,
    report: Path | None,
    wait: float,
) -> None:
    async def fetched(sessions: SessionMaker, settings: Settings) -> tuple[Fetch, Source, list[RowFault]]:
        async with sessions() as session:
            source = await _source(session, name)
            fetch_id = await ask_for_fetch(
                session,
                commands_of(settings),
                source,
                mode,
                asked_by=source.created_by,
                from_on=_day(first),
                until_on=_day(last),
            )
        ended = await _ended(sessions, fetch_id, wait)
        async with sessions() as session:
            found = await session.exec(
                select(RowFault).where(RowFault.fetch_id == fetch_id).order_by(col(RowFault.position))
            )
            return ended, source, list(found.all())

    ended, source, faults = run(fetched)
    for line in lines_of(ended, source, faults):
        typer.echo(line)
    if report is not None:
        report.write_bytes(as_csv(faults_in_words(faults)))
        typer.echo(f"Every faulty row: {report}")
    if ended.state is not FetchState.DONE:
        raise typer.Exit(1)


async def _ended(sessions: SessionMaker, fetch_id: str, wait: float) -> Fetch:
    """Return the fetch once it has ended, or as it is when nobody wants to wait any longer."""
    until = asyncio.get_running_loop().time() + wait
    while True:
        async with sessions() as session:
            fetch = await session.get_one(Fetch, fetch_id)
        if fetch.state is not FetchState.RUNNING or asyncio.get_running_loop().time() > until:
            return fetch
        await asyncio.sleep(LOOK_EVERY)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _line_of(source: Source) -> str:
    every = f"every {source.every_minutes} minutes" if source.every_minutes else "on demand"
    as_of = f"as of {source.fetched_at:%Y-%m-%d %H:%M} UTC" if source.fetched_at else "never fetched"
    state = every if source.is_on else "switched off"
    return f"{source.id}  {source.company_id}  {source.kind.value}  {source.name}: {state}, {as_of}"


async def _source(session: AsyncSession, name: str) -> Source:
    found = await session.exec(select(Source).where(or_(col(Source.id) == name, col(Source.name) == name)))
    sources = found.all()
    if len(sources) != 1:
        raise WrongSettings(
            f"{len(sources)} sources are called {name!r}. Name one by its id: quarterdeck source list"
        )
    return sources[0]

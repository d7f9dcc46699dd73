"""`quarterdeck import …`: files checked, looked at and taken over on the command line (Rule 34).

Exit codes: 0, the file is sound, or taken over; 1, it is faulty or refused, and nothing was written;
2, a setting, a file or a user is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.intake.checking import Checked, check, digest
from api.intake.marking import headings_of, said_of, words_by_row
from api.intake.taking import Sent, keep_checked, taking_over
from api.intake.workbooks import given_back, template
from api.pages.import_views import how_read
from api.pages.target_views import before
from connectors.files import open_sheet, read_table
from models.clock import business_now
from models.cycles import Cycle
from models.database import SessionMaker
from models.errors import WrongSettings
from models.intake import Intake, IntakeKind, IntakeState
from models.settings import Settings
from quarterdeck.with_database import ENGLISH, commands_of, run, viewer_of

MOST_LISTED = 200
MOST_SHOWN = 10

TheFile = Annotated[Path, typer.Argument(help="An .xlsx or .csv file.")]
User = Annotated[str, typer.Option(help="Who of HR imports it: the name they sign in with.")]
Preview = Annotated[bool, typer.Option("--preview", help="Also show the first rows that are new or change.")]
TakeOver = Annotated[bool, typer.Option("--take-over", help="Take all of it over if nothing is wrong with it.")]
Marked = Annotated[Path | None, typer.Option("--annotated", help="Write the file with its faults marked here.")]
CycleName = Annotated[str, typer.Option("--cycle", help="Whose targets they are: the cycle's name or id.")]
Totals = Annotated[
    Path | None,
    typer.Option("--totals", help="A text file with the old system's totals: `sales 2025-12 1234.56` a line."),
]
app = typer.Typer(
    help="Check files of units, people, metrics, targets and past figures, and take them over.",
    no_args_is_help=True,
)


@dataclass(frozen=True)
class Order:
    """What somebody wants done with a file."""

    kind: IntakeKind
    file: Path
    user: str
    preview: bool
    take_over: bool
    annotated: Path | None
    cycle: str = ""
    totals: Path | None = None


@app.command()
def units(
    file: TheFile, user: User, preview: Preview = False, take_over: TakeOver = False, annotated: Marked = None
) -> None:
    """Divisions, departments and teams."""
    _import(Order(IntakeKind.UNITS, file, user, preview, take_over, annotated))


@app.command()
def people(
    file: TheFile, user: User, preview: Preview = False, take_over: TakeOver = False, annotated: Marked = None
) -> None:
    """Who works where, and reports to whom."""
    _import(Order(IntakeKind.PEOPLE, file, user, preview, take_over, annotated))


@app.command()
def metrics(
    file: TheFile, user: User, preview: Preview = False, take_over: TakeOver = False, annotated: Marked = None
) -> None:
    """What is measured."""
    _import(Order(IntakeKind.METRICS, file, user, preview, take_over, annotated))


@app.command()
def targets(
    file: TheFile,
    user: User,
    cycle: CycleName,
    preview: Preview = False,
    take_over: TakeOver = False,
    annotated: Marked = None,
) -> None:
    """Targets of people and units for one cycle."""
    _import(Order(IntakeKind.TARGETS, file, user, preview, take_over, annotated, cycle=cycle))


@app.command()
def history(
    file: TheFile,
    user: User,
    totals: Totals = None,
    preview: Preview = False,
    take_over: TakeOver = False,
    annotated: Marked = None,
) -> None:
    """Figures of past months, reconciled with the old system's totals."""
    _import(Order(IntakeKind.HISTORY, file, user, preview, take_over, annotated, totals=totals))


@app.command("template")
def write_template(
    kind: Annotated[IntakeKind, typer.Argument(help="What it is for.")],
    file: Annotated[Path, typer.Argument(help="The .xlsx file to write.")],
) -> None:
    """Write the workbook to fill in."""
    months = before(date.today().replace(day=1), 12) if kind is IntakeKind.HISTORY else ()
    file.write_bytes(template(kind, ENGLISH, months))
    typer.echo(f"{file} is written.")


def _import(order: Order) -> None:
    async def work(sessions: SessionMaker, settings: Settings) -> tuple[Intake, Checked]:
        async with sessions() as session:
            return await _carried_out(session, settings, order)

    intake, checked = run(work)
    for line in lines_of(intake, checked, shows_rows=order.preview):
        typer.echo(line)
    if checked.faults.count and order.annotated is not None:
        words = words_by_row(checked.faults, ENGLISH)
        order.annotated.write_bytes(given_back(read_table, open_sheet, intake, words, ENGLISH.gettext("Problem")))
        typer.echo(f"The file with its faults marked: {order.annotated}")
    if checked.faults.count:
        raise typer.Exit(1)


async def _carried_out(session: AsyncSession, settings: Settings, order: Order) -> tuple[Intake, Checked]:
    viewer = await viewer_of(session, order.user)
    sent = Sent(
        order.kind,
        order.file.name,
        order.file.read_bytes(),
        await _cycle(session, viewer.company_id, order.cycle),
        order.totals.read_text(encoding="utf-8-sig") if order.totals else "",
    )
    if not order.take_over:
        intake = Intake(
            id="",
            company_id=viewer.company_id,
            kind=sent.kind,
            state=IntakeState.FAULTY,
            file_name=sent.file_name,
            sha256=digest(sent.content),
            content=sent.content,
            cycle_id=sent.cycle_id,
            totals=sent.totals,
            by_id=viewer.id,
            received_at=await business_now(session),
        )
        checked = await check(session, open_sheet, intake)
        intake.state, intake.outcome = checked.state, checked.outcome
        return intake, checked
    intake, checked = await keep_checked(session, open_sheet, viewer.company_id, viewer.id, sent)
    if checked.faults.count == 0:
        wish = await taking_over(session, open_sheet, intake, viewer.id)
        await commands_of(settings).note(session, wish)
        intake.state = IntakeState.TAKEN
    return intake, checked


async def _cycle(session: AsyncSession, company_id: str, name: str) -> str:
    """Return the id of a cycle by its name or id. Raises: WrongSettings: there is none, or several."""
    if not name:
        return ""
    found = await session.exec(
        select(Cycle.id).where(
            col(Cycle.company_id) == company_id, or_(col(Cycle.id) == name, col(Cycle.name) == name)
        )
    )
    ids = found.all()
    if len(ids) != 1:
        raise WrongSettings(f"{len(ids)} cycles are called {name!r}. Name one by its id.")
    return ids[0]


def lines_of(intake: Intake, checked: Checked, *, shows_rows: bool) -> Iterator[str]:
    """Say what came of a file."""
    outcome = checked.outcome
    yield f"{intake.file_name}: " + ", ".join(
        f"{outcome[name]:,} {words}"
        for name, words in (
            ("rows", "rows"),
            ("new", "new"),
            ("changed", "changed"),
            ("unchanged", "unchanged"),
            ("fault_count", "faults"),
        )
    )
    for line in how_read(outcome, ENGLISH):
        yield f"  {line}"
    for line in outcome["more"].get("sums", ()):
        month = line["month"] or "all"
        given = line["given"] or "-"
        yield f"  {line['metric']}  {month:8} {line['sum']:>20} {given:>20}  {line['outcome']}"
    if shows_rows:
        yield from _first_rows(outcome)
    yield from _faults(intake, checked)
    if intake.state is IntakeState.TAKEN:
        yield "All of it is taken over."
    elif checked.faults.count:
        yield "Nothing of it is taken over."
    else:
        yield "Nothing is wrong with it. Take it over with --take-over."


def _first_rows(outcome: dict[str, Any]) -> Iterator[str]:
    for new in outcome["first_new"][:MOST_SHOWN]:
        yield f"  + row {new['row']}: " + ", ".join(
            f"{name} {value}" for name, value in new.items() if value and name != "row"
        )
    for one in outcome["first_changed"][:MOST_SHOWN]:
        what = ", ".join(f"{name} {one['before'].get(name)} → {value}" for name, value in one["after"].items())
        yield f"  ~ row {one['row']}: {one['who']}: {what}"


def _faults(intake: Intake, checked: Checked) -> Iterator[str]:
    """Name each fault by sheet, row, column and value, with what to do."""
    headings = headings_of(intake.kind, ENGLISH)
    sheet = checked.outcome["how"]["sheet"]
    faults = checked.faults.in_order()
    for fault in faults[:MOST_LISTED]:
        place = f"row {fault.row}" if fault.row else "the file"
        place = f"{sheet}, {place}" if sheet else place
        column = f", {headings.get(fault.column, fault.column)}" if fault.column else ""
        value = f" “{fault.value[:60]}”" if fault.value else ""
        yield f"  {place}{column}{value}: {said_of(fault, ENGLISH)}"
    if checked.faults.count > MOST_LISTED:
        yield f"  and {checked.faults.count - MOST_LISTED:,} more: --annotated FILE.xlsx has them marked."

"""Takes over a CRM's export as a company, and readies a cycle on its figures.

`docs/crm-import.md` shows it at work. The figures themselves are fetched from the deals during
the cycle, as those of any company whose CRM is connected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.database import SessionMaker, connect, session_maker, writing
from models.errors import Refusal, WrongSettings
from models.metrics import Metric, Target
from models.months import month_after
from models.org import Company, Person, Unit
from models.records import Deal
from models.settings import read_settings
from models.stages import UnitKind
from models.terms import Terms
from quarterdeck.crm_company import HR, CompanyMaker, ImportOptions
from quarterdeck.crm_report import ImportReport
from quarterdeck.crm_tables import read_export
from quarterdeck.demo.rows import Rows

GROWTH = Decimal("1.05")
CENT = Decimal("0.01")


async def import_crm_opportunities(
    sessions: SessionMaker, folder: Path, options: ImportOptions | None = None
) -> ImportReport:
    """Import an export as a company, all of it or nothing.

    Raises:
        Refusal: a file is missing, unreadable or lacks columns; `company-exists`.
    """
    options = options or ImportOptions()
    report = ImportReport(options.company_id)
    rows = CompanyMaker(options, read_export(folder, report), report).make()
    async with sessions() as session:
        await writing(session)
        if await session.get(Company, options.company_id):
            raise Refusal("company-exists", company_id=options.company_id)
        await rows.write(session)
        await session.commit()
    return report


async def prepare_cycle(
    sessions: SessionMaker, company_id: str, starts_on: date, ends_on: date, terms: Terms
) -> str:
    """Draft a cycle of an imported company; return its id.

    Everybody's target is what they sold in the period of as many months before it, and five per
    cent more, to the cent; who sold nothing then gets the mean of their team. Units' targets are
    the sums of those below them.

    Raises:
        Refusal: `company-unknown`.
    """
    cycle_id = f"{company_id}-{starts_on:%Y-%m}"
    async with sessions() as session:
        await writing(session)
        if not await session.get(Company, company_id):
            raise Refusal("company-unknown", company_id=company_id)
        hr = (await session.exec(select(Person).where(Person.company_id == company_id, Person.post == HR))).one()
        cycle = Cycle(
            id=cycle_id,
            company_id=company_id,
            name=f"{starts_on} – {ends_on}",
            starts_on=starts_on,
            ends_on=ends_on,
            hr_owner_id=hr.id,
            terms=terms.model_dump(mode="json"),
            created_by=hr.id,
        )
        rows = Rows()
        rows.add(cycle)
        rows.add(*await _targets(session, cycle))
        await rows.write(session)
        await session.commit()
    return cycle_id


async def _targets(session: AsyncSession, cycle: Cycle) -> list[Target]:
    """Return the targets of everybody who is scored, and of every unit."""
    of_company = cycle.company_id
    metric = (await session.exec(select(Metric).where(Metric.company_id == of_company))).one()
    units = {unit.id: unit for unit in await session.exec(select(Unit).where(Unit.company_id == of_company))}
    people = list(await session.exec(select(Person).where(Person.company_id == of_company, Person.is_scored)))
    values = _aims(people, await _sold_before(session, cycle))
    sums: dict[str, Decimal] = {}
    targets = []
    for person in people:
        targets.append(_target(cycle, metric, units[person.unit_id], person.id, values[person.id]))
        unit_id: str | None = person.unit_id
        while unit_id:
            sums[unit_id] = sums.get(unit_id, Decimal()) + values[person.id]
            unit_id = units[unit_id].parent_id
    return targets + [_target(cycle, metric, units[unit_id], "", value) for unit_id, value in sums.items()]


async def _sold_before(session: AsyncSession, cycle: Cycle) -> dict[str, Decimal]:
    """Return everybody's won deals in the period of as many months before the cycle."""
    months = (cycle.ends_on.year - cycle.starts_on.year) * 12 + cycle.ends_on.month - cycle.starts_on.month + 1
    found = await session.exec(
        select(col(Deal.seller_id), func.sum(col(Deal.amount)))
        .where(
            col(Deal.company_id) == cycle.company_id,
            col(Deal.won_on) >= month_after(cycle.starts_on, -months),
            col(Deal.won_on) < cycle.starts_on,
        )
        .group_by(col(Deal.seller_id))
    )
    return dict(found.all())


def _aims(people: list[Person], sold: Mapping[str, Decimal]) -> dict[str, Decimal]:
    values = {person.id: sold[person.id] * GROWTH for person in people if person.id in sold}
    for person in people:
        if person.id not in values:
            team = [sold[peer.id] for peer in people if peer.id in sold and peer.unit_id == person.unit_id]
            peers = team or [*sold.values()]
            values[person.id] = sum(peers, Decimal()) / max(1, len(peers))
    return {person_id: value.quantize(CENT, ROUND_HALF_UP) for person_id, value in values.items()}


def _target(cycle: Cycle, metric: Metric, unit: Unit, person_id: str, value: Decimal) -> Target:
    in_department = {UnitKind.DEPARTMENT: unit.id, UnitKind.TEAM: unit.parent_id}
    return Target(
        id=f"{cycle.id}-{person_id or unit.id}",
        cycle_id=cycle.id,
        unit_id=unit.id,
        person_id=person_id,
        department_id=in_department.get(unit.kind) or "",
        metric_id=metric.id,
        value=value,
        full_value=value,
        initiative="Five per cent above the quarter before",
    )


def import_crm(
    folder: Annotated[Path, typer.Argument(help="Folder with the four CSV files of the export.")],
    company: Annotated[str, typer.Option(help="Id of the company to make.")] = "crm",
    name: Annotated[str, typer.Option(help="Its name.")] = "CRM import",
    currency: Annotated[str, typer.Option(help="Currency of the amounts.")] = "USD",
    time_zone: Annotated[str, typer.Option(help="Its time zone.")] = "Asia/Shanghai",
    mail_domain: Annotated[str, typer.Option(help="Domain of the addresses made up for people.")] = "example.com",
    password: Annotated[str, typer.Option(help="Makes accounts for HR and the head of sales with it.")] = "",
    report: Annotated[Path | None, typer.Option(help="Write every fault of the data to this CSV file.")] = None,
) -> None:
    """Import a CRM's export as a company, and name every fault of its data."""
    options = ImportOptions(company, name, currency, time_zone, mail_domain, password)
    try:
        found = asyncio.run(_import(read_settings().database_url, folder, options))
    except (Refusal, WrongSettings) as refusal:
        typer.echo(f"Nothing was imported: {in_words(refusal)}", err=True)
        raise typer.Exit(2 if isinstance(refusal, WrongSettings) else 1) from refusal
    for line in found.lines():
        typer.echo(line)
    if report:
        found.write(report)
        typer.echo(f"Every fault, row by row: {report}")


async def _import(database_url: str, folder: Path, options: ImportOptions) -> ImportReport:
    engine = connect(database_url, pooled=False)
    try:
        return await import_crm_opportunities(session_maker(engine), folder, options)
    finally:
        await engine.dispose()


WORDS = {
    "file-missing": "{file} is not in the folder, or cannot be read.",
    "file-empty": "{file} is empty.",
    "file-unreadable": "{file} is neither a CSV file nor an Excel workbook that can be read.",
    "encoding-unknown": "{file} is neither UTF-8 nor GB18030. Save it as CSV UTF-8.",
    "columns-missing": "{file} lacks the columns {missing}.",
    "columns-twice": "{file} has the columns {columns} twice.",
    "columns-unnamed": "column {position} of {file} has no name in the first row.",
    "company-exists": "there is a company {company_id} already. Choose another id with --company.",
}


def in_words(refusal: Refusal | WrongSettings) -> str:
    if isinstance(refusal, WrongSettings) or refusal.code not in WORDS:
        return str(refusal)
    facts = {name: ", ".join(value) if isinstance(value, list) else value for name, value in refusal.facts.items()}
    return WORDS[refusal.code].format(**facts)

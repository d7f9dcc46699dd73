"""What rows of a source are held against: our people, rates, deals, and the names that the source lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.staging import maps_of
from models.field_maps import RecordMap
from models.org import Company, Person
from models.records import Deal, ExchangeRate
from models.sources import Fetch, RecordKind, Source, StagedRow
from rules.mapped_rows import Known, Mapped, Row
from rules.rates import Rates
from rules.sellers import KnownPerson


@dataclass
class WhatIsKnown:
    """What rows of one source are held against, growing with what is read of it."""

    company: Company
    source: Source
    fetch: Fetch
    people: list[KnownPerson]
    rates: dict[tuple[str, date], Decimal]
    deals: dict[str, str]

    async def against(self, session: AsyncSession, wanted: RecordMap, *, is_whole: bool) -> Known:
        return Known(
            company_id=self.company.id,
            source_id=self.source.id,
            currency=self.company.currency,
            zone=ZoneInfo(self.source.settings.get("time_zone") or self.company.time_zone),
            people=self.people,
            rates=Rates((currency, day, value) for (currency, day), value in self.rates.items()),
            listed=await listed(session, self.fetch.id, wanted),
            deals=self.deals,
            from_on=self.fetch.from_on,
            until_on=self.fetch.until_on,
            is_whole=is_whole,
        )

    def add(self, found: Mapped) -> None:
        for record in found.records:
            if found.kind is RecordKind.RATE:
                self.rates[record["currency"], record["day"]] = record["rate"]
            elif found.kind is RecordKind.DEAL:
                self.deals.setdefault(record["number"], record["id"])


async def what_is_known(session: AsyncSession, source: Source, fetch: Fetch) -> WhatIsKnown:
    company = await session.get_one(Company, source.company_id)
    people = await session.exec(
        select(col(Person.id), col(Person.staff_no), col(Person.name), col(Person.email)).where(
            col(Person.company_id) == company.id
        )
    )
    rates = await session.exec(
        select(col(ExchangeRate.currency), col(ExchangeRate.day), col(ExchangeRate.rate)).where(
            col(ExchangeRate.company_id) == company.id
        )
    )
    kinds = {one.kind for one in maps_of(source)}
    deals: dict[str, str] = {}
    if RecordKind.PAYMENT in kinds:
        found = await session.exec(select(Deal.number, Deal.id).where(col(Deal.company_id) == company.id))
        deals = dict(found.all())
    return WhatIsKnown(
        company,
        source,
        fetch,
        [KnownPerson(*person) for person in people.all()],
        {(currency, day): rate for currency, day, rate in rates.all()},
        deals,
    )


async def listed(session: AsyncSession, fetch_id: str, wanted: RecordMap) -> dict[tuple[str, str], dict[str, str]]:
    """Return the names that the source lists for the fields of a map, and where each stands."""
    names: dict[tuple[str, str], dict[str, str]] = {}
    for object_, column in wanted.lists:
        found = await session.exec(
            select(StagedRow)
            .where(
                col(StagedRow.fetch_id) == fetch_id,
                col(StagedRow.kind) == wanted.kind,
                col(StagedRow.list_of) == f"{object_}:{column}",
            )
            .order_by(col(StagedRow.position))
        )
        names[object_, column] = {row.cells[column]: row.place for row in found.all()}
    return names


async def staged(session: AsyncSession, fetch_id: str, kind: RecordKind) -> list[Row]:
    found = await session.exec(
        select(StagedRow.place, StagedRow.cells, StagedRow.fault)
        .where(col(StagedRow.fetch_id) == fetch_id, col(StagedRow.kind) == kind, col(StagedRow.list_of) == "")
        .order_by(col(StagedRow.position), col(StagedRow.external_id))
    )
    return [Row(place, cells, fault) for place, cells, fault in found.all()]

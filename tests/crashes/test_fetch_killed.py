"""kill -9 of the worker in the middle of a fetch: afterwards there is every deal, once (Rule 29)."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlmodel import col, select

from models.database import SessionMaker, connect, session_maker
from models.org import Person
from models.records import Deal
from quarterdeck.demo.small import SmallCompany, make_small_company
from tests.crashes.premises import What, compiled, premises
from tests.journeys.quarter import prepare

ROWS = 12_000  # As the query below has it.
MAP = {
    "kind": "deal",
    "object": "contracts",
    "key": "no",
    "fields": {
        "seller": {"column": "seller"},
        "amount": {"column": "amount"},
        "won_on": {"column": "signed"},
        "customer": {"column": "customer"},
    },
    "seller_by": "staff_no",
}
READING = ("SELECT 1 FROM staged_row LIMIT 1", ())
STAGED = ("SELECT 1 FROM (SELECT count(*) AS rows FROM staged_row) AS all_of_it WHERE rows >= 12000", ())


async def founded_in(folder: Path, template: Path) -> tuple[SmallCompany, str]:
    """A company without a deal, and its ERP: twelve pages of contracts."""
    database = folder / "founded.db"
    shutil.copy(template, database)
    database_url = f"sqlite+aiosqlite:///{database}"
    engine = connect(database_url)
    sessions = session_maker(engine)
    company = await make_small_company(
        sessions, 1, 3, starts_on=date(2041, 1, 1), company_id="fetches", has_crm=False
    )
    await prepare(sessions, company, datetime.now(UTC), {})
    async with sessions() as session:
        sellers = (await session.exec(select(Person.staff_no).where(col(Person.is_scored).is_(True)))).all()
    await engine.dispose()
    own = folder / "sources" / company.company_id
    own.mkdir(parents=True)
    with closing(sqlite3.connect(own / "erp.db")) as erp:
        erp.execute(
            "create table contracts (no text primary key, seller text, amount text, signed text, customer)"
        )
        erp.executemany(
            "insert into contracts values (?, ?, ?, ?, ?)",
            (
                (
                    f"HT{number:06}",
                    sellers[number % len(sellers)],
                    f"{number}.25",
                    f"{date(2025, 1, 1) + timedelta(days=number % 300)}",
                    f"客户{number % 700}",
                )
                for number in range(ROWS)
            ),
        )
        erp.commit()
    return company, database_url


async def deals_in(sessions: SessionMaker) -> Counter[tuple[str, Decimal, date]]:
    async with sessions() as session:
        return Counter((await session.exec(select(col(Deal.number), col(Deal.amount), col(Deal.won_on)))).all())


async def test_a_fetch_whose_worker_is_killed_twice_brings_every_deal_once(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """Once while pages are read, once while what was read is taken over."""
    company, database_url = await founded_in(tmp_path, sqlite_template)
    environment = {
        **await compiled(tmp_path / "compiled"),
        "QUARTERDECK_SOURCES__FOLDER": str(tmp_path / "sources"),
    }
    folder = tmp_path / "running"
    folder.mkdir()
    async with asyncio.timeout(240), premises(folder, database_url, company, environment) as at:
        source = {"name": "ERP", "kind": "database", "settings": {"dialect": "sqlite", "database": "erp.db"}}
        await at.ask(company.hr_id, "/api/sources", "source", {**source, "maps": [MAP]})
        ((source_id,),) = at.bystander.rows("SELECT id FROM source")
        asking = asyncio.create_task(
            at.ask(company.hr_id, f"/api/sources/{source_id}/fetch", "fetch", {"mode": "take-over"})
        )
        await at.kill(What.WORKER, READING)
        await at.kill(What.WORKER, STAGED)
        await asking
        await at.until("SELECT 1 FROM fetch WHERE state = 'done'")
        deals = await deals_in(at.sessions)
    assert set(deals.values()) == {1}
    assert deals.keys() == {
        (f"HT{number:06}", Decimal(f"{number}.25"), date(2025, 1, 1) + timedelta(days=number % 300))
        for number in range(ROWS)
    }

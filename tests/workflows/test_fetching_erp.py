"""An ERP reached by its intermediate tables, in a real PostgreSQL, by the documented map (Rules 29, 34)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlmodel import col, select
from temporalio.testing import WorkflowEnvironment

from connectors.guard import Guard
from connectors.registry import connect
from connectors.source import Connector
from models.database import SessionMaker
from models.records import Deal, Payment
from models.sources import FetchMode, FetchState, Source
from quarterdeck.source_files import read_source_file
from tests.postgres import Postgres
from tests.workflows.fetch_house import FetchHouse, fetch_house

DOCUMENTED = Path(__file__).parents[2] / "docs" / "sources" / "erp-intermediate-tables.toml"
TABLES = """
create table "销售合同" ("行号" text primary key, "合同号" text, "业务员工号" text, "分成比例" numeric,
  "客户名称" text, "签订日期" date, "合同金额" numeric(14,2),
  "币种" text, "状态" text, "更新时间" timestamptz default now());
create table "收款计划" ("单号" text primary key, "合同号" text, "业务员工号" text, "应收日期" date,
  "应收金额" numeric(14,2), "已收金额" numeric(14,2), "收款日期" date);
create table "汇率表" ("编号" text primary key, "日期" date, "币种" text, "汇率" numeric);
"""


@pytest.fixture
def erp(postgres: Postgres) -> Iterator[psycopg.Connection]:
    name = f"erp_{uuid4().hex[:8]}"
    postgres.create(name)
    with psycopg.connect(host=str(postgres.folder), user="quarterdeck", dbname=name, autocommit=True) as admin:
        admin.execute(TABLES.encode())
        yield admin
    postgres.drop(name)


@pytest.fixture
async def house(
    engine: WorkflowEnvironment, sessions: SessionMaker, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[FetchHouse]:
    async def open_source(source: Source) -> Connector:
        return await connect(source.kind, source.settings, {}, Guard(allowed_hosts=(str(postgres.folder),)))

    async with fetch_house(engine, sessions, tmp_path / "sources", open_source) as made:
        await made.launch()
        yield made


async def added(house: FetchHouse, erp: psycopg.Connection, postgres: Postgres) -> Source:
    """Add the source as the documentation describes it, but for where the server is."""
    told = read_source_file(DOCUMENTED.read_text(encoding="utf-8"))
    here = {"host": str(postgres.folder), "database": erp.info.dbname, "user": "quarterdeck", "tls": "off"}
    settings = {name: value for name, value in told.settings.items() if name != "port"}
    return await house.add(told.kind, {**settings, **here}, told.maps)


async def test_contracts_payments_and_rates_become_figures_to_the_cent(
    house: FetchHouse, erp: psycopg.Connection, postgres: Postgres
) -> None:
    """Dollars by the day's rate; what two sellers share counts once; drafts and void contracts do not count."""
    one, two, *_ = await house.staff_numbers()
    with erp.cursor() as rows:
        rows.executemany(
            'insert into "销售合同" values (%s, %s, %s, %s, %s, %s, %s, %s, %s)',
            [
                ("1", "HT-1", one, 100, "海螺水泥", "2026-01-15", "100000.10", "CNY", "已审核"),
                ("2", "HT-2", one, 60, "中远海运", "2026-02-10", "10000.01", "USD", "已审核"),
                ("3", "HT-2", two, 40, "中远海运", "2026-02-10", "10000.01", "USD", "已审核"),
                ("4", "HT-3", two, 100, "宝武钢铁", "2026-02-11", "55555", "CNY", "草稿"),
                ("5", "HT-4", two, 100, "宝武钢铁", "2026-02-12", "66666", "CNY", "作废"),
            ],
        )
        rows.execute(
            """insert into "收款计划" values ('S1', 'HT-1', %s, '2026-01-31', 50000, 45000, '2026-02-01')""", [one]
        )
        rows.execute("""insert into "汇率表" values ('R1', '2026-02-09', 'USD', 7.1234)""")
    fetch = await house.fetch(await added(house, erp, postgres), FetchMode.TAKE_OVER)
    assert (fetch.state, fetch.trouble) == (FetchState.DONE, {}), await house.faults(fetch.id)
    deals = {(deal.number, deal.seller_id): deal for deal in await house.deals()}
    assert len(deals) == 3
    shared = [deal for (number, _), deal in deals.items() if number == "HT-2"]
    whole = Decimal("71234.07")  # 10,000.01 × 7.1234, to the cent.
    assert sum(deal.amount for deal in shared) == whole
    assert {deal.whole_amount for deal in shared} == {whole}
    assert {deal.currency for deal in shared} == {"USD"}
    figures, collection = await house.figures(), house.company.metric_ids["collection"]
    sales = {date(2026, 1, 1): Decimal("100000.10"), date(2026, 2, 1): whole, date(2026, 3, 1): Decimal(0)}
    assert await house.sales() == sales
    async with house.sessions() as session:
        payment = (await session.exec(select(Payment).where(col(Payment.source_id) != ""))).one()
        seller = (await session.exec(select(Deal.seller_id).where(col(Deal.number) == "HT-1"))).one()
    assert (payment.due, payment.paid, payment.seller_id) == (Decimal(50000), Decimal(45000), seller)
    assert figures[(seller, collection, date(2026, 1, 1))] == Decimal(90)


async def test_what_is_wrong_in_the_erp_is_named_row_by_row_and_nothing_is_taken_over(
    house: FetchHouse, erp: psycopg.Connection, postgres: Postgres
) -> None:
    one, *_ = await house.staff_numbers()
    with erp.cursor() as rows:
        rows.executemany(
            'insert into "销售合同" values (%s, %s, %s, %s, %s, %s, %s, %s, %s)',
            [
                ("1", "HT-1", one, 100, "海螺水泥", "2026-01-15", "100000", "CNY", "已审核"),
                ("2", "HT-2", "999999", 100, "中远海运", "2026-02-10", "10000", "CNY", "已审核"),
                ("3", "HT-3", one, 100, "宝武钢铁", "2026-02-11", "10000", "EUR", "已审核"),
                ("4", "HT-4", one, 100, "宝武钢铁", "2026-02-11", "10000", "CNY", "红冲"),
            ],
        )
    fetch = await house.fetch(await added(house, erp, postgres), FetchMode.TAKE_OVER)
    assert fetch.state is FetchState.REFUSED
    assert {(fault.place, fault.code) for fault in await house.faults(fetch.id)} == {
        ("行号 2", "seller-unknown"),
        ("行号 3", "rate-missing"),
        ("行号 4", "state-unknown"),
    }
    assert await house.deals() == []

"""An ERP's database as a source: a real PostgreSQL, and SQLite, only read."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import types
from sqlalchemy.dialects import mssql, mysql, oracle
from sqlalchemy.engine import Dialect

from connectors.database import DatabaseConnector
from connectors.guard import Guard
from connectors.registry import connect
from connectors.source import Page, Reading, SourceTrouble, Trouble
from models.source_settings import filled_in
from models.sources import SourceKind
from tests.postgres import Postgres
from tests.standins.relay import Opened, Relay

ORDERS = """
create table "销售订单" (
  "order no" varchar(20) primary key, seller text, amount numeric(14,2), signed_on date,
  changed_at timestamptz, changed_local timestamp, "select" text, "Robert'); drop table x;--" text
);
insert into "销售订单"
  select 'SO' || lpad(i::text, 5, '0'), case when i % 2 = 0 then '张三' else '李四' end, i * 100.05,
         date '2026-01-01' + (i % 90), timestamptz '2026-01-01 00:00:00+08' + i * interval '1 hour',
         timestamp '2026-01-01 00:00:00' + i * interval '1 hour', null, 'x'
  from generate_series(1, 25) i;
create view v_orders as select "order no" as order_no, amount from "销售订单";
create table sap_vbak (vbeln char(10), erdat char(8), netwr numeric(15,2), posnr int);
insert into sap_vbak values ('0000000001', '20260131', 1, 10), ('0000000002', '20260201', 2, 10),
  ('0000000003', '20260228', 3, 20), ('0000000004', '20260301', 4, 20);
create table keyless (id int, name text);
insert into keyless values (1, 'a'), (1, 'b'), (2, 'c');
create table unfilled (id int);
insert into unfilled values (1), (null);
create table kinds (id uuid primary key, at timestamptz, paid boolean, part real, big numeric);
insert into kinds values
  ('00000000-0000-0000-0000-000000000001', '2026-02-28 16:30:00+00', true, 0.1, 12345678901234567890.1234),
  ('00000000-0000-0000-0000-000000000002', null, false, 1e-7, 1e3);
create role reader login password 'reader-secret';
grant select on all tables in schema public to reader;
create table payroll (id int);
"""
READING_WHAT_IS_GONE = Reading("销售订单", ("seller", "discount"), "order no", where={"state": ("x",)})
READ_ALL = Reading("销售订单", ("seller", "amount"), "order no")


@pytest.fixture(scope="module")
def erp(postgres: Postgres) -> Iterator[str]:
    """The socket's folder of a server that holds a database `erp`."""
    postgres.create("erp")
    with psycopg.connect(host=str(postgres.folder), user="quarterdeck", dbname="erp", autocommit=True) as admin:
        admin.execute(ORDERS.encode())
    yield str(postgres.folder)
    postgres.drop("erp")
    with psycopg.connect(host=str(postgres.folder), user="quarterdeck", dbname="postgres", autocommit=True) as a:
        a.execute("drop role reader")


def settings(host: str, **others: str) -> dict[str, str]:
    return {"dialect": "postgresql", "host": host, "database": "erp", "user": "reader", "tls": "off", **others}


async def connected(
    host: str, page_rows: int = 10, guard: Guard | None = None, **others: str
) -> DatabaseConnector:
    values = filled_in(SourceKind.DATABASE, settings(host, **others))
    return await DatabaseConnector.connect(values, guard or Guard(allowed_hosts=(host,)), page_rows)


@pytest.fixture
async def source(erp: str) -> AsyncIterator[DatabaseConnector]:
    connector = await connected(erp)
    yield connector
    await connector.close()


async def read(connector: DatabaseConnector, reading: Reading, start: str = "") -> list[Page]:
    return [page async for page in connector.pages(reading, start)]


def keys(pages: list[Page]) -> list[str]:
    return [row.key for page in pages for row in page.rows]


async def refused(connector: DatabaseConnector, reading: Reading, start: str = "") -> SourceTrouble:
    with pytest.raises(SourceTrouble) as refusal:
        await read(connector, reading, start)
    return refusal.value


async def test_every_row_comes_once_page_by_page_in_the_order_of_its_key(source: DatabaseConnector) -> None:
    """Rule 29: orders come from the ERP by themselves."""
    pages = await read(source, READ_ALL)
    assert [len(page.rows) for page in pages] == [10, 10, 5]
    assert keys(pages) == [f"SO{number:05}" for number in range(1, 26)]
    first = pages[0].rows[0]
    assert first.cells == {"order no": "SO00001", "seller": "李四", "amount": "100.05"}
    assert first.place == "order no SO00001"
    assert pages[-1].next == ""


async def test_reading_goes_on_where_a_page_ended(source: DatabaseConnector) -> None:
    pages = await read(source, READ_ALL)
    assert keys(await read(source, READ_ALL, pages[0].next)) == keys(pages[1:])


async def test_a_cursor_that_is_none_is_refused(source: DatabaseConnector) -> None:
    assert (await refused(source, READ_ALL, "1; drop table x")).trouble is Trouble.WRONG_SETTINGS


async def test_only_the_asked_period_comes_its_last_day_included(source: DatabaseConnector) -> None:
    reading = Reading(
        "销售订单", ("signed_on",), "order no", date(2026, 1, 4), date(2026, 1, 6), date_column="signed_on"
    )
    pages = await read(source, reading)
    assert [row.cells["signed_on"] for page in pages for row in page.rows] == [
        "2026-01-04",
        "2026-01-05",
        "2026-01-06",
    ]


@pytest.mark.parametrize("column", ["changed_at", "changed_local"])
async def test_days_of_moments_are_those_of_the_time_zone(source: DatabaseConnector, column: str) -> None:
    reading = Reading("销售订单", (column,), "order no", None, date(2026, 1, 1), date_column=column)
    rows = [row for page in await read(source, reading) for row in page.rows]
    assert len(rows) == 23
    assert {row.cells[column][:10] for row in rows} == {"2026-01-01"}


@pytest.mark.parametrize("column", ["changed_at", "changed_local"])
async def test_only_what_was_changed_since_comes_again(source: DatabaseConnector, column: str) -> None:
    since = datetime(2026, 1, 1, 15, tzinfo=UTC)  # 23:00 in Shanghai, when order 23 was changed.
    reading = Reading("销售订单", (), "order no", changed_column=column, changed_since=since)
    assert keys(await read(source, reading)) == ["SO00023", "SO00024", "SO00025"]


async def test_rows_are_picked_by_values(source: DatabaseConnector) -> None:
    reading = Reading("销售订单", ("seller",), "order no", where={"seller": ("张三", "o'brien")})
    pages = await read(source, reading)
    assert len(keys(pages)) == 12
    assert {row.cells["seller"] for page in pages for row in page.rows} == {"张三"}


async def test_names_that_are_words_of_sql_are_only_names(source: DatabaseConnector) -> None:
    reading = Reading("销售订单", ("select", "Robert'); drop table x;--"), "order no")
    cells = (await read(source, reading))[0].rows[0].cells
    assert cells["select"] == ""
    assert cells["Robert'); drop table x;--"] == "x"


async def test_text_that_is_no_name_of_a_table_is_not_carried_out(source: DatabaseConnector) -> None:
    trouble = await refused(source, Reading("kinds; drop table kinds", (), "id"))
    assert trouble.trouble is Trouble.SHAPE_CHANGED
    assert trouble.facts["missing"] == ["kinds; drop table kinds"]


async def test_values_of_every_kind_come_as_exact_text(source: DatabaseConnector) -> None:
    pages = await read(source, Reading("kinds", ("at", "paid", "part", "big"), "id", where={"paid": ("true",)}))
    assert pages[0].rows[0].cells == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-03-01T00:30:00+08:00",
        "paid": "TRUE",
        "part": "0.1",
        "big": "12345678901234567890.1234",
    }


async def test_keys_of_other_types_page_too(erp: str) -> None:
    connector = await connected(erp, page_rows=1)
    assert len(keys(await read(connector, Reading("kinds", (), "id")))) == 2
    assert len(keys(await read(connector, Reading("sap_vbak", (), "vbeln")))) == 4
    assert keys(await read(connector, Reading("销售订单", (), "changed_at")))[0] == "2026-01-01T01:00:00+08:00"
    assert keys(await read(connector, Reading("销售订单", (), "amount")))[:2] == ["100.05", "200.10"]
    await connector.close()


async def test_dates_kept_as_text_are_compared_as_they_are_written(erp: str) -> None:
    connector = await connected(erp, text_dates="yyyymmdd")
    reading = Reading("sap_vbak", ("erdat",), "vbeln", date(2026, 2, 1), date(2026, 2, 28), date_column="erdat")
    assert keys(await read(connector, reading)) == ["0000000002", "0000000003"]
    await connector.close()


async def test_a_column_that_disappeared_is_named(source: DatabaseConnector) -> None:
    trouble = await refused(
        source, Reading("销售订单", ("seller", "discount"), "order no", where={"state": ("x",)})
    )
    assert trouble.trouble is Trouble.SHAPE_CHANGED
    assert trouble.facts["missing"] == ["discount", "state"]
    assert not trouble.may_pass


@pytest.mark.parametrize(("table", "why"), [("keyless", "key-not-unique"), ("unfilled", "key-empty")])
async def test_a_key_that_would_lose_rows_is_refused(source: DatabaseConnector, table: str, why: str) -> None:
    trouble = await refused(source, Reading(table, (), "id"))
    assert (trouble.trouble, trouble.facts["why"]) == (Trouble.WRONG_SETTINGS, why)


async def test_a_key_twice_at_the_border_of_a_page_is_refused(erp: str) -> None:
    connector = await connected(erp, page_rows=1)
    assert (await refused(connector, Reading("keyless", (), "id"))).facts["value"] == "1"
    await connector.close()


async def test_a_value_that_the_column_cannot_have_is_refused(source: DatabaseConnector) -> None:
    trouble = await refused(source, Reading("sap_vbak", (), "vbeln", where={"posnr": ("ten",)}))
    assert trouble.facts == {"column": "posnr", "value": "ten", "why": "value-of-another-type"}


async def test_a_test_says_who_we_are_and_what_can_be_read(source: DatabaseConnector, erp: str) -> None:
    found = await source.test()
    assert found.who == f"reader @ {erp}/erp"
    assert {"v_orders", "销售订单", "sap_vbak"} <= set(found.objects)
    assert await source.columns("v_orders") == ["order_no", "amount"]


async def test_what_may_not_be_read_says_so(source: DatabaseConnector) -> None:
    assert (await refused(source, Reading("payroll", (), "id"))).trouble is Trouble.NOT_LET_IN


async def test_nothing_can_be_written_whoever_signs_in(erp: str) -> None:
    connector = await connected(erp, user="quarterdeck")

    def write(connection: Any) -> None:
        connection.exec_driver_sql("insert into keyless values (9, 'z')")

    with pytest.raises(SourceTrouble) as refusal:
        await connector._run(write)
    assert "read-only transaction" in str(refusal.value.facts["said"])
    await connector.close()


async def test_a_slow_question_is_given_up_by_the_database_itself(erp: str) -> None:
    connector = await connected(erp, guard=Guard(allowed_hosts=(erp,), read_seconds=2))
    with pytest.raises(SourceTrouble) as refusal:
        await connector._run(lambda connection: connection.exec_driver_sql("select pg_sleep(30)"))
    assert refusal.value.trouble is Trouble.UNREACHABLE
    assert refusal.value.may_pass
    await connector.close()


@pytest.fixture
async def relay(erp: str) -> AsyncIterator[Relay]:
    async def opens() -> Opened:
        return await asyncio.open_unix_connection(f"{erp}/.s.PGSQL.5432")

    async with Relay(opens) as relay:
        yield relay


def by_tcp(relay: Relay, **others: Any) -> Guard:
    return Guard(
        allowed_hosts=("erp.example.com",),
        private_networks=(ip_network("127.0.0.0/8"),),
        resolve=lambda host, port: [("127.0.0.1", relay.port)],
        **others,
    )


async def test_the_connection_goes_to_the_address_that_was_checked(relay: Relay) -> None:
    connector = await connected("erp.example.com", guard=by_tcp(relay))
    assert len(keys(await read(connector, READ_ALL))) == 25
    assert relay.connections == 1
    await connector.close()


async def test_a_connection_that_breaks_midway_may_pass_and_reading_goes_on(relay: Relay) -> None:
    connector = await connected("erp.example.com", guard=by_tcp(relay))
    seen: list[Page] = []
    broken: SourceTrouble | None = None
    try:
        async for page in connector.pages(READ_ALL):
            seen.append(page)
            relay.hang_up()
    except SourceTrouble as trouble:
        broken = trouble
    assert broken is not None
    assert broken.trouble is Trouble.UNREACHABLE
    seen += await read(connector, READ_ALL, seen[-1].next)
    assert keys(seen) == [f"SO{number:05}" for number in range(1, 26)]
    await connector.close()


async def test_a_connection_that_hangs_is_given_up_in_time(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.database.GRACE_SECONDS", 0.2)
    connector = await connected("erp.example.com", guard=by_tcp(relay, read_seconds=0.5))
    hung: SourceTrouble | None = None
    try:
        async for _ in connector.pages(READ_ALL):
            relay.hang()
    except SourceTrouble as trouble:
        hung = trouble
    assert hung is not None
    assert (hung.trouble, hung.facts["why"]) == (Trouble.UNREACHABLE, "too-slow")
    await asyncio.wait_for(connector.close(), 5)


async def test_a_host_that_is_not_listed_is_never_connected_to(relay: Relay) -> None:
    with pytest.raises(SourceTrouble) as refusal:
        await connected("other.example.com", guard=by_tcp(relay))
    assert refusal.value.trouble is Trouble.FORBIDDEN_HOST
    assert relay.connections == 0


async def test_nobody_listening_may_pass(erp: str) -> None:
    guard = Guard(
        allowed_hosts=("erp.example.com",),
        private_networks=(ip_network("127.0.0.0/8"),),
        resolve=lambda host, port: [("127.0.0.1", 9)],
    )
    connector = await connected("erp.example.com", guard=guard)
    with pytest.raises(SourceTrouble) as refusal:
        await connector.test()
    assert refusal.value.trouble is Trouble.UNREACHABLE
    await connector.close()


@pytest.fixture
def sqlite_guard(tmp_path: Path) -> Guard:
    with sqlite3.connect(tmp_path / "erp 100%?#.db") as made:
        made.execute("create table deals (id integer primary key, signed_on date, at datetime, sum)")
        made.executemany(
            "insert into deals values (?, ?, ?, ?)",
            [(n, f"2026-01-{n:02}", f"2026-01-{n:02} 10:00:00", n * 1.1) for n in range(1, 26)],
        )
        made.execute("create view big as select id, sum from deals where sum > 20")
    made.close()
    return Guard(folder=tmp_path)


async def sqlite(guard: Guard, file: str = "erp 100%?#.db") -> DatabaseConnector:
    values = filled_in(SourceKind.DATABASE, {"dialect": "sqlite", "database": file})
    return await DatabaseConnector.connect(values, guard, page_rows=4)


async def test_sqlite_is_read_in_pages_of_tables_and_views(sqlite_guard: Guard) -> None:
    connector = await sqlite(sqlite_guard)
    assert keys(await read(connector, Reading("deals", ("sum",), "id"))) == [str(n) for n in range(1, 26)]
    assert keys(await read(connector, Reading("big", ("sum",), "id"))) == [str(n) for n in range(19, 26)]
    for column in ("signed_on", "at"):
        period = Reading("deals", (), "id", date(2026, 1, 5), date(2026, 1, 6), date_column=column)
        assert keys(await read(connector, period)) == ["5", "6"]
    await connector.close()


async def test_sqlite_is_never_written_nor_made(sqlite_guard: Guard) -> None:
    connector = await sqlite(sqlite_guard)
    with pytest.raises(SourceTrouble):
        await connector._run(lambda connection: connection.exec_driver_sql("delete from deals"))
    await connector.close()
    missing = await sqlite(sqlite_guard, "new.db")
    with pytest.raises(SourceTrouble) as refusal:
        await missing.test()
    assert refusal.value.trouble is Trouble.WRONG_SETTINGS
    assert sqlite_guard.folder is not None
    assert not (sqlite_guard.folder / "new.db").exists()


@pytest.mark.parametrize("file", ["../other.db", "/etc/passwd", "a\x00b"])
async def test_a_file_outside_the_folder_is_refused(sqlite_guard: Guard, file: str) -> None:
    with pytest.raises(SourceTrouble) as refusal:
        await sqlite(sqlite_guard, file)
    assert refusal.value.trouble is Trouble.WRONG_SETTINGS


async def test_settings_that_are_wrong_are_named_before_anything_is_connected() -> None:
    with pytest.raises(SourceTrouble) as refusal:
        await connect(SourceKind.DATABASE, {"dialect": "db2", "port": "x", "surplus": "1"}, {}, Guard())
    assert refusal.value.facts == {
        "names": ["dialect", "database", "surplus"],
        "faults": ["not-a-choice", "missing", "unknown"],
    }


@pytest.mark.parametrize("dialect", ["mysql", "mssql", "oracle"])
async def test_a_driver_that_is_not_installed_is_named(dialect: str) -> None:
    guard = Guard(allowed_hosts=("erp.example.com",), resolve=lambda host, port: [("8.8.8.8", port)])
    values = filled_in(SourceKind.DATABASE, settings("erp.example.com", dialect=dialect))
    with pytest.raises(SourceTrouble) as refusal:
        await DatabaseConnector.connect(values, guard)
    assert refusal.value.facts["why"] == "driver-missing"


@pytest.mark.parametrize("dialect", [mysql.dialect, mssql.dialect, oracle.dialect])
async def test_the_same_question_can_be_put_to_the_other_databases(erp: str, dialect: type[Dialect]) -> None:
    connector = await connected(erp)
    reading = Reading(
        "orders", ("amount",), "no", date(2026, 1, 1), date(2026, 1, 31), "signed_on", where={"seller": ("x",)}
    )
    known: dict[str, types.TypeEngine[Any]] = {
        "no": types.String(20),
        "amount": types.Numeric(),
        "signed_on": types.Date(),
        "seller": types.String(),
    }
    asked = str(connector._question(reading, known, '["str", "SO00010"]').compile(dialect=dialect()))
    assert asked.index("WHERE") < asked.index("ORDER BY")
    assert asked.count("signed_on") == 2
    assert "SO00010" not in asked
    await connector.close()

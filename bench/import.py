"""How long it takes to take over 3.6 million past figures, beside the bare driver.

    python -m bench.import [--small] [--postgres] [--rounds 3] [--departments 2000]

50,000 people × 6 metrics × 12 months come in one CSV file: staged (kept as it came), checked as a
whole with its totals, checked once more, taken over in one transaction, and read back. The floor is
the bare driver writing the same rows into the same table in one transaction: `executemany` on SQLite,
`COPY` on PostgreSQL; it reads no file, checks nothing and looks nothing up. Both run in turn, each in
a process of its own, so that the peak memory of each is its own; what was written is removed in
between, outside the time taken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import make_url, text
from sqlmodel import col, select

from api.commands import Commands
from api.engine import Engine
from api.intake.history import COLUMNS
from api.intake.taking import Sent, keep_checked, taking_over
from connectors.files import open_sheet
from models.database import SessionMaker, connect, session_maker, writing
from models.encryption import data_converter
from models.intake import IntakeKind
from models.months import month_after
from models.org import Person
from models.settings import Settings
from quarterdeck.demo.small import EVERYTHING, SmallCompany, make_large_company
from quarterdeck.migration import migrate
from tests.postgres import Postgres

PEOPLE_IN_DEPARTMENT: Final = 25
MONTHS: Final = tuple(month_after(date(2025, 1, 1), n) for n in range(12))
NOW: Final = datetime(2026, 1, 5, tzinfo=UTC)
SMALL: Final = 40
"""Departments."""
AT_ONCE: Final = 5_000
CLEAN: Final = ("figure", "intake", "change", "command")
Row = tuple[str | int, ...]


def cents_of(person: int, metric: int) -> list[int]:
    """Return a seller's figures of a metric, month by month, in hundredths."""
    return [10_000 + (person * 7_919 + metric * 104_729 + at * 1_299_709) % 990_000 for at in range(len(MONTHS))]


def hand_over(sellers: Sequence[str], folder: Path) -> None:
    """Write what the old system hands over: a row for each person and metric, a column a month; and its totals."""
    totals = [[0] * len(MONTHS) for _ in EVERYTHING]
    with (folder / "old.csv").open("w", encoding="utf-8") as file:
        file.write("工号,指标," + ",".join(f"{month:%Y-%m}" for month in MONTHS) + "\n")
        for person, staff_no in enumerate(sellers):
            for metric, code in enumerate(EVERYTHING):
                cents = cents_of(person, metric)
                totals[metric] = [total + one for total, one in zip(totals[metric], cents, strict=True)]
                file.write(
                    f"{staff_no},{code}," + ",".join(f"{one // 100}.{one % 100:02}" for one in cents) + "\n"
                )
    lines = [
        f"{code} {month:%Y-%m} {totals[metric][at] // 100}.{totals[metric][at] % 100:02}"
        for metric, code in enumerate(EVERYTHING)
        for at, month in enumerate(MONTHS)
    ]
    (folder / "totals.txt").write_text("\n".join(lines), encoding="utf-8")


async def prepare(sessions: SessionMaker, departments: int, folder: Path) -> SmallCompany:
    """Make a company whose metrics are all amounts of money of each person, and what comes in."""
    company = await make_large_company(sessions, departments, PEOPLE_IN_DEPARTMENT)
    async with sessions() as session:
        await writing(session)
        connection = await session.connection()
        for statement in (
            "DELETE FROM target",
            "UPDATE person SET joined_on = NULL",
            "UPDATE metric SET unit = 'money', level = 'person'",
        ):
            await connection.execute(text(statement))
        await session.commit()
        found = await session.exec(
            select(Person).where(col(Person.is_scored)).order_by(col(Person.department_id), col(Person.id))
        )
        people = found.all()
    hand_over([person.staff_no for person in people], folder)
    whose = [[person.id, person.unit_id, person.department_id] for person in people]
    (folder / "people.json").write_text(json.dumps([company.company_id, company.hr_id, whose]))
    return company


# --- the two parts, each in a process of its own --------------------------------------------------


async def ours(url: str, folder: Path) -> tuple[float, float]:
    """Stage, check and take over as on the command line; return the seconds until checked, and in all."""
    company_id, hr_id, _ = json.loads((folder / "people.json").read_text())
    settings = Settings.model_validate({"database_url": url, "secret_keys": ["k" * 64]})
    engine = connect(url, pooled=False)
    begun = time.perf_counter()
    async with session_maker(engine)() as session:
        content, totals = (folder / "old.csv").read_bytes(), (folder / "totals.txt").read_text()
        sent = Sent(IntakeKind.HISTORY, "old.csv", content, totals=totals)
        intake, checked = await keep_checked(session, open_sheet, company_id, hr_id, sent)
        assert checked.faults.count == 0, checked.faults.kept[:5]
        seconds = time.perf_counter() - begun
        del checked, content, sent
        wish = await taking_over(session, open_sheet, intake, hr_id)
        await Commands(Engine(data_converter(())), settings).note(session, wish)
    whole = time.perf_counter() - begun
    await engine.dispose()
    return seconds, whole


def rows(folder: Path) -> Iterator[Row]:
    """Give the figures as the driver takes them."""
    company_id, hr_id, people = json.loads((folder / "people.json").read_text())
    months = [month.isoformat() for month in MONTHS]
    at = f"{NOW:%Y-%m-%d %H:%M:%S.%f}"
    number = 0
    for person, (person_id, team_id, department_id) in enumerate(people):
        for metric, code in enumerate(EVERYTHING):
            for month, cents in zip(months, cents_of(person, metric), strict=True):
                yield (
                    f"0123456789abcdef.{number:07}",
                    *(company_id, department_id, team_id, person_id, f"{company_id}-{code}"),
                    *(month, cents * 100, "file", 0, "0123456789abcdef0123456789abcdef", hr_id, "old.csv", at, ""),
                )
                number += 1


def floor_on_sqlite(path: str, folder: Path) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    statement = f"INSERT INTO figure ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    begun = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(statement, rows(folder))
    connection.execute("COMMIT")
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds


def floor_on_postgres(url: str, folder: Path) -> float:
    begun = time.perf_counter()
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY figure ({', '.join(COLUMNS)}) FROM STDIN") as copying:
            part: list[str] = []
            for row in rows(folder):
                part.append("\t".join(map(str, row)))
                if len(part) == AT_ONCE:
                    copying.write("\n".join(part) + "\n")
                    part.clear()
            if part:
                copying.write("\n".join(part) + "\n")
        connection.commit()
    return time.perf_counter() - begun


def part(name: str, url: str, folder: Path) -> None:
    """Run one part and say what it took: seconds until checked, seconds in all, peak memory in MB."""
    if name == "ours":
        checked, whole = asyncio.run(ours(url, folder))
    else:
        path = make_url(url).database or ""
        checked = 0.0
        whole = floor_on_sqlite(path, folder) if url.startswith("sqlite") else floor_on_postgres(url, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([checked, whole, peak]))


# --- both in turn ---------------------------------------------------------------------------------


@asynccontextmanager
async def database(postgres: bool, folder: Path) -> AsyncIterator[tuple[str, SessionMaker]]:
    """Give a fresh migrated database, and stop its server in the end."""
    server = Postgres(folder) if postgres else None
    try:
        url = server.create("bench") if server else f"sqlite+aiosqlite:///{folder / 'bench.db'}"
        with ThreadPoolExecutor(1) as thread:  # Alembic runs a loop of its own.
            thread.submit(migrate, url).result()
        engine = connect(url)
        yield url, session_maker(engine)
        await engine.dispose()
    finally:
        if server:
            server.stop()


async def cleaned(sessions: SessionMaker) -> int:
    """Remove what a part has written; return how many figures there were."""
    async with sessions() as session:
        await writing(session)
        connection = await session.connection()
        count = int((await connection.execute(text("SELECT count(*) FROM figure"))).scalar_one())
        is_sqlite = connection.dialect.name == "sqlite"
        for table in CLEAN:
            await connection.execute(text(f"DELETE FROM {table}" if is_sqlite else f"TRUNCATE {table}"))
        await session.commit()
    async with sessions() as session:
        connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if is_sqlite else "ANALYZE")
    return count


async def measured(departments: int, rounds: int, postgres: bool) -> dict[str, list[tuple[float, float, float]]]:
    """Return what each part took, round by round."""
    found: dict[str, list[tuple[float, float, float]]] = {"floor": [], "ours": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with database(postgres, folder) as (url, sessions):
            await prepare(sessions, departments, folder)
            await cleaned(sessions)
            figures = departments * PEOPLE_IN_DEPARTMENT * len(EVERYTHING) * len(MONTHS)
            for number in range(rounds):
                for one in sorted(found, reverse=bool(number % 2)):
                    command = [sys.executable, "-m", "bench.import", "--part", one, url, name]
                    said = await asyncio.to_thread(subprocess.check_output, command, text=True)
                    found[one].append(tuple(json.loads(said)))
                    written = await cleaned(sessions)
                    assert written == figures, f"{one} wrote {written} of {figures} figures"
    return found


def report(found: dict[str, list[tuple[float, float, float]]], figures: int, postgres: bool) -> str:
    floor, whole = (statistics.median(one[1] for one in found[name]) for name in ("floor", "ours"))
    checked = statistics.median(one[0] for one in found["ours"])
    peak = max(one[2] for one in found["ours"])
    return (
        f"{figures:,} figures on {'PostgreSQL' if postgres else 'SQLite'}, {len(found['ours'])} rounds\n"
        f"floor  {floor:8.1f} s  {figures / floor:12,.0f} figures a second\n"
        f"ours   {whole:8.1f} s  {figures / whole:12,.0f} figures a second;"
        f" staged and checked after {checked:.1f} s\n"
        f"ours / floor {whole / floor:.2f}; peak memory {peak:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--departments", type=int, default=2_000, help="of 25 people each")
    parser.add_argument("--small", action="store_true", help=f"{SMALL} departments only")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server started for this")
    parser.add_argument("--part", nargs=3, metavar=("PART", "URL", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        part(options.part[0], options.part[1], Path(options.part[2]))
        return
    departments = SMALL if options.small else options.departments
    found = asyncio.run(measured(departments, options.rounds, options.postgres))
    figures = departments * PEOPLE_IN_DEPARTMENT * len(EVERYTHING) * len(MONTHS)
    print(report(found, figures, options.postgres))


if __name__ == "__main__":
    main()

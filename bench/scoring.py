"""How long 50,000 results take, from the database to the written lines, beside the floor.

    python -m bench.scoring [--departments 2000] [--rounds 5] [--postgres]

The company has 25 people a department and six metrics; figures are one row per person, metric and
month (the sixth metric is the team's: one row per team and month). The floor is plain SQL with a
window function over the same tables, writing the same rows: in floating point, and looking at
nothing that may be missing, replaced, transferred, exempt or too large. Both run in turn on the
same data, each in a transaction of its own; what they wrote is removed in between, outside the
time taken.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Date, bindparam, text
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.scoring import score_people
from models.columns import FIGURE_SCALE, Instant
from models.database import SessionMaker, connect, session_maker, writing
from quarterdeck.demo.small import SmallCompany, make_large_company
from quarterdeck.migration import migrate
from rules.plan import months_between
from tests.postgres import Postgres

NOW = datetime(2055, 4, 2, 1, tzinfo=UTC)
PEOPLE_IN_DEPARTMENT = 25
CAP = Decimal(150)

FIGURES = """
INSERT INTO figure (id, company_id, department_id, team_id, person_id, metric_id, month, value, source,
                    records, submission_id, entered_by, reason, at, replaced_by)
SELECT t.id || :number, p.company_id, t.department_id, t.unit_id, t.person_id, t.metric_id, :month,
       t.value * (70 + (CAST(substr(t.person_id, 2) AS INTEGER) + :number) % 53) / 100
           / CASE m.aggregation WHEN 'sum' THEN 3 ELSE 1 END, 'crm', 1, '', '', '', :at, ''
FROM target t JOIN metric m ON m.id = t.metric_id JOIN person p ON p.id = t.person_id
WHERE m.level = 'person'
UNION ALL
SELECT t.id || :number, m.company_id, t.department_id, t.unit_id, '', t.metric_id, :month,
       t.value * 95 / 100, 'file', 1, '', '', '', :at, ''
FROM target t JOIN metric m ON m.id = t.metric_id JOIN unit u ON u.id = t.unit_id AND u.kind = 'team'
WHERE m.level = 'team' AND t.person_id = ''
"""

FLOOR_LINES = """
WITH own AS (
    SELECT person_id, metric_id, sum(value) AS total, avg(value) AS mean
    FROM figure WHERE month BETWEEN :first AND :last GROUP BY person_id, metric_id
),
team AS (
    SELECT team_id, metric_id, sum(value) AS total, avg(value) AS mean
    FROM figure WHERE person_id = '' AND month BETWEEN :first AND :last GROUP BY team_id, metric_id
),
known AS (
    SELECT t.person_id, t.metric_id, t.value AS target, l.weight,
           CASE WHEN m.level = 'person' THEN CASE WHEN m.aggregation = 'sum' THEN own.total ELSE own.mean END
                WHEN m.aggregation = 'sum' THEN team.total ELSE team.mean END AS actual
    FROM target t
    JOIN person p ON p.id = t.person_id
    JOIN scorecard s ON s.company_id = p.company_id AND s.post = p.post AND s.grade = ''
    JOIN scorecard_line l ON l.scorecard_id = s.id AND l.metric_id = t.metric_id
    JOIN metric m ON m.id = t.metric_id
    LEFT JOIN own ON own.person_id = t.person_id AND own.metric_id = t.metric_id
    LEFT JOIN team ON team.team_id = t.unit_id AND team.metric_id = t.metric_id
    WHERE t.cycle_id = :cycle
),
line AS (
    SELECT known.*, actual * 1000000.0 / target AS attainment, sum(weight) OVER (PARTITION BY person_id) AS whole
    FROM known
)
INSERT INTO score_line (cycle_id, person_id, metric_id, weight, effective_weight, applies, target, actual,
                        attainment, counted, points)
SELECT :cycle, person_id, metric_id, weight, weight, TRUE, target, round(actual), round(attainment),
       round(CASE WHEN attainment < :cap THEN attainment ELSE :cap END),
       round(weight * CASE WHEN attainment < :cap THEN attainment ELSE :cap END / whole)
FROM line
"""
FLOOR_SCORES = """
INSERT INTO score (cycle_id, person_id, department_id, scorecard_id, total, band, round, scored_at)
SELECT :cycle, r.person_id, p.department_id, s.id, r.total,
       CASE WHEN total >= 1100000 THEN '优秀' WHEN total >= 950000 THEN '良好'
            WHEN total >= 800000 THEN '合格' ELSE '待改进' END, 1, :now
FROM (SELECT person_id, round(sum(points) / 100.0) * 100 AS total
      FROM score_line WHERE cycle_id = :cycle GROUP BY person_id) r
JOIN person p ON p.id = r.person_id
JOIN scorecard s ON s.company_id = p.company_id AND s.post = p.post AND s.grade = ''
"""

Work = Callable[[AsyncSession], Awaitable[int]]


async def make_figures(sessions: SessionMaker, company: SmallCompany) -> None:
    statement = text(FIGURES).bindparams(bindparam("month", type_=Date()), bindparam("at", type_=Instant()))
    async with sessions() as session:
        await writing(session)
        connection = await session.connection()
        for number, month in enumerate(months_between(company.starts_on, company.ends_on)):
            await connection.execute(statement, {"number": number, "month": month, "at": NOW})
        await session.commit()


def floor(company: SmallCompany) -> Work:
    lines = text(FLOOR_LINES).bindparams(bindparam("first", type_=Date()), bindparam("last", type_=Date()))
    scores = text(FLOOR_SCORES).bindparams(bindparam("now", type_=Instant()))

    async def work(session: AsyncSession) -> int:
        connection = await session.connection()
        period = {"first": company.starts_on, "last": company.ends_on}
        await connection.execute(lines, {"cycle": company.cycle_id, "cap": float(CAP) * 10_000, **period})
        return (await connection.execute(scores, {"cycle": company.cycle_id, "now": NOW})).rowcount

    return work


def ours(company: SmallCompany) -> Work:
    async def work(session: AsyncSession) -> int:
        outcome = await score_people(session, company.cycle_id, None, now=NOW, cap=CAP, round_=1)
        return outcome.scored

    return work


async def timed(sessions: SessionMaker, work: Work, people: int) -> float:
    """Return the seconds of one run, with an empty place to write to."""
    async with sessions() as session:
        await writing(session)
        for table in ("score_line", "score"):
            await session.exec(text(f"DELETE FROM {table}"))  # type: ignore[call-overload]  # Plain SQL.
        await session.commit()
    await tidy(sessions)
    begun = time.perf_counter()
    async with sessions() as session:
        await writing(session)
        written = await work(session)
        await session.commit()
    seconds = time.perf_counter() - begun
    assert written == people, f"{written} results of {people}"
    return seconds


async def tidy(sessions: SessionMaker) -> None:
    """Let no run pay for what the one before has left behind."""
    async with sessions() as session:
        connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            await connection.exec_driver_sql("VACUUM score, score_line")


@asynccontextmanager
async def database(postgres: bool, folder: Path) -> AsyncIterator[SessionMaker]:
    """Give a fresh migrated database, and stop its server in the end."""
    server = Postgres(folder) if postgres else None
    try:
        url = server.create("bench") if server else f"sqlite+aiosqlite:///{folder / 'bench.db'}"
        with ThreadPoolExecutor(1) as thread:  # Alembic runs a loop of its own.
            thread.submit(migrate, url).result()
        engine = connect(url)
        yield session_maker(engine)
        await engine.dispose()
    finally:
        if server:
            server.stop()


async def analyze(sessions: SessionMaker) -> None:
    """Let PostgreSQL know its tables, as autovacuum would have by then."""
    async with sessions() as session:
        await session.exec(text("ANALYZE"))  # type: ignore[call-overload]  # Plain SQL.
        await session.commit()


async def totals(sessions: SessionMaker) -> dict[str, int]:
    async with sessions() as session:
        connection = await session.connection()
        found = await connection.execute(text("SELECT person_id, total FROM score"))
        return {person_id: int(total) for person_id, total in found}


async def run(departments: int, rounds: int, postgres: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with database(postgres, Path(folder)) as sessions:
            company = await make_large_company(sessions, departments, PEOPLE_IN_DEPARTMENT)
            await make_figures(sessions, company)
            if postgres:
                await analyze(sessions)
            await compare(sessions, company, rounds)


async def compare(sessions: SessionMaker, company: SmallCompany, rounds: int) -> None:
    people = len(company.departments) * PEOPLE_IN_DEPARTMENT
    works = {"floor": floor(company), "ours": ours(company)}
    seconds: dict[str, list[float]] = {name: [] for name in works}
    found: dict[str, dict[str, int]] = {}
    for number in range(rounds):
        for name in sorted(works, reverse=bool(number % 2)):
            seconds[name].append(await timed(sessions, works[name], people))
            found[name] = await totals(sessions)
    apart = max(abs(found["floor"][person] - total) for person, total in found["ours"].items())
    for name, times in seconds.items():
        spread = ", ".join(f"{one:.2f}" for one in times)
        print(f"{name}: {statistics.median(times):.2f} s for {people} results ({spread})")
    ratio = statistics.median(seconds["ours"]) / statistics.median(seconds["floor"])
    print(f"ours / floor: {ratio:.2f}; totals differ by {Decimal(apart) / FIGURE_SCALE} points at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--departments", type=int, default=2_000, help="of 25 people each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server started for this")
    options = parser.parse_args()
    asyncio.run(run(options.departments, options.rounds, options.postgres))


if __name__ == "__main__":
    main()

"""Scoring as sets: one pass over the database scores a department, or a company of 50,000 (Rules 40–42, 44).

`rules/scoring.py` says what a result is; here the same is done in SQL, on the whole numbers that
figures are stored as (ten-thousandths), so that SQLite and PostgreSQL agree to the last digit.
`tests/activities/test_scoring_exactly.py` holds the three together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, BindParameter, String, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from models import effects
from models.columns import FIGURE_SCALE, Instant
from models.cycles import Cycle
from models.database import SessionMaker, writing
from models.messages import ScoringOutcome, StageReached
from models.scores import Steps
from rules.scoring import DEFAULT_BANDS, MOST_ATTAINMENT, Band, bands_of

TABLES = {
    "deck": ("scorecard_id VARCHAR NOT NULL, post VARCHAR NOT NULL, grade VARCHAR NOT NULL", "post, grade"),
    "participant": (
        """person_id VARCHAR NOT NULL, department_id VARCHAR, team_id VARCHAR, scorecard_id VARCHAR,
        first_in DATE, last_in DATE, first_whole DATE, last_whole DATE, months_in INTEGER, months_whole INTEGER,
        came_over INTEGER""",
        "person_id",
    ),
    "card": (
        """scorecard_id VARCHAR NOT NULL, metric_id VARCHAR NOT NULL, weight BIGINT, whole BIGINT,
        level VARCHAR, aggregation VARCHAR, higher_is_better BOOLEAN, is_required BOOLEAN""",
        "scorecard_id, metric_id",
    ),
    "several_targets": (
        """person_id VARCHAR NOT NULL, metric_id VARCHAR NOT NULL, applies INTEGER, total BIGINT, n INTEGER,
        here INTEGER""",
        "person_id, metric_id",
    ),
    "own_figure": (
        "person_id VARCHAR NOT NULL, metric_id VARCHAR NOT NULL, total BIGINT, n BIGINT, whole INTEGER",
        "person_id, metric_id",
    ),
    "team_figure": (
        """team_id VARCHAR NOT NULL, first_in DATE NOT NULL, last_in DATE NOT NULL, metric_id VARCHAR NOT NULL,
        total BIGINT, n BIGINT""",
        "team_id, metric_id, first_in, last_in",
    ),
    "line": (
        """person_id VARCHAR NOT NULL, metric_id VARCHAR NOT NULL, weight BIGINT, whole BIGINT,
        higher_is_better BOOLEAN, applies INTEGER, target BIGINT, actual BIGINT, missing VARCHAR""",
        "person_id, metric_id",
    ),
    "lacking": (
        "person_id VARCHAR NOT NULL, metric_id VARCHAR NOT NULL, missing VARCHAR",
        "person_id, metric_id",
    ),
}
"""The columns of each step's temporary table, and its key."""

BLOCKED = """
SELECT p.department_id, count(*) FROM lacking JOIN participant p ON p.person_id = lacking.person_id
GROUP BY p.department_id
"""
LEAVE_OUT = (
    """
    DELETE FROM line
    WHERE person_id IN (SELECT person_id FROM participant WHERE department_id IN :departments)
    """,
    "DELETE FROM participant WHERE department_id IN :departments",
)
FORGET = (
    """
    DELETE FROM score_line WHERE cycle_id = :cycle_id AND person_id IN (
        SELECT person_id FROM participant
        UNION SELECT person_id FROM score WHERE cycle_id = :cycle_id AND {those})
    """,
    """
    DELETE FROM score
    WHERE cycle_id = :cycle_id AND ({those} OR person_id IN (SELECT person_id FROM participant))
    """,
)
"""Results of an earlier round, also of people who have come from elsewhere or gone since."""

WRITE_LINES = """
INSERT INTO score_line (cycle_id, person_id, metric_id, weight, effective_weight, applies,
                        target, actual, attainment, counted, points)
WITH exempt AS MATERIALIZED (
    SELECT person_id, CAST(sum(weight) AS BIGINT) AS weight FROM line WHERE applies = 0 GROUP BY person_id
),

weighed AS (
    SELECT line.person_id, line.metric_id, line.weight, applies, higher_is_better, target, actual,
           whole - coalesce(exempt.weight, 0) AS whole
    FROM line LEFT JOIN exempt ON exempt.person_id = line.person_id
),

-- Where lower is better each percent over the target costs one. Never below zero.
reached AS (
    SELECT weighed.*,
           CASE WHEN applies = 0 THEN NULL
                WHEN higher_is_better THEN CASE WHEN actual > 0 THEN actual ELSE 0 END
                WHEN 2 * target > actual THEN 2 * target - actual
                ELSE 0 END AS n
    FROM weighed
),

-- n / target in percent with four decimals, half up. A million times n may not fit into 64 bits:
-- then by long division, two digits at a time.
attained AS (
    SELECT reached.*,
           CASE WHEN n IS NULL THEN 0
                WHEN n / target >= :most_attainment / 1000000 THEN :most_attainment
                WHEN n <= 4000000000000 THEN (n * 2000000 + target) / (2 * target)
                ELSE n / target * 1000000
                     + n % target * 100 / target * 10000
                     + n % target * 100 % target * 100 / target * 100
                     + n % target * 100 % target * 100 % target * 100 / target
                     + CASE WHEN n % target * 100 % target * 100 % target * 100 % target * 2 >= target
                            THEN 1 ELSE 0 END
           END AS attainment
    FROM reached
),

capped AS (
    SELECT attained.*, CASE WHEN attainment < :cap THEN attainment ELSE :cap END AS counted FROM attained
)

-- Whole multiples of the sum of weights are taken out first: weight times counted may not fit either.
SELECT :cycle_id, person_id, metric_id, weight,
       CASE WHEN applies = 1 THEN (2000000 * weight + whole) / (2 * whole) ELSE 0 END,
       applies = 1, coalesce(target, 0), coalesce(actual, 0), attainment, counted,
       CASE WHEN applies = 0 THEN 0
            ELSE counted / whole * weight + (2 * weight * (counted % whole) + whole) / (2 * whole) END
FROM capped
"""
WRITE_SCORES = """
INSERT INTO score (cycle_id, person_id, department_id, scorecard_id, total, band, round, scored_at)
SELECT :cycle_id, p.person_id, p.department_id, p.scorecard_id, total, CASE {bands} END, :round, :now
FROM (SELECT person_id, CAST(sum(points) + 50 AS BIGINT) / 100 * 100 AS total
      FROM score_line WHERE cycle_id = :cycle_id AND person_id IN (SELECT person_id FROM participant)
      GROUP BY person_id) result
JOIN participant p ON p.person_id = result.person_id
"""


class ScoringActivities:
    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions = sessions

    @activity.defn(name=effects.SCORE_DEPARTMENT.name)
    async def score_department(self, reached: StageReached) -> ScoringOutcome:
        """Write the results of a department, or nothing and how much is missing (Rule 42)."""
        async with self.sessions() as session:
            await writing(session)
            cycle = await session.get_one(Cycle, reached.cycle_id)
            policy = cycle.the_terms().policy
            outcome = await score_people(
                session,
                cycle.id,
                [reached.department_id],
                now=reached.now,
                cap=policy.score_cap,
                round_=reached.round,
                bands=bands_of(policy),
            )
            await session.commit()
        return outcome


async def score_people(
    session: AsyncSession,
    cycle_id: str,
    department_ids: Sequence[str] | None,
    *,
    now: datetime,
    cap: Decimal,
    round_: int,
    bands: Sequence[Band] = DEFAULT_BANDS,
) -> ScoringOutcome:
    """Score all departments of the cycle's company, or those named, in the session's transaction.

    A department in which anything is missing is left as it was. What was written in an earlier
    round is replaced.
    """
    cycle = await session.get_one(Cycle, cycle_id)
    connection = await session.connection()
    await _gather(connection, Steps(cycle, department_ids))
    found = await connection.execute(text(BLOCKED))
    blocked: dict[str, int] = dict(found.all())
    if blocked:
        for statement in LEAVE_OUT:
            await connection.execute(_for_departments(statement, list(blocked)))
    await _forget(connection, cycle_id, department_ids, list(blocked))
    limits = {"cap": int(cap * FIGURE_SCALE), "most_attainment": int(MOST_ATTAINMENT * FIGURE_SCALE)}
    await connection.execute(text(WRITE_LINES), {"cycle_id": cycle_id, **limits})
    write_scores = text(WRITE_SCORES.format(bands=_band_cases(bands))).bindparams(
        bindparam("now", type_=Instant()), *_band_values(bands)
    )
    written = await connection.execute(write_scores, {"cycle_id": cycle_id, "round": round_, "now": now})
    for name in TABLES:
        await connection.execute(text(f"DROP TABLE {name}"))
    return ScoringOutcome(scored=written.rowcount, missing=sum(blocked.values()))


async def _gather(connection: AsyncConnection, steps: Steps) -> None:
    """Write what results are made from to temporary tables, which go with the transaction at the latest."""
    is_sqlite = connection.dialect.name == "sqlite"
    for name, (columns, key) in TABLES.items():
        # In the order of the key SQLite neither sorts nor looks up twice. PostgreSQL joins such sets
        # by hashing, for which an index is of no use.
        shape = f"({columns}, PRIMARY KEY ({key})) WITHOUT ROWID" if is_sqlite else f"({columns}) ON COMMIT DROP"
        await connection.execute(text(f"CREATE TEMPORARY TABLE {name} {shape}"))
        await connection.execute(steps.filling(name))
        if name == "participant" and not is_sqlite:
            await connection.execute(text("ANALYZE participant"))  # How many there are decides how to read.


def _for_departments(statement: str, departments: Sequence[str]) -> TextClause:
    return text(statement).bindparams(bindparam("departments", departments, type_=String(), expanding=True))


async def _forget(
    connection: AsyncConnection, cycle_id: str, department_ids: Sequence[str] | None, blocked: Sequence[str]
) -> None:
    if department_ids is None:
        those, departments = "department_id NOT IN :departments", list(blocked)
    else:
        those, departments = "department_id IN :departments", [one for one in department_ids if one not in blocked]
    for statement in FORGET:
        forget = _for_departments(statement.format(those=those), departments)
        await connection.execute(forget, {"cycle_id": cycle_id})


def _band_cases(bands: Sequence[Band]) -> str:
    cases = " ".join(f"WHEN total >= :from_{n} THEN :band_{n}" for n in range(len(bands) - 1))
    return f"{cases} ELSE :band_{len(bands) - 1}"


def _band_values(bands: Sequence[Band]) -> list[BindParameter[Any]]:
    names = [bindparam(f"band_{n}", band.name, type_=String()) for n, band in enumerate(bands)]
    limits = [
        bindparam(f"from_{n}", int(band.from_points * FIGURE_SCALE), type_=BigInteger())
        for n, band in enumerate(bands[:-1])
    ]
    return names + limits

"""Questions about results: what each line of a result is made from, what is missing, how it came out.

The lines of a result are found by one statement for any number of people, on both databases. It
works on the whole numbers that figures are stored as.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Date, String, TextClause, bindparam, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import FIGURE_SCALE
from models.cycles import Cycle
from models.figures import LARGEST_FIGURE, last_day, months_of
from models.metrics import Metric, Score, ScoreLine

MEAN = """
CASE WHEN {0}.total < 0 THEN -((-2 * {0}.total + {0}.n) / (2 * {0}.n))
     ELSE (2 * {0}.total + {0}.n) / (2 * {0}.n) END
"""
"""The mean of a period's months, rounded half up, away from zero, as `rules.scoring.mean` has it."""

# The scorecards that count: as they stood at the launch, or as they stand where the cycle keeps none.
DECK = """
SELECT scorecard_id, post, grade FROM launched_scorecard WHERE cycle_id = :cycle_id
UNION ALL
SELECT id, post, grade FROM scorecard
WHERE company_id = :company_id
  AND NOT EXISTS (SELECT 1 FROM launched_scorecard WHERE cycle_id = :cycle_id)
"""

# Whose results count in this cycle, by which scorecard (that of the grade before that of the post),
# and the months in which they were there at all, and all of.
PARTICIPANT = """
SELECT p.id AS person_id, p.department_id, p.unit_id AS team_id,
       coalesce(graded.scorecard_id, general.scorecard_id) AS scorecard_id,
       {first_in} AS first_in, {last_in} AS last_in, {first_whole} AS first_whole, {last_whole} AS last_whole,
       {months_in} AS months_in, {months_whole} AS months_whole,
       CASE WHEN EXISTS (SELECT 1 FROM time_in_post post
                         WHERE post.cycle_id = :cycle_id AND post.person_id = p.id
                           AND post.department_id = p.department_id AND post.share > 0)
            THEN 1 ELSE 0 END AS came_over
FROM person p
LEFT JOIN deck graded ON graded.post = p.post AND graded.grade = p.grade AND graded.grade <> ''
LEFT JOIN deck general ON general.post = p.post AND general.grade = ''
WHERE p.company_id = :company_id AND p.is_scored AND {departments}
  AND (p.joined_on IS NULL OR p.joined_on <= :ends_on)
  AND (p.left_on IS NULL OR p.left_on > :starts_on)
  AND ((p.left_on IS NULL OR p.left_on > :ends_on) AND (p.joined_on IS NULL OR p.joined_on <= :last_month)
       OR EXISTS (SELECT 1 FROM target t WHERE t.cycle_id = :cycle_id AND t.person_id = p.id))
ORDER BY p.id
"""

CARD = """
SELECT scorecard_id, metric_id, weight,
       CAST(sum(weight) OVER (PARTITION BY scorecard_id) AS BIGINT) AS whole,
       level, aggregation, higher_is_better, is_required
FROM (
    SELECT scorecard_id, metric_id, weight, level, aggregation, higher_is_better, is_required
    FROM launched_scorecard_line WHERE cycle_id = :cycle_id
    UNION ALL
    SELECT l.scorecard_id, l.metric_id, l.weight, m.level, m.aggregation, m.higher_is_better, m.is_required
    FROM scorecard s JOIN scorecard_line l ON l.scorecard_id = s.id JOIN metric m ON m.id = l.metric_id
    WHERE s.company_id = :company_id
      AND NOT EXISTS (SELECT 1 FROM launched_scorecard WHERE cycle_id = :cycle_id)
) drawn
"""

# Who changed teams may have a target in each, pro-rated: together they are the person's (Rule 12).
SEVERAL_TARGETS = """
SELECT t.person_id, t.metric_id, max(CASE WHEN t.applies THEN 1 ELSE 0 END) AS applies,
       CAST(sum(CASE WHEN t.applies THEN t.value ELSE 0 END) AS BIGINT) AS total,
       sum(CASE WHEN t.applies THEN 1 ELSE 0 END) AS n,
       max(CASE WHEN t.department_id IN ('', p.department_id) THEN 1 ELSE 0 END) AS here
FROM target t JOIN participant p ON p.person_id = t.person_id
WHERE t.cycle_id = :cycle_id AND (t.person_id, t.metric_id) IN (
    SELECT person_id, metric_id FROM target
    WHERE cycle_id = :cycle_id AND person_id IN (SELECT person_id FROM participant)
    GROUP BY person_id, metric_id HAVING count(*) > 1)
GROUP BY t.person_id, t.metric_id
"""

# Most people are there from the first month to the last. IN lets SQLite read the index in its order,
# and so group without sorting; CROSS JOIN keeps it from reading all figures for each person.
OWN_FIGURE = """
SELECT person_id, metric_id, CAST(sum(value) AS BIGINT) AS total, count(*) AS n, count(*) AS whole
FROM figure
WHERE person_id IN (SELECT person_id FROM participant WHERE months_whole = {months})
  AND month BETWEEN :first_0 AND :last_month AND replaced_by = ''
GROUP BY person_id, metric_id
UNION ALL
SELECT p.person_id, f.metric_id, CAST(sum(f.value) AS BIGINT), count(*),
       sum(CASE WHEN f.month BETWEEN p.first_whole AND p.last_whole THEN 1 ELSE 0 END)
FROM participant p CROSS JOIN figure f
WHERE p.months_whole < {months} AND f.person_id = p.person_id
  AND f.month BETWEEN p.first_in AND p.last_in AND f.replaced_by = ''
GROUP BY p.person_id, f.metric_id
"""

# A team's figures count for each of its people, for the months in which they were there.
TEAM_FIGURE = """
SELECT span.team_id, span.first_in, span.last_in, f.metric_id,
       CAST(sum(f.value) AS BIGINT) AS total, count(*) AS n
FROM (SELECT DISTINCT team_id, department_id, first_in, last_in FROM participant) span CROSS JOIN figure f
WHERE f.company_id = :company_id AND f.department_id = span.department_id
  AND f.month BETWEEN span.first_in AND span.last_in
  AND f.replaced_by = '' AND f.person_id = '' AND f.team_id = span.team_id
GROUP BY span.team_id, span.first_in, span.last_in, f.metric_id
"""

# Who came over and has targets of the old post alone has none for the days in the new one.
# Each person by each metric of their scorecard, or once without a metric where there is no scorecard.
# A metric of persons of whom no month is owed, and nothing known, leaves the rest to be rescaled.
LINE = """
SELECT person_id, metric_id, weight, whole, higher_is_better, applies, target, actual,
       CASE WHEN metric_id = '' THEN 'scorecard'
            WHEN applies = 0 THEN ''
            WHEN target IS NULL THEN 'target'
            WHEN target <= 0 THEN 'target-not-positive'
            WHEN actual IS NULL OR (is_required AND short > 0) THEN 'figure'
            WHEN target > :largest OR actual > :largest OR actual < -:largest THEN 'figure-too-large'
            ELSE '' END AS missing
FROM (
    SELECT p.person_id, coalesce(card.metric_id, '') AS metric_id, coalesce(card.weight, 0) AS weight,
           coalesce(card.whole, 0) AS whole, card.higher_is_better, card.is_required,
           CASE WHEN several.applies = 0 OR NOT t.applies THEN 0
                WHEN card.level = 'person' AND p.months_whole = 0 AND own_figure.n IS NULL THEN 0
                ELSE 1 END AS applies,
           CASE WHEN p.came_over = 1 AND coalesce(several.here, CASE
                     WHEN t.department_id IN ('', p.department_id) THEN 1 ELSE 0 END) = 0 THEN NULL
                WHEN several.n IS NULL THEN CASE WHEN t.applies THEN t.value END
                WHEN several.n = 0 OR card.aggregation = 'sum' THEN several.total
                ELSE {mean_target} END AS target,
           CASE WHEN card.level = 'person' THEN
                     CASE WHEN card.aggregation = 'sum' THEN own_figure.total ELSE {mean_own} END
                WHEN card.aggregation = 'sum' THEN team_figure.total
                ELSE {mean_team} END AS actual,
           CASE WHEN card.level = 'person' THEN p.months_whole - coalesce(own_figure.whole, 0)
                ELSE p.months_in - coalesce(team_figure.n, 0) END AS short
    FROM participant p
    LEFT JOIN card ON card.scorecard_id = p.scorecard_id
    LEFT JOIN several_targets several ON several.person_id = p.person_id AND several.metric_id = card.metric_id
    LEFT JOIN target t ON t.cycle_id = :cycle_id AND t.person_id = p.person_id AND t.metric_id = card.metric_id
                      AND several.n IS NULL
    LEFT JOIN own_figure ON own_figure.person_id = p.person_id AND own_figure.metric_id = card.metric_id
    LEFT JOIN team_figure ON card.level = 'team'
                         AND team_figure.team_id = p.team_id AND team_figure.metric_id = card.metric_id
                         AND team_figure.first_in = p.first_in AND team_figure.last_in = p.last_in
) found
"""

LACKING = """
SELECT person_id, metric_id, missing FROM line WHERE missing <> ''
UNION ALL
SELECT person_id, '', 'nothing-applies' FROM line
GROUP BY person_id HAVING sum(CASE WHEN applies = 1 THEN weight ELSE 0 END) <= 0 AND max(metric_id) <> ''
"""

STEPS = {
    "deck": DECK,
    "participant": PARTICIPANT,
    "card": CARD,
    "several_targets": SEVERAL_TARGETS,
    "own_figure": OWN_FIGURE,
    "team_figure": TEAM_FIGURE,
    "line": LINE,
    "lacking": LACKING,
}
"""What results are made from, each made from those before; `lacking` says why some cannot be."""


class Steps:
    """The steps for a cycle's whole company, or for some of its departments.

    Few people are asked for in one statement, made `whole`; for many the steps are written to
    temporary tables, one after the other.
    """

    def __init__(self, cycle: Cycle, department_ids: Sequence[str] | None) -> None:
        months = months_of(cycle)
        self.days = {f"first_{n}": month for n, month in enumerate(months)}
        self.days |= {f"last_{n}": last_day(month) for n, month in enumerate(months)}
        self.days |= {"starts_on": cycle.starts_on, "ends_on": cycle.ends_on, "last_month": months[-1]}
        self.department_ids = department_ids
        self.company_id, self.cycle_id = cycle.company_id, cycle.id
        every = "p.department_id IS NOT NULL"
        self.words = _presence(len(months)) | {
            "months": str(len(months)),
            "departments": every if department_ids is None else "p.department_id IN :departments",
            "mean_target": MEAN.format("several"),
            "mean_own": MEAN.format("own_figure"),
            "mean_team": MEAN.format("team_figure"),
        }

    def whole(self, select: str) -> TextClause:
        """Return one statement of all steps that ends in `select`."""
        steps = ", ".join(f"{name} AS MATERIALIZED ({step})" for name, step in STEPS.items())
        return self._bound(f"WITH {steps} {select}")

    def filling(self, name: str) -> TextClause:
        """Return the statement that fills the temporary table of one step."""
        return self._bound(f"INSERT INTO {name} {STEPS[name]}")

    def _bound(self, statement: str) -> TextClause:
        values = {"company_id": self.company_id, "cycle_id": self.cycle_id}
        clause = text(statement.format(**self.words))
        names = clause.compile().params.keys()
        bound: list[BindParameter[Any]] = [
            bindparam(name, day, type_=Date()) for name, day in self.days.items() if name in names
        ]
        bound += [bindparam(name, value, type_=String()) for name, value in values.items() if name in names]
        if "largest" in names:
            bound.append(bindparam("largest", int(LARGEST_FIGURE * FIGURE_SCALE), type_=BigInteger()))
        if "departments" in names:
            departments = list(self.department_ids or ())
            bound.append(bindparam("departments", departments, type_=String(), expanding=True))
        return clause.bindparams(*bound)


def _presence(months: int) -> dict[str, str]:
    """Return SQL for the months of a person, as `Member.was_there_in` and `was_there_all` have them."""
    joined, left = "p.joined_on IS NULL OR p.joined_on <=", "p.left_on IS NULL OR p.left_on >"
    forward, backward = range(months), range(months - 1, -1, -1)

    def first(rule: str, numbers: Iterable[int], bound: str) -> str:
        return f"CASE {' '.join(f'WHEN {rule} :{bound}_{n} THEN :first_{n}' for n in numbers)} END"

    def count(earliest: str, latest: str) -> str:
        return " + ".join(
            f"CASE WHEN ({joined} :{earliest}_{n}) AND ({left} :{latest}_{n}) THEN 1 ELSE 0 END" for n in forward
        )

    return {
        "first_in": first(joined, forward, "last"),
        "last_in": first(left, backward, "first"),
        "first_whole": first(joined, forward, "first"),
        "last_whole": first(left, backward, "last"),
        "months_in": count("last", "first"),
        "months_whole": count("first", "last"),
    }


@dataclass(frozen=True)
class MissingComponent:
    """Why a person can have no result yet (Rule 42).

    `reason` is scorecard (none for the post), target, target-not-positive, figure,
    figure-too-large or nothing-applies; where it concerns no metric alone, none is named.
    """

    department_id: str
    team_id: str
    team_name: str
    person_id: str
    person_name: str
    staff_no: str
    metric_id: str
    metric_name: str
    metric_name_en: str
    reason: str


MISSING = """
SELECT p.department_id, p.team_id, coalesce(unit.name, ''), p.person_id, person.name, person.staff_no,
       coalesce(metric.id, ''), coalesce(metric.name, ''), coalesce(metric.name_en, ''), lacking.missing
FROM lacking
JOIN participant p ON p.person_id = lacking.person_id
JOIN person ON person.id = p.person_id
LEFT JOIN unit ON unit.id = p.team_id
LEFT JOIN metric ON metric.id = lacking.metric_id
ORDER BY unit.name, person.staff_no, metric.position, metric.id
"""


async def missing_components(
    session: AsyncSession, cycle_id: str, department_id: str
) -> tuple[MissingComponent, ...]:
    """Return what keeps a department from being scored, by team, person and metric."""
    cycle = await session.get_one(Cycle, cycle_id)
    connection = await session.connection()
    found = await connection.execute(Steps(cycle, [department_id]).whole(MISSING))
    return tuple(MissingComponent(*row) for row in found)


@dataclass(frozen=True)
class LineOfScore:
    """A line of a result as it was written, with its metric."""

    metric: Metric
    line: ScoreLine


@dataclass(frozen=True)
class ScoreWithLines:
    score: Score
    lines: tuple[LineOfScore, ...]


async def score_with_lines(session: AsyncSession, cycle_id: str, person_id: str) -> ScoreWithLines | None:
    """Return a person's result and how it came about, line by line; None where there is none yet."""
    score = await session.get(Score, (cycle_id, person_id))
    if score is None:
        return None
    found = await session.exec(
        select(Metric, ScoreLine)
        .join(Metric, col(Metric.id) == col(ScoreLine.metric_id))
        .where(col(ScoreLine.cycle_id) == cycle_id, col(ScoreLine.person_id) == person_id)
        .order_by(col(Metric.position), col(Metric.id))
    )
    return ScoreWithLines(score, tuple(LineOfScore(metric, line) for metric, line in found.all()))

"""What is measured, how it weighs, what was aimed at and what came of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.columns import Document, Exact, Instant, term


class MetricUnit(StrEnum):
    MONEY = "money"
    PERCENT = "percent"  # 85.5 means 85.5 %.
    COUNT = "count"
    POINTS = "points"


class Aggregation(StrEnum):
    """How the months of a period make the period's figure."""

    SUM = "sum"
    MEAN = "mean"


class FigureLevel(StrEnum):
    """Whose figure it is: each person's own, or the team's, which counts for each of its people."""

    PERSON = "person"
    TEAM = "team"


class MetricKind(StrEnum):
    """What a target of it says (Rule 21)."""

    GROWTH = "growth"  # 提升30%
    LEVEL = "level"  # 提升至60%
    THRESHOLD = "threshold"  # 不少于20家


class MetricCategory(StrEnum):
    """What it is about (Rule 39)."""

    SALES = "sales"  # 销售类
    CUSTOMER = "customer"  # 客户类
    TEAM = "team"  # 团队类
    OTHER = "other"


class Metric(SQLModel, table=True):
    __tablename__ = "metric"
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    id: str = Field(primary_key=True)
    company_id: str = Field(foreign_key="company.id", index=True)
    code: str  # sales, collection, …
    name: str  # 销售额
    name_en: str = ""
    unit: MetricUnit = Field(default=MetricUnit.MONEY, sa_type=term(MetricUnit))
    aggregation: Aggregation = Field(default=Aggregation.SUM, sa_type=term(Aggregation))
    level: FigureLevel = Field(default=FigureLevel.PERSON, sa_type=term(FigureLevel))
    kind: MetricKind = Field(default=MetricKind.LEVEL, sa_type=term(MetricKind))
    category: MetricCategory = Field(default=MetricCategory.SALES, sa_type=term(MetricCategory))
    higher_is_better: bool = True
    is_required: bool = True  # Must be there for each team and month before scoring (Rule 6).
    from_crm: bool = False  # The CRM knows it; a person need not type it.
    position: int = 0


class Scorecard(SQLModel, table=True):
    """Weights of a post, for one grade or (grade "") for all."""

    __tablename__ = "scorecard"
    __table_args__ = (UniqueConstraint("company_id", "post", "grade"),)

    id: str = Field(primary_key=True)
    company_id: str = Field(foreign_key="company.id", index=True)
    name: str
    post: str
    grade: str = ""


class ScorecardLine(SQLModel, table=True):
    """One metric of a scorecard; the weights of a scorecard add to 100 exactly (Rule 42)."""

    __tablename__ = "scorecard_line"

    scorecard_id: str = Field(primary_key=True, foreign_key="scorecard.id")
    metric_id: str = Field(primary_key=True, foreign_key="metric.id")
    weight: Decimal = Field(sa_type=Exact)


class LaunchedMetric(SQLModel, table=True):
    """What of a metric a cycle was launched with: later changes, and metrics made later, do not reach it."""

    __tablename__ = "launched_metric"

    cycle_id: str = Field(primary_key=True, foreign_key="cycle.id")
    metric_id: str = Field(primary_key=True, foreign_key="metric.id")
    higher_is_better: bool
    is_required: bool


class LaunchedScorecard(SQLModel, table=True):
    """A scorecard as it stood when the cycle was launched: later changes do not reach the cycle."""

    __tablename__ = "launched_scorecard"

    cycle_id: str = Field(primary_key=True, foreign_key="cycle.id")
    scorecard_id: str = Field(primary_key=True)
    name: str
    post: str
    grade: str = ""


class LaunchedScorecardLine(SQLModel, table=True):
    """A line of it, with what of the metric decides the result."""

    __tablename__ = "launched_scorecard_line"

    cycle_id: str = Field(primary_key=True, foreign_key="cycle.id")
    scorecard_id: str = Field(primary_key=True)
    metric_id: str = Field(primary_key=True)
    weight: Decimal = Field(sa_type=Exact)
    level: FigureLevel = Field(sa_type=term(FigureLevel))
    aggregation: Aggregation = Field(sa_type=term(Aggregation))
    higher_is_better: bool
    is_required: bool


class ScoringScheme(SQLModel, table=True):
    """Cap and bands that a company's new cycles are launched with (Rules 42, 44)."""

    __tablename__ = "scoring_scheme"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    score_cap: Decimal = Field(sa_type=Exact)
    bands: list[dict[str, str]] = Field(default_factory=list, sa_type=Document)
    """From the best down: `name` and `from_points`."""


class Target(SQLModel, table=True):
    """The goal of a person for a cycle and metric; of a unit where `person_id` is empty.

    `full_value` is the goal of the whole period; `value` is what counts, pro-rated by days in
    post (Rule 12). `applies` is false where the metric does not concern the person: the rest is
    rescaled (Rule 42).
    """

    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("cycle_id", "unit_id", "person_id", "metric_id"),
        Index("ix_target_person", "cycle_id", "person_id", "metric_id"),
    )

    id: str = Field(primary_key=True)
    cycle_id: str = Field(index=True)
    unit_id: str  # The team of the person, or the unit itself.
    person_id: str = ""
    department_id: str = Field(default="", index=True)
    metric_id: str
    value: Decimal = Field(sa_type=Exact)
    full_value: Decimal = Field(sa_type=Exact)
    applies: bool = True
    initiative: str = ""  # 举措
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)


class Figure(SQLModel, table=True):
    """An actual of a team, or of a person in it, for one metric and month, with its source (Rule 30).

    The row in force has `replaced_by` empty; a corrected one stays, pointing to what replaced it.
    """

    __tablename__ = "figure"
    __table_args__ = (
        Index("ix_figure_in_force", "company_id", "department_id", "month", "replaced_by"),
        Index("ix_figure_person", "person_id", "metric_id", "month"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    department_id: str
    team_id: str
    person_id: str = ""
    metric_id: str
    month: date  # The first day of the month.
    value: Decimal = Field(sa_type=Exact)
    source: str  # crm, file, person
    records: int = 0  # How many deals, payments or visits stand behind it.
    submission_id: str = ""
    entered_by: str = ""
    reason: str = ""
    at: datetime = Field(sa_type=Instant)
    replaced_by: str = ""


class Score(SQLModel, table=True):
    """A person's result in a cycle. `total` is in points (100 = every target met)."""

    __tablename__ = "score"

    cycle_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    department_id: str = Field(index=True)
    scorecard_id: str
    total: Decimal = Field(sa_type=Exact)
    band: str
    round: int = 1
    scored_at: datetime = Field(sa_type=Instant)


class ScoreLine(SQLModel, table=True):
    """One line of a result's calculation: weight (rescaled) × attainment (capped) = points."""

    __tablename__ = "score_line"

    cycle_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    metric_id: str = Field(primary_key=True)
    weight: Decimal = Field(sa_type=Exact)  # As the scorecard has it.
    effective_weight: Decimal = Field(sa_type=Exact)  # Rescaled over what applies.
    applies: bool = True
    target: Decimal = Field(sa_type=Exact)
    actual: Decimal = Field(sa_type=Exact)
    attainment: Decimal = Field(sa_type=Exact)  # Percent, never capped (Rule 37).
    counted: Decimal = Field(sa_type=Exact)  # Percent, capped by policy.
    points: Decimal = Field(sa_type=Exact)

"""What stands out in figures, and why targets were missed; people say what is behind it (Rules 31, 32)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Exact, Instant, term


class Turn(StrEnum):
    """Which way a figure stands out."""

    DROP = "drop"  # 骤降
    JUMP = "jump"  # 骤升


class AnomalyState(StrEnum):
    OPEN = "open"
    EXPLAINED = "explained"
    GONE = "gone"  # The figure has changed since, and stands out no more.


class Explanation(StrEnum):
    """What a person says about a figure that stands out."""

    TRUE = "true"  # 属实
    ONE_OFF = "one-off"  # 一次性因素
    DATA_ERROR = "data-error"  # 数据有误


class Anomaly(SQLModel, table=True):
    """A figure that stands out from its owner's own history (异常数据, Rule 31).

    A point has one row, however often it is found.
    """

    __tablename__ = "anomaly"
    __table_args__ = (
        Index("ix_anomaly_department", "cycle_id", "department_id", "state"),
        Index("ix_anomaly_figure", "figure_id"),
    )

    id: str = Field(primary_key=True)
    """`{owner}.{metric}.{month}`"""
    company_id: str
    cycle_id: str
    department_id: str
    team_id: str
    person_id: str = ""
    """Empty for a figure of the team."""
    metric_id: str
    month: date
    figure_id: str
    turn: Turn = Field(sa_type=term(Turn))
    value: Decimal = Field(sa_type=Exact)
    usual: Decimal = Field(sa_type=Exact)
    """What the own history and the season let expect."""
    lowest: Decimal = Field(sa_type=Exact)
    highest: Decimal = Field(sa_type=Exact)
    """Between these it would not stand out."""
    months: int
    """How many months of history it was held against."""
    state: AnomalyState = Field(default=AnomalyState.OPEN, sa_type=term(AnomalyState))
    found_at: datetime = Field(sa_type=Instant)
    explanation: Explanation | None = Field(default=None, sa_type=term(Explanation))
    reason: str = ""
    explained_by: str = ""
    acted_by: str = ""
    """Who of HR explained it, seeing the pages as `explained_by`."""
    explained_at: datetime | None = Field(default=None, sa_type=Instant)


class Cause(StrEnum):
    """Why a target was missed, before anybody is held to account (Rule 32)."""

    TARGET = "target"  # 目标不合理
    EXTERNAL = "external"  # 外部因素
    EXECUTION = "execution"  # 执行问题


class MissCause(SQLModel, table=True):
    """What people said a miss comes from. The latest counts; those before stay."""

    __tablename__ = "miss_cause"
    __table_args__ = (Index("ix_miss_cause_owner", "cycle_id", "owner_id", "metric_id", "at"),)

    id: str = Field(primary_key=True)
    company_id: str
    cycle_id: str
    owner_id: str
    """A person or a unit."""
    metric_id: str
    cause: Cause = Field(sa_type=term(Cause))
    reason: str
    by_id: str
    acted_by: str = ""
    at: datetime = Field(sa_type=Instant)

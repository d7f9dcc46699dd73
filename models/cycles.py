"""Cycles and where their departments stand: the projection that lists and pages read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Document, Instant, term
from models.stages import CycleState, Stage
from models.terms import Terms


class Cycle(SQLModel, table=True):
    __tablename__ = "cycle"

    id: str = Field(primary_key=True)
    company_id: str = Field(foreign_key="company.id", index=True)
    name: str
    starts_on: date
    ends_on: date
    state: CycleState = Field(default=CycleState.DRAFT, sa_type=term(CycleState))
    hr_owner_id: str
    terms: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    revision: int = 1
    created_by: str = ""
    launched_at: datetime | None = Field(default=None, sa_type=Instant)
    paused_at: datetime | None = Field(default=None, sa_type=Instant)
    published_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)

    def the_terms(self) -> Terms:
        return Terms.model_validate(self.terms)


class PlanRevision(SQLModel, table=True):
    """The terms of a cycle as they stood from `at` on, who changed them and why (Rule 24)."""

    __tablename__ = "plan_revision"

    cycle_id: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    terms: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    by_id: str
    reason: str = ""
    command_id: str = ""
    at: datetime = Field(sa_type=Instant)


class CycleDepartment(SQLModel, table=True):
    __tablename__ = "cycle_department"
    __table_args__ = (Index("ix_cycle_department_stage", "cycle_id", "stage"),)

    cycle_id: str = Field(primary_key=True)
    department_id: str = Field(primary_key=True)
    company_id: str
    stage: Stage = Field(default=Stage.TARGETS, sa_type=term(Stage))
    round: int = 1
    is_started: bool = False
    stage_since: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class CycleEvent(SQLModel, table=True):
    """One line of a cycle's history in business terms: what happened, when (business time), by whom."""

    __tablename__ = "cycle_event"
    __table_args__ = (
        Index("ix_cycle_event_department", "cycle_id", "department_id", "at"),
        Index("ix_cycle_event_task", "task_id"),
    )

    id: str = Field(primary_key=True)
    """Made from what happened, so that an activity which runs twice writes once."""
    company_id: str
    cycle_id: str
    department_id: str = ""
    task_id: str = ""
    kind: str
    """task-opened, reminded, escalated, decided, reassigned, extended, voided, stage, paused, …"""
    actor_id: str = ""
    on_behalf_of: str = ""
    acted_by: str = ""
    """Who of HR acted as `actor_id`, seeing the pages as them."""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    at: datetime = Field(sa_type=Instant)

"""What the JSON interface takes and gives about cycles and results, and what all bodies share.

Figures are decimals written as text; instants are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.stages import (
    Channel,
    CommandState,
    CycleState,
    DeliveryState,
    Occasion,
    Stage,
    TaskKind,
)
from models.terms import Ladder, MonthDue, Policy, Terms


class Taken(BaseModel):
    """A body we take: a name we do not know is refused, not passed over."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Named(BaseModel):
    id: str
    name: str


# --- cycles -------------------------------------------------------------------------------------


class TermsGiven(Taken):
    """Terms that differ from the proposed ones; what is left out is filled in from period and calendar."""

    time_zone: str | None = None
    first_sending_hour: int | None = Field(default=None, ge=0, le=23)
    last_sending_hour: int | None = Field(default=None, ge=1, le=24)
    targets_due_on: date | None = None
    months: tuple[MonthDue, ...] | None = None
    approvals_due_on: tuple[date, ...] | None = None
    feedback_due_on: date | None = None
    ladder: Ladder | None = None
    policy: Policy | None = None
    left_out: tuple[str, ...] | None = None
    """Departments, and divisions with all of theirs, that take no part."""


class NewCycle(Taken):
    id: str = Field(default="", max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$|^$")
    """The business key; made from company and period where it is left out."""
    name: str = Field(min_length=1, max_length=200)
    starts_on: date
    ends_on: date
    hr_owner_id: str = ""
    """Who is asked as HR; the caller where it is left out."""
    terms: TermsGiven = TermsGiven()
    launch: bool = True
    """False keeps a draft, to be launched by `POST /api/cycles/{id}/launch`."""


class CycleShown(BaseModel):
    id: str
    name: str
    starts_on: date
    ends_on: date
    state: CycleState
    hr_owner: Named
    revision: int
    launched_at: datetime | None
    paused_at: datetime | None
    published_at: datetime | None
    closed_at: datetime | None


class CycleInFull(CycleShown):
    terms: Terms
    departments: dict[Stage, int]
    """How many departments stand at each stage."""
    open_tasks: int
    overdue_tasks: int


class Reason(Taken):
    reason: str = Field(default="", max_length=2000)


class NewPlan(Taken):
    """Terms to change; what is left out stays."""

    terms: TermsGiven
    reason: str = Field(min_length=1, max_length=2000)


class Reopening(Taken):
    department_id: str
    stage: Stage = Stage.SUBMISSION
    reason: str = Field(min_length=1, max_length=2000)
    due_on: date | None = None
    """A working day by which the reopened task is due; left out, it has the days that the policy grants."""


class DepartmentShown(BaseModel):
    department: Named
    director: Named | None
    stage: Stage
    round: int
    is_started: bool
    stage_since: datetime | None
    closed_at: datetime | None
    open_tasks: list[OpenTask]


class OpenTask(BaseModel):
    id: str
    kind: TaskKind
    holder: Named
    deadline_at: datetime


class ScoreShown(BaseModel):
    person: Named
    department: Named
    total: Decimal
    band: str
    round: int
    scored_at: datetime


class ScoreLineShown(BaseModel):
    """weight → effective weight; counted × effective weight / 100 = points."""

    metric: Named
    weight: Decimal
    effective_weight: Decimal
    applies: bool
    target: Decimal
    actual: Decimal
    attainment: Decimal
    counted: Decimal
    points: Decimal
    calculation: str


class ScoreInFull(ScoreShown):
    cycle: Named
    scorecard: Named
    lines: list[ScoreLineShown]


class MessageShown(BaseModel):
    """One thing told to one person; several may have gone out as one message (`delivery_id`)."""

    id: str
    person: Named
    meant_for: Named | None
    channel: Channel
    occasion: Occasion
    rung: str
    task_id: str
    moment: datetime
    read_at: datetime | None
    delivery_id: str
    delivery: DeliveryState | None
    sent_at: datetime | None
    error: str


class EventShown(BaseModel):
    id: str
    at: datetime
    kind: str
    department: Named | None
    task_id: str
    actor: Named | None
    on_behalf_of: Named | None
    acted_by: Named | None = None
    """Who of HR acted as `actor`."""
    detail: dict[str, Any]


# --- preview ------------------------------------------------------------------------------------


class MessagePlanned(BaseModel):
    """A message as it will go out if nobody acts before."""

    at: datetime
    channel: Channel
    occasion: Occasion
    rung: str
    slot: str
    department: Named
    person: Named | None
    meant_for: Named | None
    """The holder, where their deputy receives it."""
    subject: str
    text: str


class DayMoved(BaseModel):
    """A day of the terms that is off: what happens on the working day before it instead."""

    slot: str
    planned_on: date
    happens_on: date


class PreviewShown(BaseModel):
    problems: list[dict[str, Any]]
    departments: int
    messages: int
    by_channel: dict[Channel, int]
    sms_cost: Decimal
    currency: str
    days_moved: list[DayMoved]
    items: list[MessagePlanned]
    next: str = ""


# --- commands ---------------------------------------------------------------------------------


class CommandShown(BaseModel):
    id: str
    kind: str
    state: CommandState
    task_id: str
    cycle_id: str
    received_at: datetime
    answer: dict[str, Any]


class Done(BaseModel):
    """A command that was carried out, or (202) waits for the engine."""

    state: CommandState
    command_id: str
    task_id: str = ""
    at: datetime | None = None
    stage: Stage | None = None


DepartmentShown.model_rebuild()

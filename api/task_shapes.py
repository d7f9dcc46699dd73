"""What the JSON interface takes and gives about tasks and people. Figures are decimals written as text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from api.shapes import Named, Taken
from models.stages import Approver, Choice, Language, Stage, TaskKind, TaskState


class DecisionShown(BaseModel):
    choice: Choice
    by: Named | None
    on_behalf_of: Named | None
    acted_by: Named | None = None
    """Who of HR acted as `by`."""
    by_policy: bool
    comment: str
    decided_at: datetime


class CommentShown(BaseModel):
    id: str
    by: Named
    acted_by: Named | None = None
    text: str
    at: datetime


class TaskShown(BaseModel):
    id: str
    cycle_id: str
    department: Named
    kind: TaskKind
    stage: Stage
    month: date | None
    approver: Approver | None
    round: int
    state: TaskState
    holder: Named
    deadline_at: datetime
    opened_at: datetime
    closed_at: datetime | None


class TaskInFull(TaskShown):
    first_holder: Named
    added: list[Named]
    level: int
    first_deadline_at: datetime
    next_rung_at: datetime | None
    choices: list[Choice]
    """What the caller may decide on it now; empty where they may not."""
    decision: DecisionShown | None
    comments: list[CommentShown]


class ProposedTarget(Taken):
    metric: str = Field(min_length=1)
    """The metric's code or id."""
    proposed: Decimal = Field(max_digits=18, decimal_places=4)
    reason: str = Field(default="", max_length=2000)


class DecisionGiven(Taken):
    choice: Choice
    comment: str = Field(default="", max_length=4000)
    proposals: tuple[ProposedTarget, ...] = Field(default=(), max_length=50)


class FigureGiven(Taken):
    team: str
    """Name or id of the team."""
    metric: str
    """Name, code or id of the metric."""
    month: str
    """2026-10, or any day of it."""
    value: str
    person: str = ""
    """Staff number, id or name, where the figure is a person's own."""
    reason: str = ""
    """Why a figure that is there already is corrected."""


class MissingTarget(Taken):
    person: str
    """Staff number or id."""
    metric: str
    """Code or id of the metric."""
    value: str
    """The goal of the whole period; what counts of a sum are the person's days in post."""


class FiguresGiven(Taken):
    rows: list[FigureGiven] = Field(default_factory=list, max_length=20_000)
    targets: list[MissingTarget] = Field(default_factory=list, max_length=20_000)
    """Where scoring waits for targets: those that are missing."""
    comment: str = Field(default="", max_length=4000)


class ReassignmentGiven(Taken):
    to_id: str
    reason: str = Field(min_length=1, max_length=2000)


class DelegationGiven(Taken):
    deputy_id: str
    until_on: date | None = None
    """The last day; the task's deadline where it is left out."""
    reason: str = Field(default="", max_length=2000)


class ExtensionGiven(Taken):
    due_on: date
    reason: str = Field(min_length=1, max_length=2000)


class CommentGiven(Taken):
    text: str = Field(min_length=1, max_length=4000)


class ReasonNeeded(Taken):
    reason: str = Field(min_length=1, max_length=2000)


# --- people -------------------------------------------------------------------------------------


class DeputyGiven(Taken):
    deputy_id: str
    from_on: date
    until_on: date
    person_id: str = ""
    """Whose tasks; the caller's where it is left out. HR may name deputies for others."""
    reason: str = Field(default="", max_length=2000)


class TargetGiven(Taken):
    """A goal of the whole period, in the new post; what counts of a sum are the days in it."""

    metric: str = Field(min_length=1)
    """The metric's code or id."""
    value: Decimal = Field(gt=0, le=10**12, decimal_places=4)


class Joiner(Taken):
    staff_no: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=100)
    unit_id: str
    effective_on: date
    email: str = ""
    phone: str = ""
    language: Language = Language.CHINESE
    superior_id: str = ""
    post: str = ""
    grade: str = ""
    region: str = ""
    is_scored: bool = True
    targets: list[TargetGiven] = Field(default_factory=list, max_length=50)
    """Left out, HR is asked for them before scoring."""
    reason: str = ""
    cycle_id: str = ""


class PersonGiven(Taken):
    """What of a person HR may change at any time; unit and days follow from joining, transfer and leaving."""

    name: str = Field(min_length=1, max_length=100)
    email: str = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=40)
    language: Language = Language.CHINESE
    superior_id: str = ""
    post: str = Field(default="", max_length=100)
    grade: str = Field(default="", max_length=40)
    region: str = Field(default="", max_length=100)
    is_scored: bool = True


class UnitGiven(Taken):
    """What of a unit HR may change at any time."""

    name: str = Field(min_length=1, max_length=100)
    name_en: str = Field(default="", max_length=100)
    region: str = Field(default="", max_length=100)
    head_id: str = ""


class Leaving(Taken):
    effective_on: date
    successor_id: str = ""
    """Who takes over what the person held; their superior where it is left out."""
    reason: str = ""
    cycle_id: str = ""


class Transfer(Taken):
    effective_on: date
    to_unit_id: str
    successor_id: str = ""
    targets: list[TargetGiven] = Field(default_factory=list, max_length=50)
    """In the new department; left out, HR is asked for them before scoring."""
    reason: str = ""
    cycle_id: str = ""

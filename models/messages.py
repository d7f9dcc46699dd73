"""What travels between API, workflows and activities. Ids, instants and enums only; words are rows.

Every instant is UTC. `now` in a message is the workflow's time (business time).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from models.stages import (
    Approver,
    Channel,
    Choice,
    CycleState,
    Occasion,
    Recipient,
    RungAction,
    Stage,
    TaskKind,
)
from models.terms import Frozen

# --- the plan -------------------------------------------------------------------------------


class RungAt(Frozen):
    """A rung with the instant the calendar gave it."""

    name: str
    at: datetime
    channels: tuple[Channel, ...]
    action: RungAction = RungAction.REMIND
    to: Recipient = Recipient.HOLDER


class TaskPlan(Frozen):
    """When one task of the plan opens and is due, and its ladder.

    `slot` names its place in the plan and never changes: `targets`, `submit-2026-10`,
    `approve-director`, `feedback`.
    """

    slot: str
    kind: TaskKind
    month: date | None = None
    approver: Approver | None = None
    opens_at: datetime | None = None
    deadline_at: datetime | None
    """None for a task that no plan foresees: it gets the days that the policy grants."""
    rungs: tuple[RungAt, ...]
    """Empty where the deadline was shifted: opening the task resolves the ladder anew."""


class DepartmentPlan(Frozen):
    """What a department's review is started with, and gets anew when the plan changes."""

    company_id: str
    cycle_id: str
    department_id: str
    revision: int
    tasks: tuple[TaskPlan, ...]
    approve_by_silence: bool = False


class DepartmentStart(Frozen):
    """Start of a review; `stage` and `round` differ from the defaults where it is reopened (Rule 13)."""

    plan: DepartmentPlan
    begin_at: datetime
    """The cycle's time at the launch. A department never begins before its cycle did."""
    stage: Stage = Stage.TARGETS
    round: int = 1
    due_at: datetime | None = None
    """When HR wants the reopened task by; None leaves it the days that the policy grants."""
    carried: DepartmentCarried | None = None


class TaskCarried(Frozen):
    """An open task's state across continue-as-new."""

    task_id: str
    slot: str
    kind: TaskKind
    holder_id: str
    added_ids: tuple[str, ...] = ()
    deadline_at: datetime
    rungs: tuple[RungAt, ...]
    fired: tuple[str, ...] = ()
    level: int = 0
    at_top: bool = False
    epoch: int = 1
    reminded_at: datetime | None = None


class ClosedBy(Frozen):
    """How a task ended, for whoever comes too late."""

    task_id: str
    by_id: str
    choice: str
    at: datetime


class DepartmentCarried(Frozen):
    """What a department's review takes along when it continues as new."""

    tasks: tuple[TaskCarried, ...] = ()
    done_slots: tuple[str, ...] = ()
    extra_slot: str = ""
    proposals: int = 0
    gaps: int = 0
    cause_id: str = ""
    shift: timedelta = timedelta(0)
    due_at: datetime | None = None
    closed: tuple[ClosedBy, ...] = ()
    answers: tuple[Answer, ...] = ()
    paused_at: datetime | None = None
    order_revision: int = 0


class CycleRef(Frozen):
    company_id: str
    cycle_id: str


class CycleStart(Frozen):
    """Start of a cycle; everything else stands in its rows."""

    company_id: str
    cycle_id: str
    begin_at: datetime
    """Business time at the launch: the wall clock, or the demonstration's."""


class CycleMoment(Frozen):
    """Something about a whole cycle at an instant of its time."""

    company_id: str
    cycle_id: str
    now: datetime
    command_id: str = ""


class DepartmentMoment(Frozen):
    """Something about a department's review at an instant of its time."""

    company_id: str
    cycle_id: str
    department_id: str
    now: datetime


# --- tasks ----------------------------------------------------------------------------------


class TaskOpening(Frozen):
    """Ask to open a task: finds its holder, writes its row, its notices and links."""

    task_id: str
    company_id: str
    cycle_id: str
    department_id: str
    stage: Stage
    plan: TaskPlan
    round: int
    now: datetime
    cause_id: str = ""  # The command that made this task necessary (a counter-proposal, a send-back).


class TaskOpened(Frozen):
    """Who holds the task now, and its deadline and ladder as they came out.

    A task that opens too late for its planned deadline gets a later one (Rule 8).
    """

    holder_id: str
    deadline_at: datetime
    rungs: tuple[RungAt, ...]


class RungFired(Frozen):
    """A rung is due. `by_policy`: instead of moving up, the policy approves by silence (Rule 7)."""

    task_id: str
    cycle_id: str
    rung: RungAt
    level: int
    epoch: int
    now: datetime
    by_policy: bool = False
    later: tuple[RungAt, ...] = ()
    """What is left of the ladder after this rung."""


class RungOutcome(Frozen):
    """Who holds the task after a rung.

    `next_rungs` are the reminders and the move of the new holder's level; none at the top.
    """

    holder_id: str
    added_id: str | None = None
    moved: bool = False
    at_top: bool = False
    approved_by_policy: bool = False
    next_rungs: tuple[RungAt, ...] = ()


class Dispatch(Frozen):
    """Send what is waiting in the outbox for this task and moment."""

    company_id: str
    key: str
    """What put the notices there; unique to the task, epoch, plan revision and rung."""
    now: datetime


class Decide(Frozen):
    """A person's decision on a task. The words are in the command's row."""

    command_id: str
    task_id: str
    by_id: str
    for_id: str
    """The holder in whose place `by_id` acts; the same person where they hold it."""
    choice: Choice


class Reassign(Frozen):
    command_id: str
    task_id: str
    by_id: str
    to_id: str


class Extend(Frozen):
    """A new deadline; its day ends at the cycle's last sending hour."""

    command_id: str
    task_id: str
    by_id: str
    due_on: date


class VoidTask(Frozen):
    command_id: str
    task_id: str
    by_id: str


class RemindTask(Frozen):
    """Remind whoever holds a task now, beside its ladder."""

    command_id: str
    task_id: str
    by_id: str


class SendLink(Frozen):
    """The rightful holder of a task asked for a fresh link."""

    task_id: str
    person_id: str


class LinkOffered(Frozen):
    """Ask to write the notice that carries a fresh link."""

    task_id: str
    person_id: str
    epoch: int
    now: datetime


class TaskDecided(Frozen):
    """Ask to write a decision. `leads_to` is the stage at which the department stands after it."""

    decide: Decide
    company_id: str
    cycle_id: str
    department_id: str
    stage: Stage
    round: int
    leads_to: Stage | None = None
    now: datetime


class TaskChange(Frozen):
    """Ask to write a reassignment, an extension, a voiding or a reminder by hand."""

    command_id: str
    task_id: str
    by_id: str
    epoch: int
    now: datetime
    to_id: str | None = None
    due_on: date | None = None
    deadline_at: datetime | None = None
    """The new deadline, where it comes from the plan and not from a person."""
    shift: timedelta | None = None
    """By how much the deadline moves after a pause (Rule 13)."""
    fired: tuple[str, ...] = ()
    level: int = 0


class TaskChanged(Frozen):
    """What a task became."""

    holder_id: str
    deadline_at: datetime
    rungs: tuple[RungAt, ...]


class Answer(Frozen):
    """What a command came to."""

    command_id: str
    task_id: str = ""
    at: datetime
    stage: Stage | None = None
    is_noted: bool = False
    """Whether the command's row says so already, written together with what the command did."""

    def said(self) -> dict[str, Any]:
        """Return what the command's row keeps of it."""
        return self.model_dump(mode="json", exclude={"is_noted"})


# --- orders of the cycle to its departments ----------------------------------------------------


class Order(Frozen):
    """An order to a department; `revision` grows with each order of the cycle, older ones are ignored."""

    revision: int
    kind: str  # pause, resume, cancel, plan, follow
    at: datetime
    command_id: str = ""
    plan: DepartmentPlan | None = None
    holders: tuple[tuple[str, str], ...] = ()
    """For `follow` (Rule 12): who held tasks, and who holds them from now on."""


class OrderAll(Frozen):
    """Ask to pass an order on to every open department, or to those named."""

    company_id: str
    cycle_id: str
    order: Order
    department_ids: tuple[str, ...] = ()


class Departments(Frozen):
    count: int
    department_ids: tuple[str, ...] = ()


class CycleCommand(Frozen):
    """An order of HR about a cycle: pause, resume, cancel, publish, change the plan, a change of staff."""

    command_id: str
    by_id: str


class ResendMessage(Frozen):
    """HR's order to send a delivery again that reached nobody."""

    command_id: str
    by_id: str
    delivery_id: str


class MessageResend(Frozen):
    """Ask to put what a delivery carried into the outbox again, under the command's batch."""

    company_id: str
    cycle_id: str
    resend: ResendMessage
    now: datetime


class ReopenDepartment(Frozen):
    """Reopen one department of a cycle at a stage (Rule 13)."""

    command_id: str
    by_id: str
    department_id: str
    stage: Stage


class CycleRecord(Frozen):
    """Ask to write a state of the cycle, with the notices that go with it, under the command's batch."""

    company_id: str
    cycle_id: str
    state: CycleState
    by_id: str
    command_id: str
    now: datetime
    shift: timedelta | None = None


class ReopenRecord(Frozen):
    company_id: str
    cycle_id: str
    reopen: ReopenDepartment
    now: datetime


class DepartmentsStarting(Frozen):
    """Ask to start the reviews of a cycle: of all departments, or the one given."""

    company_id: str
    cycle_id: str
    now: datetime
    reopened: DepartmentStart | None = None


class StaffChanged(Frozen):
    """Whose open tasks follow to whom, after a joiner, leaver or transfer."""

    holders: tuple[tuple[str, str], ...] = ()
    department_ids: tuple[str, ...] = ()


class StageReached(Frozen):
    """Ask to write that a department stands at a stage."""

    company_id: str
    cycle_id: str
    department_id: str
    stage: Stage
    round: int
    now: datetime


class DepartmentClosed(Frozen):
    """Whether this department was the cycle's last open one."""

    was_last: bool


class ScoringOutcome(Frozen):
    """Persons scored, and how many figures or targets are missing (which blocks; Rule 42)."""

    scored: int
    missing: int


class Announce(Frozen):
    """Ask to write notices about a cycle or department that belong to no task; `key` is their batch."""

    key: str
    company_id: str
    cycle_id: str
    department_id: str = ""
    occasion: Occasion
    now: datetime


DepartmentStart.model_rebuild()
DepartmentCarried.model_rebuild()

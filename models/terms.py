"""What HR sets at a launch: deadlines, ladder, policy. Data of the cycle, not code (Rule 4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from models.stages import Approver, Channel, Recipient, RungAction


class Frozen(BaseModel):
    """A value that travels or is stored as a document; it never changes."""

    model_config = ConfigDict(frozen=True)


class Rung(Frozen):
    """One step of a ladder.

    `days` counts calendar days from the deadline's day, negative before it; the rung's hour is
    the morning (the first sending hour), or the deadline's own hour where `at_deadline`.
    """

    name: str
    days: int
    at_deadline: bool = False
    channels: tuple[Channel, ...]
    action: RungAction = RungAction.REMIND
    to: Recipient = Recipient.HOLDER


class Ladder(Frozen):
    """Reminders and escalation of a task (Rules 2, 3, 7).

    After a move the superior is reminded after `superior_reminded_after` working days, and the
    task moves a further step up after `superior_moves_after` working days.
    """

    rungs: tuple[Rung, ...] = (
        Rung(name="sms-3d", days=-3, channels=(Channel.SMS,)),
        Rung(name="email-1d", days=-1, channels=(Channel.EMAIL,)),
        Rung(
            name="escalate",
            days=0,
            at_deadline=True,
            channels=(Channel.EMAIL, Channel.SYSTEM),
            action=RungAction.MOVE,
            to=Recipient.SUPERIOR,
        ),
    )
    superior_reminded_after: int = Field(default=1, ge=1, le=30)
    superior_moves_after: int = Field(default=2, ge=1, le=30)


class BandLimit(Frozen):
    """A grade of result, and the points from which on it is given."""

    name: str
    from_points: Decimal


class Policy(Frozen):
    """What the company allows."""

    approve_by_silence: bool = False  # Rule 7: only if the policy says so, and the record says "by policy".
    always_sign_in: bool = False  # A link alone never decides; a signed-in session must.
    score_cap: Decimal = Decimal(150)  # Percent of one metric (Rule 42).
    bands: tuple[BandLimit, ...] = ()  # From the best down (Rule 44); the default ones where empty.
    approval_chain: tuple[Approver, ...] = (Approver.DIRECTOR, Approver.SUPERIOR, Approver.HR)
    late_task_days: int = Field(default=2, ge=1, le=30)
    """A task that opens when its deadline is over, or nearly, gets this many working days."""
    round_days: int = Field(default=3, ge=1, le=30)
    """A task opened by a send-back gets this many working days."""


class MonthDue(Frozen):
    """One monthly submission: its month, when it opens, when it is due."""

    month: date  # The first day of the month.
    opens_on: date
    due_on: date


class Terms(Frozen):
    """The deadlines and rules of one cycle, as HR set them; dates are days of the cycle's time zone."""

    time_zone: str = "Asia/Shanghai"
    first_sending_hour: int = 9
    last_sending_hour: int = 18  # Also the end of a deadline's day (Rule 9).
    targets_due_on: date
    months: tuple[MonthDue, ...]
    approvals_due_on: tuple[date, ...]  # One a step of the chain.
    feedback_due_on: date
    ladder: Ladder = Ladder()
    policy: Policy = Policy()
    left_out: tuple[str, ...] = ()
    """Departments, and divisions with all of theirs, that take no part in the cycle."""

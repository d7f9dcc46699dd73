"""The ladder of a task: when each reminder and each step up the line is due (Rules 2, 3, 7, 8, 9).

Workflows use `next_rung` and `drop_past`; the rest is for activities and previews, which hand
in a calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from models.messages import RungAt
from models.stages import Channel, Recipient, RungAction
from models.terms import Ladder, Policy, Rung


class Calendar(Protocol):
    """What a ladder asks of `rules.calendar.WorkCalendar`.

    Named here because workflows import this file and must not reach a calendar (DESIGN 5).
    """

    def working_day_on_or_before(self, day: date) -> date: ...
    def next_working_day(self, day: date) -> date: ...
    def add_working_days(self, day: date, n: int) -> date: ...
    def is_working(self, day: date) -> bool: ...
    def day_of(self, instant: datetime) -> date: ...
    def deadline(self, day: date) -> datetime: ...
    def morning(self, day: date) -> datetime: ...
    def on_day_at_hour_of(self, day: date, instant: datetime) -> datetime: ...
    def after_working_days(self, instant: datetime, n: int) -> datetime: ...


def resolve_ladder(ladder: Ladder, deadline_at: datetime, calendar: Calendar) -> tuple[RungAt, ...]:
    """Give each rung its instant, in the order they come; at one instant, in the ladder's order."""
    rungs = (
        RungAt(
            name=rung.name,
            at=_instant(rung, deadline_at, calendar),
            channels=rung.channels,
            action=rung.action,
            to=rung.to,
        )
        for rung in ladder.rungs
    )
    return tuple(sorted(rungs, key=lambda rung: rung.at))


def _instant(rung: Rung, deadline_at: datetime, calendar: Calendar) -> datetime:
    if rung.at_deadline and rung.days == 0:
        return deadline_at  # Whatever day that is: a pause may have shifted it to a day off.
    last = calendar.day_of(deadline_at)
    day = date.fromordinal(last.toordinal() + rung.days)
    if not calendar.is_working(day):
        # What is meant for after the deadline must not come before it.
        day = calendar.next_working_day(day) if rung.days > 0 else calendar.working_day_on_or_before(day)
    return calendar.on_day_at_hour_of(day, deadline_at) if rung.at_deadline else calendar.morning(day)


def superior_rungs(ladder: Ladder, moved_at: datetime, calendar: Calendar, level: int) -> tuple[RungAt, ...]:
    """Return reminder and next move for a superior to whom a task moved (Rule 7).

    `level` is how many steps up the line the task stands. A reminder that would not come before
    the move is left out.
    """
    remind_at = calendar.after_working_days(moved_at, ladder.superior_reminded_after)
    move_at = calendar.after_working_days(moved_at, ladder.superior_moves_after)
    channels = (Channel.EMAIL, Channel.SYSTEM)
    reminder = RungAt(name=f"superior-{level}-remind", at=remind_at, channels=channels)
    move = RungAt(
        name=f"superior-{level}-move",
        at=move_at,
        channels=channels,
        action=RungAction.MOVE,
        to=Recipient.SUPERIOR,
    )
    return (reminder, move) if remind_at < move_at else (move,)


def drop_past(rungs: Sequence[RungAt], now: datetime) -> tuple[RungAt, ...]:
    """Return the rungs that are still to come (Rule 8: what is over is not sent in a burst)."""
    return tuple(rung for rung in rungs if rung.at > now)


def late_deadline(deadline_at: datetime, now: datetime, policy_days: int, calendar: Calendar) -> datetime:
    """Return the planned deadline, or a later one where less than a working day is left (Rule 8).

    The later one is `policy_days` working days after today, so that whoever holds the task has
    time to act before it moves away.
    """
    if calendar.after_working_days(now, 1) <= deadline_at:
        return deadline_at
    return calendar.deadline(calendar.add_working_days(calendar.day_of(now), policy_days))


def ladder_at_opening(
    ladder: Ladder, policy: Policy, planned_at: datetime | None, now: datetime, calendar: Calendar
) -> tuple[datetime, tuple[RungAt, ...]]:
    """Return deadline and rungs of a task that opens now, perhaps late (Rule 8).

    A task that no plan foresaw (`planned_at` None) has the policy's `round_days`. A ladder that
    escalates always does: where every such rung lies before now already, the last of them is put
    on the deadline.
    """
    if planned_at is None:
        deadline_at = calendar.deadline(calendar.add_working_days(calendar.day_of(now), policy.round_days))
    else:
        deadline_at = late_deadline(planned_at, now, policy.late_task_days, calendar)
    planned = resolve_ladder(ladder, deadline_at, calendar)
    rungs = drop_past(planned, now)
    climbs = [rung for rung in planned if rung.action in (RungAction.MOVE, RungAction.ADD)]
    if climbs and not any(rung.action is climbs[-1].action for rung in rungs):
        rungs = _in_time((*rungs, climbs[-1].model_copy(update={"at": deadline_at})))
    return deadline_at, rungs


def _in_time(rungs: Sequence[RungAt]) -> tuple[RungAt, ...]:
    return tuple(sorted(rungs, key=lambda rung: rung.at))


def next_rung(rungs: Sequence[RungAt], fired: Collection[str], now: datetime) -> RungAt | None:
    """Return the rung to wait for, or to fire at once where its instant has come; None at the end.

    After an outage several may be due together. A reminder that a later due rung has overtaken
    is passed over, so that nobody gets a burst; a rung that moves, adds or notifies never is.
    """
    latest_due = max((rung.at for rung in rungs if rung.at <= now), default=now)
    waiting = (
        rung
        for rung in rungs
        if rung.name not in fired and not (rung.action is RungAction.REMIND and rung.at < latest_due)
    )
    return min(waiting, key=lambda rung: rung.at, default=None)

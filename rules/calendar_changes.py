"""What a change of the company's days would do to plans that stand: nothing by itself (Rules 9, 10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.terms import Terms
from rules.calendar import WorkCalendar
from rules.plan import task_plans


@dataclass(frozen=True)
class Shift:
    """A deadline of the plan, and when it would be due by the new days."""

    slot: str
    was: datetime
    would_be: datetime


def shifts_by(terms: Terms, before: WorkCalendar, after: WorkCalendar, now: datetime) -> list[Shift]:
    """Return the deadlines still to come that the new days would move."""
    pairs = zip(task_plans(terms, before), task_plans(terms, after), strict=True)
    return [
        Shift(old.slot, old.deadline_at, new.deadline_at)
        for old, new in pairs
        if old.deadline_at and new.deadline_at and old.deadline_at != new.deadline_at and old.deadline_at > now
    ]

"""Ladders that make no sense are named, each rung with its reason."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from models.stages import Channel, Recipient, RungAction
from models.terms import Ladder, Rung
from rules.calendar import WorkCalendar
from rules.calendar_changes import shifts_by
from rules.ladder_check import problems_of_ladder
from rules.plan import default_terms

MOVE = Rung(
    name="up",
    days=0,
    at_deadline=True,
    channels=(Channel.EMAIL,),
    action=RungAction.MOVE,
    to=Recipient.SUPERIOR,
)


def reminder(name: str = "r", days: int = -1, **more: object) -> Rung:
    return Rung.model_validate({"name": name, "days": days, "channels": (Channel.EMAIL,), **more})


def codes(*rungs: Rung) -> list[str]:
    return [problem.code for problem in problems_of_ladder(Ladder(rungs=rungs))]


def test_the_standard_ladder_makes_sense() -> None:
    """Rules 2 and 3."""
    assert list(problems_of_ladder(Ladder())) == []


@pytest.mark.parametrize(
    ("rungs", "said"),
    [
        ((), ["ladder-empty"]),
        ((reminder(), reminder()), ["rung-twice"]),
        ((reminder(channels=()),), ["rung-without-channel"]),
        ((reminder(days=-61),), ["rung-too-far"]),
        ((MOVE.model_copy(update={"days": -1}),), ["rung-moves-early"]),
        ((MOVE.model_copy(update={"at_deadline": False}),), ["rung-moves-early"]),
        ((MOVE.model_copy(update={"to": Recipient.HR}),), ["rung-moves-nowhere"]),
        ((reminder(to=Recipient.HR),), ["rung-reminds-others"]),
        ((MOVE, reminder(days=1)), ["rung-never-fires"]),
        ((reminder(days=1),), []),
        ((MOVE.model_copy(update={"days": 2}), reminder(days=1)), []),
        (tuple(reminder(f"r{n}", -n) for n in range(13)), ["ladder-too-long"]),
    ],
)
def test_what_is_wrong_with_a_ladder(rungs: tuple[Rung, ...], said: list[str]) -> None:
    """Rule 4: ladders are data, so they are checked when saved."""
    assert codes(*rungs) == said


def test_a_new_day_off_would_move_the_deadlines_on_it_and_no_others() -> None:
    """Rule 9: to the working day before."""
    calendar = WorkCalendar()
    terms = default_terms(date(2027, 1, 1), date(2027, 3, 31), date(2026, 12, 1), calendar)
    day = terms.targets_due_on
    now = datetime(2026, 12, 1, tzinfo=UTC)
    (shift,) = shifts_by(terms, calendar, WorkCalendar(overrides={day: False}), now)
    assert (shift.slot, shift.was) == ("targets", calendar.deadline(day))
    assert shift.would_be == calendar.deadline(calendar.add_working_days(day, -1))
    assert shifts_by(terms, calendar, WorkCalendar(overrides={day: False}), shift.was) == []

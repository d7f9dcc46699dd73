from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.messages import RungAt
from models.stages import Channel, Recipient, RungAction
from models.terms import Ladder, Policy, Rung
from rules.calendar import WorkCalendar
from rules.ladder import (
    drop_past,
    ladder_at_opening,
    late_deadline,
    next_rung,
    resolve_ladder,
    superior_rungs,
)

CHINA = WorkCalendar()
DEFAULT = Ladder()


def china(text: str) -> datetime:
    """An instant given in China's time."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def when(rungs: tuple[RungAt, ...]) -> dict[str, datetime]:
    return {rung.name: rung.at for rung in rungs}


def test_an_sms_goes_three_days_and_an_email_one_day_before_at_nine() -> None:
    """Rule 2: each at 09:00 of that day. Rule 3: the task moves at the deadline."""
    assert when(resolve_ladder(DEFAULT, china("2026-11-27T18:00"), CHINA)) == {
        "sms-3d": china("2026-11-24T09:00"),
        "email-1d": china("2026-11-26T09:00"),
        "escalate": china("2026-11-27T18:00"),
    }


def test_due_on_wednesday_the_sms_goes_on_friday_and_the_email_on_tuesday() -> None:
    """Rule 9: three days before Wednesday is a Sunday, so the SMS goes on the Friday before."""
    assert when(resolve_ladder(DEFAULT, china("2026-11-25T18:00"), CHINA)) == {
        "sms-3d": china("2026-11-20T09:00"),
        "email-1d": china("2026-11-24T09:00"),
        "escalate": china("2026-11-25T18:00"),
    }


def test_a_ladder_over_national_day_climbs_on_working_days() -> None:
    """Rule 9: due Saturday, October 10, 2026, a make-up day; the 7th is still a holiday."""
    assert when(resolve_ladder(DEFAULT, CHINA.deadline(date(2026, 10, 11)), CHINA)) == {
        "sms-3d": china("2026-09-30T09:00"),
        "email-1d": china("2026-10-09T09:00"),
        "escalate": china("2026-10-10T18:00"),
    }


def test_rungs_of_one_instant_keep_the_ladders_order() -> None:
    rungs = tuple(Rung(name=name, days=-days, channels=(Channel.EMAIL,)) for name, days in [("b", 2), ("a", 3)])
    monday = china("2026-11-23T18:00")  # Two and three days before are Saturday and Friday.
    resolved = resolve_ladder(Ladder(rungs=rungs), monday, CHINA)
    assert [rung.name for rung in resolved] == ["b", "a"]
    assert len({rung.at for rung in resolved}) == 1


def test_a_rung_after_the_deadline_never_comes_before_it() -> None:
    after = Rung(name="overdue", days=1, channels=(Channel.EMAIL,), action=RungAction.NOTIFY, to=Recipient.HR)
    late = Rung(name="hour", days=1, at_deadline=True, channels=(Channel.EMAIL,))
    friday = china("2026-11-27T18:00")
    assert when(resolve_ladder(Ladder(rungs=(after, late)), friday, CHINA)) == {
        "overdue": china("2026-11-30T09:00"),
        "hour": china("2026-11-30T18:00"),
    }


def test_a_silent_superior_is_reminded_after_one_working_day_and_passed_after_two() -> None:
    """Rule 7. The task moved on Friday at 18:00."""
    reminder, move = superior_rungs(DEFAULT, china("2026-11-27T18:00"), CHINA, level=1)
    assert (reminder.name, reminder.at, reminder.action, reminder.to) == (
        "superior-1-remind",
        china("2026-11-30T18:00"),
        RungAction.REMIND,
        Recipient.HOLDER,
    )
    assert (move.name, move.at, move.action, move.to) == (
        "superior-1-move",
        china("2026-12-01T18:00"),
        RungAction.MOVE,
        Recipient.SUPERIOR,
    )
    assert reminder.channels == move.channels == (Channel.EMAIL, Channel.SYSTEM)


def test_a_superiors_reminder_that_would_not_precede_the_move_is_left_out() -> None:
    hasty = Ladder(superior_reminded_after=2, superior_moves_after=2)
    names = [rung.name for rung in superior_rungs(hasty, china("2026-11-27T18:00"), CHINA, level=3)]
    assert names == ["superior-3-move"]


def test_a_task_opened_late_sends_no_burst() -> None:
    """Rule 8: opened on Tuesday noon, due Thursday: the SMS of Monday is not sent."""
    deadline, rungs = ladder_at_opening(
        DEFAULT, Policy(), china("2026-11-26T18:00"), china("2026-11-24T12:00"), CHINA
    )
    assert deadline == china("2026-11-26T18:00")
    assert [rung.name for rung in rungs] == ["email-1d", "escalate"]


def test_a_task_opened_after_its_deadline_gets_a_later_one_and_keeps_its_escalation() -> None:
    """Rule 8: two working days from Friday are Tuesday."""
    deadline, rungs = ladder_at_opening(
        DEFAULT, Policy(late_task_days=2), china("2026-11-20T18:00"), china("2026-11-27T12:00"), CHINA
    )
    assert deadline == china("2026-12-01T18:00")
    assert [rung.name for rung in rungs] == ["email-1d", "escalate"]


def test_a_task_that_no_plan_foresaw_has_the_days_that_the_policy_grants() -> None:
    deadline, rungs = ladder_at_opening(DEFAULT, Policy(round_days=3), None, china("2026-11-27T12:00"), CHINA)
    assert deadline == rungs[-1].at == china("2026-12-02T18:00")


def test_an_escalation_before_the_deadline_that_is_missed_happens_at_the_deadline() -> None:
    early = Rung(name="early", days=-3, channels=(Channel.EMAIL,), action=RungAction.MOVE, to=Recipient.SUPERIOR)
    deadline, rungs = ladder_at_opening(
        Ladder(rungs=(early,)), Policy(), china("2026-11-26T18:00"), china("2026-11-24T12:00"), CHINA
    )
    assert when(rungs) == {"early": deadline}


def test_a_deadline_with_a_working_day_left_stays() -> None:
    friday_noon = china("2026-11-27T12:00")
    assert late_deadline(china("2026-11-30T12:00"), friday_noon, 2, CHINA) == china("2026-11-30T12:00")
    assert late_deadline(china("2026-11-30T11:59"), friday_noon, 2, CHINA) == china("2026-12-01T18:00")


def test_the_next_rung_is_the_first_not_fired() -> None:
    rungs = resolve_ladder(DEFAULT, china("2026-11-27T18:00"), CHINA)
    monday = china("2026-11-23T12:00")
    assert next_rung(rungs, (), monday) == rungs[0]
    assert next_rung(rungs, {"sms-3d"}, monday) == rungs[1]
    assert next_rung(rungs, {"sms-3d", "email-1d", "escalate"}, monday) is None
    assert next_rung((), (), monday) is None


def test_a_rung_whose_instant_has_come_is_fired_even_if_the_clock_is_a_little_past_it() -> None:
    rungs = resolve_ladder(DEFAULT, china("2026-11-27T18:00"), CHINA)
    assert next_rung(rungs, (), rungs[0].at + timedelta(seconds=5)) == rungs[0]


def test_after_an_outage_overtaken_reminders_are_passed_over_but_the_move_is_not() -> None:
    """Rule 8: no burst, also where nobody was there to send."""
    rungs = resolve_ladder(DEFAULT, china("2026-11-27T18:00"), CHINA)
    thursday = china("2026-11-26T12:00")
    assert next_rung(rungs, (), thursday) == rungs[1]
    december = china("2026-12-03T12:00")
    assert next_rung(rungs, (), december) == rungs[2]
    assert next_rung(rungs, {"escalate"}, december) is None


def test_two_reminders_of_one_instant_are_both_given() -> None:
    at = china("2026-11-24T09:00")
    both = tuple(RungAt(name=name, at=at, channels=(Channel.EMAIL,)) for name in ("first", "second"))
    assert next_rung(both, {"first"}, at) == both[1]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)), st.integers(-20, 30), st.integers(1, 10))
def test_a_task_is_never_left_without_its_escalation(now: datetime, due_in: int, days: int) -> None:
    """Rule 8: whatever the instant at which it opens, the task moves, and not before a working day."""
    now = now.replace(tzinfo=UTC)
    planned = CHINA.deadline(CHINA.day_of(now) + timedelta(days=due_in))
    deadline, rungs = ladder_at_opening(DEFAULT, Policy(late_task_days=days), planned, now, CHINA)
    assert rungs == drop_past(rungs, now)
    assert rungs[-1].action is RungAction.MOVE
    assert rungs[-1].at == deadline >= planned
    assert CHINA.add_working_days(CHINA.day_of(now), 1) <= CHINA.day_of(deadline)

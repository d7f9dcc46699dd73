from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refusal
from models.terms import Terms
from rules.calendar import WorkCalendar, calendar_for

CHINA = WorkCalendar()
BERLIN = WorkCalendar(time_zone="Europe/Berlin")
DAYS = st.dates(date(2010, 1, 1), date(2030, 12, 31))


def china(text: str) -> datetime:
    """An instant given in China's time."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def test_national_day_2026_is_off_and_its_make_up_days_are_worked() -> None:
    """Rule 9: mainland China's holidays with make-up days."""
    off = [day for day in range(1, 12) if not CHINA.is_working(date(2026, 10, day))]
    assert off == [1, 2, 3, 4, 5, 6, 7, 11]  # Saturday the 10th is made up for.
    assert CHINA.is_working(date(2026, 9, 20))  # A Sunday, made up for.


def test_an_own_day_counts_against_the_public_calendar() -> None:
    own = WorkCalendar(overrides={date(2026, 10, 5): True, date(2026, 10, 9): False})
    assert own.is_working(date(2026, 10, 5))
    assert not own.is_working(date(2026, 10, 9))


def test_a_year_not_announced_is_weekdays_without_the_holidays_fixed_by_law() -> None:
    year = 2035
    assert CHINA.knows(2026)
    assert not CHINA.knows(year)
    assert not CHINA.is_working(date(year, 10, 1))
    assert CHINA.is_working(date(year, 10, 8))
    assert not CHINA.is_working(date(year, 10, 13))  # A Saturday.


def test_a_deadline_is_the_end_of_its_day() -> None:
    """Rule 9: 18:00 of the cycle's time zone."""
    assert CHINA.deadline(date(2026, 11, 25)) == china("2026-11-25T18:00")


def test_a_deadline_on_a_day_off_moves_to_the_working_day_before() -> None:
    """Rule 9: so does the 25th. September 25, 2026 is Mid-Autumn; October 25 is a Sunday."""
    assert CHINA.deadline(date(2026, 9, 25)) == china("2026-09-24T18:00")
    assert CHINA.deadline(date(2026, 10, 25)) == china("2026-10-23T18:00")
    assert CHINA.deadline(date(2026, 10, 7)) == china("2026-09-30T18:00")


def test_working_days_are_counted_over_holidays_and_make_up_days() -> None:
    assert CHINA.add_working_days(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert CHINA.add_working_days(date(2026, 10, 10), -3) == date(2026, 9, 30)
    assert CHINA.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CHINA.add_working_days(date(2026, 10, 3), 0) == date(2026, 10, 3)


def test_a_local_hour_stays_when_the_clocks_change() -> None:
    friday = datetime(2026, 3, 27, 17, tzinfo=UTC)  # 18:00 in Berlin; the clocks go forward on Sunday.
    assert BERLIN.after_working_days(friday, 1) == datetime(2026, 3, 30, 16, tzinfo=UTC)
    assert BERLIN.deadline(date(2026, 3, 30)) == datetime(2026, 3, 30, 16, tzinfo=UTC)


def test_a_day_may_end_at_midnight() -> None:
    around_the_clock = WorkCalendar(first_hour=0, last_hour=24)
    assert around_the_clock.deadline(date(2026, 11, 25)) == china("2026-11-26T00:00")


@pytest.mark.parametrize(
    ("moment", "goes_at"),
    [
        ("2026-11-25T08:59:59", "2026-11-25T09:00"),
        ("2026-11-25T09:00", "2026-11-25T09:00"),
        ("2026-11-25T18:00", "2026-11-25T18:00"),
        ("2026-11-25T18:00:01", "2026-11-26T09:00"),
        ("2026-11-25T23:59", "2026-11-26T09:00"),
    ],
)
def test_an_sms_waits_for_sending_hours(moment: str, goes_at: str) -> None:
    """Rule 9: SMS only within sending hours, 09:00–18:00."""
    assert CHINA.next_sending_moment(china(moment)) == china(goes_at)
    assert CHINA.in_sending_hours(china(moment)) is (moment == goes_at)


def test_an_instant_falls_on_the_local_day() -> None:
    assert CHINA.day_of(datetime(2026, 11, 24, 16, tzinfo=UTC)) == date(2026, 11, 25)


def test_the_calendar_of_a_cycle_takes_its_hours_and_zone_from_the_terms() -> None:
    terms = Terms(
        time_zone="Europe/Berlin",
        first_sending_hour=8,
        last_sending_hour=17,
        targets_due_on=date(2026, 10, 8),
        months=(),
        approvals_due_on=(),
        feedback_due_on=date(2027, 1, 15),
    )
    calendar = calendar_for(terms, {date(2026, 12, 24): False})
    assert calendar == WorkCalendar("Europe/Berlin", {date(2026, 12, 24): False}, 8, 17)
    with pytest.raises(Refusal, match="time-zone-unknown"):
        calendar_for(terms.model_copy(update={"time_zone": "Mars/Olympus"}), {})


@given(DAYS, st.integers(-60, 60))
def test_going_n_working_days_on_and_back_arrives_where_it_began(day: date, n: int) -> None:
    start = CHINA.working_day_on_or_before(day)
    there = CHINA.add_working_days(start, n)
    assert CHINA.is_working(there)
    assert CHINA.add_working_days(there, -n) == start


@given(DAYS)
def test_a_deadline_never_moves_later_nor_over_another_working_day(day: date) -> None:
    moved = CHINA.day_of(CHINA.deadline(day))
    assert moved <= day
    assert CHINA.is_working(moved)
    assert not any(CHINA.is_working(moved + timedelta(days=d)) for d in range(1, (day - moved).days + 1))

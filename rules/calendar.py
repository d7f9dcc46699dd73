"""The working calendar of a cycle: which days are worked, and which instants its days and hours are (Rule 9).

Mainland China's holidays come with make-up days: Saturdays and Sundays that are worked. They are
announced a year at a time, each November; for a year not announced yet every Monday to Friday
counts as worked save those that the law fixes by date, and `knows` says so, that a preview can
warn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import chinese_calendar

from models.errors import Refusal
from models.terms import Terms

ONE_DAY = timedelta(days=1)
SATURDAY = 5

PUBLIC_HOLIDAYS = frozenset(chinese_calendar.holidays)
MAKE_UP_DAYS = frozenset(chinese_calendar.workdays)  # 调休上班日
ANNOUNCED_YEARS = range(min(PUBLIC_HOLIDAYS).year, max(PUBLIC_HOLIDAYS).year + 1)
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the holidays that the law fixes by date, in every year to come."""


@dataclass(frozen=True)
class WorkCalendar:
    """The days and hours that a company works, in the cycle's time zone.

    `overrides` are the company's own days, worked (True) or off (False), against the public
    calendar. Local hours stay what they are across a change of the clocks.
    """

    time_zone: str = "Asia/Shanghai"
    overrides: Mapping[date, bool] = field(default_factory=dict)
    first_hour: int = 9
    last_hour: int = 18

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def is_working(self, day: date) -> bool:
        own = self.overrides.get(day)
        if own is not None:
            return own
        if not self.knows(day.year):
            return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED_HOLIDAYS
        return day in MAKE_UP_DAYS or (day.weekday() < SATURDAY and day not in PUBLIC_HOLIDAYS)

    def knows(self, year: int) -> bool:
        """Tell whether that year's public holidays are announced."""
        return year in ANNOUNCED_YEARS

    def working_day_on_or_before(self, day: date) -> date:
        while not self.is_working(day):
            day -= ONE_DAY
        return day

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`."""
        return self.add_working_days(day, 1)

    def add_working_days(self, day: date, n: int) -> date:
        """Return the n-th working day after `day`, or before it where n is negative."""
        step = ONE_DAY if n > 0 else -ONE_DAY
        left = abs(n)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def day_of(self, instant: datetime) -> date:
        """Return the local day in which an instant falls."""
        return instant.astimezone(self.zone).date()

    def deadline(self, day: date) -> datetime:
        """Return the end of that day, or of the working day before it where it is off."""
        return self._at_hour(self.working_day_on_or_before(day), self.last_hour)

    def day_end(self, day: date) -> datetime:
        """Return the last hour of that day, be it worked or not."""
        return self._at_hour(day, self.last_hour)

    def morning(self, day: date) -> datetime:
        """Return the first sending hour of that day, be it worked or not."""
        return self._at_hour(day, self.first_hour)

    def on_day_at_hour_of(self, day: date, instant: datetime) -> datetime:
        """Return that day at the local time of day that `instant` has."""
        local = instant.astimezone(self.zone)
        return datetime.combine(day, local.time(), self.zone).astimezone(UTC)

    def after_working_days(self, instant: datetime, n: int) -> datetime:
        """Return the same local hour n working days later."""
        return self.on_day_at_hour_of(self.add_working_days(self.day_of(instant), n), instant)

    def in_sending_hours(self, instant: datetime) -> bool:
        """Tell whether an SMS may go out at that instant, the last hour's stroke included."""
        day = self.day_of(instant)
        return self._at_hour(day, self.first_hour) <= instant <= self._at_hour(day, self.last_hour)

    def next_sending_moment(self, instant: datetime) -> datetime:
        """Return the instant itself where an SMS may go then, else the next morning."""
        if self.in_sending_hours(instant):
            return instant
        day = self.day_of(instant)
        morning = self.morning(day)
        return morning if instant < morning else self.morning(day + ONE_DAY)

    def _at_hour(self, day: date, hour: int) -> datetime:
        # Hour 24 is midnight at the day's end: added to the wall clock before the zone comes in.
        wall = datetime.combine(day, time()) + timedelta(hours=hour)
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


def holiday_name(day: date) -> str:
    """Name a public holiday of mainland China in English; nothing on other days."""
    return str(chinese_calendar.holidays.get(day, ""))


def calendar_for(terms: Terms, overrides: Mapping[date, bool]) -> WorkCalendar:
    """Return the calendar of a cycle with these terms and the company's own days.

    Raises:
        Refusal: `time-zone-unknown`.
    """
    try:
        ZoneInfo(terms.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise Refusal("time-zone-unknown", time_zone=terms.time_zone) from unknown
    return WorkCalendar(
        time_zone=terms.time_zone,
        overrides=dict(overrides),
        first_hour=terms.first_sending_hour,
        last_hour=terms.last_sending_hour,
    )

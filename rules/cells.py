"""What a cell of a file means: dates, months, amounts, yes and no. Pure and exact; nothing is guessed.

Each reading gives a `Meaning`: the value; or nothing, where the cell says that there is nothing;
or the code of what is wrong, with the text that should probably stand there instead. Names and staff
numbers, which mean something by what is known already, are read by `rules/known_names.py`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, Generic, Literal, TypeVar

Value = TypeVar("Value")
DateOrder = Literal["auto", "ymd", "dmy", "mdy"]
"""In what order a date is written that could be read in several ways; `auto` takes only what is clear."""

NOTHING: Final = frozenset(
    (
        *("", "null", "none", "nil", "nan", "n/a", "-", "--", "—", "——", "–", "/", "\\"),
        *("无", "空", "暂无", "没有", "不适用"),
    )
)
"""How people and programs write that there is nothing."""
EXCEL_ERRORS: Final = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA", "#SPILL!", "#CALC!")
)
YES: Final = frozenset(("是", "yes", "y", "true", "1", "√", "✓", "对"))
NO: Final = frozenset(("否", "no", "n", "false", "0", "×", "✗", "不是"))
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
BEFORE_EXCEL: Final = date(1899, 12, 30)
"""Excel counts days from here on (from March 1900; it takes 1900 for a leap year)."""
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

_BETWEEN = r"\s*(?:年|月|[-/.])\s*"
_TIME = r"(?:\s*[t,]?\s*(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?P<zone>z|[-+]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{1,2}})\s*日?{_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})\s*[-/.]\s*(\d{{1,2}})\s*[-/.]\s*(\d{{4}}){_TIME}")
_YEAR_SHORT = re.compile(
    rf"\d{{1,2}}\s*[-/.年]\s*\d{{1,2}}\s*[-/.月]\s*\d{{1,2}}\s*日?{_TIME}|\d{{1,2}}[-\s]*[a-z]{{3,9}}[-\s]*\d\d"
)
_COMPACT = re.compile(rf"(\d{{4}})(\d{{2}})(\d{{2}}){_TIME}")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_DAY_AND_NAME = re.compile(rf"(\d{{1,2}})[-\s]*([a-z]{{3,9}})\.?[-,\s]*(\d{{4}}){_TIME}")
_NAME_AND_DAY = re.compile(rf"([a-z]{{3,9}})\.?\s*(\d{{1,2}})\s*,?\s+(\d{{4}}){_TIME}")
_MONTH = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})(?!\d)\s*(?:月|[-/.月]\s*\d{1,2}日?(?:[ t]00:00(?::00)?)?)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{4})")
_MONTH_AND_NAME = re.compile(r"([a-z]{3,9})\.?[-,\s]*(\d{4})|(\d{4})[-,\s]*([a-z]{3,9})")


@dataclass(frozen=True)
class Meaning(Generic[Value]):
    """What a cell means. Without a value and without a fault it says that there is nothing."""

    value: Value | None = None
    fault: str = ""
    """A stable code: `date-ambiguous`."""
    suggestion: str = ""
    """What should probably stand there; empty where nobody can tell."""
    choices: tuple[str, ...] = ()
    """All that it may mean, where it may mean several things."""

    @property
    def is_nothing(self) -> bool:
        return self.value is None and not self.fault


def plain(text: str) -> str:
    """Return text as it is compared: full-width signs, capitals and outer blanks do not matter."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def is_nothing(text: str) -> bool:
    return plain(text) in NOTHING


def is_error(text: str) -> bool:
    """Tell whether a cell holds what Excel writes where a formula failed."""
    return text.strip().upper() in EXCEL_ERRORS


# --- dates --------------------------------------------------------------------------------------


def date_in(text: str, order: DateOrder = "auto") -> Meaning[date]:
    """Read a day: 2017-03-01, 2017/3/1, 2017年3月1日, 20170301, 31-12-2017, 1 Mar 2017, 42795 (Excel's count).

    The time of day is passed over. Faults: `date-unreadable`; `date-ambiguous`, day and month could
    change places; `date-impossible`, like 30 February; `date-year-short`; `date-implausible`, before 1900
    or after 2199; `cell-error`.
    """
    found = _moment(text, order)
    return Meaning(found.value[0] if found.value else None, found.fault, found.suggestion, found.choices)


def moment_in(text: str, zone: tzinfo, order: DateOrder = "auto") -> Meaning[datetime]:
    """Read a moment, with its zone: 2017-03-01 08:30, 2017-03-01T00:30:00Z. One without a zone is in `zone`.

    Faults: those of `date_in`, `time-impossible`, and `time-missing` where there is a day alone.
    """
    found = _moment(text, order)
    if found.value is None:
        return Meaning(None, found.fault, found.suggestion, found.choices)
    day, time, offset = found.value
    if not time:
        return Meaning(fault="time-missing", suggestion=f"{day} 00:00")
    try:
        hour, _, rest = time.partition(":")
        stamp = f"{day}T{hour:0>2}:{rest}{offset.upper()}"
        moment = datetime.fromisoformat(stamp)
        return Meaning(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except ValueError:
        return Meaning(fault="time-impossible")


def month_in(text: str) -> Meaning[date]:
    """Read a month, as its first day: 2026-10, 2026/10, 202610, 2026年10月, 10/2026, Oct 2026, or any day in it.

    Faults: `month-unreadable`, `cell-error`.
    """
    given = plain(text)
    if given in NOTHING:
        return Meaning()
    if is_error(text):
        return Meaning(fault="cell-error")
    year = month = 0
    if match := _MONTH.fullmatch(given):
        year, month = int(match[1]), int(match[2])
    elif match := _MONTH_FIRST.fullmatch(given):
        year, month = int(match[2]), int(match[1])
    elif match := _MONTH_AND_NAME.fullmatch(given):
        year, month = int(match[2] or match[3]), _month_called(match[1] or match[4])
    elif day := date_in(text).value:
        year, month = day.year, day.month
    if year and 1 <= month <= 12:
        return Meaning(date(year, month, 1))
    return Meaning(fault="month-unreadable")


_Moment = tuple[date, str, str]
"""A day, the time of day and the zone, as far as they were written."""


def _moment(text: str, order: DateOrder) -> Meaning[_Moment]:
    given = plain(text)
    if given in NOTHING:
        return Meaning()
    if is_error(text):
        return Meaning(fault="cell-error")
    if match := _YEAR_FIRST.fullmatch(given) or _COMPACT.fullmatch(given):
        return _checked(int(match[1]), int(match[2]), int(match[3]), match)
    if match := _DAY_AND_NAME.fullmatch(given):
        return _checked(int(match[3]), _month_called(match[2]), int(match[1]), match)
    if match := _NAME_AND_DAY.fullmatch(given):
        return _checked(int(match[3]), _month_called(match[1]), int(match[2]), match)
    if match := _YEAR_LAST.fullmatch(given):
        return _by_order(int(match[3]), int(match[1]), int(match[2]), order, match)
    if _YEAR_SHORT.fullmatch(given):
        return Meaning(fault="date-year-short")
    if _SERIAL.fullmatch(given):
        return _of_serial(given)
    return Meaning(fault="date-unreadable")


def _checked(year: int, month: int, day: int, match: re.Match[str]) -> Meaning[_Moment]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Meaning(fault="date-implausible")
    if month == 0:
        return Meaning(fault="date-unreadable")  # A word that is no month.
    found = _day(year, month, day)
    if found is None:
        return Meaning(fault="date-impossible")
    return Meaning((found, match["time"] or "", match["zone"] or ""))


def _by_order(year: int, first: int, second: int, order: DateOrder, match: re.Match[str]) -> Meaning[_Moment]:
    """Read a day whose year stands last: which of the others is the month is the question."""
    if order == "dmy" or order == "mdy":
        day, month = (first, second) if order == "dmy" else (second, first)
        found = _checked(year, month, day, match)
        other = _day(year, day, month)
        if found.fault == "date-impossible" and other:  # Written the other way round than all the rest.
            return Meaning(fault="date-impossible", suggestion=other.isoformat())
        return found
    readings = sorted({found for found in (_day(year, first, second), _day(year, second, first)) if found})
    if len(readings) > 1:
        return Meaning(fault="date-ambiguous", choices=tuple(day.isoformat() for day in readings))
    if not readings:
        return _checked(year, second, first, match)
    return _checked(year, readings[0].month, readings[0].day, match)


def _of_serial(given: str) -> Meaning[_Moment]:
    days, _, fraction = given.partition(".")
    day = BEFORE_EXCEL + timedelta(days=int(days))
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return Meaning(fault="date-implausible")
    seconds = round(float(f"0.{fraction or 0}") * 86_400)  # As exact as Excel keeps it.
    time = str(timedelta(seconds=min(seconds, 86_399))) if fraction else ""
    return Meaning((day, time, ""))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month_called(word: str) -> int:
    """Return a month's number by its English name or the first letters of it; 0 for another word."""
    return next((number for number, name in enumerate(MONTHS, 1) if name.startswith(word)), 0)


# --- yes and no ---------------------------------------------------------------------------------


def yes_or_no(text: str) -> Meaning[bool]:
    """Read 是, yes, true, 1, √ and their contraries. Faults: `not-yes-or-no`, `cell-error`."""
    given = plain(text)
    if given in YES or given in NO:
        return Meaning(given in YES)
    if given in NOTHING:
        return Meaning()
    return Meaning(fault="cell-error" if is_error(text) else "not-yes-or-no")

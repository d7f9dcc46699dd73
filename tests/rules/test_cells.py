"""Cells mean what people and programs write with them, or are refused with what was probably meant (Rule 34)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cells import (
    BEFORE_EXCEL,
    DateOrder,
    Meaning,
    date_in,
    is_nothing,
    moment_in,
    month_in,
    yes_or_no,
)

FIRST_OF_MARCH = date(2017, 3, 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
days = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "2017-03-01",
        "2017/3/1",
        " 2017.3.1 ",
        "２０１７／３／１",
        "20170301",
        "2017年3月1日",
        "2017 年 3 月 1 日",
        "2017-03-01 00:00:00",
        "2017-03-01T08:30:00Z",
        "1 Mar 2017",
        "01-March-2017",
        "March 1, 2017",
        "42795",
        "42795.5",
    ],
)
def test_a_day_is_read_however_it_is_written(text: str) -> None:
    assert date_in(text) == Meaning(FIRST_OF_MARCH)


@given(days)
def test_every_day_written_with_its_year_first_is_read_back(day: date) -> None:
    for text in (f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}"):
        assert date_in(text).value == day
    assert date_in(str((day - BEFORE_EXCEL).days)).value == day


@given(days)
def test_a_day_with_its_year_last_is_read_by_its_order_and_without_one_only_if_it_is_clear(day: date) -> None:
    assert date_in(f"{day:%d-%m-%Y}", "dmy").value == day
    assert date_in(f"{day:%m/%d/%Y}", "mdy").value == day
    read = date_in(f"{day:%d-%m-%Y}")
    if day.day > 12 or day.day == day.month:
        assert read.value == day
    else:
        assert read.value is None
        assert read.fault == "date-ambiguous"
        assert day.isoformat() in read.choices


@pytest.mark.parametrize(
    ("text", "order", "fault", "suggestion"),
    [
        ("03/04/2017", "auto", "date-ambiguous", ""),
        ("12/31/2017", "dmy", "date-impossible", "2017-12-31"),
        ("31-12-2017", "mdy", "date-impossible", "2017-12-31"),
        ("2017-02-30", "auto", "date-impossible", ""),
        ("31/31/2017", "auto", "date-impossible", ""),
        ("17-3-1", "auto", "date-year-short", ""),
        ("01-Mar-17", "auto", "date-year-short", ""),
        ("0217-03-01", "auto", "date-implausible", ""),
        ("99999999", "auto", "date-implausible", ""),
        ("1 Foo 2017", "auto", "date-unreadable", ""),
        ("last week", "auto", "date-unreadable", ""),
        ("2017-03", "auto", "date-unreadable", ""),
        ("#REF!", "auto", "cell-error", ""),
    ],
)
def test_what_is_no_clear_day_is_refused_and_not_guessed(
    text: str, order: DateOrder, fault: str, suggestion: str
) -> None:
    read = date_in(text, order)
    assert (read.value, read.fault, read.suggestion) == (None, fault, suggestion)


@given(st.text(max_size=40), st.sampled_from(["auto", "ymd", "dmy", "mdy"]))
def test_no_text_breaks_a_reading(text: str, order: DateOrder) -> None:
    for read in (date_in(text, order), month_in(text), moment_in(text, SHANGHAI, order), yes_or_no(text)):
        assert read.value is None or not read.fault
        assert read.is_nothing == is_nothing(text)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)).map(lambda at: at.replace(microsecond=0)))
def test_a_moment_without_a_zone_is_the_companys(at: datetime) -> None:
    assert moment_in(f"{at:%Y-%m-%d %H:%M:%S}", SHANGHAI).value == at.replace(tzinfo=SHANGHAI)
    assert moment_in(f"{at.isoformat()}Z", SHANGHAI).value == at.replace(tzinfo=UTC)
    serial = (at.date() - BEFORE_EXCEL).days + (at - datetime.combine(at.date(), at.time().min)) / timedelta(
        days=1
    )
    if at.date() > date(1950, 1, 1):
        read = moment_in(f"{serial:.10f}", SHANGHAI).value
        assert read is not None
        assert abs(read - at.replace(tzinfo=SHANGHAI)) <= timedelta(seconds=1)


def test_a_moment_is_more_than_a_day() -> None:
    assert moment_in("2017-03-01", SHANGHAI) == Meaning(fault="time-missing", suggestion="2017-03-01 00:00")
    assert moment_in("2017-03-01 25:00", SHANGHAI).fault == "time-impossible"
    assert moment_in("1/3/2017 8:30", SHANGHAI, "dmy").value == datetime(2017, 3, 1, 8, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "text",
    [
        "2017-03",
        "2017/3",
        "201703",
        "2017年3月",
        "3/2017",
        "Mar 2017",
        "2017 March",
        "2017-03-31",
        "2017.3",
        "2017-03-01 00:00:00",
        "20170331",
    ],
)
def test_a_month_is_its_first_day(text: str) -> None:
    assert month_in(text).value == FIRST_OF_MARCH


@pytest.mark.parametrize(
    "text", ["13/2017", "2017-13", "2017", "03", "2017-03-", "17-03", "0000-10", "2017-03 or so", "201703251"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    assert month_in(text).fault == "month-unreadable"


@pytest.mark.parametrize("text", ["", "  ", "NULL", "None", "n/a", "-", "——", "无", "暂无", "　"])
def test_there_are_many_words_for_nothing(text: str) -> None:
    assert is_nothing(text)
    assert date_in(text).is_nothing


@pytest.mark.parametrize("text", ["是", "Yes", "１", "√"])
def test_yes_is_read(text: str) -> None:
    assert yes_or_no(text).value is True


@pytest.mark.parametrize("text", ["否", "NO", "0", "×"])
def test_no_is_read(text: str) -> None:
    assert yes_or_no(text).value is False


def test_perhaps_is_neither() -> None:
    assert yes_or_no("perhaps").fault == "not-yes-or-no"
    assert yes_or_no("#N/A").fault == "cell-error"

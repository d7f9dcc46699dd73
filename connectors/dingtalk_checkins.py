"""Check-ins of DingTalk (签到): who was where, when, at whom; asked by day, for ten people at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.dingtalk_api import OLD, DingTalkApi
from connectors.source import SourceTrouble, Trouble
from connectors.values import as_text, beginning_of, moment_of_milliseconds

PEOPLE_AT_ONCE = 10
PAGE_ROWS = 100
CALLS_A_PAGE = 20
"""Days without a check-in are many: so many questions make a page, so that a break repeats few of them."""
CHECKED_IN = "checkin_time"
COLUMNS = (
    "id",
    "userid",
    CHECKED_IN,
    "day",
    "place",
    "detail_place",
    "visit_user",
    "remark",
    "longitude",
    "latitude",
)

Cells = dict[str, str]


@dataclass(frozen=True)
class Place:
    """Where to go on: the day, after whom of the people in their order, and from where on of these."""

    day: date
    after: str = ""
    cursor: int = 0


@dataclass(frozen=True)
class Days:
    """From and until when, inclusive."""

    first: date
    last: date

    def turn(self, people: Sequence[str], place: Place, most: int, until: date) -> tuple[list[str], Place | None]:
        """Return whom to ask about next, at most so many, and where to go on: with the others, or after `until`.

        Nobody is left to ask where the days are over, or the people of the place before are gone.
        """
        left = [userid for userid in people if userid > place.after]
        batch = left[:most] if place.day <= self.last else []
        following = Place(place.day, left[most - 1]) if len(left) > most else Place(until + timedelta(days=1))
        return batch, following if following.day <= self.last else None


async def checkins(
    api: DingTalkApi, people: Sequence[str], days: Days, start: Place | None, zone: ZoneInfo
) -> AsyncIterator[tuple[list[Cells], Place | None]]:
    """Give pages of check-ins, with where to go on after each; `people` are userids in their order.

    Raises:
        SourceTrouble
    """
    place: Place | None = start or Place(days.first)
    while place is not None:
        rows: list[Cells] = []
        calls = 0
        while place is not None and calls < CALLS_A_PAGE and len(rows) < PAGE_ROWS:
            found, place = await _asked(api, people, days, place, zone)
            rows += found
            calls += 1
        yield rows, place


async def _asked(
    api: DingTalkApi, people: Sequence[str], days: Days, place: Place, zone: ZoneInfo
) -> tuple[list[Cells], Place | None]:
    """Ask once; return the rows and where to go on."""
    batch, after = days.turn(people, place, PEOPLE_AT_ONCE, place.day)
    if not batch:
        return [], after
    body = {
        "userid_list": ",".join(batch),
        "start_time": _milliseconds(beginning_of(place.day, zone)),
        "end_time": _milliseconds(beginning_of(place.day + timedelta(days=1), zone)) - 1,
        "cursor": place.cursor,
        "size": PAGE_ROWS,
    }
    told = (await api.old("/topapi/checkin/record/get", body)).get("result")
    try:
        rows = [_cells(each, zone) for each in told.get("page_list") or []]
        cursor = told.get("next_cursor")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as odd:
        raise SourceTrouble(Trouble.UNREADABLE, place=OLD, why="answer-not-understood") from odd
    if not isinstance(cursor, int):
        return rows, after
    if cursor <= place.cursor or not rows:
        raise SourceTrouble(Trouble.UNREADABLE, place=OLD, why="pages-repeat")
    return rows, replace(place, cursor=cursor)


def _cells(told: Mapping[str, Any], zone: ZoneInfo) -> Cells:
    """Return a check-in's cells. DingTalk gives it no id: who and when to the millisecond tell it apart."""
    userid, milliseconds = as_text(told["userid"], zone), int(told[CHECKED_IN])
    moment = moment_of_milliseconds(milliseconds, zone)
    cells = {name: as_text(told.get(name), zone) for name in COLUMNS}
    return cells | {"id": f"{userid}:{milliseconds}", "userid": userid, CHECKED_IN: moment, "day": moment[:10]}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

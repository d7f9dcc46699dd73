"""Clock-ins of DingTalk (打卡) with their places, those outside the office among them; of the last 180 days."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.dingtalk_api import OLD, DingTalkApi
from connectors.dingtalk_checkins import Cells, Days, Place
from connectors.source import SourceTrouble, Trouble
from connectors.values import as_text, moment_of_milliseconds

PEOPLE_AT_ONCE = 50
DAYS_AT_ONCE = 7
DAYS_KEPT = 180
CLOCKED_IN = "userCheckTime"
COLUMNS = (
    "id",
    "userId",
    CLOCKED_IN,
    "day",
    "checkType",
    "timeResult",
    "locationResult",
    "userAddress",
    "outsideRemark",
    "sourceType",
    "userLongitude",
    "userLatitude",
)


async def clock_ins(
    api: DingTalkApi, people: Sequence[str], days: Days, start: Place | None, zone: ZoneInfo
) -> AsyncIterator[tuple[list[Cells], Place | None]]:
    """Give pages of clock-ins, with where to go on after each; `people` are userids in their order.

    Raises:
        SourceTrouble: WRONG_SETTINGS, where the first day is longer ago than DingTalk tells.
    """
    if days.first <= datetime.now(zone).date() - timedelta(days=DAYS_KEPT):
        raise SourceTrouble(Trouble.WRONG_SETTINGS, names=["checkins_from"], why="too-long-ago", days=DAYS_KEPT)
    place: Place | None = start or Place(days.first)
    while place is not None:
        rows, place = await _asked(api, people, days, place, zone)
        yield rows, place


async def _asked(
    api: DingTalkApi, people: Sequence[str], days: Days, place: Place, zone: ZoneInfo
) -> tuple[list[Cells], Place | None]:
    """Ask once; return the rows and where to go on."""
    last = min(place.day + timedelta(days=DAYS_AT_ONCE - 1), days.last)
    batch, after = days.turn(people, place, PEOPLE_AT_ONCE, last)
    if not batch:
        return [], after
    body = {
        "userIds": batch,
        "checkDateFrom": f"{place.day} 00:00:00",
        "checkDateTo": f"{last} 23:59:59",
        "isI18n": "false",
    }
    told = await api.old("/attendance/listRecord", body)
    try:
        return [_cells(each, zone) for each in told["recordresult"]], after
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as odd:
        raise SourceTrouble(Trouble.UNREADABLE, place=OLD, why="answer-not-understood") from odd


def _cells(told: Mapping[str, Any], zone: ZoneInfo) -> Cells:
    """Return a clock-in's cells; `day` is its working day, which a night shift begins the day before."""
    moment = moment_of_milliseconds(int(told[CLOCKED_IN]), zone)
    day = moment_of_milliseconds(int(told["workDate"]), zone)[:10]
    cells = {name: as_text(told.get(name), zone) for name in COLUMNS}
    return cells | {"id": as_text(told["id"], zone), CLOCKED_IN: moment, "day": day}

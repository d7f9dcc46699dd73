"""What tests of DingTalk's connector read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime

import pytest

from connectors.dingtalk import DingTalkConnector
from connectors.source import Page, Reading, SourceTrouble
from tests.standins.dingtalk_api import APP_KEY, APP_SECRET, FORM, SHANGHAI

SETTINGS = {"app_key": APP_KEY, "opportunity_form": FORM, "operator": "manager0", "checkins_from": "2026-01-05"}
SECRETS = {"app_secret": APP_SECRET}
FIRST = datetime(2026, 1, 5, tzinfo=SHANGHAI)
"""The day of the first check-ins."""
WON = Reading(
    "opportunities",
    ("instanceId", "商机编号", "客户", "成交金额", "DDDateField-WON", "阶段", "owner", "owner.job_number"),
    "instanceId",
)
VISITS = Reading(
    "checkins",
    ("userid", "user.job_number", "checkin_time", "day", "place", "visit_user"),
    "id",
    until_on=date(2026, 1, 14),
)

Connecting = Callable[..., AbstractAsyncContextManager[DingTalkConnector]]
"""Connects with changed settings, other secrets, a changed guard."""


async def read(connector: DingTalkConnector, reading: Reading, start: str = "") -> list[Page]:
    return [page async for page in connector.pages(reading, start)]


async def keys(connector: DingTalkConnector, reading: Reading, start: str = "") -> list[str]:
    return [row.key for page in await read(connector, reading, start) for row in page.rows]


async def trouble(connector: DingTalkConnector, reading: Reading = WON) -> SourceTrouble:
    with pytest.raises(SourceTrouble) as refused:
        await read(connector, reading)
    return refused.value

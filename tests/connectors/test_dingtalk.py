"""DingTalk's connector against a server that speaks its open API, over real HTTPS."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from connectors.source import Reading, SourceTrouble, Trouble
from tests.connectors.dingtalk_readings import FIRST, VISITS, WON, Connecting, keys, read, trouble
from tests.standins.dingtalk_api import (
    SHANGHAI,
    DingTalkStandIn,
    clock_ins,
    users,
)


async def test_opportunities_come_page_by_page_by_the_labels_that_people_see(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    async with to_dingtalk() as connector:
        pages = await read(connector, WON)
    rows = [row for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [10] * 5
    assert [row.key for row in rows] == [each["instanceId"] for each in dingtalk.opportunities]
    assert dict(rows[9].cells) == {
        "instanceId": "inst-0009",
        "商机编号": "SJ0009",
        "客户": "客户9",
        "成交金额": "1063.09",
        "DDDateField-WON": "2026-01-10T00:00:00+08:00",
        "阶段": "赢单",
        "owner": "manager9、manager10",
        "owner.job_number": "00009、00010",
    }


async def test_customers_departments_and_users_come_each_once(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    async with to_dingtalk() as connector:
        found = await keys(connector, Reading("customers", ("客户名称",), "instanceId"))
        assert found == [each["instanceId"] for each in dingtalk.customers]
        everybody = await read(connector, Reading("users", ("job_number", "dept_ids"), "userid"))
        assert sorted(row.cells["job_number"] for page in everybody for row in page.rows) == [
            f"{number:05}" for number in range(25)
        ]
        assert await keys(connector, Reading("departments", ("name",), "dept_id")) == ["2", "3", "4"]


async def test_only_a_department_and_those_below_it_are_read(to_dingtalk: Connecting) -> None:
    async with to_dingtalk({"department": "2"}) as connector:
        assert await keys(connector, Reading("users", (), "userid")) == sorted(
            f"manager{number}" for number in range(0, 25, 3)
        )


async def test_check_ins_come_with_place_and_whom_and_an_id_of_their_own(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    async with to_dingtalk() as connector:
        rows = [row for page in await read(connector, VISITS) for row in page.rows]
    assert len(rows) == len({row.key for row in rows}) == 25 * 3 * 2
    first = min(rows, key=lambda row: (row.cells["checkin_time"], row.key))
    assert first.key == f"manager0:{int(FIRST.timestamp() * 1000) + 60_000}"
    assert dict(first.cells) == {
        "id": first.key,
        "userid": "manager0",
        "user.job_number": "00000",
        "checkin_time": "2026-01-05T00:01:00+08:00",
        "day": "2026-01-05",
        "place": "绿城未来park",
        "visit_user": "客户0",
    }


async def test_check_ins_of_a_period_are_those_of_its_days(to_dingtalk: Connecting) -> None:
    asked = Reading(**{**VISITS.__dict__, "from_on": date(2026, 1, 6), "until_on": date(2026, 1, 6)})
    async with to_dingtalk() as connector:
        pages = await read(connector, asked)
    assert {row.cells["day"] for page in pages for row in page.rows} == {"2026-01-06"}


async def test_clock_ins_outside_the_office_come_with_their_place(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    dingtalk.users = users([f"{number:05}" for number in range(60)])
    first = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=9)
    dingtalk.clock_ins = clock_ins(dingtalk.users, first, 10)
    columns = ("user.job_number", "userCheckTime", "day", "userAddress", "outsideRemark", "userLongitude")
    asked = Reading("attendance", columns, "id", where={"locationResult": ("Outside",)})
    async with to_dingtalk({"checkins_from": f"{first:%Y-%m-%d}"}) as connector:
        pages = await read(connector, asked)
        rest = await keys(connector, asked, pages[0].next)
    rows = [row for page in pages for row in page.rows]
    assert len(rows) == len({row.key for row in rows}) == 300
    assert [row.key for row in rows][len(pages[0].rows) :] == rest
    assert dingtalk.names_asked.count("/attendance/listRecord") == 4 + 3  # Two weeks, two batches of people.
    row = next(row for row in rows if row.key == "43047156751")
    assert dict(row.cells) == {
        "id": "43047156751",
        "user.job_number": "00001",
        "userCheckTime": f"{first:%Y-%m-%d}T09:00:00+08:00",
        "day": f"{first:%Y-%m-%d}",
        "userAddress": "浙江省杭州市",
        "outsideRemark": "拜访客户",
        "userLongitude": "120.017139",
    }


async def test_clock_ins_that_are_too_long_ago_are_said_to_be(to_dingtalk: Connecting) -> None:
    async with to_dingtalk({"checkins_from": "2025-01-01"}) as connector:
        refused = await trouble(connector, Reading("attendance", (), "id"))
    assert (refused.trouble, refused.facts["why"]) == (Trouble.WRONG_SETTINGS, "too-long-ago")


async def test_only_what_was_changed_since_is_asked_for(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    since = {"changed_column": "gmtModified", "changed_since": datetime(2026, 4, 1, 12, tzinfo=UTC)}
    async with to_dingtalk() as connector:
        found = await keys(connector, Reading(**{**WON.__dict__, **since}))
    assert found == [
        each["instanceId"] for each in dingtalk.opportunities if each["gmtModified"] >= "2026-04-01 20:00:00"
    ]


@pytest.mark.parametrize(("reading", "page"), [(WON, 2), (VISITS, 0)])
async def test_reading_goes_on_where_a_page_ended(to_dingtalk: Connecting, reading: Reading, page: int) -> None:
    async with to_dingtalk() as connector:
        pages = await read(connector, reading)
    async with to_dingtalk() as connector:
        rest = await read(connector, reading, pages[page].next)
    assert [[row.key for row in each.rows] for each in rest] == [
        [row.key for row in each.rows] for each in pages[page + 1 :]
    ]


@pytest.mark.parametrize(
    "start", ["x", "[]", '{"day": "soon", "after": "", "cursor": 0}', '{"token": "1", "x": 2}']
)
@pytest.mark.parametrize("reading", [WON, VISITS])
async def test_a_place_that_is_none_is_refused(to_dingtalk: Connecting, reading: Reading, start: str) -> None:
    async with to_dingtalk() as connector:
        with pytest.raises(SourceTrouble) as refused:
            await read(connector, reading, start)
    assert refused.value.trouble is Trouble.WRONG_SETTINGS

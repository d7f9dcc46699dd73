"""DingTalk's connector against a server that speaks its open API, over real HTTPS."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.dingtalk import DingTalkConnector
from connectors.registry import connect
from connectors.source import Page, Reading, SourceTrouble, Trouble
from models.sources import SourceKind
from tests.standins.dingtalk_api import (
    APP_KEY,
    APP_SECRET,
    ENDED,
    FORM,
    NEW,
    NEW_TOKEN,
    NO_RIGHT,
    OLD,
    OLD_TOKEN,
    SERVICE_DOWN,
    SHANGHAI,
    SHUT_OUT,
    TOO_FAST,
    DingTalkStandIn,
    checkins,
    customers,
    opportunities,
    users,
)
from tests.standins.https import SILENCE, Reply

SETTINGS = {"app_key": APP_KEY, "opportunity_form": FORM, "operator": "manager0", "checkins_from": "2026-01-05"}
SECRETS = {"app_secret": APP_SECRET}
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
FIRST = datetime(2026, 1, 5, tzinfo=SHANGHAI)

Connecting = Callable[..., AbstractAsyncContextManager[DingTalkConnector]]


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalkStandIn]:
    with DingTalkStandIn(tmp_path) as server:
        server.users = users([f"{number:05}" for number in range(25)])
        server.opportunities = opportunities(server.users)
        server.customers = customers()
        server.checkins = checkins(server.users, FIRST, 3)
        yield server


@pytest.fixture
def connected(dingtalk: DingTalkStandIn) -> Connecting:
    @asynccontextmanager
    async def connecting(
        changes: dict[str, str] | None = None, secrets: dict[str, str] | None = None, **guard: Any
    ) -> AsyncIterator[DingTalkConnector]:
        settings = SETTINGS | (changes or {})
        connector = await connect(SourceKind.DINGTALK, settings, secrets or SECRETS, dingtalk.guard(**guard))
        assert isinstance(connector, DingTalkConnector)
        connector.api.pause = 0
        try:
            yield connector
        finally:
            await connector.close()

    return connecting


async def read(connector: DingTalkConnector, reading: Reading, start: str = "") -> list[Page]:
    return [page async for page in connector.pages(reading, start)]


async def keys(connector: DingTalkConnector, reading: Reading, start: str = "") -> list[str]:
    return [row.key for page in await read(connector, reading, start) for row in page.rows]


async def trouble(connector: DingTalkConnector, reading: Reading = WON) -> SourceTrouble:
    with pytest.raises(SourceTrouble) as refused:
        await read(connector, reading)
    return refused.value


async def test_opportunities_come_page_by_page_by_the_labels_that_people_see(
    dingtalk: DingTalkStandIn, connected: Connecting
) -> None:
    async with connected() as connector:
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
    dingtalk: DingTalkStandIn, connected: Connecting
) -> None:
    async with connected() as connector:
        found = await keys(connector, Reading("customers", ("客户名称",), "instanceId"))
        assert found == [each["instanceId"] for each in dingtalk.customers]
        everybody = await read(connector, Reading("users", ("job_number", "dept_ids"), "userid"))
        assert sorted(row.cells["job_number"] for page in everybody for row in page.rows) == [
            f"{number:05}" for number in range(25)
        ]
        assert await keys(connector, Reading("departments", ("name",), "dept_id")) == ["2", "3", "4"]


async def test_only_a_department_and_those_below_it_are_read(connected: Connecting) -> None:
    async with connected({"department": "2"}) as connector:
        assert await keys(connector, Reading("users", (), "userid")) == sorted(
            f"manager{number}" for number in range(0, 25, 3)
        )


async def test_check_ins_come_with_place_and_whom_and_an_id_of_their_own(
    dingtalk: DingTalkStandIn, connected: Connecting
) -> None:
    async with connected() as connector:
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


async def test_check_ins_of_a_period_are_those_of_its_days(connected: Connecting) -> None:
    asked = Reading(**{**VISITS.__dict__, "from_on": date(2026, 1, 6), "until_on": date(2026, 1, 6)})
    async with connected() as connector:
        pages = await read(connector, asked)
    assert {row.cells["day"] for page in pages for row in page.rows} == {"2026-01-06"}


async def test_only_what_was_changed_since_is_asked_for(dingtalk: DingTalkStandIn, connected: Connecting) -> None:
    since = {"changed_column": "gmtModified", "changed_since": datetime(2026, 4, 1, 12, tzinfo=UTC)}
    async with connected() as connector:
        found = await keys(connector, Reading(**{**WON.__dict__, **since}))
    assert found == [
        each["instanceId"] for each in dingtalk.opportunities if each["gmtModified"] >= "2026-04-01 20:00:00"
    ]


@pytest.mark.parametrize(("reading", "page"), [(WON, 2), (VISITS, 0)])
async def test_reading_goes_on_where_a_page_ended(connected: Connecting, reading: Reading, page: int) -> None:
    async with connected() as connector:
        pages = await read(connector, reading)
    async with connected() as connector:
        rest = await read(connector, reading, pages[page].next)
    assert [[row.key for row in each.rows] for each in rest] == [
        [row.key for row in each.rows] for each in pages[page + 1 :]
    ]


@pytest.mark.parametrize(
    "start", ["x", "[]", '{"day": "soon", "after": "", "cursor": 0}', '{"token": "1", "x": 2}']
)
@pytest.mark.parametrize("reading", [WON, VISITS])
async def test_a_place_that_is_none_is_refused(connected: Connecting, reading: Reading, start: str) -> None:
    async with connected() as connector:
        with pytest.raises(SourceTrouble) as refused:
            await read(connector, reading, start)
    assert refused.value.trouble is Trouble.WRONG_SETTINGS


async def test_a_token_that_ends_midway_is_renewed_and_reading_goes_on(
    dingtalk: DingTalkStandIn, connected: Connecting
) -> None:
    dingtalk.breaks("checkins 2026-01-06", ENDED)
    found: list[str] = []
    async with connected() as connector:
        async for page in connector.pages(WON):
            found += [row.key for row in page.rows]
            if len(found) == 20:
                dingtalk.expire()
        assert len(await keys(connector, VISITS)) == 150
    assert len(found) == 50
    assert dingtalk.names_asked.count("/v1.0/oauth2/accessToken") == 2


async def test_a_token_is_renewed_before_its_end(dingtalk: DingTalkStandIn, connected: Connecting) -> None:
    async with connected() as connector:
        now = 0.0
        connector.api.clock = lambda: now
        await connector.test()
        now = 6_800.0
        await connector.test()
        assert dingtalk.names_asked.count("/gettoken") == 1
        now = 6_950.0
        await connector.test()
    assert dingtalk.names_asked.count("/gettoken") == 2


@pytest.mark.parametrize("fault", [OLD_TOKEN, NEW_TOKEN])
async def test_tokens_that_are_never_taken_are_not_renewed_for_ever(
    dingtalk: DingTalkStandIn, connected: Connecting, fault: Reply
) -> None:
    what = "opportunities 1" if fault is NEW_TOKEN else "/topapi/crm/objectmeta/describe"
    dingtalk.breaks(what, *[fault] * 9)
    async with connected() as connector:
        refused = await trouble(connector)
    assert refused.trouble is Trouble.NOT_LET_IN
    assert len(dingtalk.faults[what]) == 7


@pytest.mark.parametrize(
    ("fault", "expected", "facts"),
    [
        (SERVICE_DOWN, Trouble.UNREACHABLE, {"status": 503}),
        (Reply(429, {"code": "x"}, {"Retry-After": "7"}), Trouble.BUSY, {}),
        (Reply(403, {"code": "Forbidden.AccessDenied.QpsLimitForApi"}), Trouble.BUSY, {}),
        (Reply(400, {"code": "request.too.frequent"}), Trouble.BUSY, {}),
        (Reply(400, {"code": "daily.call.limit", "message": "超限"}), Trouble.USED_UP, {}),
        (
            Reply(403, {"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "缺少权限"}),
            Trouble.NOT_LET_IN,
            {"said": "Forbidden.AccessDenied.AccessTokenPermissionDenied: 缺少权限"},
        ),
        (Reply(400, {"code": "crm.not.installed", "message": "未安装"}), Trouble.NOT_LET_IN, {}),
        (Reply(500, {"code": "system.error"}), Trouble.UNREACHABLE, {}),
        (SILENCE, Trouble.UNREACHABLE, {"why": "too-slow"}),
        (Reply(body={"result": {}}, is_cut=True), Trouble.UNREACHABLE, {"why": "answer-broken-off"}),
        (Reply(body=b"<html>"), Trouble.UNREADABLE, {"why": "answer-not-understood"}),
        (Reply(body={"result": {"values": [{"data": {}}]}}), Trouble.UNREADABLE, {"why": "answer-not-understood"}),
        (
            Reply(body={"result": {"values": [], "hasMore": True, "nextToken": "20"}}),
            Trouble.UNREADABLE,
            {"why": "answer-broken-off"},
        ),
        (
            Reply(302, b"", {"Location": "https://evil.example.com/"}),
            Trouble.FORBIDDEN_HOST,
            {"why": "redirect", "host": "evil.example.com"},
        ),
    ],
)
async def test_each_fault_is_told_as_what_it_is(
    dingtalk: DingTalkStandIn,
    connected: Connecting,
    fault: Reply,
    expected: Trouble,
    facts: dict[str, object],
) -> None:
    dingtalk.breaks("opportunities 2", *[fault] * 9)
    async with connected(read_seconds=0.5, connect_seconds=0.5) as connector:
        refused = await trouble(connector)
    assert refused.trouble is expected
    assert facts.items() <= refused.facts.items()
    assert APP_SECRET not in str(refused.facts)


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        (NO_RIGHT, Trouble.NOT_LET_IN, "60011: 没有调用该接口的权限"),
        (SHUT_OUT, Trouble.BUSY, "90002: 当前接口的请求被暂时禁用"),
        (Reply(body={"errcode": -1, "errmsg": "系统繁忙"}), Trouble.UNREACHABLE, "-1: 系统繁忙"),
        (
            Reply(body={"errcode": 60020, "errmsg": "访问ip不在白名单之中, ip 203.0.113.9"}),
            Trouble.NOT_LET_IN,
            "60020: 访问ip不在白名单之中, ip 203.0.113.9",
        ),
    ],
)
async def test_errors_of_the_older_host_are_told_by_their_codes(
    dingtalk: DingTalkStandIn, connected: Connecting, fault: Reply, expected: Trouble, said: str
) -> None:
    dingtalk.breaks("checkins 2026-01-06", *[fault] * 9)
    async with connected() as connector:
        refused = await trouble(connector, VISITS)
    assert (refused.trouble, refused.facts["said"]) == (expected, said)
    assert (refused.retry_after is not None) is (expected is Trouble.BUSY)


async def test_asked_too_fast_it_waits_a_moment_and_goes_on(
    dingtalk: DingTalkStandIn, connected: Connecting
) -> None:
    dingtalk.breaks("checkins 2026-01-06", TOO_FAST, TOO_FAST)
    async with connected() as connector:
        assert len(await keys(connector, VISITS)) == 150


async def test_a_page_that_comes_again_is_not_taken_for_the_next(
    dingtalk: DingTalkStandIn, connected: Connecting
) -> None:
    dingtalk.page_again = {3}
    async with connected() as connector:
        refused = await trouble(connector)
        assert refused.facts["why"] == "pages-repeat"
        assert len(await keys(connector, WON)) == 50


async def test_a_key_that_two_rows_have_is_refused_rather_than_one_of_them_lost(connected: Connecting) -> None:
    async with connected() as connector:
        refused = await trouble(connector, Reading("opportunities", ("成交金额",), "客户"))
        also = await trouble(connector, Reading("checkins", ("day",), "userid", until_on=date(2026, 1, 6)))
    assert {refused.facts["why"], also.facts["why"]} == {"key-not-unique"}


async def test_customers_that_are_missing_are_noticed(dingtalk: DingTalkStandIn, connected: Connecting) -> None:
    dingtalk.breaks("customers 2", Reply(body={"values": [], "hasMore": False, "totalCount": 25}))
    async with connected() as connector:
        refused = await trouble(connector, Reading("customers", (), "instanceId"))
    assert (refused.trouble, refused.facts["why"]) == (Trouble.CHANGED, "rows-missing")


async def test_what_a_form_does_not_have_is_named_and_its_records_never_asked(
    dingtalk: DingTalkStandIn, connected: Connecting
) -> None:
    dingtalk.fields = [field for field in dingtalk.fields if field["label"] != "成交金额"]
    async with connected() as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.facts["missing"]) == (Trouble.SHAPE_CHANGED, ["成交金额"])
    assert "opportunities 1" not in dingtalk.names_asked


async def test_a_label_that_two_fields_have_is_no_column(connected: Connecting) -> None:
    async with connected() as connector:
        columns = await connector.columns("opportunities")
    assert "备注" not in columns
    assert {"TextField-A", "TextField-B", "客户", "owner.email"} <= set(columns)


@pytest.mark.parametrize(
    ("changes", "reading", "expected", "why"),
    [
        ({"opportunity_form": ""}, WON, Trouble.WRONG_SETTINGS, "form-code-missing"),
        ({"checkins_from": ""}, VISITS, Trouble.WRONG_SETTINGS, "period-needed"),
        ({}, Reading("salaries", (), "id"), Trouble.SHAPE_CHANGED, None),
        ({}, Reading("form:", (), "id"), Trouble.SHAPE_CHANGED, None),
    ],
)
async def test_what_is_missing_in_the_settings_is_said(
    connected: Connecting, changes: dict[str, str], reading: Reading, expected: Trouble, why: str | None
) -> None:
    async with connected(changes) as connector:
        refused = await trouble(connector, reading)
    assert (refused.trouble, refused.facts.get("why")) == (expected, why)


async def test_a_test_says_what_can_be_read(connected: Connecting) -> None:
    async with connected() as connector:
        checkup = await connector.test()
    assert checkup.who == APP_KEY
    assert "opportunities" in checkup.objects
    async with connected({"opportunity_form": ""}) as connector:
        assert "opportunities" not in (await connector.test()).objects


async def test_who_is_not_let_in_is_told_so_without_a_secret(connected: Connecting) -> None:
    async with connected(secrets={"app_secret": "another"}) as connector:
        refused = await trouble(connector, VISITS)
        also = await trouble(connector, Reading("customers", (), "instanceId"))
    assert {refused.trouble, also.trouble} == {Trouble.NOT_LET_IN}
    assert "another" not in f"{refused.facts} {also.facts}"


async def test_nothing_that_writes_is_ever_asked(dingtalk: DingTalkStandIn, connected: Connecting) -> None:
    async with connected() as connector:
        await connector.test()
        await read(connector, WON)
        await read(connector, VISITS)
        await read(connector, Reading("customers", (), "instanceId"))
    assert {(asked.method, asked.path) for asked in dingtalk.asked} == {
        ("GET", "/gettoken"),
        ("POST", "/v1.0/oauth2/accessToken"),
        ("POST", "/topapi/v2/department/listsub"),
        ("POST", "/topapi/v2/user/list"),
        ("POST", "/topapi/checkin/record/get"),
        ("POST", "/topapi/crm/objectmeta/describe"),
        ("POST", "/v1.0/crm/customObjects/datas/query"),
        ("GET", "/v1.0/crm/personalCustomers/objectMeta"),
        ("GET", "/v1.0/crm/personalCustomers"),
    }
    assert {asked.host for asked in dingtalk.asked} == {NEW, OLD}


async def test_no_token_or_secret_is_logged(connected: Connecting, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with connected() as connector:
        await connector.test()
    assert APP_SECRET not in caplog.text
    assert "token" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"private_networks": ()}, "private-address"), ({"allowed_hosts": ("*.example.com",)}, "not-listed")],
)
async def test_every_connection_goes_through_the_guard(
    dingtalk: DingTalkStandIn, connected: Connecting, changes: dict[str, Any], why: str
) -> None:
    async with connected(**changes) as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.facts["why"]) == (Trouble.FORBIDDEN_HOST, why)
    assert dingtalk.asked == []

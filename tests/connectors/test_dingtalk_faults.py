"""DingTalk's connector when tokens end, limits are reached, answers break and rights are missing."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

import pytest

from connectors.source import Reading, Trouble
from tests.connectors.dingtalk_readings import VISITS, WON, Connecting, keys, read, trouble
from tests.standins.dingtalk_api import (
    APP_KEY,
    APP_SECRET,
    ENDED,
    NEW,
    NEW_TOKEN,
    NO_RIGHT,
    OLD,
    OLD_TOKEN,
    SERVICE_DOWN,
    SHUT_OUT,
    TOO_FAST,
    DingTalkStandIn,
)
from tests.standins.https import SILENCE, Reply


async def test_a_token_that_ends_midway_is_renewed_and_reading_goes_on(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    dingtalk.breaks("checkins 2026-01-06", ENDED)
    found: list[str] = []
    async with to_dingtalk() as connector:
        async for page in connector.pages(WON):
            found += [row.key for row in page.rows]
            if len(found) == 20:
                dingtalk.expire()
        assert len(await keys(connector, VISITS)) == 150
    assert len(found) == 50
    assert dingtalk.names_asked.count("/v1.0/oauth2/accessToken") == 2


async def test_a_token_is_renewed_before_its_end(dingtalk: DingTalkStandIn, to_dingtalk: Connecting) -> None:
    async with to_dingtalk() as connector:
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
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting, fault: Reply
) -> None:
    what = "opportunities 1" if fault is NEW_TOKEN else "/topapi/crm/objectmeta/describe"
    dingtalk.breaks(what, *[fault] * 9)
    async with to_dingtalk() as connector:
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
    to_dingtalk: Connecting,
    fault: Reply,
    expected: Trouble,
    facts: dict[str, object],
) -> None:
    dingtalk.breaks("opportunities 2", *[fault] * 9)
    async with to_dingtalk(read_seconds=2) as connector:
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
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting, fault: Reply, expected: Trouble, said: str
) -> None:
    dingtalk.breaks("checkins 2026-01-06", *[fault] * 9)
    async with to_dingtalk() as connector:
        refused = await trouble(connector, VISITS)
    assert (refused.trouble, refused.facts["said"]) == (expected, said)
    assert (refused.retry_after is not None) is (expected is Trouble.BUSY)


async def test_asked_too_fast_it_waits_a_moment_and_goes_on(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    dingtalk.breaks("checkins 2026-01-06", TOO_FAST, TOO_FAST)
    async with to_dingtalk() as connector:
        assert len(await keys(connector, VISITS)) == 150


async def test_a_page_that_comes_again_is_not_taken_for_the_next(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    dingtalk.page_again = {3}
    async with to_dingtalk() as connector:
        refused = await trouble(connector)
        assert refused.facts["why"] == "pages-repeat"
        assert len(await keys(connector, WON)) == 50


async def test_a_key_that_two_rows_have_is_refused_rather_than_one_of_them_lost(to_dingtalk: Connecting) -> None:
    async with to_dingtalk() as connector:
        refused = await trouble(connector, Reading("opportunities", ("成交金额",), "客户"))
        also = await trouble(connector, Reading("checkins", ("day",), "userid", until_on=date(2026, 1, 6)))
    assert {refused.facts["why"], also.facts["why"]} == {"key-not-unique"}


async def test_customers_that_are_missing_are_noticed(dingtalk: DingTalkStandIn, to_dingtalk: Connecting) -> None:
    dingtalk.breaks("customers 2", Reply(body={"values": [], "hasMore": False, "totalCount": 25}))
    async with to_dingtalk() as connector:
        refused = await trouble(connector, Reading("customers", (), "instanceId"))
    assert (refused.trouble, refused.facts["why"]) == (Trouble.CHANGED, "rows-missing")


async def test_what_a_form_does_not_have_is_named_and_its_records_never_asked(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting
) -> None:
    dingtalk.fields = [field for field in dingtalk.fields if field["label"] != "成交金额"]
    async with to_dingtalk() as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.facts["missing"]) == (Trouble.SHAPE_CHANGED, ["成交金额"])
    assert "opportunities 1" not in dingtalk.names_asked


async def test_a_label_that_two_fields_have_is_no_column(to_dingtalk: Connecting) -> None:
    async with to_dingtalk() as connector:
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
    to_dingtalk: Connecting, changes: dict[str, str], reading: Reading, expected: Trouble, why: str | None
) -> None:
    async with to_dingtalk(changes) as connector:
        refused = await trouble(connector, reading)
    assert (refused.trouble, refused.facts.get("why")) == (expected, why)


async def test_a_test_says_what_can_be_read(to_dingtalk: Connecting) -> None:
    async with to_dingtalk() as connector:
        checkup = await connector.test()
    assert checkup.who == APP_KEY
    assert "opportunities" in checkup.objects
    async with to_dingtalk({"opportunity_form": ""}) as connector:
        assert "opportunities" not in (await connector.test()).objects


async def test_who_is_not_let_in_is_told_so_without_a_secret(to_dingtalk: Connecting) -> None:
    async with to_dingtalk(secrets={"app_secret": "another"}) as connector:
        refused = await trouble(connector, VISITS)
        also = await trouble(connector, Reading("customers", (), "instanceId"))
    assert {refused.trouble, also.trouble} == {Trouble.NOT_LET_IN}
    assert "another" not in f"{refused.facts} {also.facts}"


async def test_nothing_that_writes_is_ever_asked(dingtalk: DingTalkStandIn, to_dingtalk: Connecting) -> None:
    async with to_dingtalk() as connector:
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


async def test_no_token_or_secret_is_logged(to_dingtalk: Connecting, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with to_dingtalk() as connector:
        await connector.test()
    assert APP_SECRET not in caplog.text
    assert "token" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"private_networks": ()}, "private-address"), ({"allowed_hosts": ("*.example.com",)}, "not-listed")],
)
async def test_every_connection_goes_through_the_guard(
    dingtalk: DingTalkStandIn, to_dingtalk: Connecting, changes: dict[str, Any], why: str
) -> None:
    async with to_dingtalk(**changes) as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.facts["why"]) == (Trouble.FORBIDDEN_HOST, why)
    assert dingtalk.asked == []

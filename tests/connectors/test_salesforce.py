"""Salesforce's own client against a server that speaks its protocol, over real HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connectors.registry import connect
from connectors.salesforce import SalesforceConnector
from connectors.source import Page, Reading, SourceTrouble, Trouble
from models.sources import SourceKind
from tests.standins.https import SILENCE, Reply
from tests.standins.salesforce_api import (
    EXPIRED,
    HOST,
    KEY,
    LIMIT,
    PASSWORD,
    PLACE_GONE,
    SECRET,
    SECURITY_TOKEN,
    SERVICE_DOWN,
    USED_UP,
    USERNAME,
    SalesforceStandIn,
    opportunities,
)

WON = Reading("Opportunity", ("Id", "Amount", "CloseDate", "Owner.Email", "Account.Name", "CreatedDate"), "Id")
SETTINGS = {"domain": "acme.my", "consumer_key": KEY}
SECRETS = {"consumer_secret": SECRET}

Connecting = Callable[..., AbstractAsyncContextManager[SalesforceConnector]]


@pytest.fixture
def salesforce(tmp_path: Path) -> Iterator[SalesforceStandIn]:
    with SalesforceStandIn(tmp_path, opportunities(["a@acme.com", "b@acme.com"])) as server:
        yield server


@pytest.fixture
def connected(salesforce: SalesforceStandIn) -> Connecting:
    @asynccontextmanager
    async def connecting(
        settings: dict[str, str] | None = None, secrets: dict[str, str] | None = None, **guard: Any
    ) -> AsyncIterator[SalesforceConnector]:
        connector = await connect(
            SourceKind.SALESFORCE, settings or SETTINGS, secrets or SECRETS, salesforce.guard(**guard)
        )
        assert isinstance(connector, SalesforceConnector)
        try:
            yield connector
        finally:
            await connector.close()

    return connecting


async def read(connector: SalesforceConnector, reading: Reading = WON, start: str = "") -> list[Page]:
    return [page async for page in connector.pages(reading, start)]


async def keys(connector: SalesforceConnector, reading: Reading = WON) -> list[str]:
    return [row.key for page in await read(connector, reading) for row in page.rows]


async def trouble(connector: SalesforceConnector, reading: Reading = WON) -> SourceTrouble:
    with pytest.raises(SourceTrouble) as refused:
        await read(connector, reading)
    return refused.value


async def test_every_row_comes_once_page_by_page_as_exact_text(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    async with connected() as connector:
        pages = await read(connector)
    rows = [row for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [10] * 5
    assert {page.total for page in pages} == {50}
    assert [row.key for row in rows] == [record["Id"] for record in salesforce.records]
    assert dict(rows[1].cells) == {
        "Id": "006000000000001AAA",
        "Amount": "1007.01",
        "CloseDate": "2026-02-02",
        "Owner.Email": "b@acme.com",
        "Account.Name": "客户1",
        "CreatedDate": "2026-01-01T00:30:00+08:00",  # The day in Shanghai.
    }
    assert rows[0].cells["Account.Name"] == ""  # No account is set.
    assert rows[1].place == "Opportunity 006000000000001AAA"


@pytest.mark.parametrize("sign_in", ["jwt", "password"])
async def test_each_way_of_signing_in_works(
    salesforce: SalesforceStandIn, connected: Connecting, sign_in: str
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    salesforce.public_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings = {"sign_in": sign_in, "domain": f"https://{HOST}/", "username": USERNAME}
    secrets = {"password": PASSWORD, "security_token": SECURITY_TOKEN}
    if sign_in == "jwt":
        settings["consumer_key"], secrets = KEY, {"private_key": pem}
    async with connected(settings, secrets) as connector:
        assert len(await keys(connector)) == 50
        assert (await connector.test()).who == f"{USERNAME} @ {HOST}"


@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        (SETTINGS, {"consumer_secret": "another"}),
        (
            {"sign_in": "password", "domain": "acme.my", "username": USERNAME},
            {"password": "wrong-pass", "security_token": "x"},
        ),
    ],
)
async def test_who_is_not_let_in_is_told_so_without_a_secret(
    connected: Connecting, settings: dict[str, str], secrets: dict[str, str]
) -> None:
    async with connected(settings, secrets) as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.may_pass) == (Trouble.NOT_LET_IN, False)
    assert str(refused.facts["said"]).startswith(("invalid_client", "INVALID_LOGIN"))
    assert not any(secret in str(refused.facts) for secret in secrets.values() if len(secret) > 1)


async def test_a_key_that_is_none_is_named_before_anything_is_asked(connected: Connecting) -> None:
    settings = {"sign_in": "jwt", "domain": "acme.my", "consumer_key": KEY, "username": USERNAME}
    with pytest.raises(SourceTrouble) as refused:
        async with connected(settings, {"private_key": "-----BEGIN RSA PRIVATE KEY-----"}):
            pass
    assert (refused.value.trouble, refused.value.facts["names"]) == (Trouble.WRONG_SETTINGS, ["private_key"])


async def test_a_test_says_what_can_be_read_and_how_many_calls_are_left(connected: Connecting) -> None:
    async with connected() as connector:
        checkup = await connector.test()
        columns = await connector.columns("Opportunity")
    assert checkup.objects == ("Account", "Opportunity", "OpportunitySplit", "User")
    assert (checkup.who, checkup.calls_left) == (HOST, LIMIT - 1)
    assert {"Amount", "Owner.Email", "Account.Name"} <= set(columns)


async def test_periods_changes_and_values_are_asked_of_salesforce(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    asked = Reading(
        "Opportunity",
        ("Amount",),
        "Id",
        from_on=date(2026, 1, 10),
        until_on=date(2026, 1, 31),
        date_column="CloseDate",
        changed_column="SystemModstamp",
        changed_since=datetime(2026, 4, 1, 5, tzinfo=UTC),
        where={"IsWon": ("true",), "StageName": ("Closed Won", "it's '); DELETE")},
    )
    async with connected() as connector:
        found = await keys(connector, asked)
    wanted = [
        record["Id"]
        for record in salesforce.records
        if "2026-01-10" <= record["CloseDate"] <= "2026-01-31" and record["SystemModstamp"] >= "2026-04-01T05"
    ]
    assert found == wanted
    assert 0 < len(wanted) < 17
    assert salesforce.queries == [
        "SELECT Id, Amount, IsDeleted FROM Opportunity WHERE CloseDate >= 2026-01-10 AND CloseDate < 2026-02-01"
        " AND SystemModstamp >= 2026-04-01T05:00:00Z AND IsWon IN (TRUE)"
        r" AND StageName IN ('Closed Won', 'it\'s \'); DELETE') ORDER BY Id"
    ]


async def test_days_of_moments_begin_in_the_sources_time_zone(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    asked = Reading("Opportunity", (), "Id", date(2026, 1, 1), date(2026, 1, 1), "CreatedDate")
    async with connected() as connector:
        assert len(await keys(connector, asked)) == 50  # 16:30 of the last day of December, Greenwich time.
    assert "CreatedDate >= 2025-12-31T16:00:00Z AND CreatedDate < 2026-01-01T16:00:00Z" in salesforce.queries[0]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"columns": ("Amount", "Amount__c")}, ["Amount__c"]),
        ({"columns": ("Id FROM User WHERE Id != ''--",)}, ["Id FROM User WHERE Id != ''--"]),
        ({"columns": ("Owner.Salary", "Boss.Email")}, ["Owner.Salary", "Boss.Email"]),
        ({"where": {"IsWon = TRUE OR Id": ("x",)}}, ["IsWon = TRUE OR Id"]),
        ({"object": "Opportunity LIMIT 1"}, ["Opportunity LIMIT 1"]),
        ({"object": "../limits"}, ["../limits"]),
        ({"object": "Gone__c"}, ["Gone__c"]),
    ],
)
async def test_what_the_description_does_not_have_is_named_and_never_asked(
    salesforce: SalesforceStandIn, connected: Connecting, changes: dict[str, Any], missing: list[str]
) -> None:
    given = {"object": "Opportunity", "columns": ("Id",), "key": "Id", **changes}
    async with connected() as connector:
        refused = await trouble(connector, Reading(**given))
    assert (refused.trouble, refused.facts["missing"]) == (Trouble.SHAPE_CHANGED, missing)
    assert salesforce.queries == []


async def test_a_value_that_the_column_cannot_have_is_refused(connected: Connecting) -> None:
    asked = Reading("Opportunity", (), "Id", where={"Amount": ("1 OR 1=1",)})
    async with connected() as connector:
        refused = await trouble(connector, asked)
    assert (refused.trouble, refused.facts["column"]) == (Trouble.WRONG_SETTINGS, "Amount")


async def test_a_key_that_two_rows_have_is_refused_rather_than_one_of_them_lost(connected: Connecting) -> None:
    async with connected() as connector:
        refused = await trouble(connector, Reading("Opportunity", ("Amount",), "StageName"))
    assert (refused.trouble, refused.facts["why"]) == (Trouble.WRONG_SETTINGS, "key-not-unique")


async def test_names_of_a_list_may_come_as_often_as_they_like(connected: Connecting) -> None:
    async with connected() as connector:
        assert await keys(connector, Reading("Opportunity", ("StageName",), "StageName")) == ["Closed Won"] * 50


async def test_everybodys_domain_is_none_for_client_credentials(connected: Connecting) -> None:
    with pytest.raises(SourceTrouble) as refused:
        async with connected({"domain": "https://login.salesforce.com", "consumer_key": KEY}):
            pass
    assert refused.value.facts == {"names": ["domain"], "why": "own-domain-needed"}


async def test_reading_goes_on_where_a_page_ended(salesforce: SalesforceStandIn, connected: Connecting) -> None:
    async with connected() as connector:
        pages = await read(connector)
    async with connected() as connector:
        rest = await read(connector, start=pages[1].next)
    assert [[row.key for row in page.rows] for page in rest] == [
        [row.key for row in page.rows] for page in pages[2:]
    ]
    assert salesforce.pages_asked == [1, 2, 3, 4, 5, 3, 4, 5]


@pytest.mark.parametrize(
    "start", ["x", '{"url": "//evil.org/", "read": 1, "first": ""}', '{"url": "/services/data/v59.0/limits"}']
)
async def test_a_place_that_is_none_is_refused(connected: Connecting, start: str) -> None:
    async with connected() as connector:
        with pytest.raises(SourceTrouble) as refused:
            await read(connector, start=start)
    assert refused.value.trouble is Trouble.WRONG_SETTINGS


async def test_a_session_that_ends_midway_is_signed_in_again_and_goes_on(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    found: list[str] = []
    async with connected() as connector:
        async for page in connector.pages(WON):
            found += [row.key for row in page.rows]
            if len(found) == 20:
                salesforce.expire()
    assert found == [record["Id"] for record in salesforce.records]
    assert [salesforce.named(asked) for asked in salesforce.asked].count("sign in") == 2


async def test_a_session_that_ends_again_and_again_is_not_signed_in_for_ever(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    salesforce.breaks("page 1", *[EXPIRED] * 9)
    async with connected() as connector:
        refused = await trouble(connector)
    assert refused.trouble is Trouble.NOT_LET_IN
    assert len(salesforce.faults["page 1"]) >= 5


@pytest.mark.parametrize(
    ("fault", "expected", "facts"),
    [
        (SERVICE_DOWN, Trouble.UNREACHABLE, {"status": 503}),
        (Reply(429, [], {"Retry-After": "7"}), Trouble.BUSY, {}),
        (USED_UP, Trouble.USED_UP, {}),
        (PLACE_GONE, Trouble.CHANGED, {}),
        (SILENCE, Trouble.UNREACHABLE, {"why": "too-slow"}),
        (Reply(body={"a": 1}, is_cut=True), Trouble.UNREACHABLE, {"why": "answer-broken-off"}),
        (Reply(body=b'{"records": [{"Id'), Trouble.UNREADABLE, {"why": "answer-not-understood"}),
        (Reply(body=["no page"]), Trouble.UNREADABLE, {"why": "answer-not-understood"}),
        (Reply(401, b"<html>"), Trouble.UNREADABLE, {"why": "answer-not-understood"}),
        (
            Reply(body={"done": False, "totalSize": 50, "records": []}),
            Trouble.UNREADABLE,
            {"why": "answer-broken-off"},
        ),
        (Reply(body={"done": True, "totalSize": 50, "records": []}), Trouble.CHANGED, {"why": "rows-missing"}),
        (
            Reply(302, b"", {"Location": "https://evil.example.com/"}),
            Trouble.FORBIDDEN_HOST,
            {"why": "redirect", "host": "evil.example.com"},
        ),
        (
            Reply(403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "API is not enabled"}]),
            Trouble.NOT_LET_IN,
            {"said": "API_DISABLED_FOR_ORG: API is not enabled"},
        ),
    ],
)
async def test_each_fault_is_told_as_what_it_is(
    salesforce: SalesforceStandIn,
    connected: Connecting,
    fault: Reply,
    expected: Trouble,
    facts: dict[str, object],
) -> None:
    salesforce.breaks("page 2", *[fault] * 5)
    async with connected(read_seconds=2) as connector:
        refused = await trouble(connector)
    assert refused.trouble is expected
    assert facts.items() <= refused.facts.items()
    assert refused.retry_after == (7 if expected is Trouble.BUSY else None)


async def test_who_gives_up_waiting_leaves_no_thread_behind(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    salesforce.breaks("page 1", SILENCE)
    async with connected(read_seconds=30) as connector:
        reading = asyncio.create_task(read(connector))
        while "page 1" not in map(salesforce.named, salesforce.asked):  # noqa: ASYNC110 - asked in a thread.
            await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        (waiting,) = tuple(connector.session.waiting)
    async with asyncio.timeout(20):
        while not waiting.done():  # noqa: ASYNC110 - done in a thread.
            await asyncio.sleep(0.01)


async def test_a_page_that_comes_again_is_not_taken_for_the_next(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    salesforce.page_again = {3}
    async with connected() as connector:
        refused = await trouble(connector)
        assert refused.facts["why"] == "pages-repeat"
        assert len(await keys(connector)) == 50


async def test_some_of_the_days_calls_are_left_to_others(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    salesforce.used = LIMIT - LIMIT // 50
    async with connected() as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.may_pass) == (Trouble.USED_UP, False)
    assert refused.facts["total"] == LIMIT


async def test_an_answer_without_end_is_given_up(salesforce: SalesforceStandIn, connected: Connecting) -> None:
    async with connected() as connector:
        connector.session.web.most_bytes = 1_000
        refused = await trouble(connector)
    assert (refused.trouble, refused.facts["why"]) == (Trouble.UNREADABLE, "answer-too-large")


async def test_nothing_but_reading_and_signing_in_is_ever_asked(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    async with connected() as connector:
        await connector.test()
        await read(connector)
    assert {asked.path for asked in salesforce.asked if asked.method != "GET"} == {"/services/oauth2/token"}


@pytest.mark.parametrize(
    ("changes", "expected", "why"),
    [
        ({"private_networks": ()}, Trouble.FORBIDDEN_HOST, "private-address"),
        ({"allowed_hosts": ("*.example.com",)}, Trouble.FORBIDDEN_HOST, "not-listed"),
        ({"ca_file": None}, Trouble.UNREACHABLE, "certificate"),
        ({"resolve": lambda host, port: [("127.0.0.1", 1)]}, Trouble.UNREACHABLE, ""),
    ],
)
async def test_every_connection_goes_through_the_guard(
    salesforce: SalesforceStandIn, connected: Connecting, changes: dict[str, Any], expected: Trouble, why: str
) -> None:
    async with connected(**changes) as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.facts["why"]) == (expected, why)
    assert salesforce.asked == []


async def test_where_the_sign_in_sends_us_is_guarded_too(
    salesforce: SalesforceStandIn, connected: Connecting
) -> None:
    salesforce.breaks("sign in", Reply(body={"access_token": "t", "instance_url": "https://evil.example.com"}))
    async with connected() as connector:
        refused = await trouble(connector)
    assert (refused.trouble, refused.facts["host"]) == (Trouble.FORBIDDEN_HOST, "evil.example.com")

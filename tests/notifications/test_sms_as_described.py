"""Twilio's real client against Twilio's own description of its API, with faults of the network between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from models.settings import TwilioSettings
from models.stages import Channel
from notifications.outcomes import DeliveryFailed, Reason, Taken, Trouble
from notifications.parcels import Parcel
from notifications.sms import SmsChannel
from notifications.texts import Contact, Written
from tests.standins.broken import at_once
from tests.standins.providers import ProvidersAreMissing, WireMock, providers
from tests.standins.twilio_api import ACCOUNT, AUTH_TOKEN

pytestmark = pytest.mark.xdist_group("node")  # One process installs the stand-ins.

EXAMPLE = Taken("SM" + "a" * 32)
"""The message that Twilio's description gives as the answer to a new one."""

LISTED = Taken("SMded05904ccb347238880ca9264e8fe1c")
"""The outgoing message in its example of a list."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireMock]:
    try:
        with providers(tmp_path_factory.mktemp("providers")) as wiremock:
            yield wiremock
    except ProvidersAreMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def wiremock(started: WireMock) -> WireMock:
    started.mend()
    return started


def channel(wiremock: WireMock) -> SmsChannel:
    settings = TwilioSettings(
        account_sid=ACCOUNT,
        auth_token=SecretStr(AUTH_TOKEN),
        sender="+8610000000000",
        base_url=wiremock.base_url,
        timeout_seconds=8,
    )
    return SmsChannel(settings)


PARCEL = Parcel(
    "d1",
    Channel.SMS,
    Contact("王芳"),
    "+8613800000001",
    Written("", "【华东科技】王芳：请确认目标"),
    datetime(2026, 10, 20, 1, tzinfo=UTC),
)


async def test_what_we_send_is_what_twilio_describes(wiremock: WireMock) -> None:
    assert await channel(wiremock).send(PARCEL, at_once) == EXAMPLE
    (exchange,) = wiremock.seen()
    assert exchange["response"]["status"] == 201
    assert "sl-violations" not in {name.lower() for name in exchange["response"]["headers"]}


def test_what_twilio_does_not_describe_is_refused_here(wiremock: WireMock) -> None:
    """Otherwise the test above would prove nothing."""
    url = f"{wiremock.base_url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    answer = httpx.post(url, data={"Body": "to nobody"}, auth=(ACCOUNT, AUTH_TOKEN), trust_env=False)
    assert answer.status_code == 422


async def test_a_message_is_found_in_the_list_that_twilio_describes(wiremock: WireMock) -> None:
    when_it_was_sent = datetime(2019, 5, 24, tzinfo=UTC)
    sms = channel(wiremock)
    assert await sms.find("+18182008801", "testing", when_it_was_sent) == LISTED
    assert await sms.find("+18182008801", "testing", when_it_was_sent + timedelta(days=1)) is None
    assert await sms.find("+18182008801", "look mom I have media!", when_it_was_sent) is None  # One they sent us.
    assert any("To=%2B18182008801" in each["request"]["url"] for each in wiremock.seen())


@pytest.mark.parametrize(
    ("response", "reason", "trouble"),
    [
        ({"status": 429, "headers": {"Retry-After": "3"}, "jsonBody": {}}, Reason.BUSY, Trouble.TEMPORARY),
        ({"status": 503, "body": "<html>away</html>"}, Reason.BUSY, Trouble.UNKNOWN),
        ({"status": 200, "fixedDelayMilliseconds": 10_000}, Reason.ANSWER_LOST, Trouble.UNKNOWN),
        ({"fault": "CONNECTION_RESET_BY_PEER"}, Reason.ANSWER_LOST, Trouble.UNKNOWN),
        ({"fault": "EMPTY_RESPONSE"}, Reason.ANSWER_LOST, Trouble.UNKNOWN),
        ({"fault": "RANDOM_DATA_THEN_CLOSE"}, Reason.ANSWER_LOST, Trouble.UNKNOWN),
        ({"fault": "MALFORMED_RESPONSE_CHUNK"}, Reason.ANSWER_LOST, Trouble.UNKNOWN),
        ({"status": 201, "body": "no JSON"}, Reason.ANSWER_LOST, Trouble.UNKNOWN),
    ],
    ids=["429", "503", "too-slow", "reset", "empty", "garbage", "broken-off", "no-json"],
)
async def test_a_fault_on_the_way_says_whether_the_message_may_be_out(
    wiremock: WireMock, response: dict[str, Any], reason: Reason, trouble: Trouble
) -> None:
    wiremock.breaks(**response)
    with pytest.raises(DeliveryFailed) as failed:
        await channel(wiremock).send(PARCEL, at_once)
    assert (failed.value.reason, failed.value.trouble) == (reason, trouble)
    if response.get("status") == 429:
        assert failed.value.retry_after == timedelta(seconds=3)

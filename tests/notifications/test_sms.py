"""Twilio's real client against a stand-in that speaks its protocol."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from models.errors import WrongSettings
from models.settings import TwilioSettings
from models.stages import Channel
from notifications.links import without_tokens
from notifications.outcomes import DeliveryFailed, Reason, Taken, Trouble
from notifications.parcels import Parcel
from notifications.sms import SmsChannel
from notifications.texts import Contact, Written
from tests.standins.broken import at_once
from tests.standins.twilio_api import (
    ACCOUNT,
    AUTH_TOKEN,
    BROKEN,
    BUSY,
    TAKEN_BUT_SILENT,
    Fault,
    TwilioStandIn,
)

BODY = "请确认目标：https://perf.example.cn/t/" + "k" * 43
WANG = "+8613800000001"


def channel(twilio: TwilioStandIn, **changes: object) -> SmsChannel:
    settings = TwilioSettings(
        account_sid=ACCOUNT,
        auth_token=SecretStr(AUTH_TOKEN),
        sender="+8610000000000",
        base_url=twilio.base_url,
        timeout_seconds=3,
    )
    return SmsChannel(settings.model_copy(update=changes))


def parcel(address: str = WANG, body: str = BODY) -> Parcel:
    return Parcel("d1", Channel.SMS, Contact("王芳"), address, Written("", body), datetime.now(UTC))


async def failure(twilio: TwilioStandIn, address: str = WANG, **changes: object) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        await channel(twilio, **changes).send(parcel(address), at_once)
    return failed.value


async def test_an_sms_is_taken_and_has_twilios_id(twilio: TwilioStandIn) -> None:
    taken = await channel(twilio).send(parcel(), at_once)
    (message,) = twilio.messages
    assert taken == Taken(message["sid"])
    assert (message["to"], message["from"], message["body"]) == (WANG, "+8610000000000", BODY)


async def test_an_sms_goes_through_a_messaging_service_where_one_is_set(twilio: TwilioStandIn) -> None:
    await channel(twilio, sender="MG" + "1" * 32).send(parcel(), at_once)
    assert twilio.messages[0]["messaging_service_sid"] == "MG" + "1" * 32
    assert twilio.messages[0]["from"] is None


async def test_a_busy_twilio_says_when_to_come_back(twilio: TwilioStandIn) -> None:
    """429 honours Retry-After."""
    twilio.faults.append(BUSY)
    said = await failure(twilio)
    assert (said.reason, said.trouble, said.retry_after) == (Reason.BUSY, Trouble.TEMPORARY, timedelta(seconds=7))


@pytest.mark.parametrize("asked", ["", "soon", "999999"])
async def test_a_pause_that_makes_no_sense_is_not_kept(twilio: TwilioStandIn, asked: str) -> None:
    twilio.faults.append(Fault(429, 20429, {"Retry-After": asked}))
    said = await failure(twilio)
    assert said.retry_after is None or said.retry_after <= timedelta(minutes=10)


async def test_what_became_of_an_sms_is_unknown_after_a_fault_or_silence(twilio: TwilioStandIn) -> None:
    for fault in (BROKEN, TAKEN_BUT_SILENT):
        twilio.faults.append(fault)
        assert (await failure(twilio)).trouble is Trouble.UNKNOWN


async def test_a_twilio_that_cannot_be_reached_has_taken_nothing_for_sure(twilio: TwilioStandIn) -> None:
    said = await failure(twilio, base_url="http://127.0.0.1:9")
    assert (said.reason, said.trouble) == (Reason.UNREACHABLE, Trouble.TEMPORARY)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (21211, Reason.BAD_NUMBER),
        (21614, Reason.BAD_NUMBER),
        (21612, Reason.BAD_NUMBER),
        (21610, Reason.OPTED_OUT),
        (21408, Reason.COUNTRY_NOT_ALLOWED),
        (21602, Reason.REFUSED),
    ],
)
async def test_what_twilio_refuses_is_final(twilio: TwilioStandIn, code: int, reason: Reason) -> None:
    """Bad numbers and opt-outs are not retried (DESIGN 9)."""
    twilio.bad_numbers[WANG] = code
    said = await failure(twilio)
    assert (said.reason, said.trouble, said.detail) == (reason, Trouble.FINAL, str(code))


async def test_a_wrong_token_is_final_so_that_the_message_goes_by_mail(twilio: TwilioStandIn) -> None:
    said = await failure(twilio, auth_token=SecretStr("wrong"))
    assert (said.reason, said.trouble, said.detail) == (Reason.REFUSED, Trouble.FINAL, "20003")


async def test_a_message_that_twilio_took_is_found_by_its_text_without_the_token(twilio: TwilioStandIn) -> None:
    """Only the hash of a token is stored, so a copy is known by the rest."""
    began = datetime.now(UTC) - timedelta(seconds=2)
    taken = await channel(twilio).send(parcel(), at_once)
    stored = without_tokens(BODY)
    assert await channel(twilio).find(WANG, stored, began) == taken
    assert await channel(twilio).find(WANG, stored + "!", began) is None
    assert await channel(twilio).find("+8613800000002", stored, began) is None


async def test_an_older_message_of_the_same_text_is_another_one(twilio: TwilioStandIn) -> None:
    await channel(twilio).send(parcel(), at_once)
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert await channel(twilio).find(WANG, without_tokens(BODY), later) is None


async def test_a_trial_accounts_preface_hides_no_message(twilio: TwilioStandIn) -> None:
    await channel(twilio).send(parcel(body="Sent from your Twilio trial account - " + BODY), at_once)
    began = datetime.now(UTC) - timedelta(minutes=1)
    assert await channel(twilio).find(WANG, without_tokens(BODY), began) is not None


async def test_a_lookup_that_fails_can_be_tried_again(twilio: TwilioStandIn) -> None:
    away = channel(twilio, base_url="http://127.0.0.1:9")
    with pytest.raises(DeliveryFailed) as failed:
        await away.find(WANG, "", datetime.now(UTC))
    assert failed.value.trouble is Trouble.TEMPORARY


async def test_neither_number_nor_token_is_logged(twilio: TwilioStandIn, caplog: pytest.LogCaptureFixture) -> None:
    """No token in logs, no phone number either."""
    twilio.bad_numbers["+8613800000009"] = 21211
    with caplog.at_level(logging.DEBUG):
        await channel(twilio).send(parcel(), at_once)
        await channel(twilio).find(WANG, BODY, datetime.now(UTC))
        said = await failure(twilio, "+8613800000009")
    for secret in ("k" * 43, "13800000001", "13800000009"):
        assert secret not in caplog.text + str(said)


def test_a_missing_sender_stops_the_start(twilio: TwilioStandIn) -> None:
    with pytest.raises(WrongSettings, match="QUARTERDECK_TWILIO__SENDER"):
        channel(twilio, sender="")

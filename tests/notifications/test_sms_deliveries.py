"""SMS: sent once, whatever Twilio answers or fails to."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from models.stages import Channel, DeliveryState
from tests.standins.broken import Killed
from tests.standins.office import BASE_URL, Office
from tests.standins.twilio_api import (
    BROKEN,
    BUSY,
    TAKEN_BUT_BROKEN,
    TAKEN_BUT_SILENT,
)


async def test_an_sms_reaches_the_directors_phone(office: Office) -> None:
    """Rule 2: one SMS to the business director."""
    await office.task()
    await office.notice(channel=Channel.SMS, rung="sms-3d")
    await office.dispatch()
    (message,) = office.twilio.messages
    assert (message["to"], message["from"]) == ("+8613800000001", "+8610000000000")
    assert message["body"].startswith(
        "【华东科技】王芳：销售一部尚待您确认目标，10月23日（周五）18:00截止，逾期转李强："
    )
    (sent,) = await office.deliveries()
    assert (sent.state, sent.provider_id, sent.rung) == (DeliveryState.SENT, message["sid"], "sms-3d")
    assert sent.body.endswith(f"{BASE_URL}/t/…")
    assert office.mail.mails == []


async def test_a_busy_twilio_is_asked_again_when_it_said(office: Office) -> None:
    """Twilio 429 honours Retry-After."""
    await office.task()
    await office.notice(channel=Channel.SMS)
    office.twilio.faults.append(BUSY)
    with pytest.raises(ApplicationError) as later:
        await office.dispatch()
    assert later.value.next_retry_delay == timedelta(seconds=7)
    await office.dispatch(wall=lambda: datetime.now(UTC) + timedelta(seconds=8))
    assert len(office.twilio.messages) == 1


async def test_a_broken_twilio_is_tried_again(office: Office) -> None:
    """5xx retries."""
    await office.task()
    await office.notice(channel=Channel.SMS)
    office.twilio.faults.append(BROKEN)
    with pytest.raises(ApplicationError):
        await office.dispatch()
    await office.dispatch()
    assert len(office.twilio.messages) == 1
    assert [each.state for each in await office.deliveries()] == [DeliveryState.SENT]


@pytest.mark.parametrize("fault", [TAKEN_BUT_SILENT, TAKEN_BUT_BROKEN], ids=["no-answer", "502"])
async def test_an_sms_whose_answer_is_missing_is_looked_up_before_it_is_sent_again(
    office: Office, fault: Any
) -> None:
    """A read timeout is looked up before anything is sent again."""
    await office.task()
    await office.notice(channel=Channel.SMS)
    office.twilio.faults.append(fault)
    with pytest.raises(ApplicationError):
        await office.dispatch()
    assert [each.state for each in await office.deliveries()] == [DeliveryState.UNKNOWN]
    await office.dispatch()
    (message,) = office.twilio.messages
    (sent,) = await office.deliveries()
    assert (sent.state, sent.provider_id, sent.tries) == (DeliveryState.SENT, message["sid"], 1)


async def test_an_sms_interrupted_before_twilio_took_it_is_sent_by_the_retry(office: Office) -> None:
    await office.task()
    await office.notice(channel=Channel.SMS)
    timing = Office.hurried(hand_over=timedelta(milliseconds=100))
    with pytest.raises(Killed):
        await office.dispatch(timing=timing, senders=office.dying(Channel.SMS, before=True))
    await asyncio.sleep(0.15)
    await office.dispatch()
    assert len(office.twilio.messages) == 1


async def test_an_sms_interrupted_after_twilio_took_it_is_not_sent_again(office: Office) -> None:
    await office.task()
    await office.notice(channel=Channel.SMS)
    timing = Office.hurried(hand_over=timedelta(seconds=2))
    with pytest.raises(Killed):
        await office.dispatch(timing=timing, senders=office.dying(Channel.SMS, before=False))
    await office.dispatch(wall=lambda: datetime.now(UTC) + timedelta(seconds=3))
    assert len(office.twilio.messages) == 1
    assert [each.state for each in await office.deliveries()] == [DeliveryState.SENT]


async def test_an_unknown_sms_waits_while_twilio_cannot_be_asked(office: Office) -> None:
    await office.task()
    await office.notice(channel=Channel.SMS)
    office.twilio.faults.append(TAKEN_BUT_SILENT)
    with pytest.raises(ApplicationError):
        await office.dispatch()
    away = office.sms.model_copy(update={"base_url": "http://127.0.0.1:9"})
    office_sms, office.sms = office.sms, away
    with pytest.raises(ApplicationError):
        await office.dispatch()
    office.sms = office_sms
    await office.dispatch()
    assert len(office.twilio.messages) == 1
    assert [each.state for each in await office.deliveries()] == [DeliveryState.SENT]


async def test_an_unknown_sms_that_came_to_nothing_goes_by_mail(office: Office) -> None:
    await office.task()
    await office.notice(channel=Channel.SMS)
    office.twilio.faults.append(TAKEN_BUT_SILENT)
    with pytest.raises(ApplicationError):
        await office.dispatch()
    office.twilio.messages[0].update(status="undelivered", error_code=30008)
    await office.dispatch()
    (by_sms,) = await office.deliveries(Channel.SMS)
    assert (by_sms.state, by_sms.error) == (DeliveryState.FAILED, "refused (30008)")
    assert len(office.mail.to("wang@example.cn")) == 1

"""Who gets an SMS and who a mail instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.delivery import Delivery
from models.org import Person
from models.stages import Channel, DeliveryState
from tests.standins.office import DEADLINE, DIRECTOR, NINE, SUPERIOR, Office
from tests.standins.smtp import text_of


def went_by_mail(log: list[Delivery]) -> tuple[str, str]:
    """Check that an SMS failed and a mail took its place; return the reason and the mail's occasion."""
    by_sms = next(each for each in log if each.channel is Channel.SMS)
    by_mail = next(each for each in log if each.channel is Channel.EMAIL)
    assert (by_sms.state, by_mail.state) == (DeliveryState.FAILED, DeliveryState.SENT)
    assert by_mail.fallback_of == by_sms.id
    return by_sms.error, by_mail.occasion


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (21211, "bad-number (21211)"),
        (21614, "bad-number (21614)"),
        (21610, "opted-out (21610)"),
        (21408, "country-not-allowed (21408)"),
        (30034, "refused (30034)"),
    ],
)
async def test_a_number_that_twilio_refuses_is_final_and_goes_by_mail(
    office: Office, code: int, reason: str
) -> None:
    """Bad numbers and opt-outs are not retried."""
    office.twilio.bad_numbers["+8613800000001"] = code
    await office.task()
    await office.notice(channel=Channel.SMS)
    await office.dispatch()
    assert went_by_mail(await office.deliveries()) == (reason, "task-reminder")
    assert len(office.mail.to("wang@example.cn")) == 1
    assert office.twilio.requests.count(office.twilio.requests[0]) == 1


@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        ("", "no-phone"),
        ("13800000001", "bad-number"),
        ("+86138", "bad-number"),
        ("+12025550123", "country-not-allowed"),
    ],
)
async def test_a_number_that_gets_no_sms_goes_by_mail(office: Office, phone: str, reason: str) -> None:
    """SMS only to allowed country codes, +86 by default."""
    await office.change(Person, DIRECTOR, phone=phone)
    await office.task()
    await office.notice(channel=Channel.SMS)
    await office.dispatch()
    assert went_by_mail(await office.deliveries())[0] == reason
    assert office.twilio.messages == []


async def test_sms_that_are_switched_off_go_by_mail(office: Office) -> None:
    await office.task()
    await office.notice(channel=Channel.SMS)
    await office.dispatch(sms=office.sms.model_copy(update={"account_sid": ""}))
    assert went_by_mail(await office.deliveries())[0] == "sms-is-off"


@pytest.mark.parametrize(
    ("hour", "minute", "is_sent"), [(8, 59, False), (9, 0, True), (18, 0, True), (18, 1, False), (23, 0, False)]
)
async def test_sms_go_out_within_sending_hours_only(office: Office, hour: int, minute: int, is_sent: bool) -> None:
    """Rule 9: SMS only within sending hours; e-mail and notices at once."""
    moment = datetime(2026, 10, 21, 16, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)
    await office.task()
    await office.notice(channel=Channel.SMS, moment=moment)
    await office.dispatch()
    assert (len(office.twilio.messages), len(office.mail.mails)) == ((1, 0) if is_sent else (0, 1))


async def test_a_second_sms_about_a_task_goes_by_mail(office: Office) -> None:
    """At most one SMS a task."""
    await office.task()
    await office.notice("b1", channel=Channel.SMS)
    await office.dispatch("b1")
    await office.notice("b2", channel=Channel.SMS, moment=NINE + timedelta(hours=1))
    await office.dispatch("b2")
    assert len(office.twilio.messages) == 1
    assert "task-limit" in [each.error for each in await office.deliveries(Channel.SMS)]
    assert len(office.mail.mails) == 1


async def test_of_two_tasks_only_the_one_that_had_an_sms_goes_by_mail(office: Office) -> None:
    await office.task("t1")
    await office.task("t2", "d2")
    await office.notice("b1", "t1", channel=Channel.SMS)
    await office.dispatch("b1")
    later = NINE + timedelta(hours=1)
    await office.notice("b2", "t1", channel=Channel.SMS, moment=later)
    await office.notice("b2", "t2", channel=Channel.SMS, moment=later)
    await office.dispatch("b2")
    assert ["销售一部" in each["body"] for each in office.twilio.messages] == [True, False]
    assert "销售一部" in text_of(office.mail.mails[0])
    assert sorted((each.state.value, each.notices) for each in await office.deliveries(Channel.SMS)) == [
        ("failed", 1),
        ("sent", 1),
        ("sent", 1),
    ]


async def test_a_fourth_sms_of_a_persons_day_goes_by_mail(office: Office) -> None:
    """At most three a person a day, by the cycle's own days."""
    for number in range(5):
        await office.task(f"t{number}", f"d{10 + number}")
        moment = NINE + timedelta(hours=number) if number < 4 else NINE + timedelta(days=1)
        await office.notice(f"b{number}", f"t{number}", channel=Channel.SMS, moment=moment)
        await office.dispatch(f"b{number}")
    assert len(office.twilio.messages) == 4
    assert [each.error for each in await office.deliveries(Channel.SMS)] == ["", "", "", "day-limit", ""]


async def test_what_is_over_the_months_limit_goes_by_mail_and_hr_is_told_once(office: Office) -> None:
    """A monthly cap for each company."""
    few = office.sms.model_copy(update={"per_month": 1})
    for number, person in enumerate([DIRECTOR, SUPERIOR, "chen"]):
        await office.task(f"t{number}", f"d{10 + number}", person)
        await office.notice(f"b{number}", f"t{number}", to=person, channel=Channel.SMS)
        await office.dispatch(f"b{number}", sms=few)
    assert len(office.twilio.messages) == 1
    assert [each.error for each in await office.deliveries(Channel.SMS)].count("month-limit") == 2
    assert len(office.mail.to("zhao@example.cn")) == 1


async def test_nobody_reached_by_sms_or_mail_is_reported_to_hr(office: Office) -> None:
    await office.change(Person, DIRECTOR, phone="", email="")
    await office.task()
    await office.notice(channel=Channel.SMS)
    await office.dispatch()
    log = [each for each in await office.deliveries() if each.person_id == DIRECTOR]
    assert [(each.channel, each.error) for each in log] == [
        (Channel.EMAIL, "no-address"),
        (Channel.SMS, "no-phone"),
    ]
    assert len(office.mail.to("zhao@example.cn")) == 1


async def test_a_digest_by_sms_counts_the_tasks_and_leads_to_the_most_urgent(office: Office) -> None:
    """DESIGN 10: one message a person and moment."""
    await office.task("t1")
    await office.task("t2", "d2", deadline_at=DEADLINE - timedelta(days=1))
    await office.notice("b1", "t1", channel=Channel.SMS)
    await office.notice("b1", "t2", channel=Channel.SMS)
    await office.dispatch()
    (message,) = office.twilio.messages
    assert message["body"].startswith(
        "【华东科技】王芳：您有2项事项待办（销售2部、销售一部），最早10月22日（周四）18:00截止。先办最急的：https://perf.example.cn/t/"
    )

"""Sending again what reached nobody: once, where it is safe, and refused in words where it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.resending import ResendActivities
from models.cycles import Cycle
from models.delivery import Delivery, Link, Notice, Resend
from models.messages import MessageResend, ResendMessage
from models.org import Deputy, Person
from models.stages import Channel, CycleState, DeliveryState, Occasion, TaskState
from models.tasks import Command, Task
from tests.standins.office import COMPANY, CYCLE, DIRECTOR, HR, NINE, SUPERIOR, Office

LATER = NINE + timedelta(hours=2)


async def order(office: Office, delivery: Delivery, command_id: str = "c1", confirmed: str = "") -> None:
    """Have HR's order carried out, as the cycle's workflow asks for it."""
    async with office.sessions() as session:
        if await session.get(Command, command_id) is None:
            words = {"confirmed": confirmed} if confirmed else {}
            command = Command(
                id=command_id,
                idempotency_key=command_id,
                company_id=COMPANY,
                by_id=HR,
                kind="resend",
                workflow_id="",
                cycle_id=CYCLE,
                words=words,
                received_at=datetime.now(UTC),
            )
            session.add(command)
            await session.commit()
    resend = ResendMessage(command_id=command_id, by_id=HR, delivery_id=delivery.id)
    asked = MessageResend(company_id=COMPANY, cycle_id=CYCLE, resend=resend, now=LATER)
    activities = ResendActivities(office.sessions, office.sms)
    await ActivityEnvironment().run(activities.resend_message, asked)


async def refusal_of(office: Office, delivery: Delivery, command_id: str = "c1") -> str:
    with pytest.raises(ApplicationError) as refused:
        await order(office, delivery, command_id)
    assert refused.value.non_retryable
    return str(refused.value.type)


async def refused_mail(office: Office) -> Delivery:
    """Send the director a reminder that their mail server refuses."""
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 550
    await office.dispatch()
    office.mail.refusals.clear()
    return await to_director(office)


async def to_director(office: Office, channel: Channel = Channel.EMAIL) -> Delivery:
    return next(each for each in await office.deliveries(channel) if each.person_id == DIRECTOR)


async def test_a_failed_mail_goes_out_again_as_a_delivery_of_its_own(office: Office) -> None:
    """DESIGN 9: with its own key; the first stays in the log as it was."""
    failed = await refused_mail(office)
    await order(office, failed)
    await office.dispatch("c1")
    (mail,) = office.mail.to("wang@example.cn")
    assert mail["Message-ID"] != f"<{failed.id}@example.cn>"
    first, second = [each for each in await office.deliveries() if each.person_id == DIRECTOR]
    assert (first.id, first.state) == (failed.id, DeliveryState.FAILED)
    assert (second.state, second.occasion, second.rung, second.moment) == (
        DeliveryState.SENT,
        "task-reminder",
        "email-1d",
        LATER,
    )
    async with office.sessions() as session:
        resend = await session.get_one(Resend, failed.id)
        notices = await session.exec(select(Notice).where(col(Notice.batch) == resend.command_id))
        assert {each.delivery_id for each in notices.all()} == {second.id}
        assert (await session.exec(select(Link))).all()[-1].person_id == DIRECTOR
    assert "/t/…" in second.body


async def test_an_order_that_is_carried_out_twice_sends_once(office: Office) -> None:
    failed = await refused_mail(office)
    await order(office, failed)
    await order(office, failed)
    await office.dispatch("c1")
    assert len(office.mail.to("wang@example.cn")) == 1


async def test_a_second_order_is_refused(office: Office) -> None:
    failed = await refused_mail(office)
    await order(office, failed)
    assert await refusal_of(office, failed, "c2") == "message-resent"


async def test_each_try_is_in_the_log_with_its_outcome(office: Office) -> None:
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 451
    with pytest.raises(ApplicationError):
        await office.dispatch()
    office.mail.refusals.clear()
    await office.dispatch()
    (sent,) = await office.deliveries()
    assert [(each["outcome"], each["error"]) for each in sent.attempts] == [
        ("temporary", "busy (451)"),
        ("taken", ""),
    ]
    assert all(datetime.fromisoformat(each["ended_at"]) for each in sent.attempts)


async def test_what_may_have_arrived_goes_again_only_when_hr_has_asked(office: Office) -> None:
    """Never a blind second mail."""
    await office.task()
    await office.notice()
    office.mail.loses_answer = True
    await office.dispatch()
    office.mail.loses_answer = False
    unknown = await to_director(office)
    assert await refusal_of(office, unknown) == "arrival-unasked"
    await order(office, unknown, "c2", confirmed="王芳来电：没有收到")
    await office.dispatch("c2")
    assert len(office.mail.to("wang@example.cn")) == 2


async def test_a_message_that_was_sent_is_not_sent_again(office: Office) -> None:
    await office.task()
    await office.notice()
    await office.dispatch()
    assert await refusal_of(office, await to_director(office)) == "message-sent"


async def test_a_message_still_under_way_is_not_sent_again(office: Office) -> None:
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 451
    with pytest.raises(ApplicationError):
        await office.dispatch()
    assert await refusal_of(office, await to_director(office)) == "message-under-way"


async def test_nobody_is_asked_again_for_what_is_done(office: Office) -> None:
    """A dead task's message is never sent again."""
    failed = await refused_mail(office)
    await office.change(Task, "t1", state=TaskState.DECIDED, closed_at=NINE)
    assert await refusal_of(office, failed) == "message-obsolete"


async def test_whoever_lost_the_task_is_not_reminded_again(office: Office) -> None:
    """Rule 3: from then on another holds it."""
    failed = await refused_mail(office)
    await office.change(Task, "t1", holder_id=SUPERIOR, epoch=2)
    assert await refusal_of(office, failed) == "message-obsolete"


async def test_a_deputy_whose_time_is_over_is_not_told_again(office: Office) -> None:
    """Rule 11: for a period."""
    async with office.sessions() as session:
        session.add(
            Deputy(
                id="x",
                person_id=DIRECTOR,
                deputy_id=SUPERIOR,
                from_on=NINE.date(),
                until_on=NINE.date(),
                named_at=NINE,
            )
        )
        await session.commit()
    await office.task()
    await office.notice(to=SUPERIOR, meant_for=DIRECTOR)
    office.mail.refusals["li@example.cn"] = 550
    await office.dispatch()
    failed = next(each for each in await office.deliveries() if each.person_id == SUPERIOR)
    await office.change(Deputy, "x", until_on=NINE.date() - timedelta(days=1))
    assert await refusal_of(office, failed) == "message-obsolete"


async def test_a_report_that_asks_for_nothing_may_go_again_after_the_task_is_closed(office: Office) -> None:
    await office.task(state=TaskState.VOIDED, closed_at=NINE)
    await office.notice(occasion=Occasion.TASK_VOIDED)
    office.mail.refusals["wang@example.cn"] = 550
    await office.dispatch()
    office.mail.refusals.clear()
    await order(office, await to_director(office))
    await office.dispatch("c1")
    assert len(office.mail.to("wang@example.cn")) == 1


async def test_a_bad_address_is_mended_first(office: Office) -> None:
    """Failures tell what to do: the address stands on the person's page."""
    await office.change(Person, DIRECTOR, email="wang@")
    await office.task()
    await office.notice()
    await office.dispatch()
    failed = await to_director(office)
    assert await refusal_of(office, failed) == "address-unchanged"
    await office.change(Person, DIRECTOR, email="")
    assert await refusal_of(office, failed, "c2") == "address-missing"
    await office.change(Person, DIRECTOR, email="wang.fang@example.cn")
    await order(office, failed, "c3")
    await office.dispatch("c3")
    assert len(office.mail.to("wang.fang@example.cn")) == 1


async def test_whoever_left_is_not_written_to(office: Office) -> None:
    failed = await refused_mail(office)
    await office.change(Person, DIRECTOR, left_on=NINE.date())
    assert await refusal_of(office, failed) == "recipient-left"


@pytest.mark.parametrize(
    ("state", "code"),
    [(CycleState.CANCELLED, "message-of-ended-cycle"), (CycleState.PAUSED, "message-of-paused-cycle")],
)
async def test_a_cycle_that_is_paused_or_over_sends_nothing_again(
    office: Office, state: CycleState, code: str
) -> None:
    failed = await refused_mail(office)
    await office.change(Cycle, CYCLE, state=state)
    assert await refusal_of(office, failed) == code


async def test_an_sms_to_a_wrong_number_goes_again_once_the_number_is_right(office: Office) -> None:
    """Its e-mail went out in place of it; the SMS is a message of its own."""
    await office.change(Person, DIRECTOR, phone="+86138")
    await office.task()
    await office.notice(channel=Channel.SMS)
    await office.dispatch()
    failed = await to_director(office, Channel.SMS)
    assert (failed.state, failed.error) == (DeliveryState.FAILED, "bad-number")
    assert await refusal_of(office, failed) == "address-unchanged"
    await office.change(Person, DIRECTOR, phone="+8613800000009")
    await order(office, failed, "c2")
    await office.dispatch("c2")
    assert [each["to"] for each in office.twilio.messages] == ["+8613800000009"]
    assert len(office.mail.mails) == 1


async def test_an_sms_that_cannot_go_now_does_not_become_a_second_mail(office: Office) -> None:
    """Rule 9: outside the sending hours an SMS would go by e-mail, which went already."""
    await office.change(Person, DIRECTOR, phone="+86138")
    await office.task()
    await office.notice(channel=Channel.SMS)
    await office.dispatch()
    failed = await to_director(office, Channel.SMS)
    await office.change(Person, DIRECTOR, phone="+8613800000009")
    office.sms.per_month = 0
    assert await refusal_of(office, failed) == "sms-not-now"
    assert len(office.mail.mails) == 1


async def test_a_message_of_another_cycle_is_unknown(office: Office) -> None:
    assert (
        await refusal_of(
            office, Delivery(id="none", company_id=COMPANY, person_id="x", channel=Channel.EMAIL, moment=NINE)
        )
        == "message-unknown"
    )

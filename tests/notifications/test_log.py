"""A message is sent once, whatever is run twice or broken off; and what becomes of trouble with mail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlmodel import col, select
from temporalio.exceptions import ApplicationError

from models.delivery import Notice
from models.org import Person
from models.stages import Channel, DeliveryState, Occasion
from models.tasks import Task
from tests.standins.broken import Killed
from tests.standins.office import AT_ONCE, BASE_URL, DIRECTOR, HR, NINE, SUPERIOR, Office
from tests.standins.smtp import text_of


async def test_the_same_batch_dispatched_twice_is_one_mail(office: Office) -> None:
    await office.task()
    await office.notice()
    await office.dispatch()
    await office.dispatch()
    assert len(office.mail.mails) == 1


async def test_the_same_batch_dispatched_by_two_workers_at_once_is_one_mail(office: Office) -> None:
    await office.task()
    await office.notice()
    await asyncio.gather(*(office.dispatch() for _ in range(5)), return_exceptions=True)
    assert len(office.mail.mails) == 1


async def test_killed_while_collecting_the_retry_sends_once(office: Office) -> None:
    await office.task("t1")
    await office.task("t2", "d2", next_rung_to=DIRECTOR, next_rung_at=NINE)
    await office.notice("b1", "t1")
    doomed = asyncio.create_task(office.dispatch("b1"))
    await office.until_collecting()
    doomed.cancel()
    await asyncio.gather(doomed, return_exceptions=True)
    assert [each.state for each in await office.deliveries()] == [DeliveryState.COLLECTING]
    await office.change(Task, "t2", next_rung_at=None)
    await office.dispatch("b1")
    assert len(office.mail.mails) == 1


async def test_killed_between_claim_and_hand_over_the_retry_sends_once(office: Office) -> None:
    """A claimed delivery was certainly not sent."""
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 451
    with pytest.raises(ApplicationError):
        await office.dispatch()
    assert [each.state for each in await office.deliveries()] == [DeliveryState.CLAIMED]
    office.mail.refusals.clear()
    await asyncio.gather(*(office.dispatch() for _ in range(3)), return_exceptions=True)
    assert len(office.mail.mails) == 1
    assert [each.state for each in await office.deliveries()] == [DeliveryState.SENT]


async def test_killed_in_the_hand_over_a_mail_stays_unknown_and_hr_is_told(office: Office) -> None:
    """DESIGN 9: never a blind second mail."""
    await office.task()
    await office.notice()
    timing = Office.hurried(hand_over=timedelta(milliseconds=200))
    with pytest.raises(Killed):
        await office.dispatch(
            timing=timing,
            senders=office.dying(Channel.EMAIL, before=False),
        )
    assert len(office.mail.to("wang@example.cn")) == 1
    await asyncio.sleep(0.25)
    await office.dispatch(timing=timing)
    assert len(office.mail.to("wang@example.cn")) == 1
    assert len(office.mail.to("zhao@example.cn")) == 1
    unknown = next(each for each in await office.deliveries() if each.person_id == DIRECTOR)
    assert (unknown.state, unknown.error, unknown.held_until) == (DeliveryState.UNKNOWN, "interrupted", None)


async def test_a_hand_over_that_may_still_be_under_way_is_not_judged(office: Office) -> None:
    """A worker cut off from the engine may be sending while another one retries."""
    await office.task()
    await office.notice()
    with pytest.raises(Killed):
        await office.dispatch(senders=office.dying(Channel.EMAIL, before=True))
    with pytest.raises(ApplicationError) as later:
        await office.dispatch()
    assert later.value.next_retry_delay is not None
    assert timedelta(0) < later.value.next_retry_delay <= AT_ONCE.hand_over
    assert [each.state for each in await office.deliveries()] == [DeliveryState.UNKNOWN]


async def test_what_a_terminated_workflow_had_collected_is_sent_by_another(office: Office) -> None:
    """A joiner's notice is not lost with the collector."""
    await office.task("t1")
    await office.task("t2", "d2")
    await office.notice("gone", "t1")
    await office.activities().outbox.take_up({"gone"})
    await office.notice("b2", "t2")
    await office.dispatch("b2")  # Joins the open collection and leaves it to the other.
    assert office.mail.mails == []
    (delivery,) = await office.deliveries()
    assert delivery.held_until is not None
    much_later = delivery.held_until + timedelta(minutes=5)
    await office.dispatch("unrelated", wall=lambda: much_later)
    (mail,) = office.mail.mails
    assert text_of(mail).count(f"{BASE_URL}/t/") == 2


async def test_a_mailbox_that_is_busy_is_tried_again(office: Office) -> None:
    """SMTP 4xx retries."""
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 451
    with pytest.raises(ApplicationError) as later:
        await office.dispatch()
    assert (later.value.type, later.value.non_retryable) == ("TryLater", False)
    (waiting,) = await office.deliveries()
    assert (waiting.state, waiting.error, waiting.tries) == (DeliveryState.CLAIMED, "busy (451)", 1)
    office.mail.refusals.clear()
    await office.dispatch()
    assert len(office.mail.mails) == 1
    (sent,) = await office.deliveries()
    assert (sent.state, sent.error, sent.tries) == (DeliveryState.SENT, "", 2)


async def test_pauses_between_tries_double_up_to_a_quarter_of_an_hour(office: Office) -> None:
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 451
    now = datetime.now(UTC)
    pauses = []
    for _ in range(10):
        with pytest.raises(ApplicationError) as later:
            await office.dispatch(
                timing=Office.hurried(first_retry=timedelta(seconds=5)),
                wall=partial(datetime.fromtimestamp, now.timestamp(), UTC),
            )
        assert later.value.next_retry_delay is not None
        pauses.append(later.value.next_retry_delay.total_seconds())
        now += later.value.next_retry_delay
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


async def test_a_retry_that_comes_too_early_waits_on(office: Office) -> None:
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 451
    patient = Office.hurried(first_retry=timedelta(minutes=1))
    for _ in range(2):
        with pytest.raises(ApplicationError):
            await office.dispatch(timing=patient)
    (waiting,) = await office.deliveries()
    assert waiting.tries == 1


async def test_a_mailbox_that_refuses_is_final_and_hr_is_told(office: Office) -> None:
    """SMTP 5xx is final and tells HR; the workflow goes on."""
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 550
    await office.dispatch()
    (to_hr,) = office.mail.mails
    assert "zhao@example.cn" in str(to_hr["To"])
    assert str(to_hr["Subject"]) == "有消息未能送达：王芳"
    failed = next(each for each in await office.deliveries() if each.person_id == DIRECTOR)
    assert (failed.state, failed.error) == (DeliveryState.FAILED, "refused (550)")
    async with office.sessions() as session:
        told = await session.exec(select(Notice).where(col(Notice.occasion) == Occasion.DELIVERY_FAILED))
        assert {(each.person_id, each.channel) for each in told.all()} == {
            (HR, Channel.EMAIL),
            (HR, Channel.SYSTEM),
        }


async def test_hr_gets_one_report_of_many_failures_at_one_moment(office: Office) -> None:
    """DESIGN 10 holds for HR too."""
    for number in range(12):
        person = f"p{number}"
        async with office.sessions() as session:
            session.add(
                Person(
                    id=person,
                    company_id="hd",
                    staff_no=person,
                    name=f"员工{number}",
                    email=f"{person}@x.cn",
                    unit_id="d1",
                )
            )
            await session.commit()
        office.mail.refusals[f"{person}@x.cn"] = 550
        await office.notice("b1", "", to=person, occasion=Occasion.CYCLE_PAUSED)
    await office.dispatch()
    (report,) = office.mail.mails
    assert str(report["Subject"]).startswith("12 项通知")


async def test_nobody_is_told_in_circles_that_hr_cannot_be_reached(office: Office) -> None:
    await office.task()
    await office.notice()
    office.mail.refusals.update({"wang@example.cn": 550, "zhao@example.cn": 550})
    await office.dispatch()
    assert [each.state for each in await office.deliveries()] == [DeliveryState.FAILED] * 2


async def test_a_person_without_an_address_is_reported_to_hr(office: Office) -> None:
    await office.change(Person, DIRECTOR, email="")
    await office.task()
    await office.notice()
    await office.dispatch()
    assert "没有登记邮箱" in text_of(office.mail.to("zhao@example.cn")[0])


@pytest.mark.parametrize("address", ["no at sign", "王芳@example.cn", "wang@", "a@b@c"])
async def test_an_address_that_is_none_is_final(office: Office, address: str) -> None:
    await office.change(Person, DIRECTOR, email=address)
    await office.task()
    await office.notice()
    await office.dispatch()
    failed = next(each for each in await office.deliveries() if each.person_id == DIRECTOR)
    assert (failed.state, failed.error) == (DeliveryState.FAILED, "bad-address")


async def test_a_connection_lost_after_data_is_unknown_and_hr_is_told(office: Office) -> None:
    """Never a blind second mail."""
    await office.task()
    await office.notice()
    office.mail.loses_answer = True
    await office.dispatch()
    await office.dispatch()
    assert len(office.mail.to("wang@example.cn")) == 1
    unknown = next(each for each in await office.deliveries() if each.person_id == DIRECTOR)
    assert unknown.state is DeliveryState.UNKNOWN
    assert unknown.error.startswith("answer-lost")


async def test_a_server_too_slow_to_answer_after_data_is_unknown(office: Office) -> None:
    office.smtp.timeout_seconds = 3
    await office.task()
    await office.notice()
    office.mail.answers_after = 6
    await office.dispatch()
    unknown = next(each for each in await office.deliveries() if each.person_id == DIRECTOR)
    assert (unknown.state, unknown.error) == (DeliveryState.UNKNOWN, "answer-lost (TimeoutError)")


async def test_a_mail_server_that_is_down_is_tried_again(office: Office) -> None:
    await office.task()
    await office.notice()
    real_port, office.smtp.port = office.smtp.port, 9
    with pytest.raises(ApplicationError):
        await office.dispatch()
    office.smtp.port = real_port
    await office.dispatch()
    assert len(office.mail.mails) == 1


async def test_trouble_with_one_person_does_not_hold_up_another(office: Office) -> None:
    await office.task()
    await office.notice()
    await office.notice(to=SUPERIOR, occasion=Occasion.TASK_OVERDUE)
    office.mail.refusals["wang@example.cn"] = 451
    with pytest.raises(ApplicationError):
        await office.dispatch()
    assert len(office.mail.to("li@example.cn")) == 1

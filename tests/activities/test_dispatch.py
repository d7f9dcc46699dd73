"""Sending what waits in the outbox, as the engine asks for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlmodel import select
from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from models.delivery import Link, hash_of_token
from models.effects import DISPATCH
from models.messages import Dispatch
from models.stages import Channel, DeliveryState, Occasion, TaskState
from models.tasks import Task
from tests.standins.office import BASE_URL, COMPANY, DIRECTOR, NINE, SUPERIOR, Office
from tests.standins.smtp import text_of
from tests.standins.twilio_api import Fault


async def test_a_reminder_reaches_the_director_and_is_in_the_delivery_log(office: Office) -> None:
    """DESIGN 9: what was sent to whom, and why."""
    await office.task()
    await office.notice()
    await office.dispatch()
    (mail,) = office.mail.mails
    assert "wang@example.cn" in str(mail["To"])
    (sent,) = await office.deliveries()
    assert (sent.state, sent.channel, sent.address) == (DeliveryState.SENT, Channel.EMAIL, "wang@example.cn")
    assert (sent.person_id, sent.occasion, sent.rung, sent.moment) == (DIRECTOR, "task-reminder", "email-1d", NINE)
    assert (sent.tries, sent.notices, sent.error, sent.cycle_id) == (1, 1, "", "hd-2026q4")
    assert sent.provider_id == mail["Message-ID"] == f"<{sent.id}@example.cn>"
    assert sent.sent_at is not None
    assert abs(sent.sent_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_link_works_from_the_mail_and_is_nowhere_in_the_log(office: Office) -> None:
    """Only the hash of a token is stored."""
    task = await office.task()
    await office.notice()
    await office.dispatch()
    text = text_of(office.mail.mails[0])
    token = text.split(f"{BASE_URL}/t/")[1].split()[0]
    async with office.sessions() as session:
        link = await session.get_one(Link, hash_of_token(token))
    assert (link.task_id, link.person_id, link.for_id, link.epoch) == (task.id, DIRECTOR, DIRECTOR, task.epoch)
    (sent,) = await office.deliveries()
    assert token not in sent.body
    assert sent.body == text.replace(token, "…")


async def test_a_deputys_link_is_theirs_and_names_the_holder(office: Office) -> None:
    """Rule 11: the deputy receives and decides, the record names both."""
    await office.task()
    await office.notice(to=SUPERIOR, meant_for=DIRECTOR)
    await office.dispatch()
    async with office.sessions() as session:
        link = (await session.exec(select(Link))).one()
    assert (link.person_id, link.for_id) == (SUPERIOR, DIRECTOR)
    assert "您是王芳的代理人，本事项由您代为处理" in text_of(office.mail.mails[0])


async def test_who_does_not_hold_the_task_gets_no_link_that_decides(office: Office) -> None:
    """Rule 3: from then on the director can no longer decide."""
    await office.task(holder=SUPERIOR, first_holder_id=DIRECTOR, epoch=2, level=1)
    await office.notice(occasion=Occasion.TASK_MOVED_AWAY)
    await office.dispatch()
    async with office.sessions() as session:
        assert (await session.exec(select(Link))).all() == []
    assert f"{BASE_URL}/tasks/t1" in text_of(office.mail.mails[0])


async def test_a_reminder_of_a_task_decided_meanwhile_is_not_sent(office: Office) -> None:
    """Rule 2: acting on the task cancels what is left of its ladder."""
    await office.task(state=TaskState.DECIDED, closed_at=NINE)
    await office.notice()
    await office.dispatch()
    assert office.mail.mails == []
    (dropped,) = await office.deliveries()
    assert (dropped.state, dropped.error) == (DeliveryState.FAILED, "no-longer-needed")


async def test_a_notice_in_the_system_is_left_where_it_is(office: Office) -> None:
    await office.task()
    await office.notice(channel=Channel.SYSTEM)
    await office.dispatch()
    assert (office.mail.mails, office.twilio.messages, await office.deliveries()) == ([], [], [])


# --- on the real engine ----------------------------------------------------------------------


@workflow.defn(sandboxed=False)
class Sends:
    """Asks for a batch to be sent, as a department does."""

    @workflow.run
    async def run(self, asked: Dispatch) -> None:
        await workflow.execute_activity(
            DISPATCH.name,
            asked,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=20),
        )


def worker(engine: WorkflowEnvironment, office: Office, queue: str, **times: timedelta) -> Worker:
    activities = office.activities(Office.hurried(**times))
    return Worker(engine.client, task_queue=queue, workflows=[Sends], activities=[activities.dispatch])


async def begin(engine: WorkflowEnvironment, queue: str) -> WorkflowHandle[Any, Any]:
    asked = Dispatch(company_id=COMPANY, key="b1", now=NINE)
    return await engine.client.start_workflow(Sends.run, asked, id=queue, task_queue=queue)


async def test_the_engine_waits_as_long_as_a_busy_server_asks_and_sends_then(
    engine: WorkflowEnvironment, office: Office
) -> None:
    await office.task()
    await office.notice(channel=Channel.SMS)
    office.twilio.faults.append(Fault(429, 20429, {"Retry-After": "2"}))
    queue = f"sends-{uuid4()}"
    began = time.monotonic()
    async with worker(engine, office, queue):
        await (await begin(engine, queue)).result()
    assert time.monotonic() - began >= 2
    assert len(office.twilio.messages) == 1


async def test_a_permanent_refusal_never_stops_the_workflow(engine: WorkflowEnvironment, office: Office) -> None:
    await office.task()
    await office.notice()
    office.mail.refusals["wang@example.cn"] = 550
    queue = f"sends-{uuid4()}"
    async with worker(engine, office, queue):
        await (await begin(engine, queue)).result()
    assert len(office.mail.to("zhao@example.cn")) == 1


async def test_a_worker_that_stops_while_collecting_leaves_it_to_the_next(
    engine: WorkflowEnvironment, office: Office
) -> None:
    """Lost with a worker: nothing; sent twice: nothing."""
    await office.task("t1")
    await office.task("t2", "d2", next_rung_to=DIRECTOR, next_rung_at=NINE)
    await office.notice("b1", "t1")
    queue = f"sends-{uuid4()}"
    async with worker(engine, office, queue, window=timedelta(minutes=1)):
        sending = await begin(engine, queue)
        await office.until_collecting()
    assert office.mail.mails == []
    await office.change(Task, "t2", next_rung_at=None)
    async with worker(engine, office, queue):
        await sending.result()
    assert len(office.mail.mails) == 1

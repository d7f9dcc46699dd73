"""What is waiting for one person at one moment goes out as one message."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.cycles import Cycle
from models.stages import CycleState, DeliveryState, Occasion, TaskState
from models.tasks import Task
from tests.standins.office import BASE_URL, DIRECTOR, NINE, SUPERIOR, Office
from tests.standins.smtp import text_of


async def forty_late_departments(office: Office) -> list[str]:
    batches = []
    for number in range(40):
        await office.task(f"t{number}", f"d{100 + number}", SUPERIOR, first_holder_id=DIRECTOR, level=1)
        await office.notice(
            f"b{number}",
            f"t{number}",
            to=SUPERIOR,
            occasion=Occasion.TASK_ESCALATED,
            moment=NINE + timedelta(milliseconds=number),
        )
        batches.append(f"b{number}")
    return batches


async def test_a_superior_with_forty_late_departments_gets_one_mail(office: Office) -> None:
    """DESIGN 10: one digest, not 40 messages; with a link for each task."""
    batches = await forty_late_departments(office)
    await asyncio.gather(*map(office.dispatch, batches))
    (mail,) = office.mail.to("li@example.cn")
    assert str(mail["Subject"]) == "您有 40 项事项待办：销售100部、销售101部、销售102部等"
    assert text_of(mail).count(f"{BASE_URL}/t/") == 40
    (sent,) = await office.deliveries()
    assert (sent.state, sent.notices) == (DeliveryState.SENT, 40)


async def test_a_message_waits_for_a_rung_that_is_due_and_has_not_fired(office: Office) -> None:
    """DESIGN 10: gathered while the next rung of another open task speaks to the same person."""
    await office.task("t1")
    await office.task("t2", "d2", next_rung_to=DIRECTOR, next_rung_at=NINE)
    await office.notice("b1", "t1")
    sending = asyncio.create_task(office.dispatch("b1"))
    await asyncio.sleep(0.3)
    assert office.mail.mails == []
    await office.notice("b2", "t2", moment=NINE + timedelta(milliseconds=40))
    await office.change(Task, "t2", next_rung_to=None, next_rung_at=None)
    await sending
    await office.dispatch("b2")
    (mail,) = office.mail.mails
    assert text_of(mail).count(f"{BASE_URL}/t/") == 2


async def test_after_an_outage_what_is_handed_up_waits_for_the_moves_that_are_late(office: Office) -> None:
    """DESIGN 10: a row that still speaks of an overtaken reminder to the director is about to move as well."""
    late = NINE - timedelta(hours=15)
    await office.task("t1", holder=SUPERIOR, level=1)
    await office.task("t2", "d2", next_rung_to=DIRECTOR, next_rung_at=late - timedelta(days=1), deadline_at=late)
    await office.notice("b1", "t1", to=SUPERIOR, occasion=Occasion.TASK_ESCALATED)
    sending = asyncio.create_task(office.dispatch("b1"))
    await asyncio.sleep(0.3)
    assert office.mail.mails == []
    await office.notice("b2", "t2", to=SUPERIOR, occasion=Occasion.TASK_ESCALATED)
    await office.change(Task, "t2", holder_id=SUPERIOR, next_rung_at=NINE + timedelta(days=1))
    await sending
    await office.dispatch("b2")
    (mail,) = office.mail.mails
    assert text_of(mail).count(f"{BASE_URL}/t/") == 2


async def test_what_is_handed_up_waits_for_what_is_about_to_be_handed_up(office: Office) -> None:
    """DESIGN 10: one digest, although the tasks move some moments apart."""
    await office.task("t1", holder=SUPERIOR, level=1)
    await office.task("t2", "d2", next_rung_to=SUPERIOR, next_rung_at=NINE)
    await office.notice("b1", "t1", to=SUPERIOR, occasion=Occasion.TASK_ESCALATED)
    sending = asyncio.create_task(office.dispatch("b1"))
    await asyncio.sleep(0.3)
    assert office.mail.mails == []
    await office.notice("b2", "t2", to=SUPERIOR, occasion=Occasion.TASK_ESCALATED)
    await office.change(Task, "t2", holder_id=SUPERIOR, next_rung_at=NINE + timedelta(days=1))
    await sending
    (mail,) = office.mail.mails
    assert text_of(mail).count(f"{BASE_URL}/t/") == 2


async def test_a_message_waits_no_longer_than_the_window(office: Office) -> None:
    await office.task("t1")
    await office.task("t2", "d2", next_rung_to=DIRECTOR, next_rung_at=NINE)
    await office.notice("b1", "t1")
    await office.dispatch("b1", Office.hurried(window=timedelta(milliseconds=100)))
    assert len(office.mail.mails) == 1


@pytest.mark.parametrize(
    "table_and_values",
    [
        (Cycle, "hd-2026q4", {"state": CycleState.PAUSED}),
        (Task, "t2", {"state": TaskState.DECIDED}),
        (Task, "t2", {"next_rung_at": NINE + timedelta(days=1)}),
        (Task, "t2", {"next_rung_to": SUPERIOR}),
    ],
    ids=["paused", "decided", "due-later", "to-another"],
)
async def test_nobody_waits_for_a_rung_that_will_not_come(
    office: Office, table_and_values: tuple[type[Any], str, dict[str, Any]]
) -> None:
    await office.task("t1")
    await office.task("t2", "d2", next_rung_to=DIRECTOR, next_rung_at=NINE)
    table, id_, values = table_and_values
    await office.change(table, id_, **values)
    await office.notice("b1", "t1")
    async with asyncio.timeout(20):
        await office.dispatch("b1", Office.hurried(window=timedelta(minutes=1)))
    assert len(office.mail.mails) == 1


async def test_what_comes_after_the_close_goes_as_a_second_part(office: Office) -> None:
    await office.task("t1")
    await office.task("t2", "d2")
    await office.notice("b1", "t1")
    await office.dispatch("b1")
    await office.notice("b2", "t2")
    await office.dispatch("b2")
    assert [each.part for each in await office.deliveries()] == [1, 2]
    assert len(office.mail.mails) == 2


async def test_messages_of_two_persons_go_apart(office: Office) -> None:
    await office.task()
    await office.notice(to=SUPERIOR, occasion=Occasion.TASK_OVERDUE)
    await office.notice(to=DIRECTOR)
    await office.dispatch()
    assert sorted(str(mail["To"]).split("<")[1] for mail in office.mail.mails) == [
        "li@example.cn>",
        "wang@example.cn>",
    ]

"""The delivery log: who may read it, what it shows, and how a message is sent again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, select

from models.delivery import Delivery, Notice, Resend
from models.org import Person
from models.stages import Channel, CommandState, DeliveryState, Occasion, TaskState
from models.tasks import Command, Task
from tests.api.pages.browser import NEEDS_CHROMIUM, chromium, served, sign_in
from tests.api.pages.place import Place

NOW = datetime.now(UTC)
BODY = "王芳，您好：\n请确认目标。\nhttps://perf.example.cn/t/…\n"


async def sent(place: Place, task: Task | None = None, **columns: Any) -> Delivery:
    """Write a delivery with its notice, as the workers do."""
    director = place.company.departments[0].director_id
    number = uuid4().hex
    delivery = Delivery(
        **{
            "id": number,
            "company_id": place.company.company_id,
            "cycle_id": place.company.cycle_id,
            "person_id": director,
            "channel": Channel.EMAIL,
            "moment": NOW.replace(microsecond=0),
            "part": int(number[:6], 16),
            "state": DeliveryState.SENT,
            "address": "d0001@example.cn",
            "subject": "请确认目标",
            "body": BODY,
            "occasion": Occasion.TASK_REMINDER.value,
            "rung": "email-1d",
            "notices": 1,
            **columns,
        }
    )
    delivery_id = delivery.id
    notice = Notice(
        id=number,
        key=number,
        batch=f"b-{number}",
        company_id=delivery.company_id,
        cycle_id=delivery.cycle_id,
        department_id=place.company.departments[0].id,
        task_id=task.id if task else "",
        person_id=delivery.person_id,
        meant_for=delivery.person_id,
        channel=delivery.channel,
        occasion=Occasion(delivery.occasion),
        rung=delivery.rung,
        moment=delivery.moment,
        delivery_id=delivery_id,
    )
    await place.add(delivery, notice)
    async with place.sessions() as session:
        return await session.get_one(Delivery, delivery_id)


async def failed(place: Place, **columns: Any) -> Delivery:
    return await sent(
        place, await place.open_task(), **{"state": DeliveryState.FAILED, "error": "refused (550)", **columns}
    )


@pytest.mark.parametrize(
    ("user_name", "status"), [("hr", 200), ("auditor", 200), ("ceo", 403), ("vp1", 403), ("d0001", 403)]
)
async def test_the_log_is_for_hr_and_auditors(place: Place, user_name: str, status: int) -> None:
    """Rule 50: numbers and addresses are for no others."""
    delivery = await sent(place)
    browser = await place.signed_in(user_name)
    assert (await browser.open("/messages")).status_code == status
    assert (await browser.open(f"/messages/{delivery.id}")).status_code == status
    assert ("d0001@example.cn" in browser.page) is (status == 200)


async def test_an_auditor_reads_and_sends_nothing(place: Place) -> None:
    """Rule 50: reads everything, changes nothing."""
    delivery = await failed(place)
    browser = await place.signed_in("auditor")
    await browser.open(f"/messages/{delivery.id}")
    assert "Send again" not in browser.page
    assert (await browser.send(f"/messages/{delivery.id}/resend")).status_code == 403
    assert place.commands.wishes == []


async def test_a_message_of_another_company_is_not_there(place: Place) -> None:
    delivery = await sent(place, company_id="other")
    browser = await place.signed_in("hr")
    assert (await browser.open(f"/messages/{delivery.id}")).status_code == 404
    await browser.open("/messages")
    assert delivery.id not in browser.page


async def test_what_failed_or_is_in_doubt_comes_first(place: Place) -> None:
    new = await sent(place)
    old = await sent(place, state=DeliveryState.FAILED, error="refused (550)", moment=NOW - timedelta(days=9))
    doubt = await sent(place, state=DeliveryState.UNKNOWN, error="answer-lost", moment=NOW - timedelta(days=5))
    gone_again = await sent(
        place, state=DeliveryState.FAILED, error="refused (550)", moment=NOW - timedelta(days=2)
    )
    await place.add(Resend(delivery_id=gone_again.id, command_id="x", by_id=place.company.hr_id, at=NOW))
    browser = await place.signed_in("hr")
    await browser.open("/messages")
    shown = re.findall(r'href="/messages/([0-9a-f]{32})"', browser.page)
    assert shown == [doubt.id, old.id, new.id, gone_again.id]
    assert "the recipient&#39;s server refused it" in browser.page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome=failed", {"failed"}),
        ("outcome=unknown", {"unknown"}),
        ("outcome=under-way", {"waiting"}),
        ("outcome=by-mail", {"sms"}),
        ("outcome=obsolete", {"obsolete"}),
        ("outcome=sent", {"sent"}),
        ("channel=sms", {"sms"}),
        ("occasion=task-escalated", {"waiting"}),
        ("day=2026-10-05", {"obsolete"}),
        ("q=zhang%40", {"sent"}),
        ("q=100%25", set()),
        ("cycle=none", set()),
        ("day=nonsense&page=x", {"failed", "unknown", "waiting", "sms", "obsolete", "sent"}),
    ],
)
async def test_the_log_is_filtered_on_the_server(place: Place, query: str, found: set[str]) -> None:
    made = {
        "failed": await sent(place, state=DeliveryState.FAILED, error="refused (550)"),
        "unknown": await sent(place, state=DeliveryState.UNKNOWN, error="interrupted"),
        "waiting": await sent(
            place,
            state=DeliveryState.UNKNOWN,
            held_until=NOW,
            occasion=Occasion.TASK_ESCALATED.value,
        ),
        "sms": await sent(place, channel=Channel.SMS, state=DeliveryState.FAILED, error="bad-number"),
        # 00:30 in Shanghai is the day before in UTC.
        "obsolete": await sent(
            place,
            state=DeliveryState.FAILED,
            error="no-longer-needed",
            moment=datetime(2026, 10, 4, 16, 30, tzinfo=UTC),
        ),
        "sent": await sent(place, address="zhang@example.cn"),
    }
    browser = await place.signed_in("hr")
    await browser.open(f"/messages?{query}")
    shown = set(re.findall(r'href="/messages/([0-9a-f]{32})"', browser.page))
    assert shown == {made[name].id for name in found}
    if not found:
        assert "No message fits" in browser.page


async def test_the_log_comes_in_pages(place: Place) -> None:
    deliveries = [
        Delivery(
            id=f"{number:032x}",
            company_id=place.company.company_id,
            person_id=place.company.hr_id,
            channel=Channel.EMAIL,
            moment=NOW - timedelta(minutes=number),
            state=DeliveryState.SENT,
        )
        for number in range(120)
    ]
    await place.add(*deliveries)
    browser = await place.signed_in("hr")
    await browser.open("/messages")
    assert "120 messages" in browser.page
    assert len(re.findall(r'href="/messages/[0-9a-f]{32}"', browser.page)) == 50
    await browser.open("/messages?page=3")
    assert re.findall(r'href="/messages/([0-9a-f]{32})"', browser.page)[-1] == f"{119:032x}"


async def test_the_month_counts_its_sms_against_the_cap(place: Place) -> None:
    place.settings.twilio.account_sid = "AC1"
    place.settings.twilio.per_month = 100
    for _ in range(3):
        await sent(place, channel=Channel.SMS)
    await sent(place, channel=Channel.SMS, moment=NOW - timedelta(days=40))
    await sent(place, channel=Channel.SMS, state=DeliveryState.FAILED, error="day-limit")
    browser = await place.signed_in("hr")
    await browser.open("/messages")
    assert "3 <small>of at most 100; then by e-mail" in browser.page
    assert "¥0.15" in browser.page


async def test_a_message_shows_what_was_sent_why_and_how_each_try_ended(place: Place) -> None:
    """DESIGN 9: and no token of a link."""
    attempts = [
        {"began_at": NOW.isoformat(), "ended_at": NOW.isoformat(), "outcome": "temporary", "error": "busy (451)"},
        {"began_at": NOW.isoformat(), "ended_at": NOW.isoformat(), "outcome": "taken", "error": ""},
    ]
    delivery = await sent(
        place, await place.open_task(), attempts=attempts, tries=2, provider_id="<1@example.cn>", sent_at=NOW
    )
    browser = await place.signed_in("hr")
    await browser.open(f"/messages/{delivery.id}")
    for said in (
        "请确认目标",
        "https://perf.example.cn/t/…",
        "&lt;1@example.cn&gt;",
        "1 day before, in the morning: reminds the holder",
        "not sent; tried again later",
        "was busy (451)",
        "taken by the provider",
        "Links are shown without their secret part",
    ):
        assert said in browser.page, said
    assert not re.search(r"/t/[A-Za-z0-9_-]{20}", browser.page)
    assert "Send again" not in browser.page


async def test_a_failed_message_is_sent_again_by_one_order(place: Place) -> None:
    """DESIGN 9: by the workflow, once however often the button is pressed."""
    delivery = await failed(place)
    browser = await place.signed_in("hr")
    await browser.open(f"/messages/{delivery.id}")
    once = re.search(r'name="once" value="(\w+)"', browser.page)
    assert once
    await browser.send(f"/messages/{delivery.id}/resend", once=once[1])
    assert place.moves[0]["delivery_id"] == delivery.id
    assert place.commands.wishes[0].workflow_id.endswith(place.company.cycle_id)
    async with place.sessions() as session:  # As the engine's answer leaves it.
        command = Command(
            id=place.commands.wishes[0].command_id,
            idempotency_key=f"resend.{once[1]}",
            fingerprint=delivery.id,
            company_id=delivery.company_id,
            by_id=place.company.hr_id,
            kind="resend",
            workflow_id="",
            state=CommandState.DONE,
            answer={"command_id": place.commands.wishes[0].command_id, "at": NOW.isoformat()},
            received_at=NOW,
        )
        session.add(command)
        await session.commit()
    answer = await browser.send(f"/messages/{delivery.id}/resend", once=once[1])
    assert answer.status_code == 200
    assert len(place.commands.wishes) == 1


async def test_what_may_have_arrived_asks_who_says_that_it_did_not(place: Place) -> None:
    delivery = await failed(place, state=DeliveryState.UNKNOWN, error="answer-lost")
    browser = await place.signed_in("hr")
    await browser.open(f"/messages/{delivery.id}")
    answer = await browser.send(f"/messages/{delivery.id}/resend", once="a", confirmed=" ")
    assert answer.status_code == 422
    assert "ask the recipient or the provider first" in browser.page
    await browser.send(f"/messages/{delivery.id}/resend", once="b", confirmed="电话核实未收到")
    assert place.commands.wishes[0].words == {"confirmed": "电话核实未收到", "delivery_id": delivery.id}


async def test_a_dead_tasks_message_is_never_sent_again(place: Place) -> None:
    delivery = await failed(place)
    async with place.sessions() as session:
        (task_id,) = (await session.exec(select(Task.id))).all()
    await place.change(Task, task_id, state=TaskState.DECIDED, closed_at=NOW)
    browser = await place.signed_in("hr", "zh")
    await browser.open(f"/messages/{delivery.id}")
    assert "消息所说的事项已办结" in browser.page
    assert "resend" not in browser.page
    assert (await browser.send(f"/messages/{delivery.id}/resend", once="a")).status_code == 409
    assert place.commands.wishes == []


async def test_a_bad_number_leads_to_the_persons_page(place: Place) -> None:
    """Failures tell what to do."""
    director = place.company.departments[0].director_id
    async with place.sessions() as session:
        phone = (await session.get_one(Person, director)).phone
    delivery = await failed(place, channel=Channel.SMS, error="bad-number (21211)", address=phone)
    browser = await place.signed_in("hr")
    await browser.open(f"/messages/{delivery.id}")
    assert f'href="/people/{director}"' in browser.page
    assert "Mend the number on the person&#39;s page" in browser.page
    answer = await browser.send(f"/messages/{delivery.id}/resend", once="a")
    assert (answer.status_code, "failed before" in browser.page) == (409, True)


async def test_an_order_that_waits_for_the_engine_says_so(place: Place) -> None:
    """DESIGN 14: received, carried out later."""
    place.commands.is_away = True
    delivery = await failed(place)
    browser = await place.signed_in("hr")
    await browser.open(f"/messages/{delivery.id}")
    await browser.send(f"/messages/{delivery.id}/resend", once="a")
    async with place.sessions() as session:
        command = (await session.exec(select(Command).where(col(Command.kind) == "resend"))).one()
    await place.change(Command, command.id, words={"delivery_id": delivery.id})
    await browser.open(f"/messages/{delivery.id}")
    assert "was received and will be carried out" in browser.page


@NEEDS_CHROMIUM
@pytest.mark.parametrize(("language", "button"), [("zh-CN", "重发"), ("en", "Send again")])
async def test_hr_finds_a_failure_and_sends_it_again(place: Place, language: str, button: str) -> None:
    """The journey of HR: the log, the message, the button."""
    await sent(place)
    delivery = await failed(place)
    async with served(place) as address, chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, address, "hr", language)
        await page.goto(f"{address}/messages")
        await page.select_option("#outcome", "failed")
        await page.wait_for_url("**outcome=failed**")
        await page.click("table.messages a")
        async with page.expect_response(lambda answer: answer.url.endswith("/resend")):
            await page.get_by_role("button", name=button).dblclick()
        assert page.url.endswith(delivery.id)
    assert [move["delivery_id"] for move in place.moves] == [delivery.id]

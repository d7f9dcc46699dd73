from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlmodel import col, func, select

from models.cycles import Cycle
from models.delivery import Device, Link, hash_of_token
from models.errors import Refusal
from models.messages import SendLink
from models.stages import Choice, TaskState
from models.tasks import Command, Decision, Task
from tests.api.pages.place import Place


async def nothing_happened(place: Place, task: Task) -> bool:
    async with place.sessions() as session:
        now = await session.get_one(Task, task.id)
        rows = [
            (await session.exec(select(func.count()).select_from(table))).one() for table in (Decision, Command)
        ]
    return now.state is TaskState.OPEN and rows == [0, 0] and not place.commands.wishes


async def test_looking_at_a_link_changes_nothing(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    browser = place.browser()
    for look in (browser.http.get, browser.http.head, browser.http.get):
        answer = await look(address)
        assert answer.status_code == 200
    assert await nothing_happened(place, task)
    async with place.sessions() as session:
        link = await session.get_one(Link, hash_of_token("a-token"))
    assert link.wrong_tries == 0


async def test_a_link_leaves_no_trace_in_browsers_and_other_sites(place: Place) -> None:
    answer = await place.browser().open(await place.link_to(await place.open_task()))
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_the_right_digits_decide_and_the_page_says_so(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    browser = place.browser()
    await browser.open(address)
    answer = await browser.send(address, choice="confirm", digits=await place.digits_of(task.holder_id))
    assert answer.status_code == 200
    assert "confirmed the targets" in answer.text
    assert [move["choice"] for move in place.moves] == [Choice.CONFIRM]


async def test_a_device_is_asked_for_the_digits_only_once(place: Place) -> None:
    first = await place.open_task(slot="one")
    second = await place.open_task(slot="two")
    browser = place.browser()
    await browser.open(await place.link_to(first, name="one"))
    await browser.send("/t/one", choice="confirm", digits=await place.digits_of(first.holder_id))
    await browser.open(await place.link_to(second, name="two"))
    assert 'name="digits"' not in browser.page
    answer = await browser.send("/t/two", choice="confirm")
    assert "confirmed the targets" in answer.text
    assert len(place.commands.wishes) == 2


async def test_a_device_is_forgotten_after_its_time(place: Place) -> None:
    first, second = await place.open_task(slot="one"), await place.open_task(slot="two")
    browser = place.browser()
    await browser.open(await place.link_to(first, name="one"))
    await browser.send("/t/one", choice="confirm", digits=await place.digits_of(first.holder_id))
    async with place.sessions() as session:
        device = (await session.exec(select(Device))).one()
    assert device.until > datetime.now(UTC) + timedelta(days=29)
    await place.change(
        Device, (device.token_hash, device.person_id), until=datetime.now(UTC) - timedelta(minutes=1)
    )
    await browser.open(await place.link_to(second, name="two"))
    assert 'name="digits"' in browser.page


async def test_without_digits_nothing_is_decided_and_what_was_typed_stays(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    browser = place.browser()
    await browser.open(address)
    answer = await browser.send(address, choice="counter-propose", comment="Two large customers left us.")
    assert answer.status_code == 422
    assert "last four digits" in answer.text
    assert "Two large customers left us." in answer.text
    assert await nothing_happened(place, task)


async def test_five_wrong_digits_and_the_link_asks_for_a_sign_in(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    browser = place.browser()
    await browser.open(address)
    for left in (4, 3, 2, 1):
        answer = await browser.send(address, choice="confirm", digits="9999")
        assert f"{left} more" in answer.text
    answer = await browser.send(address, choice="confirm", digits="9999")
    assert "Please sign in" in answer.text
    answer = await browser.send(address, choice="confirm", digits=await place.digits_of(task.holder_id))
    assert answer.status_code == 422
    assert await nothing_happened(place, task)


async def test_signed_in_as_the_rightful_person_no_digits_are_asked(place: Place) -> None:
    address = await place.link_to(await place.open_task())
    browser = await place.director()
    await browser.open(address)
    assert 'name="digits"' not in browser.page
    answer = await browser.send(address, choice="confirm")
    assert "confirmed the targets" in answer.text


async def test_signed_in_as_somebody_else_the_digits_are_asked(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    browser = await place.signed_in("d0002")
    await browser.open(address)
    assert 'name="digits"' in browser.page
    await browser.send(address, choice="confirm")
    assert await nothing_happened(place, task)


async def test_a_policy_can_ask_for_a_sign_in_always(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, place.company.cycle_id)
    terms = cycle.the_terms()
    strict = terms.model_copy(update={"policy": terms.policy.model_copy(update={"always_sign_in": True})})
    await place.change(Cycle, cycle.id, terms=strict.model_dump(mode="json"))
    browser = place.browser()
    await browser.open(address)
    assert "Please sign in to decide" in browser.page
    await browser.send(address, choice="confirm", digits=await place.digits_of(task.holder_id))
    assert await nothing_happened(place, task)


async def test_a_link_of_a_decided_task_says_who_decided_what_and_when(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    director = await place.director()
    await director.open(f"/tasks/{task.id}")
    await director.send(f"/tasks/{task.id}", choice="confirm")
    answer = await place.browser("zh").open(address)
    assert "确认了目标" in answer.text
    assert "北京时间" in answer.text
    assert "<form" not in answer.text


async def test_a_link_of_a_moved_task_says_to_whom_and_offers_no_new_one(place: Place) -> None:
    superior = place.company.superior_ids[0]
    task = await place.open_task(holder_id=superior, epoch=2, level=1)
    address = await place.link_to(task, person_id=task.first_holder_id)
    browser = place.browser()
    answer = await browser.open(address)
    assert "has moved to" in answer.text
    assert "Send me a new link" not in answer.text
    answer = await browser.send(f"{address}/new")
    assert answer.status_code in (403, 409)
    assert place.commands.signals == []


async def test_the_rightful_holder_of_an_old_link_can_ask_for_a_new_one(place: Place) -> None:
    task = await place.open_task(epoch=2)
    address = await place.link_to(task)
    browser = place.browser()
    await browser.open(address)
    assert "Send me a new link" in browser.page
    answer = await browser.send(f"{address}/new")
    assert "on its way" in answer.text
    assert [(name, message) for _, name, message in place.commands.signals] == [
        ("send_link", SendLink(task_id=task.id, person_id=task.holder_id))
    ]


async def test_whoever_loses_a_race_sees_who_won(place: Place) -> None:
    task = await place.open_task()
    address = await place.link_to(task)
    browser = place.browser()
    await browser.open(address)
    digits = await place.digits_of(task.holder_id)
    answers = await asyncio.gather(*(browser.send(address, choice="confirm", digits=digits) for _ in range(2)))
    async with place.sessions() as session:
        assert (await session.exec(select(func.count()).select_from(Decision))).one() == 1
    assert all("confirmed the targets" in answer.text for answer in answers)


async def test_a_refusal_of_the_engine_is_said_in_words(place: Place) -> None:
    task = await place.open_task()
    place.commands.refusal = Refusal("cycle-paused")
    browser = await place.director("zh")
    await browser.open(await place.link_to(task))
    answer = await browser.send("/t/a-token", choice="confirm")
    assert answer.status_code == 422
    assert "周期已暂停" in answer.text


async def test_while_the_engine_is_away_the_page_says_received(place: Place) -> None:
    task = await place.open_task()
    place.commands.is_away = True
    browser = await place.director()
    await browser.open(await place.link_to(task))
    answer = await browser.send("/t/a-token", choice="confirm")
    assert answer.status_code == 200
    assert "has been received and will be carried out" in answer.text
    async with place.sessions() as session:
        commands = (await session.exec(select(Command).where(col(Command.task_id) == task.id))).all()
    assert len(commands) == 1


async def test_an_unknown_link_is_refused_kindly(place: Place) -> None:
    answer = await place.browser("zh").open("/t/nothing")
    assert answer.status_code == 404
    assert "此链接无效" in answer.text

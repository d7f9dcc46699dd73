"""HR acts on many tasks at once; each row tells what came of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from models.cycles import CycleDepartment, CycleEvent
from models.errors import Refusal
from models.messages import Extend, Reassign, RemindTask
from models.org import Person, Unit
from models.stages import CommandState, Stage, TaskKind
from models.tasks import Command, Task
from tests.api.pages.place import Browser, Place


async def three_tasks(place: Place) -> list[Task]:
    """Open a task in each of the three departments."""
    tasks = []
    for department in place.company.departments:
        deadline = datetime.now(UTC) + timedelta(days=3)
        task = Task(
            id=f"{place.company.cycle_id}.{department.id}.targets.1",
            company_id=place.company.company_id,
            cycle_id=place.company.cycle_id,
            department_id=department.id,
            slot="targets",
            kind=TaskKind.CONFIRM_TARGETS,
            stage=Stage.TARGETS,
            holder_id=department.director_id,
            first_holder_id=department.director_id,
            opened_at=datetime.now(UTC),
            deadline_at=deadline,
            first_deadline_at=deadline,
        )
        await place.add(task)
        tasks.append(task)
    return tasks


async def at_the_cycle(place: Place, user_name: str = "hr", language: str = "en") -> Browser:
    browser = await place.signed_in(user_name, language)
    await browser.open(f"/cycles/{place.company.cycle_id}")
    return browser


def key_on(browser: Browser) -> str:
    found = re.search(r'name="key" value="([^"]+)"', browser.page)
    assert found
    return found[1]


async def test_hr_reminds_those_that_are_ticked(place: Place) -> None:
    first, second, _ = await three_tasks(place)
    browser = await at_the_cycle(place)
    answer = await browser.http.post(
        f"/cycles/{place.company.cycle_id}/departments",
        data={"csrf": browser.csrf, "act": "remind", "key": "k", "task": [first.id, second.id]},
    )
    assert answer.status_code == 200
    assert "2 done" in answer.text
    assert [type(wish.move) for wish in place.commands.wishes] == [RemindTask, RemindTask]
    assert {wish.task_id for wish in place.commands.wishes} == {first.id, second.id}


async def test_the_same_form_sent_twice_names_the_same_commands(place: Place) -> None:
    (task, *_) = await three_tasks(place)
    browser = await at_the_cycle(place)
    key = key_on(browser)
    for _ in range(2):
        await browser.http.post(
            f"/cycles/{place.company.cycle_id}/departments",
            data={"csrf": browser.csrf, "act": "remind", "key": key, "task": [task.id]},
        )
    assert {asked.key for asked in place.commands.asked if asked} == {f"{key}.remind.{task.id}"}


async def test_all_that_fit_the_filter_are_extended_with_a_reason(place: Place) -> None:
    """Rule 10."""
    tasks = await three_tasks(place)
    async with place.sessions() as session:
        name = (await session.get_one(Unit, tasks[1].department_id)).name
    browser = await at_the_cycle(place)
    due_on = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    await browser.send(
        f"/cycles/{place.company.cycle_id}/departments?q={name}",
        act="extend",
        everywhere="yes",
        due_on=due_on,
        extend_reason="Stocktaking",
    )
    (wish,) = place.commands.wishes
    assert isinstance(wish.move, Extend)
    assert (wish.task_id, wish.words) == (tasks[1].id, {"reason": "Stocktaking"})
    assert wish.move.due_on.isoformat() == due_on


async def test_a_task_is_given_to_whom_the_staff_number_names(place: Place) -> None:
    """Rule 11."""
    (task, *_) = await three_tasks(place)
    async with place.sessions() as session:
        to = await session.get_one(Person, place.company.departments[1].director_id)
    browser = await at_the_cycle(place)
    offered = await browser.http.get(f"/colleagues?to={to.staff_no}")
    assert f"{to.name} · {to.staff_no}" in offered.text
    await browser.send(
        f"/cycles/{place.company.cycle_id}/departments",
        act="reassign",
        task=task.id,
        to=f"{to.name} · {to.staff_no}",
        reassign_reason="On leave",
    )
    (wish,) = place.commands.wishes
    assert isinstance(wish.move, Reassign)
    assert wish.move.to_id == to.id


async def test_a_row_that_is_refused_says_why_beside_those_that_are_done(place: Place) -> None:
    first, second, _ = await three_tasks(place)
    place.commands.refusals[second.id] = Refusal("reminded-already")
    browser = await at_the_cycle(place, language="zh")
    answer = await browser.http.post(
        f"/cycles/{place.company.cycle_id}/departments",
        data={"csrf": browser.csrf, "act": "remind", "task": [first.id, second.id]},
    )
    results = answer.text.split('class="results"')[1].split("</section>")[0]
    assert "一小时内已提醒过" in results
    assert results.count("tag-good") == results.count("tag-late") == 1
    assert results.index("tag-late") < results.index("tag-good")


async def test_what_was_typed_stays_where_the_order_makes_no_sense(place: Place) -> None:
    (task, *_) = await three_tasks(place)
    browser = await at_the_cycle(place)
    address = f"/cycles/{place.company.cycle_id}/departments"
    for fields, says in (
        ({"act": "remind"}, "tick the departments"),
        ({"act": "extend", "task": task.id, "extend_reason": "Because"}, "choose the new deadline"),
        ({"act": "extend", "task": task.id, "due_on": "2020-01-01", "extend_reason": "Because"}, "already over"),
        ({"act": "extend", "task": task.id, "due_on": "2199-01-01"}, "give the reason"),
        ({"act": "reassign", "task": task.id, "to": "Nobody", "reassign_reason": "x"}, "no such person"),
    ):
        answer = await browser.send(address, **fields)
        assert (answer.status_code, says in answer.text) == (422, True), says
        if "task" in fields:
            assert re.search(rf'value="{task.id}"[^>]*checked', answer.text)
        for typed in ("to", "due_on", "extend_reason"):
            assert f'value="{fields[typed]}"' in answer.text if fields.get(typed) else True
    assert place.commands.wishes == []


async def test_a_task_of_another_cycle_is_left_alone(place: Place) -> None:
    browser = await at_the_cycle(place)
    answer = await browser.send(
        f"/cycles/{place.company.cycle_id}/departments", act="remind", task="other.d.targets.1"
    )
    assert answer.status_code == 422
    assert place.commands.wishes == []


async def test_only_hr_acts(place: Place) -> None:
    """Rule 50."""
    (task, *_) = await three_tasks(place)
    for user_name in ("ceo", "auditor", "d0001"):
        browser = await at_the_cycle(place, user_name)
        assert 'name="act"' not in browser.page
        await browser.open("/tasks")
        answer = await browser.send(f"/cycles/{place.company.cycle_id}/departments", act="remind", task=task.id)
        assert answer.status_code == 403
        assert (await browser.http.get("/colleagues?to=a")).status_code == 403
    assert place.commands.wishes == []


async def test_what_is_received_while_the_engine_is_away_says_so(place: Place) -> None:
    """DESIGN 14: nothing is lost."""
    (task, *_) = await three_tasks(place)
    place.commands.is_away = True
    browser = await at_the_cycle(place)
    answer = await browser.send(f"/cycles/{place.company.cycle_id}/departments", act="remind", task=task.id)
    assert "received, carried out in a moment" in answer.text


# --- one department ------------------------------------------------------------------------------


async def test_hr_acts_on_a_task_from_the_departments_page(place: Place) -> None:
    (task, *_) = await three_tasks(place)
    browser = await place.signed_in("hr")
    address = f"/cycles/{place.company.cycle_id}/departments/{task.department_id}"
    await browser.open(address)
    answer = await browser.send(address, act="remind", task=task.id)
    assert (answer.status_code, str(answer.url).endswith(address)) == (200, True)
    assert isinstance(place.commands.wishes[0].move, RemindTask)


async def test_a_required_task_has_no_button_to_void_it_an_unforeseen_one_has(place: Place) -> None:
    """Rule 1."""
    await three_tasks(place)
    task = await place.open_task(TaskKind.ANSWER_PROPOSAL, slot="answer-1")
    first, second, _ = place.company.departments
    browser = await place.signed_in("hr")
    await browser.open(f"/cycles/{place.company.cycle_id}/departments/{second.id}")
    assert 'value="void"' not in browser.page
    address = f"/cycles/{place.company.cycle_id}/departments/{first.id}"
    await browser.open(address)
    assert browser.page.count('value="void"') == 1
    silent = await browser.send(address, act="void", task=task.id)
    assert (silent.status_code, "give the reason" in silent.text) == (422, True)
    await browser.send(address, act="void", task=task.id, void_reason="Settled by phone")
    assert [(wish.kind.value, wish.words) for wish in place.commands.wishes] == [
        ("void", {"reason": "Settled by phone"})
    ]


async def test_a_refused_order_about_one_task_says_why_and_keeps_the_form(place: Place) -> None:
    (task, *_) = await three_tasks(place)
    place.commands.refusals[task.id] = Refusal("same-holder")
    async with place.sessions() as session:
        to = await session.get_one(Person, task.holder_id)
    browser = await place.signed_in("hr")
    address = f"/cycles/{place.company.cycle_id}/departments/{task.department_id}"
    answer = await browser.send(address, act="reassign", task=task.id, to=to.staff_no, reassign_reason="Swap")
    assert answer.status_code == 409
    assert "holds the task already" in answer.text
    assert 'value="Swap"' in answer.text


async def test_a_finished_department_is_reopened_with_a_reason(place: Place) -> None:
    """Rule 13."""
    first = place.company.departments[0].id
    await place.change(CycleDepartment, (place.company.cycle_id, first), stage=Stage.CLOSED)
    browser = await place.signed_in("hr")
    address = f"/cycles/{place.company.cycle_id}/departments/{first}"
    await browser.open(address)
    assert "Reopen the department" in browser.page
    silent = await browser.send(address, act="reopen", stage="submission")
    assert (silent.status_code, "give the reason" in silent.text) == (422, True)
    await browser.send(address, act="reopen", stage="submission", reopen_reason="Wrong figures")
    (wish,) = place.commands.wishes
    assert (wish.kind.value, wish.words) == ("reopen", {"reason": "Wrong figures", "due_on": None})


async def test_the_timeline_shows_what_will_come_and_the_reason_of_an_order(place: Place) -> None:
    (task, *_) = await three_tasks(place)
    now = datetime.now(UTC)
    common = {"company_id": task.company_id, "cycle_id": task.cycle_id, "department_id": task.department_id}
    await place.add(
        CycleEvent(
            id="e1",
            task_id=task.id,
            kind="extended",
            actor_id=place.company.hr_id,
            detail={"command": "c1"},
            at=now,
            **common,
        ),
        Command(
            id="c1",
            idempotency_key="c1",
            company_id=task.company_id,
            by_id=place.company.hr_id,
            kind="extend",
            workflow_id="",
            words={"reason": "Stocktaking in the east"},
            state=CommandState.DONE,
            received_at=now,
        ),
    )
    browser = await place.signed_in("auditor")
    await browser.open(f"/cycles/{place.company.cycle_id}/departments/{task.department_id}")
    story = browser.page.split('id="history"')[1]
    assert story.index("is due; open then") < story.index("changed the deadline")
    assert "Stocktaking in the east" in story
    assert 'value="remind"' not in browser.page

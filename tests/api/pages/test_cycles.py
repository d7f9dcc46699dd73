from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event

from api.i18n import Tongue
from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.delivery import Notice
from models.errors import Refusal
from models.org import Person, Unit
from models.stages import Channel, CycleState, Language, Occasion, Stage, UnitKind
from models.tasks import Task
from tests.api.pages.place import Place


@contextmanager
def counted(place: Place) -> Iterator[list[str]]:
    """Take down every statement that is run meanwhile."""
    statements: list[str] = []
    engine = place.sessions.kw["bind"].sync_engine

    def note(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def add_departments(place: Place, count: int) -> None:
    company = place.company
    await place.add(
        *(
            Unit(id=f"many{n}", company_id=company.company_id, kind=UnitKind.DEPARTMENT, name=f"部门{n}")
            for n in range(count)
        ),
        *(
            CycleDepartment(cycle_id=company.cycle_id, department_id=f"many{n}", company_id=company.company_id)
            for n in range(count)
        ),
    )


@pytest.mark.parametrize(
    ("user_name", "sees_button"), [("hr", True), ("ceo", False), ("auditor", False), ("d0001", False)]
)
async def test_everybody_sees_the_cycle_but_only_hr_gives_orders(
    place: Place, user_name: str, sees_button: bool
) -> None:
    browser = await place.signed_in(user_name)
    answer = await browser.open(f"/cycles/{place.company.cycle_id}")
    assert answer.status_code == 200
    assert ("Pause the cycle" in answer.text) is sees_button


async def test_the_first_page_is_tasks_for_directors_and_cycles_for_hr(place: Place) -> None:
    director, hr = await place.director(), await place.signed_in("hr")
    assert (await director.open("/")).url.path == "/tasks"
    assert (await hr.open("/")).url.path == "/cycles"


async def test_the_list_shows_how_far_each_cycle_is(place: Place) -> None:
    first = place.company.departments[0].id
    await place.change(CycleDepartment, (place.company.cycle_id, first), stage=Stage.CLOSED)
    browser = await place.signed_in("hr")
    await browser.open("/cycles")
    assert "1 / 3" in browser.page


async def test_the_list_shows_what_is_late_and_what_happens_next(place: Place) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    await place.open_task(deadline_at=soon + timedelta(days=2), next_rung_at=soon)
    await place.open_task(slot="late", deadline_at=datetime.now(UTC) - timedelta(days=1))
    browser = await place.signed_in("hr", "zh")
    await browser.open("/cycles")
    assert "1项任务逾期" in browser.page
    assert Tongue(Language.CHINESE).moment(soon) in browser.page


async def test_an_empty_list_says_what_to_do(place: Place) -> None:
    for user_name, says in (("hr", "Launch the first one"), ("ceo", "as soon as HR launches one")):
        browser = await place.signed_in(user_name)
        async with place.sessions() as session:
            await session.exec(delete(CycleDepartment))
            await session.exec(delete(Cycle))
            await session.commit()
        await browser.open("/cycles")
        assert says in browser.page


async def test_a_director_sees_their_own_department_alone(place: Place) -> None:
    """Rule 50."""
    browser = await place.director()
    await browser.open(f"/cycles/{place.company.cycle_id}")
    own, other = (department.id for department in place.company.departments[:2])
    assert f"/departments/{own}" in browser.page
    assert f"/departments/{other}" not in browser.page
    assert (await browser.open(f"/cycles/{place.company.cycle_id}/departments/{other}")).status_code == 404


async def test_what_is_late_is_named_with_its_holder(place: Place) -> None:
    await place.open_task(deadline_at=datetime.now(UTC) - timedelta(hours=30))
    browser = await place.signed_in("hr", "zh")
    await browser.open(f"/cycles/{place.company.cycle_id}/now")
    async with place.sessions() as session:
        holder = await session.get_one(Person, place.company.departments[0].director_id)
    assert "逾期30小时" in browser.page
    assert holder.name in browser.page


async def test_the_table_filters_by_text_stage_and_lateness(place: Place) -> None:
    first, second, _ = place.company.departments
    await place.change(CycleDepartment, (place.company.cycle_id, second.id), stage=Stage.APPROVAL)
    await place.open_task(deadline_at=datetime.now(UTC) - timedelta(hours=1))
    async with place.sessions() as session:
        name = (await session.get_one(Unit, second.id)).name
    browser = await place.signed_in("hr")
    for query, shown, hidden in (
        ("stage=approval", second.id, first.id),
        ("late=yes", first.id, second.id),
        (f"q={name}", second.id, first.id),
        ("q=%25", "No department fits", f"/departments/{first.id}"),
    ):
        await browser.open(f"/cycles/{place.company.cycle_id}?{query}")
        table = browser.page.split('id="departments-table"')[1]
        assert shown in table, query
        assert f"/departments/{hidden}" not in table, query


SESSIONS_OWN = ("FROM person JOIN account", "FROM company", "FROM notice", "FROM clock_offset")
"""What every page asks: who is there, in which zone, what is unread, what time it is."""


async def test_a_page_of_two_thousand_departments_takes_three_queries(place: Place) -> None:
    await add_departments(place, 2000)
    browser = await place.signed_in("hr")
    part = {"hx-target": "departments-table"}
    for headers, is_whole, sort in (({}, True, "-name"), (part, False, "-name"), ({}, True, "due")):
        with counted(place) as statements:
            address = f"/cycles/{place.company.cycle_id}?page=2&sort={sort}"
            answer = await browser.http.get(address, headers=headers)
        asked = [one for one in statements if one.lstrip().upper().startswith(("SELECT", "WITH"))]
        own = [one for one in asked if any(name in " ".join(one.split()) for name in SESSIONS_OWN)]
        assert len(asked) - len(own) <= 3, asked
        assert answer.text.count('<tr class="go">') == 50
        assert "Page 2 of 41" in answer.text
        assert "2,003 departments" in answer.text
        assert ("<html" in answer.text) is is_whole


async def test_a_page_behind_the_last_shows_the_last(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open(f"/cycles/{place.company.cycle_id}?page=9")
    assert browser.page.count('<tr class="go">') == 3


async def test_pages_by_deadline_begin_with_the_most_urgent_and_end_with_those_without_a_task(
    place: Place,
) -> None:
    """Every department once, by its soonest open task; those that wait for nothing come last, both ways."""
    await add_departments(place, 120)
    now = datetime.now(UTC).replace(microsecond=0)
    due = {f"many{n}": now + timedelta(hours=n * 7 % 30 + 1) for n in range(70)}
    first = await place.open_task(deadline_at=now)  # Of a department that is there already.
    due[first.department_id] = now
    for n, (department_id, at) in enumerate(due.items()):
        for number, later in enumerate((timedelta(hours=5), timedelta())):
            if department_id != first.department_id:
                task = Task(**first.model_dump() | {"id": f"t{n}.{number}", "department_id": department_id})
                task.deadline_at = at + later
                await place.add(task)
    idle = sorted({f"many{n}" for n in range(70, 120)} | {one.id for one in place.company.departments[1:]})
    browser = await place.signed_in("hr")
    for sort in ("due", "-due"):
        days = sorted(set(due.values()), reverse=sort == "-due")
        expected = [one for day in days for one in sorted(due) if due[one] == day] + idle
        shown: list[str] = []
        for number in (1, 2, 3):
            await browser.open(f"/cycles/{place.company.cycle_id}?sort={sort}&page={number}")
            shown += re.findall(r'<th scope="row"><a href="[^"]+/departments/([^"]+)"', browser.page)
        assert shown == expected
    await browser.open(f"/cycles/{place.company.cycle_id}?late=yes")
    assert re.findall(r'<th scope="row"><a href="[^"]+/departments/([^"]+)"', browser.page) == [
        first.department_id
    ]


async def test_the_table_sorts_both_ways(place: Place) -> None:
    browser = await place.signed_in("hr")
    orders = []
    for sort in ("name", "-name"):
        await browser.open(f"/cycles/{place.company.cycle_id}?sort={sort}")
        orders.append(re.findall(r'<th scope="row"><a href="[^"]+/departments/([^"]+)"', browser.page))
    assert len(orders[0]) == 3
    assert orders[0] == orders[1][::-1]


@pytest.mark.parametrize(
    ("state", "order"),
    [
        (CycleState.RUNNING, "pause"),
        (CycleState.PAUSED, "resume"),
        (CycleState.RUNNING, "cancel"),
        (CycleState.READY, "publish"),
    ],
)
async def test_hr_orders_and_the_reason_is_kept(place: Place, state: CycleState, order: str) -> None:
    """Rule 13."""
    await place.change(Cycle, place.company.cycle_id, state=state)
    browser = await place.signed_in("hr")
    await browser.open(f"/cycles/{place.company.cycle_id}")
    assert f"/{order}" in browser.page
    await browser.send(f"/cycles/{place.company.cycle_id}/{order}", reason="Stocktaking")
    (wish,) = place.commands.wishes
    assert (wish.kind.value, wish.words) == (order, {"reason": "Stocktaking"})


async def test_an_order_that_is_refused_says_why_and_keeps_the_reason(place: Place) -> None:
    place.commands.refusal = Refusal("already-paused")
    browser = await place.signed_in("hr", "zh")
    await browser.open(f"/cycles/{place.company.cycle_id}")
    answer = await browser.send(f"/cycles/{place.company.cycle_id}/pause", reason="盘点")
    assert answer.status_code == 409
    assert "已处于暂停状态" in answer.text
    assert "盘点" in answer.text


async def test_nobody_but_hr_gives_orders(place: Place) -> None:
    for user_name in ("ceo", "auditor", "d0001"):
        browser = await place.signed_in(user_name)
        await browser.open("/tasks")
        answer = await browser.send(f"/cycles/{place.company.cycle_id}/cancel", reason="x")
        assert answer.status_code == 403
    assert place.commands.wishes == []


async def test_a_departments_page_tells_its_story_in_one_line_of_time(place: Place) -> None:
    task = await place.open_task()
    holder = task.holder_id
    company = place.company
    now = datetime.now(UTC)
    common: dict[str, Any] = {
        "company_id": company.company_id,
        "cycle_id": company.cycle_id,
        "department_id": task.department_id,
    }
    await place.add(
        CycleEvent(
            id="e1",
            task_id=task.id,
            kind="task-opened",
            detail={"kind": task.kind.value, "holder": holder},
            at=now - timedelta(days=2),
            **common,
        ),
        Notice(
            id="n1",
            key="n1",
            batch="b",
            task_id=task.id,
            person_id=holder,
            channel=Channel.SYSTEM,
            occasion=Occasion.TASK_REMINDER,
            moment=now - timedelta(days=1),
            **common,
        ),
    )
    director = await place.director()
    await director.open(f"/tasks/{task.id}")
    await director.send(f"/tasks/{task.id}", choice="confirm")
    await place.add(
        CycleEvent(
            id="e2",
            task_id=task.id,
            kind="decided",
            actor_id=holder,
            detail={"choice": "confirm"},
            at=now,
            **common,
        )
    )
    browser = await place.signed_in("auditor", "zh")
    await browser.open(f"/cycles/{company.cycle_id}/departments/{task.department_id}")
    story = browser.page.split('id="history"')[1]
    assert story.index("确认了目标") < story.index("提醒") < story.index("已下达给")


async def test_the_bell_counts_what_is_unread_until_it_is_read(place: Place) -> None:
    person = place.company.departments[0].director_id
    await place.add(
        Notice(
            id="n1",
            key="n1",
            batch="b",
            company_id=place.company.company_id,
            person_id=person,
            channel=Channel.SYSTEM,
            occasion=Occasion.RESULTS_PUBLISHED,
            moment=datetime.now(UTC) - timedelta(minutes=1),
        )
    )
    browser = await place.director("zh")
    await browser.open("/notices")
    assert 'class="bell-count">1' in browser.page
    assert "结果已发布" in browser.page
    await browser.send("/notices/read")
    assert "bell-count" not in browser.page

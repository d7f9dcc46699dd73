"""Lists: who sees which rows (Rule 50), page by page, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import col, select, update
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import create_app
from api.engine import Engine
from models.cycles import Cycle, CycleDepartment, CycleEvent
from models.database import SessionMaker
from models.delivery import Delivery, Notice
from models.metrics import Score, Scorecard, ScoreLine
from models.org import Person
from models.settings import Settings
from models.stages import Channel, CycleState, DeliveryState, Occasion, Stage, TaskKind
from models.tasks import Task
from quarterdeck.demo.small import SmallCompany, make_small_company
from tests.api.house import House, make_parts

AT = datetime(2055, 1, 5, 1, tzinfo=UTC)


@pytest.fixture
async def company(sessions: SessionMaker) -> SmallCompany:
    """Two divisions of two departments with three people each."""
    return await make_small_company(sessions, 4, 3, divisions=2, company_id="co")


@pytest.fixture
async def filled(sessions: SessionMaker, company: SmallCompany) -> House:
    """A running cycle with a task, a message, an event and results in every department; no engine is needed."""
    settings = Settings(_env_file=None, secret_keys=(SecretStr("s" * 40),), secure_cookies=False)
    parts = make_parts(sessions, Engine(pydantic_data_converter), settings)
    house = House(create_app(parts), parts, None, company, sessions)  # type: ignore[arg-type]  # Not asked.
    people = {company.hr_id, company.boss_id, company.auditor_id, *company.superior_ids}
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        cycle.state = CycleState.RUNNING
        scorecard = (await session.exec(select(Scorecard))).all()[0]
        for number, department in enumerate(company.departments):
            people |= {department.director_id, *department.people_ids}
            session.add_all(rows_of(company, number, scorecard.id))
        await session.commit()
    await house.give_tokens(*people)
    return house


def rows_of(company: SmallCompany, number: int, scorecard_id: str) -> list[Any]:
    department = company.departments[number]
    later = AT + timedelta(days=number)
    base: dict[str, Any] = {
        "company_id": company.company_id,
        "cycle_id": company.cycle_id,
        "department_id": department.id,
    }
    task = Task(
        id=f"task-{number}",
        slot="targets",
        kind=TaskKind.CONFIRM_TARGETS,
        stage=Stage.TARGETS,
        holder_id=department.director_id,
        first_holder_id=department.director_id,
        opened_at=AT,
        deadline_at=later,
        first_deadline_at=later,
        **base,
    )
    notice = Notice(
        id=f"notice-{number}",
        key=f"notice-{number}",
        batch="b",
        task_id=task.id,
        person_id=department.director_id,
        channel=Channel.EMAIL,
        occasion=Occasion.TASK_OPENED,
        moment=later,
        delivery_id=f"delivery-{number}",
        **base,
    )
    delivery = Delivery(
        id=f"delivery-{number}",
        company_id=company.company_id,
        person_id=department.director_id,
        channel=Channel.EMAIL,
        moment=later,
        state=DeliveryState.SENT if number else DeliveryState.FAILED,
        address="secret@quarterdeck.example",
    )
    event = CycleEvent(id=f"event-{number}", task_id=task.id, kind="task-opened", at=later, **base)
    stand = CycleDepartment(is_started=True, **base)
    scores = [
        Score(
            cycle_id=company.cycle_id,
            person_id=person_id,
            department_id=department.id,
            scorecard_id=scorecard_id,
            total=Decimal(80 + number) + Decimal(place) / 8,
            band="good",
            scored_at=AT,
        )
        for place, person_id in enumerate(department.people_ids)
    ]
    line = ScoreLine(
        cycle_id=company.cycle_id,
        person_id=department.people_ids[0],
        metric_id=company.metric_ids["sales"],
        weight=Decimal(40),
        effective_weight=Decimal(50),
        target=Decimal(450_000),
        actual=Decimal(810_000),
        attainment=Decimal(180),
        counted=Decimal(150),
        points=Decimal(75),
    )
    return [task, notice, delivery, event, stand, *scores, line]


async def ids(caller: httpx.AsyncClient, path: str, key: str = "id") -> list[str]:
    """Return the ids of a list, fetched two rows at a time."""
    found: list[str] = []
    cursor = ""
    while True:
        answer = await caller.get(httpx.URL(path).copy_merge_params({"limit": 2, "cursor": cursor}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= 2
        found += [row[key] if key == "id" else row[key]["id"] for row in page["items"]]
        cursor = page["next"]
        if not cursor:
            return found


async def test_hr_boss_and_auditor_see_every_row_of_their_company(filled: House) -> None:
    cycle = f"/api/cycles/{filled.company.cycle_id}"
    for person_id in (filled.company.hr_id, filled.company.boss_id, filled.company.auditor_id):
        async with filled.caller(person_id) as caller:
            assert await ids(caller, "/api/tasks") == ["task-0", "task-1", "task-2", "task-3"]
            assert len(await ids(caller, f"{cycle}/departments", "department")) == 4
            assert len(await ids(caller, f"{cycle}/scores", "person")) == 12
            assert await ids(caller, f"{cycle}/messages") == [f"notice-{n}" for n in range(4)]
            assert await ids(caller, f"{cycle}/timeline") == [f"event-{n}" for n in range(4)]


async def test_a_superior_sees_their_line_a_director_the_department(filled: House) -> None:
    company = filled.company
    cycle = f"/api/cycles/{company.cycle_id}"
    for viewer_id in (company.departments[0].superior_id, company.departments[0].director_id):
        theirs = [
            number
            for number, department in enumerate(company.departments)
            if viewer_id in (department.superior_id, department.director_id)
        ]
        async with filled.caller(viewer_id) as caller:
            assert await ids(caller, "/api/tasks") == [f"task-{n}" for n in theirs]
            departments = await ids(caller, f"{cycle}/departments", "department")
            assert departments == [company.departments[n].id for n in theirs]
            people = {person for n in theirs for person in company.departments[n].people_ids}
            assert set(await ids(caller, f"{cycle}/scores", "person")) == people - {viewer_id}
            assert await ids(caller, f"{cycle}/timeline") == [f"event-{n}" for n in theirs]
            other = next(n for n in range(4) if n not in theirs)
            hidden = await caller.get(f"/api/tasks/task-{other}")
            assert (hidden.status_code, hidden.json()["code"]) == (404, "task-unknown")


async def test_a_person_sees_their_own_result_once_it_is_published_and_nothing_else(filled: House) -> None:
    """Rule 14: an employee hears of the result only when the last one has approved."""
    company = filled.company
    person_id, colleague_id = company.departments[0].people_ids[1:3]
    path = f"/api/scores/{company.cycle_id}"
    async with filled.caller(person_id) as person:
        assert await ids(person, "/api/tasks") == []
        assert await ids(person, f"/api/cycles/{company.cycle_id}/scores", "person") == []
        before = await person.get(f"{path}/{person_id}")
        async with filled.sessions() as session:
            await session.exec(update(Cycle).values(state=CycleState.PUBLISHED))
            await session.commit()
        after = await person.get(f"{path}/{person_id}")
        colleague = await person.get(f"{path}/{colleague_id}")
    assert (before.status_code, before.json()["code"]) == (404, "score-unknown")
    assert after.status_code == 200
    assert colleague.status_code == 404


async def test_results_come_best_first_in_exact_decimals(filled: House) -> None:
    async with filled.caller(filled.company.hr_id) as hr:
        page = (await hr.get(f"/api/cycles/{filled.company.cycle_id}/scores?limit=4")).json()
    assert [row["total"] for row in page["items"]] == ["83.25", "83.125", "83", "82.25"]


async def test_a_result_shows_its_calculation_line_by_line(filled: House) -> None:
    """Rule 42 and 37: the cap shows, the attainment is never cut on screen."""
    company = filled.company
    person_id = company.departments[0].people_ids[0]
    async with filled.caller(company.hr_id) as hr:
        score = (await hr.get(f"/api/scores/{company.cycle_id}/{person_id}")).json()
    (line,) = score["lines"]
    assert line["calculation"] == "50% × 180% → 150% (810000 / 450000) = 75"
    assert (line["weight"], line["effective_weight"], line["attainment"]) == ("40", "50", "180")


async def test_tasks_are_found_by_holder_cycle_department_state_and_lateness(filled: House) -> None:
    company = filled.company
    async with filled.sessions() as session:
        late = datetime.now(UTC) - timedelta(days=1)
        await session.exec(update(Task).where(col(Task.id) == "task-2").values(deadline_at=late))
        await session.commit()
    async with filled.caller(company.hr_id) as hr:
        holder = company.departments[1].director_id
        assert await ids(hr, f"/api/tasks?holder={holder}") == ["task-1"]
        assert await ids(hr, f"/api/tasks?department={company.departments[3].id}") == ["task-3"]
        assert await ids(hr, "/api/tasks?late=yes") == ["task-2"]
        assert await ids(hr, "/api/tasks?state=decided") == []
        assert await ids(hr, "/api/tasks?cycle=another") == []
        assert len(await ids(hr, f"/api/tasks?cycle={company.cycle_id}&state=open")) == 4


async def test_messages_tell_what_did_not_arrive_and_no_address(filled: House) -> None:
    company = filled.company
    async with filled.caller(company.hr_id) as hr:
        failed = await hr.get(f"/api/cycles/{company.cycle_id}/messages?state=failed")
        of_one = await ids(hr, f"/api/cycles/{company.cycle_id}/messages?task=task-3")
    assert [row["id"] for row in failed.json()["items"]] == ["notice-0"]
    assert "secret@" not in failed.text
    assert of_one == ["notice-3"]


async def test_a_limit_is_capped_and_a_forged_cursor_refused(filled: House) -> None:
    async with filled.caller(filled.company.hr_id) as hr:
        for path, status, code in (
            ("/api/tasks?limit=201", 422, "body-invalid"),
            ("/api/tasks?limit=0", 422, "body-invalid"),
            ("/api/tasks?cursor=%21%21", 422, "cursor-unknown"),
            ("/api/tasks?cursor=WyJ4Il0=", 422, "cursor-unknown"),
            ("/api/tasks?state=perhaps", 422, "body-invalid"),
        ):
            answer = await hr.get(path)
            assert (answer.status_code, answer.json()["code"]) == (status, code), path


async def test_a_circle_in_the_reporting_line_does_not_hang_a_list(filled: House) -> None:
    company = filled.company
    director_id = company.departments[0].director_id
    async with filled.sessions() as session:
        above = await session.get_one(Person, company.departments[0].superior_id)
        above.superior_id = director_id
        await session.commit()
    async with filled.caller(director_id) as director:
        assert "task-0" in await ids(director, "/api/tasks")


async def test_cycles_come_newest_first_page_by_page(filled: House) -> None:
    company = filled.company
    async with filled.sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        for number in range(3):
            older = cycle.model_dump() | {"id": f"older-{number}", "starts_on": date(2054, 3 * number + 1, 1)}
            session.add(Cycle(**older))
        await session.commit()
    async with filled.caller(company.hr_id) as hr:
        assert await ids(hr, "/api/cycles") == [company.cycle_id, "older-2", "older-1", "older-0"]
        assert await ids(hr, "/api/cycles?state=draft") == []


async def test_the_cycle_is_shown_with_how_far_it_is(filled: House) -> None:
    company = filled.company
    async with filled.caller(company.hr_id) as hr:
        shown = (await hr.get(f"/api/cycles/{company.cycle_id}")).json()
    assert shown["departments"] == {"targets": 4}
    assert shown["open_tasks"] == 4

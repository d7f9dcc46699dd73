"""HR fills in what scoring waits for: everything missing is named by person and metric (Rule 42)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, delete

from models.cycles import CycleEvent
from models.database import writing
from models.metrics import Figure, Target
from models.org import Person, TimeInPost
from models.stages import Stage, TaskKind
from models.tasks import Task
from tests.api.pages.place import Place

MONTHS = (date(2055, 1, 1), date(2055, 2, 1), date(2055, 3, 1))


@pytest.fixture
async def gap(place: Place) -> Task:
    """Everything is there but one person's sales target, who came over in the middle of the quarter."""
    company = place.company
    department = company.departments[0]
    moved = department.people_ids[1]
    figures = []
    async with place.sessions() as session:
        people = [await session.get_one(Person, person_id) for person_id in department.people_ids]
    for month in MONTHS:
        for code, metric_id in company.metric_ids.items():
            owners: list[tuple[str, str]] = [(person.unit_id, person.id) for person in people]
            if code == "satisfaction":
                owners = [(team_id, "") for team_id in department.team_ids]
            figures += [figure(place, metric_id, month, *owner) for owner in owners]
    await place.add(*figures)
    async with place.sessions() as session:
        await writing(session)
        own = (col(Target.person_id) == moved, col(Target.metric_id) == company.metric_ids["sales"])
        await session.exec(delete(Target).where(*own))
        await session.commit()
    await place.add(
        TimeInPost(
            cycle_id=company.cycle_id,
            person_id=moved,
            department_id=department.id,
            from_on=date(2055, 2, 15),
            until_on=date(2055, 3, 31),
            share=Decimal("0.5"),
        )
    )
    return await place.open_task(
        TaskKind.FILL_SCORING_GAP, Stage.EVALUATION, holder_id=company.hr_id, first_holder_id=company.hr_id
    )


def figure(place: Place, metric_id: str, month: date, team_id: str, person_id: str) -> Figure:
    return Figure(
        id=f"{team_id}.{person_id}.{metric_id}.{month}",
        company_id=place.company.company_id,
        department_id=place.company.departments[0].id,
        team_id=team_id,
        person_id=person_id,
        metric_id=metric_id,
        month=month,
        value=Decimal(90),
        source="crm",
        at=datetime.now(UTC),
    )


def wanted(place: Place) -> tuple[str, str]:
    return place.company.departments[0].people_ids[1], place.company.metric_ids["sales"]


async def test_a_missing_target_is_named_by_person_and_metric_and_can_be_typed(place: Place, gap: Task) -> None:
    person_id, sales = wanted(place)
    field = f"target:{person_id}:{sales}"
    browser = await place.signed_in("hr", "zh")
    page = (await browser.open(f"/tasks/{gap.id}")).text
    async with place.sessions() as session:
        person = await session.get_one(Person, person_id)
    assert "评分还缺 1 项" in page
    assert f"{person.name} {person.staff_no}" in page
    assert "销售额：缺目标" in page
    assert "在岗 45/90 天" in page
    answer = await browser.send(f"/tasks/{gap.id}", choice="filled", **{field: "50,0000.5"})
    assert answer.status_code == 422
    assert 'value="50,0000.5"' in answer.text  # What was typed stays, with what is wrong beside it.
    assert answer.text.count("有两种读法") == 2
    answer = await browser.send(f"/tasks/{gap.id}", choice="filled", **{field: "500,000"})
    assert "补齐了缺项" in answer.text, answer.text
    (wish,) = place.commands.wishes
    assert wish.words["targets"] == [{"person_id": person_id, "metric_id": sales, "value": "500000"}]
    assert (wish.by_id, wish.task_id) == (place.company.hr_id, gap.id)


@pytest.mark.parametrize(("typed", "said"), [("", "Missing: the target of"), ("0", "more than zero")])
async def test_without_the_target_nothing_is_handed_in(place: Place, gap: Task, typed: str, said: str) -> None:
    person_id, sales = wanted(place)
    browser = await place.signed_in("hr", "en")
    await browser.open(f"/tasks/{gap.id}")
    fields = {f"target:{person_id}:{sales}": typed}
    answer = await browser.send(f"/tasks/{gap.id}", choice="filled", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert place.commands.wishes == []


async def test_what_neither_target_nor_figure_mends_is_named_with_what_to_do(place: Place, gap: Task) -> None:
    other = place.company.departments[0].people_ids[2]
    await place.change(Person, other, post="没有考核表的岗位")
    person_id, sales = wanted(place)
    browser = await place.signed_in("hr", "zh")
    page = (await browser.open(f"/tasks/{gap.id}")).text
    assert "没有考核表" in page
    answer = await browser.send(f"/tasks/{gap.id}", choice="filled", **{f"target:{person_id}:{sales}": "500000"})
    assert "请先建立考核表" in answer.text
    assert place.commands.wishes == []


async def test_the_history_says_who_filled_in_which_target(place: Place, gap: Task) -> None:
    person_id, sales = wanted(place)
    change: dict[str, Any] = {
        "person": person_id,
        "metric": sales,
        "before": "0",
        "value": "500000",
        "counts": "1",
    }
    await place.add(
        CycleEvent(
            id="e",
            company_id=gap.company_id,
            cycle_id=gap.cycle_id,
            department_id=gap.department_id,
            task_id=gap.id,
            kind="targets-filled",
            actor_id=place.company.hr_id,
            detail={"targets": [change]},
            at=datetime.now(UTC),
        )
    )
    browser = await place.signed_in("hr", "zh")
    async with place.sessions() as session:
        name = (await session.get_one(Person, person_id)).name
    page = await browser.open(f"/cycles/{gap.cycle_id}/departments/{gap.department_id}")
    assert f"补填了目标：{name} 销售额 0元 → 50万元" in page.text

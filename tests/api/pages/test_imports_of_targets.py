"""Targets come in by a file: for one cycle, checked against the units above, all or nothing (Rules 15, 34)."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest
from sqlmodel import col, select

from models.changes import Change, Subject
from models.cycles import Cycle
from models.metrics import Target
from models.stages import CycleState
from tests.api.pages.place import Browser, Place


@pytest.fixture
async def drafted(place: Place) -> Place:
    await place.change(Cycle, place.company.cycle_id, state=CycleState.DRAFT)
    return place


async def send(browser: Browser, content: str, cycle: str) -> httpx.Response:
    await browser.open("/imports?kind=targets")
    return await browser.send(
        "/imports", files={"file": ("目标.csv", content.encode())}, kind="targets", cycle=cycle
    )


async def targets_of(place: Place, person_id: str) -> dict[str, Target]:
    async with place.sessions() as session:
        found = await session.exec(select(Target).where(col(Target.person_id) == person_id))
        return {target.metric_id: target for target in found.all()}


async def test_a_target_is_changed_on_record_and_another_stays(drafted: Place) -> None:
    browser = await drafted.signed_in("hr", "zh")
    company = drafted.company
    person_id = company.departments[0].people_ids[0]
    number = f"{int(person_id.removeprefix('p')):06}"
    before = await targets_of(drafted, person_id)
    answer = await send(
        browser,
        f"工号,指标,目标值,举措\n{number},销售额,40万,老客户复购\n{number},回款率,90%,\n",
        company.cycle_id,
    )
    assert "周期：" in answer.text, answer.text
    assert "500,000 → 400,000" in answer.text
    assert "单位目标的分解情况" in answer.text
    assert "已接收" in (await browser.send(answer.url.path, choice="take")).text
    sales = (await targets_of(drafted, person_id))[company.metric_ids["sales"]]
    assert (sales.full_value, sales.value, sales.initiative) == (Decimal(400_000), Decimal(400_000), "老客户复购")
    async with drafted.sessions() as session:
        change = (await session.exec(select(Change).where(Change.subject == Subject.TARGET))).one()
    assert (change.subject_id, change.before["target"], change.by_id) == (
        before[sales.metric_id].id,
        "500000",
        company.hr_id,
    )


async def test_more_than_the_team_has_is_not_taken_over(drafted: Place) -> None:
    browser = await drafted.signed_in("hr", "en")
    person_id = drafted.company.departments[0].people_ids[0]
    number = f"{int(person_id.removeprefix('p')):06}"
    answer = await send(
        browser, f"staff number,metric,target\n{number},sales,500000.01\n", drafted.company.cycle_id
    )
    assert "which is 0.01 too much" in answer.text
    assert "Take all of it over" not in answer.text


async def test_a_cycle_is_asked_for_and_one_that_is_over_is_refused(drafted: Place) -> None:
    browser = await drafted.signed_in("hr", "en")
    content = "staff number,metric,target\n000010,sales,1\n"
    assert "Please choose the cycle" in (await send(browser, content, "")).text
    assert "Please choose the cycle" in (await send(browser, content, "another")).text
    await drafted.change(Cycle, drafted.company.cycle_id, state=CycleState.PUBLISHED)
    assert "do not come from a file any more" in (await send(browser, content, drafted.company.cycle_id)).text


async def test_targets_that_are_new_go_in(drafted: Place) -> None:
    person_id = drafted.company.departments[0].people_ids[0]
    metric_id = drafted.company.metric_ids["sales"]
    known = (await targets_of(drafted, person_id))[metric_id]
    async with drafted.sessions() as session:
        await session.delete(await session.get_one(Target, known.id))
        await session.commit()
    browser = await drafted.signed_in("hr", "en")
    number = f"{int(person_id.removeprefix('p')):06}"
    answer = await send(browser, f"staff number,metric,target\n{number},sales,123.45\n", drafted.company.cycle_id)
    await browser.send(answer.url.path, choice="take")
    made = (await targets_of(drafted, person_id))[metric_id]
    assert (made.full_value, made.applies, made.unit_id) == (Decimal("123.45"), True, known.unit_id)
    assert made.department_id == drafted.company.departments[0].id
    assert made.confirmed_at is None

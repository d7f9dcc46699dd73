"""The overview: units side by side, who holds things up, and agreeing to many tasks at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest

from models.errors import Refusal
from models.metrics import Score
from models.org import Unit
from models.stages import Stage, TaskKind
from models.tasks import Decision
from tests.api.pages.place import Place
from tests.api.pages.standings import NOON, approval, half_way
from tests.api.pages.test_my_department import words
from tests.api.pages.test_seeing_as import seen_as


async def test_a_boss_sees_divisions_and_then_the_departments_of_one(place: Place) -> None:
    """Rule 48: side by side; three departments with 200万 each, 160万 done."""
    await half_way(place)
    browser = await place.signed_in("ceo", "zh")
    await browser.open("/overview")
    said = words(browser.page)
    assert "大区1 分管销售副总裁5 480万元 600万元 80% 还差120万元" in said
    await browser.open(f"/overview?division={place.company.division_ids[0]}")
    said = words(browser.page)
    for number in (1, 2, 3):
        assert re.search(rf"销售{number}部 销售总监\d+ 160万元 200万元 80% 还差40万元", said)


async def test_units_are_sorted_and_shown_by_what_is_asked(place: Place) -> None:
    await half_way(place)
    late = place.company.departments[1]
    await approval(place, 1, deadline_at=NOON - timedelta(days=2))
    browser = await place.signed_in("vp1", "zh")
    await browser.open(f"/overview?sort=late&metric={place.company.metric_ids['collection']}")
    said = words(browser.page)
    assert "回款率 · 按部门" in said
    units = [said.index(f" 销售{number}部 销售总监") for number in (2, 1, 3)]
    assert units == sorted(units), late


async def test_a_gap_leads_to_what_it_comes_from(place: Place) -> None:
    """Rule 32, from the level of divisions on."""
    await half_way(place, sales=Decimal(100_000))
    browser = await place.signed_in("ceo")
    await browser.open("/overview")
    found = [unescape(one) for one in re.findall(r'href="(/misses/unit/[^"]+)"', browser.page)]
    assert len(found) == len(place.company.division_ids)
    assert (await browser.open(found[0])).status_code == 200
    assert "Why the gap" in words(browser.page)


async def test_the_sum_of_all_leads_to_what_it_is_made_of(place: Place) -> None:
    """Rule 30: of the company, and of a division."""
    await half_way(place)
    division = place.company.division_ids[0]
    browser = await place.signed_in("ceo")
    for address in ("/overview", f"/overview?division={division}"):
        await browser.open(address)
        head = browser.page[browser.page.index('<dl class="figures">') : browser.page.index("</dl>")]
        (found,) = [unescape(one) for one in re.findall(r'href="(/figures/unit/[^"]+)"', head)]
        assert (division in found) == ("division=" in address)
        assert (await browser.open(found)).status_code == 200
        assert "¥4,800,000" in words(browser.page)


async def test_who_holds_things_up_is_named(place: Place) -> None:
    await half_way(place)
    await approval(place, 0, deadline_at=NOON - timedelta(days=2))
    await approval(place, 1, deadline_at=NOON - timedelta(days=1))
    browser = await place.signed_in("ceo", "zh")
    await browser.open("/overview")
    said = words(browser.page)
    assert "分管销售副总裁5 2 项任务逾期 分管销售副总裁 最早一项应于2月12日 12:00完成" in said


async def test_a_superior_sees_their_line_and_nothing_else(place: Place) -> None:
    """Rule 50."""
    await half_way(place)
    other = place.company.departments[2]
    await place.change(Unit, other.id, head_id=place.company.finance_id)
    browser = await place.signed_in("vp1", "zh")
    await browser.open("/overview")
    assert "销售2部" in browser.page
    assert "销售3部" not in browser.page
    assert (await browser.open(f"/overview?division={place.company.division_ids[0]}")).status_code == 404


async def test_a_director_is_taken_to_the_own_department(place: Place) -> None:
    browser = await place.director()
    answer = await browser.open("/overview")
    assert answer.url.path == "/my-department"


async def test_whoever_oversees_nothing_is_refused(place: Place) -> None:
    browser = await place.signed_in("finance")
    assert (await browser.open("/overview")).status_code == 403
    assert (await browser.open("/overview?cycle=x")).status_code == 403


@pytest.mark.parametrize("query", ["cycle=x", "division=x"])
async def test_what_is_not_there_is_not_found(place: Place, query: str) -> None:
    browser = await place.signed_in("ceo")
    assert (await browser.open(f"/overview?{query}")).status_code == 404


async def test_what_waits_shows_its_results_in_short(place: Place) -> None:
    """The calculation is one click away: the row leads to the task."""
    task = await approval(place, 0)
    department = place.company.departments[0]
    await place.add(
        *(
            Score(
                cycle_id=place.company.cycle_id,
                person_id=person,
                department_id=department.id,
                scorecard_id="x",
                total=total,
                band=band,
                scored_at=datetime.now(UTC),
            )
            for person, total, band in zip(
                department.people_ids, map(Decimal, (112, 98, 96)), ("优秀", "良好", "良好"), strict=False
            )
        )
    )
    browser = await place.signed_in("vp1", "zh")
    await browser.open("/overview")
    assert "102.00" in browser.page
    assert "优秀 1、良好 2" in words(browser.page)
    assert f'href="/tasks/{task.id}"' in browser.page


async def test_many_are_approved_at_once_each_by_its_own_command(place: Place) -> None:
    first, second = await approval(place, 0), await approval(place, 1)
    confirm = await place.open_task(holder_id=place.company.departments[0].superior_id)
    browser = await place.signed_in("vp1", "en")
    await browser.open("/overview")
    answer = await browser.http.post(
        "/overview/agree",
        data={"csrf": browser.csrf, "task": [first.id, second.id, confirm.id], "comment": "Well done."},
    )
    assert answer.status_code == 200
    assert "3 tasks are done." in answer.text
    asked = {move["task_id"]: (move["choice"], move["by_id"]) for move in place.moves}
    superior = place.company.departments[0].superior_id
    assert asked == {
        first.id: ("approve", superior),
        second.id: ("approve", superior),
        confirm.id: ("confirm", superior),
    }
    assert len({wish.command_id for wish in place.commands.wishes}) == 3
    assert {wish.words["comment"] for wish in place.commands.wishes} == {"Well done."}


async def test_each_row_tells_what_came_of_it(place: Place) -> None:
    """One is approved; one is somebody else's; one takes figures; one is not there."""
    mine = await approval(place, 0)
    others = await approval(place, 1, holder_id=place.company.boss_id)
    figures = await place.open_task(
        TaskKind.SUBMIT_DATA, Stage.SUBMISSION, holder_id=place.company.departments[0].superior_id
    )
    browser = await place.signed_in("vp1", "en")
    await browser.open("/overview")
    answer = await browser.http.post(
        "/overview/agree", data={"csrf": browser.csrf, "task": [mine.id, others.id, figures.id, "x"]}
    )
    assert [move["task_id"] for move in place.moves] == [mine.id]
    assert "1 task is done. 3 could not be done" in words(answer.text)


async def test_nobody_approves_what_they_may_not_see(place: Place) -> None:
    """Rule 50: for a stranger it does not exist."""
    task = await approval(place, 0)
    browser = await place.signed_in("d0002", "en")
    await browser.open("/tasks")
    answer = await browser.http.post("/overview/agree", data={"csrf": browser.csrf, "task": [task.id]})
    assert place.moves == []
    assert "1 could not be done" in words(answer.text)
    assert "销售1部" not in answer.text


async def test_an_auditor_can_agree_to_nothing(place: Place) -> None:
    """Rule 50: reads everything, changes nothing, whoever holds the task."""
    task = await approval(place, 0, holder_id=place.company.auditor_id)
    browser = await place.signed_in("auditor", "en")
    await browser.open("/overview")
    assert "Agree to what is chosen" not in browser.page
    answer = await browser.http.post("/overview/agree", data={"csrf": browser.csrf, "task": [task.id]})
    assert answer.status_code == 403
    assert place.moves == []


async def test_while_the_engine_is_away_nothing_is_lost(place: Place) -> None:
    """DESIGN 14."""
    task = await approval(place, 0)
    place.commands.is_away = True
    browser = await place.signed_in("vp1", "en")
    await browser.open("/overview")
    answer = await browser.http.post("/overview/agree", data={"csrf": browser.csrf, "task": [task.id]})
    assert "1 is received and will be carried out in a moment" in words(answer.text)


async def test_a_refusal_of_the_engine_is_told_in_its_row(place: Place) -> None:
    task = await approval(place, 0)
    place.commands.refusal = Refusal("cycle-paused")
    browser = await place.signed_in("vp1", "en")
    await browser.open("/overview")
    answer = await browser.http.post("/overview/agree", data={"csrf": browser.csrf, "task": [task.id]})
    assert "not done" in answer.text
    assert "销售1部" in answer.text


async def test_choosing_nothing_does_nothing(place: Place) -> None:
    await approval(place, 0)
    browser = await place.signed_in("vp1", "en")
    await browser.open("/overview")
    answer = await browser.send("/overview/agree")
    assert answer.url.path == "/overview"
    assert place.moves == []


async def test_hr_acting_for_a_superior_is_named_on_every_decision(place: Place) -> None:
    """The record names both, each row by itself."""
    tasks = [await approval(place, 0), await approval(place, 1)]
    superior = place.company.departments[0].superior_id
    browser = await seen_as(place, superior)
    await browser.open("/overview")
    await browser.http.post("/overview/agree", data={"csrf": browser.csrf, "task": [task.id for task in tasks]})
    async with place.sessions() as session:
        for task in tasks:
            decision = await session.get_one(Decision, task.id)
            assert (decision.by_id, decision.acted_by) == (superior, place.company.hr_id)


async def test_a_chart_is_drawn_only_where_there_are_figures(place: Place) -> None:
    browser = await place.signed_in("ceo")
    await browser.open("/overview")
    assert "data-chart" not in browser.page
    await half_way(place)
    await browser.open("/overview")
    assert "data-chart" in browser.page

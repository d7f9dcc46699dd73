"""My department: what a director sees of it, and who may see which."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlmodel import col, select

from models.metrics import Figure, Target
from models.org import Unit
from tests.api.pages.place import Place
from tests.api.pages.standings import half_way


def words(page: str) -> str:
    """What a reader sees of a page, without the markup."""
    main = page[page.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<(script|svg).*?</\1>|<[^>]+>", " ", main, flags=re.S))


async def test_a_director_sees_attainment_gap_and_unmet_metrics(place: Place) -> None:
    """Rule 48. Rule 37: four people with 50万 each, 40万 done: 80%, 10万 to go each."""
    await half_way(place)
    browser = await place.director("zh")
    await browser.open("/my-department")
    said = words(browser.page)
    assert "160万元 200万元 80%" in said
    assert "还差40万元" in said
    assert "40万元 50万元 80% 还差10万元" in said
    assert "第45天，共90天" in said
    assert "落后：回款率、客户满意度" in said


async def test_attainment_beyond_the_target_is_shown_as_it_is(place: Place) -> None:
    """Rule 37: never capped."""
    await half_way(place, sales=Decimal(300_000))
    browser = await place.director("en")
    await browser.open("/my-department")
    assert "¥600,000 ¥500,000 120% ¥100,000 beyond" in words(browser.page)


async def test_figures_that_were_corrected_count_once(place: Place) -> None:
    """Rule 30: what was replaced stays, and does not count."""
    await half_way(place)
    person = place.company.departments[0].people_ids[0]
    sales = place.company.metric_ids["sales"]
    async with place.sessions() as session:
        team = (await session.exec(select(Target.unit_id).where(col(Target.person_id) == person))).first()
    await place.change(Figure, f"{sales}-{team}-{person}-2055-01-01", replaced_by="better")
    browser = await place.director("en")
    await browser.open("/my-department")
    assert "¥200,000 ¥500,000 40%" in words(browser.page)


async def test_teams_and_people_are_shown_by_the_metric_chosen(place: Place) -> None:
    await half_way(place, quality=Decimal(85))
    browser = await place.director("en")
    await browser.open(f"/my-department?metric={place.company.metric_ids['collection']}")
    said = words(browser.page)
    assert "Collection rate by person" in said
    assert said.count("85% 90% 94.4% 5 points to go") == 1 + 2 + 4  # Department, teams, people.


async def test_before_the_first_figures_the_page_says_when_they_come(place: Place) -> None:
    browser = await place.director("zh")
    await browser.open("/my-department")
    said = words(browser.page)
    assert "本周期暂无数据" in said
    assert "2055年1月1日开始" in said


async def test_whoever_directs_nothing_is_told_so(place: Place) -> None:
    browser = await place.signed_in("finance", "zh")
    answer = await browser.open("/my-department")
    assert answer.status_code == 200
    assert "您没有负责的部门" in browser.page


@pytest.mark.parametrize("user_name", ["d0001", "finance"])
async def test_somebody_elses_department_is_not_there(place: Place, user_name: str) -> None:
    """Rule 50: not found, as if it did not exist."""
    browser = await place.signed_in(user_name)
    for department in (place.company.departments[1].id, place.company.division_ids[0], "x"):
        assert (await browser.open(f"/my-department?department={department}")).status_code == 404


async def test_a_superior_chooses_among_their_own_line(place: Place) -> None:
    """Rule 50: the division's head sees its departments, and of another division none."""
    other = place.company.departments[2]
    await place.change(Unit, other.id, head_id=place.company.finance_id)
    browser = await place.signed_in("vp1")
    await browser.open(f"/my-department?department={place.company.departments[1].id}")
    assert "销售2部" in browser.page
    assert "销售3部" not in browser.page
    assert (await browser.open(f"/my-department?department={other.id}")).status_code == 404


@pytest.mark.parametrize("user_name", ["auditor", "hr", "ceo"])
async def test_whoever_reads_all_sees_each(place: Place, user_name: str) -> None:
    browser = await place.signed_in(user_name)
    for department in place.company.departments:
        assert (await browser.open(f"/my-department?department={department.id}")).status_code == 200


async def test_a_cycle_of_another_company_is_not_there(place: Place) -> None:
    browser = await place.director()
    assert (await browser.open("/my-department?cycle=x")).status_code == 404


async def test_an_unknown_metric_shows_the_first(place: Place) -> None:
    await half_way(place)
    browser = await place.director()
    await browser.open("/my-department?metric=x")
    assert "Sales by team" in browser.page


async def test_only_the_own_department_is_called_ones_own(place: Place) -> None:
    for user_name, own in (("d0001", True), ("vp1", False), ("ceo", False)):
        browser = await place.signed_in(user_name, "zh")
        await browser.open(f"/my-department?department={place.company.departments[0].id}")
        assert ('<p class="over">我的部门' in browser.page) is own

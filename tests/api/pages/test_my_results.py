"""What people see of themselves: their targets, where they stand, their results once published."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape

import pytest

from models.cycles import Cycle
from models.metrics import Score, ScoreLine
from models.org import Account
from models.stages import CycleState
from quarterdeck.demo.small import password_hash
from tests.api.pages.place import Browser, Place
from tests.api.pages.standings import half_way
from tests.api.pages.test_my_department import words


async def employee(place: Place, language: str = "zh") -> Browser:
    """The second person of the first team, who directs nobody."""
    person = place.company.departments[0].people_ids[1]
    await place.add(Account(person_id=person, user_name="employee", password_hash=password_hash()))
    return await place.signed_in("employee", language)


async def score(place: Place, person_id: str, total: Decimal, band: str) -> None:
    company = place.company
    await place.add(
        Score(
            cycle_id=company.cycle_id,
            person_id=person_id,
            department_id=company.departments[0].id,
            scorecard_id="x",
            total=total,
            band=band,
            scored_at=datetime.now(UTC),
        ),
        ScoreLine(
            cycle_id=company.cycle_id,
            person_id=person_id,
            metric_id=company.metric_ids["sales"],
            weight=Decimal(50),
            effective_weight=Decimal(50),
            target=Decimal(500_000),
            actual=Decimal(600_000),
            attainment=Decimal(120),
            counted=Decimal(120),
            points=Decimal(60),
        ),
    )


async def test_people_see_their_targets_and_where_they_stand(place: Place) -> None:
    """Rule 29: 40万 of 50万 are 80%, 10万 to go."""
    await half_way(place)
    browser = await employee(place)
    await browser.open("/me/results")
    said = words(browser.page)
    assert "40万元 50万元 80% 还差10万元" in said
    assert "深耕重点客户" in said
    assert "第45天，共90天" in said


async def test_people_see_what_their_own_gap_comes_from(place: Place) -> None:
    """Rule 32."""
    await half_way(place)
    browser = await employee(place)
    await browser.open("/me/results")
    (found,) = [unescape(one) for one in re.findall(r'href="(/misses/person/[^"]+)"', browser.page)]
    assert (await browser.open(found)).status_code == 200


async def test_nobody_hears_of_a_result_before_the_cycle_is_published(place: Place) -> None:
    """Rule 14: the last one has to approve first."""
    await half_way(place)
    browser = await employee(place)
    await score(place, place.company.departments[0].people_ids[1], Decimal("113.4"), "优秀")
    await browser.open("/me/results")
    assert "113.4" not in browser.page
    assert "由 HR 发布后" in browser.page


async def test_a_published_result_comes_with_its_calculation(place: Place) -> None:
    browser = await employee(place)
    await score(place, place.company.departments[0].people_ids[1], Decimal("113.4"), "优秀")
    await place.change(
        Cycle,
        place.company.cycle_id,
        state=CycleState.PUBLISHED,
        published_at=datetime(2027, 4, 20, 1, tzinfo=UTC),
    )
    await browser.open("/me/results")
    said = words(browser.page)
    assert "113.40" in said
    assert "优秀" in said
    assert "50万元 60万元 120% 50% 60.00" in said
    assert "发布于2027年4月20日 周二 09:00 北京时间" in said


async def test_nothing_of_others_is_shown(place: Place) -> None:
    """Rule 50: a person themselves."""
    await half_way(place)
    browser = await employee(place)
    people = place.company.departments[0].people_ids
    await score(place, people[0], Decimal("77.7"), "待改进")
    await place.change(Cycle, place.company.cycle_id, state=CycleState.PUBLISHED)
    await browser.open(f"/me/results?person={people[0]}")
    assert "77.7" not in browser.page
    assert "本周期没有您的绩效结果" in browser.page
    for address in ("/my-department", "/overview"):
        await browser.open(address)
        assert "销售1部" not in browser.page
        assert "销售经理" not in browser.page


@pytest.mark.parametrize("user_name", ["finance", "hr", "d0001"])
async def test_whoever_has_no_targets_is_told_so(place: Place, user_name: str) -> None:
    browser = await place.signed_in(user_name, "zh")
    answer = await browser.open("/me/results")
    assert answer.status_code == 200
    assert "还没有目标" in browser.page


@pytest.mark.parametrize("state", [CycleState.DRAFT, CycleState.CANCELLED])
async def test_a_draft_or_a_cancelled_cycle_is_not_there(place: Place, state: CycleState) -> None:
    browser = await employee(place)
    await place.change(Cycle, place.company.cycle_id, state=state)
    assert (await browser.open(f"/me/results?cycle={place.company.cycle_id}")).status_code == 404

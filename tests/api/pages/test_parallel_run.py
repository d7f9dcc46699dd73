"""A parallel run on its page: sides, totals, differences first, filters, files (Rule 34)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from models.cycles import Cycle
from models.metrics import Figure, Score, ScoreLine
from models.org import Person
from models.stages import CycleState
from tests.api.pages.place import Place

AT = datetime(2055, 4, 2, tzinfo=UTC)


@pytest.fixture
async def scored(place: Place) -> Place:
    """Results of three people in the cycle, and of three in the one before."""
    company = place.company
    people = [one for department in company.departments for one in department.people_ids]
    metric_id = company.metric_ids["sales"]
    async with place.sessions() as session:
        session.add(
            Cycle(
                id="before",
                company_id=company.company_id,
                name="旧系统试运行",
                starts_on=date(2054, 10, 1),
                ends_on=date(2054, 12, 31),
                state=CycleState.PUBLISHED,
                hr_owner_id=company.hr_id,
            )
        )
        for cycle_id, totals in (("before", {0: 100, 1: 90, 2: 80}), (company.cycle_id, {0: 100, 1: 95, 3: 70})):
            for place_, total in totals.items():
                session.add(
                    Score(
                        cycle_id=cycle_id,
                        person_id=people[place_],
                        department_id=company.departments[0].id,
                        scorecard_id="card",
                        total=Decimal(total),
                        band="良好",
                        scored_at=AT,
                    )
                )
                session.add(
                    ScoreLine(
                        cycle_id=cycle_id,
                        person_id=people[place_],
                        metric_id=metric_id,
                        weight=Decimal(100),
                        effective_weight=Decimal(100),
                        target=Decimal(1000),
                        actual=Decimal(total * 10),
                        attainment=Decimal(total),
                        counted=Decimal(total),
                        points=Decimal(total),
                    )
                )
        session.add(
            Figure(
                id="old",
                company_id=company.company_id,
                department_id=company.departments[0].id,
                team_id="d0001-t1",
                person_id=people[0],
                metric_id=metric_id,
                month=date(2054, 2, 1),
                value=Decimal(1000),
                source="file",
                at=AT,
            )
        )
        await session.commit()
    return place


async def test_two_cycles_are_compared_person_by_person_differences_first(scored: Place) -> None:
    browser = await scored.signed_in("hr", "zh")
    page = (await browser.open("/imports/parallel-run")).text
    people = [one for department in scored.company.departments for one in department.people_ids]
    numbers = [f"{int(one.removeprefix('p')):06}" for one in people]
    places = [page.index(f">{numbers[at]}<") for at in (2, 3, 1, 0)]
    assert places == sorted(places)
    assert "旧系统试运行" in page
    for words in ("仅左侧有 (1)", "仅右侧有 (1)", "不同 (1)", "相同 (1)"):
        assert words in page


async def test_it_can_be_narrowed_and_downloaded(scored: Place) -> None:
    await scored.change(Person, scored.company.departments[0].people_ids[1], name="=1+1")
    browser = await scored.signed_in("hr", "en")
    query = "?left=before&measure=total&show=different"
    csv = (await browser.http.get(f"/imports/parallel-run.csv{query}")).content.decode("utf-8-sig").splitlines()
    assert len(csv) == 3
    assert ",'=1+1," in csv[1]
    assert csv[1].endswith(",90,95,5,5.56,different")
    workbook = load_workbook(BytesIO((await browser.http.get(f"/imports/parallel-run.xlsx{query}")).content))
    row = [cell.value for cell in workbook.worksheets[0][2]]
    assert row[3:6] == [90, 95, 5]
    assert (workbook.worksheets[0].cell(2, 2).data_type, workbook.worksheets[0].cell(2, 2).quotePrefix) == (
        "s",
        True,
    )
    nobody = await browser.open("/imports/parallel-run?q=nobody")
    assert "Nobody fits" in nobody.text


async def test_past_figures_are_held_against_a_cycle(scored: Place) -> None:
    browser = await scored.signed_in("hr", "en")
    page = await browser.open("/imports/parallel-run?left=history&since=2054-01")
    assert "Past figures 2054-01 – 2054-03" in page.text
    assert "the same (1)" in page.text
    assert "only on the right (2)" in page.text
    assert (await browser.open("/imports/parallel-run?left=history&since=x")).status_code == 422
    assert (await browser.open("/imports/parallel-run?right=another")).status_code == 404


async def test_before_the_first_launch_it_says_what_to_do(place: Place) -> None:
    await place.change(Cycle, place.company.cycle_id, state=CycleState.DRAFT)
    browser = await place.signed_in("hr", "en")
    assert "Nothing to compare yet" in (await browser.open("/imports/parallel-run")).text

"""What is still missing shows before the deadline, and whom it waits for; the numbers are the gate's (Rule 6)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO

from openpyxl import load_workbook
from sqlmodel import col, delete, select

from models.cycles import Cycle
from models.database import writing
from models.figures import department_facts
from models.metrics import Figure
from models.org import Person, Unit
from models.records import Deal, Payment
from models.sources import Source, SourceKind
from models.stages import Stage, TaskKind
from rules.completeness import gaps
from tests.api.pages.place import Place
from tests.api.pages.standings import half_way
from tests.api.pages.test_my_department import words

JANUARY = date(2055, 1, 1)


async def without_sales_of(place: Place, team: int) -> None:
    """Half of the quarter is there; but of one team no sales of January are."""
    await half_way(place)
    async with place.sessions() as session:
        await writing(session)
        await session.exec(
            delete(Figure).where(
                col(Figure.team_id) == place.company.departments[0].team_ids[team],
                col(Figure.metric_id) == place.company.metric_ids["sales"],
                col(Figure.month) == JANUARY,
            )
        )
        await session.commit()


async def forgotten_by_the_crm(place: Place, team: int) -> None:
    async with place.sessions() as session:
        await writing(session)
        people = select(Person.id).where(col(Person.unit_id) == place.company.departments[0].team_ids[team])
        for table in (Deal, Payment):
            await session.exec(delete(table).where(col(table.seller_id).in_(people)))
        await session.commit()


async def test_what_is_missing_is_what_a_submission_is_refused_with(place: Place) -> None:
    await without_sales_of(place, 0)
    hr = await place.signed_in("hr")
    answer = await hr.http.get(f"/api/cycles/{place.company.cycle_id}/completeness")
    shown = {one["department"]["id"]: one for one in answer.json()["items"]}
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, place.company.cycle_id)
        facts = await department_facts(session, cycle, "d0001")
    of_begun_months = [gap for gap in gaps(facts) if gap.month <= date(2055, 2, 1)]
    assert shown["d0001"]["missing"] == len(of_begun_months) > 0
    assert {(one["team"]["id"], one["month"]) for one in shown["d0001"]["lacks"]} == {
        (place.company.departments[0].team_ids[0], "2055-01-01")
    }
    others = [one for name, one in shown.items() if name != "d0001"]
    assert others
    assert all(one["missing"] == 0 and one["lacks"] == [] for one in others)


async def test_a_team_that_the_source_knows_waits_for_it_with_its_age(place: Place) -> None:
    await without_sales_of(place, 0)
    await place.add(
        Source(
            id="crm",
            company_id=place.company.company_id,
            kind=SourceKind.SALESFORCE,
            name="销售云",
            maps=[{"kind": "deal"}],
            created_at=datetime(2055, 1, 1, tzinfo=UTC),
            fetched_at=datetime(2055, 2, 11, 4, tzinfo=UTC),
        )
    )
    director = await place.director()
    await director.open("/my-department")
    said = words(director.page)
    assert "Still missing" in said
    assert "comes with the next fetch 销售云 last read 3 days ago" in said


async def test_a_team_that_no_source_knows_waits_for_whoever_holds_the_task(place: Place) -> None:
    await without_sales_of(place, 1)
    await forgotten_by_the_crm(place, 1)
    task = await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=JANUARY)
    async with place.sessions() as session:
        holder = (await session.get_one(Person, task.holder_id)).name
        team = (await session.get_one(Unit, place.company.departments[0].team_ids[1])).name
    hr = await place.signed_in("hr")
    await hr.open(f"/cycles/{place.company.cycle_id}/completeness")
    said = words(hr.page)
    row = said[said.index(team) :]
    assert holder in row
    assert f'href="/tasks/{task.id}"' in hr.page
    content = (await hr.http.get(f"/cycles/{place.company.cycle_id}/completeness.xlsx")).content
    rows = list(load_workbook(BytesIO(content)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [row[1] for row in rows[1:]] == [team]
    assert holder in str(rows[1][7])


async def test_a_superior_sees_their_departments_alone_and_a_stranger_none(place: Place) -> None:
    await without_sales_of(place, 0)
    for user_name, count in (("d0001", 1), ("hr", len(place.company.departments))):
        browser = await place.signed_in(user_name)
        answer = await browser.http.get(f"/api/cycles/{place.company.cycle_id}/completeness")
        assert len(answer.json()["items"]) == count
    director = await place.director()
    other = place.company.departments[1].id
    await director.open(f"/cycles/{place.company.cycle_id}/completeness?department={other}")
    assert "Still missing" not in words(director.page)


async def test_a_complete_cycle_says_so(place: Place) -> None:
    await half_way(place)
    hr = await place.signed_in("hr", "zh")
    await hr.open(f"/cycles/{place.company.cycle_id}/completeness")
    assert "已开始月份的数据，各团队均已齐全" in words(hr.page)

"""Attendance: visits with check-ins, project hours, effective selling time, and the records behind (Rule 33)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from models.records import Visit, WorkHours, WorkKind
from tests.api.pages.place import Place
from tests.api.pages.standings import half_way
from tests.api.pages.test_my_department import words


async def worked(place: Place) -> None:
    """The first person: 30 of 40 hours selling, two visits, one with a check-in; the second 10 of 40."""
    await half_way(place)
    company = place.company.company_id
    first, second = place.company.departments[0].people_ids[:2]

    def hours(person: str, kind: WorkKind, spent: int) -> WorkHours:
        return WorkHours(
            id=f"{person}-{kind}",
            company_id=company,
            seller_id=person,
            worked_on=date(2055, 1, 8),
            project="招投标" if kind is WorkKind.SELLING else "",
            kind=kind,
            hours=Decimal(spent),
        )

    await place.add(
        hours(first, WorkKind.SELLING, 30),
        hours(first, WorkKind.TRAVEL, 10),
        hours(second, WorkKind.SELLING, 10),
        hours(second, WorkKind.OFFICE, 30),
        Visit(
            id="v1",
            company_id=company,
            seller_id=first,
            customer="Acme",
            visited_on=date(2055, 1, 6),
            checked_in_at=datetime(2055, 1, 6, 1, 30, tzinfo=UTC),
            place="上海张江",
        ),
        Visit(id="v2", company_id=company, seller_id=first, customer="Birch", visited_on=date(2055, 2, 6)),
    )


async def test_two_clicks_lead_from_the_department_to_a_persons_visits_and_hours(place: Place) -> None:
    await worked(place)
    director = await place.director()
    await director.open("/my-department")
    department, person = place.company.departments[0].id, place.company.departments[0].people_ids[0]
    cycle = place.company.cycle_id
    assert f'href="/attendance/unit/{department}?cycle={cycle}"' in director.page
    await director.open(f"/attendance/unit/{department}?cycle={cycle}")
    said = words(director.page)
    assert "Effective selling time 50%" in said
    assert "80 h" in said
    assert "招投标 40 h" in said
    assert f'href="/attendance/person/{person}?cycle={cycle}"' in director.page
    await director.open(f"/attendance/person/{person}?cycle={cycle}")
    said = words(director.page)
    assert "Effective selling time 75%" in said
    assert "9:30" in said
    assert "上海张江" in said
    assert "Birch no check-in" in said


async def test_a_month_shows_its_own_records_alone(place: Place) -> None:
    await worked(place)
    director = await place.director()
    person = place.company.departments[0].people_ids[0]
    await director.open(f"/attendance/person/{person}?cycle={place.company.cycle_id}&month=2055-02")
    assert "Birch" in words(director.page)
    assert "Acme" not in words(director.page)


async def test_nobody_looks_into_another_department(place: Place) -> None:
    await worked(place)
    director = await place.director()
    other = place.company.departments[1]
    assert (await director.open(f"/attendance/unit/{other.id}")).status_code == 404
    assert (await director.open(f"/attendance/person/{other.people_ids[0]}")).status_code == 404
    hr = await place.signed_in("hr", "zh")
    assert (await hr.open(f"/attendance/unit/{place.company.departments[0].id}")).status_code == 200
    assert "有效销售时间" in words(hr.page)


async def test_without_records_it_says_where_they_come_from(place: Place) -> None:
    await half_way(place)
    director = await place.director()
    await director.open(f"/attendance/unit/{place.company.departments[0].id}")
    assert "No visits and no hours yet" in words(director.page)


async def test_machines_are_told_the_same(place: Place) -> None:
    await worked(place)
    director = await place.director()
    answer = (await director.http.get("/api/attendance/unit/d0001?month=2055-01")).json()
    assert (answer["from_on"], answer["until_on"]) == ("2055-01-01", "2055-01-31")
    assert answer["attended"]["hours"] == {"office": "30", "selling": "40", "travel": "10"}
    assert (answer["attended"]["visits"], answer["attended"]["checked_in"]) == (1, 1)
    assert answer["attended"]["selling_percent"] == "50.0000"
    assert set(answer["below"]) == {"teams", "people"}
    assert [one["attended"]["selling_percent"] for one in answer["below"]["people"]] == ["25.0000", "75.0000"]
    assert ("招投标", "40") in [(one["name"], one["hours"]) for one in answer["projects"]]


async def test_machines_are_refused_a_month_beyond_the_period(place: Place) -> None:
    director = await place.director()
    answer = await director.http.get("/api/attendance/unit/d0001?month=2056-01")
    assert (answer.status_code, answer.json()["code"]) == (404, "figure-unknown")

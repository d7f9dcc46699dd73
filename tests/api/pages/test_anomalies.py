"""Figures that stand out are marked where they are shown; the department explains that point only (Rule 31)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import col, select

from models.changes import Change, Subject
from models.evidence import Anomaly, AnomalyState, Explanation
from models.records import Deal, Visit
from models.stages import Stage, TaskKind
from tests.api.house import machine, token_of
from tests.api.pages.place import Place
from tests.api.pages.standings import anomaly_of, half_way
from tests.api.pages.test_my_department import words


async def test_a_drop_is_marked_on_the_department_the_figure_and_the_submission(place: Place) -> None:
    await half_way(place)
    await place.add(anomaly_of(place))
    task = await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=date(2055, 1, 1))
    director = await place.director()
    department = place.company.departments[0]
    figure = f"/figures/unit/{department.team_ids[0]}/{place.company.metric_ids['sales']}"
    for address in ("/my-department", f"{figure}?cycle={place.company.cycle_id}", f"/tasks/{task.id}"):
        await director.open(address)
        said = words(director.page)
        assert "1 figure stands out" in said, address
        assert "not explained yet" in said
        assert 'href="/anomalies/anomaly-1"' in director.page


async def test_the_records_around_a_drop_say_who_stayed_away(place: Place) -> None:
    """Customers of the year before who bought nothing, the month's deals, and visits beside the usual ones."""
    await half_way(place)
    seller = place.company.departments[0].people_ids[0]

    def deal(number: int, customer: str, won_on: date) -> Deal:
        return Deal(
            id=f"d{number}",
            company_id=place.company.company_id,
            number=f"C-{number}",
            seller_id=seller,
            customer=customer,
            amount=Decimal(50_000),
            won_on=won_on,
        )

    visit = Visit(
        id="v1",
        company_id=place.company.company_id,
        seller_id=seller,
        customer="Loyal Ltd",
        visited_on=date(2055, 1, 9),
        checked_in_at=datetime(2055, 1, 9, 2, tzinfo=UTC),
    )
    await place.add(
        anomaly_of(place),
        deal(1, "Loyal Ltd", date(2054, 6, 3)),
        deal(2, "Loyal Ltd", date(2054, 9, 3)),
        deal(3, "Newly Inc", date(2055, 1, 20)),
        visit,
    )
    browser = await place.director()
    await browser.open("/anomalies/anomaly-1")
    said = words(browser.page)
    assert "Sudden drop" in said
    assert "by 24 months of history and the season" in said
    lost = said[said.index("Customers who stayed away") : said.index("The month's largest deals")]
    assert "Loyal Ltd 2" in lost
    assert "Newly Inc" not in lost
    assert "Newly Inc" in said[said.index("The month's largest deals") :]


async def test_the_director_explains_the_point_and_hr_and_superiors_see_it(place: Place) -> None:
    await half_way(place)
    await place.add(anomaly_of(place))
    director = await place.director()
    await director.open("/anomalies/anomaly-1/explain")
    refused = await director.send("/anomalies/anomaly-1/explain", explanation="one-off", reason="", once="a")
    assert refused.status_code == 422
    answer = await director.send(
        "/anomalies/anomaly-1/explain",
        explanation="one-off",
        reason="Two customers moved their orders to February",
        evidence="C-77",
        once="b",
    )
    assert answer.status_code == 200
    async with place.sessions() as session:
        row = await session.get_one(Anomaly, "anomaly-1")
        changes = (await session.exec(select(Change).where(col(Change.subject) == Subject.ANOMALY))).all()
    assert (row.state, row.explanation) == (AnomalyState.EXPLAINED, Explanation.ONE_OFF)
    assert row.explained_by == place.company.departments[0].director_id
    assert row.explained_at is not None
    assert [(one.by_id, one.after["evidence"]) for one in changes] == [(row.explained_by, "C-77")]
    hr = await place.signed_in("hr")
    await hr.open(f"/cycles/{place.company.cycle_id}/departments/{row.department_id}")
    assert "explained a figure that stands out Two customers moved" in words(hr.page)
    for user_name in ("hr", "vp1", "ceo"):
        browser = await place.signed_in(user_name)
        await browser.open(f"/cycles/{place.company.cycle_id}/anomalies")
        assert "moved their orders" in words(browser.page)
        await browser.open("/anomalies/anomaly-1")
        assert "Evidence: C-77" in words(browser.page)
        assert (await browser.open("/anomalies/anomaly-1/explain")).status_code == 403


async def test_what_stands_out_no_more_is_marked_nowhere(place: Place) -> None:
    await half_way(place)
    await place.add(anomaly_of(place, state=AnomalyState.GONE))
    director = await place.director()
    await director.open("/my-department")
    assert "stands out" not in words(director.page)
    await director.open("/anomalies/anomaly-1")
    assert "stands out no more" in words(director.page)


async def test_a_correction_is_followed_at_once(place: Place) -> None:
    """What is put right at the figure stands out no more, with the person and in the team's sum."""
    await half_way(place)
    department = place.company.departments[0]
    person, sales = department.people_ids[0], place.company.metric_ids["sales"]
    band: dict[str, Any] = {"usual": Decimal(800_000), "lowest": Decimal(500_000), "highest": Decimal(1_200_000)}
    point = f"{person}.{sales}.2055-01"
    of_team = f"{department.team_ids[0]}.{sales}.2055-01"
    await place.add(
        anomaly_of(place, id=point, person_id=person, value=Decimal(200_000), **band),
        anomaly_of(place, id=of_team, value=Decimal(400_000), **band),
    )
    director = await place.director()
    address = f"/figures/person/{person}/{sales}/2055-01/correct?cycle={place.company.cycle_id}"
    await director.open(address)
    answer = await director.send(address, value="700000", reason="two contracts were not entered", once="c")
    assert answer.status_code == 200
    async with place.sessions() as session:
        rows = [await session.get_one(Anomaly, one) for one in (point, of_team)]
    assert [(row.value, row.state) for row in rows] == [
        (Decimal(700_000), AnomalyState.GONE),
        (Decimal(900_000), AnomalyState.GONE),
    ]


async def test_nothing_is_chosen_for_whoever_explains(place: Place) -> None:
    await half_way(place)
    await place.add(anomaly_of(place))
    director = await place.director("zh")
    await director.open("/anomalies/anomaly-1/explain")
    assert '<option value="">– 请选择 –</option>' in director.page
    answer = await director.send("/anomalies/anomaly-1/explain", once="1", explanation="", reason="合同推迟")
    assert answer.status_code == 422
    assert "还有必填项未填" in words(director.page)
    assert "合同推迟" in director.page


async def test_an_explanation_that_is_too_long_is_refused_and_not_cut(place: Place) -> None:
    await half_way(place)
    await place.add(anomaly_of(place))
    director = await place.director()
    await director.open("/anomalies/anomaly-1/explain")
    long = "Orders moved to February. " * 20
    answer = await director.send("/anomalies/anomaly-1/explain", once="1", explanation="one-off", reason=long)
    assert answer.status_code == 422
    assert "longer than 500 characters" in words(director.page)
    assert long.strip() in director.page  # What was typed stays.


async def test_a_departments_figure_names_its_teams_that_stand_out(place: Place) -> None:
    await half_way(place)
    await place.add(anomaly_of(place))
    director = await place.director()
    await director.open(f"/figures/unit/d0001/{place.company.metric_ids['sales']}?cycle={place.company.cycle_id}")
    assert "1 figure stands out" in words(director.page)


async def test_machines_list_what_stands_out_with_what_was_said_about_it(place: Place) -> None:
    await half_way(place)
    await place.add(anomaly_of(place))
    director = await place.director()
    address = f"/api/cycles/{place.company.cycle_id}/anomalies"
    (found,) = (await director.http.get(address)).json()["items"]
    assert (found["id"], found["state"], found["turn"]) == ("anomaly-1", "open", "drop")
    assert found["department"]["id"] == "d0001"
    assert found["metric"]["name"] == "Sales"
    assert (await director.http.get(f"{address}?state=explained")).json()["items"] == []


async def test_machines_explain_in_the_name_of_the_director_and_of_nobody_else(place: Place) -> None:
    await half_way(place)
    directors = [department.director_id for department in place.company.departments[:2]]
    await place.add(anomaly_of(place), *(token_of(person_id) for person_id in directors))
    body = {"explanation": "one-off", "reason": "Orders moved to February"}
    async with machine(place.app, directors[1]) as other:
        assert (await other.post("/api/anomalies/anomaly-1/explain", json=body)).status_code == 404
    async with machine(place.app, directors[0]) as director:
        refused = await director.post("/api/anomalies/anomaly-1/explain", json={**body, "explanation": "luck"})
        assert refused.status_code == 422
        told = await director.post("/api/anomalies/anomaly-1/explain", json=body)
        assert (told.status_code, told.json()["state"]) == (200, "done")
        (found,) = (await director.get(f"/api/cycles/{place.company.cycle_id}/anomalies")).json()["items"]
    assert (found["state"], found["reason"]) == ("explained", "Orders moved to February")
    assert found["explained_by"]["id"] == directors[0]

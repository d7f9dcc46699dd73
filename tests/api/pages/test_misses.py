"""Why a target was missed: taken apart to the cent, and classed by people, never by silence (Rule 32)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import col, select

from models.changes import Change, Subject
from models.cycles import CycleEvent
from models.evidence import Cause, MissCause
from models.metrics import Figure, Target
from models.records import Deal, Visit
from tests.api.pages.place import Place
from tests.api.pages.test_figures import fetched
from tests.api.pages.test_my_department import words

DEPARTMENT = "/misses/unit/d0001/small-sales"


async def with_the_year_before(place: Place, *, times: int = 2) -> None:
    """The year before, everybody sold `times` as much to returning customers, in as many deals, with visits."""
    async with place.sessions() as session:
        deals = (await session.exec(select(Deal))).all()
        visits = [
            Visit(
                id=f"{deal.id}-v{year}",
                company_id=deal.company_id,
                seller_id=deal.seller_id,
                customer=deal.customer,
                visited_on=deal.won_on.replace(year=year, day=1),
            )
            for deal in deals
            for year in (2054, 2055)
        ]
        session.add_all(visits)
        session.add_all(
            Deal(
                **deal.model_dump(exclude={"id", "amount", "won_on"}),
                id=f"{deal.id}-before",
                amount=deal.amount * times,
                won_on=deal.won_on.replace(year=2054, day=1),
            )
            for deal in deals
        )
        await session.commit()


async def missing_by(place: Place, target: int) -> None:
    """Give the first department a sales target of `target`."""
    async with place.sessions() as session:
        found = await session.exec(
            select(Target).where(
                col(Target.unit_id) == "d0001",
                col(Target.person_id) == "",
                col(Target.metric_id) == place.company.metric_ids["sales"],
            )
        )
        one = found.one()
        one.value = one.full_value = Decimal(target)
        await session.commit()


async def test_a_gap_is_taken_apart_to_the_cent(place: Place) -> None:
    """What is said adds up: growth asked for, factors, and nothing else."""
    await with_the_year_before(place)
    await fetched(place)
    await missing_by(place, 9_000_000)
    browser = await place.director()
    await browser.open("/my-department")
    assert DEPARTMENT in browser.page
    shown = words((await browser.open(f"{DEPARTMENT}?cycle={place.company.cycle_id}")).text)
    assert "compared with a year before: January 2054 – March 2054" in shown
    assert "not classed yet" in shown
    got = (await browser.http.get(f"/api{DEPARTMENT}?cycle={place.company.cycle_id}")).json()
    assert sum(Decimal(part["amount"]) for part in got["parts"]) == Decimal(got["gap"])
    assert Decimal(got["gap"]) == Decimal(got["actual"]) - Decimal(got["target"])
    assert got["compared_with"] == ["2054-01-01", "2054-02-01", "2054-03-01"]
    size = {part["factor"]: Decimal(part["amount"]) for part in got["parts"]}
    assert size["growth-asked"] == 2 * Decimal(got["actual"]) - 9_000_000
    assert size["new-deal-size"] + size["deal-size"] == -Decimal(got["actual"])
    assert size["visits"] == 0


async def test_each_factor_leads_to_its_records(place: Place) -> None:
    await with_the_year_before(place)
    await fetched(place)
    await missing_by(place, 9_000_000)
    browser = await place.director()
    await browser.open(f"{DEPARTMENT}?cycle={place.company.cycle_id}")
    path = f"/figures/unit/d0001/small-sales?cycle={place.company.cycle_id}&amp;records=visits#records"
    assert path in browser.page
    assert 'id="records"' in (await browser.open(path.partition("#")[0].replace("&amp;", "&"))).text


async def test_without_an_earlier_period_nothing_is_made_up(place: Place) -> None:
    await fetched(place)
    await missing_by(place, 9_000_000)
    browser = await place.director()
    shown = words((await browser.open(DEPARTMENT)).text)
    assert "Nothing to compare with" in shown


async def test_a_target_that_is_met_asks_nobody_anything(place: Place) -> None:
    await fetched(place)
    await missing_by(place, 1)
    hr = await place.signed_in("hr", "en")
    shown = words((await hr.open(DEPARTMENT)).text)
    assert "Nothing was missed" in shown
    answer = await hr.send(f"{DEPARTMENT}?cycle={place.company.cycle_id}", once="1", cause="target", reason="太高")
    assert answer.status_code == 409


async def test_a_superior_says_what_it_comes_from_and_what_was_said_before_stays(place: Place) -> None:
    await fetched(place)
    await missing_by(place, 9_000_000)
    superior, hr = await place.signed_in("vp1", "en"), await place.signed_in("hr", "en")
    path = f"{DEPARTMENT}?cycle={place.company.cycle_id}"
    await superior.open(path)
    await superior.send(path, once="1", cause="execution", reason="一月拜访不足")
    await hr.open(path)
    answer = await hr.send(path, once="2", cause="target", reason="去年同期含一次性大单")
    assert answer.status_code == 200
    shown = words(answer.text)
    assert "Unreasonable target" in shown
    assert "一月拜访不足" in shown
    async with place.sessions() as session:
        said = (await session.exec(select(MissCause).order_by(col(MissCause.at)))).all()
        changes = (await session.exec(select(Change).where(col(Change.subject) == Subject.MISS))).all()
        events = (await session.exec(select(CycleEvent).where(col(CycleEvent.kind) == "miss-classed"))).all()
    assert [(one.cause, one.by_id) for one in said] == [
        (Cause.EXECUTION, place.company.superior_ids[0]),
        (Cause.TARGET, place.company.hr_id),
    ]
    assert {change.before.get("cause") for change in changes} == {None, "execution"}
    assert {event.department_id for event in events} == {"d0001"}
    history = words((await hr.open(f"/cycles/{place.company.cycle_id}/departments/d0001")).text)
    assert "said what a missed target comes from" in history
    assert "去年同期含一次性大单" in history


@pytest.mark.parametrize(
    ("cause", "reason", "said"),
    [("", "原因", "choose what"), ("luck", "原因", "choose what"), ("target", "", "reason")],
)
async def test_without_a_cause_or_a_reason_it_is_refused_and_what_was_typed_stays(
    place: Place, cause: str, reason: str, said: str
) -> None:
    await fetched(place)
    await missing_by(place, 9_000_000)
    hr = await place.signed_in("hr", "en")
    path = f"{DEPARTMENT}?cycle={place.company.cycle_id}"
    await hr.open(path)
    answer = await hr.send(path, once="1", cause=cause, reason=reason)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert reason in answer.text


async def test_nobody_classes_their_own_miss(place: Place) -> None:
    await fetched(place)
    await missing_by(place, 9_000_000)
    director, auditor = await place.director(), await place.signed_in("auditor", "en")
    path = f"{DEPARTMENT}?cycle={place.company.cycle_id}"
    for browser in (director, auditor):
        assert 'name="cause"' not in (await browser.open(path)).text
        answer = await browser.send(path, once="1", cause="external", reason="市场不好")
        assert answer.status_code == 403


async def test_other_metrics_and_other_peoples_gaps_are_not_there(place: Place) -> None:
    await fetched(place)
    browser = await place.director()
    assert (await browser.open("/misses/unit/d0001/small-collection")).status_code == 404
    assert (await browser.open("/misses/unit/d0002/small-sales")).status_code == 404


async def test_in_the_middle_of_a_period_the_targets_part_counts(place: Place) -> None:
    """Two of three months have figures: 59 of 90 days' part of the target."""
    await fetched(place)
    await missing_by(place, 9_000_000)
    async with place.sessions() as session:
        for one in (await session.exec(select(Figure).where(col(Figure.month) == date(2055, 3, 1)))).all():
            await session.delete(one)
        await session.commit()
    browser = await place.director()
    got = (await browser.http.get(f"/api{DEPARTMENT}")).json()
    assert got["target"] == "5900000.00"

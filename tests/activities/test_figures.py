"""Figures that come by themselves from the CRM's records."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlmodel import col, select

from activities.figures import FigureActivities
from models.database import SessionMaker
from models.messages import DepartmentMoment
from models.metrics import Figure
from models.org import Person
from models.records import Deal, Payment
from quarterdeck.demo.small import SmallCompany, attainment_of, make_small_company

ALL = ("sales", "collection", "new_customers", "average_deal", "repurchase", "satisfaction")
AFTER_THE_QUARTER = datetime(2055, 4, 1, 2, tzinfo=UTC)


def moment(company: SmallCompany, now: datetime = AFTER_THE_QUARTER) -> DepartmentMoment:
    return DepartmentMoment(
        company_id=company.company_id, cycle_id=company.cycle_id, department_id="d0001", now=now
    )


async def in_force(sessions: SessionMaker, company: SmallCompany, code: str) -> list[Figure]:
    async with sessions() as session:
        found = await session.exec(
            select(Figure)
            .where(col(Figure.metric_id) == company.metric_ids[code], col(Figure.replaced_by) == "")
            .order_by(col(Figure.person_id), col(Figure.month))
        )
        return list(found.all())


async def test_a_quarters_figures_come_from_deals_and_payments(sessions: SessionMaker) -> None:
    """Rule 29: 张三's sales are there, and nobody typed them."""
    company = await make_small_company(sessions, 1, 2, metrics=ALL)
    await FigureActivities(sessions).fetch_figures(moment(company))
    person_id = company.departments[0].people_ids[0]
    sales = [f for f in await in_force(sessions, company, "sales") if f.person_id == person_id]
    number = int(person_id.removeprefix("p"))
    assert sum(figure.value for figure in sales) == 5000 * attainment_of(number)
    assert [(figure.source, figure.records) for figure in sales] == [("crm", 1)] * 3
    collection = await in_force(sessions, company, "collection")
    assert {figure.value for figure in collection} == {Decimal(90)}
    newly = [f.value for f in await in_force(sessions, company, "new_customers") if f.person_id == person_id]
    assert newly == [1, 0, 0]
    repurchase = [f.value for f in await in_force(sessions, company, "repurchase") if f.person_id == person_id]
    assert repurchase == [0, 100, 100]
    assert not await in_force(sessions, company, "satisfaction")


async def test_a_month_that_is_not_over_is_not_fetched(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 1, 2, metrics=ALL)
    await FigureActivities(sessions).fetch_figures(moment(company, datetime(2055, 2, 28, 15, tzinfo=UTC)))
    assert {figure.month for figure in await in_force(sessions, company, "sales")} == {date(2055, 1, 1)}


async def test_fetching_twice_writes_once_and_a_changed_record_replaces(sessions: SessionMaker) -> None:
    """Rule 30: the value before stays, pointing to what replaced it."""
    company = await make_small_company(sessions, 1, 1, metrics=ALL)
    activities = FigureActivities(sessions)
    await activities.fetch_figures(moment(company))
    before = await in_force(sessions, company, "sales")
    await activities.fetch_figures(moment(company))
    assert [f.id for f in await in_force(sessions, company, "sales")] == [f.id for f in before]
    async with sessions() as session:
        deal = (await session.exec(select(Deal).order_by(col(Deal.won_on)).limit(1))).one()
        deal.amount += 1
        await session.commit()
    later = datetime(2055, 4, 2, 2, tzinfo=UTC)
    for _ in range(2):
        await activities.fetch_figures(moment(company, later))
    after = await in_force(sessions, company, "sales")
    assert [f.value for f in after] == [before[0].value + 1, before[1].value, before[2].value]
    async with sessions() as session:
        replaced = await session.get_one(Figure, before[0].id)
    assert replaced.replaced_by == after[0].id


async def test_a_persons_correction_outlives_the_next_fetch(sessions: SessionMaker) -> None:
    """Rule 30."""
    company = await make_small_company(sessions, 1, 1, metrics=ALL)
    async with sessions() as session:
        session.add(
            Figure(
                id="typed",
                company_id=company.company_id,
                department_id="d0001",
                team_id="d0001-t1",
                person_id=company.departments[0].people_ids[0],
                metric_id=company.metric_ids["sales"],
                month=date(2055, 1, 1),
                value=Decimal("7.5"),
                source="person",
                entered_by=company.hr_id,
                reason="合同补录",
                at=AFTER_THE_QUARTER,
            )
        )
        await session.commit()
    await FigureActivities(sessions).fetch_figures(moment(company))
    first = (await in_force(sessions, company, "sales"))[0]
    assert (first.id, first.value) == ("typed", Decimal("7.5"))


async def test_a_team_that_the_crm_has_never_heard_of_stays_without_figures(sessions: SessionMaker) -> None:
    """Rule 6: its figures are missing, not zero."""
    company = await make_small_company(sessions, 1, 2, teams_per_department=2, metrics=ALL)
    async with sessions() as session:
        unknown = (await session.exec(select(Person).where(col(Person.unit_id) == "d0001-t2"))).one()
        for table in (Deal, Payment):
            for row in (await session.exec(select(table).where(col(table.seller_id) == unknown.id))).all():
                await session.delete(row)
        await session.commit()
    await FigureActivities(sessions).fetch_figures(moment(company))
    assert {figure.team_id for figure in await in_force(sessions, company, "sales")} == {"d0001-t1"}


async def test_a_known_seller_without_a_deal_in_a_month_has_zero(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 1, 1, metrics=ALL)
    async with sessions() as session:
        deal = (await session.exec(select(Deal).order_by(col(Deal.won_on)).limit(1))).one()
        await session.delete(deal)
        await session.commit()
    await FigureActivities(sessions).fetch_figures(moment(company))
    first = (await in_force(sessions, company, "sales"))[0]
    assert (first.value, first.records) == (Decimal(0), 0)

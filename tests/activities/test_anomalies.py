"""Figures that stand out are found whenever figures come in, and kept (Rule 31)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlmodel import col, delete, select

from activities.figures import FigureActivities
from models.database import SessionMaker, writing
from models.evidence import Anomaly, AnomalyState, Explanation, Turn
from models.messages import DepartmentMoment
from models.months import month_after
from models.records import Deal
from quarterdeck.demo.small import SmallCompany, make_small_company

JANUARY = date(2055, 1, 1)
FEBRUARY_3 = datetime(2055, 2, 3, 2, tzinfo=UTC)


def deal(company: SmallCompany, person_id: str, month: date, amount: int) -> Deal:
    return Deal(
        id=f"{person_id}.{month}",
        company_id=company.company_id,
        number=f"{person_id}.{month}",
        seller_id=person_id,
        customer="客户",
        amount=Decimal(amount),
        won_on=month.replace(day=10),
    )


async def lived_through(sessions: SessionMaker, january: int) -> SmallCompany:
    """A department that sold 100,000 ± 5 % a person and month for two years, and `january` in January."""
    company = await make_small_company(sessions, 1, 4, metrics=("sales",))
    async with sessions() as session:
        await writing(session)
        await session.exec(delete(Deal))
        for number, person_id in enumerate(company.departments[0].people_ids):
            for back in range(1, 25):
                amount = 100_000 + 5_000 * ((number + back) % 3 - 1)
                session.add(deal(company, person_id, month_after(JANUARY, -back), amount))
            session.add(deal(company, person_id, JANUARY, january))
        await session.commit()
    return company


async def fetch(sessions: SessionMaker, company: SmallCompany) -> list[Anomaly]:
    moment = DepartmentMoment(
        company_id=company.company_id, cycle_id=company.cycle_id, department_id="d0001", now=FEBRUARY_3
    )
    await FigureActivities(sessions).fetch_figures(moment)
    async with sessions() as session:
        found = await session.exec(select(Anomaly).order_by(col(Anomaly.person_id), col(Anomaly.id)))
        return list(found.all())


async def test_a_drop_is_found_with_the_fetch_from_records_before_the_first_figure(
    sessions: SessionMaker,
) -> None:
    """The cycle's first month is held against the deals before it, though no figure was taken over then."""
    company = await lived_through(sessions, 20_000)
    found = await fetch(sessions, company)
    teams = [one for one in found if not one.person_id]
    assert {one.team_id for one in teams} == set(company.departments[0].team_ids)
    for one in found:
        assert (one.turn, one.month, one.state) == (Turn.DROP, JANUARY, AnomalyState.OPEN)
        assert one.months >= 12  # Only those in which they were there.
    heads = len(company.departments[0].people_ids) // len(teams)
    assert [one.value for one in teams] == [20_000 * heads] * len(teams)
    assert all(95_000 * heads <= one.usual <= 105_000 * heads for one in teams)


async def test_an_ordinary_month_is_not_marked(sessions: SessionMaker) -> None:
    assert await fetch(sessions, await lived_through(sessions, 96_000)) == []


async def test_a_second_fetch_finds_nothing_new_and_a_mended_figure_is_gone(sessions: SessionMaker) -> None:
    """An explanation stands as long as the value does; what is mended at its source stands out no more."""
    company = await lived_through(sessions, 20_000)
    first = await fetch(sessions, company)
    async with sessions() as session:
        await writing(session)
        row = await session.get_one(Anomaly, first[0].id)
        row.state, row.explanation, row.reason = AnomalyState.EXPLAINED, Explanation.ONE_OFF, "x"
        session.add(row)
        await session.commit()
    again = await fetch(sessions, company)
    assert [one.id for one in again] == [one.id for one in first]
    assert again[0].state is AnomalyState.EXPLAINED
    async with sessions() as session:
        await writing(session)
        for deal_of_january in (await session.exec(select(Deal).where(col(Deal.won_on) >= JANUARY))).all():
            deal_of_january.amount = Decimal(101_000)
            session.add(deal_of_january)
        await session.commit()
    assert {one.state for one in await fetch(sessions, company)} == {AnomalyState.GONE}

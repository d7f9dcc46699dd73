"""What stands behind a figure: its records, by whom and to the cent, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlmodel import col, select

from activities.figures import FigureActivities
from models.behind import Kind, Line, Scope, corrections, lines_of, made_of, parts_by, sums_of
from models.database import SessionMaker
from models.figures import replace_figures
from models.messages import DepartmentMoment
from models.metrics import Figure
from models.org import Person
from models.records import Deal
from models.sources import Source, SourceKind
from quarterdeck.demo.small import SmallCompany, make_small_company

NOW = datetime(2055, 4, 1, 2, tzinfo=UTC)
MONTHS = (date(2055, 1, 1), date(2055, 2, 1), date(2055, 3, 1))


async def fetched(sessions: SessionMaker) -> SmallCompany:
    """Make two teams of two, with a deal shared in an odd split, and take the quarter's figures over."""
    company = await make_small_company(sessions, 1, 4, teams_per_department=2)
    first, second = company.departments[0].people_ids[:2]
    async with sessions() as session:
        session.add(
            Source(id="erp", company_id=company.company_id, kind=SourceKind.DATABASE, name="ERP", created_at=NOW)
        )
        for number, (seller, part) in enumerate(((first, "33333.34"), (second, "66666.66"))):
            session.add(
                Deal(
                    id=f"shared-{number}",
                    company_id=company.company_id,
                    number="HT-1",
                    seller_id=seller,
                    customer="华北电力",
                    amount=Decimal(part),
                    share=Decimal("33.3333") if number == 0 else Decimal("66.6667"),
                    whole_amount=Decimal(100_000),
                    won_on=date(2055, 2, 28),
                    source_id="erp",
                    external_id=f"e-{number}",
                )
            )
        await session.commit()
    moment = DepartmentMoment(
        company_id=company.company_id, cycle_id=company.cycle_id, department_id="d0001", now=NOW
    )
    await FigureActivities(sessions).fetch_figures(moment)
    return company


def scope_of(company: SmallCompany, unit_id: str = "", *, months: tuple[date, ...] = MONTHS) -> Scope:
    whose = col(Figure.team_id) == unit_id if unit_id else col(Figure.department_id) == "d0001"
    return Scope(company.company_id, company.metric_ids["sales"], months, whose)


async def test_records_add_up_to_the_figure_to_the_cent(sessions: SessionMaker) -> None:
    """Rule 30; Rule 34: a deal shared by two counts once in their department, by its parts in their teams."""
    company = await fetched(sessions)
    async with sessions() as session:
        for scope in (scope_of(company), scope_of(company, "d0001-t1"), scope_of(company, months=MONTHS[1:2])):
            made, sums = await made_of(session, scope), await sums_of(session, scope)
            assert made is not None
            assert made.total == sums.amount
            assert sums.deals > 0
        february = await sums_of(session, scope_of(company, months=MONTHS[1:2]))
    assert february.deals == 4 + 2


async def test_every_record_has_its_line_with_seller_and_source(sessions: SessionMaker) -> None:
    company = await fetched(sessions)
    async with sessions() as session:
        found = await session.exec(lines_of(scope_of(company), Kind.DEALS))
        lines = [Line(*row) for row in found.all()]
        paid = [Line(*row) for row in (await session.exec(lines_of(scope_of(company), Kind.PAYMENTS))).all()]
    shared = [line for line in lines if isinstance(line.record, Deal) and line.record.number == "HT-1"]
    assert [line.source.name for line in shared if line.source] == ["ERP", "ERP"]
    assert len(lines) == 14
    assert all(
        line.seller and line.on in {*(date(2055, m, 15) for m in (1, 2, 3)), date(2055, 2, 28)} for line in lines
    )
    assert all(line.deal and line.deal.seller_id == line.record.seller_id for line in paid)


async def test_records_stay_with_the_team_in_which_they_were_made(sessions: SessionMaker) -> None:
    """Rule 12: who moves on leaves the past months' figures, and their records, behind."""
    company = await fetched(sessions)
    async with sessions() as session:
        before = await sums_of(session, scope_of(company, "d0001-t1"))
        mover = (await session.exec(select(Person).where(col(Person.unit_id) == "d0001-t1").limit(1))).one()
        mover.unit_id = "d0001-t2"
        await session.commit()
        assert await sums_of(session, scope_of(company, "d0001-t1")) == before
        parts = await parts_by(session, scope_of(company), col(Figure.team_id))
    assert [part.id for part in parts] == ["d0001-t1", "d0001-t2"]


async def test_a_correction_is_told_with_what_was_there_who_and_why(sessions: SessionMaker) -> None:
    """Rule 30."""
    company = await fetched(sessions)
    scope = scope_of(company, months=MONTHS[:1])
    async with sessions() as session:
        old = (await session.exec(select(Figure).where(scope.in_force).limit(1))).one()
        new = Figure(**{**old.model_dump(), "id": "new", "value": Decimal("1.25"), "source": "person"})
        new.entered_by, new.reason, new.at = company.hr_id, "合同补录", datetime(2055, 4, 2, tzinfo=UTC)
        await replace_figures(session, [(new, old)])
        await session.commit()
        (told,) = await corrections(session, scope)
        made = await made_of(session, scope)
        untyped = await sums_of(session, scope, typed=False)
    assert (told.before.id, told.after.value, told.after.reason) == (old.id, Decimal("1.25"), "合同补录")
    assert told.by
    assert made is not None
    assert (made.typed, made.typed_total) == (1, Decimal("1.25"))
    assert untyped.amount == made.total - made.typed_total


async def test_nothing_is_made_of_nothing(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 1, 1)
    async with sessions() as session:
        assert await made_of(session, scope_of(company)) is None
        assert (await sums_of(session, scope_of(company))).deals == 0

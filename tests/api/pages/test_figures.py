"""From any figure on a page two clicks lead to what stands behind it; and it can be put right (Rule 30)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlmodel import col, select

from activities.figures import FigureActivities
from models.changes import Change, Subject
from models.cycles import CycleDepartment
from models.database import writing
from models.messages import DepartmentMoment
from models.metrics import Figure, Score, ScoreLine
from models.records import Deal, Payment, Visit
from models.sources import Source, SourceKind
from models.stages import Stage, TaskKind
from tests.api.pages.place import Place
from tests.api.pages.standings import half_way, to
from tests.api.pages.test_my_department import words

APRIL = datetime(2055, 4, 1, 2, tzinfo=UTC)


async def fetched(place: Place) -> None:
    """Take the quarter's figures over from the CRM, and move the clock behind it."""
    for department in place.company.departments:
        moment = DepartmentMoment(
            company_id=place.company.company_id,
            cycle_id=place.company.cycle_id,
            department_id=department.id,
            now=APRIL,
        )
        await FigureActivities(place.sessions).fetch_figures(moment)
    await to(place, APRIL)


def address(place: Place, metric: str = "sales", *, person: int = 0, month: str = "") -> str:
    whose = place.company.departments[0].people_ids[person]
    query = f"?cycle={place.company.cycle_id}" + (f"&month={month}" if month else "")
    return f"/figures/person/{whose}/{place.company.metric_ids[metric]}{query}"


def links(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="(/figures/[^"]+)"', page)]


async def test_a_click_on_a_figure_of_my_department_shows_its_deals(place: Place) -> None:
    """Rule 30: the department's sum, its teams, a person: each leads on, and the records add up to it."""
    await fetched(place)
    browser = await place.director()
    await browser.open("/my-department")
    found = links(browser.page)
    assert len([one for one in found if "/unit/d0001/" in one]) == 2
    assert len([one for one in found if "/unit/d0001-t" in one]) == 2
    assert len([one for one in found if "/person/" in one]) == 4
    for one in found[:1] + found[2:]:
        assert (await browser.open(one)).status_code == 200
        said = words(browser.page)
        assert "exactly the figure" in said
        assert "客户1" in said
        assert "small-p" in said  # The contract's number.


async def test_the_page_of_a_figure_says_how_it_was_worked_out(place: Place) -> None:
    await fetched(place)
    browser = await place.director("zh")
    async with place.sessions() as session:
        person = place.company.departments[0].people_ids[0]
        deals = (await session.exec(select(Deal).where(col(Deal.seller_id) == person))).all()
    total = sum(deal.amount for deal in deals)
    await browser.open(address(place))
    said = words(browser.page)
    assert "合计：" in said
    assert f"{total:,.0f}元" in said
    await browser.open(address(place, month="2055-01"))
    assert "1 笔成交的金额合计" in words(browser.page)
    assert "系统采集，无人工录入" in words(browser.page)
    await browser.open(address(place, "collection", month="2055-02"))
    assert "9,000元 ÷ 10,000元 × 100 = 90%" in words(browser.page)
    assert "到期 10,000元 · 已回 9,000元" in words(browser.page)


async def test_shares_currencies_check_ins_and_sources_stand_on_the_lines(place: Place) -> None:
    """Rules 30 and 34: the share of the whole, the amount in its own currency, the source's own id."""
    person = place.company.departments[0].people_ids[0]
    await place.add(
        Source(id="sf", company_id="small", kind=SourceKind.SALESFORCE, name="销售云", created_at=APRIL),
        Deal(
            id="usd",
            company_id="small",
            number="C-77",
            seller_id=person,
            customer="Acme",
            amount=Decimal("7100.50"),
            currency="USD",
            original_amount=Decimal(1000),
            rate_on=datetime(2055, 3, 2).date(),
            share=Decimal(60),
            whole_amount=Decimal("11834.17"),
            won_on=datetime(2055, 3, 2).date(),
            source_id="sf",
            external_id="0066F00001",
            fetched_at=APRIL,
        ),
        Visit(
            id="v",
            company_id="small",
            seller_id=person,
            customer="Acme",
            visited_on=datetime(2055, 3, 1).date(),
            checked_in_at=datetime(2055, 3, 1, 1, 30, tzinfo=UTC),
            place="上海张江",
            project="交换机",
        ),
    )
    await fetched(place)
    browser = await place.director()
    await browser.open(address(place, month="2055-03"))
    said = words(browser.page)
    assert "¥7,100.5 60% of ¥11,834.17 from $1,000, rate of 2 Mar 2055" in said
    assert "销售云 0066F00001" in said
    assert "has not been read yet" in said
    await browser.open(address(place, month="2055-03") + "&records=visits")
    assert "09:30 上海张江" in words(browser.page)


async def erp_read(place: Place, at: datetime, seller_id: str) -> None:
    """A source that is to be read every two days, with one deal of a seller."""
    await place.add(
        Source(id="erp", company_id="small", kind=SourceKind.DATABASE, name="ERP", created_at=at, fetched_at=at),
        Deal(
            id="of-erp",
            company_id="small",
            number="HT-1",
            seller_id=seller_id,
            customer="Acme",
            amount=Decimal(1000),
            won_on=datetime(2055, 3, 2).date(),
            source_id="erp",
            fetched_at=at,
        ),
    )


async def test_old_figures_say_their_age_wherever_a_director_meets_them(place: Place) -> None:
    """The figure, the department and the submission: the last good ones stay, and how old they are is said."""
    people = place.company.departments[0].people_ids
    await erp_read(place, APRIL - timedelta(days=6), people[0])
    task = await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=date(2055, 3, 1))
    await fetched(place)
    browser = await place.director("zh")
    for one in (address(place, month="2055-03"), "/my-department", f"/tasks/{task.id}"):
        await browser.open(one)
        assert "ERP 上次采集是在6天前" in words(browser.page), one


@pytest.mark.parametrize(("days", "department"), [(1, 0), (6, 1)], ids=["read-yesterday", "of-another-department"])
async def test_of_sources_that_are_fresh_or_of_others_nothing_is_said(
    place: Place, days: int, department: int
) -> None:
    await erp_read(place, APRIL - timedelta(days=days), place.company.departments[department].people_ids[0])
    task = await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=date(2055, 3, 1))
    await fetched(place)
    browser = await place.director()
    for one in ("/my-department", f"/tasks/{task.id}"):
        await browser.open(one)
        assert "was last read" not in words(browser.page), one


async def test_many_records_come_in_pages_and_none_twice(place: Place) -> None:
    person = place.company.departments[0].people_ids[0]
    await place.add(
        *(
            Payment(
                id=f"many-{number:03}",
                company_id="small",
                deal_id="x",
                seller_id=person,
                due_on=datetime(2055, 1, 1 + number % 20).date(),
                due=Decimal(1),
                paid=Decimal(1),
            )
            for number in range(120)
        )
    )
    await fetched(place)
    browser = await place.director()
    seen: list[str] = []
    here = address(place, "collection", month="2055-01")
    for _ in range(4):
        await browser.open(here)
        seen += re.findall(r">(many-\d+)", browser.page)
        following = re.search(r'href="([^"]*after=[^"#]+)', browser.page.split("To the first")[-1])
        if not following:
            break
        here = unescape(following[1])
    assert len(seen) == len(set(seen)) == 120


async def test_figures_of_tasks_and_of_results_lead_there_too(place: Place) -> None:
    """Rule 30: what a director hands in, and each line of a calculation."""
    await fetched(place)
    department = place.company.departments[0]
    task = await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=datetime(2055, 1, 1).date())
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    found = links(browser.page)
    assert any("month=2055-01" in one and "/unit/d0001-t1/" in one for one in found)
    keys: dict[str, Any] = {"cycle_id": place.company.cycle_id, "person_id": department.people_ids[0]}
    metric_id = place.company.metric_ids["sales"]
    hundred = Decimal(100)
    await place.add(
        Score(**keys, department_id=department.id, total=hundred, band="x", scored_at=APRIL, scorecard_id="x"),
        ScoreLine(
            **keys,
            metric_id=metric_id,
            weight=hundred,
            effective_weight=hundred,
            target=hundred,
            actual=hundred,
            attainment=hundred,
            counted=hundred,
            points=hundred,
        ),
    )
    approving = await place.open_task(TaskKind.APPROVE_RESULTS, Stage.APPROVAL)
    await browser.open(f"/tasks/{approving.id}")
    assert any("/person/" in one for one in links(browser.page))


async def test_the_overview_leads_to_divisions(place: Place) -> None:
    await fetched(place)
    browser = await place.signed_in("ceo", "zh")
    await browser.open("/overview")
    (division,) = [one for one in links(browser.page) if "/unit/v1/" in one]
    await browser.open(division)
    assert words(browser.page).count("销售1部") == 1
    assert "完全一致" in browser.page


async def test_a_figure_without_records_says_who_handed_it_in(place: Place) -> None:
    await half_way(place)
    browser = await place.director()
    await browser.open(address(place, "satisfaction").replace("/person/p00010", "/person/p00010"))
    said = words(browser.page)
    assert "no records: handed in by people" in said
    assert "The records behind it" not in said


@pytest.mark.parametrize(
    "wrong",
    ["/figures/person/nobody/small-sales", "/figures/unit/d0002/small-sales", "/figures/team/d0001/small-sales"],
)
async def test_somebody_elses_figure_is_not_there(place: Place, wrong: str) -> None:
    """Rule 50."""
    browser = await place.director()
    assert (await browser.open(wrong)).status_code == 404
    assert (await browser.open(address(place, "sales", month="2054-12"))).status_code == 404


async def test_a_correction_keeps_the_original_and_is_on_record(place: Place) -> None:
    """Rule 30: who, why, the value before; in the audit, and in the department's history."""
    await fetched(place)
    browser = await place.director()
    await browser.open(address(place, month="2055-01"))
    (form,) = {one for one in links(browser.page) if "/correct" in one}
    await browser.open(form)
    answer = await browser.send(form, once="1", value="123,456.78", reason="合同HT-9漏录")
    assert answer.status_code == 200
    said = words(browser.page)
    assert "¥123,456.78" in said
    assert "合同HT-9漏录" in said
    assert "1 figure handed in" in said or "typed in" in said
    async with place.sessions() as session:
        (change,) = (await session.exec(select(Change).where(col(Change.subject) == Subject.FIGURE))).all()
        figure = (await session.exec(select(Figure).where(col(Figure.reason) != ""))).one()
        before = (await session.exec(select(Figure).where(col(Figure.replaced_by) == figure.id))).one()
    assert (change.by_id, change.after["reason"]) == (place.company.departments[0].director_id, "合同HT-9漏录")
    assert Decimal(change.before["value"]) == before.value
    assert (figure.source, before.source) == ("person", "crm")
    await browser.open(f"/cycles/{place.company.cycle_id}/departments/d0001")
    assert re.search(
        r"corrected a figure: \S+ Sales January 2055 ¥[\d,.]+ → ¥123,456.78 合同HT-9漏录", words(browser.page)
    )
    await fetched_again(place)
    await browser.open(address(place, month="2055-01"))
    assert "¥123,456.78" in words(browser.page)


async def fetched_again(place: Place) -> None:
    moment = DepartmentMoment(
        company_id=place.company.company_id, cycle_id=place.company.cycle_id, department_id="d0001", now=APRIL
    )
    await FigureActivities(place.sessions).fetch_figures(moment)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"value": "many", "reason": "x"}, "is no number"),
        ({"value": "5", "reason": ""}, "Please fill"),
        ({"value": "150", "reason": "x"}, "between 0 and 100"),
        ({"value": "90", "reason": "x"}, "stands there already"),
    ],
)
async def test_a_wrong_correction_is_refused_beside_its_field(
    place: Place, typed: dict[str, str], said: str
) -> None:
    await fetched(place)
    browser = await place.director()
    path, _, query = address(place, "collection").partition("?")
    answer = await browser.send(f"{path}/2055-01/correct?{query}", once="1", **typed)
    assert answer.status_code in (409, 422)
    assert said in words(browser.page)
    async with place.sessions() as session:
        await writing(session)
        assert not (await session.exec(select(Change))).all()


async def test_a_figure_that_results_are_made_of_is_settled(place: Place) -> None:
    """Rule 1: what comes after is not changed behind people's backs."""
    await fetched(place)
    await place.change(CycleDepartment, (place.company.cycle_id, "d0001"), stage=Stage.APPROVAL)
    browser = await place.director()
    await browser.open(address(place, month="2055-01"))
    assert "/correct" not in browser.page
    path, _, query = address(place).partition("?")
    assert (await browser.open(f"{path}/2055-01/correct?{query}")).status_code == 409

"""The demo company adds up: people, reporting lines, weights, targets, and what its CRM saw."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TypeVar, cast

import phonenumbers
import pytest
from argon2 import PasswordHasher
from sqlmodel import SQLModel, col, func, select

from activities.figures import FigureActivities
from api.launch_check import problems_with
from models.cycles import Cycle
from models.database import SessionMaker, connect, session_maker, table_of
from models.errors import Refusal
from models.evidence import Anomaly, AnomalyState, Turn
from models.messages import DepartmentMoment
from models.metrics import Metric, Scorecard, ScorecardLine, Target
from models.org import Account, Deputy, Person, Unit, deputy_of
from models.records import Deal, Payment, Visit, WorkHours, WorkKind
from models.stages import CycleState, Role, UnitKind
from quarterdeck.demo.company import PASSWORD, DemoCompany, find_company, make_company, next_quarter
from quarterdeck.demo.rows import ORDER
from quarterdeck.demo.shares import shared_out
from quarterdeck.demo.staff import LEAD, REPRESENTATIVE
from rules.calendar import WorkCalendar

pytestmark = pytest.mark.xdist_group("demo company")  # They share the company: it takes seconds to make.
TODAY = date(2026, 11, 23)
ONE_HUNDRED_MILLION = Decimal(100_000_000)
Row = TypeVar("Row", bound=SQLModel)


@dataclass
class Made:
    """The demo company and everything that was written of it."""

    demo: DemoCompany
    sessions: SessionMaker
    read: dict[type[SQLModel], Sequence[SQLModel]] = field(default_factory=dict)

    async def all(self, table: type[Row]) -> list[Row]:
        if table not in self.read:
            async with self.sessions() as session:
                self.read[table] = (await session.exec(select(table))).all()
        return cast("list[Row]", self.read[table])


@pytest.fixture(scope="module")
async def made(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Made]:
    file = tmp_path_factory.mktemp("demo") / "quarterdeck.db"
    shutil.copy(sqlite_template, file)
    engine = connect(f"sqlite+aiosqlite:///{file}")
    sessions = session_maker(engine)
    yield Made(await make_company(sessions, today=TODAY), sessions)
    await engine.dispose()


async def test_it_has_1200_people_in_60_departments_of_4_divisions(made: Made) -> None:
    people, units = await made.all(Person), await made.all(Unit)
    assert len(people) == 1_200
    kinds = Counter(unit.kind for unit in units)
    assert (kinds[UnitKind.COMPANY], kinds[UnitKind.DIVISION], kinds[UnitKind.DEPARTMENT]) == (1, 4, 60)
    teams = Counter(unit.parent_id for unit in units if unit.kind is UnitKind.TEAM)
    assert len(teams) == 60
    assert set(teams.values()) <= {2, 3, 4}


async def test_everybody_can_be_written_to_and_confirm_themselves(made: Made) -> None:
    people = await made.all(Person)
    for unique in ("id", "staff_no", "email", "phone"):
        assert len({getattr(person, unique) for person in people}) == len(people), unique
    for person in people:
        assert person.email.endswith(".example")
        assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone))
        assert person.staff_no[-4:].isdigit()
        assert person.joined_on
        assert person.joined_on < TODAY


async def test_every_line_of_reporting_ends_at_the_top(made: Made) -> None:
    superiors = {person.id: person.superior_id for person in await made.all(Person)}
    lengths = set()
    for person_id in superiors:
        line = [person_id]
        while above := superiors[line[-1]]:
            assert above not in line
            line.append(above)
        lengths.add(len(line))
    assert [person for person, above in superiors.items() if above is None] == ["demo-p00001"]
    assert lengths == {1, 2, 3, 4, 5}


async def test_every_unit_has_a_head_who_answers_to_the_unit_above(made: Made) -> None:
    units = {unit.id: unit for unit in await made.all(Unit)}
    people = {person.id: person for person in await made.all(Person)}
    for unit in units.values():
        head = people[unit.head_id or ""]
        assert head.unit_id == unit.id
        if unit.parent_id:
            assert head.superior_id == units[unit.parent_id].head_id


async def test_weights_of_every_scorecard_add_to_100(made: Made) -> None:
    """Rule 42: weights add to 100 exactly. Rule 39: juniors weigh new customers, seniors large orders."""
    weights: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for line in await made.all(ScorecardLine):
        weights[line.scorecard_id][line.metric_id] = line.weight
    assert {sum(lines.values()) for lines in weights.values()} == {Decimal(100)}
    assert weights["demo-card-p4"]["demo-new_customers"] > weights["demo-card-p7"]["demo-new_customers"]
    assert weights["demo-card-p4"]["demo-average_deal"] < weights["demo-card-p7"]["demo-average_deal"]
    cards = {(card.post, card.grade) for card in await made.all(Scorecard)}
    assert {(p.post, p.grade) for p in await made.all(Person) if p.is_scored} <= cards


async def test_100_million_reach_the_people_without_losing_a_cent(made: Made) -> None:
    """Rules 15, 16: at each node the children add up to the parent exactly."""
    units = {unit.id: unit for unit in await made.all(Unit)}
    summed = [m for m in await made.all(Metric) if m.code in ("sales", "new_customers")]
    targets = await made.all(Target)
    for metric in summed:
        of_units = {t.unit_id: t.value for t in targets if t.metric_id == metric.id and not t.person_id}
        below: dict[str | None, Decimal] = defaultdict(Decimal)
        for unit_id, value in of_units.items():
            below[units[unit_id].parent_id] += value
        for target in targets:
            if target.metric_id == metric.id and target.person_id:
                below[target.unit_id] += target.value
        assert len(of_units) == len(units)
        assert below[None] == of_units["demo-hq"]
        assert {unit_id: below[unit_id] for unit_id in of_units} == of_units
    assert next(t.value for t in targets if t.id == f"{made.demo.cycle_id}-demo-hq-sales") == ONE_HUNDRED_MILLION


async def test_everybody_scored_has_a_positive_target_for_every_metric_and_an_initiative(made: Made) -> None:
    metrics = {metric.id for metric in await made.all(Metric)}
    by_person: dict[str, set[str]] = defaultdict(set)
    for target in await made.all(Target):
        assert target.value > 0
        assert target.initiative
        by_person[target.person_id].add(target.metric_id)
    scored = {p.id for p in await made.all(Person) if p.is_scored}
    assert len(metrics) == 6
    assert all(by_person[person_id] == metrics for person_id in scored)
    assert by_person.keys() - scored == {""}


async def test_the_cycle_is_a_draft_of_the_quarter_that_begins_next(made: Made) -> None:
    (cycle,) = await made.all(Cycle)
    assert cycle.id == made.demo.cycle_id == "demo-2027-q1"
    assert (cycle.starts_on, cycle.ends_on) == (date(2027, 1, 1), date(2027, 3, 31))
    assert cycle.state is CycleState.DRAFT
    terms = cycle.the_terms()
    assert [month.month for month in terms.months] == [date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)]
    assert TODAY < terms.targets_due_on < terms.months[0].due_on < terms.approvals_due_on[0]


@pytest.mark.parametrize(
    ("today", "begins"),
    [
        (date(2026, 11, 23), date(2027, 1, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
        (date(2027, 1, 1), date(2027, 4, 1)),
        (date(2027, 8, 15), date(2027, 10, 1)),
    ],
)
def test_the_next_quarter_begins_after_today(today: date, begins: date) -> None:
    assert next_quarter(today) == begins


async def test_the_crm_knows_twelve_quarters_and_the_one_to_come(made: Made) -> None:
    deals = await made.all(Deal)
    quarters = {(deal.won_on.year, (deal.won_on.month + 2) // 3) for deal in deals}
    assert quarters == {(year, q) for year in (2024, 2025, 2026) for q in (1, 2, 3, 4)} | {(2027, 1)}
    joined = {person.id: person.joined_on for person in await made.all(Person)}
    assert all(deal.won_on > (joined[deal.seller_id] or deal.won_on) for deal in deals)
    assert all(deal.won_on.weekday() < 5 for deal in deals)


async def test_every_deal_has_one_payment_that_is_never_more_than_is_due(made: Made) -> None:
    deals = {deal.id: deal for deal in await made.all(Deal)}
    payments = await made.all(Payment)
    assert all(0 <= payment.paid <= payment.due == deals[payment.deal_id].amount for payment in payments)
    assert all((payment.paid > 0) == (payment.paid_on is not None) for payment in payments)
    assert sorted(payment.deal_id for payment in payments) == sorted(deals)


async def test_few_sell_much_newcomers_little_and_december_more_than_february(made: Made) -> None:
    deals = [deal for deal in await made.all(Deal) if deal.won_on.year == 2026]
    sold: dict[str, Decimal] = defaultdict(Decimal)
    monthly: dict[int, Decimal] = defaultdict(Decimal)
    for deal in deals:
        sold[deal.seller_id] += deal.amount
        monthly[deal.won_on.month] += deal.amount
    best = sorted(sold.values(), reverse=True)
    share_of_best_fifth = sum(best[: len(best) // 5]) / sum(best)
    assert Decimal("0.35") < share_of_best_fifth < Decimal("0.65")
    assert monthly[12] > 2 * monthly[2]
    joined = {person.id: person.joined_on or TODAY for person in await made.all(Person)}
    new = [amount for seller, amount in sold.items() if joined[seller] >= date(2026, 1, 1)]
    assert sum(new) / len(new) < sum(best) / len(best) / 2


async def test_results_come_near_the_targets_without_all_meeting_them(made: Made) -> None:
    sold: dict[str, Decimal] = defaultdict(Decimal)
    for deal in await made.all(Deal):
        if deal.won_on >= made.demo.starts_on:
            sold[deal.seller_id] += deal.amount
    reached = [
        sold[target.person_id] / target.value
        for target in await made.all(Target)
        if target.person_id in sold and target.metric_id == "demo-sales"
    ]
    mean = sum(reached) / len(reached)
    above = sum(value >= 1 for value in reached) / len(reached)
    assert Decimal("0.85") < mean < Decimal("1.05")
    assert 0.2 < above < 0.6
    assert max(reached) < 2


async def test_a_customer_is_new_to_a_seller_once(made: Made) -> None:
    new = Counter(deal.customer for deal in await made.all(Deal) if deal.is_new_customer)
    assert set(new.values()) == {1}


async def test_the_planted_faults_are_there(made: Made) -> None:
    faults = {fault.kind: fault.subject_id for fault in made.demo.faults}
    silent_team = {p.id for p in await made.all(Person) if p.unit_id == faults["figures-missing"]}
    assert silent_team
    assert not [deal for deal in await made.all(Deal) if deal.seller_id in silent_team]
    assert not [payment for payment in await made.all(Payment) if payment.seller_id in silent_team]
    assert not [visit for visit in await made.all(Visit) if visit.seller_id in silent_team]
    (cycle,) = await made.all(Cycle)
    async with made.sessions() as session:
        deputy = await deputy_of(session, faults["director-on-leave"], cycle.the_terms().targets_due_on)
        vice = await session.get_one(Unit, "demo-v3")
    assert deputy
    assert vice.head_id == faults["superior-silent"]
    assert len(await made.all(Deputy)) == 1


async def test_all_others_won_a_deal_in_each_month_of_the_quarter(made: Made) -> None:
    """Rule 6: but for the planted fault, no figure of the CRM is missing."""
    (team_id,) = (fault.subject_id for fault in made.demo.faults if fault.kind == "figures-missing")
    sellers = {p.id for p in await made.all(Person) if p.is_scored and p.unit_id != team_id}
    months = {1, 2, 3}
    won = {(d.seller_id, d.won_on.month) for d in await made.all(Deal) if d.won_on >= made.demo.starts_on}
    due = {
        (p.seller_id, p.due_on.month)
        for p in await made.all(Payment)
        if made.demo.starts_on <= p.due_on <= made.demo.ends_on
    }
    assert won == {(seller, month) for seller in sellers for month in months}
    assert due == won


async def test_the_sign_ins_open_the_right_accounts(made: Made) -> None:
    accounts = {account.user_name: account for account in await made.all(Account)}
    people = {person.id: person for person in await made.all(Person)}
    assert accounts.keys() == {sign_in.user_name for sign_in in made.demo.sign_ins}
    for sign_in in made.demo.sign_ins:
        account = accounts[sign_in.user_name]
        assert account.person_id == sign_in.person_id
        assert people[account.person_id].name == sign_in.name
        assert account.roles == list(sign_in.roles)
    assert PasswordHasher().verify(accounts["hr"].password_hash, PASSWORD)
    assert accounts["hr"].has(Role.HR_ADMIN)
    assert accounts["ceo"].has(Role.EXECUTIVE)
    assert accounts["auditor"].has(Role.AUDITOR)
    assert people[accounts["director"].person_id].post == "销售总监"
    assert people[accounts["employee"].person_id].post == REPRESENTATIVE
    assert people[accounts["deputy"].person_id].post == LEAD


async def test_a_second_start_finds_the_same_company_and_a_second_making_is_refused(made: Made) -> None:
    assert await find_company(made.sessions) == made.demo
    with pytest.raises(Refusal, match="company-exists"):
        await make_company(made.sessions, today=TODAY)


async def test_before_the_first_start_there_is_no_company(some_sessions: SessionMaker) -> None:
    assert await find_company(some_sessions) is None


async def test_the_same_seed_makes_the_same_company_on_either_database(made: Made, sessions: SessionMaker) -> None:
    assert await make_company(sessions, today=TODAY) == made.demo
    for table in ORDER:
        if table is not Account:  # A password's salt is never the same.
            assert await rows_of(sessions, table) == await rows_of(made.sessions, table), table


async def rows_of(sessions: SessionMaker, of: type[SQLModel]) -> list[tuple[object, ...]]:
    """Return a table's rows in the order of their keys."""
    table = table_of(of)
    async with sessions() as session:
        rows = [tuple(row) for row in await (await session.connection()).execute(table.select())]
    places = [number for number, column in enumerate(table.columns) if column.primary_key]
    return sorted(rows, key=lambda row: [row[place] for place in places])


async def test_another_seed_makes_another_company(made: Made, some_sessions: SessionMaker) -> None:
    other = await make_company(some_sessions, today=TODAY, seed=1, company_id="other")
    assert other.company_id == "other"
    async with some_sessions() as session:
        names = list((await session.exec(select(Person.name).order_by(col(Person.id)))).all())
        total = await session.exec(
            select(func.sum(col(Target.value))).where(
                col(Target.metric_id) == "other-sales", col(Target.person_id) != ""
            )
        )
        assert total.one() == ONE_HUNDRED_MILLION
    assert names != [person.name for person in sorted(await made.all(Person), key=lambda person: person.id)]


def test_what_rounding_leaves_over_goes_to_the_largest_remainders() -> None:
    """Rule 16: the children add up to the parent."""
    assert shared_out(10_000, [1, 1, 1]) == [3_334, 3_333, 3_333]
    assert shared_out(1_000, [3, 2, 2], step=100) == [400, 300, 300]
    assert shared_out(10, [2, 1, 1], least=[2, 2, 2]) == [4, 3, 3]


def test_a_whole_that_does_not_divide_into_the_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be shared out"):
        shared_out(1_050, [1, 1], step=100)
    with pytest.raises(ValueError, match="cannot be shared out"):
        shared_out(3, [1, 1], least=[2, 2])


async def test_its_draft_can_be_launched_with_nothing_to_mend(made: Made) -> None:
    """What is planted goes wrong in the quarter, not before it."""
    now = datetime.combine(TODAY, time(2), UTC)
    async with made.sessions() as session:
        cycle = await session.get_one(Cycle, made.demo.cycle_id)
        found = {problem.code for problem in await problems_with(session, cycle, now)}
    assert found <= {"deadline-moved", "holidays-unknown"}


async def test_hours_and_check_ins_are_plausible(made: Made) -> None:
    """Rule 33: eight hours a working day, selling near seven tenths; most visits, not all, have a check-in."""
    hours = await made.all(WorkHours)
    selling = sum(one.hours for one in hours if one.kind is WorkKind.SELLING) / sum(one.hours for one in hours)
    assert Decimal("0.66") < selling < Decimal("0.74")
    weeks: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for one in hours:
        weeks[one.seller_id, one.worked_on] += one.hours
    assert max(weeks.values()) == 40
    assert all(week % 8 == 0 for week in weeks.values())
    assert all(WorkCalendar().is_working(day) for _, day in weeks)
    visits = await made.all(Visit)
    checked_in = [visit for visit in visits if visit.checked_in_at]
    assert 0.8 < len(checked_in) / len(visits) < 0.95
    assert all(visit.place and visit.checked_out_at for visit in checked_in)


async def test_the_planted_drop_stands_out_and_little_else_does(made: Made) -> None:
    """Rule 31: after the first month the team is marked, with the people in it; others hardly."""
    (team_id,) = (fault.subject_id for fault in made.demo.faults if fault.kind == "sales-dropped")
    async with made.sessions() as session:
        team = await session.get_one(Unit, team_id)
    moment = DepartmentMoment(
        company_id=made.demo.company_id,
        cycle_id=made.demo.cycle_id,
        department_id=team.parent_id or "",
        now=datetime(2027, 2, 1, 2, tzinfo=UTC),
    )
    await FigureActivities(made.sessions).fetch_figures(moment)
    found = await made.all(Anomaly)
    (point,) = [one for one in found if (one.team_id, one.metric_id, one.person_id) == (team_id, "demo-sales", "")]
    assert (point.turn, point.state) == (Turn.DROP, AnomalyState.OPEN)
    assert point.value < point.usual / 2
    assert len([one for one in found if one.team_id != team_id]) <= 3

"""The demo company: 1,200 people in 60 departments, its CRM, its targets, and a few planted faults.

Everything follows from a seed and the quarter: the same seed makes the same company, person by
person and deal by deal. Only the salts of passwords differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from argon2 import PasswordHasher
from sqlmodel import col, select

from models.cycles import Cycle
from models.database import SessionMaker, writing
from models.errors import Refusal
from models.metrics import Target
from models.months import month_after, quarter_in_chinese
from models.org import Account, Company, Deputy, Person
from models.records import Deal, Payment, Visit, WorkHours
from models.stages import Role, UnitKind
from quarterdeck.demo.attendance import check_in, hours_of
from quarterdeck.demo.crm import Crm, Market
from quarterdeck.demo.goals import GOAL, Cascade, metrics_of, scorecards_of
from quarterdeck.demo.legacy import FOLDER, legacy_source, write_contracts
from quarterdeck.demo.losses import lose_most
from quarterdeck.demo.market import Customers
from quarterdeck.demo.past import fetch_last_quarter
from quarterdeck.demo.rows import Row, Rows
from quarterdeck.demo.staff import Staff, StaffMaker
from rules.calendar import WorkCalendar
from rules.plan import default_terms, months_between

COMPANY_ID = "demo"
SEED = 20_270_101
QUARTERS_OF_HISTORY = 12
EXPECTED_ATTAINMENT = 0.97
MISSING, ON_LEAVE, SILENT, DROPPED = 4, 15, 2, 0
"""Which department has a team without figures, whose director is on leave, which division's head is silent, and
which department has a team whose sales drop."""
PASSWORD = "quarterdeck-demo"  # noqa: S105 - printed with the sign-ins; there is nothing to protect.


@dataclass(frozen=True)
class SignIn:
    user_name: str
    password: str
    person_id: str
    name: str
    post: str
    good_for: str
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True)
class PlantedFault:
    """Something that goes wrong on purpose, so that the ladder and the gates have work."""

    kind: str
    """figures-missing, director-on-leave, superior-silent, sales-dropped"""
    subject_id: str
    what: str


@dataclass(frozen=True)
class DemoCompany:
    company_id: str
    cycle_id: str
    cycle_name: str
    starts_on: date
    ends_on: date
    hr_owner_id: str
    sign_ins: tuple[SignIn, ...]
    faults: tuple[PlantedFault, ...]


@dataclass(frozen=True)
class Made:
    """The company before it is written: who there is, and what is told about it."""

    staff: Staff
    random: Random
    demo: DemoCompany


async def make_company(
    sessions: SessionMaker,
    *,
    today: date,
    seed: int = SEED,
    company_id: str = COMPANY_ID,
    sources: Path | None = None,
) -> DemoCompany:
    """Make the demo company with a draft cycle of the quarter that begins next after `today`.

    Files of the team that the CRM does not know are written below `sources`, where it is given.

    Raises:
        Refusal: `company-exists`.
    """
    async with sessions() as session:
        if await session.get(Company, company_id):
            raise Refusal("company-exists", company_id=company_id)
    made = _make(seed, company_id, next_quarter(today))
    rows = Rows()
    _add_company(rows, made)
    _add_cycle(rows, made, today)
    unknown = _add_crm(rows, made)
    if sources:
        _add_legacy(rows, made, unknown, sources, today)
    async with sessions() as session:
        await writing(session)
        await rows.write(session)
        await session.commit()
    await fetch_last_quarter(sessions, made.demo.cycle_id, today)
    return made.demo


async def find_company(
    sessions: SessionMaker, *, seed: int = SEED, company_id: str = COMPANY_ID
) -> DemoCompany | None:
    """Return the demo company made before from this seed, for its sign-ins; None where there is none."""
    first = select(col(Cycle.starts_on)).where(col(Cycle.company_id) == company_id).order_by(col(Cycle.starts_on))
    async with sessions() as session:
        starts_on = (await session.exec(first)).first()
    return _make(seed, company_id, starts_on).demo if starts_on else None


def next_quarter(today: date) -> date:
    """Return the first day of the quarter that begins next after `today`."""
    return month_after(today, 3 - (today.month - 1) % 3)


def _make(seed: int, company_id: str, starts_on: date) -> Made:
    random = Random(seed)  # noqa: S311 - the same company again is what is wanted.
    staff = StaffMaker(random, company_id, starts_on).make()
    quarter = (starts_on.month + 2) // 3
    demo = DemoCompany(
        company_id=company_id,
        cycle_id=f"{company_id}-{starts_on.year}-q{quarter}",
        cycle_name=quarter_in_chinese(starts_on),
        starts_on=starts_on,
        ends_on=month_after(starts_on, 3) - timedelta(days=1),
        hr_owner_id=staff.who_is("绩效经理").id,
        sign_ins=_sign_ins(staff),
        faults=_faults(staff),
    )
    return Made(staff, random, demo)


def _sign_ins(staff: Staff) -> tuple[SignIn, ...]:
    def sign_in(user_name: str, person: Person, good_for: str, *roles: Role) -> SignIn:
        return SignIn(user_name, PASSWORD, person.id, person.name, person.post, good_for, roles)

    division, department = staff.units_of(UnitKind.DIVISION)[0], staff.units_of(UnitKind.DEPARTMENT)[0]
    on_leave = staff.units_of(UnitKind.DEPARTMENT)[ON_LEAVE]
    return (
        sign_in("hr", staff.who_is("绩效经理"), "发起、暂停、发布绩效周期；查看全部进度", Role.HR_ADMIN),
        sign_in("director", staff.headed(department), f"{department.name}：确认目标、提交数据、审批结果"),
        sign_in("vp", staff.headed(division), f"{division.name}：处理升级的任务、审批结果"),
        sign_in("ceo", staff.who_is("总裁"), "查看全公司；处理升级到顶的任务", Role.EXECUTIVE),
        sign_in("auditor", staff.who_is("内部审计"), "查看一切，不能修改", Role.AUDITOR),
        sign_in("employee", staff.member_of(department), "查看自己的目标与结果"),
        sign_in("deputy", staff.deputy_of(on_leave), f"{on_leave.name}总监休假期间代为处理"),
        sign_in("finance", staff.who_is("财务总监"), "查看，无待办"),
    )


def _faults(staff: Staff) -> tuple[PlantedFault, ...]:
    departments = staff.units_of(UnitKind.DEPARTMENT)
    silent, missing, on_leave = (
        staff.units_of(UnitKind.DIVISION)[SILENT],
        departments[MISSING],
        departments[ON_LEAVE],
    )
    team = staff.teams_of(missing)[-1]
    dropped = staff.teams_of(departments[DROPPED])[-1]
    return (
        PlantedFault(
            "figures-missing",
            team.id,
            f"{team.name}：从未接入 CRM，数据缺失；可在“数据源”中接入其旧系统合同，或由人工提交",
        ),
        PlantedFault(
            "director-on-leave",
            staff.headed(on_leave).id,
            f"{on_leave.name}总监{staff.headed(on_leave).name}在目标确认截止前后休假，"
            f"由{staff.deputy_of(on_leave).name}代理",
        ),
        PlantedFault(
            "superior-silent",
            staff.headed(silent).id,
            f"{silent.name}{staff.headed(silent).name}从不回应，任务继续上移",
        ),
        PlantedFault("sales-dropped", dropped.id, f"{dropped.name}：首月销售额骤降，系统标记异常数据，由总监说明"),
    )


def _add_company(rows: Rows, made: Made) -> None:
    company_id = made.demo.company_id
    rows.add(
        Company(id=company_id, name="扬帆办公科技有限公司（演示）", name_en="Yangfan Office Technology (demo)")
    )
    rows.add(*made.staff.units, *made.staff.people, *metrics_of(company_id))
    cards, lines = scorecards_of(company_id)
    rows.add(*cards, *lines)
    password_hash = PasswordHasher().hash(PASSWORD)  # One for all: hashing is slow on purpose.
    rows.add(
        *(
            Account(
                person_id=sign_in.person_id,
                user_name=sign_in.user_name,
                password_hash=password_hash,
                roles=[role.value for role in sign_in.roles],
            )
            for sign_in in made.demo.sign_ins
        )
    )


def _add_cycle(rows: Rows, made: Made, today: date) -> None:
    """Add the draft cycle with its targets, and the leave that falls upon its first deadline."""
    demo, staff = made.demo, made.staff
    terms = default_terms(demo.starts_on, demo.ends_on, today, WorkCalendar())
    rows.add(
        Cycle(
            id=demo.cycle_id,
            company_id=demo.company_id,
            name=demo.cycle_name,
            starts_on=demo.starts_on,
            ends_on=demo.ends_on,
            hr_owner_id=demo.hr_owner_id,
            terms=terms.model_dump(mode="json"),
            created_by=demo.hr_owner_id,
        )
    )
    on_leave = staff.units_of(UnitKind.DEPARTMENT)[ON_LEAVE]
    rows.add(
        Deputy(
            id=f"{demo.company_id}-deputy-1",
            person_id=staff.headed(on_leave).id,
            deputy_id=staff.deputy_of(on_leave).id,
            from_on=terms.targets_due_on - timedelta(days=7),
            until_on=terms.targets_due_on + timedelta(days=7),
            reason="年假",
            named_by=staff.headed(on_leave).id,
            named_at=datetime.combine(today, time(1), UTC),
        )
    )
    market = _market(made)
    months = list(months_between(demo.starts_on, demo.ends_on))
    expected = {
        seller.person.id: sum(market.expected(seller, month) for month in months) for seller in staff.sellers
    }
    rows.extend(Target, Cascade(staff, demo.cycle_id, expected).make())


def _market(made: Made) -> Market:
    """Return the market in which this staff can be expected to come near the quarter's goal."""
    unscaled = Market(1.0, made.demo.starts_on)
    months = list(months_between(made.demo.starts_on, made.demo.ends_on))
    sales = sum(unscaled.expected(seller, month) for seller in made.staff.sellers for month in months)
    return Market(EXPECTED_ATTAINMENT * GOAL / sales, made.demo.starts_on)


def _add_crm(rows: Rows, made: Made) -> list[Row]:
    """Add what the CRM saw up to the quarter, and will see in it; return the deals that it never hears of."""
    demo = made.demo
    crm = Crm(made.random, demo.company_id, _market(made), Customers(made.random))
    months = list(months_between(month_after(demo.starts_on, -3 * QUARTERS_OF_HISTORY), demo.ends_on))
    for seller in made.staff.sellers:
        crm.live_through(seller, months)
    lose_most(crm, team_of(made, "sales-dropped"), demo.starts_on)
    apart = Random(made.demo.starts_on.toordinal())  # noqa: S311 - what came before stays as it was.
    check_in(crm.visits, {seller.person.id: seller.place for seller in made.staff.sellers}, apart)
    hours = list(hours_of(demo.company_id, made.staff.sellers, demo.starts_on, demo.ends_on, apart))
    silent = team_of(made, "figures-missing")
    records = ((Deal, crm.deals), (Payment, crm.payments), (Visit, crm.visits), (WorkHours, hours))
    for table, found in records:
        rows.extend(table, [row for row in found if row["seller_id"] not in silent])
    return [deal for deal in crm.deals if deal["seller_id"] in silent]


def _add_legacy(rows: Rows, made: Made, deals: list[Row], sources: Path, today: date) -> None:
    """Add the source that knows the team of which the CRM does not, with a year's contracts and the quarter's."""
    demo = made.demo
    (team_id,) = (fault.subject_id for fault in demo.faults if fault.kind == "figures-missing")
    (team,) = (unit for unit in made.staff.units if unit.id == team_id)
    rows.add(legacy_source(demo.company_id, team.name, today))
    people = {person.id: person for person in made.staff.people}
    first = month_after(demo.starts_on, -12)
    of_last_year = (deal for deal in deals if deal["won_on"] >= first)
    write_contracts(sources / demo.company_id / FOLDER, of_last_year, people)


def team_of(made: Made, kind: str) -> set[str]:
    """Return the sellers of the team that a fault is planted in."""
    (team_id,) = (fault.subject_id for fault in made.demo.faults if fault.kind == kind)
    return {seller.person.id for seller in made.staff.sellers if seller.person.unit_id == team_id}

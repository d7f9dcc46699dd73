"""Companies with figures one can reckon in one's head, as small as a test or as large as a benchmark.

Every person has the same targets. Person number n wins one deal in each month of the quarter and
reaches `attainment_of(n)` per cent of the sales target; nine tenths of what falls due come in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from argon2 import PasswordHasher

from models.cycles import Cycle
from models.database import SessionMaker, writing
from models.metrics import Aggregation, FigureLevel, Metric, Scorecard, ScorecardLine, Target
from models.months import month_after, quarter_in_chinese
from models.org import Account, Company, Person, Unit
from models.records import Deal, Payment
from models.stages import Language, Role, UnitKind
from models.terms import Terms
from quarterdeck.demo.goals import INITIATIVES, MEASURES, metrics_of
from quarterdeck.demo.rows import Row, Rows
from quarterdeck.demo.staff import DIRECTOR, LEAD, REPRESENTATIVE
from rules.calendar import WorkCalendar
from rules.plan import default_terms, months_between

PASSWORD = "quarterdeck"  # noqa: S105 - of sample accounts only.
EVERYTHING = tuple(measure.code for measure in MEASURES)
PERSONAL_TARGETS = {
    "sales": Decimal(500_000),
    "collection": Decimal(90),
    "new_customers": Decimal(3),
    "average_deal": Decimal(150_000),
    "repurchase": Decimal(60),
    "satisfaction": Decimal(90),
}
MONTHLY_DUE = Decimal(10_000)
MONTHLY_PAID = Decimal(9_000)
MOST_DIRECTORS_WITH_ACCOUNT = 100


@dataclass(frozen=True)
class SmallDepartment:
    id: str
    division_id: str
    director_id: str
    superior_id: str
    team_ids: tuple[str, ...]
    people_ids: tuple[str, ...]
    """Everybody with targets; the first of each team leads it."""


@dataclass(frozen=True)
class SmallCompany:
    """Who is who.

    Sign-ins are `hr`, `ceo`, `auditor`, `finance`, `vp1`… and `d0001`… for directors, all with `PASSWORD`.
    """

    company_id: str
    cycle_id: str
    starts_on: date
    ends_on: date
    boss_id: str
    hr_id: str
    auditor_id: str
    finance_id: str
    division_ids: tuple[str, ...]
    superior_ids: tuple[str, ...]
    departments: tuple[SmallDepartment, ...]
    metric_ids: dict[str, str]
    """By code."""


@dataclass(frozen=True)
class Shape:
    """How large the company is, and what it measures."""

    company_id: str = "small"
    departments: int = 5
    people_per_department: int = 5
    teams_per_department: int = 1
    divisions: int = 1
    metrics: tuple[str, ...] = ("sales", "collection", "satisfaction")
    has_crm: bool = True
    prefix: str = ""
    """Before every id and user name, so that several such companies fit in one database."""
    language: Language = Language.CHINESE


async def make_small_company(
    sessions: SessionMaker,
    departments: int = 5,
    people_per_department: int = 5,
    *,
    starts_on: date = date(2055, 1, 1),
    launch_on: date | None = None,
    terms: Terms | None = None,
    company_id: str = "small",
    teams_per_department: int = 1,
    divisions: int = 1,
    metrics: tuple[str, ...] = ("sales", "collection", "satisfaction"),
    has_crm: bool = True,
    prefix: str = "",
    language: Language = Language.CHINESE,
) -> SmallCompany:
    """Make a company with a draft cycle of three months from `starts_on`.

    Departments are `d0001`, teams `d0001-t1`, people `p00001`, divisions `v1`. The terms are the
    default ones for a launch on `launch_on` (a month before the cycle) unless given.
    """
    shape = Shape(
        company_id,
        departments,
        people_per_department,
        teams_per_department,
        divisions,
        metrics,
        has_crm,
        prefix,
        language,
    )
    launch_on = launch_on or starts_on - timedelta(days=31)
    maker = SmallMaker(shape, starts_on, month_after(starts_on, 3) - timedelta(days=1))
    company = maker.make(terms or default_terms(starts_on, maker.ends_on, launch_on, WorkCalendar()))
    async with sessions() as session:
        await writing(session)
        await maker.rows.write(session)
        await session.commit()
    return company


async def make_large_company(
    sessions: SessionMaker, departments: int = 2_000, people_per_department: int = 25, *, prefix: str = ""
) -> SmallCompany:
    """Make a company for benchmarks: all six metrics, twenty divisions, no CRM."""
    return await make_small_company(
        sessions,
        departments,
        people_per_department,
        company_id=f"{prefix}large",
        divisions=min(20, departments),
        metrics=EVERYTHING,
        has_crm=False,
        prefix=prefix,
    )


def attainment_of(number: int) -> Decimal:
    """Return what per cent of the sales target the person of that number reaches: 80, 85, … 120."""
    return Decimal(80 + 5 * (number % 9))


@cache
def password_hash() -> str:
    return PasswordHasher().hash(PASSWORD)  # Slow on purpose: once a process is enough.


@dataclass
class SmallMaker:
    shape: Shape
    starts_on: date
    ends_on: date
    rows: Rows = field(default_factory=Rows)
    people: int = 0
    departments: list[SmallDepartment] = field(default_factory=list)

    def make(self, terms: Terms) -> SmallCompany:
        shape = self.shape
        self.rows.add(Company(id=shape.company_id, name=f"示例公司 {shape.company_id}", name_en="Sample company"))
        head = self._unit("hq", UnitKind.COMPANY, "总部", None, "")
        boss = self._hire("总裁", head, None, account="ceo", roles=(Role.EXECUTIVE,))
        head.head_id = boss
        hr = self._hire("绩效经理", head, boss, account="hr", roles=(Role.HR_ADMIN,))
        auditor = self._hire("内部审计", head, boss, account="auditor", roles=(Role.AUDITOR,))
        finance = self._hire("财务总监", head, boss, account="finance")
        divisions = [self._division(number, head, boss) for number in range(1, shape.divisions + 1)]
        units = [head, *divisions]
        for number in range(1, shape.departments + 1):
            units += self._department(number, divisions[(number - 1) % shape.divisions])
        self.rows.add(*units)
        metric_ids = self._measure()
        cycle_id = self._add_cycle(hr, terms)
        self.rows.extend(Target, [self._target(cycle_id, *line) for line in self._targets(units)])
        if shape.has_crm:
            self._sell()
        return SmallCompany(
            company_id=shape.company_id,
            cycle_id=cycle_id,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            boss_id=boss,
            hr_id=hr,
            auditor_id=auditor,
            finance_id=finance,
            division_ids=tuple(unit.id for unit in divisions),
            superior_ids=tuple(unit.head_id or "" for unit in divisions),
            departments=tuple(self.departments),
            metric_ids=metric_ids,
        )

    def _add_cycle(self, hr: str, terms: Terms) -> str:
        quarter = (self.starts_on.month + 2) // 3
        cycle = Cycle(
            id=f"{self.shape.company_id}-{self.starts_on.year}-q{quarter}",
            company_id=self.shape.company_id,
            name=quarter_in_chinese(self.starts_on),
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            hr_owner_id=hr,
            terms=terms.model_dump(mode="json"),
            created_by=hr,
        )
        self.rows.add(cycle)
        return cycle.id

    def _division(self, number: int, head: Unit, boss: str) -> Unit:
        division = self._unit(f"v{number}", UnitKind.DIVISION, f"大区{number}", head, "华东")
        division.head_id = self._hire("分管销售副总裁", division, boss, account=f"vp{number}")
        return division

    def _department(self, number: int, division: Unit) -> Iterator[Unit]:
        """Give the department and its teams."""
        shape = self.shape
        code = f"d{number:04}"
        unit = self._unit(code, UnitKind.DEPARTMENT, f"销售{number}部", division, division.region)
        account = code if shape.departments <= MOST_DIRECTORS_WITH_ACCOUNT else ""
        director = self._hire(DIRECTOR, unit, division.head_id, account=account)
        unit.head_id = director
        yield unit
        teams = []
        people = []
        for index in range(shape.teams_per_department):
            team = self._unit(
                f"{code}-t{index + 1}", UnitKind.TEAM, f"销售{number}部{index + 1}组", unit, unit.region
            )
            teams.append(team.id)
            for _ in range(index, shape.people_per_department, shape.teams_per_department):
                post, superior = (REPRESENTATIVE, team.head_id) if team.head_id else (LEAD, director)
                people.append(self._hire(post, team, superior))
                team.head_id = team.head_id or people[-1]
            yield team
        self.departments.append(
            SmallDepartment(unit.id, division.id, director, division.head_id or "", tuple(teams), tuple(people))
        )

    def _unit(self, code: str, kind: UnitKind, name: str, parent: Unit | None, region: str) -> Unit:
        return Unit(
            id=self.shape.prefix + code,
            company_id=self.shape.company_id,
            kind=kind,
            name=name,
            parent_id=parent.id if parent else None,
            region=region,
        )

    def _hire(
        self, post: str, unit: Unit, superior: str | None, account: str = "", roles: Sequence[Role] = ()
    ) -> str:
        self.people += 1
        person_id = f"{self.shape.prefix}p{self.people:05}"
        in_department = {UnitKind.DEPARTMENT: unit.id, UnitKind.TEAM: unit.parent_id}
        self.rows.add(
            Person(
                id=person_id,
                company_id=self.shape.company_id,
                staff_no=f"{self.people:06}",
                name=f"{post}{self.people}",
                email=f"{person_id}@quarterdeck.example",
                phone=f"+86199{self.people:08}",
                language=self.shape.language,
                unit_id=unit.id,
                department_id=in_department.get(unit.kind),
                superior_id=superior,
                post=post,
                grade="P5" if unit.kind is UnitKind.TEAM else "M3",
                region=unit.region,
                joined_on=self.starts_on - timedelta(days=400),
                is_scored=unit.kind is UnitKind.TEAM,
            )
        )
        if account:
            self.rows.add(
                Account(
                    person_id=person_id,
                    user_name=self.shape.prefix + account,
                    password_hash=password_hash(),
                    roles=[role.value for role in roles],
                )
            )
        return person_id

    def _measure(self) -> dict[str, str]:
        """Add metrics and a scorecard for each post: half the weight on the first metric."""
        metrics = [metric for metric in metrics_of(self.shape.company_id) if metric.code in self.shape.metrics]
        self.rows.add(*metrics)
        rest = Decimal(50 // max(1, len(metrics) - 1))
        first = 100 - rest * (len(metrics) - 1)
        for post in (REPRESENTATIVE, LEAD):
            card = Scorecard(
                id=f"{self.shape.company_id}-card-{'lead' if post == LEAD else 'sales'}",
                company_id=self.shape.company_id,
                name=post,
                post=post,
            )
            self.rows.add(card)
            self.rows.add(
                *(
                    ScorecardLine(scorecard_id=card.id, metric_id=metric.id, weight=rest if position else first)
                    for position, metric in enumerate(metrics)
                )
            )
        return {metric.code: metric.id for metric in metrics}

    def _targets(self, units: Sequence[Unit]) -> Iterator[tuple[Row, Unit, str, int]]:
        """Give each target: its metric, unit, person, and how many people's goals it adds up."""
        metrics = self.rows.of[Metric]
        below: dict[str, int] = {}
        people: dict[str, list[str]] = {}
        parents = {unit.id: unit.parent_id for unit in units}
        for person in self.rows.of[Person]:
            if person["is_scored"]:
                people.setdefault(person["unit_id"], []).append(person["id"])
        for team_id, members in people.items():
            unit_id: str | None = team_id
            while unit_id:
                below[unit_id] = below.get(unit_id, 0) + len(members)
                unit_id = parents[unit_id]
        for unit in units:
            for metric in metrics:
                yield metric, unit, "", below.get(unit.id, 0)
                for person_id in people.get(unit.id, ()):
                    yield metric, unit, person_id, 1

    def _target(self, cycle_id: str, metric: Row, unit: Unit, person_id: str, people: int) -> Row:
        value = PERSONAL_TARGETS[metric["code"]]
        if metric["aggregation"] is Aggregation.SUM and metric["level"] is FigureLevel.PERSON:
            value *= people
        in_department = {UnitKind.DEPARTMENT: unit.id, UnitKind.TEAM: unit.parent_id}
        return {
            "id": f"{cycle_id}-{person_id or unit.id}-{metric['code']}",
            "cycle_id": cycle_id,
            "unit_id": unit.id,
            "person_id": person_id,
            "department_id": in_department.get(unit.kind) or "",
            "metric_id": metric["id"],
            "value": value,
            "full_value": value,
            "applies": True,
            "initiative": INITIATIVES[metric["code"]],
            "confirmed_at": None,
        }

    def _sell(self) -> None:
        """Add a deal and a payment for each person and month; the third month takes what division leaves over."""
        months = list(months_between(self.starts_on, self.ends_on))
        for department in self.departments:
            for person_id in department.people_ids:
                number = int(person_id.removeprefix(f"{self.shape.prefix}p"))
                sales = PERSONAL_TARGETS["sales"] * attainment_of(number) / 100
                third = (sales / len(months)).quantize(Decimal(1))
                for index, month in enumerate(months):
                    last = index == len(months) - 1
                    self._deal(person_id, index, month, sales - third * index if last else third)

    def _deal(self, person_id: str, index: int, month: date, amount: Decimal) -> None:
        deal_id = f"{self.shape.company_id}-{person_id}-{month:%Y%m}"
        self.rows.add(
            Deal(
                id=deal_id,
                company_id=self.shape.company_id,
                number=deal_id,
                seller_id=person_id,
                customer=f"客户{index + 1}",
                amount=amount,
                won_on=month.replace(day=15),
                is_new_customer=index == 0,
            ),
            Payment(
                id=f"{deal_id}-pay",
                company_id=self.shape.company_id,
                deal_id=deal_id,
                seller_id=person_id,
                due_on=month.replace(day=20),
                due=MONTHLY_DUE,
                paid=MONTHLY_PAID,
                paid_on=month.replace(day=18),
            ),
        )

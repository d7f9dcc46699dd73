"""A company made of a checked CRM export: offices are divisions, managers direct departments, agents sell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from argon2 import PasswordHasher

from models.metrics import Metric, Scorecard, ScorecardLine
from models.months import month_after
from models.org import Account, Company, Person, Unit
from models.records import Deal
from models.stages import Language, Role, UnitKind
from quarterdeck.crm_report import ImportReport, quarter_of
from quarterdeck.crm_tables import ACCOUNTS, LOST, PIPELINE, PRODUCTS, TEAMS, WON, Agent, Export, Opportunity
from quarterdeck.demo.rows import Rows
from rules.plan import months_between

HEAD, VICE, HR, DIRECTOR, AGENT = "Head of sales", "Head of office", "HR", "Sales manager", "Sales agent"


@dataclass(frozen=True)
class ImportOptions:
    """What an export does not say."""

    company_id: str = "crm"
    name: str = "CRM import"
    currency: str = "USD"
    time_zone: str = "Asia/Shanghai"
    mail_domain: str = "example.com"
    """Of the addresses made up for people; a domain of documentation unless given."""
    password: str = ""
    """Of the accounts `{company}-hr` and `{company}-head`; none are made where it is empty."""


@dataclass
class CompanyMaker:
    """Makes the rows, and names in the report what the files lack."""

    options: ImportOptions
    export: Export
    report: ImportReport
    rows: Rows = field(default_factory=Rows)
    units: list[Unit] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    sellers: dict[str, Person] = field(default_factory=dict)
    """Agents by name."""

    def make(self) -> Rows:
        options = self.options
        self.rows.add(
            Company(
                id=options.company_id, name=options.name, currency=options.currency, time_zone=options.time_zone
            )
        )
        self._take_staff()
        self._take_opportunities()
        self._check_agents()
        self._check_use()
        self._check_months()
        self._measure()
        self._say_what_is_made_up()
        self.rows.add(*self.units, *self.people)
        written = ((Unit, "units"), (Person, "people"), (Deal, "won deals"))
        self.report.taken = {what: len(self.rows.of[table]) for table, what in written}
        return self.rows

    def _take_staff(self) -> None:
        head = self._unit("hq", UnitKind.COMPANY, self.options.name, None)
        boss = self._person(HEAD, HEAD, head, None)
        head.head_id = boss.id
        hr = self._person(HR, HR, head, boss)
        self._open_accounts(boss, hr)
        divisions: dict[str, Unit] = {}
        departments: dict[str, tuple[Agent, Unit]] = {}
        for agent in self.export.agents:
            if agent.office not in divisions:
                division = self._unit(f"v{len(divisions) + 1}", UnitKind.DIVISION, agent.office, head)
                division.head_id = self._person(f"{VICE} {agent.office}", VICE, division, boss).id
                divisions[agent.office] = division
            if agent.manager not in departments:
                team = self._department(len(departments) + 1, agent.manager, divisions[agent.office])
                departments[agent.manager] = (agent, team)
            first, team = departments[agent.manager]
            if agent.office != first.office:
                self.report.found(
                    "manager-in-two-offices",
                    TEAMS,
                    agent.row,
                    "regional_office",
                    agent.office,
                    f"{agent.manager} stays in {first.office}, as in row {first.row}",
                )
            director = next(person for person in self.people if person.id == team.head_id)
            self.sellers[agent.name] = self._person(agent.name, AGENT, team, director)

    def _department(self, number: int, manager: str, division: Unit) -> Unit:
        """Make a manager's department with its one team; return the team."""
        department = self._unit(f"d{number}", UnitKind.DEPARTMENT, f"Department {manager}", division)
        vice = next(person for person in self.people if person.id == division.head_id)
        director = self._person(manager, DIRECTOR, department, vice)
        team = self._unit(f"d{number}-t1", UnitKind.TEAM, f"Team {manager}", department)
        department.head_id = team.head_id = director.id
        return team

    def _unit(self, code: str, kind: UnitKind, name: str, parent: Unit | None) -> Unit:
        region = name if kind is UnitKind.DIVISION else parent.region if parent else ""
        unit = Unit(
            id=f"{self.options.company_id}-{code}",
            company_id=self.options.company_id,
            kind=kind,
            name=name,
            parent_id=parent.id if parent else None,
            region=region,
        )
        self.units.append(unit)
        return unit

    def _person(self, name: str, post: str, unit: Unit, superior: Person | None) -> Person:
        number = len(self.people) + 1
        in_department = {UnitKind.DEPARTMENT: unit.id, UnitKind.TEAM: unit.parent_id}
        person = Person(
            id=f"{self.options.company_id}-p{number:04}",
            company_id=self.options.company_id,
            staff_no=f"{number:04}",
            name=name,
            email=self._address(name, number),
            language=Language.ENGLISH,
            unit_id=unit.id,
            department_id=in_department.get(unit.kind),
            superior_id=superior.id if superior else None,
            post=post,
            region=unit.region,
            is_scored=post == AGENT,
        )
        self.people.append(person)
        return person

    def _address(self, name: str, number: int) -> str:
        local = ".".join(re.findall(r"[a-z0-9-]+", name.casefold())) or f"p{number:04}"
        taken = {person.email.split("@")[0] for person in self.people}
        return f"{local if local not in taken else f'{local}.{number}'}@{self.options.mail_domain}"

    def _open_accounts(self, boss: Person, hr: Person) -> None:
        if not self.options.password:
            return
        password_hash = PasswordHasher().hash(self.options.password)
        for user_name, person, role in (("head", boss, Role.EXECUTIVE), ("hr", hr, Role.HR_ADMIN)):
            self.rows.add(
                Account(
                    person_id=person.id,
                    user_name=f"{self.options.company_id}-{user_name}",
                    password_hash=password_hash,
                    roles=[role.value],
                )
            )

    def _take_opportunities(self) -> None:
        """Take won deals over; an account's first one makes it a new customer."""
        customers: set[str] = set()
        won: list[tuple[date, Decimal, Opportunity]] = []
        for opportunity in self.export.opportunities:
            why = self._why_left_out(opportunity)
            if why:
                self.report.left[why] = self.report.left.get(why, 0) + 1
            elif opportunity.closed_on and opportunity.value:
                won.append((opportunity.closed_on, opportunity.value, opportunity))
        for won_on, amount, opportunity in sorted(won, key=lambda deal: (deal[0], deal[2].row)):
            customer = opportunity.account
            self.rows.add(
                Deal(
                    id=f"{self.options.company_id}-{opportunity.id}",
                    company_id=self.options.company_id,
                    number=opportunity.id,
                    seller_id=self.sellers[opportunity.agent].id,
                    customer=customer,
                    product=opportunity.product,
                    amount=amount,
                    currency=self.options.currency,
                    won_on=won_on,
                    is_new_customer=bool(customer) and customer not in customers,
                )
            )
            customers.add(customer)
            quarter = quarter_of(won_on)
            self.report.by_quarter[quarter] = self.report.by_quarter.get(quarter, Decimal()) + amount

    @staticmethod
    def _why_left_out(opportunity: Opportunity) -> str:
        if opportunity.stage != WON:
            return (
                "lost" if opportunity.stage == LOST else "still open" if opportunity.stage else "of unknown stage"
            )
        if not opportunity.agent:
            return "won by nobody known"
        if not opportunity.closed_on:
            return "won without a date"
        return "" if opportunity.value else "won without a value"

    def _check_agents(self) -> None:
        """Leave those without a single won deal unscored: nothing could be aimed at or measured."""
        with_opportunity = {opportunity.agent for opportunity in self.export.opportunities}
        with_deal = {row["seller_id"] for row in self.rows.of[Deal]}
        for agent in self.export.agents:
            person = self.sellers[agent.name]
            if person.id not in with_deal:
                person.is_scored = False
                kind = "agent-without-won-deal" if agent.name in with_opportunity else "agent-without-opportunity"
                done = "taken over as a person without targets or results; say whether they still sell"
                self.report.found(kind, TEAMS, agent.row, "sales_agent", agent.name, done)

    def _check_use(self) -> None:
        sold = {opportunity.product for opportunity in self.export.opportunities if opportunity.stage == WON}
        for product in self.export.products:
            if product not in sold:
                self._unused("product-never-sold", PRODUCTS, "product", product)
        named = {opportunity.account for opportunity in self.export.opportunities}
        for account in self.export.accounts:
            if account not in named:
                self._unused("account-without-opportunity", ACCOUNTS, "account", account)

    def _unused(self, kind: str, file: str, column: str, name: str) -> None:
        row = self.export.row_of[file, name]
        self.report.found(kind, file, row, column, name, "not taken over: nothing of it was sold")

    def _check_months(self) -> None:
        """Name months without a won deal in the quarters that the deals touch: their quarters are not whole."""
        months = {row["won_on"].replace(day=1) for row in self.rows.of[Deal]}
        if not months:
            return
        first, last = min(months), max(months)
        begin = month_after(first, -((first.month - 1) % 3))
        end = month_after(last, 2 - (last.month - 1) % 3)
        for month in months_between(begin, end):
            if month not in months:
                self.report.found(
                    "month-without-deals",
                    PIPELINE,
                    0,
                    "close_date",
                    f"{month:%Y-%m}",
                    f"{quarter_of(month)} is not whole: do not compare it or aim by it",
                )

    def _measure(self) -> None:
        company_id = self.options.company_id
        metric = Metric(
            id=f"{company_id}-sales",
            company_id=company_id,
            code="sales",
            name="销售额",
            name_en="Sales",
            from_crm=True,
        )
        card = Scorecard(id=f"{company_id}-card-agent", company_id=company_id, name=AGENT, post=AGENT)
        self.rows.add(metric, card, ScorecardLine(scorecard_id=card.id, metric_id=metric.id, weight=Decimal(100)))

    def _say_what_is_made_up(self) -> None:
        """Name what Quarterdeck needs and the files do not have."""
        people = f"{len(self.people)} people"
        made_up = [person.name for person in self.people if person.post in (HEAD, VICE, HR)]
        lacks = [
            ("superior", name, "made up, so that tasks can move up; put the real person there") for name in made_up
        ]
        lacks += [
            (
                "mail",
                people,
                f"addresses made up at {self.options.mail_domain}; enter the real ones before a launch",
            ),
            ("phone", people, "none; reminders by SMS go by e-mail instead"),
            ("staff number", people, "numbered from 0001 in the order of the file"),
            ("joined on", people, "left empty; nobody counts as a newcomer"),
            ("currency", "amounts", f"taken for {self.options.currency}"),
            ("team", "departments", "one team a department, led by the manager"),
        ]
        for column, value, done in lacks:
            self.report.found(
                "not-in-the-files", TEAMS if column != "currency" else PIPELINE, 0, column, value, done
            )

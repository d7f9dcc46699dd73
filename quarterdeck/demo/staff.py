"""The people of the demo company: who they are, where they stand, and how well they sell."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from models.org import Person, Unit
from models.stages import UnitKind
from quarterdeck.demo.market import DIVISIONS, MAIL_DOMAIN
from quarterdeck.demo.names import Names
from quarterdeck.demo.shares import shared_out

PEOPLE = 1_200
NEWEST = 75
"""Days before the cycle that the newest person joined: nobody is without a first sale."""

REPRESENTATIVE, LEAD, DIRECTOR = "销售代表", "销售经理", "销售总监"
TEAM_NAMES = ("一组", "二组", "三组", "四组")
GRADE_STRENGTH = {"P4": 0.7, "P5": 1.0, "P6": 1.35, "P7": 1.8, "M1": 1.1, "M2": 1.3}
DAYS_A_YEAR = 365.25


@dataclass
class Seller:
    """A person with targets of their own, and what makes their figures."""

    person: Person
    place: str
    ability: float
    """Sales in a mean month, in no unit; `quarterdeck.demo.crm` scales it to the company's goal."""


@dataclass
class Staff:
    company_id: str
    units: list[Unit] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    sellers: list[Seller] = field(default_factory=list)

    def units_of(self, kind: UnitKind) -> list[Unit]:
        return [unit for unit in self.units if unit.kind is kind]

    def who_is(self, post: str) -> Person:
        """Return the first person in that post."""
        return next(person for person in self.people if person.post == post)

    def headed(self, unit: Unit) -> Person:
        """Return who heads the unit."""
        return next(person for person in self.people if person.id == unit.head_id)

    def teams_of(self, department: Unit) -> list[Unit]:
        return [unit for unit in self.units if unit.parent_id == department.id]

    def deputy_of(self, department: Unit) -> Person:
        """Return the lead of the first team, who stands in for the director."""
        return self.headed(self.teams_of(department)[0])

    def member_of(self, department: Unit) -> Person:
        """Return a representative of the department."""
        return next(p for p in self.people if p.department_id == department.id and p.post == REPRESENTATIVE)


class StaffMaker:
    """Hires the company from the top down, so that a superior is always there first."""

    def __init__(self, random: Random, company_id: str, starts_on: date) -> None:
        self.random = random
        self.starts_on = starts_on
        self.names = Names(random, MAIL_DOMAIN)
        self.staff = Staff(company_id)

    def make(self) -> Staff:
        head = self._unit("hq", UnitKind.COMPANY, "扬帆办公科技", None, "", "Yangfan Office Technology")
        boss = self._hire("总裁", "M5", head, None, years=14)
        head.head_id = boss.id
        self._head_office(head, boss)
        overhead = len(self.staff.people) + len(DIVISIONS) + sum(len(d.places) for d in DIVISIONS)
        sizes = iter(self._department_sizes(PEOPLE - overhead))
        department = 0
        for number, division in enumerate(DIVISIONS, 1):
            unit = self._unit(
                f"v{number}", UnitKind.DIVISION, division.name, head, division.region, division.name_en
            )
            chief = self._hire("分管销售副总裁", "M4", unit, boss, years=self.random.uniform(8, 13))
            unit.head_id = chief.id
            for place in division.places:
                department += 1
                self._department(department, place, unit, chief, next(sizes), division.strength)
        return self.staff

    def _head_office(self, head: Unit, boss: Person) -> None:
        human_resources = self._hire("人力资源总监", "M3", head, boss, years=9)
        self._hire("绩效经理", "M2", head, human_resources, years=6)
        for _ in DIVISIONS:
            self._hire("人力资源业务伙伴", "P6", head, human_resources, years=self.random.uniform(2, 6))
        finance = self._hire("财务总监", "M3", head, boss, years=10)
        self._hire("财务经理", "M1", head, finance, years=7)
        self._hire("财务分析师", "P5", head, finance, years=3)
        self._hire("内部审计", "P7", head, boss, years=5)

    def _department_sizes(self, people: int) -> list[int]:
        weights = [
            division.strength * self.random.uniform(0.75, 1.3) for division in DIVISIONS for _ in division.places
        ]
        return shared_out(people, weights, least=[10] * len(weights))

    def _department(
        self, number: int, place: str, division: Unit, chief: Person, size: int, strength: float
    ) -> None:
        code = f"d{number:02}"
        unit = self._unit(code, UnitKind.DEPARTMENT, f"{place}销售部", division, division.region)
        director = self._hire(DIRECTOR, "M3", unit, chief, years=self.random.uniform(5, 11))
        unit.head_id = director.id
        strength *= self.random.lognormvariate(0, 0.15)
        teams = min(len(TEAM_NAMES), max(2, round(size / 6)))
        for index, people in enumerate(shared_out(size, [1.0] * teams)):
            name = f"{place}{TEAM_NAMES[index]}"
            team = self._unit(f"{code}-t{index + 1}", UnitKind.TEAM, name, unit, division.region)
            self._team(team, director, people, place, strength)

    def _team(self, team: Unit, director: Person, size: int, place: str, strength: float) -> None:
        years = self.random.uniform(3, 9)
        lead = self._hire(LEAD, "M2" if years > 6 else "M1", team, director, years)
        team.head_id = lead.id
        self._sells(lead, place, strength)
        for _ in range(size - 1):
            years = min(self.random.gammavariate(2.0, 2.0), 13.0)
            self._sells(self._hire(REPRESENTATIVE, self._grade(years), team, lead, years), place, strength)

    def _grade(self, years: float) -> str:
        standing = years + self.random.gauss(0, 1.2) if years > 1 else years
        return "P4" if standing < 1.5 else "P5" if standing < 4 else "P6" if standing < 7.5 else "P7"

    def _sells(self, person: Person, place: str, strength: float) -> None:
        """Give a person the ability to sell: few sell much, many a little."""
        ability = GRADE_STRENGTH[person.grade] * strength * self.random.lognormvariate(0, 0.5)
        person.is_scored = True
        self.staff.sellers.append(Seller(person, place, ability))

    def _unit(
        self, code: str, kind: UnitKind, name: str, parent: Unit | None, region: str, name_en: str = ""
    ) -> Unit:
        unit = Unit(
            id=f"{self.staff.company_id}-{code}",
            company_id=self.staff.company_id,
            kind=kind,
            name=name,
            name_en=name_en,
            parent_id=parent.id if parent else None,
            region=region,
        )
        self.staff.units.append(unit)
        return unit

    def _hire(self, post: str, grade: str, unit: Unit, superior: Person | None, years: float) -> Person:
        number = len(self.staff.people) + 1
        joined_on = self._joined(years)
        name, email = self.names.draw(years)
        in_department = {UnitKind.DEPARTMENT: unit.id, UnitKind.TEAM: unit.parent_id}
        person = Person(
            id=f"{self.staff.company_id}-p{number:05}",
            company_id=self.staff.company_id,
            staff_no=f"{joined_on.year}{number:04}",
            name=name,
            email=email,
            # No mobile range of China's is set aside for fiction; this is the first block of one.
            phone=f"+861990000{number:04}",
            unit_id=unit.id,
            department_id=in_department.get(unit.kind),
            superior_id=superior.id if superior else None,
            post=post,
            grade=grade,
            region=unit.region,
            joined_on=joined_on,
            is_scored=False,
        )
        self.staff.people.append(person)
        return person

    def _joined(self, years: float) -> date:
        """Return a working weekday that many years before the cycle."""
        day = self.starts_on - timedelta(days=NEWEST + math.floor(years * DAYS_A_YEAR))
        return day - timedelta(days=max(0, day.weekday() - 4))

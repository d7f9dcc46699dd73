"""A year of a real CRM export, 8,800 opportunities, imported and reckoned again without our code."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from activities.figures import FigureActivities
from models.database import SessionMaker, connect, session_maker
from models.messages import DepartmentMoment
from models.metrics import Figure, Target
from models.org import Person, Unit
from models.records import Deal
from models.stages import UnitKind
from quarterdeck.crm_import import import_crm_opportunities, prepare_cycle
from quarterdeck.crm_report import ImportReport
from rules.calendar import WorkCalendar
from rules.plan import default_terms

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "crm-sales-opportunities"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the CRM export is not there: {FOLDER}")

STARTS_ON, ENDS_ON = date(2017, 7, 1), date(2017, 9, 30)
LAST_DAY, LONGEST = date(2017, 12, 31), 138
"""The last day in the file, and the most days from engaging to closing."""
CYCLE_ID = "crm-2017-07"


@dataclass
class Imported:
    sessions: SessionMaker
    report: ImportReport


@pytest.fixture(scope="module")
async def imported(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Imported]:
    """The export as a company with a draft cycle of the third quarter of 2017."""
    file = tmp_path_factory.mktemp("crm") / "quarterdeck.db"
    shutil.copy(sqlite_template, file)
    engine = connect(f"sqlite+aiosqlite:///{file}")
    sessions = session_maker(engine)
    report = await import_crm_opportunities(sessions, FOLDER)
    terms = default_terms(STARTS_ON, ENDS_ON, STARTS_ON, WorkCalendar())
    assert await prepare_cycle(sessions, "crm", STARTS_ON, ENDS_ON, terms) == CYCLE_ID
    yield Imported(sessions, report)
    await engine.dispose()


@dataclass
class Won:
    agent: str
    on: date
    amount: Decimal


def won_in_the_file() -> list[Won]:
    """Read the won deals with nothing but the csv module."""
    with (FOLDER / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        return [
            Won(
                row["sales_agent"],
                day_of(row["close_date"]),
                Decimal(row["close_value"]),
            )
            for row in csv.DictReader(file)
            if row["deal_stage"] == "Won"
        ]


def day_of(text: str) -> date:
    return datetime.strptime(text, "%d-%m-%Y").date()


def quarter(day: date) -> str:
    return f"{day.year} Q{-(-day.month // 3)}"


async def test_totals_of_every_quarter_agree_with_the_file_to_the_cent(imported: Imported) -> None:
    """Rule 34: reconciliation of totals."""
    by_quarter: dict[str, Decimal] = defaultdict(Decimal)
    for won in won_in_the_file():
        by_quarter[quarter(won.on)] += won.amount
    assert by_quarter["2017 Q3"] == Decimal(2_982_255)
    assert imported.report.by_quarter == by_quarter
    async with imported.sessions() as session:
        deals = (await session.exec(select(col(Deal.won_on), col(Deal.amount)))).all()
    in_database: dict[str, Decimal] = defaultdict(Decimal)
    for won_on, amount in deals:
        in_database[quarter(won_on)] += amount
    assert in_database == by_quarter


async def test_every_agents_every_month_agrees_with_the_file(imported: Imported) -> None:
    expected: Counter[tuple[str, int]] = Counter()
    for won in won_in_the_file():
        expected[won.agent, won.on.month] += int(won.amount)
    async with imported.sessions() as session:
        found = await session.exec(
            select(col(Person.name), col(Deal.won_on), col(Deal.amount)).join(
                Person, col(Person.id) == col(Deal.seller_id)
            )
        )
        actual: Counter[tuple[str, int]] = Counter()
        for name, won_on, amount in found.all():
            actual[name, won_on.month] += int(amount)
    assert actual == expected


async def test_offices_managers_and_agents_are_all_there(imported: Imported) -> None:
    async with imported.sessions() as session:
        units = (await session.exec(select(Unit))).all()
        agents = (await session.exec(select(Person).where(Person.post == "Sales agent"))).all()
    kinds = Counter(unit.kind for unit in units)
    assert kinds == {UnitKind.COMPANY: 1, UnitKind.DIVISION: 3, UnitKind.DEPARTMENT: 6, UnitKind.TEAM: 6}
    assert len(agents) == 35
    assert sum(agent.is_scored for agent in agents) == 30


def test_every_opportunity_is_accounted_for(imported: Imported) -> None:
    report = imported.report
    assert report.taken["won deals"] == 4_238
    assert report.left == {"lost": 2_473, "still open": 2_089}
    assert report.taken["won deals"] + sum(report.left.values()) == report.read["sales_pipeline.csv"] == 8_800


def test_every_fault_of_the_data_is_named(imported: Imported) -> None:
    """No kind more and none less; where each stands, the tests below reckon anew."""
    assert imported.report.counts() == {
        "product-unknown": 1_480,
        "account-missing": 1_425,
        "open-without-engage-date": 500,
        "open-without-close-date": 2_089,
        "open-with-zero-value": 2_089,
        "open-longer-than-any-closed": 1_291,
        "opportunities-alike": 352,
        "engaged-before-founded": 5,
        "agent-without-opportunity": 5,
        "sector-misspelt": 12,
        "country-misspelt": 2,
        "name-in-lower-case": 1,
        "month-without-deals": 2,
        "not-in-the-files": 11,
    }


def test_the_faults_that_everybody_knows_are_among_them(imported: Imported) -> None:
    report = imported.report
    assert {(f.value, f.done) for f in report.of("product-unknown")} == {("GTXPro", "taken over as GTX Pro")}
    assert {fault.value for fault in report.of("agent-without-opportunity")} == {
        "Mei-Mei Johns",
        "Elizabeth Anderson",
        "Natalya Ivanova",
        "Carol Thompson",
        "Carl Lin",
    }
    assert {fault.value for fault in report.of("sector-misspelt")} == {"technolgy"}
    assert {fault.value for fault in report.of("country-misspelt")} == {"Philipines", "Korea"}
    assert {fault.value for fault in report.of("account-missing")} == {"null"}
    assert [fault.value for fault in report.of("month-without-deals")] == ["2017-01", "2017-02"]


def test_faults_stand_at_the_rows_where_the_file_has_them(imported: Imported) -> None:
    with (FOLDER / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        lines = dict(enumerate(csv.DictReader(file), 2))
    renamed = {number for number, row in lines.items() if row["product"] == "GTXPro"}
    assert {fault.row for fault in imported.report.of("product-unknown")} == renamed
    assert {f.row for f in imported.report.of("account-missing")} == {
        number for number, row in lines.items() if row["account"] == "null"
    }
    stale = {
        number
        for number, row in lines.items()
        if row["deal_stage"] == "Engaging" and (LAST_DAY - day_of(row["engage_date"])).days > LONGEST
    }
    assert {fault.row for fault in imported.report.of("open-longer-than-any-closed")} == stale
    alike = Counter(tuple(row.values())[1:] for row in lines.values() if not row["close_date"])
    assert len(imported.report.of("opportunities-alike")) == sum(count - 1 for count in alike.values())
    dateless = {number for number, row in lines.items() if not row["close_date"]}
    assert {fault.row for fault in imported.report.of("open-without-close-date")} == dateless


async def test_figures_fetched_for_the_quarter_agree_with_the_file_to_the_cent(imported: Imported) -> None:
    """Rules 29 and 30: nobody types 销售额, and each figure keeps how many deals stand behind it."""
    async with imported.sessions() as session:
        departments = await session.exec(select(Unit.id).where(Unit.kind == UnitKind.DEPARTMENT))
        department_ids = departments.all()
    activities = FigureActivities(imported.sessions)
    for department_id in department_ids:
        for now in (datetime(2017, 8, 1, 1, tzinfo=UTC), datetime(2017, 10, 9, 1, tzinfo=UTC)):
            await activities.fetch_figures(
                DepartmentMoment(company_id="crm", cycle_id=CYCLE_ID, department_id=department_id, now=now)
            )
    async with imported.sessions() as session:
        figures = (await session.exec(select(Figure).where(Figure.replaced_by == ""))).all()
        names = dict((await session.exec(select(col(Person.id), col(Person.name)))).all())
    expected: dict[tuple[str, date], list[Decimal]] = defaultdict(list)
    for won in won_in_the_file():
        if quarter(won.on) == "2017 Q3":
            expected[won.agent, won.on.replace(day=1)].append(won.amount)
    assert {(names[f.person_id], f.month): (f.value, f.records, f.source) for f in figures} == {
        key: (sum(amounts), len(amounts), "crm") for key, amounts in expected.items()
    }
    assert len(figures) == 30 * 3
    assert sum(figure.value for figure in figures) == Decimal(2_982_255)


async def test_targets_are_five_per_cent_above_the_second_quarter(imported: Imported) -> None:
    """Rule 16: persons, teams, departments and offices add up to the company to the cent."""
    second: dict[str, Decimal] = defaultdict(Decimal)
    for won in won_in_the_file():
        if quarter(won.on) == "2017 Q2":
            second[won.agent] += won.amount
    async with imported.sessions() as session:
        aims = await session.exec(
            select(col(Person.name), col(Target.value)).join(Target, col(Target.person_id) == col(Person.id))
        )
        of_people = dict(aims.all())
        of_units = await session.exec(
            select(col(Unit.kind), func.sum(col(Target.value)))
            .join(Target, (col(Target.unit_id) == col(Unit.id)) & (col(Target.person_id) == ""))
            .group_by(col(Unit.kind))
        )
        sums = dict(of_units.all())
    assert of_people == {agent: amount * Decimal("1.05") for agent, amount in second.items()}
    assert set(sums) == set(UnitKind)
    assert set(sums.values()) == {sum(of_people.values())} == {Decimal("3240416.55")}

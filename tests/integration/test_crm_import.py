"""Rule 34: an import checks format, reference and totals; every fault is named, and nothing vanishes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, select
from typer import Typer
from typer.testing import CliRunner

from models.cycles import Cycle
from models.database import SessionMaker
from models.errors import Refusal
from models.metrics import Target
from models.org import Account, Company, Person, Unit
from models.records import Deal
from models.stages import Role, UnitKind
from quarterdeck.crm_company import ImportOptions
from quarterdeck.crm_import import import_crm, import_crm_opportunities, prepare_cycle
from quarterdeck.crm_report import KINDS, ImportReport
from quarterdeck.crm_tables import ACCOUNTS, PIPELINE, PRODUCTS, TEAMS
from rules.calendar import WorkCalendar
from rules.known_names import closest
from rules.plan import default_terms

CLEAN: dict[str, str] = {
    TEAMS: "sales_agent,manager,regional_office\nAnna Snelling,Dustin Brinkmann,Central\nBo Lee,Cara Losch,East\n",
    PRODUCTS: "product,series,sales_price\nGTX Pro,GTX,4821\n",
    ACCOUNTS: (
        "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
        "Isdom,medical,2002,3178.24,4540,United States,\n"
        "Cancity,retail,2001,718.62,2448,Kenya,Isdom\n"
    ),
    PIPELINE: (
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "A1,Anna Snelling,GTX Pro,Isdom,Won,20-10-2016,03-01-2017,4514\n"
        "A2,Bo Lee,GTX Pro,Cancity,Won,20-10-2016,28-02-2017,4800.50\n"
        "A3,Anna Snelling,GTX Pro,Isdom,Won,20-10-2016,31-03-2017,5000\n"
        "A4,Bo Lee,GTX Pro,Cancity,Lost,20-10-2016,01-03-2017,0\n"
    ),
}

FAULTY: dict[str, str] = {
    TEAMS: CLEAN[TEAMS]
    + "Idle Ida,Cara Losch,East\nLoser Lou,Cara Losch,West\nAnna Snelling,Cara Losch,East\n,X,East\n",
    PRODUCTS: CLEAN[PRODUCTS] + "GTX Pro,GTX,1\nGTK 500,GTK,dear\n",
    ACCOUNTS: CLEAN[ACCOUNTS]
    + "Isdom,medical,2002,1,1,United States,\n"
    + "dambase,technolgy,2017,1,1,Korea,Isdomm\n"
    + "Idle Inc,retail,2001,1,1,Philipines,\n",
    PIPELINE: CLEAN[PIPELINE]
    + "A1,Anna Snelling,GTX Pro,Isdom,Won,20-10-2016,03-01-2017,4514\n"
    + ",Anna Snelling,GTX Pro,Isdom,Won,20-10-2016,03-01-2017,4514\n"
    + "B1,Bo Leee,GTXPro,isdom,won,20-10-2016,01-06-2017,4000\n"
    + "B2,Nobody Known,GTX Pro,Isdom,Won,20-10-2016,01-06-2017,4000\n"
    + "B3,Bo Lee,GTX Pro,Isdom,Won,20-10-16,,4000\n"
    + "B4,Bo Lee,GTX Pro,null,Won,20-10-2016,01-06-2017,0\n"
    + "B5,Bo Lee,GTX Pro,dambase,Won,20-10-2016,01-06-2016,a lot\n"
    + "B6,Bo Lee,GTX Pro,Isdom,Won,20-10-2016,01-06-2017,99999\n"
    + "B7,Loser Lou,GTX Pro,Isdom,Lost,20-10-2016,01-06-2017,17\n"
    + "C1,Bo Lee,GTX Pro,Isdom,Prospecting,,,0\n"
    + "C2,Bo Lee,GTX Pro,Isdom,Prospecting,,,0\n"
    + "C3,Bo Lee,GTX Pro,Isdom,Engaging,01-01-2016,,0\n"
    + "C4,Bo Lee,GTX Pro,Isdom,Vanished,01-01-2017,,\n"
    + "C5,Bo Lee,GTX Pro,Isdom,Lost,20-10-2016,01-06-2017\n",
}


def folder_of(tmp_path: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


async def everything(sessions: SessionMaker, table: type[SQLModel]) -> list[SQLModel]:
    async with sessions() as session:
        return list((await session.exec(select(table))).all())


async def test_offices_are_divisions_managers_direct_departments_and_agents_sell(
    sessions: SessionMaker, tmp_path: Path
) -> None:
    report = await import_crm_opportunities(sessions, folder_of(tmp_path, CLEAN), ImportOptions(name="Hardware"))
    async with sessions() as session:
        company = await session.get_one(Company, "crm")
        units = list((await session.exec(select(Unit))).all())
        people = {person.id: person for person in (await session.exec(select(Person))).all()}
    assert (company.name, company.currency) == ("Hardware", "USD")
    by_kind = {kind: sorted(unit.name for unit in units if unit.kind is kind) for kind in UnitKind}
    assert by_kind[UnitKind.DIVISION] == ["Central", "East"]
    assert by_kind[UnitKind.DEPARTMENT] == ["Department Cara Losch", "Department Dustin Brinkmann"]
    anna = next(person for person in people.values() if person.name == "Anna Snelling")
    line = []
    superior = anna.superior_id
    while superior:
        line.append(people[superior].name)
        superior = people[superior].superior_id
    assert line == ["Dustin Brinkmann", "Head of office Central", "Head of sales"]
    assert anna.email == "anna.snelling@example.com"
    assert anna.is_scored
    assert not next(person for person in people.values() if person.name == "Dustin Brinkmann").is_scored
    assert report.taken == {"units": 7, "people": 8, "won deals": 3}


async def test_won_deals_are_taken_over_and_an_accounts_first_makes_a_new_customer(
    sessions: SessionMaker, tmp_path: Path
) -> None:
    report = await import_crm_opportunities(sessions, folder_of(tmp_path, CLEAN))
    async with sessions() as session:
        deals = (await session.exec(select(Deal).order_by(col(Deal.won_on)))).all()
    assert [(d.number, d.won_on, d.amount, d.customer, d.is_new_customer) for d in deals] == [
        ("A1", date(2017, 1, 3), Decimal(4514), "Isdom", True),
        ("A2", date(2017, 2, 28), Decimal("4800.50"), "Cancity", True),
        ("A3", date(2017, 3, 31), Decimal(5000), "Isdom", False),
    ]
    assert report.by_quarter == {"2017 Q1": Decimal("14314.50")}
    assert report.left == {"lost": 1}


async def test_data_without_faults_has_none_but_what_the_files_lack(
    some_sessions: SessionMaker, tmp_path: Path
) -> None:
    report = await import_crm_opportunities(some_sessions, folder_of(tmp_path, CLEAN))
    assert set(report.counts()) == {"not-in-the-files"}


@pytest.fixture
async def faulty(some_sessions: SessionMaker, tmp_path: Path) -> ImportReport:
    return await import_crm_opportunities(some_sessions, folder_of(tmp_path, FAULTY))


def test_every_kind_of_fault_is_found(faulty: ImportReport) -> None:
    assert set(KINDS) - set(faulty.counts()) == set()


def test_a_fault_says_where_it_is_and_what_was_done(faulty: ImportReport) -> None:
    (renamed,) = [fault for fault in faulty.of("product-unknown") if fault.value == "GTXPro"]
    assert (renamed.place, renamed.column, renamed.done) == (f"{PIPELINE}:8", "product", "taken over as GTX Pro")
    (misspelt,) = faulty.of("sector-misspelt")
    assert (misspelt.value, misspelt.done.split(";")[0]) == ("technolgy", "probably technology")
    countries = {fault.value: fault.done.split(";")[0] for fault in faulty.of("country-misspelt")}
    assert countries == {
        "Korea": "probably North Korea or South Korea",
        "Philipines": "probably Philippines",
    }
    unknown = {fault.value: fault.done for fault in faulty.of("agent-unknown")}
    assert unknown == {
        "Bo Leee": "taken over as Bo Lee",
        "Nobody Known": "no sales_agent is named like it; correct it",
    }


def test_every_row_of_the_pipeline_is_accounted_for(faulty: ImportReport) -> None:
    assert faulty.taken["won deals"] + sum(faulty.left.values()) == faulty.read[PIPELINE] == 18
    assert faulty.left == {
        "with an id that occurs twice": 1,
        "without an id": 1,
        "lost": 3,
        "still open": 3,
        "of unknown stage": 1,
        "won by nobody known": 1,
        "won without a date": 1,
        "won without a value": 2,
    }


async def test_what_was_renamed_is_taken_over_under_the_right_name(
    some_sessions: SessionMaker, faulty: ImportReport
) -> None:
    async with some_sessions() as session:
        deal = (await session.exec(select(Deal).where(Deal.number == "B1"))).one()
        seller = await session.get_one(Person, deal.seller_id)
    assert (seller.name, deal.product, deal.customer) == ("Bo Lee", "GTX Pro", "Isdom")


async def test_who_never_won_anything_is_taken_over_without_being_scored(
    some_sessions: SessionMaker, faulty: ImportReport
) -> None:
    async with some_sessions() as session:
        people = (await session.exec(select(Person).where(Person.post == "Sales agent"))).all()
    assert {person.name: person.is_scored for person in people} == {
        "Anna Snelling": True,
        "Bo Lee": True,
        "Idle Ida": False,
        "Loser Lou": False,
    }


def test_the_report_shows_each_kind_with_its_count_and_writes_every_row(
    faulty: ImportReport, tmp_path: Path
) -> None:
    text = "\n".join(faulty.lines())
    assert f"Faults of the data: {len(faulty.faults)}" in text
    assert all(f"[{kind}]: {count}" in text for kind, count in faulty.counts().items())
    assert "and 2 more" not in text.split("[agent-without-opportunity]")[0].split("[agent-unknown]")[1]
    faulty.write(tmp_path / "faults.csv")
    with (tmp_path / "faults.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == [fault.kind for fault in faulty.faults]


def test_a_fault_of_no_known_kind_is_ours() -> None:
    with pytest.raises(ValueError, match="Unknown kind"):
        ImportReport("crm").found("new-kind", PIPELINE, 1, "", "", "")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("GTXPro", "GTX Pro"), ("gtx pro", "GTX Pro"), ("GTX Plus Por", "GTX Plus Pro"), ("Printer", "")],
)
def test_a_name_means_the_one_it_is_nearly_written_as(name: str, meant: str) -> None:
    assert closest(name, ["GTX Basic", "GTX Pro", "GTX Plus Pro", "MG Special"]) == meant


@pytest.mark.parametrize("name", [TEAMS, PRODUCTS, ACCOUNTS, PIPELINE])
async def test_without_one_of_its_files_nothing_is_imported(
    some_sessions: SessionMaker, tmp_path: Path, name: str
) -> None:
    folder_of(tmp_path, CLEAN)
    (tmp_path / name).unlink()
    with pytest.raises(Refusal) as refused:
        await import_crm_opportunities(some_sessions, tmp_path)
    assert (refused.value.code, refused.value.facts["file"]) == ("file-missing", name)
    assert await everything(some_sessions, Company) == []


async def test_wrong_columns_are_all_named(some_sessions: SessionMaker, tmp_path: Path) -> None:
    folder_of(tmp_path, CLEAN | {TEAMS: "agent,manager,office\nA,B,C\n"})
    with pytest.raises(Refusal) as refused:
        await import_crm_opportunities(some_sessions, tmp_path)
    assert refused.value.code == "columns-missing"
    assert refused.value.facts["missing"] == ["sales_agent", "regional_office"]


async def test_big5_is_refused(some_sessions: SessionMaker, tmp_path: Path) -> None:
    folder_of(tmp_path, CLEAN)
    text = CLEAN[TEAMS] + "王小明,陳美玲,東區\n"
    (tmp_path / TEAMS).write_bytes(text.encode("big5"))
    with pytest.raises(Refusal) as refused:
        await import_crm_opportunities(some_sessions, tmp_path)
    assert (refused.value.code, refused.value.facts["looks_like"]) == ("encoding-unknown", "big5")


async def test_a_second_import_is_refused_and_changes_nothing(sessions: SessionMaker, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, CLEAN)
    await import_crm_opportunities(sessions, folder)
    with pytest.raises(Refusal, match="company-exists"):
        await import_crm_opportunities(sessions, folder)
    await import_crm_opportunities(sessions, folder, ImportOptions(company_id="other"))
    assert len(await everything(sessions, Deal)) == 6


async def test_accounts_are_opened_only_with_a_password(some_sessions: SessionMaker, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, CLEAN)
    await import_crm_opportunities(some_sessions, folder)
    assert await everything(some_sessions, Account) == []
    await import_crm_opportunities(some_sessions, folder, ImportOptions("two", password="a long enough one"))
    async with some_sessions() as session:
        accounts = {a.user_name: a.roles for a in (await session.exec(select(Account))).all()}
    assert accounts == {"two-hr": [Role.HR_ADMIN], "two-head": [Role.EXECUTIVE]}


async def test_a_cycle_aims_five_per_cent_above_the_months_before(sessions: SessionMaker, tmp_path: Path) -> None:
    """Rules 15 and 16: units' targets are the sums of those below them, to the cent."""
    await import_crm_opportunities(sessions, folder_of(tmp_path, CLEAN))
    starts_on, ends_on = date(2017, 4, 1), date(2017, 6, 30)
    terms = default_terms(starts_on, ends_on, starts_on, WorkCalendar())
    cycle_id = await prepare_cycle(sessions, "crm", starts_on, ends_on, terms)
    async with sessions() as session:
        cycle = await session.get_one(Cycle, cycle_id)
        targets = (await session.exec(select(Target).where(Target.cycle_id == cycle_id))).all()
        hr = await session.get_one(Person, cycle.hr_owner_id)
        names = {person.id: person.name for person in (await session.exec(select(Person))).all()}
    assert (cycle.the_terms(), hr.post) == (terms, "HR")
    assert {names[t.person_id]: t.value for t in targets if t.person_id} == {
        "Anna Snelling": Decimal("9989.70"),
        "Bo Lee": Decimal("5040.53"),  # 4800.50 × 1.05 = 5040.525
    }
    of_units = {target.unit_id: target.value for target in targets if not target.person_id}
    assert of_units["crm-hq"] == Decimal("15030.23")
    assert of_units["crm-v1"] == of_units["crm-d1"] == of_units["crm-d1-t1"] == Decimal("9989.70")


async def test_who_sold_nothing_before_aims_at_the_mean_of_their_peers(
    some_sessions: SessionMaker, tmp_path: Path
) -> None:
    late = "A5,Bo Lee,GTX Pro,Isdom,Won,20-10-2016,03-04-2017,100\n"
    pipeline = "".join(line for line in CLEAN[PIPELINE].splitlines(True) if not line.startswith("A2")) + late
    await import_crm_opportunities(some_sessions, folder_of(tmp_path, CLEAN | {PIPELINE: pipeline}))
    starts_on, ends_on = date(2017, 4, 1), date(2017, 6, 30)
    terms = default_terms(starts_on, ends_on, starts_on, WorkCalendar())
    await prepare_cycle(some_sessions, "crm", starts_on, ends_on, terms)
    async with some_sessions() as session:
        bo = (await session.exec(select(Person).where(Person.name == "Bo Lee"))).one()
        target = (await session.exec(select(Target).where(Target.person_id == bo.id))).one()
    assert target.value == Decimal(9514)


async def test_a_cycle_of_an_unknown_company_is_refused(some_sessions: SessionMaker) -> None:
    day = date(2017, 4, 1)
    with pytest.raises(Refusal, match="company-unknown"):
        await prepare_cycle(
            some_sessions,
            "none",
            day,
            date(2017, 6, 30),
            default_terms(day, date(2017, 6, 30), day, WorkCalendar()),
        )


@pytest.fixture
def command(some_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Typer:
    """The command on a fresh database, set as an operator would: by the environment."""
    monkeypatch.setenv("QUARTERDECK_DATABASE_URL", some_database_url)
    monkeypatch.setenv("QUARTERDECK_DEMO", "true")
    app = Typer()
    app.command()(import_crm)
    return app


def test_the_command_prints_the_report_and_writes_the_faults(command: Typer, tmp_path: Path) -> None:
    faults = tmp_path / "faults.csv"
    outcome = CliRunner().invoke(command, [str(folder_of(tmp_path, FAULTY)), "--report", str(faults)])
    assert outcome.exit_code == 0, outcome.output
    assert "Company crm: 8 units, 11 people, 5 won deals" in outcome.output
    assert faults.exists()


def test_the_command_says_in_words_why_nothing_was_imported(command: Typer, tmp_path: Path) -> None:
    outcome = CliRunner().invoke(command, [str(tmp_path)])
    assert outcome.exit_code == 1
    assert outcome.output.strip() == (
        "Nothing was imported: sales_teams.csv is not in the folder, or cannot be read."
    )
    folder_of(tmp_path, CLEAN | {TEAMS: "agent,manager,office\nA,B,C\n"})
    outcome = CliRunner().invoke(command, [str(tmp_path)])
    assert "sales_teams.csv lacks the columns sales_agent, regional_office." in outcome.output

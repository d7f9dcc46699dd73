"""The four tables of a CRM export, checked cell by cell (Rule 34: format, reference).

What is wrong is named in the report, with what was done about it; a name that is only written
differently is taken over as the one it must mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from babel import Locale

from connectors.files import Table, TableRow, read_file
from quarterdeck.crm_report import ImportReport
from rules.amounts import decimal_in
from rules.cells import date_in, is_nothing
from rules.known_names import closest

TEAMS, PRODUCTS, ACCOUNTS, PIPELINE = "sales_teams.csv", "products.csv", "accounts.csv", "sales_pipeline.csv"
COLUMNS = {
    TEAMS: ("sales_agent", "manager", "regional_office"),
    PRODUCTS: ("product", "series", "sales_price"),
    ACCOUNTS: (
        "account",
        "sector",
        "year_established",
        "revenue",
        "employees",
        "office_location",
        "subsidiary_of",
    ),
    PIPELINE: (
        "opportunity_id",
        "sales_agent",
        "product",
        "account",
        "deal_stage",
        "engage_date",
        "close_date",
        "close_value",
    ),
}
MAY_BE_EMPTY = {"subsidiary_of", "account", "engage_date", "close_date", "close_value"}
WON, LOST, ENGAGING, PROSPECTING = "Won", "Lost", "Engaging", "Prospecting"
SECTORS = (
    "agriculture construction education employment energy entertainment finance government insurance logistics "
    "manufacturing marketing media medical retail services software technology telecommunications transport"
)


@dataclass(frozen=True)
class Agent:
    name: str
    manager: str
    office: str
    row: int


@dataclass(frozen=True)
class Opportunity:
    """A row of the pipeline after all checks; names are those of the other tables."""

    id: str
    row: int
    agent: str
    product: str
    account: str
    stage: str
    engaged_on: date | None
    closed_on: date | None
    value: Decimal | None


@dataclass
class Export:
    """A CRM export, checked."""

    agents: list[Agent] = field(default_factory=list)
    products: dict[str, Decimal | None] = field(default_factory=dict)
    accounts: dict[str, int | None] = field(default_factory=dict)
    """With the year of foundation."""
    opportunities: list[Opportunity] = field(default_factory=list)
    row_of: dict[tuple[str, str], int] = field(default_factory=dict)
    """Where a product or account stands, by file and name."""


def read_export(folder: Path, report: ImportReport) -> Export:
    """Read and check the four files.

    Raises:
        Refusal: a file is missing or unreadable, or lacks columns.
    """
    tables = {name: read_file(folder / name).require(columns) for name, columns in COLUMNS.items()}
    for name, table in tables.items():
        report.read[name] = len(table.rows)
        _check_shape(table, report)
    export = Export()
    _read_teams(tables[TEAMS], export, report)
    _read_products(tables[PRODUCTS], export, report)
    _read_accounts(tables[ACCOUNTS], export, report)
    _PipelineReader(export, report).read(tables[PIPELINE])
    return export


def _check_shape(table: Table, report: ImportReport) -> None:
    for row in table.rows:
        if row.surplus or row.is_short:
            report.found(
                "row-ragged",
                table.file_name,
                row.number,
                "",
                ", ".join(row.surplus),
                "the named columns were taken over; correct the row",
            )
        for column in COLUMNS[table.file_name]:
            if not row[column] and column not in MAY_BE_EMPTY:
                report.found("cell-missing", table.file_name, row.number, column, "", "fill it in")


def _read_teams(table: Table, export: Export, report: ImportReport) -> None:
    seen: set[str] = set()
    for row in table.rows:
        agent = Agent(row["sales_agent"], row["manager"], row["regional_office"], row.number)
        if not (agent.name and agent.manager and agent.office):
            continue  # Named as missing cells.
        if agent.name in seen:
            report.found("agent-twice", TEAMS, row.number, "sales_agent", agent.name, "the first row counts")
            continue
        seen.add(agent.name)
        export.agents.append(agent)


def _read_products(table: Table, export: Export, report: ImportReport) -> None:
    for row in table.rows:
        name = row["product"]
        if name in export.products:
            report.found("product-twice", PRODUCTS, row.number, "product", name, "the first row counts")
        elif name:
            export.products[name] = _number(row, "sales_price", PRODUCTS, report)
            export.row_of[PRODUCTS, name] = row.number


def _read_accounts(table: Table, export: Export, report: ImportReport) -> None:
    countries = [name for code, name in Locale("en").territories.items() if len(code) == 2]
    parents: list[TableRow] = []
    for row in table.rows:
        name = row["account"]
        if not name:
            report.found("cell-missing", ACCOUNTS, row.number, "account", "", "the row was left out; fill it in")
            continue
        if name in export.accounts:
            report.found("account-twice", ACCOUNTS, row.number, "account", name, "the first row counts")
            continue
        founded = _number(row, "year_established", ACCOUNTS, report)
        export.accounts[name] = int(founded) if founded else None
        export.row_of[ACCOUNTS, name] = row.number
        for column in ("revenue", "employees"):
            _number(row, column, ACCOUNTS, report)
        if name[0].islower():
            report.found("name-in-lower-case", ACCOUNTS, row.number, "account", name, "taken over as it is")
        _check_word("sector-misspelt", row, "sector", SECTORS.split(), report)
        _check_word("country-misspelt", row, "office_location", countries, report)
        parents.append(row)
    for row in parents:
        parent = row["subsidiary_of"]
        if parent and parent not in export.accounts:
            suggestion = closest(parent, export.accounts)
            done = f"probably {suggestion}; " if suggestion else ""
            report.found("parent-unknown", ACCOUNTS, row.number, "subsidiary_of", parent, f"{done}not used")


def _check_word(kind: str, row: TableRow, column: str, known: Collection[str], report: ImportReport) -> None:
    word = row[column]
    if not word or word in known:
        return
    within = [name for name in known if word in name.split()]
    suggestions = within or [name for name in (closest(word, known),) if name]
    meant = "probably " + " or ".join(suggestions) if suggestions else "no such word is known"
    report.found(kind, ACCOUNTS, row.number, column, word, f"{meant}; correct it in the CRM, it is not used here")


def _number(row: TableRow, column: str, file: str, report: ImportReport) -> Decimal | None:
    text = row[column]
    number = decimal_in(text).value
    if text and number is None:
        report.found("number-unreadable", file, row.number, column, text, "left empty; correct it")
    return number


@dataclass
class _PipelineReader:
    export: Export
    report: ImportReport
    seen: set[str] = field(default_factory=set)
    meant: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a name of another spelling was taken for, by column."""
    alike: dict[tuple[str, ...], list[TableRow]] = field(default_factory=lambda: defaultdict(list))

    def read(self, table: Table) -> None:
        agents = [agent.name for agent in self.export.agents]
        for row in table.rows:
            self._read(row, agents)
        self._check_alike()
        self._check_age()

    def _read(self, row: TableRow, agents: Sequence[str]) -> None:
        key = row["opportunity_id"]
        if not key:  # Named as a missing cell.
            self._leave("without an id")
            return
        if key in self.seen:
            self._found("opportunity-twice", row, "opportunity_id", "left out; the first row counts")
            self._leave("with an id that occurs twice")
            return
        self.seen.add(key)
        stage = row["deal_stage"]
        if stage not in (WON, LOST, ENGAGING, PROSPECTING):
            suggestion = closest(stage, (WON, LOST, ENGAGING, PROSPECTING))
            self._found(
                "deal-stage-unknown", row, "deal_stage", f"taken for {suggestion}" if suggestion else "left out"
            )
            stage = suggestion
        opportunity = Opportunity(
            id=key,
            row=row.number,
            agent=self._name("agent-unknown", row, "sales_agent", agents),
            product=self._name("product-unknown", row, "product", self.export.products) or row["product"],
            account=self._account(row),
            stage=stage,
            engaged_on=self._date(row, "engage_date"),
            closed_on=self._date(row, "close_date"),
            value=self._value(row),
        )
        self._check(row, opportunity)
        self.export.opportunities.append(opportunity)
        if stage in (ENGAGING, PROSPECTING):
            self.alike[tuple(row[column] for column in COLUMNS[PIPELINE][1:])].append(row)

    def _account(self, row: TableRow) -> str:
        if not is_nothing(row["account"]):
            return self._name("account-unknown", row, "account", self.export.accounts) or row["account"]
        closed = row["deal_stage"] in (WON, LOST)
        self._found(
            "account-missing", row, "account", "name the account" if closed else "name it before it is won"
        )
        return ""

    def _name(self, kind: str, row: TableRow, column: str, known: Collection[str]) -> str:
        """Return the known name that a cell means, or nothing."""
        name = row[column]
        if name in known:
            return name
        if (column, name) not in self.meant:
            self.meant[column, name] = closest(name, known)
        suggestion = self.meant[column, name]
        done = f"taken over as {suggestion}" if suggestion else f"no {column} is named like it; correct it"
        self._found(kind, row, column, done)
        return suggestion

    def _date(self, row: TableRow, column: str) -> date | None:
        read = date_in(row[column], "dmy")
        if read.fault:
            self._found("date-unreadable", row, column, "left empty; write it DD-MM-YYYY")
        return read.value

    def _value(self, row: TableRow) -> Decimal | None:
        read = decimal_in(row["close_value"])
        if read.fault or (read.value is not None and read.value < 0):
            self._found("amount-unreadable", row, "close_value", "left empty; write it as a number")
            return None
        return read.value

    def _check(self, row: TableRow, opportunity: Opportunity) -> None:
        engaged, closed, value = opportunity.engaged_on, opportunity.closed_on, opportunity.value
        if opportunity.stage in (ENGAGING, PROSPECTING):
            if not engaged:
                self._found("open-without-engage-date", row, "engage_date", "left out with the open ones; date it")
            if not closed:
                self._found("open-without-close-date", row, "close_date", "left out: not won yet")
            if value == 0:
                self._found("open-with-zero-value", row, "close_value", "not used; leave unknown values empty")
        elif opportunity.stage == LOST and value:
            self._found("lost-with-value", row, "close_value", "left out: it was lost")
        elif opportunity.stage == WON:
            self._check_won(row, opportunity)
        if engaged and closed and closed < engaged:
            self._found("closed-before-engaged", row, "close_date", f"engaged {engaged}; the closing date counts")
        founded = self.export.accounts.get(opportunity.account)
        if engaged and founded and engaged.year < founded:
            self._found("engaged-before-founded", row, "engage_date", f"founded {founded}; taken over as it is")

    def _check_won(self, row: TableRow, opportunity: Opportunity) -> None:
        if not opportunity.closed_on:
            self._found("won-without-date", row, "close_date", "left out: it belongs to no period; date it")
        if not opportunity.value:
            self._found("won-without-value", row, "close_value", "taken over if it has a value; give it one")
        price = self.export.products.get(opportunity.product)
        if price and opportunity.value and not price / 2 <= opportunity.value <= price * 2:
            self._found("value-far-from-price", row, "close_value", f"list price {price}; taken over as it is")

    def _check_alike(self) -> None:
        for rows in self.alike.values():
            for row in rows[1:]:
                done = f"the same as row {rows[0].number} but for the id; one of them may be superfluous"
                self._found("opportunities-alike", row, "opportunity_id", done)

    def _check_age(self) -> None:
        """Name what has been open, by the last day of the file, for longer than anything closed took."""
        opportunities = self.export.opportunities
        spans = [(o.closed_on - o.engaged_on).days for o in opportunities if o.closed_on and o.engaged_on]
        days = [day for o in opportunities for day in (o.closed_on, o.engaged_on) if day]
        if not spans:
            return
        longest, last = max(spans), max(days)
        for o in opportunities:
            if o.stage in (ENGAGING, PROSPECTING) and o.engaged_on and (last - o.engaged_on).days > longest:
                self.report.found(
                    "open-longer-than-any-closed",
                    PIPELINE,
                    o.row,
                    "engage_date",
                    o.engaged_on.isoformat(),
                    f"open {(last - o.engaged_on).days} days, none closed took over {longest}; close it",
                )

    def _found(self, kind: str, row: TableRow, column: str, done: str) -> None:
        self.report.found(kind, PIPELINE, row.number, column, row[column], done)

    def _leave(self, why: str) -> None:
        self.report.left[why] = self.report.left.get(why, 0) + 1

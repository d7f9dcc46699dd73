"""What an import found wrong with the data, row by row, and what became of each row: nothing vanishes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

ROWS_SHOWN = 3


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place. `row` is 0 where a fault is about the whole file."""

    kind: str
    file: str
    row: int
    column: str
    value: str
    done: str
    """What was done about it, or is to be done."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.row}" if self.row else self.file


KINDS = {
    "opportunity-twice": "An opportunity's id occurs twice",
    "deal-stage-unknown": "A stage that is none of Won, Lost, Engaging, Prospecting",
    "date-unreadable": "A date that is not written DD-MM-YYYY",
    "amount-unreadable": "A value that is no number",
    "won-without-date": "A won deal without a closing date",
    "won-without-value": "A won deal worth nothing",
    "lost-with-value": "A lost deal with a value",
    "closed-before-engaged": "Closed before it was engaged",
    "agent-unknown": "An agent who is in no team",
    "product-unknown": "A product that is not in the list of products",
    "account-unknown": "An account that is not in the list of accounts",
    "account-missing": "No account named",
    "open-without-engage-date": "An open opportunity without an engage date",
    "open-without-close-date": "An open opportunity without a closing date",
    "open-with-zero-value": "An open opportunity with value 0, where nobody knows the value",
    "open-longer-than-any-closed": "Open for longer than any deal that was ever closed took",
    "opportunities-alike": "Opportunities that differ in nothing but their id",
    "engaged-before-founded": "Engaged before the year in which the account was founded",
    "value-far-from-price": "A won value below half or above double the list price",
    "agent-without-opportunity": "An agent without a single opportunity",
    "agent-without-won-deal": "An agent with opportunities, but without a won deal",
    "manager-in-two-offices": "A manager whose agents belong to several offices",
    "agent-twice": "An agent who is listed twice",
    "account-twice": "An account that is listed twice",
    "account-without-opportunity": "An account without a single opportunity",
    "product-twice": "A product that is listed twice",
    "product-never-sold": "A product that was never won",
    "sector-misspelt": "A sector that is misspelt",
    "country-misspelt": "A country that is misspelt or ambiguous",
    "name-in-lower-case": "An account's name that begins with a small letter",
    "parent-unknown": "A parent company that is not in the list of accounts",
    "number-unreadable": "A number that is none",
    "cell-missing": "A cell that is empty where there must be something",
    "row-ragged": "A row with more or fewer cells than the header",
    "month-without-deals": "A month of the first or last quarter in which nothing was closed",
    "not-in-the-files": "What Quarterdeck needs and the files do not have",
}
"""Every check, in the order of the report; one that found nothing is said to have found nothing."""


@dataclass
class ImportReport:
    """What was read, what was taken over, and what was wrong."""

    company_id: str
    read: dict[str, int] = field(default_factory=dict)
    """Rows by file."""
    taken: dict[str, int] = field(default_factory=dict)
    """What was written, by what it is."""
    left: dict[str, int] = field(default_factory=dict)
    """Opportunities that are no won deals, by why; with the deals they add up to the file's rows."""
    by_quarter: dict[str, Decimal] = field(default_factory=dict)
    """Won deals taken over, like `2017 Q3`."""
    faults: list[Fault] = field(default_factory=list)

    def found(self, kind: str, file: str, row: int, column: str, value: str, done: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"Unknown kind of fault {kind}")
        self.faults.append(Fault(kind, file, row, column, value, done))

    def of(self, kind: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.kind == kind]

    def counts(self) -> dict[str, int]:
        """Return how many faults of each kind there are, kinds without any left out."""
        found = [fault.kind for fault in self.faults]
        return {kind: found.count(kind) for kind in KINDS if kind in found}

    def lines(self) -> Iterator[str]:
        """Give the report as a person reads it; `write` has every row."""
        yield "Read: " + ", ".join(f"{count:,} rows of {file}" for file, count in self.read.items())
        yield f"Company {self.company_id}: " + ", ".join(f"{count:,} {what}" for what, count in self.taken.items())
        yield "Left out: " + ", ".join(f"{count:,} {why}" for why, count in self.left.items())
        yield "Won deals by quarter:"
        yield from (f"  {quarter}  {amount:>14,.2f}" for quarter, amount in self.by_quarter.items())
        yield f"  total    {sum(self.by_quarter.values(), Decimal()):>14,.2f}"
        yield f"Faults of the data: {len(self.faults):,}"
        for kind, count in self.counts().items():
            yield f"  {KINDS[kind]} [{kind}]: {count:,}"
            for fault in self.of(kind)[:ROWS_SHOWN]:
                yield f"    {fault.place} {fault.column} = {fault.value or '(empty)'}: {fault.done}"
            if count > ROWS_SHOWN:
                yield f"    and {count - ROWS_SHOWN:,} more"
        clean = [kind for kind in KINDS if kind not in self.counts()]
        yield "Looked for and not found: " + ", ".join(clean)

    def write(self, path: Path) -> None:
        """Write every fault to a CSV file that Excel opens."""
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["kind", "file", "row", "column", "value", "done"])
            writer.writerows(
                [fault.kind, fault.file, fault.row or "", fault.column, fault.value, fault.done]
                for fault in self.faults
            )


def quarter_of(day: date) -> str:
    return f"{day.year} Q{(day.month + 2) // 3}"

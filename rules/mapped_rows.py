"""Rows of a source read by a map, cell by cell: what each means, and all that is wrong with them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from models.field_maps import FieldRule, RecordMap
from models.sources import ROW_DELETED, RecordKind
from rules.amounts import Amounts, decimal_in
from rules.cells import Meaning, date_in, is_nothing, moment_in, plain, yes_or_no
from rules.known_names import Names, bare
from rules.rates import Rates
from rules.sellers import KnownPerson, Sellers

Columns = dict[str, Any]
"""A record, by the columns of its table."""

SHOWN: Final = 200
"""Characters of a faulty cell that are kept."""


@dataclass(frozen=True)
class Row:
    """A row as it was read."""

    place: str
    cells: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell. A row with a blocking fault is left out, whatever else is right in it."""

    kind: RecordKind
    place: str
    column: str
    value: str
    code: str
    suggestion: str = ""
    is_blocking: bool = True


@dataclass(frozen=True)
class Known:
    """What rows are held against."""

    company_id: str
    source_id: str
    currency: str = "CNY"
    zone: tzinfo = UTC
    people: Sequence[KnownPerson] = ()
    rates: Rates = field(default_factory=lambda: Rates(()))
    listed: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """By object and column of the source: the names it lists, and where each stands."""
    deals: Mapping[str, str] = field(default_factory=dict)
    """Ids of deals by their number."""
    from_on: date | None = None
    until_on: date | None = None
    is_whole: bool = True
    """Whether the rows are all that the source has."""


@dataclass
class Mapped:
    """What became of the rows of one map: none of them is in none of these."""

    kind: RecordKind
    records: list[Columns] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    """How many rows are right and no record, by why: lost, open, outside the period, not wanted."""
    read: int = 0
    faulty: set[str] = field(default_factory=set)
    """Where the rows with a blocking fault stand."""
    keys: set[str] = field(default_factory=set)
    """The source's own ids of all rows read."""
    faulty_keys: set[str] = field(default_factory=set)


class Reader:
    """Reads rows by a map. Cells that were read before are not read again: most repeat."""

    def __init__(self, wanted: RecordMap, known: Known, mapped: Mapped) -> None:
        self.map = wanted
        self.known = known
        self.mapped = mapped
        self.sellers = Sellers(known.people, wanted.seller_by)
        self.names = {
            name: Names(known.listed.get((rule.listed_in, rule.listed_as), ()))
            for name, rule in wanted.fields.items()
            if rule.listed_in
        }
        self.meanings = {
            name: {plain(value): meaning for value, meaning in rule.values.items()}
            for name, rule in wanted.fields.items()
        }
        self.used: dict[str, set[str]] = {name: set() for name in self.names}
        self._read: dict[tuple[str, str], Meaning[Any]] = {}

    def rows(self, rows: Sequence[Row]) -> Iterator[Cells]:
        """Give the rows that are wanted and have a key of their own."""
        seen: dict[str, str] = {}
        for row in rows:
            self.mapped.read += 1
            self.mapped.keys.add(row.cells.get(self.map.key, "").strip())
            if row.fault == ROW_DELETED:
                self.mapped.left["deleted"] += 1
                continue
            if any(row.cells.get(column, "") not in values for column, values in self.map.where.items()):
                self.mapped.left["not-wanted"] += 1
                continue
            cells = Cells(self, row)
            first = seen.setdefault(cells.key, row.place)
            if row.fault:
                cells.mark("", row.fault, is_blocking=row.fault == "row-too-long")
            if not cells.key:
                cells.mark_column(self.map.key, "key-missing")
            elif first != row.place:
                cells.mark_column(self.map.key, "key-twice", first)
            yield cells

    def meaning(self, name: str, text: str, read: Callable[[str], Meaning[Any]]) -> Meaning[Any]:
        known = self._read.get((name, text))
        if known is None:
            known = self._read[name, text] = read(text)
        return known


class Cells:
    """One row, read field by field. What is wrong is written down; `is_right` tells whether it can be a record."""

    def __init__(self, reader: Reader, row: Row) -> None:
        self.reader = reader
        self.row = row
        self.is_right = True
        self.key = row.cells.get(reader.map.key, "").strip()

    def rule(self, name: str) -> FieldRule | None:
        return self.reader.map.fields.get(name)

    def raw(self, name: str) -> str:
        rule = self.rule(name)
        if rule is None:
            return ""
        return self.row.cells.get(rule.column, "") if rule.column else rule.constant

    def text(self, name: str) -> str:
        """Return what stands in a field, translated; nothing where it says that there is nothing."""
        text = self.raw(name)
        meanings = self.reader.meanings.get(name)
        if meanings:
            text = meanings.get(plain(text), text)
        return "" if is_nothing(text) else text.strip()

    def name(self, name: str) -> str:
        """Return a name, held against those that are listed: one that is only spelt otherwise is put right."""
        text = self.text(name)
        names = self.reader.names.get(name)
        if names is None or not text:
            return text
        found = self.reader.meaning(name, text, names.find)
        if found.value is not None:
            self.reader.used[name].add(str(found.value))
            return str(found.value)
        if found.suggestion and bare(found.suggestion) == bare(text):
            self.note(name, "name-respelt", found.suggestion)
            self.reader.used[name].add(found.suggestion)
            return found.suggestion
        self.note(name, found.fault, found.suggestion)
        return text

    def day(self, name: str, is_required: bool = False) -> date | None:
        rule = self.rule(name)
        order = rule.dates if rule else "auto"
        found: date | None = self._value(name, lambda text: date_in(text, order), is_required)
        return found

    def moment(self, name: str) -> datetime | None:
        rule = self.rule(name)
        order, zone = rule.dates if rule else "auto", self.reader.known.zone
        found: datetime | None = self._value(name, lambda text: moment_in(text, zone, order))
        return found

    def amount(self, name: str, currency: str, is_required: bool = False) -> Decimal | None:
        rule = self.rule(name) or FieldRule()
        how = Amounts("refused", currency, rule.decimal_mark, rule.scale)
        found: Decimal | None = self._value(f"{name} {currency}", lambda text: decimal_in(text, how), is_required)
        return found

    def number(self, name: str, is_required: bool = False, places: int = 4) -> Decimal | None:
        rule = self.rule(name) or FieldRule()
        how = Amounts("points", "", rule.decimal_mark, rule.scale, places)
        found: Decimal | None = self._value(name, lambda text: decimal_in(text, how), is_required)
        return found

    def yes_no(self, name: str) -> bool | None:
        found: bool | None = self._value(name, yes_or_no)
        return found

    def seller(self) -> str:
        """Return the id of the one person whose row it is, or nothing."""
        return self.person(self.text("seller"))

    def person(self, text: str) -> str:
        """Return the id of the person that a text names, or nothing."""
        if not text:
            self.mark("seller", "value-missing")
            return ""
        found = self.reader.sellers.find(text)
        if found.fault:
            suggestion = found.suggestion or ", ".join(found.choices)
            self.mark("seller", found.fault, suggestion, is_blocking=found.value is None)
        return found.value or ""

    def currency(self) -> str:
        return self.text("currency").upper() or self.reader.known.currency

    def _value(self, key: str, read: Callable[[str], Meaning[Any]], is_required: bool = False) -> Any:
        name = key.partition(" ")[0]
        found = self.reader.meaning(key, self.text(name), read)
        if found.fault:
            self.mark(name, found.fault, found.suggestion or " / ".join(found.choices))
        elif found.value is None and is_required:
            self.mark(name, "value-missing")
        return found.value

    def is_within(self, day: date) -> bool:
        """Tell whether the day is in the period that is fetched; where not, the row is left."""
        known = self.reader.known
        if (known.from_on and day < known.from_on) or (known.until_on and day > known.until_on):
            self.leave("outside")
            return False
        return True

    def leave(self, why: str) -> None:
        self.reader.mapped.left[why] += 1

    def note(self, name: str, code: str, suggestion: str = "") -> None:
        """Name what is wrong and does not keep the row from counting."""
        self.mark(name, code, suggestion, is_blocking=False)

    def mark(self, name: str, code: str, suggestion: str = "", is_blocking: bool = True) -> None:
        rule = self.rule(name)
        self._mark((rule.column if rule else "") or name, self.raw(name), code, suggestion, is_blocking)

    def mark_column(self, column: str, code: str, suggestion: str = "") -> None:
        self._mark(column, self.row.cells.get(column, ""), code, suggestion, is_blocking=True)

    def _mark(self, column: str, value: str, code: str, suggestion: str, is_blocking: bool) -> None:
        mapped = self.reader.mapped
        mapped.faults.append(
            Fault(mapped.kind, self.row.place, column, value[:SHOWN], code, suggestion[:SHOWN], is_blocking)
        )
        if is_blocking:
            mapped.faulty.add(self.row.place)  # A row counts once.
            mapped.faulty_keys.add(self.key)
            self.is_right = False

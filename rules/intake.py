"""What all files that are taken over have in common: rows by the names of their columns, and faults by place.

A cell left empty says nothing, so that what is known stays; one that says 无, none or - empties it.
A row is sound or faulty as a whole, and one faulty row keeps the whole file from being taken over.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from rules.cells import EXCEL_ERRORS, Meaning, is_nothing, plain

Value = TypeVar("Value")
Line = tuple[int, Sequence[str]]
"""A row's number in the file, and its cells."""

EXAMPLE: Final = ("示例", "例：", "例:", "example")
"""How the first filled cell of a template's example row begins."""
MOST_KEPT: Final = 5_000
"""Faults beyond these are counted, and not named one by one."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place of a file."""

    row: int
    column: str
    """The column's stable name; empty for the row as a whole."""
    value: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Faults:
    """Everything that is wrong with a file: counted, and named as far as anybody reads it."""

    kept: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rows: set[int] = field(default_factory=set)

    def add(self, row: int, column: str, value: str, code: str, **facts: Any) -> None:
        self.counts[code] += 1
        self.rows.add(row)
        if len(self.kept) < MOST_KEPT:
            self.kept.append(Fault(row, column, value, code, facts))

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def in_order(self) -> list[Fault]:
        return sorted(self.kept, key=lambda fault: fault.row)


@dataclass(frozen=True)
class Grid:
    """A file's table: where each column that is known stands, and its rows, which can be read once."""

    places: Mapping[str, int]
    lines: Iterable[Line]
    unvalued: frozenset[tuple[int, int]] = frozenset()
    """Row, and place of the column, of formulas that no program has worked out."""
    merged: tuple[tuple[int, int, int, int], ...] = ()
    """First row and place, last row and place of cells that are one."""
    months: Mapping[int, Any] = field(default_factory=dict)
    """Where past figures have a column for each month: its first day, by place."""


@dataclass
class Reading:
    """A file as it is read: rows one by one, what is wrong with them, and what was seen beside that."""

    grid: Grid
    faults: Faults = field(default_factory=Faults)
    rows: int = 0
    examples: int = 0
    filled: int = 0
    """Cells that got what the merged cell around them holds."""

    def __iter__(self) -> Iterator[Row]:
        names = {place: name for name, place in self.grid.places.items()}
        width = max([*self.grid.places.values(), *self.grid.months], default=0) + 1
        covered = Covered(self.grid)
        unvalued: dict[int, list[int]] = {}
        for number, place in self.grid.unvalued:
            unvalued.setdefault(number, []).append(place)
        for number, given in self.grid.lines:
            cells = list(given) if len(given) >= width else [*given, *[""] * (width - len(given))]
            first = next((cell for cell in cells if cell), "")
            if not first:
                continue
            if plain(first).startswith(EXAMPLE):
                self.examples += 1
                continue
            self.rows += 1
            if covered.ranges:
                self.filled += covered.fill(number, cells)
            row = Row(number, self.grid.places, cells, self.faults)
            for place in unvalued.get(number, ()):
                if place in names:
                    row.fault(names[place], "formula-without-value")
            yield row


class Covered:
    """Cells behind a merged one, which get what it holds. Rows are asked for from the top down."""

    def __init__(self, grid: Grid) -> None:
        self.places = sorted({*grid.places.values()})
        self.ranges = sorted(one for one in grid.merged if any(one[1] <= place <= one[3] for place in self.places))
        self.next = 0
        self.held: dict[int, tuple[int, str]] = {}
        """By place: the last row that a merged cell reaches to, and what it holds."""

    def fill(self, number: int, cells: list[str]) -> int:
        """Fill in a row's cells; return how many."""
        filled = 0
        for place, (bottom, held) in self.held.items():
            if number <= bottom and held and not cells[place]:
                cells[place] = held
                filled += 1
        while self.next < len(self.ranges) and self.ranges[self.next][0] <= number:
            top, left, bottom, right = self.ranges[self.next]
            self.next += 1
            held = cells[left] if top == number and left < len(cells) else ""
            for place in self.places:
                if left <= place <= right:
                    self.held[place] = (bottom, held)
                    if held and not cells[place]:
                        cells[place] = held
                        filled += 1
        return filled


class Row:
    """One row; it notes what is wrong with its cells."""

    __slots__ = ("cells", "faults", "is_faulty", "number", "places")

    def __init__(self, number: int, places: Mapping[str, int], cells: Sequence[str], faults: Faults) -> None:
        self.number = number
        self.places = places
        self.cells = cells
        self.faults = faults
        self.is_faulty = False

    def text(self, name: str) -> str:
        """Return a cell as it stands; nothing where there is no such column."""
        place = self.places.get(name)
        return "" if place is None else self.cells[place]

    def says(self, name: str) -> bool:
        """Tell whether a cell says anything, if only that there is nothing."""
        return bool(self.text(name))

    def words(self, name: str, most: int = 100) -> str | None:
        """Return a cell's words; None where it says nothing, the empty text where it says there is nothing."""
        text = self.text(name)
        if not text:
            return None
        if is_nothing(text):
            return ""
        if text in EXCEL_ERRORS:
            self.fault(name, "cell-error")
        elif len(text) > most:
            self.fault(name, "text-too-long", limit=most)
        elif not text.isprintable():
            self.fault(name, "text-unprintable")
        else:
            return text
        return None

    def needed(self, name: str, most: int = 100) -> str:
        """Return a cell's words; that there are none is a fault."""
        words = self.words(name, most)
        if not words and not self.is_faulty:
            self.fault(name, "cell-missing")
        return words or ""

    def choice(self, name: str, choices: Mapping[str, StrEnum]) -> StrEnum | None:
        """Return what a cell chooses of some words."""
        text = self.text(name)
        if not text or is_nothing(text):
            return None
        chosen = choices.get(plain(text))
        if chosen is None:
            self.fault(name, "not-a-choice-of", known=tuple(dict.fromkeys(_shown(choices))))
        return chosen

    def value(self, name: str, meaning: Meaning[Value], **facts: Any) -> Value | None:
        """Return what a cell means, and note what is wrong with it."""
        if meaning.fault:
            near = {"near": meaning.suggestion} if meaning.suggestion else {}
            choices = {"choices": meaning.choices} if meaning.choices else {}
            self.fault(name, meaning.fault, **near, **choices, **facts)
        return meaning.value

    def fault(self, column: str, code: str, **facts: Any) -> None:
        self.is_faulty = True
        self.faults.add(self.number, column, self.text(column), code, **facts)


def _shown(choices: Mapping[str, StrEnum]) -> Iterator[str]:
    """Give the first word for each thing that can be chosen."""
    first: dict[StrEnum, str] = {}
    for word, member in choices.items():
        first.setdefault(member, word)
    yield from first.values()


@dataclass(frozen=True)
class Changed:
    """A thing that is there and would become another: only what differs."""

    id: str
    row: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What taking a file over would write."""

    new: tuple[Mapping[str, Any], ...] = ()
    """Rows of the table, without their ids; `row` is the number in the file."""
    changed: tuple[Changed, ...] = ()
    unchanged: int = 0

    @property
    def fingerprint(self) -> str:
        """Return what tells this plan from any other."""
        lines = [*self.new, *([one.id, dict(one.before), dict(one.after)] for one in self.changed)]
        content = json.dumps([lines, self.unchanged], default=str, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def differing(known: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what of the given differs from what is known: as it is, and as it would be."""
    names = [name for name, value in given.items() if known.get(name) != value]
    return {name: known.get(name) for name in names}, {name: given[name] for name in names}

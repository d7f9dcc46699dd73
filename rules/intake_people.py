"""A file of people: who they are, where they belong, whom they report to (人员).

Superiors may stand in the same file, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar

from models.stages import Language, UnitKind
from rules.cells import Meaning, date_in, is_nothing, plain, yes_or_no
from rules.contacts import mail_in, phone_in
from rules.intake import Changed, Plan, Reading, Row, differing
from rules.intake_units import KnownUnit, KnownUnits
from rules.known_names import StaffNumbers

Value = TypeVar("Value")
WORDS: Final = ("post", "grade", "region")
BY_PAGE: Final = ("unit_id", "left_on")
"""What changes while a cycle is under way take tasks and targets along, and so are made on the person's page."""
NEW: Final[Mapping[str, Any]] = {
    "email": "",
    "phone": "",
    "language": Language.CHINESE,
    "superior_id": None,
    "post": "",
    "grade": "",
    "region": "",
    "joined_on": None,
    "left_on": None,
    "is_scored": True,
}
"""What is so of somebody new of whom the file does not say it."""


@dataclass(frozen=True)
class KnownPeople:
    """Everybody the company knows, by staff number: the columns of their row."""

    people: Mapping[str, Mapping[str, Any]]
    units: KnownUnits
    under_way: bool = False
    """Whether a cycle is running."""


@dataclass(frozen=True)
class People:
    """What taking a file of people over would write."""

    plan: Plan
    heads: tuple[Changed, ...]
    """Units that get another head."""


@dataclass
class Given:
    row: Row
    number: str
    values: dict[str, Any]
    unit: KnownUnit | None
    superior: str | None = None
    """A staff number; empty where there is to be none, None where the file does not say."""
    is_head: bool = False


class PeopleCheck:
    def __init__(self, known: KnownPeople, choices: Mapping[str, Mapping[str, StrEnum]], reading: Reading) -> None:
        self.known = known
        self.choices = choices
        self.reading = reading
        self.numbers = StaffNumbers(known.people)
        self.given = [self._read(row) for row in reading]

    def check(self) -> People:
        self._refuse_twice("staff_no", [(one.number, one) for one in self.given])
        self._refuse_lost_zeros()
        everybody = StaffNumbers([*self.known.people, *(one.number for one in self.given)])
        for one in self.given:
            text = one.row.text("superior")
            if text and is_nothing(text):
                one.superior = ""
            elif text:
                one.superior = one.row.value("superior", everybody.find(text))
                if one.superior == one.number:
                    one.row.fault("superior", "line-in-circle", line=one.number)
        self._refuse_circles()
        self._refuse_twice("is_head", [(one.unit.id, one) for one in self.given if one.is_head and one.unit])
        return self._planned()

    def _read(self, row: Row) -> Given:
        number = row.value("staff_no", self.numbers.new(row.text("staff_no")))
        if number is None and not row.is_faulty:
            row.fault("staff_no", "cell-missing")
        there = self.known.people.get(number or "")
        values: dict[str, Any] = {}
        name = row.words("name")
        if name:
            values["name"] = name
        elif there is None and not row.is_faulty:
            row.fault("name", "cell-missing")
        unit = self._unit(row, there)
        if unit:
            values["unit_id"] = unit.id
            values["department_id"] = department_of(unit)
        for column in WORDS:
            words = row.words(column)
            if words is not None:
                values[column] = words
        values |= self._facts_of(row)
        return Given(
            row, number or "", values, unit, is_head=row.value("is_head", yes_or_no(row.text("is_head"))) or False
        )

    def _unit(self, row: Row, there: Mapping[str, Any] | None) -> KnownUnit | None:
        if row.says("unit"):
            return self.known.units.unit_in(row, "unit")
        if there is None:
            row.fault("unit", "cell-missing")
            return None
        return self.known.units.by_id.get(there["unit_id"])

    def _facts_of(self, row: Row) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column, empty, read in (
            ("email", "", mail_in),
            ("phone", "", phone_in),
            ("joined_on", None, date_in),
            ("left_on", None, date_in),
        ):
            text = row.text(column)
            if text and is_nothing(text):
                values[column] = empty
            elif text:
                values[column] = self._read_by(row, column, read)
        language = row.choice("language", self.choices["language"])
        if language:
            values["language"] = language
        is_scored = row.value("is_scored", yes_or_no(row.text("is_scored")))
        if is_scored is not None:
            values["is_scored"] = is_scored
        joined, left = values.get("joined_on"), values.get("left_on")
        if isinstance(joined, date) and isinstance(left, date) and left < joined:
            row.fault("left_on", "left-before-joined")
        return values

    @staticmethod
    def _read_by(row: Row, column: str, read: Callable[[str], Meaning[Any]]) -> Any:
        return row.value(column, read(row.text(column)))

    def _refuse_twice(self, column: str, keyed: Sequence[tuple[str, Given]]) -> None:
        first: dict[str, int] = {}
        for key, one in keyed:
            row = first.setdefault(plain(key), one.row.number)
            if key and row != one.row.number:
                one.row.fault(column, "row-repeated" if column == "staff_no" else "head-twice", first_row=row)

    def _refuse_lost_zeros(self) -> None:
        """Where nobody is known yet, numbers that zeros fill up tell how long the others must be."""
        decimal = [one for one in self.given if one.number.isdecimal()]
        filled = {len(one.number) for one in decimal if one.number.startswith("0")}
        if self.known.people or len(filled) != 1:
            return
        width = filled.pop()
        for one in decimal:
            if len(one.number) < width:
                one.row.fault("staff_no", "staff-no-zeros", near=one.number.zfill(width))

    def _refuse_circles(self) -> None:
        """Find everybody who would report to themselves, through however many others."""
        ids = {person["id"]: number for number, person in self.known.people.items()}
        above = {number: ids.get(person["superior_id"] or "", "") for number, person in self.known.people.items()}
        above |= {one.number: one.superior for one in self.given if one.superior is not None}
        rows = {one.number: one.row for one in self.given}
        for circle in circles(above):
            if len(circle) == 1:
                continue  # Said where it was read.
            line = " → ".join([*circle, circle[0]]) if len(circle) <= 6 else " → ".join([*circle[:5], "…"])
            for number in circle:
                if number in rows:
                    rows[number].fault("superior", "line-in-circle", line=line)

    def _planned(self) -> People:
        new: list[dict[str, Any]] = []
        changed: list[Changed] = []
        unchanged = 0
        heads: list[Changed] = []
        for one in self.given:
            there = self.known.people.get(one.number)
            superior = self._superior(one)
            if there is None:
                new.append({"row": one.row.number, "staff_no": one.number, **NEW, **one.values, **superior})
            else:
                before, after = differing(there, {**one.values, **superior})
                if "superior_no" in after:
                    before["superior_id"] = there["superior_id"]
                self._refuse_by_page(one, after)
                if after:
                    changed.append(Changed(there["id"], one.row.number, before, after))
                else:
                    unchanged += 1
            heads += self._heading(one, there)
        return People(Plan(tuple(new), tuple(changed), unchanged), tuple(heads))

    def _superior(self, one: Given) -> dict[str, Any]:
        """Return whom somebody reports to: an id, or the staff number of somebody who is new too."""
        if one.superior is None:
            return {}
        there = self.known.people.get(one.superior)
        if one.superior and there is None:
            return {"superior_no": one.superior}
        return {"superior_id": there["id"] if there else None}

    def _refuse_by_page(self, one: Given, after: Mapping[str, Any]) -> None:
        for column in BY_PAGE:
            if self.known.under_way and column in after:
                one.row.fault("unit" if column == "unit_id" else column, "change-by-page")

    def _heading(self, one: Given, there: Mapping[str, Any] | None) -> Iterator[Changed]:
        if not one.is_head or one.unit is None:
            return
        head_id = there["id"] if there else None
        if head_id is None or head_id != one.unit.head_id:
            after = {"head_id": head_id} if head_id else {"head_no": one.number}
            yield Changed(one.unit.id, one.row.number, {"head_id": one.unit.head_id}, after)


def department_of(unit: KnownUnit) -> str | None:
    """Return the department that people of a unit belong to."""
    return {UnitKind.DEPARTMENT: unit.id, UnitKind.TEAM: unit.parent_id}.get(unit.kind)


def circles(above: Mapping[str, str | None]) -> Iterator[list[str]]:
    """Give each circle in a reporting line, once, upwards."""
    done: set[str] = set()
    for start in above:
        line: dict[str, int] = {}
        here: str | None = start
        while here and here not in done and here not in line:
            line[here] = len(line)
            here = above.get(here)
        if here and here in line:
            yield list(line)[line[here] :]
        done.update(line)

"""A file of units: divisions, departments and teams, in any order, each below another (组织).

A unit is known by its name and those above it: `大区1 / 销售1部 / 销售1部1组`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from models.stages import UnitKind
from rules.cells import is_nothing, plain
from rules.intake import Changed, Plan, Reading, Row, differing
from rules.known_names import Names, StaffNumbers

BETWEEN: Final = re.compile(r"\s*[/／>＞]\s*")
DEEPEST: Final = 50
"""Rows, each below the next, that are followed upwards."""
LEVELS: Final = (UnitKind.COMPANY, UnitKind.DIVISION, UnitKind.DEPARTMENT, UnitKind.TEAM)


@dataclass(frozen=True)
class KnownUnit:
    id: str
    name: str
    kind: UnitKind
    parent_id: str | None
    name_en: str = ""
    region: str = ""
    head_id: str | None = None


@dataclass(frozen=True)
class KnownUnits:
    """The units that there are, found by name or by the whole line above them."""

    units: tuple[KnownUnit, ...]
    by_id: Mapping[str, KnownUnit] = field(init=False, compare=False)
    by_name: Mapping[str, list[KnownUnit]] = field(init=False, compare=False)
    names: Names = field(init=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, list[KnownUnit]] = defaultdict(list)
        for unit in self.units:
            for name in {plain(unit.name), plain(unit.name_en)} - {""}:
                by_name[name].append(unit)
        object.__setattr__(self, "by_id", {unit.id: unit for unit in self.units})
        object.__setattr__(self, "by_name", by_name)
        object.__setattr__(self, "names", Names(unit.name for unit in self.units))

    def line(self, unit: KnownUnit) -> list[str]:
        """Return the names from the top down to a unit, without the company's own."""
        names: list[str] = []
        above: KnownUnit | None = unit
        seen: set[str] = set()
        while above and above.id not in seen:
            seen.add(above.id)
            if above.kind is not UnitKind.COMPANY or above is unit:
                names.append(above.name)
            above = self.by_id.get(above.parent_id or "")
        return names[::-1]

    def find(self, text: str) -> list[KnownUnit]:
        """Return the units that a cell may mean, by name or with those above them."""
        *above, name = parted(text)
        found = self.by_name.get(plain(name), [])
        return [unit for unit in found if _ends(self.line(unit), above)] if above else list(found)

    def unit_in(self, row: Row, column: str) -> KnownUnit | None:
        """Return the unit that a cell names, and note where it names none or several."""
        text = row.text(column)
        found = self.find(text)
        if len(found) == 1:
            return found[0]
        if found:
            row.fault(column, "unit-unclear", choices=tuple(" / ".join(self.line(unit)) for unit in found[:5]))
        else:
            near = self.names.closest(parted(text)[-1])
            row.fault(column, "name-unknown", **({"near": near} if near else {}))
        return None


def parted(text: str) -> list[str]:
    return [part for part in BETWEEN.split(text.strip()) if part] or [""]


def _ends(line: list[str], above: list[str]) -> bool:
    """Tell whether a line of names, its last left out, ends in those given."""
    return [plain(name) for name in line[:-1]][-len(above) :] == [plain(name) for name in above]


@dataclass
class Given:
    """A row of the file, as far as it could be read."""

    row: Row
    name: str
    kind: StrEnum | None
    values: dict[str, Any]
    known: KnownUnit | None = None
    parent: KnownUnit | Given | None = None
    state: str = ""
    """`open` while those above it are looked for, then `done`."""


class UnitsCheck:
    """Reads rows, then finds what each lies below: a unit that is there, or another row."""

    def __init__(
        self, known: KnownUnits, people: Mapping[str, str], choices: Mapping[str, StrEnum], reading: Reading
    ) -> None:
        """`people` are ids by staff number."""
        self.known = known
        self.people = people
        self.numbers = StaffNumbers(people)
        self.choices = choices
        self.reading = reading
        self.deep = 0
        self.given = [self._read(row) for row in reading]
        self.by_name: dict[str, list[Given]] = defaultdict(list)
        for one in self.given:
            self.by_name[plain(one.name)].append(one)

    def plan(self) -> Plan:
        for one in self.given:
            self._place(one)
        seen: dict[tuple[object, str], int] = {}
        for one in self.given:
            key = (_key(one.parent), plain(one.name))
            first = seen.setdefault(key, one.row.number)
            if first != one.row.number and not one.row.is_faulty:
                one.row.fault("name", "row-repeated", first_row=first)
        new, changed, unchanged = [], [], 0
        for one in self._from_the_top():
            if one.known is None:
                new.append(self._new(one))
                continue
            before, after = differing(_columns(one.known), one.values)
            if after:
                changed.append(Changed(one.known.id, one.row.number, before, after))
            else:
                unchanged += 1
        return Plan(tuple(new), tuple(changed), unchanged)

    def _read(self, row: Row) -> Given:
        values: dict[str, Any] = {}
        name = row.needed("name")
        if BETWEEN.search(name):
            row.fault("name", "unit-name-with-line")
        for column in ("name_en", "region"):
            words = row.words(column)
            if words is not None:
                values[column] = words
        head = row.text("head")
        if head and is_nothing(head):
            values["head_id"] = None
        elif head:
            number = row.value("head", self.numbers.find(head))
            values["head_id"] = self.people.get(number or "")
        return Given(row, name, row.choice("kind", self.choices), values)

    def _place(self, one: Given) -> None:
        """Find what a row lies below, and whether it is there already."""
        if one.state or one.row.is_faulty:
            return
        one.state = "open"
        self.deep += 1
        if self.deep > DEEPEST:
            one.row.fault("parent", "unit-circular")
        else:
            one.parent = self._parent_of(one)
        self.deep -= 1
        one.state = "done"
        if one.row.is_faulty:
            return
        parent_id = one.parent.id if isinstance(one.parent, KnownUnit) else None
        if not isinstance(one.parent, Given):
            same = self.known.by_name.get(plain(one.name), [])
            one.known = next((unit for unit in same if unit.parent_id == parent_id), None)
        self._check_kind(one)

    def _parent_of(self, one: Given) -> KnownUnit | Given | None:
        text = one.row.text("parent")
        if not text or is_nothing(text):
            return self._top(one)
        *above, name = parted(text)
        rows = [row for row in self.by_name.get(plain(name), []) if row is not one]
        for row in rows:
            self._place(row)
        if any(row.state == "open" for row in rows):
            one.row.fault("parent", "unit-circular")
            return None
        there = {row.known.id for row in rows if row.known}
        fitting: list[KnownUnit | Given] = [row for row in rows if not above or _ends(self._line(row), above)]
        fitting += [unit for unit in self.known.find(text) if unit.id not in there]
        if len(fitting) == 1:
            return fitting[0].known or fitting[0] if isinstance(fitting[0], Given) else fitting[0]
        if fitting:
            lines = (self._line(unit) for unit in fitting[:5])
            one.row.fault("parent", "unit-unclear", choices=tuple(" / ".join(line) for line in lines))
        else:
            near = Names([*self.known.names.known, *(row.name for row in self.given)]).closest(name)
            one.row.fault("parent", "name-unknown", **({"near": near} if near and near != one.name else {}))
        return None

    def _top(self, one: Given) -> KnownUnit | Given | None:
        """A unit without one above lies below the company itself."""
        if one.kind is UnitKind.COMPANY:
            return None
        tops: list[KnownUnit | Given] = [unit for unit in self.known.units if unit.parent_id is None]
        tops = tops or [row for row in self.given if row.kind is UnitKind.COMPANY and row is not one]
        if len(tops) != 1:
            one.row.fault("parent", "cell-missing")
            return None
        if isinstance(tops[0], Given):
            self._place(tops[0])
        return tops[0]

    def _check_kind(self, one: Given) -> None:
        if one.kind is None:
            if one.known is None and not one.row.is_faulty:
                one.row.fault("kind", "cell-missing")
            return
        if one.known is not None:
            if one.kind is not one.known.kind:
                one.row.fault("kind", "unit-kind-kept")
            return
        if one.kind is UnitKind.COMPANY:
            if any(unit.kind is UnitKind.COMPANY for unit in self.known.units):
                one.row.fault("kind", "company-there")
            return
        above = one.parent.kind if one.parent else UnitKind.COMPANY
        if above is not None and not _lies_below(UnitKind(one.kind), UnitKind(above)):
            one.row.fault("kind", "unit-kind-order")

    def _line(self, unit: KnownUnit | Given) -> list[str]:
        if isinstance(unit, KnownUnit):
            return self.known.line(unit)
        if unit.known:
            return self.known.line(unit.known)
        is_below_top = unit.parent is None or _kind_of(unit.parent) is UnitKind.COMPANY
        return [unit.name] if is_below_top or unit.parent is None else [*self._line(unit.parent), unit.name]

    def _from_the_top(self) -> Iterable[Given]:
        """Give the sound rows, each after the one above it."""
        sound = [one for one in self.given if not one.row.is_faulty]
        return sorted(sound, key=lambda one: (self._depth(one), one.row.number))

    def _depth(self, one: Given) -> int:
        depth, above = 0, one.parent
        while isinstance(above, Given):
            depth, above = depth + 1, above.parent
        return depth

    def _new(self, one: Given) -> dict[str, Any]:
        parent = one.parent
        return {
            "row": one.row.number,
            "name": one.name,
            "kind": one.kind,
            "parent_id": parent.id if isinstance(parent, KnownUnit) else None,
            "parent_row": parent.row.number if isinstance(parent, Given) else 0,
            "name_en": "",
            "region": "",
            "head_id": None,
            "line": " / ".join(self._line(one)),
        } | one.values


def _lies_below(kind: UnitKind, above: UnitKind) -> bool:
    """A team lies below a department; divisions and departments below what is higher than they are."""
    if kind is UnitKind.TEAM:
        return above is UnitKind.DEPARTMENT
    return LEVELS.index(above) < LEVELS.index(kind)


def _kind_of(unit: KnownUnit | Given) -> StrEnum | None:
    return unit.kind


def _key(parent: KnownUnit | Given | None) -> object:
    return parent.id if isinstance(parent, KnownUnit) else id(parent) if parent else ""


def _columns(unit: KnownUnit) -> dict[str, Any]:
    return {"name_en": unit.name_en, "region": unit.region, "head_id": unit.head_id}

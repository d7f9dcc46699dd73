"""Whose target or figure a row is about: somebody by staff number, or a unit by name; and of which metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.metrics import Metric
from rules.cells import is_nothing, plain
from rules.intake import Row
from rules.intake_units import KnownUnits
from rules.known_names import Names, StaffNumbers


@dataclass(frozen=True, slots=True)
class KnownSeller:
    """Somebody whose targets and figures may be taken over."""

    id: str
    staff_no: str
    name: str
    unit_id: str
    department_id: str
    joined_on: date | None = None
    left_on: date | None = None
    """The first day away."""
    is_scored: bool = True

    def was_there(self, first: date, last: date) -> bool:
        """Tell whether they were in post on any day from `first` to `last`."""
        return (self.joined_on is None or self.joined_on <= last) and (
            self.left_on is None or self.left_on > first
        )


@dataclass(frozen=True)
class KnownOwners:
    """Everybody and everything that a row can be about."""

    people: Mapping[str, KnownSeller]
    """By staff number."""
    units: KnownUnits
    departments: Mapping[str, str]
    """The department that a unit lies in, itself where it is one; nothing for units above."""
    metrics: Mapping[str, Mapping[str, Any]]
    """By code, as the columns of their row."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose it is: a person in their unit, or the unit itself."""

    unit_id: str
    person_id: str = ""
    department_id: str = ""
    seller: KnownSeller | None = None


class OwnerFinder:
    """Finds owners and metrics; what a cell meant once is not looked for again."""

    def __init__(self, known: KnownOwners) -> None:
        self.known = known
        self.numbers = StaffNumbers(known.people)
        self.metrics = {code: Metric(**dict(row)) for code, row in known.metrics.items()}
        self.metric_names = Names(
            name for metric in self.metrics.values() for name in (metric.code, metric.name, metric.name_en) if name
        )
        self._called: dict[str, list[Metric]] = defaultdict(list)
        for metric in self.metrics.values():
            for name in {plain(metric.name), plain(metric.name_en)} - {""}:
                self._called[name].append(metric)
        self._metrics: dict[str, Metric] = {}
        self._units: dict[str, Owner] = {}
        self._people = {
            number: Owner(seller.unit_id, seller.id, seller.department_id, seller)
            for number, seller in known.people.items()
        }

    def owner_in(self, row: Row) -> Owner | None:
        """Return whose row it is; with a staff number the unit, where one is named, must be theirs."""
        number, unit = row.text("staff_no"), row.text("unit")
        if not number or is_nothing(number):
            if not unit or is_nothing(unit):
                row.fault("staff_no", "owner-missing")
                return None
            return self._unit(row)
        owner = self._people.get(number) or self._person(row)
        if owner is None or owner.seller is None:
            return None
        name = row.text("name")
        if name and plain(name) != plain(owner.seller.name):
            row.fault("name", "person-named-otherwise", staff_no=owner.seller.staff_no, near=owner.seller.name)
        if unit:
            place = self._unit(row)
            if place is not None and not self._lies_below(owner.unit_id, place.unit_id):
                row.fault("unit", "person-elsewhere", near=self.line_of(owner.unit_id))
        return owner

    def _person(self, row: Row) -> Owner | None:
        number = row.value("staff_no", self.numbers.find(row.text("staff_no")))
        return self._people[number] if number else None

    def _unit(self, row: Row) -> Owner | None:
        text = row.text("unit")
        if text not in self._units:
            found = self.known.units.unit_in(row, "unit")
            if found is None:
                return None
            self._units[text] = Owner(found.id, department_id=self.known.departments.get(found.id, ""))
        return self._units[text]

    def _lies_below(self, unit_id: str, above_id: str) -> bool:
        seen: set[str] = set()
        at: str | None = unit_id
        while at and at not in seen:
            if at == above_id:
                return True
            seen.add(at)
            unit = self.known.units.by_id.get(at)
            at = unit.parent_id if unit else None
        return False

    def line_of(self, unit_id: str) -> str:
        unit = self.known.units.by_id.get(unit_id)
        return " / ".join(self.known.units.line(unit)) if unit else ""

    def named(self, owner: Owner) -> str:
        """Return how a person reads whose it is: 张三 000123, or the unit's line."""
        return f"{owner.seller.name} {owner.seller.staff_no}" if owner.seller else self.line_of(owner.unit_id)

    def metric_in(self, row: Row) -> Metric | None:
        """Return the metric that a cell names, by code or name."""
        text = row.text("metric")
        if text not in self._metrics:
            if not text or is_nothing(text):
                row.fault("metric", "cell-missing")
                return None
            found = self.metrics_called(text)
            if len(found) > 1:
                row.fault("metric", "name-ambiguous", choices=tuple(metric.code for metric in found))
            elif not found:
                row.value("metric", self.metric_names.find(text))
            if len(found) != 1:
                return None
            self._metrics[text] = found[0]
        return self._metrics[text]

    def metrics_called(self, text: str) -> list[Metric]:
        """Return the metrics that a text may mean: the one of that code, or those of that name."""
        name = plain(text)
        return [self.metrics[name]] if name in self.metrics else self._called.get(name, [])

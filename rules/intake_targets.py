"""A file of targets: of people and of units, each for one metric of one cycle; children never exceed their parent.

What a unit is to reach is shared out among the units right below it and the people right in it
(Rule 15). A level without a target of its own hands on what those below it come to.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from models.columns import to_four_places
from models.metrics import Aggregation, FigureLevel, Metric, MetricUnit
from rules.amounts import Amounts, decimal_in
from rules.cells import is_nothing, plain
from rules.completeness import fault_of_value
from rules.intake import Reading, Row
from rules.intake_owners import KnownOwners, Owner, OwnerFinder

TargetKey = tuple[str, str, str]
"""Unit, person (or nothing) and metric."""
MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class KnownTarget:
    id: str
    full_value: Decimal
    applies: bool = True
    initiative: str = ""


@dataclass(frozen=True)
class AimedCycle:
    """The cycle whose targets they are."""

    id: str
    name: str
    starts_on: date
    ends_on: date
    closed: frozenset[str] = frozenset()
    """Departments whose targets are confirmed: they change by their own ways only."""
    above_closed: bool = False
    """Whether targets above departments are settled too."""

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days + 1


@dataclass(frozen=True)
class KnownTargets:
    owners: KnownOwners
    cycle: AimedCycle
    targets: Mapping[TargetKey, KnownTarget]
    days: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Days in post by person and department, where they are noted."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A target as the file has it. `applies` is false where the metric does not concern the person."""

    row: int
    owner: Owner
    metric_id: str
    full_value: Decimal
    value: Decimal
    """What counts: of a sum the days in post (Rule 12)."""
    applies: bool
    initiative: str
    known: KnownTarget | None

    @property
    def key(self) -> TargetKey:
        return (self.owner.unit_id, self.owner.person_id, self.metric_id)

    @property
    def is_new(self) -> bool:
        return self.known is None

    @property
    def is_changed(self) -> bool:
        known = self.known
        return known is not None and (
            (known.full_value, known.applies, known.initiative) != (self.full_value, self.applies, self.initiative)
        )


@dataclass(frozen=True, slots=True)
class Share:
    """How far a unit's target is shared out."""

    unit_id: str
    metric_id: str
    target: Decimal
    shared: Decimal

    @property
    def left(self) -> Decimal:
        return self.target - self.shared


@dataclass(frozen=True)
class TargetsPlan:
    new: tuple[Aim, ...]
    changed: tuple[Aim, ...]
    unchanged: int
    shares: tuple[Share, ...]
    """Of the units that the file touches, in the order of the tree."""

    @property
    def fingerprint(self) -> str:
        found = hashlib.sha256(str(self.unchanged).encode())
        for aim in (*self.new, *self.changed):
            before = (aim.known.full_value, aim.known.applies, aim.known.initiative) if aim.known else ()
            found.update(repr((aim.key, aim.full_value, aim.value, aim.applies, aim.initiative, before)).encode())
        return found.hexdigest()


class TargetsCheck:
    def __init__(self, known: KnownTargets, reading: Reading) -> None:
        self.known = known
        self.reading = reading
        self.finder = OwnerFinder(known.owners)
        self.aims: dict[TargetKey, Aim] = {}
        self.metrics = {metric.id: metric for metric in self.finder.metrics.values()}

    def check(self) -> TargetsPlan:
        first: dict[TargetKey, int] = {}
        for row in self.reading:
            owner, metric = self.finder.owner_in(row), self.finder.metric_in(row)
            self._check_cycle(row)
            if owner is None or metric is None:
                continue
            key = (owner.unit_id, owner.person_id, metric.id)
            if first.setdefault(key, row.number) != row.number:
                row.fault("metric", "row-repeated", first_row=first[key])
            self._check_owner(row, owner)
            aim = self._aim(row, owner, metric)
            if aim is not None:
                self.aims[key] = aim
        shares = self._cascade()
        aims = self.aims.values()
        new = tuple(aim for aim in aims if aim.is_new)
        changed = tuple(aim for aim in aims if aim.is_changed)
        return TargetsPlan(new, changed, len(self.aims) - len(new) - len(changed), shares)

    def _check_cycle(self, row: Row) -> None:
        text = row.text("cycle")
        cycle = self.known.cycle
        if text and plain(text) not in (plain(cycle.name), plain(cycle.id)):
            row.fault("cycle", "target-of-other-cycle", near=cycle.name)

    def _check_owner(self, row: Row, owner: Owner) -> None:
        cycle = self.known.cycle
        column = "staff_no" if owner.person_id else "unit"
        if owner.seller is not None and not owner.seller.is_scored:
            row.fault(column, "person-without-targets")
        elif owner.seller is not None and not owner.seller.was_there(cycle.starts_on, cycle.ends_on):
            row.fault(column, "person-not-in-cycle", cycle=cycle.name)
        if owner.department_id in cycle.closed or (not owner.department_id and cycle.above_closed):
            row.fault(column, "targets-confirmed")

    def _aim(self, row: Row, owner: Owner, metric: Metric) -> Aim | None:
        known = self.known.targets.get((owner.unit_id, owner.person_id, metric.id))
        text = row.text("value")
        given = row.words("initiative", 500)
        initiative = given if given is not None else known.initiative if known else ""
        if text and is_nothing(text) and owner.person_id:
            # What does not apply keeps its number: should it apply again, that is what is meant.
            full = known.full_value if known else Decimal(0)
            return Aim(row.number, owner, metric.id, full, full, False, initiative, known)
        if not text or is_nothing(text):
            row.fault("value", "cell-missing")
            return None
        is_percent = metric.unit is MetricUnit.PERCENT
        full_value = row.value("value", decimal_in(text, Amounts(percent="points" if is_percent else "refused")))
        if full_value is None:
            return None
        if full_value <= 0:
            row.fault("value", "target-zero")
        elif code := fault_of_value(metric, full_value):
            row.fault("value", code)
        else:
            value = self._counting(owner, metric, full_value)
            return Aim(row.number, owner, metric.id, full_value, value, True, initiative, known)
        return None

    def _counting(self, owner: Owner, metric: Metric, full_value: Decimal) -> Decimal:
        """Return what counts of a whole period's goal: of a sum the days in post, of a level all of it."""
        if metric.aggregation is not Aggregation.SUM or owner.seller is None:
            return full_value
        cycle, seller = self.known.cycle, owner.seller
        days = self.known.days.get((seller.id, owner.department_id))
        if days is None:
            from_on = max(cycle.starts_on, seller.joined_on or cycle.starts_on)
            away = (cycle.ends_on - seller.left_on).days + 1 if seller.left_on else 0
            days = max(0, (cycle.ends_on - from_on).days + 1 - max(0, away))
        return full_value if days == cycle.days else to_four_places(full_value * days / cycle.days)

    # --- the cascade ----------------------------------------------------------------------------

    def _cascade(self) -> tuple[Share, ...]:
        """Say how far each touched unit's target is shared out; more than all of it is a fault (Rule 15)."""
        standing = self._standing()
        rows = {key: aim.row for key, aim in self.aims.items()}
        shares: list[Share] = []
        for metric in self.finder.metrics.values():
            if metric.aggregation is Aggregation.SUM and metric.level is FigureLevel.PERSON:
                shares += self._shares(metric, standing[metric.id], rows)
        return tuple(shares)

    def _standing(self) -> Mapping[str, dict[tuple[str, str], Decimal]]:
        """Return all targets as they would be, by metric."""
        standing: dict[str, dict[tuple[str, str], Decimal]] = defaultdict(dict)
        for (unit_id, person_id, metric_id), known in self.known.targets.items():
            if known.applies:
                standing[metric_id][unit_id, person_id] = known.full_value
        for aim in self.aims.values():
            if aim.applies:
                standing[aim.metric_id][aim.owner.unit_id, aim.owner.person_id] = aim.full_value
            else:
                standing[aim.metric_id].pop((aim.owner.unit_id, aim.owner.person_id), None)
        return standing

    def _shares(
        self, metric: Metric, standing: Mapping[tuple[str, str], Decimal], rows: Mapping[TargetKey, int]
    ) -> list[Share]:
        by_id = self.known.owners.units.by_id
        shared: dict[str, Decimal] = defaultdict(Decimal)
        first_row: dict[str, int] = {}
        children: set[str] = set()
        for (unit_id, person_id), value in standing.items():
            if not person_id:
                continue
            shared[unit_id] += value
            children.add(unit_id)
            row = rows.get((unit_id, person_id, metric.id))
            if row is not None:
                first_row[unit_id] = min(row, first_row.get(unit_id, row))
        found: list[Share] = []
        for unit_id in self._from_below():
            own = standing.get((unit_id, ""))
            own_row = rows.get((unit_id, "", metric.id))
            below_row = first_row.get(unit_id)
            if own is not None and unit_id in children and (own_row or below_row):
                share = Share(unit_id, metric.id, own, shared[unit_id])
                found.append(share)
                if share.left < 0:
                    self._too_much(metric, share, own_row or below_row or 0)
            up = by_id[unit_id].parent_id
            row = own_row or (below_row if own is None else None)
            if up and (own is not None or unit_id in children):
                shared[up] += shared[unit_id] if own is None else own
                children.add(up)
                if row is not None:
                    first_row[up] = min(row, first_row.get(up, row))
        return found[::-1]

    def _from_below(self) -> list[str]:
        """Return all units, each after those below it."""
        by_id = self.known.owners.units.by_id
        depths: dict[str, int] = {"": 0}
        for unit_id in by_id:
            line: list[str] = []
            at = unit_id
            while at in by_id and at not in depths and at not in line:
                line.append(at)
                at = by_id[at].parent_id or ""
            for one in reversed(line):
                depths[one] = depths.get(by_id[one].parent_id or "", 0) + 1
        return sorted(by_id, key=lambda unit_id: -depths[unit_id])

    def _too_much(self, metric: Metric, share: Share, row: int) -> None:
        unit = self.known.owners.units.by_id[share.unit_id]
        self.reading.faults.add(
            row,
            "value",
            f"{share.shared:f}",
            "targets-over-parent",
            unit=" / ".join(self.known.owners.units.line(unit)),
            metric=metric.name,
            target=f"{share.target:,f}",
            shared=f"{share.shared:,f}",
            over=f"{-share.left:,f}",
        )


def named_shares(plan: TargetsPlan, known: KnownTargets) -> list[dict[str, Any]]:
    """Return how far targets are shared out as a preview keeps it: those with most left first."""
    units = known.owners.units
    names = {row["id"]: row["name"] for row in known.owners.metrics.values()}
    most = sorted(plan.shares, key=lambda share: -abs(share.left))[:MOST_NAMED]
    return [
        {
            "unit": " / ".join(units.line(units.by_id[share.unit_id])),
            "metric": names[share.metric_id],
            "target": f"{share.target:f}",
            "shared": f"{share.shared:f}",
            "left": f"{share.left:f}",
        }
        for share in most
    ]

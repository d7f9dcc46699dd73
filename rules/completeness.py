"""The completeness gate (Rule 6): every team × every required metric × every month, row by row.

`gaps` names what is not there; `check_rows` reads figures as people hand them in, and names
every fault with its row, before anything is taken over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from models.columns import to_four_places
from models.figures import LARGEST_FIGURE, DepartmentFacts, FigureKey, Member, Team
from models.metrics import FigureLevel, Metric, MetricUnit
from rules.amounts import Amounts, decimal_in
from rules.cells import month_in, plain

MOST_PERCENT = Decimal(100)

Named = TypeVar("Named")


class GapReason(StrEnum):
    MISSING = "missing"
    INVALID = "invalid"


@dataclass(frozen=True)
class Gap:
    """A figure that the gate needs and has not, named so that a person can go and find it."""

    team_id: str
    team_name: str
    metric_id: str
    metric_code: str
    metric_name: str
    month: date
    reason: GapReason
    fault: str = ""
    """What is wrong with an invalid one: a code of `fault_of_value`."""
    person_id: str = ""
    person_name: str = ""
    staff_no: str = ""
    from_crm: bool = False


def gaps(facts: DepartmentFacts) -> list[Gap]:
    """Return every gap, by team, person, metric and month.

    A metric of persons needs a figure of each member for each month they were there all of; one
    of teams needs the team's. A team in which nobody's results count needs none.
    """
    found = []
    for team in facts.teams:
        members = [member for member in facts.members if member.team_id == team.id]
        for metric in facts.metrics:
            if metric.is_required:
                found += list(_gaps_of(facts, team, members, metric))
            elif waiting := [one for one in members if (one.person_id, metric.id) in facts.also_needed]:
                found += list(_gaps_of(facts, team, waiting, metric))
    return found


def _gaps_of(facts: DepartmentFacts, team: Team, members: Sequence[Member], metric: Metric) -> Iterator[Gap]:
    for month in facts.months:
        needed: list[Member | None]
        if metric.level is FigureLevel.TEAM:
            needed = [None] if any(member.was_there_in(month) for member in members) else []
        else:
            needed = [member for member in members if _owes(facts, member, metric, month)]
        for member in needed:
            value = facts.in_force.get((member.person_id if member else team.id, metric.id, month))
            fault = "" if value is None else fault_of_value(metric, value)
            if value is None or fault:
                yield Gap(
                    team_id=team.id,
                    team_name=team.name,
                    metric_id=metric.id,
                    metric_code=metric.code,
                    metric_name=metric.name,
                    month=month,
                    reason=GapReason.INVALID if fault else GapReason.MISSING,
                    fault=fault,
                    person_id=member.person_id if member else "",
                    person_name=member.name if member else "",
                    staff_no=member.staff_no if member else "",
                    from_crm=metric.from_crm,
                )


def _owes(facts: DepartmentFacts, member: Member, metric: Metric, month: date) -> bool:
    return member.was_there_all(month) and (member.person_id, metric.id) not in facts.exempt


def fault_of_value(metric: Metric, value: Decimal) -> str:
    """Return what is wrong with a value, or "".

    The codes: `too-many-decimals`, `too-large`, `negative` (only money can be, where returns
    outweigh sales), `percent-out-of-range` (0 to 100), `not-whole` (a count).
    """
    if abs(value) > LARGEST_FIGURE:
        return "too-large"
    if value != to_four_places(value):
        return "too-many-decimals"
    if metric.unit is MetricUnit.PERCENT and not 0 <= value <= MOST_PERCENT:
        return "percent-out-of-range"
    if value < 0 and metric.unit is not MetricUnit.MONEY:
        return "negative"
    if metric.unit is MetricUnit.COUNT and value != value.to_integral_value():
        return "not-whole"
    return ""


@dataclass(frozen=True)
class GivenRow:
    """A figure as it was handed in, every cell still text. `row` is what the person sees as its number."""

    row: int
    team: str
    metric: str
    month: str
    value: str
    person: str = ""
    reason: str = ""


@dataclass(frozen=True)
class CheckedRow:
    """A figure that may be taken over."""

    row: int
    team_id: str
    person_id: str
    metric_id: str
    month: date
    value: Decimal
    reason: str = ""

    @property
    def key(self) -> FigureKey:
        return (self.person_id or self.team_id, self.metric_id, self.month)


@dataclass(frozen=True)
class RowFault:
    """What is wrong with a row, in which column; `facts` hold what is needed to say what to do.

    The codes beside those of `fault_of_value`: `team-unknown`, `metric-unknown`, `person-unknown`,
    `person-ambiguous`, `person-missing`, `person-not-wanted`, `person-not-there`,
    `month-unreadable`, `month-outside`, `value-missing`, those of `decimal_in`, `row-twice`,
    `reason-missing`.
    """

    row: int
    column: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SubmissionCheck:
    """What came of checking a submission. It may be taken over if nothing is wrong and nothing lacks."""

    rows: tuple[CheckedRow, ...]
    faults: tuple[RowFault, ...]
    gaps: tuple[Gap, ...]
    """What would still be missing with these rows taken over."""

    @property
    def is_complete(self) -> bool:
        return not self.faults and not self.gaps


def check_submission(facts: DepartmentFacts, given: Sequence[GivenRow]) -> SubmissionCheck:
    """Check rows and the gate together: the answer holds everything that is to be done (Rule 6)."""
    rows, faults = check_rows(facts, given)
    with_rows = replace(facts, in_force={**facts.in_force, **{row.key: row.value for row in rows}})
    return SubmissionCheck(tuple(rows), tuple(faults), tuple(gaps(with_rows)))


def check_rows(facts: DepartmentFacts, given: Sequence[GivenRow]) -> tuple[list[CheckedRow], list[RowFault]]:
    """Return the rows that are sound, and every fault of the others."""
    reader = _Reader(facts)
    rows: list[CheckedRow] = []
    first_with: dict[FigureKey, int] = {}
    for one in given:
        row = reader.read(one)
        if row is None:
            continue
        if row.key in first_with:
            reader.fault(one, "row", "row-twice", first_row=first_with[row.key])
            continue
        first_with[row.key] = row.row
        rows.append(row)
    return rows, reader.faults


class _Reader:
    """Reads rows against one department's facts, and gathers what is wrong with them."""

    def __init__(self, facts: DepartmentFacts) -> None:
        self.facts = facts
        self.faults: list[RowFault] = []
        self.teams = _by_name((team, (team.id, team.name)) for team in facts.teams)
        self.metrics = _by_name(
            (metric, (metric.id, metric.code, metric.name, metric.name_en)) for metric in facts.metrics
        )
        self.members = _by_name(
            (member, (member.person_id, member.staff_no, member.name)) for member in facts.members
        )

    def fault(self, one: GivenRow, column: str, code: str, **facts: Any) -> None:
        self.faults.append(RowFault(one.row, column, code, facts))

    def read(self, one: GivenRow) -> CheckedRow | None:
        before = len(self.faults)
        team = self._team(one)
        metric = self._metric(one)
        month = self._month(one)
        value = self._value(one, metric)
        member = self._member(one, team, metric, month)
        if len(self.faults) > before or not (team and metric and month) or value is None:
            return None
        row = CheckedRow(
            row=one.row,
            team_id=team.id,
            person_id=member.person_id if member else "",
            metric_id=metric.id,
            month=month,
            value=value,
            reason=one.reason.strip(),
        )
        present = self.facts.in_force.get(row.key)
        if present is not None and present != value and not row.reason:
            self.fault(one, "reason", "reason-missing", present=str(present))
            return None
        return row

    def _team(self, one: GivenRow) -> Team | None:
        found = self.teams.get(plain(one.team), [])
        if len(found) != 1:
            self.fault(one, "team", "team-unknown", given=one.team, known=[t.name for t in self.facts.teams])
            return None
        return found[0]

    def _metric(self, one: GivenRow) -> Metric | None:
        found = self.metrics.get(plain(one.metric), [])
        if len(found) != 1:
            known = [metric.name for metric in self.facts.metrics]
            near = get_close_matches(one.metric, known, n=1, cutoff=0.5)
            self.fault(one, "metric", "metric-unknown", given=one.metric, known=known, near=near)
            return None
        return found[0]

    def _month(self, one: GivenRow) -> date | None:
        month = month_in(one.month).value
        months = [f"{month:%Y-%m}" for month in self.facts.months]
        if month is None:
            self.fault(one, "month", "month-unreadable", given=one.month, months=months)
        elif month not in self.facts.months:
            self.fault(one, "month", "month-outside", given=one.month, months=months)
            return None
        return month

    def _value(self, one: GivenRow, metric: Metric | None) -> Decimal | None:
        is_percent = metric is None or metric.unit is MetricUnit.PERCENT
        read = decimal_in(one.value, Amounts(percent="points" if is_percent else "refused"))
        if read.is_nothing:
            self.fault(one, "value", "value-missing")
        elif read.value is None:
            self.fault(one, "value", read.fault, given=one.value, near=read.suggestion)
        elif metric and (code := fault_of_value(metric, read.value)):
            self.fault(one, "value", code, given=one.value)
        return read.value

    def _member(
        self, one: GivenRow, team: Team | None, metric: Metric | None, month: date | None
    ) -> Member | None:
        if metric is None or team is None:
            return None  # Whose figure it should be cannot be told.
        if metric.level is FigureLevel.TEAM:
            if one.person.strip():
                self.fault(one, "person", "person-not-wanted", given=one.person, metric=metric.name)
            return None
        if not one.person.strip():
            self.fault(one, "person", "person-missing", metric=metric.name)
            return None
        found = [member for member in self.members.get(plain(one.person), []) if member.team_id == team.id]
        if len(found) != 1:
            code = "person-ambiguous" if found else "person-unknown"
            self.fault(one, "person", code, given=one.person, team=team.name)
            return None
        if month and not found[0].was_there_in(month):
            self.fault(one, "person", "person-not-there", given=one.person, month=f"{month:%Y-%m}")
            return None
        return found[0]


def _by_name(things: Iterable[tuple[Named, Sequence[str]]]) -> dict[str, list[Named]]:
    """Return what each name may mean; a thing whose names are alike stands there once."""
    found: dict[str, list[Named]] = defaultdict(list)
    for thing, names in things:
        for name in {plain(name) for name in names} - {""}:
            found[name].append(thing)
    return found

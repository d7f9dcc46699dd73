"""What keeps a department from being scored, and the targets that HR hands in to fill it (Rules 12, 42)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.errors import Refusal
from models.figures import DepartmentFacts, facts_for_task
from models.metrics import Metric
from models.scores import MissingComponent, missing_components
from models.stages import TaskKind
from models.tasks import Task
from rules.amounts import decimal_in
from rules.completeness import fault_of_value

OF_TARGETS = ("target", "target-not-positive")
"""Why a component lacks, where a target mends it."""
NOT_HERE = {"scorecard": "person-without-scorecard", "nothing-applies": "person-without-metrics"}
"""Why one lacks that neither a target nor a figure mends, and what is said of it."""


@dataclass(frozen=True)
class GivenTarget:
    """A person's goal of the whole period as it was handed in: staff number or id, code or id, and text."""

    person: str
    metric: str
    value: str


@dataclass(frozen=True)
class CheckedTarget:
    person_id: str
    metric_id: str
    value: Decimal

    def as_words(self) -> dict[str, str]:
        return {"person_id": self.person_id, "metric_id": self.metric_id, "value": format(self.value, "f")}


@dataclass(frozen=True)
class TargetCheck:
    """What came of checking targets; `faults` are told by where they were given, then what still lacks."""

    targets: tuple[CheckedTarget, ...]
    faults: tuple[tuple[GivenTarget, Refusal], ...]
    lacking: tuple[Refusal, ...]

    @property
    def errors(self) -> list[Refusal]:
        return [*(refusal for _, refusal in self.faults), *self.lacking]


@dataclass(frozen=True)
class ScoringGap:
    """All that lacks, by person and metric."""

    components: tuple[MissingComponent, ...]
    metrics: Mapping[str, Metric]

    @property
    def targets(self) -> tuple[MissingComponent, ...]:
        return tuple(one for one in self.components if one.reason in OF_TARGETS)

    def check(self, given: Sequence[GivenTarget]) -> TargetCheck:
        """Check targets against what lacks: each that does must be there."""
        checked: dict[tuple[str, str], CheckedTarget] = {}
        faults: list[tuple[GivenTarget, Refusal]] = []
        for one in given:
            try:
                target = self._read(one)
            except Refusal as refusal:
                faults.append((one, refusal))
            else:
                checked[target.person_id, target.metric_id] = target
        tried = {(named.person_id, named.metric_id) for one, _ in faults for named in self._meant(one)}
        return TargetCheck(tuple(checked.values()), tuple(faults), tuple(self._left({*checked, *tried})))

    def _left(self, there: set[tuple[str, str]]) -> Iterator[Refusal]:
        for one in self.components:
            facts = {"person_id": one.person_id, "staff_no": one.staff_no, "team_id": one.team_id}
            if one.reason in NOT_HERE:
                yield Refusal(NOT_HERE[one.reason], **facts)
            elif one.reason in OF_TARGETS and (one.person_id, one.metric_id) not in there:
                yield Refusal("target-missing", metric_id=one.metric_id, **facts)

    def _meant(self, given: GivenTarget) -> list[MissingComponent]:
        return [
            one
            for one in self.targets
            if given.person in (one.person_id, one.staff_no)
            and given.metric in (one.metric_id, self.metrics[one.metric_id].code)
        ]

    def _read(self, given: GivenTarget) -> CheckedTarget:
        """Read one target.

        Raises:
            Refusal: `target-not-wanted`, one of `decimal_in`, `target-zero`, a code of `fault_of_value`.
        """
        meant = self._meant(given)
        if not meant:
            raise Refusal("target-not-wanted", given=given.person, metric=given.metric)
        whose = {"person_id": meant[0].person_id, "metric_id": meant[0].metric_id, "given": given.value}
        read = decimal_in(given.value)
        value = read.value
        if value is None:
            raise Refusal(read.fault or "not-a-number", near=read.suggestion, **whose)
        if value <= 0:
            raise Refusal("target-zero", **whose)
        if fault := fault_of_value(self.metrics[meant[0].metric_id], value):
            raise Refusal(fault, **whose)
        return CheckedTarget(meant[0].person_id, meant[0].metric_id, value)


async def facts_to_fill(session: AsyncSession, task: Task) -> tuple[DepartmentFacts, ScoringGap | None]:
    """Load what figures are checked against; where scoring waits, also what it waits for.

    Of a figure that the gate does not ask for, but a result needs, every month is asked for.

    Raises:
        Refusal: `cycle-unknown`.
    """
    facts = await facts_for_task(session, task)
    if task.kind is not TaskKind.FILL_SCORING_GAP:
        return facts, None
    components = await missing_components(session, task.cycle_id, task.department_id)
    found = await session.exec(select(Metric).where(col(Metric.company_id) == task.company_id))
    gap = ScoringGap(components, {metric.id: metric for metric in found.all()})
    needed = frozenset((one.person_id, one.metric_id) for one in components if one.reason == "figure")
    return replace(facts, also_needed=needed), gap

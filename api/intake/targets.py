"""Targets out of a file: the cycle they are for, what they are checked against, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.intake.kinds import MOST_SHOWN, Shown, Taking
from api.intake.owners import known_owners
from api.intake.writing import write_changed
from models.bulk import Stored, load_rows, stored_figure
from models.changes import Subject
from models.cycles import Cycle, CycleDepartment
from models.database import table_of
from models.errors import Refusal
from models.intake import Intake
from models.metrics import Target
from models.org import TimeInPost
from models.stages import CycleState, Stage
from models.targets import days_in
from rules.intake import Changed, Reading
from rules.intake_owners import OwnerFinder
from rules.intake_targets import (
    Aim,
    AimedCycle,
    KnownTarget,
    KnownTargets,
    TargetsCheck,
    TargetsPlan,
    named_shares,
)

OPEN: Final = (CycleState.DRAFT, CycleState.RUNNING)
"""Cycles whose targets can still come from a file: all before the launch, then those not confirmed yet."""
COLUMNS: Final = (
    *("id", "cycle_id", "unit_id", "person_id", "department_id", "metric_id", "value", "full_value"),
    *("applies", "initiative", "confirmed_at"),
)


async def cycles_to_aim_at(session: AsyncSession, company_id: str) -> list[Cycle]:
    """Return the cycles that targets can be taken over for, the latest first."""
    found = await session.exec(
        select(Cycle)
        .where(col(Cycle.company_id) == company_id, col(Cycle.state).in_(OPEN))
        .order_by(col(Cycle.starts_on).desc(), col(Cycle.id))
    )
    return list(found.all())


async def _aimed(session: AsyncSession, intake: Intake) -> AimedCycle:
    """Raises: Refusal: `intake-without-cycle`, `intake-cycle-closed`."""
    cycle = await session.get(Cycle, intake.cycle_id, populate_existing=True) if intake.cycle_id else None
    if cycle is None or cycle.company_id != intake.company_id:
        raise Refusal("intake-without-cycle")
    if cycle.state not in OPEN:
        raise Refusal("intake-cycle-closed", cycle=cycle.name)
    launched = cycle.state is not CycleState.DRAFT
    closed = await session.exec(
        select(CycleDepartment.department_id).where(
            col(CycleDepartment.cycle_id) == cycle.id, col(CycleDepartment.stage) != Stage.TARGETS
        )
    )
    departments = frozenset(closed.all())
    return AimedCycle(cycle.id, cycle.name, cycle.starts_on, cycle.ends_on, departments, launched)


@dataclass(frozen=True)
class TargetsKnown:
    known: KnownTargets

    @classmethod
    async def load(cls, session: AsyncSession, intake: Intake) -> TargetsKnown:
        cycle = await _aimed(session, intake)
        owners = await known_owners(session, intake.company_id)
        columns = table_of(Target).columns
        connection = await session.connection()
        wanted: Select[Any] = select_columns(
            *(columns.unit_id, columns.person_id, columns.metric_id),
            *(columns.id, columns.full_value, columns.applies, columns.initiative),
        )
        found = await connection.execute(wanted.where(columns.cycle_id == cycle.id))
        targets = {(row[0], row[1], row[2]): KnownTarget(*row[3:]) for row in found}
        posts = await session.exec(select(TimeInPost).where(col(TimeInPost.cycle_id) == cycle.id))
        days = {(post.person_id, post.department_id): days_in(post) for post in posts.all()}
        return cls(KnownTargets(owners, cycle, targets, days))

    def check(self, reading: Reading) -> TargetsPlanned:
        return TargetsPlanned(self.known, TargetsCheck(self.known, reading).check())


@dataclass(frozen=True)
class TargetsPlanned:
    known: KnownTargets
    plan: TargetsPlan

    def shown(self) -> Shown:
        plan = self.plan
        finder = OwnerFinder(self.known.owners)
        names = {metric.id: metric.name for metric in finder.metrics.values()}

        def cells(aim: Aim) -> dict[str, Any]:
            seller = aim.owner.seller
            return {
                "row": str(aim.row),
                "staff_no": seller.staff_no if seller else "",
                "name": seller.name if seller else "",
                "unit": finder.line_of(aim.owner.unit_id),
                "metric": names[aim.metric_id],
                "value": f"{aim.full_value:f}" if aim.applies else "–",
                "initiative": aim.initiative,
            }

        def change(aim: Aim) -> dict[str, Any]:
            before, after = _differing(aim)
            who = f"{finder.named(aim.owner)} · {names[aim.metric_id]}"
            return {"row": aim.row, "who": who, "before": before, "after": after}

        return Shown(
            len(plan.new),
            len(plan.changed),
            plan.unchanged,
            plan.fingerprint,
            [cells(aim) for aim in plan.new[:MOST_SHOWN]],
            [change(aim) for aim in plan.changed[:MOST_SHOWN]],
            {"cycle": self.known.cycle.name, "shares": named_shares(plan, self.known)},
        )

    async def write(self, session: AsyncSession, taking: Taking) -> None:
        plan = self.plan
        if plan.new:
            await load_rows(session, Target, COLUMNS, self._rows(plan.new))
        await write_changed(session, Target, [_changed(aim) for aim in plan.changed])
        told = []
        for aim in plan.changed:
            before, after = _differing(aim)
            told.append(Changed(aim.known.id if aim.known else "", aim.row, before, after))
        await taking.record(session, Subject.TARGET, told)

    def _rows(self, aims: Sequence[Aim]) -> Iterator[tuple[Stored, ...]]:
        cycle_id = self.known.cycle.id
        for aim in aims:
            owner = aim.owner
            yield (
                ".".join((cycle_id, owner.unit_id, owner.person_id, aim.metric_id)),
                cycle_id,
                owner.unit_id,
                owner.person_id,
                owner.department_id,
                aim.metric_id,
                stored_figure(aim.value),
                stored_figure(aim.full_value),
                aim.applies,
                aim.initiative,
                None,
            )


def _differing(aim: Aim) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what of a target changes, as documents hold it."""
    known = aim.known
    before: dict[str, Any] = {}
    if known:
        before = {"target": f"{known.full_value:f}", "applies": known.applies, "initiative": known.initiative}
    after = {"target": f"{aim.full_value:f}", "applies": aim.applies, "initiative": aim.initiative}
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def _changed(aim: Aim) -> Changed:
    known = aim.known
    values = {
        "full_value": aim.full_value,
        "value": aim.value,
        "applies": aim.applies,
        "initiative": aim.initiative,
    }
    return Changed(known.id if known else "", aim.row, {}, values)

"""A director's counter-proposal, accepted or not (Rule 23): every round is kept."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import to_four_places
from models.metrics import Aggregation, Metric, Target
from models.tasks import TargetProposal, Task
from rules.allocation import share_out


async def accept_proposals(session: AsyncSession, task: Task, now: datetime) -> None:
    """Take the proposed values for the department, and share them out below in the same proportions."""
    found = await session.exec(select(TargetProposal).where(col(TargetProposal.command_id) == task.cause_id))
    for proposal in found.all():
        proposal.accepted = True
        await take_over(session, task, proposal.metric_id, Decimal(proposal.proposed))


async def keep_targets(session: AsyncSession, task: Task) -> None:
    await session.exec(
        update(TargetProposal).where(col(TargetProposal.command_id) == task.cause_id).values(accepted=False)
    )


async def take_over(session: AsyncSession, task: Task, metric_id: str, value: Decimal) -> None:
    """Set a department's target of one metric, and those of its teams and people.

    Sums are shared out to the cent (Rule 16); means change in proportion.
    """
    metric = await session.get_one(Metric, metric_id)
    found = await session.exec(
        select(Target).where(
            col(Target.cycle_id) == task.cycle_id,
            col(Target.department_id) == task.department_id,
            col(Target.metric_id) == metric_id,
        )
    )
    targets = sorted(found.all(), key=lambda target: target.id)
    whole = [target for target in targets if target.unit_id == task.department_id and not target.person_id]
    people = [target for target in targets if target.person_id]
    teams = [target for target in targets if target not in whole and target not in people]
    for target in whole:
        target.value = target.full_value = value
    for group in (teams, people):
        retarget(group, value, metric.aggregation)


def retarget(targets: list[Target], value: Decimal, aggregation: Aggregation) -> None:
    """Give a group new values that keep their proportions; sums add up to `value` exactly."""
    before = sum((target.full_value for target in targets), Decimal(0))
    if not before:
        return
    if aggregation is Aggregation.SUM:
        new = share_out(value, [target.full_value for target in targets])
    else:
        factor = value / (before / len(targets))
        new = [to_four_places(target.full_value * factor) for target in targets]
    for target, full_value in zip(targets, new, strict=True):
        held = target.value / target.full_value if target.full_value else Decimal(1)
        target.full_value = full_value
        target.value = to_four_places(full_value * held)

"""Other targets that a director proposes instead of confirming (Rule 23)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.task_shapes import ProposedTarget
from models.clock import business_now
from models.errors import Refusal
from models.metrics import Metric, Target
from models.stages import Choice
from models.tasks import TargetProposal, Task


async def proposed(
    session: AsyncSession,
    task: Task,
    choice: Choice,
    comment: str,
    proposals: Sequence[ProposedTarget],
    command_id: str,
) -> list[TargetProposal]:
    """Return the rows of a counter-proposal, each with the department's target as it stands.

    Raises:
        Refusal: `figures-needed` without any; `metric-unknown` for one the department has no target of.
    """
    if choice is not Choice.COUNTER_PROPOSE:
        return []
    if not proposals:
        raise Refusal("figures-needed")
    now = await business_now(session)
    rows = []
    for proposal in proposals:
        target = await _target_of(session, task, proposal.metric)
        rows.append(
            TargetProposal(
                id=uuid4().hex,
                command_id=command_id,
                task_id=task.id,
                cycle_id=task.cycle_id,
                department_id=task.department_id,
                metric_id=target.metric_id,
                before=format(target.value.normalize(), "f"),
                proposed=format(proposal.proposed.normalize(), "f"),
                reason=proposal.reason or comment,
                at=now,
            )
        )
    return rows


async def _target_of(session: AsyncSession, task: Task, metric: str) -> Target:
    found = await session.exec(
        select(Target)
        .join(Metric, col(Metric.id) == col(Target.metric_id))
        .where(
            col(Target.cycle_id) == task.cycle_id,
            col(Target.unit_id) == task.department_id,
            col(Target.person_id) == "",
            or_(col(Metric.id) == metric, col(Metric.code) == metric),
        )
    )
    target = found.first()
    if target is None:
        raise Refusal("metric-unknown", metric=metric)
    return target

"""What the rungs of a ladder do: remind, move up the line, add a second holder, notify, approve by policy."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from activities.cases import Case
from activities.outbox import Outbox
from models.cycles import CycleEvent
from models.messages import RungAt, RungFired, RungOutcome
from models.org import superior_of
from models.stages import Channel, Choice, Occasion, Recipient, RungAction, TaskState
from models.tasks import Decision, Task
from rules.ladder import superior_rungs

PUNCTUAL = timedelta(minutes=10)
"""A rung that fires within this of its instant counts as having fired at it."""


async def climb(session: AsyncSession, case: Case, task: Task, fired: RungFired, outbox: Outbox) -> RungOutcome:
    """Do what the rung says, once: a second run finds the line of history and changes nothing."""
    key = f"{task.id}/{fired.epoch}/{fired.rung.name}"
    known = await session.get(CycleEvent, key)
    if known:
        return RungOutcome.model_validate(known.detail["outcome"])
    if fired.by_policy:
        kind, outcome = "approved-by-policy", await approve_by_policy(session, case, task)
    elif fired.rung.action is RungAction.REMIND:
        kind, outcome = "reminded", await remind(task, fired.rung, outbox)
    elif fired.rung.action is RungAction.NOTIFY:
        kind, outcome = "notified", await notify(session, case, task, fired.rung, outbox)
    else:
        kind, outcome = "escalated", await escalate(session, case, task, fired, outbox)
    session.add(
        case.event(
            key,
            "at-top" if outcome.at_top else kind,
            department_id=task.department_id,
            task_id=task.id,
            detail={
                "rung": fired.rung.name,
                "channels": list(fired.rung.channels),
                "holder": outcome.holder_id,
                "added": outcome.added_id,
                "outcome": outcome.model_dump(mode="json"),
            },
        )
    )
    return outcome


async def remind(task: Task, rung: RungAt, outbox: Outbox) -> RungOutcome:
    for holder in (task.holder_id, *task.added_ids):
        await outbox.about_task(task, holder, rung.channels, Occasion.TASK_REMINDER, rung.name)
    return RungOutcome(holder_id=task.holder_id)


async def notify(session: AsyncSession, case: Case, task: Task, rung: RungAt, outbox: Outbox) -> RungOutcome:
    """Tell a superior or HR that a task is late; the holder keeps it."""
    whom = task.holder_id
    if rung.to is Recipient.HR:
        whom = case.cycle.hr_owner_id
    elif rung.to is Recipient.SUPERIOR:
        superior = await superior_of(session, task.holder_id, case.today)
        whom = superior.id if superior else case.cycle.hr_owner_id
    await outbox.about_task(task, whom, rung.channels, Occasion.TASK_OVERDUE, rung.name)
    return RungOutcome(holder_id=task.holder_id)


async def escalate(session: AsyncSession, case: Case, task: Task, fired: RungFired, outbox: Outbox) -> RungOutcome:
    """Move the task to the holder's superior, or add the superior as a second holder (Rule 3).

    At the top of the line the task stays open, and the HR owner is told (Rule 7).
    """
    rung = fired.rung
    superior = await superior_of(session, task.holder_id, case.today)
    if superior is None:
        hr_owner_id = case.cycle.hr_owner_id
        await outbox.about_task(task, hr_owner_id, rung.channels, Occasion.TASK_AT_TOP, rung.name)
        return RungOutcome(holder_id=task.holder_id, at_top=True)
    before = task.holder_id
    if rung.action is RungAction.ADD:
        task.added_ids = [*task.added_ids, superior.id]
        await outbox.about_task(task, superior.id, rung.channels, Occasion.TASK_ADDED, rung.name, before=before)
        return RungOutcome(holder_id=before, added_id=superior.id)
    task.holder_id, task.added_ids = superior.id, []
    task.level += 1
    task.epoch += 1
    await outbox.about_task(task, superior.id, rung.channels, Occasion.TASK_ESCALATED, rung.name, before=before)
    await outbox.about_task(task, before, (Channel.SYSTEM,), Occasion.TASK_MOVED_AWAY, rung.name, to=superior.id)
    calendar = await case.calendar(session)
    # By the plan's instant, not the engine's few milliseconds later: what is due together stays so.
    moved_at = rung.at if case.now - rung.at < PUNCTUAL else case.now
    next_rungs = superior_rungs(case.terms.ladder, moved_at, calendar, task.level)
    return RungOutcome(holder_id=superior.id, moved=True, next_rungs=next_rungs)


async def approve_by_policy(session: AsyncSession, case: Case, task: Task) -> RungOutcome:
    """Approve by silence, because the cycle's policy says so; the record says it too (Rule 7)."""
    task.state, task.closed_at, task.next_rung_at = TaskState.DECIDED, case.now, None
    session.add(
        Decision(
            task_id=task.id,
            command_id=f"{task.id}/policy",
            cycle_id=task.cycle_id,
            department_id=task.department_id,
            choice=Choice.APPROVE,
            by_id="",
            by_policy=True,
            decided_at=case.now,
        )
    )
    return RungOutcome(holder_id=task.holder_id, approved_by_policy=True)

"""What must be known of a delivery before it is sent again: what came of it, and whether it is still wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.delivery import Delivery, Notice, Reason, Resend, reason_in
from models.org import Person, deputy_of
from models.stages import ASKS_TO_ACT, Channel, CycleState, DeliveryState, TaskState
from models.tasks import Task


@dataclass(frozen=True)
class Candidate:
    """A delivery that might be sent again."""

    state: DeliveryState
    reason: Reason | None
    is_under_way: bool
    address: str
    """Where it went, or was meant to go; empty where no address was on record."""
    address_now: str
    was_resent: bool
    recipient_left: bool
    cycle_state: CycleState | None
    wanted: tuple[Notice, ...]
    """What it carried, as far as the recipient is still the one to be told."""
    obsolete: int = 0
    """How many of its notices ask for what is done by now, or is another's to do."""


async def candidate_of(session: AsyncSession, delivery: Delivery, today: date) -> Candidate:
    person = await session.get(Person, delivery.person_id)
    cycle = await session.get(Cycle, delivery.cycle_id) if delivery.cycle_id else None
    address_now = "" if person is None else person.phone if delivery.channel is Channel.SMS else person.email
    notices = await notices_of(session, delivery)
    tasks = await _tasks_of(session, notices)
    wanted = [notice for notice in notices if await _is_wanted(session, notice, tasks.get(notice.task_id), today)]
    return Candidate(
        state=delivery.state,
        reason=reason_in(delivery.error),
        is_under_way=delivery.held_until is not None,
        address=delivery.address,
        address_now=address_now,
        was_resent=await session.get(Resend, delivery.id) is not None,
        recipient_left=person is None or (person.left_on is not None and person.left_on <= today),
        cycle_state=cycle.state if cycle else None,
        wanted=tuple(wanted),
        obsolete=len(notices) - len(wanted),
    )


async def notices_of(session: AsyncSession, delivery: Delivery) -> Sequence[Notice]:
    """Return what a delivery carried; what an SMS left to an e-mail is found with that."""
    carrier = delivery
    if delivery.channel is Channel.SMS and delivery.state is DeliveryState.FAILED:
        carrier = await fallback_for(session, delivery) or delivery
    found = await session.exec(
        select(Notice)
        .where(col(Notice.person_id) == carrier.person_id, col(Notice.delivery_id) == carrier.id)
        .order_by(col(Notice.id))
    )
    return found.all()


async def fallback_for(session: AsyncSession, delivery: Delivery) -> Delivery | None:
    """Return the e-mail that went in place of an SMS, or None."""
    found = await session.exec(
        select(Delivery).where(
            col(Delivery.person_id) == delivery.person_id,
            col(Delivery.channel) == Channel.EMAIL,
            col(Delivery.moment) == delivery.moment,
            col(Delivery.fallback_of) == delivery.id,
        )
    )
    return found.first()


async def _tasks_of(session: AsyncSession, notices: Sequence[Notice]) -> dict[str, Task]:
    wanted = {notice.task_id for notice in notices if notice.task_id}
    if not wanted:
        return {}
    found = await session.exec(select(Task).where(col(Task.id).in_(wanted)))
    return {task.id: task for task in found.all()}


async def _is_wanted(session: AsyncSession, notice: Notice, task: Task | None, today: date) -> bool:
    """Whether what a notice asks for is still open, and its receiver still the one to do it."""
    if notice.occasion not in ASKS_TO_ACT or task is None:
        return True
    holder_id = notice.meant_for or notice.person_id
    if task.state is not TaskState.OPEN or holder_id not in {task.holder_id, *task.added_ids}:
        return False
    return holder_id == notice.person_id or await deputy_of(session, holder_id, today) == notice.person_id

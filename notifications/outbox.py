"""The outbox: gathers what is waiting for one person, channel and moment into one delivery (DESIGN 10).

Whoever finds notices waiting opens a collection, unless one is open; whoever opened it closes
it and takes in all that is waiting by then, whatever put it there. What comes later becomes the
next part. A moment is a minute: timers of one rung fire some milliseconds apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import bindparam, func, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.database import SessionMaker, insert_once, table_of, writing
from models.delivery import Delivery, Notice
from models.org import Person
from models.stages import Channel, CycleState, DeliveryState, Occasion, TaskState
from models.tasks import Task

GATHERED = (Channel.SMS, Channel.EMAIL)
UNDER_WAY = (DeliveryState.COLLECTING, DeliveryState.CLAIMED, DeliveryState.UNKNOWN)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Timing:
    """How long things may take, by the wall clock."""

    window: timedelta = timedelta(seconds=30)
    """A collection stays open no longer than this."""
    settle: timedelta = timedelta(milliseconds=200)
    """A collection stays open this long even where nothing more is expected."""
    poll: timedelta = timedelta(milliseconds=250)
    hand_over: timedelta = timedelta(seconds=45)
    """Handing one message over takes no longer; until then its outcome is not asked for."""
    look_up_after: timedelta = timedelta(seconds=5)
    """A provider gets this long until a message that it took shows in its list."""
    first_retry: timedelta = timedelta(seconds=5)
    longest_retry: timedelta = timedelta(minutes=15)
    trusted: timedelta = timedelta(minutes=1)
    """One that is this much behind its time is taken for dead, and its delivery taken over."""


@dataclass(frozen=True, order=True)
class Spot:
    """Where messages are gathered: a person, a channel, a minute."""

    person_id: str
    channel: Channel
    moment: datetime


@dataclass(frozen=True)
class Standing:
    """Where a delivery with something left to do stands.

    `due_at` is from when on it may be handed over, where that was put off.
    """

    delivery_id: str
    company_id: str
    spot: Spot
    state: DeliveryState
    occasion: str
    due_at: datetime | None


def minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def spot_of(notice: Notice) -> Spot:
    return Spot(notice.person_id, notice.channel, minute_of(notice.moment))


def new_delivery(spot: Spot, part: int, company_id: str, batch: str) -> Delivery:
    """Return a delivery whose id follows from what it is, so that its Message-ID does too."""
    made_of = "/".join((spot.person_id, spot.channel.value, spot.moment.isoformat(), str(part)))
    return Delivery(
        id=sha256(made_of.encode()).hexdigest()[:32],
        company_id=company_id,
        person_id=spot.person_id,
        channel=spot.channel,
        moment=spot.moment,
        part=part,
        batch=batch,
    )


WAITING = (
    select(Notice)
    .where(
        col(Notice.batch).in_(bindparam("batches", expanding=True)),
        col(Notice.channel).in_(GATHERED),
        col(Notice.delivery_id) == "",
    )
    .order_by(col(Notice.id))
)

TO_SEE_THROUGH = (
    select(Delivery)
    .where(col(Delivery.batch).in_(bindparam("batches", expanding=True)), col(Delivery.held_until).is_not(None))
    .order_by(col(Delivery.id))
)

AT_SPOTS = (
    select(Delivery)
    .where(
        col(Delivery.person_id).in_(bindparam("people", expanding=True)),
        col(Delivery.moment).in_(bindparam("moments", expanding=True)),
    )
    .order_by(col(Delivery.id))
    .with_for_update()
    .execution_options(populate_existing=True)
)

IS_WAITING_AT = (
    col(Notice.person_id) == bindparam("person"),
    col(Notice.channel) == bindparam("channel"),
    col(Notice.moment) >= bindparam("minute"),
    col(Notice.moment) < bindparam("next_minute"),
    col(Notice.delivery_id) == "",
)
WAITING_AT = select(Notice).where(*IS_WAITING_AT).order_by(col(Notice.id))

RUNG_IS_COMING = (
    select(Task.id)
    .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
    .where(
        or_(
            col(Task.next_rung_to) == bindparam("person"),
            col(Task.next_rung_to).in_(select(Notice.meant_for).where(*IS_WAITING_AT)),
        ),
        col(Task.next_rung_at) <= bindparam("now"),
        col(Task.state) == TaskState.OPEN,
        col(Cycle.state) == CycleState.RUNNING,
    )
    .limit(1)
)
HANDED_UP = (Occasion.TASK_ESCALATED, Occasion.TASK_ADDED)
MOVE_IS_LATE = (
    select(Task.id)
    .join(Cycle, col(Cycle.id) == col(Task.cycle_id))
    .join(Person, col(Person.id) == col(Task.holder_id))
    .where(
        or_(
            col(Person.superior_id) == bindparam("person"),
            col(Person.superior_id).in_(select(Notice.meant_for).where(*IS_WAITING_AT)),
        ),
        col(Task.next_rung_at) < bindparam("minute"),
        col(Task.deadline_at) <= bindparam("now"),
        col(Task.state) == TaskState.OPEN,
        col(Cycle.state) == CycleState.RUNNING,
    )
    .limit(1)
)
"""After an outage a move overtakes reminders: the task's row still speaks of a reminder to its holder."""

CARRY = (
    update(table_of(Notice))
    .where(table_of(Notice).c.id.in_(bindparam("notices", expanding=True)))
    .values(delivery_id=bindparam("into"))
)


def at(spot: Spot) -> dict[str, object]:
    """Return what the statements above call a spot."""
    return {
        "person": spot.person_id,
        "channel": spot.channel,
        "minute": spot.moment,
        "next_minute": spot.moment + MINUTE,
    }


class Outbox:
    """Opens and closes collections. Every method is one short transaction."""

    def __init__(self, sessions: SessionMaker, timing: Timing, wall: Callable[[], datetime]) -> None:
        self.sessions = sessions
        self.timing = timing
        self.wall = wall

    async def take_up(self, batches: Collection[str]) -> list[Standing]:
        """Return the deliveries that these batches have to see through.

        Wherever notices of theirs are waiting, a collection is open afterwards: one of theirs, or
        one that another batch opened and will close.
        """
        async with self.sessions() as session:
            await writing(session)
            waiting = await session.exec(WAITING, params={"batches": list(batches)})
            await self._open_collections(session, waiting.all())
            found = await session.exec(TO_SEE_THROUGH, params={"batches": list(batches)})
            standing = [self._standing(delivery) for delivery in found.all()]
            await session.commit()
            return standing

    def _standing(self, delivery: Delivery) -> Standing:
        due_at = None
        if delivery.state is DeliveryState.CLAIMED and delivery.held_until is not None:
            due_at = delivery.held_until - self.timing.trusted
        spot = Spot(delivery.person_id, delivery.channel, delivery.moment)
        return Standing(delivery.id, delivery.company_id, spot, delivery.state, delivery.occasion, due_at)

    async def _open_collections(self, session: AsyncSession, waiting: Sequence[Notice]) -> None:
        first_at = {spot_of(notice): notice for notice in reversed(waiting)}
        missing = set(first_at)
        while missing := await self._without_collection(session, missing, first_at):
            continue

    async def _without_collection(
        self, session: AsyncSession, spots: Collection[Spot], first_at: dict[Spot, Notice]
    ) -> set[Spot]:
        """Open a collection at each of `spots` that has none; return those where another came first.

        Collections that are open are locked, so that none is closed before the notices that led
        here can be seen by whoever closes it.
        """
        if not spots:
            return set()
        people = sorted({spot.person_id for spot in spots})
        moments = sorted({spot.moment for spot in spots})
        found = await session.exec(AT_SPOTS, params={"people": people, "moments": moments})
        parts: dict[Spot, int] = {}
        is_open: set[Spot] = set()
        for delivery in found.all():
            spot = Spot(delivery.person_id, delivery.channel, delivery.moment)
            parts[spot] = max(parts.get(spot, 0), delivery.part)
            if delivery.state is DeliveryState.COLLECTING:
                is_open.add(spot)
        opened = []
        for spot in sorted(set(spots) - is_open):
            notice = first_at[spot]
            delivery = new_delivery(spot, parts.get(spot, 0) + 1, notice.company_id, notice.batch)
            delivery.cycle_id, delivery.occasion, delivery.rung = notice.cycle_id, notice.occasion, notice.rung
            delivery.held_until = self.wall() + self.timing.window + self.timing.trusted
            opened.append(delivery)
        inserted = await insert_once(session, opened)
        return set() if inserted == len(opened) else set(spots) - is_open

    async def take_over_abandoned(self, company_id: str) -> set[str]:
        """Take over deliveries that nobody sees through any more; return their batches.

        Normally the engine runs an interrupted activity again. Where it cannot (its workflow was
        terminated), what it had collected from others would be lost.
        """
        now = self.wall()
        abandoned = (
            col(Delivery.company_id) == company_id,
            col(Delivery.state).in_(UNDER_WAY),
            col(Delivery.held_until) < now - self.timing.trusted,
        )
        async with self.sessions() as session:
            if not (await session.exec(select(Delivery.id).where(*abandoned).limit(1))).first():
                return set()
            await session.rollback()
            await writing(session)
            found = (await session.exec(select(Delivery).where(*abandoned).with_for_update())).all()
            for delivery in found:
                delivery.held_until = now
                session.add(delivery)
            batches = {delivery.batch for delivery in found}
            await session.commit()
            return batches

    async def expects_more(self, standing: Standing, now: datetime) -> bool:
        """Whether something else for this person is about to come at this moment.

        That is: an open task's next rung speaks to them and is due, or, where tasks are handed up to
        them, one of those below them is late to be; or, for a report of failures, messages of the
        moment are still under way.
        """
        async with self.sessions() as session:
            if standing.occasion == Occasion.DELIVERY_FAILED:
                under_way = (
                    select(Delivery.id)
                    .where(
                        col(Delivery.company_id) == standing.company_id,
                        col(Delivery.moment) == standing.spot.moment,
                        col(Delivery.held_until).is_not(None),
                        col(Delivery.occasion) != Occasion.DELIVERY_FAILED,
                    )
                    .limit(1)
                )
                return (await session.exec(under_way)).first() is not None
            parameters = {**at(standing.spot), "now": now}
            if (await session.exec(RUNG_IS_COMING, params=parameters)).first() is not None:
                return True
            if standing.occasion not in HANDED_UP:
                return False
            return (await session.exec(MOVE_IS_LATE, params=parameters)).first() is not None


async def waiting_at(session: AsyncSession, delivery: Delivery) -> list[Notice]:
    """Return what is waiting for the delivery's person, channel and minute."""
    spot = Spot(delivery.person_id, delivery.channel, delivery.moment)
    return list((await session.exec(WAITING_AT, params=at(spot))).all())


async def carried_by(session: AsyncSession, delivery: Delivery) -> list[Notice]:
    """Return the notices that a delivery carries."""
    found = await session.exec(
        select(Notice).where(col(Notice.delivery_id) == delivery.id).order_by(col(Notice.id))
    )
    return list(found.all())


async def carry(session: AsyncSession, delivery: Delivery, notices: Sequence[Notice]) -> None:
    """Put notices into a delivery."""
    await session.exec(CARRY, params={"notices": [notice.id for notice in notices], "into": delivery.id})
    first = notices[0]
    delivery.cycle_id, delivery.occasion, delivery.rung = first.cycle_id, first.occasion, first.rung
    delivery.notices = len(notices)
    session.add(delivery)


async def next_part(session: AsyncSession, like: Delivery, channel: Channel) -> Delivery:
    """Insert a further delivery for the same person and moment, already claimed."""
    spot = Spot(like.person_id, channel, like.moment)
    while True:
        last = await session.exec(
            select(func.max(col(Delivery.part))).where(
                col(Delivery.person_id) == spot.person_id,
                col(Delivery.channel) == channel,
                col(Delivery.moment) == spot.moment,
            )
        )
        delivery = new_delivery(spot, (last.one() or 0) + 1, like.company_id, like.batch)
        delivery.state = DeliveryState.CLAIMED
        delivery.held_until = like.held_until
        if await insert_once(session, [delivery]):
            return await session.get_one(Delivery, delivery.id)

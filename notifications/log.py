"""The delivery log: what became of each message, step by step (DESIGN 9).

collecting → claimed → (right before the message may be out) unknown → sent | failed. A crash
before that leaves `claimed`, which is safe to send; one after it leaves `unknown`, which is not.
`held_until` is set as long as there is something left to do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.database import SessionMaker, insert_once, table_of, writing
from models.delivery import Delivery, Notice
from models.org import Company, Person, deputy_of
from models.settings import TwilioSettings
from models.stages import ASKS_TO_ACT, Channel, DeliveryState, Occasion
from models.wordings import OwnWords, own_words
from notifications import letters, limits, outbox
from notifications.calendar_file import deadlines
from notifications.links import without_tokens
from notifications.outbox import Timing
from notifications.outcomes import DeliveryFailed, Reason, Taken, Trouble
from notifications.parcels import Parcel
from notifications.texts import NOBODY, Contact, write_together
from notifications.wordings import write_own

MOST_TRIES = 60
"""With the pauses between them, more than half a day."""

WORDS_KEPT = timedelta(seconds=10)
"""A company's changed wording is used after this, at the latest."""

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much, at most, a provider's clock differs from ours."""

log = logging.getLogger(__name__)

_DELIVERIES = table_of(Delivery)

LOCKED = select(Delivery).where(col(Delivery.id) == bindparam("of_delivery")).with_for_update()

HAND_OVER = (
    update(_DELIVERIES)
    .where(_DELIVERIES.c.id == bindparam("of_delivery"), _DELIVERIES.c.state == DeliveryState.CLAIMED)
    .values(state=DeliveryState.UNKNOWN, error="", handed_over_at=bindparam("at"), held_until=bindparam("until"))
)


@dataclass(frozen=True)
class Attempt:
    """A hand-over that began and whose end is not recorded."""

    delivery_id: str
    channel: Channel
    address: str
    body: str
    began_at: datetime
    can_be_judged_at: datetime


class DeliveryLog:
    """Writes each step of a delivery. Every method is one short transaction."""

    def __init__(
        self,
        sessions: SessionMaker,
        timing: Timing,
        sms: TwilioSettings,
        base_url: str,
        wall: Callable[[], datetime],
    ) -> None:
        self.sessions = sessions
        self.timing = timing
        self.sms = sms
        self.base_url = base_url
        self.wall = wall
        self.words_of: dict[str, tuple[datetime, OwnWords]] = {}

    async def take(self, delivery_id: str) -> Parcel | None:
        """Close a collection and write its message; nothing can join it from now on.

        None where there is nothing to send.
        """
        async with self.sessions() as session:
            await writing(session)
            delivery = await _locked(session, delivery_id)
            if delivery is None or delivery.state not in (DeliveryState.COLLECTING, DeliveryState.CLAIMED):
                return None
            if delivery.state is DeliveryState.COLLECTING:
                notices = await self._closed(session, delivery)
            else:
                notices = await outbox.carried_by(session, delivery)
            parcel = await self._ready(session, delivery, notices) if notices else None
            await session.commit()
            return parcel

    async def _closed(self, session: AsyncSession, delivery: Delivery) -> list[Notice]:
        """Take in what is waiting; return what is to be sent of it this way."""
        notices = await outbox.waiting_at(session, delivery)
        if not notices:
            await session.delete(delivery)  # An earlier part took them all.
            return []
        await outbox.carry(session, delivery, notices)
        delivery.state = DeliveryState.CLAIMED
        if delivery.channel is Channel.SMS:
            return await self._within_limits(session, delivery, notices)
        return notices

    async def _within_limits(
        self, session: AsyncSession, delivery: Delivery, notices: list[Notice]
    ) -> list[Notice]:
        """Let go by mail what may not go by SMS; return the rest."""
        known = await letters.look_up(session, notices)
        person, terms = known.people[delivery.person_id], known.terms(delivery.cycle_id)
        if reason := await limits.refused(session, self.sms, delivery, person, terms):
            await self._by_mail_instead(session, delivery, notices, reason)
            return []
        had_one = await limits.had_an_sms(session, notices, delivery.id)
        too_many = [notice for notice in notices if notice.task_id in had_one]
        if len(too_many) == len(notices):
            await self._by_mail_instead(session, delivery, notices, Reason.TASK_LIMIT)
        elif too_many:
            refused = await outbox.next_part(session, delivery, Channel.SMS)
            await self._by_mail_instead(session, refused, too_many, Reason.TASK_LIMIT)
            delivery.notices = len(notices) - len(too_many)
        return [notice for notice in notices if notice not in too_many]

    async def _ready(self, session: AsyncSession, delivery: Delivery, notices: Sequence[Notice]) -> Parcel | None:
        """Write the message, for the provider and for the log."""
        parcel = await self._written(session, delivery, notices)
        if isinstance(parcel, Reason):
            await self._failed_for_good(session, delivery, notices, DeliveryFailed(parcel, Trouble.FINAL))
            return None
        delivery.tries += 1
        delivery.address = parcel.address
        delivery.subject = parcel.written.subject
        delivery.body = without_tokens(parcel.written.text)
        delivery.held_until = self.wall() + self.timing.trusted
        session.add(delivery)
        return parcel

    async def hand_over(self, delivery_id: str) -> bool:
        """Record that the message may be out from now on; only one caller is told to go on."""
        now = self.wall()
        async with self.sessions() as session:
            await writing(session)
            until = now + self.timing.hand_over
            done = await session.exec(HAND_OVER, params={"of_delivery": delivery_id, "at": now, "until": until})
            await session.commit()
            return bool(done.rowcount)

    async def _written(
        self, session: AsyncSession, delivery: Delivery, notices: Sequence[Notice]
    ) -> Parcel | Reason:
        known = await letters.look_up(session, notices)
        person = known.people[delivery.person_id]
        needed = [notice for notice in notices if not _is_over(notice, known)]
        address = person.phone if delivery.channel is Channel.SMS else person.email
        if not needed:
            return Reason.NO_LONGER_NEEDED
        if not address:
            return Reason.NO_PHONE if delivery.channel is Channel.SMS else Reason.NO_ADDRESS
        language = person.language
        told = [
            letters.about(notice, known, language, letters.link_for(notice, known, session, self.base_url))
            for notice in needed
        ]
        if len(told) == 1:
            own = await self._own_words(session, delivery.company_id)
            written = write_own(told[0].occasion, delivery.channel, language, told[0], own)
        else:
            written = write_together(delivery.channel, language, tuple(told))
        owner = told[0].owner
        return Parcel(
            delivery_id=delivery.id,
            channel=delivery.channel,
            to=Contact(person.name, person.email),
            address=address,
            written=written,
            moment=delivery.moment,
            reply_to=owner if owner.email and owner.email != person.email else NOBODY,
            calendar=deadlines(told, language, self.base_url) if delivery.channel is Channel.EMAIL else b"",
        )

    async def _own_words(self, session: AsyncSession, company_id: str) -> OwnWords:
        """Return the company's own wordings, read anew now and then."""
        now = self.wall()
        known = self.words_of.get(company_id)
        if known is None or not known[0] <= now < known[0] + WORDS_KEPT:
            known = self.words_of[company_id] = now, await own_words(session, company_id)
        return known[1]

    async def attempt_under_way(self, delivery_id: str) -> Attempt | None:
        """Return the hand-over of an unknown outcome that is still to be judged."""
        async with self.sessions() as session:
            delivery = await session.get(Delivery, delivery_id)
            if delivery is None or delivery.state is not DeliveryState.UNKNOWN or delivery.held_until is None:
                return None
            return Attempt(
                delivery_id=delivery.id,
                channel=delivery.channel,
                address=delivery.address,
                body=delivery.body,
                began_at=(delivery.handed_over_at or delivery.held_until) - CLOCKS_DIFFER,
                can_be_judged_at=delivery.held_until,
            )

    async def record(
        self, delivery_id: str, outcome: Taken | DeliveryFailed | None, *, handed_over: bool = True
    ) -> timedelta | None:
        """Write how a hand-over ended, or how it failed before it began; return when to try again, if ever.

        No outcome: it was certainly not sent.
        """
        expected = DeliveryState.UNKNOWN if handed_over else DeliveryState.CLAIMED
        async with self.sessions() as session:
            await writing(session)
            delivery = await _locked(session, delivery_id)
            if delivery is None or delivery.state is not expected or delivery.held_until is None:
                return None
            session.add(delivery)
            delivery.attempts = [*delivery.attempts, self._attempt(delivery, outcome)]
            pause = None
            if isinstance(outcome, Taken):
                delivery.state = DeliveryState.SENT
                delivery.provider_id = outcome.provider_id
                delivery.sent_at = self.wall()
                delivery.held_until = None
            elif outcome is None:
                delivery.state = DeliveryState.CLAIMED
                delivery.held_until = self.wall() + self.timing.trusted
            else:
                pause = await self._record_failure(session, delivery, outcome)
            await session.commit()
            return pause

    def _attempt(self, delivery: Delivery, outcome: Taken | DeliveryFailed | None) -> dict[str, str]:
        now = self.wall()
        how = "taken" if isinstance(outcome, Taken) else outcome.trouble.value if outcome else "not-sent"
        return {
            "began_at": (delivery.handed_over_at or now).isoformat(),
            "ended_at": now.isoformat(),
            "outcome": how,
            "error": str(outcome) if isinstance(outcome, DeliveryFailed) else "",
        }

    async def _record_failure(
        self, session: AsyncSession, delivery: Delivery, failure: DeliveryFailed
    ) -> timedelta | None:
        trouble = failure.trouble
        if trouble is Trouble.TEMPORARY and delivery.tries >= MOST_TRIES:
            failure, trouble = DeliveryFailed(Reason.GAVE_UP, Trouble.FINAL, failure.detail), Trouble.FINAL
        delivery.error = str(failure)
        if trouble is Trouble.TEMPORARY:
            pause = failure.retry_after or self._pause_after(delivery.tries)
            delivery.state = DeliveryState.CLAIMED
            delivery.held_until = self.wall() + pause + self.timing.trusted
            return pause
        if trouble is Trouble.FINAL:
            await self._failed_for_good(session, delivery, await outbox.carried_by(session, delivery), failure)
            return None
        if delivery.channel is Channel.SMS:
            delivery.held_until = self.wall() + self.timing.look_up_after
            return self.timing.look_up_after
        delivery.held_until = None  # Never a blind second mail.
        await self._tell_hr(session, delivery)
        return None

    async def postpone_judgement(self, delivery_id: str, failure: DeliveryFailed) -> timedelta:
        """The provider cannot be asked now; return when to ask again."""
        pause = failure.retry_after or self.timing.first_retry
        async with self.sessions() as session:
            await writing(session)
            delivery = await _locked(session, delivery_id)
            if delivery is not None and delivery.held_until is not None:
                delivery.held_until = self.wall() + pause
                session.add(delivery)
                await session.commit()
        return pause

    def _pause_after(self, tries: int) -> timedelta:
        doubled: int = 2 ** min(tries - 1, 20)
        return min(self.timing.longest_retry, self.timing.first_retry * doubled)

    async def _failed_for_good(
        self, session: AsyncSession, delivery: Delivery, notices: Sequence[Notice], failure: DeliveryFailed
    ) -> None:
        log.info("Delivery %s by %s failed for good: %s", delivery.id, delivery.channel, failure)
        if delivery.channel is Channel.SMS and failure.reason is not Reason.NO_LONGER_NEEDED:
            await self._by_mail_instead(session, delivery, notices, failure.reason, str(failure))
            return
        delivery.state = DeliveryState.FAILED
        delivery.error = str(failure)
        delivery.held_until = None
        session.add(delivery)
        if failure.reason is not Reason.NO_LONGER_NEEDED:
            await self._tell_hr(session, delivery)

    async def _by_mail_instead(
        self,
        session: AsyncSession,
        delivery: Delivery,
        notices: Sequence[Notice],
        reason: Reason,
        error: str = "",
    ) -> None:
        """Fail an SMS, and put what it carried into an e-mail."""
        mail = await outbox.next_part(session, delivery, Channel.EMAIL)
        mail.fallback_of = delivery.id
        mail.held_until = self.wall() + self.timing.trusted
        await outbox.carry(session, mail, notices)
        delivery.cycle_id, delivery.occasion, delivery.rung = mail.cycle_id, mail.occasion, mail.rung
        delivery.notices = len(notices)
        delivery.state = DeliveryState.FAILED
        delivery.error = error or reason.value
        delivery.held_until = None
        session.add(delivery)
        if reason is Reason.MONTH_LIMIT:
            await self._tell_hr(session, delivery, once_a_month=True)

    async def _tell_hr(self, session: AsyncSession, delivery: Delivery, *, once_a_month: bool = False) -> None:
        """Put a notice for the cycle's HR owner into the outbox: a message reached nobody."""
        if delivery.occasion == Occasion.DELIVERY_FAILED:
            return  # HR themselves cannot be reached; the notice in the system is there.
        cycle = await session.get(Cycle, delivery.cycle_id) if delivery.cycle_id else None
        owner = await session.get(Person, cycle.hr_owner_id) if cycle else None
        if owner is None:
            log.warning("Delivery %s failed (%s) and belongs to no cycle", delivery.id, delivery.error)
            return
        company = await session.get_one(Company, delivery.company_id)
        today = delivery.moment.astimezone(ZoneInfo(company.time_zone)).date()
        receiver = await deputy_of(session, owner.id, today) or owner.id
        what = f"{delivery.company_id}/sms-limit/{today:%Y-%m}" if once_a_month else delivery.id
        notices = []
        for channel in (Channel.SYSTEM, Channel.EMAIL):
            key = f"{what}/{Occasion.DELIVERY_FAILED}/{channel}/{owner.id}"
            notices.append(
                Notice(
                    id=key,
                    key=key,
                    batch=delivery.batch,
                    company_id=delivery.company_id,
                    cycle_id=delivery.cycle_id,
                    person_id=receiver,
                    meant_for=owner.id,
                    channel=channel,
                    occasion=Occasion.DELIVERY_FAILED,
                    facts={"delivery_id": delivery.id},
                    moment=delivery.moment,
                )
            )
        await insert_once(session, notices)


def _is_over(notice: Notice, known: letters.Known) -> bool:
    """Whether a notice asks for something that nobody has to do any more."""
    task = known.tasks.get(notice.task_id)
    return task is not None and task.closed_at is not None and notice.occasion in ASKS_TO_ACT


async def _locked(session: AsyncSession, delivery_id: str) -> Delivery | None:
    return (await session.exec(LOCKED, params={"of_delivery": delivery_id})).first()

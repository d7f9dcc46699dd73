"""Sends what is waiting in the outbox, on the queue of sends. Safe to run twice, at any point."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from models.database import SessionMaker
from models.effects import DISPATCH
from models.messages import Dispatch
from models.settings import TwilioSettings
from models.stages import Channel, DeliveryState
from notifications.log import DeliveryLog
from notifications.outbox import Outbox, Standing, Timing
from notifications.outcomes import DeliveryFailed, Reason, Taken, Trouble
from notifications.parcels import CannotTell, Parcel, Sender

AT_ONCE = 4
"""Messages that a process hands over side by side: so many, at most, are in doubt when it is killed."""

SIGN_OF_LIFE = timedelta(seconds=5)


class SentByAnother(Exception):
    """Another worker hands the same message over."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


class DispatchActivities:
    """Gathers, sends and records messages.

    Returns when every message of the batch is sent, has failed for good, or is known to be
    unknown. While one has to wait, the activity fails with the pause after which the engine
    runs it again.
    """

    def __init__(
        self,
        sessions: SessionMaker,
        senders: Mapping[Channel, Sender],
        *,
        base_url: str,
        sms: TwilioSettings,
        timing: Timing | None = None,
        wall: Callable[[], datetime] = wall_clock,
    ) -> None:
        self.senders = senders
        self.timing = timing or Timing()
        self.wall = wall
        self.side_by_side = asyncio.Semaphore(AT_ONCE)
        self.look_again_at: dict[str, datetime] = {}
        self.outbox = Outbox(sessions, self.timing, wall)
        self.log = DeliveryLog(sessions, self.timing, sms, base_url, wall)

    @activity.defn(name=DISPATCH.name)
    async def dispatch(self, asked: Dispatch) -> None:
        """Send what a batch put into the outbox."""
        async with _signs_of_life():
            batches = {asked.key} | await self._abandoned(asked.company_id)
            pauses: list[timedelta] = []
            tried: set[str] = set()
            while True:  # A failure puts a message to HR into the outbox, under the same batch.
                found = await self.outbox.take_up(batches)
                deliveries = [each for each in found if each.delivery_id not in tried]
                if not deliveries:
                    break
                tried.update(each.delivery_id for each in deliveries)
                pauses += await self._see_all_through(deliveries, asked.now)
        if pauses:
            raise ApplicationError("Some messages must wait", type="TryLater", next_retry_delay=min(pauses))

    async def _abandoned(self, company_id: str) -> set[str]:
        """Now and then, take over what nobody sees through any more; return its batches."""
        now = self.wall()
        if now < self.look_again_at.get(company_id, now):
            return set()
        self.look_again_at[company_id] = now + self.timing.trusted
        return await self.outbox.take_over_abandoned(company_id)

    async def _see_all_through(self, deliveries: list[Standing], now: datetime) -> list[timedelta]:
        seen_through = (self._see_through(standing, now) for standing in deliveries)
        outcomes = await asyncio.gather(*seen_through, return_exceptions=True)
        for fault in outcomes:
            if isinstance(fault, BaseException):
                raise fault  # Only now, so that no other message is broken off half way.
        return [pause for pause in outcomes if isinstance(pause, timedelta)]

    async def _see_through(self, standing: Standing, now: datetime) -> timedelta | None:
        """Take a delivery as far as it goes; return the pause after which to go on."""
        if standing.state is DeliveryState.COLLECTING:
            await self._wait_for_others(standing, now)
        elif standing.state is DeliveryState.UNKNOWN:
            pause = await self._judge(standing.delivery_id)
            if pause is not None:
                return pause
        elif standing.due_at and (pause := standing.due_at - self.wall()) > timedelta(0):
            return pause
        async with self.side_by_side:
            parcel = await self.log.take(standing.delivery_id)
            return await self._send(parcel) if parcel else None

    async def _wait_for_others(self, standing: Standing, now: datetime) -> None:
        """Wait until nothing more is expected for this person and moment, or the window is over."""
        began = self.wall()
        await asyncio.sleep(self.timing.settle.total_seconds())
        # The database is asked again and again: what is awaited may come through any other process.
        while (  # noqa: ASYNC110 - so no event of this process could tell.
            self.wall() - began < self.timing.window and await self.outbox.expects_more(standing, now)
        ):
            await asyncio.sleep(self.timing.poll.total_seconds())

    async def _send(self, parcel: Parcel) -> timedelta | None:
        """Hand a message over and record what came of it; return the pause before another try."""
        handed_over = False

        async def hand_over() -> None:
            nonlocal handed_over
            handed_over = await self.log.hand_over(parcel.delivery_id)
            if not handed_over:
                raise SentByAnother(parcel.delivery_id)

        outcome: Taken | DeliveryFailed
        try:
            async with asyncio.timeout(self.timing.hand_over.total_seconds()):
                outcome = await self.senders[parcel.channel].send(parcel, hand_over)
        except SentByAnother:
            return None
        except DeliveryFailed as failure:
            outcome = failure
        except TimeoutError:
            outcome = DeliveryFailed(Reason.UNREACHABLE, Trouble.TEMPORARY, "TimeoutError")
            if handed_over:
                outcome = DeliveryFailed(Reason.ANSWER_LOST, Trouble.UNKNOWN, "TimeoutError")
        return await self.log.record(parcel.delivery_id, outcome, handed_over=handed_over)

    async def _judge(self, delivery_id: str) -> timedelta | None:
        """Find out what became of a hand-over that was interrupted.

        Not before it can be over: another worker may still be at it. Afterwards the delivery is
        final, or claimed again because it certainly was not sent.
        """
        attempt = await self.log.attempt_under_way(delivery_id)
        if attempt is None:
            return None
        too_early = attempt.can_be_judged_at - self.wall()
        if too_early > timedelta(0):
            return too_early
        try:
            found = await self.senders[attempt.channel].find(attempt.address, attempt.body, attempt.began_at)
        except CannotTell:
            failure = DeliveryFailed(Reason.INTERRUPTED, Trouble.UNKNOWN)
            return await self.log.record(delivery_id, failure)
        except DeliveryFailed as failure:
            if failure.trouble is Trouble.FINAL:  # It was taken, and came to nothing.
                return await self.log.record(delivery_id, failure)
            return await self.log.postpone_judgement(delivery_id, failure)
        return await self.log.record(delivery_id, found)


@asynccontextmanager
async def _signs_of_life() -> AsyncIterator[None]:
    """Tell the engine now and then that this activity is alive."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(SIGN_OF_LIFE.total_seconds())  # Most are over before the first: each is a write.
            activity.heartbeat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()

"""A worker that dies while it hands a message over."""

from __future__ import annotations

from datetime import datetime

from notifications.outcomes import Taken
from notifications.parcels import HandOver, Parcel, Sender


class Killed(BaseException):
    """The worker is gone."""


class DiesAt:
    """A channel in front of the real one that dies before or after handing over, once."""

    def __init__(self, real: Sender, *, before: bool) -> None:
        self.real = real
        self.before = before

    async def send(self, parcel: Parcel, hand_over: HandOver) -> Taken:
        if self.before:
            await hand_over()
        else:
            await self.real.send(parcel, hand_over)
        raise Killed

    async def find(self, address: str, body: str, since: datetime) -> Taken | None:
        return await self.real.find(address, body, since)


async def at_once() -> None:
    """Nothing is recorded before the hand-over: for tests of a channel alone."""

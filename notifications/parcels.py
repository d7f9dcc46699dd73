"""What a channel is handed: one message, to whom, and what goes with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.stages import Channel
from notifications.outcomes import Taken
from notifications.texts import NOBODY, Contact, Written


@dataclass(frozen=True)
class Parcel:
    """One message, ready to go. `moment` is business time."""

    delivery_id: str
    channel: Channel
    to: Contact
    address: str
    written: Written
    moment: datetime
    reply_to: Contact = NOBODY
    calendar: bytes = b""
    """The deadlines as a calendar file; empty where there is none."""


HandOver = Callable[[], Awaitable[None]]
"""Records that from now on nobody knows whether a message is out, until its outcome is recorded."""


class Sender(Protocol):
    """A channel that hands messages to a provider."""

    async def send(self, parcel: Parcel, hand_over: HandOver) -> Taken:
        """Hand the message over.

        `hand_over` is called right before the message may be out, and not where it is refused
        earlier; what it raises ends the sending.

        Raises:
            DeliveryFailed: which knows whether it may have been sent, and whether trying again can help.
        """

    async def find(self, address: str, body: str, since: datetime) -> Taken | None:
        """Look for a message that may have been handed over since then; None where there is none.

        `body` is the text as stored, without tokens.

        Raises:
            CannotTell: where the provider keeps no such list.
            DeliveryFailed: where it cannot be asked now, or the message came to nothing.
        """


class CannotTell(Exception):
    """The provider cannot say whether a message was sent."""

"""What we write to people: notices, deliveries, links; and the devices they confirmed themselves on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.columns import Document, Instant, term
from models.stages import Channel, DeliveryState, Occasion


class Reason(StrEnum):
    """Why a message did not go out the way it was meant to; stored in the delivery log, never renamed."""

    NO_ADDRESS = "no-address"
    BAD_ADDRESS = "bad-address"
    NO_PHONE = "no-phone"
    BAD_NUMBER = "bad-number"
    OPTED_OUT = "opted-out"
    COUNTRY_NOT_ALLOWED = "country-not-allowed"
    OUT_OF_HOURS = "out-of-hours"
    TASK_LIMIT = "task-limit"
    DAY_LIMIT = "day-limit"
    MONTH_LIMIT = "month-limit"
    SMS_IS_OFF = "sms-is-off"
    REFUSED = "refused"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    ANSWER_LOST = "answer-lost"
    INTERRUPTED = "interrupted"
    GAVE_UP = "gave-up"
    NO_LONGER_NEEDED = "no-longer-needed"


USED_UP_AN_SMS = (DeliveryState.CLAIMED, DeliveryState.UNKNOWN, DeliveryState.SENT)
"""Deliveries that used up an SMS, or are about to."""


class Notice(SQLModel, table=True):
    """One thing to tell one person through one channel: the outbox.

    `key` is task, link epoch, plan revision, rung, channel, recipient (DESIGN 9), unique. Notices
    of one person, channel and moment go out as one delivery (DESIGN 10). A notice for the channel
    `system` is delivered by being here; `read_at` is when the person saw it.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_notice_waiting", "person_id", "channel", "moment", "delivery_id"),
        Index("ix_notice_batch", "batch"),
        Index("ix_notice_cycle", "cycle_id", "moment"),
    )

    id: str = Field(primary_key=True)
    key: str
    batch: str
    """What put it here; a `Dispatch` names it."""
    company_id: str
    cycle_id: str = ""
    department_id: str = ""
    task_id: str = ""
    epoch: int = 1
    person_id: str
    meant_for: str = ""
    """The holder, where `person_id` receives it as their deputy."""
    channel: Channel = Field(sa_type=term(Channel))
    occasion: Occasion = Field(sa_type=term(Occasion))
    rung: str = ""
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """Ids and instants that the template needs beside the task's own."""
    moment: datetime = Field(sa_type=Instant)
    delivery_id: str = ""
    read_at: datetime | None = Field(default=None, sa_type=Instant)


class Delivery(SQLModel, table=True):
    """One message to one address, and what became of it: the delivery log."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("person_id", "channel", "moment", "part"),
        Index("ix_delivery_cycle", "cycle_id", "moment"),
        Index("ix_delivery_state", "company_id", "state", "moment"),
        Index("ix_delivery_company", "company_id", "moment"),
        Index("ix_delivery_person", "person_id", "channel", "moment"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    cycle_id: str = ""
    """The cycle of the first notice it carries."""
    person_id: str
    channel: Channel = Field(sa_type=term(Channel))
    moment: datetime = Field(sa_type=Instant)
    """Business time, to the minute."""
    part: int = 1
    """2 and more for what came too late to join the first message of the moment."""
    state: DeliveryState = Field(default=DeliveryState.COLLECTING, sa_type=term(DeliveryState))
    address: str = ""
    """Mail address or number it went to."""
    subject: str = ""
    body: str = ""
    """The text as sent, with each link's token left out."""
    occasion: str = ""
    rung: str = ""
    notices: int = 0
    provider_id: str = ""
    error: str = ""
    tries: int = 0
    attempts: list[dict[str, str]] = Field(default_factory=list, sa_type=Document)
    """How each hand-over ended: `began_at`, `ended_at` (wall clock), `outcome`, `error`."""
    fallback_of: str = ""
    """The delivery whose failure made this one necessary (SMS to a bad number → e-mail)."""
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    """Wall clock: when the provider took it."""
    handed_over_at: datetime | None = Field(default=None, sa_type=Instant)
    """Wall clock: when we last began to hand it over, whatever came of it."""
    batch: str = Field(default="", index=True)
    """The batch of notices whose `Dispatch` sees it through."""
    held_until: datetime | None = Field(default=None, sa_type=Instant)
    """Wall clock: until then somebody has it in hand; later another may take it over. Empty once it is final."""


class Resend(SQLModel, table=True):
    """HR's order to send a delivery again; once for each. Its notices are the batch `command_id`."""

    __tablename__ = "resend"

    delivery_id: str = Field(primary_key=True)
    command_id: str = Field(unique=True)
    by_id: str
    at: datetime = Field(sa_type=Instant)


class Link(SQLModel, table=True):
    """A link in a message. Only the SHA-256 of its 256-bit token is stored.

    Alive while its task is open, at this epoch, for this person.
    """

    __tablename__ = "link"

    token_hash: str = Field(primary_key=True)
    task_id: str = Field(index=True)
    person_id: str
    """Who may use it: the holder, or the holder's deputy."""
    for_id: str
    """The holder."""
    epoch: int
    issued_at: datetime = Field(sa_type=Instant)
    wrong_tries: int = 0


class Device(SQLModel, table=True):
    """A browser on which a person confirmed themselves with their staff number's last four digits."""

    __tablename__ = "device"

    token_hash: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    until: datetime = Field(sa_type=Instant)


def reason_in(error: str) -> Reason | None:
    """Return the reason that a delivery's `error` begins with; None where there is none."""
    word = error.split(" ")[0]
    return Reason(word) if word in set(Reason) else None


def hash_of_token(token: str) -> str:
    """Return what is stored of a token: its SHA-256."""
    return sha256(token.encode()).hexdigest()

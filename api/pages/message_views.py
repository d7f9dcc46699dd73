"""The delivery log as pages show it: failures first, and all that is known of one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.i18n import later as _
from api.pages.rendering import Shell
from api.parts import Parts
from models.cycles import Cycle
from models.delivery import USED_UP_AN_SMS, Delivery, Reason, Resend, reason_in
from models.org import Person
from models.stages import Channel, DeliveryState, Occasion

PAGE_SIZE: Final = 50


class Outcome(StrEnum):
    """What became of a message, as HR asks for it."""

    SENT = "sent"
    UNDER_WAY = "under-way"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BY_MAIL = "by-mail"
    OBSOLETE = "obsolete"


OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.FAILED: _("failed"),
    Outcome.UNKNOWN: _("outcome unknown"),
    Outcome.UNDER_WAY: _("under way"),
    Outcome.BY_MAIL: _("went by e-mail instead"),
    Outcome.SENT: _("sent"),
    Outcome.OBSOLETE: _("no longer needed"),
}
"""In the order in which they are offered."""


@dataclass(frozen=True)
class Asked:
    """How the log is filtered and paged."""

    cycle: str = ""
    text: str = ""
    channel: str = ""
    outcome: str = ""
    occasion: str = ""
    day: str = ""
    page: int = 1

    @property
    def filters(self) -> bool:
        return bool(self.cycle or self.text or self.channel or self.outcome or self.occasion or self.day)


@dataclass(frozen=True)
class MessageRow:
    id: str
    at: datetime
    person: str
    address: str
    channel: Channel
    occasion: Occasion | None
    count: int
    cycle: str
    outcome: Outcome
    reason: Reason | None
    was_resent: bool


@dataclass(frozen=True)
class SmsOfMonth:
    """How many SMS the company sent this month, how many it may, and what they cost."""

    sent: int
    cap: int
    cost: Decimal
    is_on: bool

    @property
    def is_near_cap(self) -> bool:
        return self.is_on and self.sent * 10 >= self.cap * 9


@dataclass(frozen=True)
class MessageListPage:
    rows: tuple[MessageRow, ...]
    total: int
    wanting: int
    """How many failed or are in doubt, and were not sent again."""
    asked: Asked
    cycles: tuple[tuple[str, str], ...]
    sms: SmsOfMonth
    outcomes: Mapping[Outcome, str]
    channels: tuple[Channel, ...] = (Channel.SMS, Channel.EMAIL)
    occasions: tuple[Occasion, ...] = tuple(Occasion)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def outcome_of(state: DeliveryState, channel: Channel, error: str, held_until: datetime | None) -> Outcome:
    if state is DeliveryState.SENT:
        return Outcome.SENT
    if state is DeliveryState.UNKNOWN and held_until is None:
        return Outcome.UNKNOWN
    if state is not DeliveryState.FAILED:
        return Outcome.UNDER_WAY
    if error == Reason.NO_LONGER_NEEDED:
        return Outcome.OBSOLETE
    return Outcome.BY_MAIL if channel is Channel.SMS else Outcome.FAILED


def came_to(outcome: Outcome) -> ColumnElement[bool]:
    """Pick the deliveries of an outcome; the same as `outcome_of` says, in SQL."""
    state, held = col(Delivery.state), col(Delivery.held_until)
    failed = and_(state == DeliveryState.FAILED, col(Delivery.error) != Reason.NO_LONGER_NEEDED.value)
    return {
        Outcome.SENT: state == DeliveryState.SENT,
        Outcome.UNKNOWN: and_(state == DeliveryState.UNKNOWN, held.is_(None)),
        Outcome.UNDER_WAY: or_(
            state.in_((DeliveryState.COLLECTING, DeliveryState.CLAIMED)),
            and_(state == DeliveryState.UNKNOWN, held.is_not(None)),
        ),
        Outcome.BY_MAIL: and_(failed, col(Delivery.channel) == Channel.SMS),
        Outcome.FAILED: and_(failed, col(Delivery.channel) != Channel.SMS),
        Outcome.OBSOLETE: and_(
            state == DeliveryState.FAILED, col(Delivery.error) == Reason.NO_LONGER_NEEDED.value
        ),
    }[outcome]


def wants_a_look() -> ColumnElement[bool]:
    """Pick what reached nobody, or perhaps nobody, and was not sent again."""
    again = aliased(Resend)
    return and_(
        col(Delivery.state).in_((DeliveryState.FAILED, DeliveryState.UNKNOWN)),
        or_(came_to(Outcome.FAILED), came_to(Outcome.UNKNOWN)),
        ~exists().where(col(again.delivery_id) == col(Delivery.id)),
    )


async def message_list(
    database: AsyncSession, around: Shell, parts: Parts, company_id: str, asked: Asked
) -> MessageListPage:
    """Read one page of the log: what wants a look first, then the newest."""
    wanted = [col(Delivery.company_id) == company_id, *_filters(around, asked)]
    columns = (
        col(Delivery.id),
        col(Delivery.moment),
        col(Person.name),
        col(Delivery.address),
        col(Delivery.channel),
        col(Delivery.occasion),
        col(Delivery.notices),
        col(Cycle.name),
        col(Delivery.state),
        col(Delivery.error),
        col(Delivery.held_until),
        col(Resend.command_id),
    )
    statement: Any = (
        select_columns(*columns)
        .outerjoin(Person, col(Person.id) == col(Delivery.person_id))
        .outerjoin(Cycle, col(Cycle.id) == col(Delivery.cycle_id))
        .outerjoin(Resend, col(Resend.delivery_id) == col(Delivery.id))
        .where(*wanted)
        .order_by(col(Delivery.moment).desc(), col(Delivery.id))
    )
    counting = select(func.count()).select_from(Delivery)
    if asked.text:
        counting = counting.outerjoin(Person, col(Person.id) == col(Delivery.person_id))
    total = (await database.exec(counting.where(*wanted))).one()
    first = (await database.exec(counting.where(*wanted, wants_a_look()))).one()
    # Two walks along an index in place of sorting the whole log for one page of it.
    start = (asked.page - 1) * PAGE_SIZE
    found = []
    if start < first:
        found += (await database.exec(statement.where(wants_a_look()).offset(start).limit(PAGE_SIZE))).all()
    if len(found) < PAGE_SIZE:
        others = statement.where(not_(wants_a_look())).offset(max(0, start - first))
        found += (await database.exec(others.limit(PAGE_SIZE - len(found)))).all()
    wanting = await database.exec(
        select(func.count()).select_from(Delivery).where(col(Delivery.company_id) == company_id, wants_a_look())
    )
    cycles = await database.exec(
        select(Cycle.id, Cycle.name)
        .where(col(Cycle.company_id) == company_id, col(Cycle.launched_at).is_not(None))
        .order_by(col(Cycle.starts_on).desc())
        .limit(100)
    )
    return MessageListPage(
        rows=tuple(_row(*row) for row in found),
        total=total,
        wanting=wanting.one(),
        asked=asked,
        cycles=tuple((cycle_id, name) for cycle_id, name in cycles.all()),
        sms=await sms_of_month(database, around, parts, company_id),
        outcomes=OUTCOMES,
    )


def _row(
    id_: str,
    at: datetime,
    person: str | None,
    address: str,
    channel: Channel,
    occasion: str,
    count: int,
    cycle: str | None,
    state: DeliveryState,
    error: str,
    held_until: datetime | None,
    resent_by: str | None,
) -> MessageRow:
    return MessageRow(
        id=id_,
        at=at,
        person=person or "",
        address=address,
        channel=channel,
        occasion=Occasion(occasion) if occasion in set(Occasion) else None,
        count=count,
        cycle=cycle or "",
        outcome=outcome_of(state, channel, error, held_until),
        reason=reason_in(error),
        was_resent=resent_by is not None,
    )


def _filters(around: Shell, asked: Asked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.cycle:
        wanted.append(col(Delivery.cycle_id) == asked.cycle)
    if asked.text:
        # A percent sign that somebody types is a sign, not a pattern.
        columns = (col(Person.name), col(Person.staff_no), col(Delivery.address))
        wanted.append(or_(*(column.icontains(asked.text, autoescape=True) for column in columns)))
    if asked.channel in set(Channel):
        wanted.append(col(Delivery.channel) == Channel(asked.channel))
    if asked.outcome in set(Outcome):
        wanted.append(came_to(Outcome(asked.outcome)))
    if asked.occasion in set(Occasion):
        wanted.append(col(Delivery.occasion) == asked.occasion)
    if asked.day:
        start = datetime.combine(date.fromisoformat(asked.day), datetime.min.time(), around.tongue.zone)
        wanted += [col(Delivery.moment) >= start, col(Delivery.moment) < start + timedelta(days=1)]
    return wanted


async def sms_of_month(database: AsyncSession, around: Shell, parts: Parts, company_id: str) -> SmsOfMonth:
    """Count the SMS of the company's month, as the cap counts them."""
    twilio = parts.settings.twilio
    month = around.now.astimezone(around.tongue.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = await database.exec(
        select(func.count())
        .select_from(Delivery)
        .where(
            col(Delivery.company_id) == company_id,
            col(Delivery.channel) == Channel.SMS,
            col(Delivery.state).in_(USED_UP_AN_SMS),
            col(Delivery.moment) >= month,
            col(Delivery.moment) < (month + timedelta(days=32)).replace(day=1),
        )
    )
    sent = found.one()
    return SmsOfMonth(sent, twilio.per_month, sent * Decimal(twilio.price_each), twilio.is_on)

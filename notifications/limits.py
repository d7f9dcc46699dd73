"""Whether an SMS may go out: allowed countries, sending hours, and how many (Rules 2, 9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.delivery import USED_UP_AN_SMS, Delivery, Notice
from models.org import Company, Person
from models.settings import TwilioSettings
from models.stages import Channel
from models.terms import Terms
from notifications.outcomes import Reason

FIRST_HOUR, LAST_HOUR = 9, 18  # Where a message belongs to no cycle (Rule 9).


def number_refused(phone: str, allowed_country_codes: Sequence[int]) -> Reason | None:
    """Say why no SMS can go to a number, or None."""
    if not phone:
        return Reason.NO_PHONE
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return Reason.BAD_NUMBER
    if number.country_code not in allowed_country_codes:
        return Reason.COUNTRY_NOT_ALLOWED
    return None if phonenumbers.is_possible_number(number) else Reason.BAD_NUMBER


def is_sending_hour(moment: datetime, terms: Terms | None, zone: ZoneInfo) -> bool:
    """Whether SMS go out at this hour; the last sending hour itself is still allowed, to the minute (18:00)."""
    local = moment.astimezone(zone)
    first, last = (terms.first_sending_hour, terms.last_sending_hour) if terms else (FIRST_HOUR, LAST_HOUR)
    return first * 60 <= local.hour * 60 + local.minute <= last * 60


async def refused(
    session: AsyncSession, sms: TwilioSettings, delivery: Delivery, person: Person, terms: Terms | None
) -> Reason | None:
    """Say why a person gets no SMS now, or None.

    The company's row is locked, so that two messages at once cannot both be the last one allowed.
    """
    if not sms.is_on:
        return Reason.SMS_IS_OFF
    if reason := number_refused(person.phone, sms.allowed_country_codes):
        return reason
    company = (
        await session.exec(select(Company).where(col(Company.id) == delivery.company_id).with_for_update())
    ).one()
    zone = ZoneInfo(terms.time_zone if terms else company.time_zone)
    if not is_sending_hour(delivery.moment, terms, zone):
        return Reason.OUT_OF_HOURS
    day = delivery.moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    of_the_person = col(Delivery.person_id) == person.id
    if await _sent(session, delivery, day, day + timedelta(days=1), of_the_person) >= sms.per_person_and_day:
        return Reason.DAY_LIMIT
    month = day.replace(day=1)
    of_the_company = col(Delivery.company_id) == delivery.company_id
    if await _sent(session, delivery, month, _next_month(month), of_the_company) >= sms.per_month:
        return Reason.MONTH_LIMIT
    return None


async def _sent(session: AsyncSession, delivery: Delivery, start: datetime, end: datetime, whose: object) -> int:
    """Count the SMS of a period, this one left out."""
    found = await session.exec(
        select(func.count())
        .select_from(Delivery)
        .where(
            whose,  # type: ignore[arg-type]  # A column's comparison; its type has no public name.
            col(Delivery.channel) == Channel.SMS,
            col(Delivery.state).in_(USED_UP_AN_SMS),
            col(Delivery.moment) >= start,
            col(Delivery.moment) < end,
            col(Delivery.id) != delivery.id,
        )
    )
    return found.one()


def _next_month(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


async def had_an_sms(session: AsyncSession, notices: Sequence[Notice], delivery_id: str) -> set[str]:
    """Return the tasks of these notices about which an SMS went out before; at most one a task."""
    tasks = {notice.task_id for notice in notices if notice.task_id}
    if not tasks:
        return set()
    found = await session.exec(
        select(col(Notice.task_id))
        .join(Delivery, col(Delivery.id) == col(Notice.delivery_id))
        .where(
            col(Notice.task_id).in_(tasks),
            col(Notice.channel) == Channel.SMS,
            col(Delivery.channel) == Channel.SMS,
            col(Delivery.state).in_(USED_UP_AN_SMS),
            col(Delivery.id) != delivery_id,
        )
    )
    return set(found.all())

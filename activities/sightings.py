"""What records come to, by seller and month; and how each metric that the CRM knows is made of them (Rule 29)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import case, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import to_four_places
from models.figures import last_day
from models.records import Deal, Payment

HUNDRED = Decimal(100)
ZERO = Decimal(0)
ONE_DAY = timedelta(days=1)


@dataclass
class Seen:
    """What the CRM knows of one seller in one month."""

    deals: int = 0
    sales: Decimal = ZERO
    new_customers: int = 0
    payments: int = 0
    due: Decimal = ZERO
    paid: Decimal = ZERO


@dataclass
class Sightings:
    """What the CRM knows of a department's sellers, by seller and month."""

    by_seller: dict[tuple[str, date], Seen] = field(default_factory=dict)

    def of(self, person_id: str, month: date) -> Seen:
        return self.by_seller.setdefault((person_id, month), Seen())


def share(part: Decimal | int, whole: Decimal | int, where_nothing: Decimal) -> Decimal:
    """Return `part` as a percentage of `whole`; `where_nothing` where there is no whole."""
    return to_four_places(HUNDRED * part / whole) if whole else where_nothing


WORKED_OUT: dict[str, Callable[[Seen], tuple[Decimal, int]]] = {
    # 销售额: the sum of the deals won.
    "sales": lambda seen: (seen.sales, seen.deals),
    # 回款率: what came in of what fell due; where nothing fell due nothing is owing.
    "collection": lambda seen: (share(seen.paid, seen.due, HUNDRED), seen.payments),
    # 新客户数: deals that were their customer's first.
    "new_customers": lambda seen: (Decimal(seen.new_customers), seen.deals),
    # 客单价: sales by deals; without a deal it is zero.
    "average_deal": lambda seen: (to_four_places(seen.sales / seen.deals) if seen.deals else ZERO, seen.deals),
    # 客户复购率: the share of deals with customers who had bought before.
    "repurchase": lambda seen: (share(seen.deals - seen.new_customers, seen.deals, ZERO), seen.deals),
}
"""How each metric that the CRM knows comes from its records: the value, and how many records stand behind it."""


async def sighted(session: AsyncSession, people: Sequence[str], months: Sequence[date]) -> Sightings:
    """Read deals and payments of some sellers, month by month."""
    sightings = Sightings()
    for month in months:
        first, after = month, last_day(month) + ONE_DAY
        deals = await session.exec(
            select(
                col(Deal.seller_id),
                func.count(),
                func.sum(col(Deal.amount)),
                func.sum(case((col(Deal.is_new_customer).is_(True), 1), else_=0)),
            )
            .where(col(Deal.seller_id).in_(people), col(Deal.won_on) >= first, col(Deal.won_on) < after)
            .group_by(col(Deal.seller_id))
        )
        for seller_id, count, amount, newly in deals.all():
            seen = sightings.of(seller_id, month)
            seen.deals, seen.sales, seen.new_customers = count, amount, newly
        payments = await session.exec(
            select(col(Payment.seller_id), func.count(), func.sum(col(Payment.due)), func.sum(col(Payment.paid)))
            .where(col(Payment.seller_id).in_(people), col(Payment.due_on) >= first, col(Payment.due_on) < after)
            .group_by(col(Payment.seller_id))
        )
        for seller_id, count, due, paid in payments.all():
            seen = sightings.of(seller_id, month)
            seen.payments, seen.due, seen.paid = count, due, paid
    return sightings


async def sighted_long(session: AsyncSession, people: Sequence[str], since: date, until: date) -> Sightings:
    """Read deals and payments of some sellers over years: two statements, however many months.

    `since` is a first day; `until` is left out.
    """
    sightings = Sightings()
    deals = await session.exec(
        select(col(Deal.seller_id), col(Deal.won_on), col(Deal.amount), col(Deal.is_new_customer)).where(
            col(Deal.seller_id).in_(people), col(Deal.won_on) >= since, col(Deal.won_on) < until
        )
    )
    for seller_id, won_on, amount, newly in deals.all():
        seen = sightings.of(seller_id, won_on.replace(day=1))
        seen.deals, seen.sales, seen.new_customers = (
            seen.deals + 1,
            seen.sales + amount,
            seen.new_customers + newly,
        )
    payments = await session.exec(
        select(col(Payment.seller_id), col(Payment.due_on), col(Payment.due), col(Payment.paid)).where(
            col(Payment.seller_id).in_(people), col(Payment.due_on) >= since, col(Payment.due_on) < until
        )
    )
    for seller_id, due_on, due, paid in payments.all():
        seen = sightings.of(seller_id, due_on.replace(day=1))
        seen.payments, seen.due, seen.paid = seen.payments + 1, seen.due + due, seen.paid + paid
    return sightings

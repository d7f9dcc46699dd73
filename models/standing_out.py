"""Questions about figures that stand out, and the deals, payments and visits around them (Rule 31)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.evidence import Anomaly, AnomalyState
from models.figures import last_day, months_of
from models.months import month_after
from models.org import Person
from models.records import Deal, Payment, Visit

MOST_SHOWN = 500
MONTHS_BEFORE = 12
LISTED = 10
"""Deals or customers that are named one by one."""


def stands_out(cycle: Cycle) -> ColumnElement[bool]:
    """Pick the points of a cycle's period that stand out still."""
    return (
        (col(Anomaly.company_id) == cycle.company_id)
        & col(Anomaly.month).in_(months_of(cycle))
        & (col(Anomaly.state) != AnomalyState.GONE)
    )


async def anomalies_with(session: AsyncSession, which: ColumnElement[bool]) -> list[Anomaly]:
    """Return points that stand out: those to be explained first, teams before people, the latest first."""
    found = await session.exec(
        select(Anomaly)
        .where(which)
        .order_by(
            col(Anomaly.state) != AnomalyState.OPEN,
            col(Anomaly.department_id),
            col(Anomaly.person_id) != "",
            col(Anomaly.month).desc(),
            col(Anomaly.id),
        )
        .limit(MOST_SHOWN)
    )
    return list(found.all())


async def follow_correction(session: AsyncSession, anomaly_id: str, change: Decimal) -> None:
    """Let a point that stands out follow its figure: inside its band it stands out no more.

    Outside it is to be explained again, as its value is another.
    """
    anomaly = await session.get(Anomaly, anomaly_id)
    if anomaly is None or not change:
        return
    anomaly.value += change
    is_usual = anomaly.lowest <= anomaly.value <= anomaly.highest
    anomaly.state = AnomalyState.GONE if is_usual else AnomalyState.OPEN
    session.add(anomaly)


async def sellers_of(session: AsyncSession, anomaly: Anomaly) -> list[str]:
    """Return whose records stand around a point: the person's, or those of the team's people."""
    if anomaly.person_id:
        return [anomaly.person_id]
    found = await session.exec(
        select(Person.id).where(col(Person.unit_id) == anomaly.team_id, col(Person.is_scored).is_(True))
    )
    return list(found.all())


@dataclass(frozen=True)
class Compared:
    """Something that is counted, in the month and usually (the median of the year before)."""

    now: Decimal
    usual: Decimal


@dataclass(frozen=True)
class LostCustomer:
    """A customer who bought in the year before, and not in the month."""

    name: str
    deals: int
    amount: Decimal
    last_on: date


@dataclass(frozen=True)
class Around:
    """The records of a month beside those of the year before."""

    sales: Compared
    deals: Compared
    mean_deal: Compared
    customers: Compared
    due: Compared
    paid: Compared
    visits: Compared
    checked_in: Compared
    won: tuple[Deal, ...]
    """The largest deals of the month."""
    lost: tuple[LostCustomer, ...]
    """Who bought most in the year before, and nothing now."""
    lost_count: int


@dataclass
class _Month:
    sales: Decimal = Decimal(0)
    deals: int = 0
    due: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    visits: int = 0
    checked_in: int = 0
    customers: int = 0

    @property
    def mean_deal(self) -> Decimal:
        return self.sales / self.deals if self.deals else Decimal(0)


async def around(session: AsyncSession, people: Sequence[str], month: date) -> Around:
    """Read the deals, payments and visits of some sellers, in a month and in the year before it."""
    first, last = month_after(month, -MONTHS_BEFORE), last_day(month)
    months: dict[date, _Month] = defaultdict(_Month)
    won = col(Deal.won_on).between(first, last)
    deals = (await session.exec(select(Deal).where(col(Deal.seller_id).in_(people), won))).all()
    buyers: dict[date, set[str]] = defaultdict(set)
    for deal in deals:
        of = months[deal.won_on.replace(day=1)]
        of.sales, of.deals = of.sales + deal.amount, of.deals + 1
        buyers[deal.won_on.replace(day=1)].add(deal.customer)
    for one, names in buyers.items():
        months[one].customers = len(names)
    fell_due = col(Payment.due_on).between(first, last)
    payments = await session.exec(select(Payment).where(col(Payment.seller_id).in_(people), fell_due))
    for payment in payments.all():
        of = months[payment.due_on.replace(day=1)]
        of.due, of.paid = of.due + payment.due, of.paid + payment.paid
    visited = col(Visit.visited_on).between(first, last)
    visits = await session.exec(select(Visit).where(col(Visit.seller_id).in_(people), visited))
    for visit in visits.all():
        of = months[visit.visited_on.replace(day=1)]
        of.visits, of.checked_in = of.visits + 1, of.checked_in + (visit.checked_in_at is not None)
    before = [months[month_after(month, -back)] for back in range(MONTHS_BEFORE, 0, -1)]

    def compared(name: str) -> Compared:
        usual = median([Decimal(getattr(one, name)) for one in before])
        return Compared(Decimal(getattr(months[month], name)), usual)

    lost = _lost(deals, month)
    largest = sorted((deal for deal in deals if deal.won_on >= month), key=lambda deal: (-deal.amount, deal.id))
    return Around(
        sales=compared("sales"),
        deals=compared("deals"),
        mean_deal=compared("mean_deal"),
        customers=compared("customers"),
        due=compared("due"),
        paid=compared("paid"),
        visits=compared("visits"),
        checked_in=compared("checked_in"),
        won=tuple(largest[:LISTED]),
        lost=tuple(lost[:LISTED]),
        lost_count=len(lost),
    )


def _lost(deals: Sequence[Deal], month: date) -> list[LostCustomer]:
    bought: dict[str, list[Deal]] = defaultdict(list)
    for deal in deals:
        bought[deal.customer].append(deal)
    lost = [
        LostCustomer(
            name=name,
            deals=len(theirs),
            amount=sum((deal.amount for deal in theirs), Decimal(0)),
            last_on=max(deal.won_on for deal in theirs),
        )
        for name, theirs in bought.items()
        if all(deal.won_on < month for deal in theirs)
    ]
    return sorted(lost, key=lambda one: (-one.deals, -one.amount, one.name))

"""Figures that the CRM knows, fetched for a department: nobody types them (Rules 29, 30)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import case, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.cases import Case, case_of
from models import effects
from models.columns import to_four_places
from models.database import SessionMaker, writing
from models.figures import (
    Member,
    figures_in_force,
    key_of,
    last_day,
    members_of,
    months_of,
    replace_figures,
)
from models.messages import DepartmentMoment
from models.metrics import Figure, Metric
from models.records import Deal, Payment, Visit

SOURCE = "crm"
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


class FigureActivities:
    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions = sessions

    @activity.defn(name=effects.FETCH_FIGURES.name)
    async def fetch_figures(self, moment: DepartmentMoment) -> None:
        """Take over what the CRM knows of the cycle's months that are over."""
        await self.refresh(moment)

    async def refresh(self, moment: DepartmentMoment, *, with_running_month: bool = False) -> None:
        """Take over what the CRM knows of a department's people, in one transaction.

        A value that changed replaces the one before; a person's correction stands. Of a team
        that the CRM has never heard of nothing is taken over, so that its figures show as missing.
        """
        async with self.sessions() as session:
            await writing(session)
            case_ = await case_of(session, moment.cycle_id, moment.now)
            months = [
                month
                for month in months_of(case_.cycle)
                if last_day(month) < case_.today or (with_running_month and month <= case_.today)
            ]
            members = await members_of(session, moment.department_id)
            if months and members:
                await self.take_over(session, case_, moment.department_id, members, months)
                await session.commit()

    async def take_over(
        self,
        session: AsyncSession,
        case_: Case,
        department_id: str,
        members: Sequence[Member],
        months: Sequence[date],
    ) -> None:
        people = [member.person_id for member in members]
        known = await teams_known(session, members)
        sightings = await sighted(session, people, months)
        metrics = await session.exec(
            select(Metric).where(
                col(Metric.company_id) == case_.cycle.company_id,
                col(Metric.from_crm).is_(True),
                col(Metric.code).in_(list(WORKED_OUT)),
            )
        )
        in_force = {
            key_of(figure): figure for figure in await figures_in_force(session, department_id, months, people)
        }
        changed: list[tuple[Figure, Figure | None]] = []
        for metric in metrics.all():
            for member in members:
                for month in months:
                    if member.team_id not in known or not member.was_there_in(month):
                        continue
                    value, records = WORKED_OUT[metric.code](sightings.of(member.person_id, month))
                    before = in_force.get((member.person_id, metric.id, month))
                    if before and (before.source != SOURCE or before.value == value):
                        continue
                    figure = new_figure(case_, department_id, member, metric, month, value, records, before)
                    changed.append((figure, before))
        await replace_figures(session, changed)


def new_figure(
    case_: Case,
    department_id: str,
    member: Member,
    metric: Metric,
    month: date,
    value: Decimal,
    records: int,
    before: Figure | None,
) -> Figure:
    key = f"{SOURCE}.{member.person_id}.{metric.id}.{month:%Y-%m}"
    return Figure(
        # A second run of the same fetch writes the same id, and nothing new.
        id=f"{key}.{case_.now:%Y%m%d%H%M%S%f}" if before else key,
        company_id=case_.cycle.company_id,
        department_id=department_id,
        team_id=member.team_id,
        person_id=member.person_id,
        metric_id=metric.id,
        month=month,
        value=value,
        source=SOURCE,
        records=records,
        at=case_.now,
    )


async def teams_known(session: AsyncSession, members: Sequence[Member]) -> set[str]:
    """Return the teams of which the CRM has any record, of whatever time."""
    people = [member.person_id for member in members]
    seen: set[str] = set()
    for seller in (col(Deal.seller_id), col(Payment.seller_id), col(Visit.seller_id)):
        found = await session.exec(select(seller).where(seller.in_(people)).distinct())
        seen.update(found.all())
    return {member.team_id for member in members if member.person_id in seen}


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

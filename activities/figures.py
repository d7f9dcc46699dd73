"""Figures that the CRM knows, fetched for a department: nobody types them (Rules 29, 30)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.anomalies import find_anomalies
from activities.cases import Case, case_of
from activities.sightings import WORKED_OUT, sighted
from models import effects
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
                await session.flush()
                await find_anomalies(session, case_, moment.department_id, months)
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

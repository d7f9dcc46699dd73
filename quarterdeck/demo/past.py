"""The last quarter that is over, taken over from the CRM: what new targets are held against."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from sqlmodel import col, select

from activities.cases import case_of
from activities.figures import FigureActivities
from models.database import SessionMaker, writing
from models.figures import members_of
from models.months import month_after
from models.org import Unit
from models.stages import UnitKind

MONTHS = 3


async def fetch_last_quarter(sessions: SessionMaker, cycle_id: str, today: date) -> None:
    """Fetch the figures of the last whole quarter before `today`, department by department."""
    activities = FigureActivities(sessions)
    this_quarter = month_after(today.replace(day=1), -((today.month - 1) % MONTHS))
    months = [month_after(this_quarter, -n) for n in range(MONTHS, 0, -1)]
    async with sessions() as session:
        await writing(session)
        case = await case_of(session, cycle_id, datetime.combine(today, time(12), UTC))
        departments = await session.exec(
            select(Unit.id)
            .where(col(Unit.company_id) == case.cycle.company_id, col(Unit.kind) == UnitKind.DEPARTMENT)
            .order_by(col(Unit.id))
        )
        for department_id in departments.all():
            members = await members_of(session, department_id)
            await activities.take_over(session, case, department_id, members, months)
        await session.commit()

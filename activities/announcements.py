"""Notices that belong to no task: results approved, results published."""

from __future__ import annotations

from sqlmodel import col, select
from temporalio import activity

from activities.cases import case_of
from activities.outbox import Outbox
from models import effects
from models.database import SessionMaker, writing
from models.messages import Announce
from models.metrics import Score


class AnnouncementActivities:
    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions = sessions

    @activity.defn(name=effects.ANNOUNCE.name)
    async def announce(self, announce: Announce) -> None:
        """Tell in the system everyone who has a result in the department, or in the whole cycle (Rule 14)."""
        async with self.sessions() as session:
            await writing(session)
            case = await case_of(session, announce.cycle_id, announce.now)
            scored = select(Score.person_id).where(col(Score.cycle_id) == announce.cycle_id)
            if announce.department_id:
                scored = scored.where(col(Score.department_id) == announce.department_id)
            outbox = Outbox(session, announce.key, case.now, case.today)
            outbox.to_each(
                case.cycle.company_id,
                case.cycle.id,
                announce.department_id,
                (await session.exec(scored.order_by(col(Score.person_id)))).all(),
                announce.occasion,
            )
            await outbox.write()
            await session.commit()

"""What departments still lack before the deadlines, and whom it waits for (Rule 6)."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlmodel import col, select

from api.completeness import WaitsFor, lacks_of
from api.language import language_of
from api.paging import AskedPaging, Page
from api.rights import seen_cycle, sees_department
from api.session import Database, SignedIn
from api.shapes import Named
from models.clock import business_now
from models.cycles import CycleDepartment
from models.org import Unit

router = APIRouter(prefix="/cycles/{cycle_id}", tags=["figures"])


class LackShown(BaseModel):
    """A team's missing figures of one metric and month."""

    team: Named
    metric: Named
    month: date
    due_on: date | None
    missing: int
    people: list[str]
    waits_for: WaitsFor
    who: str
    as_of: datetime | None


class CompletenessShown(BaseModel):
    """A department with what it lacks; nothing where it is complete."""

    department: Named
    missing: int
    lacks: list[LackShown]


@router.get("/completeness", summary="What is still missing before the deadlines, and whom it waits for")
async def list_lacks(
    request: Request, cycle_id: str, viewer: SignedIn, database: Database, paging: AskedPaging
) -> Page[CompletenessShown]:
    cycle = await seen_cycle(database, viewer, cycle_id)
    takes_part = select(CycleDepartment.department_id).where(col(CycleDepartment.cycle_id) == cycle.id)
    wanted = select(Unit).where(col(Unit.id).in_(takes_part), sees_department(viewer, col(Unit.id)))
    units = (await database.exec(paging.applied(wanted, [col(Unit.id)]))).all()
    zone = ZoneInfo(cycle.the_terms().time_zone)
    today = (await business_now(database)).astimezone(zone).date()
    lacks = await lacks_of(database, cycle, units, language_of(request), today)

    def shown(unit: Unit) -> CompletenessShown:
        own = [lack for lack in lacks if lack.department_id == unit.id]
        return CompletenessShown(
            department=Named(id=unit.id, name=unit.name),
            missing=sum(lack.missing for lack in own),
            lacks=[
                LackShown(
                    team=Named(id=lack.team_id, name=lack.team),
                    metric=Named(id=lack.metric_id, name=lack.metric),
                    month=lack.month,
                    due_on=lack.due_on,
                    missing=lack.missing,
                    people=list(lack.people),
                    waits_for=lack.waits_for,
                    who=lack.who,
                    as_of=lack.as_of,
                )
                for lack in own
            ],
        )

    return paging.page(units, shown, lambda unit: (unit.id,))

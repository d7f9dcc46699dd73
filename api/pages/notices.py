"""The bell: notices in the system (站内通知), and the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from sqlmodel import col, select, update
from starlette.responses import RedirectResponse, Response

from api.facts import in_language
from api.pages.rendering import TheShell
from api.session import Database, MaybeViewer, SignedIn
from models.cycles import Cycle
from models.database import writing
from models.delivery import Notice
from models.org import Unit
from models.stages import Channel
from models.tasks import Task

router = APIRouter()

MOST = 100


@dataclass(frozen=True)
class NoticeRow:
    notice: Notice
    what: str
    address: str
    is_unread: bool
    at: datetime


@dataclass(frozen=True)
class NoticesPage:
    rows: tuple[NoticeRow, ...]
    has_unread: bool


@router.get("/")
async def first_page(asking: MaybeViewer) -> Response:
    """Tasks for those who have them; cycles for those who run or watch them."""
    if asking is None:
        return RedirectResponse("/sign-in", 303)
    return RedirectResponse("/cycles" if asking.reads_all else "/tasks", 303)


@router.get("/notices")
async def list_notices(around: TheShell, asking: SignedIn, database: Database) -> Response:
    found = await database.exec(
        select(Notice, Task, Unit, Cycle)
        .outerjoin(Task, col(Task.id) == col(Notice.task_id))
        .outerjoin(Unit, col(Unit.id) == col(Notice.department_id))
        .outerjoin(Cycle, col(Cycle.id) == col(Notice.cycle_id))
        .where(col(Notice.person_id) == asking.id, col(Notice.channel) == Channel.SYSTEM)
        .order_by(col(Notice.moment).desc(), col(Notice.id))
        .limit(MOST)
    )
    rows = tuple(
        NoticeRow(
            notice=notice,
            what=" · ".join(
                part
                for part in (
                    around.term(task.kind) if task else "",
                    in_language(unit.name, unit.name_en, around.tongue.language) if unit else "",
                    cycle.name if cycle else "",
                )
                if part
            ),
            address=f"/tasks/{task.id}" if task else f"/cycles/{cycle.id}" if cycle else "",
            is_unread=notice.read_at is None,
            at=notice.moment,
        )
        for notice, task, unit, cycle in found.all()
    )
    return around.render("notices.html", NoticesPage(rows, any(row.is_unread for row in rows)))


@router.post("/notices/read")
async def mark_as_read(request: Request, around: TheShell, asking: SignedIn, database: Database) -> Response:
    await database.rollback()
    await writing(database)
    await database.exec(
        update(Notice)
        .where(
            col(Notice.person_id) == asking.id,
            col(Notice.channel) == Channel.SYSTEM,
            col(Notice.read_at).is_(None),
            col(Notice.moment) <= around.now,
        )
        .values(read_at=around.now)
    )
    await database.commit()
    return RedirectResponse("/notices", 303)

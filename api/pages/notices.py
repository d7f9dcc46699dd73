"""The bell: notices in the system (站内通知), and the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.facts import in_language
from api.pages.rendering import TheShell
from api.rights import decidable_by, today
from api.session import Database, MaybeViewer, SignedIn, Viewer
from models.cycles import Cycle
from models.database import writing
from models.delivery import Notice
from models.org import Unit, stands_in_for
from models.stages import Channel, Role, TaskState
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
async def first_page(asking: MaybeViewer, database: Database) -> Response:
    """Each reader's own: cycles, the overview, tasks, or their targets and results."""
    if asking is None:
        return RedirectResponse("/sign-in", 303)
    return RedirectResponse(await _home_of(database, asking), 303)


async def _home_of(database: AsyncSession, asking: Viewer) -> str:
    if asking.has(Role.HR_ADMIN) or asking.has(Role.AUDITOR):
        return "/cycles"
    if asking.has(Role.EXECUTIVE):
        return "/overview"
    if not asking.person.is_scored:
        return "/tasks"
    on = await today(database, asking.company_id)
    mine = decidable_by(asking.id, await stands_in_for(database, asking.id, on))
    task = await database.exec(select(Task.id).where(mine, col(Task.state) == TaskState.OPEN).limit(1))
    return "/tasks" if task.first() else "/me/results"


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

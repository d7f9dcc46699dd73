"""Cycles: the list, one cycle's progress, and what HR orders about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api import moves
from api.commands import CommandKind
from api.pages.cycle_views import Asked, CycleView, DepartmentTable, cycle_view, department_table
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.pages.tasks import in_words
from api.parts import TheParts
from api.rights import seen_cycle
from api.session import Database, HrAdmin, SignedIn, Viewer
from api.words import Said
from models.cycles import Cycle, CycleDepartment
from models.errors import Refusal
from models.stages import STAGES_IN_ORDER, CommandState, CycleState, Stage
from models.tasks import Command

router = APIRouter()

ORDERS = {
    CycleState.RUNNING: (CommandKind.PAUSE, CommandKind.CANCEL),
    CycleState.PAUSED: (CommandKind.RESUME, CommandKind.CANCEL),
    CycleState.READY: (CommandKind.PUBLISH,),
}
"""What HR may order in each state."""


@dataclass(frozen=True)
class CycleRow:
    cycle: Cycle
    departments: int
    finished: int


@dataclass(frozen=True)
class CycleListPage:
    rows: tuple[CycleRow, ...]


@dataclass(frozen=True)
class CyclePage:
    view: CycleView
    table: DepartmentTable
    orders: tuple[CommandKind, ...]
    stages: tuple[Stage, ...]
    waits: bool
    problem: Said | None = None
    reason: str = ""


@router.get("/cycles")
async def list_cycles(around: TheShell, asking: SignedIn, database: Database) -> Response:
    seen = col(Cycle.company_id) == asking.company_id
    if not asking.reads_all:
        seen &= col(Cycle.state) != CycleState.DRAFT
    progress = (
        select(
            col(CycleDepartment.cycle_id).label("cycle_id"),
            func.count().label("departments"),
            func.count().filter(col(CycleDepartment.stage) == Stage.CLOSED).label("finished"),
        )
        .group_by(col(CycleDepartment.cycle_id))
        .subquery()
    )
    found = await database.exec(
        select(Cycle, func.coalesce(progress.c.departments, 0), func.coalesce(progress.c.finished, 0))
        .outerjoin(progress, progress.c.cycle_id == col(Cycle.id))
        .where(seen)
        .order_by(col(Cycle.starts_on).desc(), col(Cycle.id))
        .limit(100)
    )
    return around.render("cycles/list.html", CycleListPage(tuple(CycleRow(*row) for row in found.all())))


@router.get("/cycles/{cycle_id}")
async def show_cycle(
    request: Request, cycle_id: str, around: TheShell, asking: SignedIn, database: Database
) -> Response:
    cycle = await seen_cycle(database, asking, cycle_id)
    asked = asked_of_table(request.query_params)
    return around.render("cycles/cycle.html", await cycle_page(database, around, asking, cycle, asked))


def asked_of_table(query: Mapping[str, str]) -> Asked:
    """Read how the table is wanted. What makes no sense is passed over: it comes from an old address."""
    page = query.get("page", "")
    return Asked(
        text=query.get("q", "").strip()[:100],
        stage=query.get("stage", ""),
        late=bool(query.get("late")),
        sort=query.get("sort", "due"),
        page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
    )


@router.post("/cycles/{cycle_id}/{order}")
async def order_cycle(
    request: Request,
    cycle_id: str,
    order: str,
    around: TheShell,
    parts: TheParts,
    asking: HrAdmin,
    database: Database,
) -> Response:
    """Pause, resume, cancel, publish."""
    cycle = await seen_cycle(database, asking, cycle_id)
    reason = str((await request.form()).get("reason", "")).strip()[:2000]
    kinds = {kind.value: kind for kinds in ORDERS.values() for kind in kinds}
    if order not in kinds:
        raise Refusal("not-found")
    try:
        wish = moves.cycle_order(kinds[order], cycle, asking.id, {"reason": reason})
        await parts.commands.ask(database, wish)
    except Refusal as refusal:
        await database.rollback()
        database.expire_all()
        cycle = await seen_cycle(database, asking, cycle_id)
        problem, _ = await in_words(around, database, refusal)
        page = await cycle_page(database, around, asking, cycle, Asked(), problem=problem, reason=reason)
        return around.render("cycles/cycle.html", page, 409)
    return RedirectResponse(f"/cycles/{cycle_id}", 303)


async def cycle_page(
    database: AsyncSession,
    around: Shell,
    asking: Viewer,
    cycle: Cycle,
    asked: Asked,
    *,
    problem: Said | None = None,
    reason: str = "",
) -> CyclePage:
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    return CyclePage(
        view=await cycle_view(database, around, asking, cycle),
        table=await department_table(database, around, asking, cycle, asked),
        orders=ORDERS.get(cycle.state, ()) if around.is_hr else (),
        stages=STAGES_IN_ORDER,
        waits=await _order_waits(database, cycle),
        problem=problem,
        reason=reason,
    )


async def _order_waits(database: AsyncSession, cycle: Cycle) -> bool:
    """Say whether an order was received that the engine has not carried out yet."""
    found = await database.exec(
        select(Command.id)
        .where(
            col(Command.cycle_id) == cycle.id,
            col(Command.task_id) == "",
            col(Command.state) == CommandState.RECEIVED,
        )
        .limit(1)
    )
    return found.first() is not None

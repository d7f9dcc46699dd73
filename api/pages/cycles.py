"""Cycles: the list, one cycle's progress, and what HR orders about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import case, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api import moves
from api.commands import CommandKind
from api.pages.acting import Result, Typed, act, typed_in
from api.pages.cycle_views import Summary, now_of, summary
from api.pages.department_tables import (
    Asked,
    DepartmentRow,
    DepartmentTable,
    asked_of_table,
    department_table,
    urgent_tasks,
)
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.pages.tasks import in_words
from api.parts import TheParts
from api.rights import seen_cycle, sees_department
from api.session import Database, HrAdmin, SignedIn, Viewer
from api.words import Said
from models.cycles import Cycle, CycleDepartment
from models.errors import Refusal
from models.stages import STAGES_IN_ORDER, CommandState, CycleState, Stage, TaskState
from models.tasks import Task

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
    late: int
    """Open tasks whose deadline is over."""
    next_at: datetime | None
    """When the next reminder or deadline is due; empty where the cycle does not run."""

    @property
    def zone(self) -> str:
        return zone_of_terms(self.cycle.terms)

    @property
    def runs(self) -> bool:
        return self.cycle.state is CycleState.RUNNING


@dataclass(frozen=True)
class CycleListPage:
    rows: tuple[CycleRow, ...]


@dataclass(frozen=True)
class ShownRow:
    """A row as one reader sees it."""

    cycle_id: str
    row: DepartmentRow
    can_be_chosen: bool
    is_chosen: bool


@dataclass(frozen=True)
class DepartmentsPart:
    """The table of departments, with what was typed to act on many of them and what came of it."""

    cycle: Cycle
    table: DepartmentTable
    typed: Typed = field(default_factory=Typed)
    results: tuple[Result, ...] = ()
    problem: Said | None = None

    def rows(self, can_be_chosen: bool) -> list[ShownRow]:
        chosen = set(self.typed.task_ids)
        return [ShownRow(self.cycle.id, row, can_be_chosen, row.task_id in chosen) for row in self.table.rows]

    @property
    def refused(self) -> list[Result]:
        return [one for one in self.results if one.state is CommandState.REFUSED]

    @property
    def done(self) -> list[Result]:
        return [one for one in self.results if one.state is not CommandState.REFUSED]


@dataclass(frozen=True)
class CyclePage:
    cycle: Cycle
    summary: Summary
    part: DepartmentsPart
    orders: tuple[CommandKind, ...]
    stages: tuple[Stage, ...]
    problem: Said | None = None
    reason: str = ""


@router.get("/cycles")
async def list_cycles(around: TheShell, asking: SignedIn, database: Database) -> Response:
    """Show how far each cycle is, what is late in it and what happens next."""
    seen = col(Cycle.company_id) == asking.company_id
    if not asking.reads_all:
        seen &= col(Cycle.state) != CycleState.DRAFT
    departments = (
        select(
            col(CycleDepartment.cycle_id).label("cycle_id"),
            func.count().label("departments"),
            func.count().filter(col(CycleDepartment.stage) == Stage.CLOSED).label("finished"),
        )
        .group_by(col(CycleDepartment.cycle_id))
        .subquery()
    )
    rung, deadline = col(Task.next_rung_at), col(Task.deadline_at)
    coming = case((rung.between(around.now, deadline), rung), else_=deadline)
    tasks = (
        select(
            col(Task.cycle_id).label("cycle_id"),
            func.count().filter(col(Task.deadline_at) < around.now).label("late"),
            func.min(coming).filter(coming >= around.now).label("next_at"),
        )
        .where(
            col(Task.company_id) == asking.company_id,
            col(Task.state) == TaskState.OPEN,
            sees_department(asking, col(Task.department_id)),
        )
        .group_by(col(Task.cycle_id))
        .subquery()
    )
    counts: Any = (
        func.coalesce(departments.c.departments, 0),
        func.coalesce(departments.c.finished, 0),
        func.coalesce(tasks.c.late, 0),
        tasks.c.next_at,
    )
    found = await database.exec(
        select(Cycle, *counts)
        .outerjoin(departments, departments.c.cycle_id == col(Cycle.id))
        .outerjoin(tasks, tasks.c.cycle_id == col(Cycle.id))
        .where(seen)
        .order_by(col(Cycle.starts_on).desc(), col(Cycle.id))
        .limit(100)
    )
    return around.render("cycles/list.html", CycleListPage(tuple(CycleRow(*row) for row in found.all())))


@router.get("/cycles/{cycle_id}")
async def show_cycle(
    request: Request, cycle_id: str, around: TheShell, asking: SignedIn, database: Database
) -> Response:
    """Show a cycle; where only its table is asked for (it was filtered, sorted, paged), that alone."""
    cycle = await seen_cycle(database, asking, cycle_id)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    asked = asked_of_table(request.query_params)
    if around.wants_part("departments-table"):
        table = await department_table(database, around, asking, cycle, asked)
        return around.render("cycles/departments.html", DepartmentsPart(cycle, table))
    return around.render("cycles/cycle.html", await cycle_page(database, around, asking, cycle, asked))


@router.get("/cycles/{cycle_id}/now")
async def show_now(cycle_id: str, around: TheShell, asking: SignedIn, database: Database) -> Response:
    """Show what is late, what comes next and what happened last: a part of the cycle's page, or a page."""
    cycle = await seen_cycle(database, asking, cycle_id)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    template = "cycles/now.html" if around.wants_part("now") else "cycles/now_page.html"
    return around.render(template, await now_of(database, around, asking, cycle))


@router.post("/cycles/{cycle_id}/departments")
async def act_on_departments(
    request: Request, cycle_id: str, around: TheShell, parts: TheParts, asking: HrAdmin, database: Database
) -> Response:
    """Remind, extend or reassign the tasks that are ticked, or those of all departments that fit the filter."""
    cycle = await seen_cycle(database, asking, cycle_id)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    asked = asked_of_table(request.query_params)
    form = await request.form(max_fields=200)
    typed = typed_in(form, [str(one) for one in form.getlist("task")])
    if typed.everywhere:
        chosen = await urgent_tasks(database, around, asking, cycle, asked)
        typed = replace(typed, task_ids=tuple(chosen))
    results: tuple[Result, ...] = ()
    problem, status = None, 200
    try:
        results = await act(database, around, parts, asking, cycle, typed)
        typed = Typed()
    except Refusal as refusal:
        await database.rollback()
        problem, status = (await in_words(around, database, refusal))[0], 422
    database.expire_all()
    cycle = await seen_cycle(database, asking, cycle_id)
    table = await department_table(database, around, asking, cycle, asked)
    part = DepartmentsPart(cycle, table, typed, results, problem)
    if around.wants_part("departments-table"):
        return around.render("cycles/departments.html", part, status)
    page = await cycle_page(database, around, asking, cycle, asked)
    return around.render("cycles/cycle.html", replace(page, part=part), status)


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
    table = await department_table(database, around, asking, cycle, asked)
    return CyclePage(
        cycle=cycle,
        summary=await summary(database, around, asking, cycle),
        part=DepartmentsPart(cycle, table),
        orders=ORDERS.get(cycle.state, ()) if around.is_hr else (),
        stages=STAGES_IN_ORDER,
        problem=problem,
        reason=reason,
    )

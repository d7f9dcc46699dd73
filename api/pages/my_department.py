"""My department: for directors their own, for superiors each of their line's, one at a time (Rules 48, 50)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.completeness import Lack, lacks_of
from api.facts import in_language
from api.pages.anomaly_views import Mark, marks_of_department
from api.pages.department_views import DepartmentView, department_view
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.rights import sees_department
from api.session import Database, SignedIn, Viewer
from api.source_age import SourceAge, old_sources_of
from models.cycles import Cycle, CycleDepartment
from models.errors import Refusal
from models.org import Unit
from models.stages import CycleState, Stage, UnitKind
from models.standings import cycles_with

MOST_TO_CHOOSE = 60
"""More departments than this are found by way of the overview."""

router = APIRouter()


@dataclass(frozen=True)
class Named:
    id: str
    name: str


@dataclass(frozen=True)
class DepartmentPage:
    """A department in a cycle; without a view where there is no cycle or no department yet."""

    department: Named | None
    departments: tuple[Named, ...]
    """Those to choose among; one or none needs no choice."""
    cycle: Cycle | None = None
    cycles: tuple[Cycle, ...] = ()
    view: DepartmentView | None = None
    stage: Stage | None = None
    marks: tuple[Mark, ...] = ()
    """Figures that stand out."""
    lacks: tuple[Lack, ...] = ()
    """What is still missing."""
    old_sources: tuple[SourceAge, ...] = ()
    """Where figures come from that has not been read for too long."""
    is_own: bool = True
    """The reader heads it."""


@router.get("/my-department", name="show_my_department")
async def show_my_department(
    around: TheShell,
    asking: SignedIn,
    database: Database,
    department: str = "",
    cycle: str = "",
    metric: str = "",
) -> Response:
    """Without a department asked for: the one the reader heads, else the first they may see."""
    seen = await _departments(database, asking, department)
    if department and not seen:
        raise Refusal("department-unknown")
    if not department and asking.reads_all and not any(unit.head_id == asking.id for unit in seen):
        return RedirectResponse("/overview", 303)
    here = next((unit for unit in seen if unit.head_id == asking.id), seen[0] if seen else None)
    if department:
        here = next((unit for unit in seen if unit.id == department), None)
        if here is None:
            raise Refusal("department-unknown")
    page = await _page(database, around, here, seen, cycle, metric)
    page = replace(page, is_own=here is None or here.head_id == asking.id)
    return around.render("standing/department.html", page)


async def _departments(database: AsyncSession, asking: Viewer, wanted: str) -> Sequence[Unit]:
    """Return the departments the reader may choose among; the wanted one first of all."""
    found = await database.exec(
        select(Unit)
        .where(
            col(Unit.company_id) == asking.company_id,
            col(Unit.kind) == UnitKind.DEPARTMENT,
            sees_department(asking, col(Unit.id)),
        )
        .order_by(col(Unit.id) != wanted, col(Unit.head_id) != asking.id, col(Unit.id))
        .limit(MOST_TO_CHOOSE + 1)
    )
    return found.all()


async def _page(
    database: AsyncSession,
    around: Shell,
    here: Unit | None,
    seen: Sequence[Unit],
    cycle_id: str,
    metric_id: str,
) -> DepartmentPage:
    language = around.tongue.language

    def named(unit: Unit) -> Named:
        return Named(unit.id, in_language(unit.name, unit.name_en, language))

    if here is None:
        return DepartmentPage(None, ())
    choices = tuple(sorted(map(named, seen), key=lambda one: one.id)) if 1 < len(seen) <= MOST_TO_CHOOSE else ()
    takes_part = select(CycleDepartment.cycle_id).where(col(CycleDepartment.department_id) == here.id)
    cycles = await cycles_with(database, (col(Cycle.id).in_(takes_part)) & (col(Cycle.state) != CycleState.DRAFT))
    cycle = next((one for one in cycles if one.id == cycle_id), None)
    if cycle_id and cycle is None:
        raise Refusal("cycle-unknown")
    cycle = cycle or (cycles[0] if cycles else None)
    if cycle is None:
        return DepartmentPage(named(here), choices)
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms))
    today = around.now.astimezone(ZoneInfo(zone_of_terms(cycle.terms))).date()
    place = await database.get_one(CycleDepartment, (cycle.id, here.id))
    return DepartmentPage(
        department=named(here),
        departments=choices,
        cycle=cycle,
        cycles=tuple(cycles),
        view=await department_view(database, cycle, here.id, metric_id, around.tongue, today),
        stage=place.stage,
        lacks=tuple(await lacks_of(database, cycle, [here], language, today)),
        marks=await marks_of_department(database, cycle, here.id, around.tongue),
        old_sources=await old_sources_of(database, here.company_id, here.id, around.now, around.tongue),
    )

"""The overview of executives and superiors: units side by side, who holds things up, what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.facts import in_language, names_of_units
from api.pages.many_at_once import MOST_AT_ONCE, Decided, Waiting, agree_to, waiting_for
from api.pages.overview_views import OverviewView, Wanted, overview_view
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.parts import TheParts
from api.rights import sees_department
from api.session import Database, SignedIn, Viewer
from models.cycles import Cycle
from models.errors import Refusal
from models.org import Person, Unit
from models.stages import CycleState, UnitKind
from models.standings import cycles_with

LONGEST_COMMENT = 2000

router = APIRouter()


@dataclass(frozen=True)
class OverviewPage:
    cycle: Cycle | None
    cycles: tuple[Cycle, ...]
    division: Unit | None
    division_name: str
    by_division: bool
    view: OverviewView | None
    waiting: tuple[Waiting, ...]
    sort: str = ""
    together_id: str = ""
    """The unit whose figures are those of all that are shown: the division, or the company."""

    @property
    def agreeable(self) -> int:
        return sum(1 for one in self.waiting if one.can_be_agreed)


@dataclass(frozen=True)
class DecidedPage:
    rows: tuple[Decided, ...]

    def count(self, state: str) -> int:
        return sum(1 for row in self.rows if row.state == state)


@dataclass(frozen=True)
class Asked:
    """How the overview is wanted, as its address says."""

    cycle: str = ""
    division: str = ""
    metric: str = ""
    sort: str = ""
    page: int = 1


@router.get("/overview", name="show_overview")
async def show_overview(
    around: TheShell,
    asking: SignedIn,
    database: Database,
    cycle: str = "",
    division: str = "",
    metric: str = "",
    sort: str = "",
    page: Annotated[int, Query(ge=1, le=9999)] = 1,
) -> Response:
    """Divisions for those who read the whole company, departments for superiors of several."""
    if not asking.reads_all and not around.heads_several:
        if around.heads_department:
            return RedirectResponse("/my-department", 303)
        raise Refusal("not-yours")
    asked = Asked(cycle, division, metric, sort, page)
    return around.render("standing/overview.html", await _page(database, around, asking, asked))


async def _page(database: AsyncSession, around: Shell, asking: Viewer, asked: Asked) -> OverviewPage:
    waiting = await waiting_for(database, around, asking)
    cycles = tuple(
        await cycles_with(
            database,
            (col(Cycle.company_id) == asking.company_id)
            & col(Cycle.state).not_in([CycleState.DRAFT, CycleState.CANCELLED]),
        )
    )
    cycle = next((one for one in cycles if one.id == asked.cycle or not asked.cycle), None)
    if asked.cycle and cycle is None:
        raise Refusal("cycle-unknown")
    inside = await _division(database, asking, asked.division)
    if cycle is None:
        return OverviewPage(None, (), None, "", by_division=True, view=None, waiting=waiting)
    by_division = asking.reads_all and inside is None
    zone = zone_of_terms(cycle.terms)
    around.tongue = around.tongue.within(zone)
    units = await _units(database, asking, inside, by_division=by_division)
    wanted = Wanted(
        units={unit.id: (unit, head) for unit, head in units},
        by_division=by_division,
        department_ids=None if by_division else [unit.id for unit, _ in units],
        metric_id=asked.metric,
        sort=asked.sort,
        page=asked.page,
    )
    day = around.now.astimezone(ZoneInfo(zone)).date()
    return OverviewPage(
        cycle=cycle,
        cycles=cycles,
        division=inside,
        division_name=in_language(inside.name, inside.name_en, around.tongue.language) if inside else "",
        by_division=by_division,
        view=await overview_view(database, cycle, wanted, around.tongue, day, around.now),
        waiting=waiting,
        sort=asked.sort,
        together_id=inside.id if inside else await _company_unit(database, asking) if by_division else "",
    )


async def _company_unit(database: AsyncSession, asking: Viewer) -> str:
    """Return the unit at the top; "" where there is none, or several."""
    found = await database.exec(
        select(Unit.id)
        .where(col(Unit.company_id) == asking.company_id, col(Unit.kind) == UnitKind.COMPANY)
        .limit(2)
    )
    ids = found.all()
    return ids[0] if len(ids) == 1 else ""


async def _division(database: AsyncSession, asking: Viewer, division_id: str) -> Unit | None:
    if not division_id:
        return None
    unit = await database.get(Unit, division_id)
    if unit is None or unit.company_id != asking.company_id or not asking.reads_all:
        raise Refusal("department-unknown")
    return unit


async def _units(
    database: AsyncSession, asking: Viewer, inside: Unit | None, *, by_division: bool
) -> Sequence[tuple[Unit, str]]:
    """Return the units to stand side by side, with the names of their heads."""
    departments = (col(Unit.company_id) == asking.company_id) & (col(Unit.kind) == UnitKind.DEPARTMENT)
    if by_division:
        parents = select(Unit.parent_id).where(departments, col(Unit.parent_id).is_not(None))
        alone = departments & col(Unit.parent_id).is_(None)
        wanted = or_(col(Unit.id).in_(parents), alone)
    else:
        wanted = departments & sees_department(asking, col(Unit.id))
        if inside is not None:
            wanted &= col(Unit.parent_id) == inside.id
    found = await database.exec(
        select(Unit, Person.name).outerjoin(Person, col(Person.id) == col(Unit.head_id)).where(wanted)
    )
    return [(unit, name or "") for unit, name in found.all()]


@router.post("/overview/agree", name="agree_to_many")
async def agree_to_many(
    request: Request, around: TheShell, parts: TheParts, asking: SignedIn, database: Database
) -> Response:
    """Approve results and confirm targets of several departments at once; each row tells what came of it."""
    if asking.only_reads:
        raise Refusal("not-yours")
    form = await request.form(max_fields=MOST_AT_ONCE + 10)
    task_ids = [value for name, value in form.multi_items() if name == "task" and isinstance(value, str)]
    if not task_ids:
        return RedirectResponse("/overview#waiting", 303)
    comment = str(form.get("comment", "")).strip()[:LONGEST_COMMENT]
    await database.rollback()  # Nothing is held while the engine is waited for.
    decided = await agree_to(parts, around, asking, task_ids[:MOST_AT_ONCE], comment)
    names = await names_of_units(
        database, {one.department for one in decided if one.department}, around.tongue.language
    )
    rows = tuple(
        Decided(one.task_id, one.what, names.get(one.department, one.department), one.state, one.words)
        for one in decided
    )
    return around.render("standing/agreed.html", DecidedPage(rows))

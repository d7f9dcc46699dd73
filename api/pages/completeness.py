"""What is still missing in a cycle before its deadlines, and whom it waits for: a page, and as Excel (Rule 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.completeness import Lack, WaitsFor, lacks_of
from api.downloads import as_workbook, download
from api.pages.rendering import Shell, TheShell, zone_of_terms
from api.rights import seen_cycle, sees_department
from api.session import Database, SignedIn, Viewer
from models.cycles import Cycle, CycleDepartment
from models.errors import Refusal
from models.org import Unit
from models.stages import CycleState

DEPARTMENTS_A_PAGE = 40
WIDTHS = (22, 22, 18, 12, 12, 10, 40, 30, 20)

router = APIRouter()


@dataclass(frozen=True)
class CompletenessPage:
    cycle: Cycle
    lacks: tuple[Lack, ...]
    department: str
    """Where one department was asked for: its id."""
    first: int
    checked: int
    """How many departments were looked at here, of all that the reader may see."""
    all: int
    next: int | None

    @property
    def missing(self) -> int:
        return sum(lack.missing for lack in self.lacks)

    @property
    def incomplete(self) -> int:
        return len({lack.department_id for lack in self.lacks})

    @property
    def by_people(self) -> int:
        """How many of the missing figures somebody has to hand in."""
        return sum(lack.missing for lack in self.lacks if lack.waits_for is WaitsFor.PERSON)


@router.get("/cycles/{cycle_id}/completeness")
async def show_completeness(
    cycle_id: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    department: str = "",
    first: int = 0,
) -> Response:
    """Show what is missing, department by department; many departments page by page."""
    page = await _page(database, around, asking, cycle_id, department, max(0, first))
    return around.render("cycles/completeness.html", page)


@router.get("/cycles/{cycle_id}/completeness.xlsx")
async def completeness_as_excel(
    cycle_id: str, around: TheShell, asking: SignedIn, database: Database, department: str = "", first: int = 0
) -> Response:
    page = await _page(database, around, asking, cycle_id, department, max(0, first))
    content = await run_in_threadpool(as_workbook, _rows(page.lacks, around), WIDTHS)
    return download(content, f"{around.tongue.gettext('Still missing')}.xlsx")


async def _page(
    database: AsyncSession, around: Shell, asking: Viewer, cycle_id: str, department: str, first: int
) -> CompletenessPage:
    cycle = await seen_cycle(database, asking, cycle_id)
    zone = zone_of_terms(cycle.terms)
    around.tongue = around.tongue.within(zone)
    takes_part = select(CycleDepartment.department_id).where(col(CycleDepartment.cycle_id) == cycle.id)
    wanted = (
        select(Unit)
        .where(col(Unit.id).in_(takes_part), sees_department(asking, col(Unit.id)))
        .order_by(col(Unit.id))
    )
    seen = (await database.exec(wanted)).all()
    if department:
        seen = [unit for unit in seen if unit.id == department]
        if not seen:
            raise Refusal("department-unknown")
    here = seen[first : first + DEPARTMENTS_A_PAGE]
    today = around.now.astimezone(ZoneInfo(zone)).date()
    is_open = cycle.state is not CycleState.DRAFT
    lacks = await lacks_of(database, cycle, here, around.tongue.language, today) if is_open else []
    following = first + DEPARTMENTS_A_PAGE
    return CompletenessPage(
        cycle=cycle,
        lacks=tuple(lacks),
        department=department,
        first=first,
        checked=len(here),
        all=len(seen),
        next=following if following < len(seen) else None,
    )


def _rows(lacks: Sequence[Lack], around: Shell) -> list[tuple[str | int | date, ...]]:
    t = around.tongue
    head = (
        t.gettext("Department"),
        t.gettext("Team"),
        t.gettext("Metric"),
        t.gettext("Month"),
        t.gettext("Due"),
        t.gettext("Missing"),
        t.gettext("Whose"),
        t.gettext("Waits for"),
        t.gettext("Last read"),
    )
    rows: list[tuple[str | int | date, ...]] = [head]
    for lack in lacks:
        waits = lack.who if lack.waits_for is WaitsFor.PERSON else f"{around.term(lack.waits_for)} {lack.who}"
        rows.append(
            (
                lack.department,
                lack.team,
                lack.metric,
                f"{lack.month:%Y-%m}",
                lack.due_on or "",
                lack.missing,
                ", ".join(lack.people),
                waits.strip(),
                t.short_moment(lack.as_of) if lack.as_of else "",
            )
        )
    return rows

"""Attendance: visits with check-ins, hours by project, effective selling time, of units and people (Rule 33)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.responses import Response

from api.attendance import Attendance, Below, attendance_asked, attendance_of
from api.facts import in_language
from api.pages.rendering import TheShell, zone_of_terms
from api.session import Database, SignedIn
from models.attendance import hours_of, visits_of
from models.cycles import Cycle
from models.figures import months_of
from models.org import Person
from models.records import Visit, WorkHours, WorkKind
from rules.attendance import SELLING_GOAL

router = APIRouter()


@dataclass(frozen=True)
class AttendancePage:
    cycle: Cycle
    owner: str
    whose: str
    month: date | None
    months: tuple[tuple[date, str], ...]
    address: str
    of: Attendance
    visits: Sequence[Visit] = ()
    hours: Sequence[WorkHours] = ()
    """The records themselves, of a single person."""

    @property
    def goal(self) -> Decimal:
        return SELLING_GOAL

    @property
    def kinds(self) -> tuple[WorkKind, ...]:
        return tuple(WorkKind)

    def of_one(self, below: Below) -> str:
        """Return the address of one of those below."""
        return address_of(below.whose, below.id, self.cycle.id, self.month)


def address_of(whose: str, owner_id: str, cycle_id: str, month: date | None = None) -> str:
    query = {"cycle": cycle_id} | ({"month": f"{month:%Y-%m}"} if month else {})
    return f"/attendance/{whose}/{quote(owner_id, safe='')}?{urlencode(query)}"


@router.get("/attendance/{whose}/{owner_id}")
async def show_attendance(
    whose: str,
    owner_id: str,
    around: TheShell,
    asking: SignedIn,
    database: Database,
    cycle: str = "",
    month: str = "",
) -> Response:
    """Show a unit with those below it, or a person with the records themselves."""
    asked = await attendance_asked(database, asking, whose, owner_id, cycle, month, around.now)
    around.tongue = around.tongue.within(zone_of_terms(asked.cycle.terms))
    owner, here, language = asked.owner, asked.cycle, around.tongue.language
    is_person = isinstance(owner, Person)
    page = AttendancePage(
        cycle=here,
        owner=owner.name if isinstance(owner, Person) else in_language(owner.name, owner.name_en, language),
        whose=whose,
        month=asked.month,
        months=tuple((one, address_of(whose, owner.id, here.id, one)) for one in months_of(here)),
        address=address_of(whose, owner.id, here.id),
        of=await attendance_of(database, asked, language),
        visits=await visits_of(database, owner.id, asked.days) if is_person else (),
        hours=await hours_of(database, owner.id, asked.days) if is_person else (),
    )
    return around.render("standing/attendance.html", page)

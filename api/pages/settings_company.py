"""Settings: the company's name, time zone, sending hours and HR mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import available_timezones

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.company_settings import CompanyGiven, changing_company
from api.pages.changes import Told, told
from api.pages.rendering import Shell, TheShell
from api.pages.tasks import in_words
from api.parts import TheParts
from api.session import Database, HrEditor, HrReader
from api.words import Said
from models.changes import Subject, changes_of
from models.errors import Refusal
from models.org import Company

router = APIRouter()

ZONES = tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


@dataclass(frozen=True)
class CompanyPage:
    values: dict[str, str]
    zones: tuple[str, ...]
    changes: tuple[Told, ...]
    may_change: bool
    problem: Said | None = None
    faults: tuple[str, ...] = ()
    is_saved: bool = False


@router.get("/settings/company")
async def show_company(around: TheShell, asking: HrReader, database: Database, saved: str = "") -> Response:
    page = await _page(database, around, asking.company_id, saved=bool(saved))
    return around.render("settings/company.html", page)


@router.post("/settings/company")
async def change_company(
    request: Request, around: TheShell, parts: TheParts, asking: HrEditor, database: Database
) -> Response:
    form = await request.form()
    typed = {name: str(value).strip()[:300] for name, value in form.items() if isinstance(value, str)}
    try:
        wish = await changing_company(database, asking, _given(typed))
        await parts.commands.note(database, wish)
    except Refusal as refusal:
        await database.rollback()
        problem, _faults = await in_words(around, database, refusal)
        page = await _page(database, around, asking.company_id, typed=typed, problem=problem)
        return around.render("settings/company.html", page, 422)
    return RedirectResponse("/settings/company?saved=yes", 303)


def _given(typed: dict[str, str]) -> CompanyGiven:
    hours = {name: typed.get(name, "") for name in ("first_sending_hour", "last_sending_hour")}
    for name, value in hours.items():
        if not value.isdecimal() or len(value) > 2:
            raise Refusal("hours-invalid", field=name)
    return CompanyGiven(
        name=typed.get("name", ""),
        name_en=typed.get("name_en", ""),
        time_zone=typed.get("time_zone", ""),
        hr_mailbox=typed.get("hr_mailbox", ""),
        first_sending_hour=int(hours["first_sending_hour"]),
        last_sending_hour=int(hours["last_sending_hour"]),
    )


async def _page(
    database: AsyncSession,
    around: Shell,
    company_id: str,
    *,
    typed: dict[str, str] | None = None,
    problem: Said | None = None,
    saved: bool = False,
) -> CompanyPage:
    company = await database.get_one(Company, company_id)
    stored = {name: str(getattr(company, name)) for name in CompanyGiven.__dataclass_fields__}
    changes = await changes_of(database, company_id, Subject.COMPANY)
    return CompanyPage(
        values={**stored, **(typed or {})},
        zones=ZONES,
        changes=tuple(await told(database, around.tongue, changes)),
        may_change=around.may_edit,
        problem=problem,
        is_saved=saved,
    )

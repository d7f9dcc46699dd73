"""Imports: a template, a file sent in, what it would change, and taking it over (Rule 34).

HR imports; auditors read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import PurePath
from typing import Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from api.commands import Asked
from api.downloads import download
from api.intake.checking import MOST_BYTES, check
from api.intake.columns import COLUMNS, KIND_WORDS
from api.intake.marking import words_by_row
from api.intake.taking import Sent, check_again, dropping, intake_of_company, keep_checked, taking_over
from api.intake.workbooks import given_back, template
from api.pages.import_views import imports_page, intake_page
from api.pages.rendering import Shell, TheShell
from api.pages.target_views import before
from api.pages.tasks import in_words
from api.parts import TheParts
from api.problems import status_of
from api.session import Database, HrEditor, HrReader
from models.clock import business_now
from models.errors import Refusal
from models.intake import IntakeKind, IntakeState

PAGE: Final = "/imports"
TAKE, DROP, TOTALS = "take", "drop", "totals"
MOST_TYPED: Final = 20_000
"""Characters of totals that are typed."""

router = APIRouter()


@router.get(PAGE)
async def list_imports(request: Request, around: TheShell, asking: HrReader, database: Database) -> Response:
    chosen = kind_named(request.query_params.get("kind", IntakeKind.UNITS))
    page = await imports_page(database, around.tongue, asking.company_id, chosen, around.may_edit)
    return around.render("imports/list.html", page)


def kind_named(name: str) -> IntakeKind:
    """Raises: Refusal: `not-found`."""
    kind = next((kind for kind in COLUMNS if kind == name), None)
    if kind is None:
        raise Refusal("not-found")
    return kind


@router.get(f"{PAGE}/template/{{kind}}")
async def template_of_import(kind: str, around: TheShell, asking: HrReader, database: Database) -> Response:
    chosen = kind_named(kind)
    months = before(this_month(around, await business_now(database)), 12)
    content = await run_in_threadpool(
        template, chosen, around.tongue, months if chosen is IntakeKind.HISTORY else ()
    )
    return download(content, f"{around.tongue.gettext(KIND_WORDS[chosen])}.xlsx")


def this_month(around: Shell, now: datetime) -> date:
    return now.astimezone(around.tongue.zone).date().replace(day=1)


def totals_in(form: FormData) -> str:
    return str(form.get("totals", ""))[:MOST_TYPED]


@router.post(PAGE)
async def send_in(
    request: Request, around: TheShell, asking: HrEditor, database: Database, parts: TheParts
) -> Response:
    """Check a file that was sent in, and keep it with what was found."""
    form = await request.form()
    kind = kind_named(str(form.get("kind", "")))
    file = form.get("file")
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise Refusal("file-missing")
        content = await file.read(MOST_BYTES + 1)
        sent = Sent(kind, file.filename, content, str(form.get("cycle", "")), totals_in(form))
        intake, _checked = await keep_checked(database, parts.open_table, asking.company_id, asking.id, sent)
    except Refusal as refusal:
        await database.rollback()
        problem, _errors = await in_words(around, database, refusal)
        page = await imports_page(database, around.tongue, asking.company_id, kind, around.may_edit)
        cycle_id = str(form.get("cycle", ""))
        page = replace(page, problem=problem, totals=totals_in(form), cycle_id=cycle_id)
        return around.render("imports/list.html", page, status_of(refusal.code))
    return RedirectResponse(f"{PAGE}/{intake.id}", 303)


@router.get(f"{PAGE}/{{intake_id}}")
async def show_import(intake_id: str, around: TheShell, asking: HrReader, database: Database) -> Response:
    return await _shown(around, database, asking.company_id, intake_id)


async def _shown(
    around: Shell, database: Database, company_id: str, intake_id: str, refusal: Refusal | None = None
) -> Response:
    intake = await intake_of_company(database, company_id, intake_id)
    page = await intake_page(database, around.tongue, intake, around.may_edit)
    if refusal is None:
        return around.render("imports/intake.html", page)
    problem, _errors = await in_words(around, database, refusal)
    return around.render("imports/intake.html", replace(page, problem=problem), status_of(refusal.code))


@router.post(f"{PAGE}/{{intake_id}}")
async def decide_on_import(
    request: Request, intake_id: str, around: TheShell, asking: HrEditor, database: Database, parts: TheParts
) -> Response:
    """Take a file over as it was shown, or let go of it."""
    form = await request.form()
    choice = str(form.get("choice", ""))
    intake = await intake_of_company(database, asking.company_id, intake_id)
    try:
        if choice == TOTALS:
            await check_again(database, parts.open_table, intake, totals_in(form))
            return RedirectResponse(f"{PAGE}/{intake_id}", 303)
        if choice == DROP:
            wish = dropping(intake, asking.id)
        elif choice == TAKE:
            wish = await taking_over(database, parts.open_table, intake, asking.id)
        else:
            raise Refusal("choice-not-allowed")
        await parts.commands.note(database, wish, Asked(f"{intake.id}.{choice}", intake.fingerprint))
    except Refusal as refusal:
        await database.rollback()
        return await _shown(around, database, asking.company_id, intake_id, refusal)
    return RedirectResponse(PAGE if choice == DROP else f"{PAGE}/{intake_id}", 303)


@router.get(f"{PAGE}/{{intake_id}}/marked.xlsx")
async def marked_import(
    intake_id: str, around: TheShell, asking: HrReader, database: Database, parts: TheParts
) -> Response:
    """Give the file back with every fault marked and explained, against what is known now."""
    intake = await intake_of_company(database, asking.company_id, intake_id)
    if intake.state is not IntakeState.FAULTY:
        raise Refusal("not-found")
    checked = await check(database, parts.open_table, intake)
    words = words_by_row(checked.faults, around.tongue)
    heading = around.tongue.gettext("Problem")
    content = await run_in_threadpool(given_back, parts.read_table, parts.open_table, intake, words, heading)
    name = around.tongue.gettext("%(file)s (marked)", file=PurePath(intake.file_name).stem)
    return download(content, f"{name}.xlsx")

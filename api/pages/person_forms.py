"""What HR changes of a person or unit at any time: own data, superior, deputies, who heads a unit."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.commands import Outcome
from api.facts import in_language
from api.pages.answering import answer, checked, fields_of_person, page_of, person_in
from api.pages.changes import told
from api.pages.forms import Field, FormPage, Kind, Typed, as_typed, named_once, person_typed
from api.pages.rendering import Shell, TheShell
from api.parts import TheParts
from api.session import Database, HrAdmin
from api.staffing import (
    editing,
    editing_unit,
    ending_deputy,
    naming_deputy,
    person_of_company,
    unit_of_company,
)
from api.task_shapes import DeputyGiven, PersonGiven, UnitGiven
from models.changes import Subject, changes_of
from models.org import Person, Unit

router = APIRouter()


# --- a person's own data ------------------------------------------------------------------------


@router.get("/people/{person_id}/edit")
async def ask_for_changes(person_id: str, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    person = await person_of_company(database, asking, person_id)
    return around.render("form.html", await edit_form(around, database, person))


@router.post("/people/{person_id}/edit")
async def change_person(
    request: Request, person_id: str, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    person = await person_of_company(database, asking, person_id)
    form = await edit_form(around, database, person)

    async def do(typed: Typed) -> Outcome:
        superior_id = await person_typed(database, asking, typed, "superior")
        given = checked(PersonGiven, superior_id=superior_id, **person_in(typed))
        return await parts.commands.note(database, await editing(database, asking, person, given), typed.once)

    return await answer(around, database, request, form, page_of(person_id), do)


async def edit_form(around: Shell, database: AsyncSession, person: Person) -> FormPage:
    tongue = around.tongue
    superior = await database.get(Person, person.superior_id) if person.superior_id else None
    fields = (
        Field("name", tongue.gettext("Full name"), is_required=True),
        *fields_of_person(around),
        Field(
            "superior",
            tongue.gettext("Superior"),
            Kind.PERSON,
            as_typed(superior),
            tongue.gettext("Tasks move up to them. Left empty: the top of the line."),
        ),
        Field("is_scored", tongue.gettext("Has targets and results"), Kind.YES, "yes" if person.is_scored else ""),
    )
    known = person.model_dump(mode="json")
    return FormPage(
        title=tongue.gettext("Edit %(name)s", name=person.name),
        action=f"{page_of(person.id)}/edit",
        back=(page_of(person.id), person.name),
        button=tongue.gettext("Save"),
        fields=tuple(
            replace(field, value=known[field.name])
            if field.name in known and field.kind is not Kind.YES
            else field
            for field in fields
        ),
        notes=(
            tongue.gettext("Unit and days follow from joining, transfer and leaving."),
            tongue.gettext("The record keeps what stood here before, and who changed it."),
        ),
        once=named_once(),
    )


# --- deputies -----------------------------------------------------------------------------------


@router.get("/people/{person_id}/deputy")
async def ask_for_deputy(person_id: str, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    person = await person_of_company(database, asking, person_id)
    return around.render("form.html", deputy_form(around, person))


@router.post("/people/{person_id}/deputy")
async def name_deputy(
    request: Request, person_id: str, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    person = await person_of_company(database, asking, person_id)

    async def do(typed: Typed) -> Outcome:
        given = checked(
            DeputyGiven,
            person_id=person_id,
            deputy_id=await person_typed(database, asking, typed, "deputy"),
            from_on=typed.day("from_on"),
            until_on=typed.day("until_on"),
            reason=typed.text("reason"),
        )
        return await parts.commands.note(database, await naming_deputy(database, asking, given), typed.once)

    return await answer(around, database, request, deputy_form(around, person), page_of(person_id), do)


def deputy_form(around: Shell, person: Person) -> FormPage:
    tongue = around.tongue
    return FormPage(
        title=tongue.gettext("Name a deputy of %(name)s", name=person.name),
        action=f"{page_of(person.id)}/deputy",
        back=(page_of(person.id), person.name),
        button=tongue.gettext("Name the deputy"),
        fields=(
            Field("deputy", tongue.gettext("Deputy"), Kind.PERSON, is_required=True, is_wide=True),
            Field("from_on", tongue.gettext("First day"), Kind.DATE, is_required=True),
            Field("until_on", tongue.gettext("Last day"), Kind.DATE, is_required=True),
            Field("reason", tongue.gettext("Reason"), is_wide=True),
        ),
        notes=(
            tongue.gettext("In that time the deputy receives the messages and may decide; the record names both."),
            tongue.gettext("Where two periods overlap, the deputy named last counts."),
        ),
        once=named_once(),
    )


@router.post("/people/{person_id}/deputies/{deputy_id}/end")
async def end_deputy(
    person_id: str, deputy_id: str, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    await parts.commands.note(database, await ending_deputy(database, asking, deputy_id))
    return RedirectResponse(page_of(person_id), 303)


# --- units --------------------------------------------------------------------------------------


@router.get("/units/{unit_id}")
async def ask_for_unit(unit_id: str, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    unit = await unit_of_company(database, asking, unit_id)
    return around.render("form.html", await unit_form(around, database, unit))


@router.post("/units/{unit_id}")
async def change_unit(
    request: Request, unit_id: str, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    unit = await unit_of_company(database, asking, unit_id)
    form = await unit_form(around, database, unit)

    async def do(typed: Typed) -> Outcome:
        given = checked(
            UnitGiven,
            head_id=await person_typed(database, asking, typed, "head"),
            **{name: typed.text(name) for name in ("name", "name_en", "region")},
        )
        return await parts.commands.note(database, await editing_unit(database, asking, unit, given), typed.once)

    return await answer(around, database, request, form, form.back[0], do)


async def unit_form(around: Shell, database: AsyncSession, unit: Unit) -> FormPage:
    tongue = around.tongue
    name = in_language(unit.name, unit.name_en, tongue.language)
    head = await database.get(Person, unit.head_id) if unit.head_id else None
    changes = await changes_of(database, unit.company_id, Subject.UNIT, unit.id)
    return FormPage(
        title=tongue.gettext("Edit %(name)s", name=name),
        action=f"/units/{quote(unit.id, safe='')}",
        back=(f"/people?unit={quote(unit.id, safe='')}", name),
        button=tongue.gettext("Save"),
        fields=(
            Field("name", tongue.gettext("Name of the unit"), value=unit.name, is_required=True),
            Field("name_en", tongue.gettext("English name"), value=unit.name_en),
            Field("region", tongue.gettext("Region"), value=unit.region),
            Field(
                "head",
                tongue.gettext("Head"),
                Kind.PERSON,
                as_typed(head),
                tongue.gettext("Gets the unit's tasks from now on. Left empty: the post is vacant."),
                is_wide=True,
            ),
        ),
        notes=(
            tongue.gettext("Open tasks stay with whoever holds them; give them away on the department's page."),
            tongue.gettext("The record keeps what stood here before, and who changed it."),
        ),
        once=named_once(),
        history=tuple(await told(database, tongue, changes)),
    )

"""What HR changes of people: joiner, transfer, leaver, own data, deputies. Each form keeps what was typed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from api.commands import Outcome
from api.facts import in_language
from api.measures import exact
from api.pages.answering import answer, checked, fields_of_person, page_of, person_in
from api.pages.forms import (
    Field,
    FormPage,
    Kind,
    Typed,
    named_once,
    person_typed,
    unit_typed,
)
from api.pages.rendering import Shell, TheShell
from api.pages.units import full_names
from api.parts import TheParts
from api.rights import today
from api.session import Database, HrAdmin, Viewer
from api.staffing import (
    cycles_under_way,
    joining,
    leaving,
    person_of_company,
    transferring,
)
from api.task_shapes import Joiner, Leaving, Transfer
from models.errors import Refusal
from models.metrics import Metric
from models.org import Person

router = APIRouter()


# --- targets of a new post ----------------------------------------------------------------------

TARGET = "target:"
"""Before the id of the metric aimed at."""


async def _fields_of_targets(around: Shell, database: AsyncSession, asking: Viewer) -> tuple[Field, ...]:
    """Ask for the goal of the whole period by each metric; none is needed."""
    found = await database.exec(
        select(Metric)
        .where(col(Metric.company_id) == asking.company_id)
        .order_by(col(Metric.position), col(Metric.id))
    )
    tongue = around.tongue
    return tuple(
        Field(
            TARGET + metric.id,
            tongue.gettext("Target: %(metric)s", metric=in_language(metric.name, metric.name_en, tongue.language)),
            hint=around.term(metric.unit),
        )
        for metric in found.all()
    )


def _targets_in(typed: Typed) -> list[dict[str, object]]:
    """Read the targets that were filled in.

    Raises:
        Refusal: `not-a-number` and the like, at the field.
    """
    targets: list[dict[str, object]] = []
    for name, text in typed.values.items():
        if name.startswith(TARGET) and text:
            try:
                targets.append({"metric": name.removeprefix(TARGET), "value": exact(text)})
            except Refusal as refusal:
                raise Refusal(refusal.code, **{**refusal.facts, "field": name}) from refusal
    return targets


# --- joiner -------------------------------------------------------------------------------------


async def join_form(around: Shell, database: AsyncSession, asking: Viewer, unit_id: str = "") -> FormPage:
    tongue = around.tongue
    unit = (await full_names(database, [unit_id], tongue.language)).get(unit_id, "") if unit_id else ""
    on = await today(database, asking.company_id)
    return FormPage(
        title=tongue.gettext("Take in a joiner"),
        action="/people/join",
        back=("/people", tongue.gettext("People")),
        button=tongue.gettext("Record the joining"),
        fields=(
            Field("name", tongue.gettext("Full name"), is_required=True),
            Field("staff_no", tongue.gettext("Staff number"), is_required=True),
            Field(
                "unit",
                tongue.gettext("Unit"),
                Kind.UNIT,
                unit,
                tongue.gettext("Type a part of its name and choose."),
                is_required=True,
                is_wide=True,
            ),
            Field(
                "effective_on", tongue.gettext("First day at work"), Kind.DATE, on.isoformat(), is_required=True
            ),
            *fields_of_person(around),
            Field(
                "superior",
                tongue.gettext("Superior"),
                Kind.PERSON,
                hint=tongue.gettext("Left empty: whoever heads the unit."),
            ),
            Field("is_scored", tongue.gettext("Has targets and results"), Kind.YES, "yes"),
            *await _fields_of_change(around, database, asking),
            *await _fields_of_targets(around, database, asking),
        ),
        notes=(
            _note_of_targets(around),
            tongue.gettext("Targets that add up are pro-rated by the days in post."),
            *await _told_of_cycles(around, database, asking),
        ),
        once=named_once(),
    )


async def _told_of_cycles(around: Shell, database: AsyncSession, asking: Viewer) -> tuple[str, ...]:
    """Say to which step of what a change belongs, or that there is nothing for it to belong to."""
    if await cycles_under_way(database, asking.company_id):
        return (around.tongue.gettext("Everything is one recorded step of the cycle under way."),)
    return (
        around.tongue.gettext("No cycle is under way, so this cannot be recorded now. Please launch one first."),
    )


async def _fields_of_change(around: Shell, database: AsyncSession, asking: Viewer) -> tuple[Field, ...]:
    """Ask for the reason, and for the cycle where several are under way."""
    tongue = around.tongue
    cycles = await cycles_under_way(database, asking.company_id)
    reason = Field("reason", tongue.gettext("Reason"), is_wide=True)
    if len(cycles) < 2:
        return (reason,)
    choices = tuple((cycle.id, cycle.name) for cycle in cycles)
    return (Field("cycle_id", tongue.gettext("Cycle"), Kind.CHOICE, choices[-1][0], choices=choices), reason)


@router.get("/people/join")
async def ask_for_joiner(request: Request, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    unit_id = request.query_params.get("unit", "")
    return around.render("form.html", await join_form(around, database, asking, unit_id))


@router.post("/people/join")
async def take_in(
    request: Request, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    async def do(typed: Typed) -> Outcome:
        given = checked(
            Joiner,
            staff_no=typed.text("staff_no"),
            unit_id=await unit_typed(database, asking, typed, "unit"),
            effective_on=typed.day("effective_on"),
            superior_id=await person_typed(database, asking, typed, "superior"),
            reason=typed.text("reason"),
            cycle_id=typed.text("cycle_id"),
            targets=_targets_in(typed),
            **person_in(typed),
        )
        return await parts.commands.ask(database, await joining(database, asking, given), typed.once)

    form = await join_form(around, database, asking)
    staff_no = str((await request.form()).get("staff_no", "")).strip()
    return await answer(around, database, request, form, page_of(f"{asking.company_id}-{staff_no}"), do)


# --- leaver, transfer ---------------------------------------------------------------------------


@router.get("/people/{person_id}/leave")
async def ask_for_leaving(person_id: str, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    person = await person_of_company(database, asking, person_id)
    return around.render("form.html", await leave_form(around, database, asking, person))


@router.post("/people/{person_id}/leave")
async def record_leaving(
    request: Request, person_id: str, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    async def do(typed: Typed) -> Outcome:
        given = checked(
            Leaving,
            effective_on=typed.day("effective_on"),
            successor_id=await person_typed(database, asking, typed, "successor"),
            reason=typed.text("reason"),
            cycle_id=typed.text("cycle_id"),
        )
        return await parts.commands.ask(database, await leaving(database, asking, person_id, given), typed.once)

    person = await person_of_company(database, asking, person_id)
    form = await leave_form(around, database, asking, person)
    return await answer(around, database, request, form, page_of(person_id), do)


async def leave_form(around: Shell, database: AsyncSession, asking: Viewer, person: Person) -> FormPage:
    tongue = around.tongue
    on = await today(database, asking.company_id)
    return FormPage(
        title=tongue.gettext("%(name)s leaves", name=person.name),
        action=f"{page_of(person.id)}/leave",
        back=(page_of(person.id), person.name),
        button=tongue.gettext("Record the leaving"),
        confirm=tongue.gettext("Record that %(name)s leaves? This cannot be undone.", name=person.name),
        fields=(
            Field(
                "effective_on",
                tongue.gettext("First day after leaving"),
                Kind.DATE,
                on.isoformat(),
                is_required=True,
            ),
            _successor_field(around),
            *await _fields_of_change(around, database, asking),
        ),
        notes=await _notes_of_post(around, database, asking),
        once=named_once(),
    )


def _successor_field(around: Shell) -> Field:
    tongue = around.tongue
    return Field(
        "successor",
        tongue.gettext("Successor in the post"),
        Kind.PERSON,
        hint=tongue.gettext("Left empty: the superior, until somebody is named."),
        is_wide=True,
    )


async def _notes_of_post(around: Shell, database: AsyncSession, asking: Viewer) -> tuple[str, ...]:
    tongue = around.tongue
    return (
        tongue.gettext("Open tasks follow the post: they go to the successor at once, who is told."),
        tongue.gettext("Units they headed and people who reported to them go to the successor."),
        tongue.gettext("Targets that add up are pro-rated by the days in post."),
        *await _told_of_cycles(around, database, asking),
    )


@router.get("/people/{person_id}/transfer")
async def ask_for_transfer(person_id: str, around: TheShell, asking: HrAdmin, database: Database) -> Response:
    person = await person_of_company(database, asking, person_id)
    return around.render("form.html", await transfer_form(around, database, asking, person))


@router.post("/people/{person_id}/transfer")
async def record_transfer(
    request: Request, person_id: str, around: TheShell, asking: HrAdmin, database: Database, parts: TheParts
) -> Response:
    async def do(typed: Typed) -> Outcome:
        given = checked(
            Transfer,
            effective_on=typed.day("effective_on"),
            to_unit_id=await unit_typed(database, asking, typed, "to_unit"),
            successor_id=await person_typed(database, asking, typed, "successor"),
            reason=typed.text("reason"),
            cycle_id=typed.text("cycle_id"),
            targets=_targets_in(typed),
        )
        wish = await transferring(database, asking, person_id, given)
        return await parts.commands.ask(database, wish, typed.once)

    person = await person_of_company(database, asking, person_id)
    form = await transfer_form(around, database, asking, person)
    return await answer(around, database, request, form, page_of(person_id), do)


async def transfer_form(around: Shell, database: AsyncSession, asking: Viewer, person: Person) -> FormPage:
    tongue = around.tongue
    on = await today(database, asking.company_id)
    unit = (await full_names(database, [person.unit_id], tongue.language)).get(person.unit_id, "–")
    return FormPage(
        title=tongue.gettext("Transfer %(name)s", name=person.name),
        lead=tongue.gettext("Now in: %(unit)s", unit=unit),
        action=f"{page_of(person.id)}/transfer",
        back=(page_of(person.id), person.name),
        button=tongue.gettext("Record the transfer"),
        fields=(
            Field(
                "to_unit",
                tongue.gettext("New unit"),
                Kind.UNIT,
                hint=tongue.gettext("Type a part of its name and choose. Whoever heads it becomes the superior."),
                is_required=True,
                is_wide=True,
            ),
            Field("effective_on", tongue.gettext("First day there"), Kind.DATE, on.isoformat(), is_required=True),
            _successor_field(around),
            *await _fields_of_change(around, database, asking),
            *await _fields_of_targets(around, database, asking),
        ),
        notes=(_note_of_targets(around), *await _notes_of_post(around, database, asking)),
        once=named_once(),
    )


def _note_of_targets(around: Shell) -> str:
    return around.tongue.gettext(
        "Targets are those of the whole period in the new post. Where none are given, scoring asks HR for them."
    )

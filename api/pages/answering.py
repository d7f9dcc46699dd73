"""What forms have in common: carried out, or shown again as they were filled in with what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote

from fastapi import Request
from pydantic import BaseModel, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.commands import Outcome
from api.pages.forms import Field, FormPage, Kind, Typed, named_once, refuse_empty, typed_in, with_typed
from api.pages.rendering import Shell
from api.pages.tasks import in_words
from api.problems import status_of
from models.errors import Refusal
from models.stages import Language

Given = TypeVar("Given", bound=BaseModel)
Do = Callable[[Typed], Awaitable[Outcome]]


def page_of(person_id: str) -> str:
    return f"/people/{quote(person_id, safe='')}"


async def answer(
    around: Shell, database: AsyncSession, request: Request, form: FormPage, back: str, do: Do
) -> Response:
    """Carry a form out and go back to the page it belongs to; refused, show it again as it was filled in."""
    typed = await typed_in(request)
    try:
        refuse_empty(form.fields, typed)
        await do(typed)
    except Refusal as refusal:
        await database.rollback()
        problem, _ = await in_words(around, database, refusal)
        faults = {}
        for fault in getattr(refusal, "errors", ()) or (refusal,):
            said, _ = await in_words(around, database, fault)
            faults[str(fault.facts.get("field", ""))] = said.detail
        page = replace(form, problem=problem, fields=with_typed(form.fields, typed, faults), once=named_once())
        return around.render("form.html", page, status_of(refusal.code))
    return RedirectResponse(back, 303)


def fields_of_person(around: Shell) -> tuple[Field, ...]:
    tongue = around.tongue
    languages = tuple((one.value, around.term(one)) for one in Language)
    return (
        Field("post", tongue.gettext("Post")),
        Field("grade", tongue.gettext("Grade")),
        Field("region", tongue.gettext("Region")),
        Field("email", tongue.gettext("E-mail address"), Kind.EMAIL, is_wide=True),
        Field("phone", tongue.gettext("Mobile number"), Kind.PHONE),
        Field("language", tongue.gettext("Language of messages"), Kind.CHOICE, "zh-CN", choices=languages),
    )


def person_in(typed: Typed) -> dict[str, object]:
    names = ("name", "post", "grade", "region", "email", "phone", "language")
    return {name: typed.text(name) for name in names} | {"is_scored": typed.is_yes("is_scored")}


def checked(shape: type[Given], **values: object) -> Given:
    """Return what the JSON interface would take.

    Raises:
        Refusal: `field-unfit` with the first field that it would not.
    """
    try:
        return shape.model_validate(values)
    except ValidationError as wrong:
        name = str(wrong.errors()[0]["loc"][0])
        raise Refusal("field-unfit", field=name) from wrong

"""People: the tree of units beside the list of people, and one person's page."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import col, or_, select
from starlette.responses import JSONResponse, Response

from api.pages.forms import as_typed
from api.pages.people_views import Asked, PeopleTable, people_table, posts_and_grades
from api.pages.person_views import person_page
from api.pages.rendering import TheShell
from api.pages.units import Node, full_names, tree
from api.rights import ReadsAll, today
from api.session import Database
from api.staffing import person_of_company, unit_of_company
from models.org import Person, Unit

router = APIRouter()

MOST_OFFERED = 12


@dataclass(frozen=True)
class PeoplePage:
    tree: tuple[Node, ...]
    table: PeopleTable
    unit: str
    """The unit chosen, with those above it; empty for the whole company."""
    posts: tuple[str, ...]
    grades: tuple[str, ...]


@router.get("/people")
async def list_people(request: Request, around: TheShell, asking: ReadsAll, database: Database) -> Response:
    asked = Asked.of(request.query_params)
    language = around.tongue.language
    if asked.unit_id:
        await unit_of_company(database, asking, asked.unit_id)
    posts, grades = await posts_and_grades(database, asking.company_id)
    on = await today(database, asking.company_id)
    page = PeoplePage(
        tree=await tree(database, asking.company_id, asked.unit_id, language),
        table=await people_table(database, asking.company_id, asked, language, on),
        unit=(await full_names(database, [asked.unit_id], language)).get(asked.unit_id, "")
        if asked.unit_id
        else "",
        posts=posts,
        grades=grades,
    )
    return around.render("people/list.html", page)


@router.get("/people/suggestions")
async def offer_names(request: Request, around: TheShell, asking: ReadsAll, database: Database) -> Response:
    """Offer people or units whose name begins like what is typed, for a form's field."""
    text = request.query_params.get("q", "").strip()[:100]
    if not text:
        return JSONResponse([])
    if request.query_params.get("what") == "unit":
        units = await database.exec(
            select(Unit.id)
            .where(
                col(Unit.company_id) == asking.company_id,
                or_(
                    col(Unit.name).icontains(text.split(" / ")[-1], autoescape=True),
                    col(Unit.name_en).icontains(text.split(" / ")[-1], autoescape=True),
                ),
            )
            .order_by(col(Unit.id))
            .limit(MOST_OFFERED)
        )
        return JSONResponse(list((await full_names(database, units.all(), around.tongue.language)).values()))
    on = await today(database, asking.company_id)
    people = await database.exec(
        select(Person)
        .where(
            col(Person.company_id) == asking.company_id,
            or_(col(Person.left_on).is_(None), col(Person.left_on) > on),
            or_(
                col(Person.name).startswith(text, autoescape=True),
                col(Person.staff_no).startswith(text, autoescape=True),
            ),
        )
        .order_by(col(Person.name), col(Person.staff_no))
        .limit(MOST_OFFERED)
    )
    return JSONResponse([as_typed(person) for person in people.all()])


@router.get("/people/{person_id}")
async def show_person(person_id: str, around: TheShell, asking: ReadsAll, database: Database) -> Response:
    person = await person_of_company(database, asking, person_id)
    return around.render("people/person.html", await person_page(database, around, asking, person))

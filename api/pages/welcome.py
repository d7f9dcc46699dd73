"""The page behind a one-time link: set a password, once. Looking changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.accounts import open_account_link, set_password_by_link
from api.cookies import Halfway
from api.language import LANGUAGE_COOKIE
from api.pages.rendering import TheShell, chosen_language
from api.pages.signing_in import address_of, begin_enrolment, in_sentence
from api.parts import TheParts
from api.session import Database
from api.sign_in import what_is_asked_for
from models.errors import Refusal

router = APIRouter()

OF_THE_LINK = frozenset({"welcome-unknown", "welcome-used", "welcome-over", "account-barred"})


@dataclass(frozen=True)
class WelcomePage:
    token: str
    name: str
    user_name: str
    is_first: bool
    problem: str = ""


@router.get("/welcome/{token}")
async def show_welcome(request: Request, token: str, around: TheShell, database: Database) -> Response:
    return around.render("account/welcome.html", await welcome_page(request, around, database, token))


async def welcome_page(
    request: Request, around: TheShell, database: Database, token: str, problem: str = ""
) -> WelcomePage:
    _, person, account = await open_account_link(database, token)
    around.is_bare = True
    if chosen_language(request.query_params) is None and LANGUAGE_COOKIE not in request.cookies:
        around.tongue = around.tongue.into(person.language)
    return WelcomePage(token, person.name, account.user_name, not account.password_hash, problem)


@router.post("/welcome/{token}")
async def set_password(
    request: Request, token: str, around: TheShell, parts: TheParts, database: Database
) -> Response:
    """Set the password; that also signs in, with the second factor where there is one or has to be."""
    form = await request.form()
    try:
        account = await set_password_by_link(database, token, str(form.get("new", "")), str(form.get("again", "")))
    except Refusal as refusal:
        if refusal.code in OF_THE_LINK:
            raise
        await database.rollback()
        database.expire_all()
        page = await welcome_page(request, around, database, token, in_sentence(around, refusal))
        return around.render("account/welcome.html", page, 422)
    halfway = what_is_asked_for(account, parts.settings)
    if halfway is Halfway.ENROLMENT:
        await begin_enrolment(database, parts, account.person_id)
    parts.cookies.sign_in(request, account, halfway)
    return RedirectResponse(address_of(halfway, "/"), 303)

"""Signing in with the company's account: to the identity provider, and back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from api.cookies import ERRAND_COOKIE, Cookies, Halfway
from api.pages.rendering import Shell, TheShell
from api.pages.signing_in import address_of, begin_enrolment, in_sentence, own_path, sign_in_page
from api.parts import TheParts
from api.session import Database
from api.sign_in import note_sign_in, what_is_asked_for
from api.single_sign_on import free_user_name, is_strong, person_told
from models.database import writing
from models.errors import Refusal
from models.org import Account, Person

router = APIRouter(prefix="/sign-in/sso")


@router.get("")
async def leave(around: TheShell, parts: TheParts, database: Database, next: str = "/") -> Response:
    """Go to the provider; the browser keeps what must be known when it comes back."""
    if parts.single_sign_on is None:
        raise Refusal("not-found")
    onward = own_path(next)
    try:
        address, errand = await parts.single_sign_on.begin(onward)
    except Refusal as refusal:
        return await _refused(around, database, onward, refusal)
    response = RedirectResponse(address, 303)
    response.headers.append("set-cookie", parts.cookies.errand_header(errand))
    return response


@router.get("/done")
async def come_back(request: Request, around: TheShell, parts: TheParts, database: Database) -> Response:
    """Sign in whom the provider names, if the company knows them."""
    if parts.single_sign_on is None:
        raise Refusal("not-found")
    errand = parts.cookies.errand(request)
    onward = own_path(errand.get("onward", "/"))
    await database.rollback()
    try:
        claims = await parts.single_sign_on.claims(request.query_params, errand)
        person, account = await person_told(database, parts.settings.oidc, claims)
        if account is not None and account.is_barred:
            raise Refusal("account-barred")
        person_id, strong = person.id, is_strong(claims)
        await database.rollback()
        await writing(database)
        account, halfway = await _account_of(database, around, person_id, is_strong=strong)
        await database.commit()
    except Refusal as refusal:
        return _once(parts.cookies, await _refused(around, database, onward, refusal))
    if halfway is Halfway.ENROLMENT:
        await begin_enrolment(database, parts, person_id)
    parts.cookies.sign_in(request, account, halfway)
    return _once(parts.cookies, RedirectResponse(address_of(halfway, onward), 303))


async def _account_of(
    database: AsyncSession, around: Shell, person_id: str, *, is_strong: bool
) -> tuple[Account, Halfway | None]:
    """Return the person's account, made now where there is none, and what is still asked for."""
    account = await database.get(Account, person_id, with_for_update=True, populate_existing=True)
    person = await database.get_one(Person, person_id)
    if account is None:
        account = Account(person_id=person_id, user_name=await free_user_name(database, person), password_hash="")
    halfway = None if is_strong else what_is_asked_for(account, around.parts.settings)
    if halfway is None:
        note_sign_in(database, account, person, "single-sign-on")
    database.add(account)
    return account, halfway


async def _refused(around: Shell, database: AsyncSession, onward: str, refusal: Refusal) -> Response:
    await database.rollback()
    problem = in_sentence(around, refusal)
    return await sign_in_page(around, database, onward, problem=problem, status=422)


def _once(cookies: Cookies, response: Response) -> Response:
    """Let the browser forget the errand: it is run once."""
    response.headers.append("set-cookie", cookies.written(ERRAND_COOKIE, "", 0))
    return response

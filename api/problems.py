"""Refusals as answers: problem details (RFC 9457) under `/api`, a page elsewhere.

Only here are codes given a status.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.facts import with_names
from api.language import language_of
from api.pages import refusal_page
from api.parts import Parts
from api.words import say
from models.database import is_away
from models.errors import Refusal

log = logging.getLogger(__name__)

STATUS: Mapping[str, HTTPStatus] = {
    "sign-in-needed": HTTPStatus.UNAUTHORIZED,
    "token-unknown": HTTPStatus.UNAUTHORIZED,
    "sign-in-over": HTTPStatus.UNAUTHORIZED,
    "role-needed": HTTPStatus.FORBIDDEN,
    "scope-needed": HTTPStatus.FORBIDDEN,
    "only-themselves": HTTPStatus.FORBIDDEN,
    "account-barred": HTTPStatus.FORBIDDEN,
    "token-not-there": HTTPStatus.NOT_FOUND,
    "welcome-unknown": HTTPStatus.NOT_FOUND,
    "welcome-used": HTTPStatus.GONE,
    "welcome-over": HTTPStatus.GONE,
    "form-from-elsewhere": HTTPStatus.FORBIDDEN,
    "form-expired": HTTPStatus.FORBIDDEN,
    "not-yours": HTTPStatus.FORBIDDEN,
    "not-deputy": HTTPStatus.FORBIDDEN,
    "device-unknown": HTTPStatus.FORBIDDEN,
    "wrong-digits": HTTPStatus.FORBIDDEN,
    "link-locked": HTTPStatus.FORBIDDEN,
    "link-dead": HTTPStatus.GONE,
    "not-found": HTTPStatus.NOT_FOUND,
    "cycle-unknown": HTTPStatus.NOT_FOUND,
    "task-unknown": HTTPStatus.NOT_FOUND,
    "person-unknown": HTTPStatus.NOT_FOUND,
    "score-unknown": HTTPStatus.NOT_FOUND,
    "department-unknown": HTTPStatus.NOT_FOUND,
    "link-unknown": HTTPStatus.NOT_FOUND,
    "method-not-allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "idempotency-key-reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "terms-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "period-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "cursor-unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "metric-unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "figure-unknown": HTTPStatus.NOT_FOUND,
    "gap-not-explained": HTTPStatus.NOT_FOUND,
    "miss-none": HTTPStatus.CONFLICT,
    "cause-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "figure-same": HTTPStatus.UNPROCESSABLE_ENTITY,
    "figures-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "time-zone-unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "stage-not-open": HTTPStatus.UNPROCESSABLE_ENTITY,
    "columns-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "columns-unnamed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "columns-twice": HTTPStatus.UNPROCESSABLE_ENTITY,
    "encoding-unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-empty": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-old-format": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "file-too-many-rows": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "file-unpacks-too-far": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "file-without-rows": HTTPStatus.UNPROCESSABLE_ENTITY,
    "headings-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "intake-faulty": HTTPStatus.UNPROCESSABLE_ENTITY,
    "month-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "heading-no-month": HTTPStatus.UNPROCESSABLE_ENTITY,
    "months-in-cycle": HTTPStatus.UNPROCESSABLE_ENTITY,
    "months-not-past": HTTPStatus.UNPROCESSABLE_ENTITY,
    "months-too-many": HTTPStatus.UNPROCESSABLE_ENTITY,
    "intake-without-cycle": HTTPStatus.UNPROCESSABLE_ENTITY,
    "sheet-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "sheet-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "cycle-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "form-incomplete": HTTPStatus.UNPROCESSABLE_ENTITY,
    "field-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "field-unfit": HTTPStatus.UNPROCESSABLE_ENTITY,
    "day-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "person-untraceable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "person-several": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unit-untraceable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unit-several": HTTPStatus.UNPROCESSABLE_ENTITY,
    "mail-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "phone-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "deputy-is-self": HTTPStatus.UNPROCESSABLE_ENTITY,
    "deputy-unknown": HTTPStatus.NOT_FOUND,
    "metric-exists": HTTPStatus.UNPROCESSABLE_ENTITY,
    "code-unfit": HTTPStatus.UNPROCESSABLE_ENTITY,
    "cap-out-of-range": HTTPStatus.UNPROCESSABLE_ENTITY,
    "bands-too-few": HTTPStatus.UNPROCESSABLE_ENTITY,
    "band-unnamed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "band-twice": HTTPStatus.UNPROCESSABLE_ENTITY,
    "bands-order": HTTPStatus.UNPROCESSABLE_ENTITY,
    "bands-end": HTTPStatus.UNPROCESSABLE_ENTITY,
    "no-components": HTTPStatus.UNPROCESSABLE_ENTITY,
    "weights-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "weights-under-100": HTTPStatus.UNPROCESSABLE_ENTITY,
    "weights-over-100": HTTPStatus.UNPROCESSABLE_ENTITY,
    "weights-kept-too-large": HTTPStatus.UNPROCESSABLE_ENTITY,
    "weights-nothing-to-rescale": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not-a-number": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too-many-decimals": HTTPStatus.UNPROCESSABLE_ENTITY,
    "negative": HTTPStatus.UNPROCESSABLE_ENTITY,
    "command-unknown": HTTPStatus.NOT_FOUND,
    "unit-unknown": HTTPStatus.NOT_FOUND,
    "message-unknown": HTTPStatus.NOT_FOUND,
    "wording-empty": HTTPStatus.UNPROCESSABLE_ENTITY,
    "wording-too-long": HTTPStatus.UNPROCESSABLE_ENTITY,
    "placeholder-unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "placeholder-broken": HTTPStatus.UNPROCESSABLE_ENTITY,
    "placeholder-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "name-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "ladder-wrong": HTTPStatus.UNPROCESSABLE_ENTITY,
    "ladder-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "days-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "days-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "days-too-many": HTTPStatus.UNPROCESSABLE_ENTITY,
    "days-file-wrong": HTTPStatus.UNPROCESSABLE_ENTITY,
    "arrival-unasked": HTTPStatus.UNPROCESSABLE_ENTITY,
    "source-unknown": HTTPStatus.NOT_FOUND,
    "fetch-unknown": HTTPStatus.NOT_FOUND,
    "fetch-mode-unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "source-kind-unknown": HTTPStatus.UNPROCESSABLE_ENTITY,
    "source-wrong": HTTPStatus.UNPROCESSABLE_ENTITY,
    "source-unmapped": HTTPStatus.UNPROCESSABLE_ENTITY,
    "map-wrong": HTTPStatus.UNPROCESSABLE_ENTITY,
    "map-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "engine-away": HTTPStatus.SERVICE_UNAVAILABLE,
    "database-away": HTTPStatus.SERVICE_UNAVAILABLE,
    "launch-problems": HTTPStatus.UNPROCESSABLE_ENTITY,
    "submission-incomplete": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "nothing-chosen": HTTPStatus.UNPROCESSABLE_ENTITY,
    "why-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "text-too-long": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too-many-chosen": HTTPStatus.UNPROCESSABLE_ENTITY,
    "reason-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "day-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "person-not-unique": HTTPStatus.UNPROCESSABLE_ENTITY,
    "comment-needed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "proposal-not-sent": HTTPStatus.UNPROCESSABLE_ENTITY,
    "choice-not-allowed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "deadline-past": HTTPStatus.UNPROCESSABLE_ENTITY,
    "deadline-near": HTTPStatus.UNPROCESSABLE_ENTITY,
    "day-off": HTTPStatus.UNPROCESSABLE_ENTITY,
    "engine-fault": HTTPStatus.INTERNAL_SERVER_ERROR,
    "fault": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each refusal; those not listed are a conflict with how things stand (409)."""

RETRY_AFTER = "5"
"""Seconds after which a caller may try again what was away."""


class Refusals(Refusal):
    """A refusal with a list of everything that is wrong: `errors` are refusals of their own."""

    def __init__(self, code: str, errors: Sequence[Refusal], **facts: Any) -> None:
        super().__init__(code, **facts)
        self.errors = tuple(errors)


@dataclass(frozen=True)
class Problem:
    """A refusal in the reader's words. `api/pages` shows it as a page."""

    code: str
    status: int
    title: str
    detail: str
    facts: Mapping[str, Any]
    errors: tuple[Mapping[str, Any], ...] = ()

    def as_document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": "about:blank",
            "code": self.code,
            "status": self.status,
            "title": self.title,
            "detail": self.detail,
        }
        if self.facts:
            document["facts"] = dict(self.facts)
        if self.errors:
            document["errors"] = [dict(error) for error in self.errors]
        return document


def status_of(code: str) -> int:
    return int(STATUS.get(code, HTTPStatus.CONFLICT))


async def worded_errors(request: Request, errors: Sequence[Refusal]) -> list[dict[str, Any]]:
    """Put a list of what is wrong into the reader's words, with names beside the ids."""
    parts: Parts = request.app.state.parts
    language = language_of(request)
    async with parts.sessions() as session:
        all_facts = await with_names(session, [error.facts for error in errors], language)
    return [
        {"code": error.code, "detail": say(error.code, facts, language).detail, **facts}
        for error, facts in zip(errors, all_facts, strict=True)
    ]


async def worded(request: Request, refusal: Refusal) -> Problem:
    """Put a refusal into the reader's words, with names beside the ids."""
    parts: Parts = request.app.state.parts
    language = language_of(request)
    async with parts.sessions() as session:
        (facts,) = await with_names(session, [refusal.facts], language)
    said = say(refusal.code, facts, language)
    return Problem(
        code=refusal.code,
        status=status_of(refusal.code),
        title=said.title,
        detail=said.detail,
        facts=facts,
        errors=tuple(await worded_errors(request, refusal.errors)) if isinstance(refusal, Refusals) else (),
    )


def install(app: FastAPI) -> None:
    """Answer every refusal and fault of the app in one form."""

    async def refused(request: Request, refusal: Exception) -> Response:
        if not isinstance(refusal, Refusal):
            raise refusal
        return await answer(request, refusal)

    async def invalid(request: Request, wrong: Exception) -> Response:
        if not isinstance(wrong, RequestValidationError):
            raise wrong
        errors = [
            Refusal("field-invalid", field=".".join(str(part) for part in error["loc"][1:]), fault=error["msg"])
            for error in wrong.errors()
        ]
        return await answer(request, Refusals("body-invalid", errors, count=len(errors)))

    async def http(request: Request, raised: Exception) -> Response:
        if not isinstance(raised, HTTPException):
            raise raised
        codes = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
        return await answer(request, Refusal(codes.get(raised.status_code, "body-invalid")))

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_middleware(Faults)


class Faults:
    """Answers what nobody foresaw, in the form of a refusal and behind the same security headers.

    The framework's own place for that lies outside all other middleware, where those are not put on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception as fault:
            if scope["type"] != "http" or has_begun:
                raise
            log.error("%s on %s", type(fault).__name__, scope.get("route"), exc_info=fault)
            code = "database-away" if is_away(fault) else "fault"
            response = await answer(Request(scope), Refusal(code))
            await response(scope, receive, send)


async def answer(request: Request, refusal: Refusal) -> Response:
    problem = await worded(request, refusal)
    if request.url.path.startswith("/api"):
        response: Response = JSONResponse(
            jsonable_encoder(problem.as_document()), problem.status, media_type="application/problem+json"
        )
    else:
        response = await refusal_page(request, problem)
    if problem.status == HTTPStatus.UNAUTHORIZED and request.url.path.startswith("/api"):
        response.headers["WWW-Authenticate"] = "Bearer"
    elif problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response

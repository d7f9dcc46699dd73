"""Coming back from seeing the pages as somebody else."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.access import access_event
from api.parts import TheParts
from api.session import Database, SignedIn
from models.database import writing

router = APIRouter()


@router.post("/see-as/end")
async def end(request: Request, parts: TheParts, asking: SignedIn, database: Database) -> Response:
    if asking.acted_by is None:  # Half an hour was over by itself.
        parts.cookies.see_as(request, "")
        return RedirectResponse("/", 303)
    person_id = asking.id
    event = access_event(asking.person, "acting-ended", asking.acted_by.id, acted_as=person_id)
    await database.rollback()
    await writing(database)
    database.add(event)
    await database.commit()
    parts.cookies.see_as(request, "")
    return RedirectResponse(f"/settings/users/{person_id}", 303)

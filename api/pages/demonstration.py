"""The demonstration's clock: moves business time on by the engine's own time skipping."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.pages.signing_in import own_path
from api.parts import TheParts
from api.session import SignedIn
from models.errors import Refusal

router = APIRouter()


@router.post("/demo/advance")
async def advance(request: Request, parts: TheParts, asking: SignedIn) -> Response:
    """Move time on, then show the page again from which it was asked."""
    form = await request.form()
    step = str(form.get("to", ""))
    if not parts.settings.demo or parts.conductor is None:
        raise Refusal("not-found")
    if step == "next-deadline":
        await parts.conductor.to_next_deadline()
    else:
        await parts.conductor.advance(timedelta(days=1))
    return RedirectResponse(own_path(str(form.get("back", "/"))), 303)

"""How a request names itself, so that sending it twice does it once: `Idempotency-Key`."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from api.commands import Asked, Outcome
from api.shapes import Done
from models.stages import CommandState

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Done, "description": "Done"},
    202: {"model": Done, "description": "Kept; the engine hears of it later"},
}
"""What commands answer, for the documentation."""

ANSWERS_WITH_NEW: dict[int | str, dict[str, Any]] = {201: {"model": Done, "description": "Made"}, **ANSWERS}
"""What commands answer that make something."""


async def asked(
    request: Request,
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            max_length=200,
            description="The same key with the same content is answered as the first time",
            examples=["9f1c2f6e-4a3c-4d7e-9a55-2c1f0d3b7a10"],
        ),
    ] = "",
) -> Asked:
    content = await request.body()
    fingerprint = sha256(f"{request.method} {request.url.path}\n".encode() + content).hexdigest()
    return Asked(idempotency_key, fingerprint)


AskedOnce = Annotated[Asked, Depends(asked)]


def answered(outcome: Outcome, status: int = 200) -> JSONResponse:
    """Return what came of a command: done, or 202 where the engine will hear of it later."""
    said: dict[str, object] = {"state": outcome.state.value, "command_id": outcome.command_id}
    if outcome.state is CommandState.RECEIVED:
        return JSONResponse(said, 202)
    if outcome.answer is not None:
        said |= outcome.answer.model_dump(mode="json", exclude={"command_id", "is_noted"}, exclude_defaults=True)
    return JSONResponse(said, status)

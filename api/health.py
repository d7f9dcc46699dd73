"""Whether this server can do its work: `/healthz`."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.parts import TheParts

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Whether database and engine answer")
async def health(parts: TheParts) -> JSONResponse:
    """503 where the database is away. Without the engine pages are served and commands wait: 200."""
    try:
        async with parts.sessions() as session:
            await (await session.connection()).execute(text("SELECT 1"))
        database = "up"
    except (DBAPIError, OSError):
        database = "away"
    engine = "up" if await parts.engine.answers() else "away"
    return JSONResponse({"database": database, "engine": engine}, 200 if database == "up" else 503)

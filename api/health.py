"""Whether this server can do its work: `/healthz`."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.parts import TheParts

router = APIRouter(tags=["health"])


class Health(BaseModel):
    database: Literal["up", "away"]
    engine: Literal["up", "away"]


@router.get("/healthz", summary="Whether database and engine answer")
async def health(parts: TheParts, response: Response) -> Health:
    """503 where the database is away. Without the engine pages are served and commands wait: 200."""
    health = Health(database="up", engine="up" if await parts.engine.answers() else "away")
    try:
        async with parts.sessions() as session:
            await (await session.connection()).execute(text("SELECT 1"))
    except (DBAPIError, OSError):
        health.database = "away"
        response.status_code = 503
    return health

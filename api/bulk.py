"""Many wishes at once: each is a command of its own, each tells what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from api.commands import Asked, Wish
from api.parts import Parts
from models.errors import Refusal
from models.stages import CommandState

SIDE_BY_SIDE = 8
"""Commands of one request that are under way at once."""


@dataclass(frozen=True)
class Came:
    """What came of one wish."""

    wish: Wish
    state: CommandState
    refusal: Refusal | None = None


async def ask_each(parts: Parts, wishes: Sequence[Wish], key: str) -> list[Came]:
    """Ask for every wish, and return what came of each, in their order.

    Under the same key the same wish is carried out once, however often it is asked for.
    """
    turn = asyncio.Semaphore(SIDE_BY_SIDE)

    async def ask(wish: Wish) -> Came:
        asked = Asked(key=f"{key}.{wish.kind}.{wish.task_id}")
        async with turn, parts.sessions() as database:
            try:
                outcome = await parts.commands.ask(database, wish, asked)
            except Refusal as refusal:
                return Came(wish, CommandState.REFUSED, refusal)
            return Came(wish, outcome.state)

    return list(await asyncio.gather(*(ask(wish) for wish in wishes)))

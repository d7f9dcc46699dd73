"""Carries out later what could not be carried out at once, or whose answer nobody heard (DESIGN 14)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlmodel import and_, col, or_, select, update

from api.commands import Commands, Outcome
from models.database import SessionMaker, writing
from models.errors import Refusal
from models.stages import CommandState
from models.tasks import Command

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=2)
LEASE = timedelta(seconds=60)
"""How long a claimed command is this server's; another takes it over if this one dies."""
AGAIN_AFTER = timedelta(seconds=3)
"""When a command that still waits is tried again: a worker that was killed is back soon."""
AT_ONCE = 50


class Forwarder:
    """Looks for commands that still wait, claims some, and asks the engine again.

    Several servers may do so at once: a claim is a lease in the row. Asking twice is harmless,
    as the engine knows the command's id.
    """

    def __init__(self, sessions: SessionMaker, commands: Commands, look_every: timedelta = LOOK_EVERY) -> None:
        self._sessions = sessions
        self._commands = commands
        self._look_every = look_every.total_seconds()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look for waiting commands in the background for as long as the server lives."""
        looking = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            with suppress(DBAPIError, OSError):  # Else they are asked again, and answered as before.
                await self._release_answered()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._look_every)
            try:
                await self._release_answered()
                await self.carry_out_what_waits()
            except (DBAPIError, OSError) as trouble:
                log.warning("The database does not answer: %s", type(trouble).__name__)

    async def _release_answered(self) -> None:
        async with self._sessions() as session:
            await self._commands.release_answered(session)

    async def carry_out_what_waits(self) -> int:
        """Carry out the commands whose lease is over, oldest first; return how many got an answer.

        Stops at the first that still waits: then the engine is away for the others too.
        """
        claimed = await self.claim()
        for answered, command in enumerate(claimed):
            async with self._sessions() as session:
                try:
                    outcome: Outcome | None = await self._commands.carry_out(session, command)
                except Refusal as refusal:
                    log.info("Command %s was refused later: %s", command.id, refusal.code)
                    outcome = None
            if outcome is not None and outcome.state is CommandState.RECEIVED:
                await self._give_back(command, claimed[answered + 1 :])
                return answered
        return len(claimed)

    async def _give_back(self, tried: Command, others: Sequence[Command]) -> None:
        """Let commands be claimed again soon, the one that was tried after the others."""
        now = datetime.now(UTC)
        async with self._sessions() as session:
            await writing(session)
            for commands, until in (([tried], now + AGAIN_AFTER), (others, now)):
                await session.exec(
                    update(Command)
                    .where(col(Command.id).in_([command.id for command in commands]))
                    .values(claimed_until=until)
                    .execution_options(synchronize_session=False)
                )
            await session.commit()

    async def claim(self) -> list[Command]:
        """Take the commands whose lease is over for this server, oldest first."""
        now = datetime.now(UTC)
        lease = col(Command.claimed_until)
        waits = or_(
            and_(col(Command.state) == CommandState.RECEIVED, or_(lease.is_(None), lease < now)),
            and_(col(Command.state) == CommandState.DONE, lease < now),
        )
        async with self._sessions() as session:
            if (await session.exec(select(Command.id).where(waits).limit(1))).first() is None:
                return []  # Reading takes no lock; mostly nothing waits.
            await session.commit()
            await writing(session)
            oldest = select(Command).where(waits).order_by(col(Command.received_at)).limit(AT_ONCE)
            claimed = list((await session.exec(oldest.with_for_update(skip_locked=True))).all())
            await session.exec(
                update(Command)
                .where(col(Command.id).in_([command.id for command in claimed]))
                .values(claimed_until=now + LEASE)
                .execution_options(synchronize_session=False)
            )
            await session.commit()
        return claimed

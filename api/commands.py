"""Words first, then the move: how everything a person asks for reaches the engine (DESIGN 14).

A `Wish` becomes a `Command` row with its words, committed; then the engine is asked, with the
command's id as the update's. A refusal is written to the row and raised. While the engine is
away the row waits as `received`, and `api/forwarder.py` carries it out later under the same id.

What the worker wrote as done is not over before the engine has answered: were the engine killed in
between, the workflow would not know of it. So such a row keeps its lease until then, too.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api import starts
from api.engine import Engine, EngineAway
from models.accounts import acted_by
from models.clock import business_now
from models.database import in_parts, insert_once, writing
from models.errors import Refusal
from models.messages import Answer
from models.settings import Settings
from models.sources import FetchState, end_fetch
from models.stages import CommandState
from models.tasks import Command, Decision, release, settle
from models.terms import Frozen

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)
"""For how long, beyond the wait for the engine, a command belongs to the server that took it."""

AT_ONE_WORKFLOW = 2
"""How many updates of one workflow a server has under way at once.

It takes them one at a time anyway. But beyond ten the engine refuses further ones and, with that,
drops those under way (`history.maxInFlightUpdates`): many callers at one task would hinder each other.
"""

REFUSAL_CODE = re.compile(r"[a-z]+(-[a-z]+)+")
"""How a refusal's code looks; the types of other failures are names of exceptions."""

ENGINE_FAULT = "engine-fault"


class CommandKind(StrEnum):
    """What can be asked for. Values are stored."""

    LAUNCH = "launch"
    DECIDE = "decide"
    REASSIGN = "reassign"
    EXTEND = "extend"
    VOID = "void"
    REMIND = "remind"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    PUBLISH = "publish"
    PLAN = "plan"
    STAFF = "staff"
    REOPEN = "reopen"
    RESEND = "resend"
    FETCH = "fetch"
    SOURCE = "source"
    # Words alone, no move:
    COMMENT = "comment"
    DEPUTY = "deputy"
    DRAFT = "draft"
    PERSON = "person"
    UNIT = "unit"
    METRIC = "metric"
    SCORECARD = "scorecard"
    SCHEME = "scheme"
    SETTING = "setting"
    FIGURE = "figure"
    EXPLAIN = "explain"
    CAUSE = "cause"
    INTAKE = "intake"


UPDATES = {CommandKind.PLAN: "change_plan", CommandKind.STAFF: "change_staff"}
"""The workflow's update of each kind, where it is not the kind's own name."""

STARTS: Mapping[CommandKind, starts.Start] = {
    CommandKind.LAUNCH: starts.launch,
    CommandKind.FETCH: starts.fetch,
    CommandKind.SOURCE: starts.schedule,
}
"""Kinds that start a workflow; the others are updates of one."""


@dataclass(frozen=True)
class Asked:
    """How a request names itself: its `Idempotency-Key`, and a fingerprint of what it says."""

    key: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class Wish:
    """What a person wants done: the words to keep, and the move to ask for. `api/moves.py` makes them."""

    kind: CommandKind
    company_id: str
    by_id: str
    workflow_id: str
    move: Frozen | None
    command_id: str
    task_id: str = ""
    cycle_id: str = ""
    words: dict[str, Any] = field(default_factory=dict)
    rows: tuple[SQLModel, ...] = ()
    """More words, committed with the command: proposals, a submission and its rows."""
    alongside: Callable[[AsyncSession], Awaitable[None]] | None = None
    """What else is written in the same transaction."""


@dataclass(frozen=True)
class Outcome:
    """What came of a wish: done, with the engine's answer; or received, to be carried out later."""

    command_id: str
    state: CommandState
    answer: Answer | None = None


def new_command_id() -> str:
    return uuid4().hex


class Commands:
    """Asks the engine for moves, one command row each."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._answer_within = settings.answer_within
        self._task_queue = settings.task_queue
        self._answered: list[str] = []
        """Commands that the engine has answered, until their rows say so."""
        # A workflow's semaphore lives as long as somebody waits for it.
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def ask(self, session: AsyncSession, wish: Wish, asked: Asked | None = None) -> Outcome:
        """Commit the words, ask for the move, and return what came of it.

        The session's transaction is ended first: nothing is held while the engine is waited for.

        Raises:
            Refusal: the engine's, or `idempotency-key-reused`.
        """
        command = await self._take_down(session, wish, asked or Asked(), CommandState.RECEIVED)
        if command.state is not CommandState.RECEIVED:
            return told(command)
        return await self.carry_out(session, command)

    async def note(self, session: AsyncSession, wish: Wish, asked: Asked | None = None) -> Outcome:
        """Commit words that ask for no move: a comment, a deputy, a draft."""
        return told(await self._take_down(session, wish, asked or Asked(), CommandState.DONE))

    async def told_before(self, session: AsyncSession, by_id: str, asked: Asked) -> Outcome | None:
        """Return, or raise, what the same request came to when it was sent before; None at the first time."""
        if not asked.key:
            return None
        found = await session.exec(
            select(Command).where(col(Command.by_id) == by_id, col(Command.idempotency_key) == asked.key)
        )
        earlier = found.first()
        if earlier is None:
            return None
        if earlier.fingerprint != asked.fingerprint:
            raise Refusal("idempotency-key-reused")
        return told(earlier)

    async def _take_down(self, session: AsyncSession, wish: Wish, asked: Asked, state: CommandState) -> Command:
        """Write the words; where the same key came before, return that command instead."""
        now = await business_now(session)
        await session.commit()  # Ends what was read; a rollback would make the caller's rows forget themselves.
        await writing(session)
        command = Command(
            id=wish.command_id,
            # A launch's id is made from the cycle's: two without a key are two launches, not one repeated.
            idempotency_key=asked.key or new_command_id(),
            fingerprint=asked.fingerprint,
            company_id=wish.company_id,
            by_id=wish.by_id,
            acted_by=acted_by(session),
            kind=wish.kind.value,
            workflow_id=wish.workflow_id,
            task_id=wish.task_id,
            cycle_id=wish.cycle_id,
            move=wish.move.model_dump(mode="json") if wish.move else {},
            words=wish.words,
            state=state,
            answer=_noted(wish, now) if state is CommandState.DONE else {},
            received_at=now,
            claimed_until=datetime.now(UTC) + self._answer_within + LEASE
            if state is CommandState.RECEIVED
            else None,
        )
        if await insert_once(session, [command]) == 0:
            await session.commit()
            return await _earlier(session, command)
        for row in wish.rows:
            if "acted_by" in type(row).model_fields:
                setattr(row, "acted_by", command.acted_by)  # noqa: B010 - of whichever table.
        await _insert_each_table(session, wish.rows)
        if wish.alongside is not None:
            await wish.alongside(session)
        await session.commit()
        return command

    async def carry_out(self, session: AsyncSession, command: Command) -> Outcome:
        """Ask the engine for a command's move and write what came of it.

        Safe to repeat: the engine remembers the command's id.
        """
        turn = self._turns.setdefault(command.workflow_id, asyncio.Semaphore(AT_ONE_WORKFLOW))
        try:
            async with asyncio.timeout(self._answer_within.total_seconds()), turn:
                answer = await self._moved(await self._engine.client(), command)
        except (EngineAway, TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as trouble:
            _go_on_cancelling()
            log.warning("Command %s waits: %s", command.id, type(trouble).__name__)
            return Outcome(command.id, CommandState.RECEIVED)
        except Refusal as refused:
            refusal = refused
        except WorkflowUpdateFailedError as failure:
            refusal = _refusal_in(failure, command)
        except RPCError as trouble:
            if not _workflow_is_gone(trouble):
                log.warning("Command %s waits: %s", command.id, trouble.status.name)
                return Outcome(command.id, CommandState.RECEIVED)
            ended = await self._after_the_end(session, command)
            if not isinstance(ended, Refusal):
                return ended
            refusal = ended
        else:
            if answer.is_noted:
                self._answered.append(command.id)
            else:
                await self._settle(session, command, CommandState.DONE, answer.said())
            return Outcome(command.id, CommandState.DONE, answer)
        await self._settle(session, command, CommandState.REFUSED, {"code": refusal.code, **refusal.facts})
        raise refusal

    async def release_answered(self, session: AsyncSession) -> int:
        """End the leases of what the engine has answered; return of how many. Many together cost one statement."""
        answered, self._answered = self._answered, []
        if not answered:
            return 0
        try:
            await writing(session)
            for some in in_parts(answered):
                await release(session, some)
            await session.commit()
        except BaseException:
            self._answered += answered
            raise
        return len(answered)

    async def signal(self, workflow_id: str, name: str, message: Frozen) -> bool:
        """Tell a workflow something nobody waits for; return whether the engine took it."""
        try:
            async with asyncio.timeout(self._answer_within.total_seconds()):
                client = await self._engine.client()
                await client.get_workflow_handle(workflow_id).signal(name, message)
        except (EngineAway, TimeoutError, RPCError) as trouble:
            log.warning("Signal %s to %s was not taken: %s", name, workflow_id, type(trouble).__name__)
            return False
        return True

    async def _moved(self, client: Client, command: Command) -> Answer:
        kind = CommandKind(command.kind)
        if kind in STARTS:
            return await STARTS[kind](client, command, self._task_queue)
        handle = client.get_workflow_handle(command.workflow_id)
        answer: Answer = await handle.execute_update(
            UPDATES.get(kind, kind.value), command.move, id=command.id, result_type=Answer
        )
        return answer

    async def _settle(
        self, session: AsyncSession, command: Command, state: CommandState, said: dict[str, Any]
    ) -> None:
        """Write what the engine has answered, in a transaction of its own."""
        self._answered.append(command.id)
        await writing(session)
        await settle(session, command.id, state, said)
        if command.kind == CommandKind.FETCH and state is CommandState.REFUSED:
            now = await business_now(session)
            await end_fetch(session, command.id, FetchState.FAILED, now, trouble=said)
        await session.commit()

    async def _after_the_end(self, session: AsyncSession, command: Command) -> Outcome | Refusal:
        """Tell what a command comes to whose workflow is not there: over, or not started yet."""
        decision = (await session.exec(select(Decision).where(col(Decision.command_id) == command.id))).first()
        if decision is not None:  # It was carried out; only the answer was lost.
            answer = Answer(command_id=command.id, task_id=command.task_id, at=decision.decided_at)
            await session.commit()
            await self._settle(session, command, CommandState.DONE, answer.said())
            return Outcome(command.id, CommandState.DONE, answer)
        launch = await session.exec(
            select(Command.id).where(
                col(Command.cycle_id) == command.cycle_id,
                col(Command.kind) == CommandKind.LAUNCH.value,
                col(Command.state) == CommandState.RECEIVED,
            )
        )
        launch_waits = launch.first() is not None
        await session.commit()
        if launch_waits:
            return Outcome(command.id, CommandState.RECEIVED)
        return Refusal("cycle-ended", cycle_id=command.cycle_id)


def told(command: Command) -> Outcome:
    """Return, or raise, what a command came to before."""
    if command.state is CommandState.REFUSED:
        facts = dict(command.answer)
        raise Refusal(facts.pop("code"), **facts)
    if command.state is CommandState.RECEIVED:
        return Outcome(command.id, command.state)
    return Outcome(command.id, command.state, Answer.model_validate(command.answer))


async def _earlier(session: AsyncSession, repeated: Command) -> Command:
    found = await session.exec(
        select(Command).where(
            col(Command.by_id) == repeated.by_id, col(Command.idempotency_key) == repeated.idempotency_key
        )
    )
    earlier = found.first()
    await session.commit()
    if earlier is None:  # Not the key, the id is there: only a launch has one made from what it is.
        raise Refusal("cycle-already-launched", cycle_id=repeated.cycle_id)
    if earlier.fingerprint != repeated.fingerprint:
        raise Refusal("idempotency-key-reused")
    return earlier


async def _insert_each_table(session: AsyncSession, rows: Sequence[SQLModel]) -> None:
    by_table: dict[str, list[SQLModel]] = {}
    for row in rows:
        by_table.setdefault(str(type(row).__tablename__), []).append(row)
    for of_one_table in by_table.values():
        await insert_once(session, of_one_table)


def _noted(wish: Wish, now: datetime) -> dict[str, Any]:
    return Answer(command_id=wish.command_id, task_id=wish.task_id, at=now).said()


def _refusal_in(failure: WorkflowUpdateFailedError, command: Command) -> Refusal:
    cause: BaseException | None = failure.cause
    if isinstance(cause, ActivityError):  # An activity refused: what it said stands below.
        cause = cause.cause
    if isinstance(cause, ApplicationError):
        if cause.type == "AcceptedUpdateCompletedWorkflow":
            return Refusal("cycle-ended", cycle_id=command.cycle_id)
        if cause.type and REFUSAL_CODE.fullmatch(cause.type):
            facts = cause.details[0] if cause.details and isinstance(cause.details[0], dict) else {}
            return Refusal(cause.type, **facts)
    log.error("Command %s failed in the engine: %s", command.id, type(cause).__name__)
    return Refusal(ENGINE_FAULT, command_id=command.id)


def _workflow_is_gone(trouble: RPCError) -> bool:
    """Say whether it is the workflow that was not found; a missing namespace is a fault of the set-up."""
    if trouble.status is not RPCStatusCode.NOT_FOUND:
        return False
    return not any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in trouble.grpc_status.details)


def _go_on_cancelling() -> None:
    """The SDK turns a cancelled call into an error of its own; a request that was called off stays so."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

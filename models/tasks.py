"""Tasks as lists and pages see them, the decisions on them, and the commands people gave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, UniqueConstraint, bindparam, update
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from models.columns import Document, Instant, term
from models.stages import Approver, Choice, CommandState, Stage, TaskKind, TaskState


class Task(SQLModel, table=True):
    """A human task. The workflow owns where it stands; this row follows it.

    The id is `{cycle}.{department}.{slot}.{round}`.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_holder", "holder_id", "state", "deadline_at"),
        Index("ix_task_cycle", "cycle_id", "state", "deadline_at"),
        Index("ix_task_department", "cycle_id", "department_id", "state", "deadline_at", "id"),
        Index("ix_task_rung", "next_rung_to", "next_rung_at"),
    )

    id: str = Field(primary_key=True)
    company_id: str
    cycle_id: str
    department_id: str
    slot: str
    kind: TaskKind = Field(sa_type=term(TaskKind))
    stage: Stage = Field(sa_type=term(Stage))
    month: date | None = None
    approver: Approver | None = Field(default=None, sa_type=term(Approver))
    round: int = 1
    state: TaskState = Field(default=TaskState.OPEN, sa_type=term(TaskState))
    holder_id: str
    added_ids: list[str] = Field(default_factory=list, sa_type=Document)
    """Second holders, added by a rung that says "add"."""
    first_holder_id: str
    level: int = 0
    """How many steps up the line it has moved."""
    epoch: int = 1
    """Grows when the task changes hands; links of an older one are dead."""
    opened_at: datetime = Field(sa_type=Instant)
    deadline_at: datetime = Field(sa_type=Instant)
    first_deadline_at: datetime = Field(sa_type=Instant)
    next_rung_at: datetime | None = Field(default=None, sa_type=Instant)
    next_rung_to: str | None = None
    """Whom the next rung will speak to, as far as known: messages of one moment are gathered by it."""
    cause_id: str = ""
    """The command that made this task necessary: a counter-proposal, a send-back."""
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class Decision(SQLModel, table=True):
    """What was decided on a task; one row a task, ever."""

    __tablename__ = "decision"

    task_id: str = Field(primary_key=True)
    command_id: str = Field(unique=True)
    cycle_id: str = Field(index=True)
    department_id: str
    choice: Choice = Field(sa_type=term(Choice))
    by_id: str
    """Empty where the policy decided by silence (Rule 7)."""
    on_behalf_of: str = ""
    """The holder, where a deputy decided (Rule 11)."""
    acted_by: str = ""
    """Who of HR decided as `by_id`, seeing the pages as them."""
    by_policy: bool = False
    comment: str = ""
    decided_at: datetime = Field(sa_type=Instant)


class TaskComment(SQLModel, table=True):
    __tablename__ = "task_comment"

    id: str = Field(primary_key=True)
    task_id: str = Field(index=True)
    by_id: str
    acted_by: str = ""
    text: str
    at: datetime = Field(sa_type=Instant)


class Command(SQLModel, table=True):
    """What a person asked for, committed before the move is asked of the engine (DESIGN 14).

    `words` are comment, reason and figures; `move` is the message for the engine. While the
    engine is away the row waits as `received`, and is carried out later under the same id.
    """

    __tablename__ = "command"
    __table_args__ = (
        UniqueConstraint("by_id", "idempotency_key"),
        Index("ix_command_waiting", "state", "claimed_until"),
    )

    id: str = Field(primary_key=True)
    idempotency_key: str
    """The caller's `Idempotency-Key`, or one made for this command alone."""
    fingerprint: str = ""
    """SHA-256 of the request: the same key with another content is refused."""
    company_id: str
    by_id: str
    acted_by: str = ""
    """Who of HR gave the command as `by_id`, seeing the pages as them."""
    kind: str
    """decide, reassign, extend, void, launch, pause, resume, cancel, plan, publish, reopen, staff, …"""
    workflow_id: str
    task_id: str = Field(default="", index=True)
    cycle_id: str = ""
    move: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    words: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    state: CommandState = Field(default=CommandState.RECEIVED, sa_type=term(CommandState))
    answer: dict[str, Any] = Field(default_factory=dict, sa_type=Document)
    """What came of it: the engine's answer, or the refusal's code and facts."""
    received_at: datetime = Field(sa_type=Instant)
    claimed_until: datetime | None = Field(default=None, sa_type=Instant)
    """Until when it is some server's to hear the engine's answer, also where the worker wrote it as done; then it
    is asked again. Nothing once that was heard, and for words that ask for no move."""


_COMMANDS = SQLModel.metadata.tables["command"]
SETTLE = (
    update(_COMMANDS)
    .where(_COMMANDS.c.id == bindparam("command_id"), _COMMANDS.c.state == CommandState.RECEIVED)
    .values(state=bindparam("new_state"), answer=bindparam("said"))
)
"""Built once: each decision runs it."""


async def settle(session: AsyncSession, command_id: str, state: CommandState, said: dict[str, Any]) -> None:
    """Write, in the session's transaction, what a command came to; what stands there already stays."""
    connection = await session.connection()
    await connection.execute(SETTLE, {"command_id": command_id, "new_state": state, "said": said})


async def release(session: AsyncSession, command_ids: Sequence[str]) -> None:
    """End the leases of commands that are over."""
    await session.exec(
        update(Command)
        .where(col(Command.id).in_(command_ids), col(Command.state) != CommandState.RECEIVED)
        .values(claimed_until=None)
        .execution_options(synchronize_session=False)
    )


class Submission(SQLModel, table=True):
    """Figures handed in by a person, checked as a whole. Taken over all or nothing when the task is decided."""

    __tablename__ = "submission"

    id: str = Field(primary_key=True)
    task_id: str = Field(index=True)
    by_id: str
    acted_by: str = ""
    file_name: str = ""
    received_at: datetime = Field(sa_type=Instant)
    taken_at: datetime | None = Field(default=None, sa_type=Instant)


class SubmissionRow(SQLModel, table=True):
    """One figure of a submission."""

    __tablename__ = "submission_row"

    submission_id: str = Field(primary_key=True)
    row: int = Field(primary_key=True)
    team_id: str
    person_id: str = ""
    metric_id: str
    month: date
    value: str
    """The exact decimal as text, already checked."""
    reason: str = ""
    """Why a figure that is already there is corrected (Rule 30)."""


class RefusedFile(SQLModel, table=True):
    """The last file of figures that somebody handed in and that was refused, to be given back with its faults.

    It goes when the task's figures are handed in, or after `KEPT_FOR`.
    """

    __tablename__ = "refused_file"

    KEPT_FOR: ClassVar[timedelta] = timedelta(days=30)

    task_id: str = Field(primary_key=True)
    by_id: str = Field(primary_key=True)
    name: str
    content: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=Instant, index=True)


class TargetProposal(SQLModel, table=True):
    """Other values a director proposes, with reason and figures (Rule 23); every round is kept."""

    __tablename__ = "target_proposal"

    id: str = Field(primary_key=True)
    command_id: str = Field(index=True)
    task_id: str = Field(index=True)
    cycle_id: str
    department_id: str
    metric_id: str
    before: str
    proposed: str
    accepted: bool | None = None
    reason: str = ""
    at: datetime = Field(sa_type=Instant)

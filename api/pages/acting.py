"""What HR does about tasks, one or many: remind, extend, reassign, void. Each row tells what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api import colleagues, moves
from api.bulk import Came, ask_each
from api.commands import Wish
from api.facts import in_language, with_names
from api.pages.rendering import Shell
from api.parts import Parts
from api.rights import today
from api.session import Viewer
from api.words import say
from models.cycles import Cycle
from models.errors import Refusal
from models.org import Person, Unit
from models.stages import CommandState, TaskKind
from models.tasks import Task

MOST_REASON: Final = 2000
MOST_AT_ONCE: Final = 2000


class Act(StrEnum):
    REMIND = "remind"
    EXTEND = "extend"
    REASSIGN = "reassign"
    VOID = "void"


@dataclass(frozen=True)
class Typed:
    """What a form asks for, as it was typed; shown again where it is refused."""

    act: str = ""
    task_ids: tuple[str, ...] = ()
    everywhere: bool = False
    """Not only those that are ticked: all that fit the filter."""
    due_on: str = ""
    extend_reason: str = ""
    to: str = ""
    reassign_reason: str = ""
    void_reason: str = ""
    reopen_reason: str = ""
    key: str = field(default_factory=lambda: uuid4().hex)
    """Names the form: sent twice, it is carried out once."""

    def reason(self) -> str:
        return {
            Act.EXTEND: self.extend_reason,
            Act.REASSIGN: self.reassign_reason,
            Act.VOID: self.void_reason,
        }.get(Act(self.act), "")


@dataclass(frozen=True)
class Result:
    """What came of one row."""

    task_id: str
    department: str
    department_id: str
    kind: TaskKind
    holder: str
    state: CommandState
    why: str = ""


def typed_in(form: Mapping[str, object], task_ids: Sequence[str]) -> Typed:
    def text(name: str) -> str:
        return str(form.get(name, "")).strip()[:MOST_REASON]

    return Typed(
        act=text("act"),
        task_ids=tuple(dict.fromkeys(task_ids)),
        everywhere=text("everywhere") == "yes",
        due_on=text("due_on"),
        extend_reason=text("extend_reason"),
        to=text("to"),
        reassign_reason=text("reassign_reason"),
        void_reason=text("void_reason"),
        reopen_reason=text("reopen_reason"),
        key=text("key")[:64] or uuid4().hex,
    )


async def act(
    database: AsyncSession, around: Shell, parts: Parts, asking: Viewer, cycle: Cycle, typed: Typed
) -> tuple[Result, ...]:
    """Do what was asked about each task; return what came of each.

    Raises:
        Refusal: what was typed makes no sense, so nothing was done.
    """
    order = await _order(database, around, asking, cycle, typed)
    found = await database.exec(
        select(Task, Unit, Person)
        .outerjoin(Unit, col(Unit.id) == col(Task.department_id))
        .outerjoin(Person, col(Person.id) == col(Task.holder_id))
        .where(col(Task.cycle_id) == cycle.id, col(Task.id).in_(typed.task_ids[:MOST_AT_ONCE]))
    )
    rows = {task.id: (task, unit, holder) for task, unit, holder in found.all()}
    if not rows:
        raise Refusal("nothing-chosen")
    database.expunge_all()  # They are shown as they were; nothing is written back.
    wishes = [order(rows[task_id][0]) for task_id in typed.task_ids if task_id in rows]
    await database.rollback()
    came = await ask_each(parts, wishes, typed.key)
    words = await _words(database, around, came)
    results = []
    for one, why in zip(came, words, strict=True):
        task, unit, holder = rows[one.wish.task_id]
        results.append(
            Result(
                task_id=task.id,
                department=in_language(unit.name, unit.name_en, around.tongue.language) if unit else "",
                department_id=task.department_id,
                kind=task.kind,
                holder=holder.name if holder else "",
                state=one.state,
                why=why,
            )
        )
    return tuple(results)


async def _order(
    database: AsyncSession, around: Shell, asking: Viewer, cycle: Cycle, typed: Typed
) -> Callable[[Task], Wish]:
    """Return what makes the wish for each task."""
    if typed.act not in set(Act):
        raise Refusal("not-found")
    kind = Act(typed.act)
    if not typed.task_ids:
        raise Refusal("nothing-chosen")
    if len(typed.task_ids) > MOST_AT_ONCE:
        raise Refusal("too-many-chosen", count=MOST_AT_ONCE)
    by_id = asking.id
    if kind is Act.REMIND:
        return lambda task: moves.reminder(task, by_id)
    due_on = _due_on(typed.due_on, cycle, around.now) if kind is Act.EXTEND else None
    to = ""
    if kind is Act.REASSIGN:
        on = await today(database, asking.company_id)
        to = (await colleagues.named(database, asking.company_id, typed.to, on)).id
    reason = typed.reason()
    if not reason:
        raise Refusal("why-needed")
    if due_on is not None:
        return lambda task: moves.extension(task, by_id, due_on, reason)
    if to:
        return lambda task: moves.reassignment(task, by_id, to, reason)
    return lambda task: moves.voiding(task, by_id, reason)


def _due_on(written: str, cycle: Cycle, now: datetime) -> date:
    try:
        due_on = date.fromisoformat(written)
    except ValueError as unreadable:
        raise Refusal("day-needed") from unreadable
    terms = cycle.the_terms()
    ends = datetime.combine(due_on, time(min(terms.last_sending_hour, 23)), ZoneInfo(terms.time_zone))
    if ends.astimezone(UTC) <= now:
        raise Refusal("deadline-past", due_on=due_on.isoformat())
    return due_on


async def _words(database: AsyncSession, around: Shell, came: Sequence[Came]) -> list[str]:
    """Word what was refused, with the names of all at once."""
    facts = await with_names(
        database, [one.refusal.facts if one.refusal else {} for one in came], around.tongue.language
    )
    return [
        say(one.refusal.code, its, around.tongue).detail if one.refusal else ""
        for one, its in zip(came, facts, strict=True)
    ]

"""Tasks: opened, reminded, escalated, decided, handed over. One short transaction each, safe to run twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.cases import Case, case_of, refusals
from activities.climbing import climb
from activities.decisions import record
from activities.openings import enter_stage, ladder_of, new_task, note_next_rung, rungs_of_level
from activities.outbox import Outbox
from models import effects
from models.cycles import CycleEvent
from models.database import SessionMaker, insert_once, writing
from models.errors import Refusal
from models.messages import (
    Answer,
    LinkOffered,
    RungFired,
    RungOutcome,
    TaskChange,
    TaskChanged,
    TaskDecided,
    TaskOpened,
    TaskOpening,
)
from models.names import batch_of
from models.org import deputy_of, in_post
from models.scores import missing_components
from models.stages import Channel, Occasion, TaskKind, TaskState
from models.tasks import Task
from rules.ladder import ladder_at_opening

AT_ONCE = (Channel.EMAIL, Channel.SYSTEM)
"""An opening, a hand-over and the like are written at once, by day or night (Rules 8, 9)."""

BY_HAND = "by-hand"
"""The rung of a reminder that HR sent beside the ladder."""


class TaskActivities:
    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions = sessions

    @activity.defn(name=effects.OPEN_TASK.name)
    async def open_task(self, opening: TaskOpening) -> TaskOpened:
        """Open a task: find its holder, give it its deadline and ladder, tell the holder (Rule 8)."""
        async with self.sessions() as session:
            await writing(session)
            case = await case_of(session, opening.cycle_id, opening.now)
            deadline_at, rungs = await ladder_of(session, case, opening)
            task = await new_task(session, case, opening, deadline_at, rungs)
            if await insert_once(session, [task]):
                await self.write_opening(session, case, opening, task)
                await session.commit()
            else:
                task = await session.get_one(Task, opening.task_id)
            return TaskOpened(holder_id=task.holder_id, deadline_at=task.deadline_at, rungs=rungs)

    async def write_opening(self, session: AsyncSession, case: Case, opening: TaskOpening, task: Task) -> None:
        history = await enter_stage(session, case, opening.department_id, opening.stage, opening.round)
        sent_back = task.slot == "resubmit" and task.cause_id
        occasion = Occasion.SENT_BACK if sent_back else Occasion.TASK_OPENED
        facts: dict[str, Any] = {}
        if task.kind is TaskKind.FILL_SCORING_GAP:
            occasion = Occasion.SCORING_BLOCKED
            facts["missing"] = len(await missing_components(session, task.cycle_id, task.department_id))
        outbox = Outbox(session, batch_of(task.id, 1, Occasion.TASK_OPENED), case.now, case.today)
        await outbox.about_task(task, task.holder_id, AT_ONCE, occasion, **facts)
        await outbox.write()
        opened = case.event(
            f"{task.id}/opened",
            "task-opened",
            department_id=task.department_id,
            task_id=task.id,
            actor_id="",
            on_behalf_of="",
            detail={"kind": task.kind, "holder": task.holder_id, "deadline": task.deadline_at.isoformat()},
        )
        await insert_once(session, [*history, opened])

    @activity.defn(name=effects.FIRE_RUNG.name)
    async def fire_rung(self, fired: RungFired) -> RungOutcome:
        """Do what a rung says: remind, move up the line, add a second holder, or notify (Rules 2, 3, 7)."""
        async with self.sessions() as session:
            await writing(session)
            case = await case_of(session, fired.cycle_id, fired.now)
            task = await session.get_one(Task, fired.task_id)
            outbox = Outbox(session, batch_of(task.id, fired.epoch, fired.rung.name), case.now, case.today)
            outcome = await climb(session, case, task, fired, outbox)
            if task.state is TaskState.OPEN:
                await note_next_rung(session, case, task, outcome.next_rungs or fired.later)
            await outbox.write()
            await session.commit()
            return outcome

    @activity.defn(name=effects.RECORD_DECISION.name)
    async def record_decision(self, decided: TaskDecided) -> Answer:
        """Write a person's decision: the task's row, one decision, one line of history."""
        async with self.sessions() as session:
            await writing(session)
            with refusals():
                answer = await record(session, decided)
            await session.commit()
            return answer

    @asynccontextmanager
    async def changing(self, task_id: str, now: datetime) -> AsyncIterator[tuple[AsyncSession, Case, Task]]:
        """Give a task that is about to change, and what decides how; the change is committed at the end."""
        async with self.sessions() as session:
            await writing(session)
            task = await session.get_one(Task, task_id)
            yield session, await case_of(session, task.cycle_id, now), task
            await session.commit()

    @activity.defn(name=effects.REASSIGN_TASK.name)
    async def reassign_task(self, change: TaskChange) -> TaskChanged:
        """Hand a task to another person, with a ladder from its foot (Rules 11, 12)."""
        async with self.changing(change.task_id, change.now) as (session, case, task):
            with refusals():
                to = await in_post(session, change.to_id, case.today)
                if to is None or to.company_id != task.company_id:
                    raise Refusal("person-left", person_id=change.to_id)
            before = task.holder_id
            calendar = await case.calendar(session)
            task.deadline_at, rungs = ladder_at_opening(
                case.terms.ladder, case.terms.policy, task.deadline_at, case.now, calendar
            )
            if task.epoch == change.epoch:
                task.holder_id, task.added_ids, task.level = to.id, [], 0
                task.epoch += 1
                outbox = Outbox(session, batch_of(task.id, change.epoch, change.command_id), case.now, case.today)
                why = {"command_id": change.command_id}
                await outbox.about_task(task, to.id, AT_ONCE, Occasion.TASK_REASSIGNED, before=before, **why)
                await outbox.about_task(task, before, (Channel.SYSTEM,), Occasion.TASK_MOVED_AWAY, to=to.id, **why)
                await outbox.write()
            await note_next_rung(session, case, task, rungs)
            await self.write_change(session, case, task, change, "reassigned", to=to.id, before=before)
            return TaskChanged(holder_id=task.holder_id, deadline_at=task.deadline_at, rungs=rungs)

    @activity.defn(name=effects.EXTEND_TASK.name)
    async def extend_task(self, change: TaskChange) -> TaskChanged:
        """Give a task a new deadline, of a person or of a new plan (Rule 10)."""
        async with self.changing(change.task_id, change.now) as (session, case, task):
            calendar = await case.calendar(session)
            deadline_at = change.deadline_at or calendar.deadline(change.due_on or case.today)
            with refusals():
                if deadline_at <= case.now and change.due_on:
                    raise Refusal("deadline-past", deadline=deadline_at.isoformat())
            changed = await self.set_deadline(session, case, task, change, deadline_at)
            outbox = Outbox(session, batch_of(task.id, task.epoch, change.command_id), case.now, case.today)
            why = {"command_id": change.command_id}
            await outbox.about_task(task, task.holder_id, AT_ONCE, Occasion.TASK_EXTENDED, **why)
            await outbox.write()
            return changed

    @activity.defn(name=effects.SHIFT_TASK.name)
    async def shift_task(self, change: TaskChange) -> TaskChanged:
        """Move a task's deadline by the time its cycle was paused (Rule 13)."""
        async with self.changing(change.task_id, change.now) as (session, case, task):
            deadline_at = task.deadline_at
            if change.shift and not await session.get(CycleEvent, f"{task.id}/{change.command_id}"):
                deadline_at += change.shift
            return await self.set_deadline(session, case, task, change, deadline_at)

    async def set_deadline(
        self, session: AsyncSession, case: Case, task: Task, change: TaskChange, deadline_at: datetime
    ) -> TaskChanged:
        before, task.deadline_at = task.deadline_at, deadline_at
        rungs = await rungs_of_level(session, case, task, change.level)
        waiting = tuple(rung for rung in rungs if rung.name not in change.fired)
        await note_next_rung(session, case, task, waiting)
        kind = "shifted" if change.shift else "extended"
        await self.write_change(
            session, case, task, change, kind, before=before.isoformat(), deadline=deadline_at.isoformat()
        )
        return TaskChanged(holder_id=task.holder_id, deadline_at=deadline_at, rungs=rungs)

    @activity.defn(name=effects.VOID_TASK.name)
    async def void_task(self, change: TaskChange) -> None:
        """Close a task without a decision, and tell who held it (Rule 13)."""
        async with self.changing(change.task_id, change.now) as (session, case, task):
            task.state, task.closed_at, task.next_rung_at = TaskState.VOIDED, case.now, None
            outbox = Outbox(session, batch_of(task.id, change.epoch, change.command_id), case.now, case.today)
            why = {"command_id": change.command_id}
            for holder in (task.holder_id, *task.added_ids):
                await outbox.about_task(task, holder, AT_ONCE, Occasion.TASK_VOIDED, **why)
            await outbox.write()
            await self.write_change(session, case, task, change, "voided")

    @activity.defn(name=effects.REMIND_TASK.name)
    async def remind_task(self, change: TaskChange) -> None:
        """Remind by hand whoever holds a task; at once, by mail and in the system (Rule 9)."""
        async with self.changing(change.task_id, change.now) as (session, case, task):
            outbox = Outbox(session, batch_of(task.id, change.epoch, change.command_id), case.now, case.today)
            for holder in (task.holder_id, *task.added_ids):
                await outbox.about_task(task, holder, AT_ONCE, Occasion.TASK_REMINDER, BY_HAND)
            await outbox.write()
            await self.write_change(session, case, task, change, "reminded-by-hand", holder=task.holder_id)

    @activity.defn(name=effects.OFFER_LINK.name)
    async def offer_link(self, offered: LinkOffered) -> None:
        """Write the notice that carries a fresh link, for the holder or who stands in for them."""
        async with self.changing(offered.task_id, offered.now) as (session, case, task):
            batch = batch_of(task.id, offered.epoch, f"{Occasion.NEW_LINK}-{offered.now:%Y%m%d%H%M}")
            outbox = Outbox(session, batch, case.now, case.today)
            for holder in (task.holder_id, *task.added_ids):
                if offered.person_id in (holder, await deputy_of(session, holder, case.today)):
                    await outbox.about_task(task, holder, (Channel.EMAIL,), Occasion.NEW_LINK)
            await outbox.write()

    async def write_change(
        self,
        session: AsyncSession,
        case: Case,
        task: Task,
        change: TaskChange,
        kind: str,
        **detail: str,
    ) -> None:
        await insert_once(
            session,
            [
                case.event(
                    f"{task.id}/{change.command_id}",
                    kind,
                    department_id=task.department_id,
                    task_id=task.id,
                    actor_id=change.by_id,
                    on_behalf_of="",
                    detail={**detail, "command": change.command_id},
                )
            ],
        )

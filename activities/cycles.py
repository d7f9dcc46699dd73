"""Cycles: departments started and ordered in batches, states and stages written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime

from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.cases import Case, case_of, refusals
from activities.openings import enter_stage
from activities.outbox import Outbox
from models import effects
from models.cycles import Cycle, CycleDepartment, PlanRevision
from models.database import SessionMaker, insert_once, writing
from models.errors import Refusal
from models.messages import (
    CycleMoment,
    CycleRecord,
    DepartmentClosed,
    DepartmentPlan,
    Departments,
    DepartmentsStarting,
    DepartmentStart,
    OrderAll,
    ReopenRecord,
    StageReached,
)
from models.names import department_workflow_id
from models.search import department_attributes
from models.stages import Channel, CycleState, Occasion, Stage, TaskState
from models.tasks import Command, Task
from models.terms import Terms
from rules.calendar import WorkCalendar
from rules.plan import deadline_on, department_plan, reopened_tasks

AT_ONCE = (Channel.EMAIL, Channel.SYSTEM)
STARTS_AT_ONCE = 16
BATCH = 100
OVER = (Stage.CLOSED, Stage.CANCELLED)


class CycleActivities:
    """`client` starts and signals workflows; everything else is a short transaction."""

    def __init__(self, sessions: SessionMaker, client: Client, task_queue: str) -> None:
        self.sessions = sessions
        self.client = client
        self.task_queue = task_queue

    # --- departments, in batches -----------------------------------------------------------------

    @activity.defn(name=effects.START_DEPARTMENTS.name)
    async def start_departments(self, starting: DepartmentsStarting) -> Departments:
        """Start the review of each department that is not started; can stop and resume anywhere.

        A workflow id comes from the business key, so nothing starts twice.
        """
        if starting.reopened:
            await self.start_review(starting.reopened, again=True)
            return Departments(count=1)
        async with self.sessions() as session:
            case = await case_of(session, starting.cycle_id, starting.now)
            calendar = await case.calendar(session)
            waiting = await session.exec(
                select(CycleDepartment.department_id)
                .where(
                    col(CycleDepartment.cycle_id) == starting.cycle_id,
                    col(CycleDepartment.is_started).is_(False),
                    col(CycleDepartment.stage).not_in(OVER),
                )
                .order_by(col(CycleDepartment.department_id))
            )
            departments = list(waiting.all())
        pattern = department_plan(
            starting.company_id, starting.cycle_id, "", case.cycle.revision, case.terms, calendar
        )

        async def start(department_id: str) -> None:
            plan = pattern.model_copy(update={"department_id": department_id})
            await self.start_review(DepartmentStart(plan=plan, begin_at=starting.now))

        await in_batches(departments, start)
        return Departments(count=len(departments))

    async def start_review(self, start: DepartmentStart, again: bool = False) -> None:
        plan = start.plan
        try:
            await self.client.start_workflow(
                "DepartmentReview",
                start,
                id=department_workflow_id(plan.company_id, plan.cycle_id, plan.department_id),
                task_queue=self.task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
                if again
                else WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=department_attributes(plan.company_id, plan.cycle_id, start.stage),
            )
        except WorkflowAlreadyStartedError:
            activity.logger.info("The review of %s runs already", plan.department_id)

    @activity.defn(name=effects.ORDER_ALL.name)
    async def order_all(self, asked: OrderAll) -> Departments:
        """Signal an order to every open department; one that gets it twice ignores the second."""
        order = asked.order
        async with self.sessions() as session:
            case = await case_of(session, asked.cycle_id, order.at)
            calendar = await case.calendar(session)
            still_open = await session.exec(
                select(CycleDepartment.department_id)
                .where(
                    col(CycleDepartment.cycle_id) == asked.cycle_id,
                    col(CycleDepartment.stage).not_in(OVER),
                )
                .order_by(col(CycleDepartment.department_id))
            )
            departments = list(still_open.all())
        plan: DepartmentPlan | None = None
        if order.kind == "plan":
            plan = department_plan(asked.company_id, asked.cycle_id, "", case.cycle.revision, case.terms, calendar)

        async def signal(department_id: str) -> None:
            its_plan = plan.model_copy(update={"department_id": department_id}) if plan else None
            handle = self.client.get_workflow_handle(
                department_workflow_id(asked.company_id, asked.cycle_id, department_id)
            )
            try:
                await handle.signal("order", order.model_copy(update={"plan": its_plan}))
            except RPCError as trouble:
                if trouble.status is not RPCStatusCode.NOT_FOUND:
                    raise
                activity.logger.info("The review of %s is over", department_id)

        await in_batches(departments, signal)
        return Departments(count=len(departments))

    # --- states and stages ------------------------------------------------------------------------

    @activity.defn(name=effects.REACH_STAGE.name)
    async def reach_stage(self, reached: StageReached) -> None:
        """Write where a department stands."""
        async with self.sessions() as session:
            await writing(session)
            case = await case_of(session, reached.cycle_id, reached.now)
            entered = await enter_stage(session, case, reached.department_id, reached.stage, reached.round)
            await insert_once(session, entered)
            if reached.stage is Stage.CANCELLED:
                await self.close_row(session, reached)
            await session.commit()

    @activity.defn(name=effects.CLOSE_DEPARTMENT.name)
    async def close_department(self, reached: StageReached) -> DepartmentClosed:
        """Close a department, and say whether it was the cycle's last open one."""
        async with self.sessions() as session:
            await writing(session)
            # Departments that close at once queue here, so that exactly one of them is the last.
            await session.exec(select(Cycle).where(col(Cycle.id) == reached.cycle_id).with_for_update())
            case = await case_of(session, reached.cycle_id, reached.now)
            entered = await enter_stage(session, case, reached.department_id, Stage.CLOSED, reached.round)
            await insert_once(session, entered)
            await self.close_row(session, reached)
            left = await session.exec(
                select(func.count())
                .select_from(CycleDepartment)
                .where(
                    col(CycleDepartment.cycle_id) == reached.cycle_id,
                    col(CycleDepartment.stage).not_in(OVER),
                )
            )
            was_last = left.one() == 0
            await session.commit()
            return DepartmentClosed(was_last=was_last)

    async def close_row(self, session: AsyncSession, reached: StageReached) -> None:
        await session.exec(
            update(CycleDepartment)
            .where(
                col(CycleDepartment.cycle_id) == reached.cycle_id,
                col(CycleDepartment.department_id) == reached.department_id,
            )
            .values(closed_at=reached.now)
        )

    @activity.defn(name=effects.RECORD_CYCLE.name)
    async def record_cycle(self, recorded: CycleRecord) -> None:
        """Write a state of the cycle, and tell those whom it concerns."""
        async with self.sessions() as session:
            await writing(session)
            case = await case_of(session, recorded.cycle_id, recorded.now)
            cycle = case.cycle
            before, cycle.state = cycle.state, recorded.state
            if recorded.state is CycleState.PAUSED:
                cycle.paused_at = recorded.now
            elif recorded.state is CycleState.RUNNING:
                cycle.paused_at = None
            elif recorded.state is CycleState.PUBLISHED:
                cycle.published_at = recorded.now
            elif recorded.state is CycleState.CANCELLED:
                cycle.closed_at = recorded.now
            event = case.event(
                f"{cycle.id}/{recorded.command_id}",
                f"cycle-{recorded.state}",
                actor_id=recorded.by_id,
                detail={"before": before, "state": recorded.state, "command": recorded.command_id},
            )
            if await insert_once(session, [event]):
                await self.tell_of_state(session, case, recorded)
            await session.commit()

    async def tell_of_state(self, session: AsyncSession, case: Case, recorded: CycleRecord) -> None:
        outbox = Outbox(session, recorded.command_id, case.now, case.today)
        cycle = case.cycle
        if recorded.state is CycleState.READY:
            await outbox.about_cycle(cycle.company_id, cycle.id, cycle.hr_owner_id, AT_ONCE, Occasion.CYCLE_READY)
        elif recorded.state in (CycleState.PAUSED, CycleState.RUNNING):
            paused = recorded.state is CycleState.PAUSED
            occasion = Occasion.CYCLE_PAUSED if paused else Occasion.CYCLE_RESUMED
            for holder_id in await holders(session, cycle.id):
                why = {"command_id": recorded.command_id}
                await outbox.about_cycle(cycle.company_id, cycle.id, holder_id, AT_ONCE, occasion, **why)
        await outbox.write()

    @activity.defn(name=effects.CHANGE_PLAN.name)
    async def change_plan(self, moment: CycleMoment) -> None:
        """Take the new terms from the command's words, as the next revision (Rule 24: who, when and why)."""
        async with self.sessions() as session:
            await writing(session)
            case = await case_of(session, moment.cycle_id, moment.now)
            command = await session.get_one(Command, moment.command_id)
            known = await session.exec(
                select(PlanRevision.revision).where(
                    col(PlanRevision.cycle_id) == moment.cycle_id,
                    col(PlanRevision.command_id) == moment.command_id,
                )
            )
            if known.first() is not None:
                return
            terms = Terms.model_validate(command.words["terms"])
            cycle = case.cycle
            cycle.revision += 1
            cycle.terms = terms.model_dump(mode="json")
            session.add(
                PlanRevision(
                    cycle_id=cycle.id,
                    revision=cycle.revision,
                    terms=cycle.terms,
                    by_id=command.by_id,
                    reason=str(command.words.get("reason", "")),
                    command_id=command.id,
                    at=moment.now,
                )
            )
            session.add(
                case.event(
                    f"{cycle.id}/{command.id}",
                    "plan-changed",
                    actor_id=command.by_id,
                    detail={"revision": cycle.revision, "command": command.id},
                )
            )
            await session.commit()

    @activity.defn(name=effects.REOPEN_DEPARTMENT.name)
    async def reopen_department(self, asked: ReopenRecord) -> DepartmentStart:
        """Write that a closed department is taken back to a stage; return how its review starts again."""
        reopen = asked.reopen
        async with self.sessions() as session:
            await writing(session)
            case = await case_of(session, asked.cycle_id, asked.now)
            row = await session.get(CycleDepartment, (asked.cycle_id, reopen.department_id))
            event = case.event(
                f"{asked.cycle_id}.{reopen.department_id}/{reopen.command_id}",
                "reopened",
                department_id=reopen.department_id,
                actor_id=reopen.by_id,
                detail={"stage": reopen.stage, "command": reopen.command_id},
            )
            with refusals():
                if row is None:
                    raise Refusal("department-unknown", department_id=reopen.department_id)
                if row.stage is not Stage.CLOSED and not await session.get(type(event), event.id):
                    raise Refusal("department-not-closed", department_id=row.department_id, stage=row.stage)
            calendar = await case.calendar(session)
            due_at = await self.wanted_by(session, case, reopen.command_id, calendar)
            if await insert_once(session, [event]):
                row.stage, row.round, row.closed_at = reopen.stage, row.round + 1, None
                row.stage_since = case.now
                case.cycle.state = CycleState.RUNNING
            pattern = department_plan(
                asked.company_id, asked.cycle_id, reopen.department_id, case.cycle.revision, case.terms, calendar
            )
            tasks = reopened_tasks(reopen.stage, case.now, case.terms, calendar, due_at)
            start = DepartmentStart(
                plan=pattern.model_copy(update={"tasks": tasks}),
                begin_at=case.now,
                stage=reopen.stage,
                round=row.round,
                due_at=due_at,
            )
            await session.commit()
            return start

    async def wanted_by(
        self, session: AsyncSession, case: Case, command_id: str, calendar: WorkCalendar
    ) -> datetime | None:
        """Return when HR wants the reopened task by, or None where it is left to the policy."""
        command = await session.get_one(Command, command_id)
        due_on = command.words.get("due_on")
        if not due_on:
            return None
        with refusals():
            return deadline_on(date.fromisoformat(due_on), case.now, calendar)


async def holders(session: AsyncSession, cycle_id: str) -> list[str]:
    """Return everyone who holds an open task of the cycle."""
    found = await session.exec(
        select(Task.holder_id)
        .where(col(Task.cycle_id) == cycle_id, col(Task.state) == TaskState.OPEN)
        .distinct()
        .order_by(col(Task.holder_id))
    )
    return list(found.all())


async def in_batches(ids: list[str], act: Callable[[str], Awaitable[None]]) -> None:
    """Act on each id, some at once, and heartbeat after each batch."""
    gate = asyncio.Semaphore(STARTS_AT_ONCE)

    async def one(item: str) -> None:
        async with gate:
            await act(item)

    for start in range(0, len(ids), BATCH):
        await asyncio.gather(*(one(item) for item in ids[start : start + BATCH]))
        activity.heartbeat(start + BATCH)

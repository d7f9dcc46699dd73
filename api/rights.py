"""Who may see and do what, row by row (Rules 11, 50). Every route and page asks here.

HR, the boss and auditors read their whole company; a superior their line; a director the
department; a person themselves. Deciding is for the holder of a task, one added to it, or the
holder's deputy; giving orders is for HR.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends
from sqlalchemy import ColumnElement, SQLColumnExpression, String, and_, cast, false, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.session import SignedIn, Viewer
from models.clock import business_now
from models.cycles import Cycle
from models.errors import Refusal
from models.org import Company, Person, Unit, deputy_of, stands_in_for
from models.stages import CycleState, Role, TaskState, UnitKind
from models.tasks import Decision, Task


async def today(session: AsyncSession, company_id: str) -> date:
    """Return the company's day at this moment of business time."""
    company = await session.get_one(Company, company_id)
    return (await business_now(session)).astimezone(ZoneInfo(company.time_zone)).date()


# --- what a viewer sees -------------------------------------------------------------------------


def line_of(person_id: str) -> SelectOfScalar[str]:
    """Select the ids of a person and of everybody below them."""
    line = select(col(Person.id).label("id")).where(col(Person.id) == person_id).cte(recursive=True)
    # UNION, not UNION ALL: a circle in the reporting line ends by itself.
    line = line.union(select(col(Person.id)).where(col(Person.superior_id) == line.c.id))
    return select(line.c.id)


def departments_of(person_id: str) -> SelectOfScalar[str]:
    """Select the departments that somebody in the person's line heads."""
    return select(Unit.id).where(col(Unit.kind) == UnitKind.DEPARTMENT, col(Unit.head_id).in_(line_of(person_id)))


def sees_department(viewer: Viewer, department_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    return true() if viewer.reads_all else department_id.in_(departments_of(viewer.id))


def units_of(person_ids: Sequence[str]) -> SelectOfScalar[str]:
    """Select the units that these people or somebody in their lines head, and all below those."""
    line = select(col(Person.id).label("id")).where(col(Person.id).in_(person_ids)).cte(recursive=True)
    line = line.union(select(col(Person.id)).where(col(Person.superior_id) == line.c.id))
    units = select(col(Unit.id).label("id")).where(col(Unit.head_id).in_(select(line.c.id))).cte(recursive=True)
    units = units.union(select(col(Unit.id)).where(col(Unit.parent_id) == units.c.id))
    return select(units.c.id)


async def seen_unit(session: AsyncSession, viewer: Viewer, unit_id: str) -> Unit:
    """Return a unit whose figures the viewer may see: one they or their line heads, or one below it.

    A deputy sees what those see in whose place they decide.

    Raises:
        Refusal: `unit-unknown`, whether it is not there or not theirs.
    """
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.company_id != viewer.company_id:
        raise Refusal("unit-unknown")
    if not viewer.reads_all:
        seen = await session.exec(
            select(Unit.id).where(
                col(Unit.id) == unit_id, col(Unit.id).in_(units_of(await _places(session, viewer)))
            )
        )
        if seen.first() is None:
            raise Refusal("unit-unknown")
    return unit


async def seen_seller(session: AsyncSession, viewer: Viewer, person_id: str) -> Person:
    """Return a person whose figures the viewer may see: themselves, their line, the people of their units.

    Raises:
        Refusal: `person-unknown`, whether they are not there or not theirs.
    """
    person = await session.get(Person, person_id)
    if person is None or person.company_id != viewer.company_id:
        raise Refusal("person-unknown")
    if viewer.reads_all or person_id == viewer.id:
        return person
    seen = await session.exec(
        select(Person.id).where(
            col(Person.id) == person_id,
            or_(
                col(Person.id).in_(line_of(viewer.id)),
                col(Person.unit_id).in_(units_of(await _places(session, viewer))),
            ),
        )
    )
    if seen.first() is None:
        raise Refusal("person-unknown")
    return person


async def _places(session: AsyncSession, viewer: Viewer) -> list[str]:
    """Return the viewer, and those whose deputy they are today."""
    return [viewer.id, *await stands_in_for(session, viewer.id, await today(session, viewer.company_id))]


def is_added(person_id: str) -> ColumnElement[bool]:
    """Say whether the person was added to a task as a second holder."""
    return cast(col(Task.added_ids), String).like(f'%"{person_id}"%')


def decidable_by(person_id: str, stands_for: list[str]) -> ColumnElement[bool]:
    """Pick the tasks that a person may decide: their own, those added to, those of whom they stand in for."""
    return or_(col(Task.holder_id).in_([person_id, *stands_for]), is_added(person_id))


def sees_task(viewer: Viewer, stands_for: list[str]) -> ColumnElement[bool]:
    own_company = col(Task.company_id) == viewer.company_id
    if viewer.reads_all:
        return own_company
    return and_(
        own_company,
        or_(
            decidable_by(viewer.id, stands_for),
            col(Task.first_holder_id) == viewer.id,
            col(Task.department_id).in_(departments_of(viewer.id)),
        ),
    )


def sees_score_of(viewer: Viewer, cycle: Cycle, person_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Pick the results a viewer may see: their line's; their own once the cycle is published (Rule 14)."""
    if viewer.reads_all:
        return true()
    line = person_id.in_(line_of(viewer.id))
    if cycle.state is CycleState.PUBLISHED:
        return line
    return and_(line, person_id != viewer.id)


def sees_message_to(viewer: Viewer, person_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    if viewer.reads_all:
        return true()
    return person_id == viewer.id


def sees_event(
    viewer: Viewer, department_id: SQLColumnExpression[str], actor_id: SQLColumnExpression[str]
) -> ColumnElement[bool]:
    """Pick the lines of a cycle's history: the viewer's departments' and their own."""
    if viewer.reads_all:
        return true()
    return or_(department_id.in_(departments_of(viewer.id)), actor_id == viewer.id if viewer.id else false())


async def seen_cycle(session: AsyncSession, viewer: Viewer, cycle_id: str) -> Cycle:
    """Return a cycle of the viewer's company; drafts are HR's alone.

    Raises:
        Refusal: `cycle-unknown`, whether it is not there or not theirs.
    """
    cycle = await session.get(Cycle, cycle_id)
    if cycle is None or cycle.company_id != viewer.company_id:
        raise Refusal("cycle-unknown")
    if cycle.state is CycleState.DRAFT and not viewer.reads_all:
        raise Refusal("cycle-unknown")
    return cycle


async def seen_task(session: AsyncSession, viewer: Viewer, task_id: str) -> Task:
    """Return a task that the viewer may see.

    Raises:
        Refusal: `task-unknown`, whether it is not there or not theirs.
    """
    task = await session.get(Task, task_id)
    if task is None or task.company_id != viewer.company_id:
        raise Refusal("task-unknown")
    if viewer.reads_all or viewer.id in (task.holder_id, task.first_holder_id, *task.added_ids):
        return task
    stands_for = await stands_in_for(session, viewer.id, await today(session, viewer.company_id))
    seen = await session.exec(select(Task.id).where(col(Task.id) == task_id, sees_task(viewer, stands_for)))
    if seen.first() is None:
        raise Refusal("task-unknown")
    return task


# --- what a viewer may do -----------------------------------------------------------------------


async def acts_for(session: AsyncSession, person_id: str, task: Task) -> str | None:
    """Return in whose place a person may decide a task: their own, the holder's as deputy; None: not at all."""
    if person_id == task.holder_id or person_id in task.added_ids:
        return person_id
    on = await today(session, task.company_id)
    for holder_id in (task.holder_id, *task.added_ids):
        if await deputy_of(session, holder_id, on) == person_id:
            return holder_id
    return None


async def place_to_decide(session: AsyncSession, person_id: str, task: Task) -> str:
    """Return in whose place a person decides an open task.

    Raises:
        Refusal: `task-closed` with who decided what and when; `task-moved` to one who held it
            before; `not-yours`.
    """
    if task.state is not TaskState.OPEN:
        raise await closed(session, task)
    place = await acts_for(session, person_id, task)
    if place is None:
        if person_id == task.first_holder_id:
            raise Refusal("task-moved", holder_id=task.holder_id)
        raise Refusal("not-yours")
    return place


async def closed(session: AsyncSession, task: Task) -> Refusal:
    """Return the refusal that tells how a task ended, as the workflow words it."""
    decision = await session.get(Decision, task.id)
    if decision is None:
        return Refusal("task-closed", at=task.closed_at.isoformat() if task.closed_at else "")
    return Refusal(
        "task-closed",
        by_id=decision.by_id,
        choice=decision.choice.value,
        at=decision.decided_at.isoformat(),
    )


def may_order(viewer: Viewer) -> bool:
    """Say whether the viewer runs cycles: launches, pauses, reassigns, extends, voids."""
    return viewer.has(Role.HR_ADMIN)


async def reads_all(asking: SignedIn) -> Viewer:
    """Let HR, executives and auditors in.

    Raises:
        Refusal: `not-yours`.
    """
    if not asking.reads_all:
        raise Refusal("not-yours")
    return asking


ReadsAll = Annotated[Viewer, Depends(reads_all)]


# --- accounts -----------------------------------------------------------------------------------


def sees_accounts(viewer: Viewer) -> bool:
    """Say whether the viewer sees who may sign in, and the record of it: HR and auditors."""
    return viewer.has(Role.HR_ADMIN) or viewer.has(Role.AUDITOR)


def may_manage_accounts(viewer: Viewer) -> bool:
    """Say whether the viewer invites, locks and gives roles: HR, signed in with a browser as themselves."""
    return viewer.has(Role.HR_ADMIN) and not viewer.only_reads and not viewer.by_token and viewer.acted_by is None


async def account_reader(asking: SignedIn) -> Viewer:
    if not sees_accounts(asking):
        raise Refusal("role-needed", role=Role.HR_ADMIN.value)
    return asking


async def account_manager(asking: SignedIn) -> Viewer:
    if not may_manage_accounts(asking):
        raise Refusal("role-needed", role=Role.HR_ADMIN.value)
    return asking


AccountReader = Annotated[Viewer, Depends(account_reader)]
AccountManager = Annotated[Viewer, Depends(account_manager)]

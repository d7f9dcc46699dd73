"""Joiner, leaver, transfer during a cycle: one recorded step (Rule 12)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.cases import Case, case_of, refusals
from models import effects
from models.columns import to_four_places
from models.database import SessionMaker, writing
from models.errors import Refusal
from models.messages import CycleMoment, StaffChanged
from models.metrics import Metric, Target
from models.org import Person, PersonnelChange, TimeInPost, Unit, circle_through, in_post, superior_of
from models.stages import TaskState, UnitKind
from models.targets import counting, days_in, days_of, set_target
from models.tasks import Command, Task
from models.terms import Frozen

ONE_DAY = timedelta(days=1)


class NewTarget(Frozen):
    """A goal of the whole period; what counts of it are the days in post."""

    metric_id: str
    value: Decimal


class Change(Frozen):
    """What HR said of a joiner, leaver or transfer; `effective_on` is the first day of the new state."""

    kind: str
    person_id: str
    effective_on: date
    successor_id: str = ""
    to_unit_id: str = ""
    reason: str = ""
    targets: tuple[NewTarget, ...] = ()
    """What a joiner or somebody transferred aims at in the new post."""
    person: dict[str, Any] = Field(default_factory=dict)
    """A joiner's own data: name, staff_no, email, phone, post, grade, superior_id, …"""


class StaffActivities:
    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions = sessions

    @activity.defn(name=effects.CHANGE_STAFF.name)
    async def change_staff(self, moment: CycleMoment) -> StaffChanged:
        """Change posts, pro-rate targets by days in post, and say whose tasks follow to whom."""
        async with self.sessions() as session:
            await writing(session)
            known = await session.get(PersonnelChange, moment.command_id)
            if known:
                return StaffChanged.model_validate(known.detail["changed"])
            case = await case_of(session, moment.cycle_id, moment.now)
            command = await session.get_one(Command, moment.command_id)
            change = Change.model_validate(command.words)
            with refusals():
                changed = await carry_out(session, case, change)
            session.add(
                PersonnelChange(
                    id=command.id,
                    company_id=case.cycle.company_id,
                    cycle_id=case.cycle.id,
                    kind=change.kind,
                    person_id=change.person_id,
                    effective_on=change.effective_on,
                    by_id=command.by_id,
                    reason=change.reason,
                    detail={"changed": changed.model_dump(mode="json"), "successor": change.successor_id},
                    at=case.now,
                )
            )
            session.add(
                case.event(
                    f"{case.cycle.id}/{command.id}",
                    f"staff-{change.kind}",
                    actor_id=command.by_id,
                    detail={"person": change.person_id, "successor": change.successor_id, "command": command.id},
                )
            )
            await session.commit()
            return changed


async def carry_out(session: AsyncSession, case: Case, change: Change) -> StaffChanged:
    """Carry out one change of staff.

    Raises:
        Refusal: the person, successor or unit is not there, or the change says nothing.
    """
    if change.kind == "join":
        return await join(session, case, change)
    person = await in_post(session, change.person_id, change.effective_on)
    if person is None or person.company_id != case.cycle.company_id:
        raise Refusal("person-left", person_id=change.person_id)
    changed = await (leave if change.kind == "leave" else transfer)(session, case, change, person)
    for one_id in (change.successor_id, person.id):
        await refuse_circle(session, one_id)
    return changed


async def refuse_circle(session: AsyncSession, person_id: str) -> None:
    """Refuse a change after which somebody would report to themselves: an escalation would never end."""
    person = await session.get(Person, person_id) if person_id else None
    circle = await circle_through(session, person) if person else []
    if circle:
        raise Refusal("line-circular", person_id=circle[0].id, superior_id=circle[-1].id)


async def join(session: AsyncSession, case: Case, change: Change) -> StaffChanged:
    """Take in a new person; where the unit's post was vacant and they head it, its tasks go to them."""
    unit = await unit_of(session, case, change.to_unit_id)
    if await session.get(Person, change.person_id):
        raise Refusal("person-known", person_id=change.person_id)
    given = {key: value for key, value in change.person.items() if key in Person.model_fields}
    department_id = await department_of(session, unit)
    if given.get("superior_id") == change.person_id:
        raise Refusal("line-circular", person_id=change.person_id)
    person = Person.model_validate(
        {
            **given,
            "id": change.person_id,
            "company_id": case.cycle.company_id,
            "unit_id": unit.id,
            "department_id": department_id,
            "superior_id": given.get("superior_id") or unit.head_id,
            "joined_on": change.effective_on,
        }
    )
    session.add(person)
    await note_time_in_post(session, case, person, department_id or unit.id, change.effective_on, None)
    await aim(session, case, change, person)
    return StaffChanged(department_ids=(department_id,) if department_id else ())


async def leave(session: AsyncSession, case: Case, change: Change, person: Person) -> StaffChanged:
    successor = await successor_of(session, change, person)
    await pro_rate(session, case, person, until_before=change.effective_on)
    person.left_on = change.effective_on
    await hand_on_posts(session, person, successor)
    return await followers(session, case, person, successor)


async def transfer(session: AsyncSession, case: Case, change: Change, person: Person) -> StaffChanged:
    """Move a person to another unit: targets of the old post end, tasks of the post stay with it.

    Within a department the post is the same: the targets go along to the new team, whole.
    """
    unit = await unit_of(session, case, change.to_unit_id)
    if unit.id == person.unit_id:
        raise Refusal("same-unit", person_id=person.id, unit_id=unit.id)
    successor = await successor_of(session, change, person)
    department_id = await department_of(session, unit)
    stays = department_id is not None and department_id == person.department_id
    if stays:
        await take_targets_along(session, case, person, unit)
    else:
        await pro_rate(session, case, person, until_before=change.effective_on)
    await hand_on_posts(session, person, successor)
    changed = await followers(session, case, person, successor)
    person.unit_id, person.department_id = unit.id, department_id
    if unit.head_id and unit.head_id != person.id:
        person.superior_id = unit.head_id
    if not stays:
        await note_time_in_post(session, case, person, department_id or unit.id, change.effective_on, None)
    await aim(session, case, change, person)
    return changed


async def take_targets_along(session: AsyncSession, case: Case, person: Person, unit: Unit) -> None:
    own = (col(Target.cycle_id) == case.cycle.id, col(Target.person_id) == person.id)
    found = await session.exec(select(Target).where(*own, col(Target.unit_id).in_((person.unit_id, unit.id))))
    targets = found.all()
    there = {target.metric_id for target in targets if target.unit_id == unit.id}
    for target in targets:
        if target.metric_id not in there:
            target.unit_id = unit.id


async def aim(session: AsyncSession, case: Case, change: Change, person: Person) -> None:
    """Set the targets of the new post, pro-rated by the days in it.

    Raises:
        Refusal: `metric-unknown`.
    """
    await session.flush()
    for given in change.targets:
        metric = await session.get(Metric, given.metric_id)
        if metric is None or metric.company_id != case.cycle.company_id:
            raise Refusal("metric-unknown", metric=given.metric_id)
        await set_target(session, case.cycle, person, metric, given.value, case.now)


async def unit_of(session: AsyncSession, case: Case, unit_id: str) -> Unit:
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.company_id != case.cycle.company_id:
        raise Refusal("unit-unknown", unit_id=unit_id)
    return unit


async def department_of(session: AsyncSession, unit: Unit) -> str | None:
    """Return the department that a unit is or belongs to."""
    above: Unit | None = unit
    while above and above.kind is UnitKind.TEAM:
        above = await session.get(Unit, above.parent_id) if above.parent_id else None
    return above.id if above and above.kind is UnitKind.DEPARTMENT else None


async def successor_of(session: AsyncSession, change: Change, person: Person) -> Person | None:
    """Return who takes the post: the one named, or the superior until somebody is."""
    if change.successor_id:
        successor = await in_post(session, change.successor_id, change.effective_on)
        if successor is None or successor.company_id != person.company_id or successor.id == person.id:
            raise Refusal("person-left", person_id=change.successor_id)
        return successor
    return await superior_of(session, person.id, change.effective_on)


async def hand_on_posts(session: AsyncSession, person: Person, successor: Person | None) -> None:
    """Whoever the person headed or led is headed and led by the successor."""
    for unit in (await session.exec(select(Unit).where(col(Unit.head_id) == person.id))).all():
        unit.head_id = successor.id if successor else None
    reports = await session.exec(select(Person).where(col(Person.superior_id) == person.id))
    for report in reports.all():
        if successor and report.id != successor.id:
            report.superior_id = successor.id
        elif successor:
            report.superior_id = person.superior_id


async def followers(session: AsyncSession, case: Case, person: Person, successor: Person | None) -> StaffChanged:
    """Say which departments have open tasks of the person, which now follow the post."""
    found = await session.exec(
        select(Task.department_id)
        .where(
            col(Task.cycle_id) == case.cycle.id,
            col(Task.holder_id) == person.id,
            col(Task.state) == TaskState.OPEN,
        )
        .distinct()
    )
    departments = tuple(sorted(found.all()))
    to = successor.id if successor else case.cycle.hr_owner_id
    return StaffChanged(holders=((person.id, to),) if departments else (), department_ids=departments)


async def pro_rate(session: AsyncSession, case: Case, person: Person, until_before: date) -> None:
    """Cut the person's summed targets of this post to the days they held it (Rule 12)."""
    department_id = person.department_id or person.unit_id
    post = await note_time_in_post(session, case, person, department_id, None, until_before)
    found = await session.exec(
        select(Target, Metric)
        .join(Metric, col(Metric.id) == col(Target.metric_id))
        .where(
            col(Target.cycle_id) == case.cycle.id,
            col(Target.person_id) == person.id,
            col(Target.department_id).in_(("", department_id)),  # Not those of a post before.
        )
    )
    for target, metric in found.all():
        target.value = counting(target.full_value, metric, post, case.cycle)


async def note_time_in_post(
    session: AsyncSession,
    case: Case,
    person: Person,
    department_id: str,
    from_on: date | None,
    until_before: date | None,
) -> TimeInPost:
    """Write the days of the cycle in which the person held the post."""
    cycle = case.cycle
    known = await session.get(TimeInPost, (cycle.id, person.id, department_id))
    first = max(cycle.starts_on, from_on or (known.from_on if known else person.joined_on) or cycle.starts_on)
    last = min(cycle.ends_on, until_before - ONE_DAY if until_before else cycle.ends_on)
    post = known or TimeInPost(
        cycle_id=cycle.id,
        person_id=person.id,
        department_id=department_id,
        from_on=first,
        until_on=last,
        share=Decimal(0),
    )
    post.from_on, post.until_on = first, last
    post.share = to_four_places(Decimal(days_in(post)) / days_of(cycle))
    session.add(post)
    return post

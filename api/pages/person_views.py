"""One person's page: post, line, contact data, deputies, open tasks, and what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind
from api.facts import in_language, names_of_people
from api.pages.changes import Told, told
from api.pages.rendering import Shell
from api.pages.units import full_names
from api.rights import is_added, today
from api.session import Viewer
from models.changes import Subject, changes_of
from models.cycles import Cycle
from models.org import Deputy, Person, PersonnelChange, TimeInPost, Unit
from models.stages import CommandState, TaskState
from models.tasks import Command, Task

MOST_TASKS = 50


@dataclass(frozen=True)
class DeputyRow:
    """A period in which one person stands in for another, as it stands today."""

    deputy: Deputy
    name: str
    """The other person of the two."""
    other_id: str
    is_now: bool
    is_ahead: bool
    was_withdrawn: bool

    @property
    def can_end(self) -> bool:
        return self.is_now or self.is_ahead


@dataclass(frozen=True)
class TaskRow:
    task: Task
    department: str
    is_late: bool


@dataclass(frozen=True)
class DaysInPost:
    """How much of a cycle a post was held."""

    held: TimeInPost
    cycle: str
    department: str


@dataclass(frozen=True)
class PersonPage:
    person: Person
    unit: str
    superior: Person | None
    reports: int
    heads: tuple[tuple[str, str], ...]
    """Ids and names of the units they head."""
    has_left: bool
    deputies: tuple[DeputyRow, ...]
    stands_in: tuple[DeputyRow, ...]
    tasks: tuple[TaskRow, ...]
    days: tuple[DaysInPost, ...]
    history: tuple[Told, ...]
    waits: bool
    may_change: bool


async def person_page(database: AsyncSession, around: Shell, asking: Viewer, person: Person) -> PersonPage:
    language = around.tongue.language
    on = await today(database, asking.company_id)
    reports = await database.exec(
        select(func.count()).select_from(Person).where(col(Person.superior_id) == person.id, still_there(on))
    )
    heads = (await database.exec(select(Unit).where(col(Unit.head_id) == person.id).order_by(col(Unit.id)))).all()
    return PersonPage(
        person=person,
        unit=(await full_names(database, [person.unit_id], language)).get(person.unit_id, ""),
        superior=await database.get(Person, person.superior_id) if person.superior_id else None,
        reports=reports.one(),
        heads=tuple((unit.id, in_language(unit.name, unit.name_en, language)) for unit in heads),
        has_left=person.left_on is not None and person.left_on <= on,
        deputies=await _deputies(database, person.id, on, of_them=True),
        stands_in=await _deputies(database, person.id, on, of_them=False),
        tasks=await _tasks(database, around, person),
        days=await _days(database, around, person),
        history=await _history(database, around, person),
        waits=await _change_waits(database, person),
        may_change=around.is_hr and not asking.only_reads,
    )


def still_there(on: date) -> Any:
    return or_(col(Person.left_on).is_(None), col(Person.left_on) > on)


async def _deputies(database: AsyncSession, person_id: str, on: date, *, of_them: bool) -> tuple[DeputyRow, ...]:
    mine, other = (Deputy.person_id, Deputy.deputy_id) if of_them else (Deputy.deputy_id, Deputy.person_id)
    found = await database.exec(
        select(Deputy, Person.id, Person.name)
        .join(Person, col(Person.id) == col(other))
        .where(col(mine) == person_id)
        .order_by(col(Deputy.from_on).desc(), col(Deputy.named_at).desc())
        .limit(MOST_TASKS)
    )
    return tuple(
        DeputyRow(
            deputy=deputy,
            name=name,
            other_id=other_id,
            is_now=deputy.from_on <= on <= deputy.until_on,
            is_ahead=on < deputy.from_on <= deputy.until_on,
            was_withdrawn=deputy.until_on < deputy.from_on,
        )
        for deputy, other_id, name in found.all()
    )


async def _tasks(database: AsyncSession, around: Shell, person: Person) -> tuple[TaskRow, ...]:
    found = await database.exec(
        select(Task, Unit)
        .outerjoin(Unit, col(Unit.id) == col(Task.department_id))
        .where(
            col(Task.company_id) == person.company_id,
            or_(col(Task.holder_id) == person.id, is_added(person.id)),
            col(Task.state) == TaskState.OPEN,
        )
        .order_by(col(Task.deadline_at), col(Task.id))
        .limit(MOST_TASKS)
    )
    language = around.tongue.language
    return tuple(
        TaskRow(
            task=task,
            department=in_language(unit.name, unit.name_en, language) if unit else task.department_id,
            is_late=task.deadline_at < around.now,
        )
        for task, unit in found.all()
    )


async def _days(database: AsyncSession, around: Shell, person: Person) -> tuple[DaysInPost, ...]:
    found = await database.exec(
        select(TimeInPost, Cycle, Unit)
        .join(Cycle, col(Cycle.id) == col(TimeInPost.cycle_id))
        .outerjoin(Unit, col(Unit.id) == col(TimeInPost.department_id))
        .where(col(TimeInPost.person_id) == person.id)
        .order_by(col(TimeInPost.from_on).desc())
    )
    language = around.tongue.language
    return tuple(
        DaysInPost(
            held, cycle.name, in_language(unit.name, unit.name_en, language) if unit else held.department_id
        )
        for held, cycle, unit in found.all()
    )


async def _history(database: AsyncSession, around: Shell, person: Person) -> tuple[Told, ...]:
    """What was changed about a person, newest first: their data, their deputies, their post."""
    changes = await changes_of(database, person.company_id, Subject.PERSON, person.id)
    history = await told(database, around.tongue, changes)
    found = await database.exec(
        select(PersonnelChange, Command)
        .outerjoin(Command, col(Command.id) == col(PersonnelChange.id))
        .where(col(PersonnelChange.person_id) == person.id)
        .order_by(col(PersonnelChange.at).desc())
    )
    rows = found.all()
    ids = {one for change, _ in rows for one in (change.by_id, str(change.detail.get("successor", "")))} - {""}
    names = await names_of_people(database, ids)
    units = await full_names(
        database,
        {str(command.words.get("to_unit_id", "")) for _, command in rows if command},
        around.tongue.language,
    )
    steps = [_step(around, change, command, names, units) for change, command in rows]
    return tuple(sorted([*history, *steps], key=lambda one: one.at, reverse=True))


def _step(
    around: Shell,
    change: PersonnelChange,
    command: Command | None,
    names: Mapping[str, str],
    units: Mapping[str, str],
) -> Told:
    """Word a joining, transfer or leaving; the step and all that followed from it are one record."""
    tongue = around.tongue
    by = names.get(change.by_id, tongue.gettext("The system"))
    day = tongue.plain_day(change.effective_on)
    unit = units.get(str(command.words.get("to_unit_id", "")), "") if command else ""
    said = {
        "join": tongue.gettext("%(by)s recorded the joining on %(day)s: %(unit)s", by=by, day=day, unit=unit),
        "leave": tongue.gettext("%(by)s recorded the leaving on %(day)s", by=by, day=day),
        "transfer": tongue.gettext(
            "%(by)s recorded the transfer on %(day)s to %(unit)s", by=by, day=day, unit=unit
        ),
    }.get(change.kind, change.kind)
    details = []
    successor = names.get(str(change.detail.get("successor", "")))
    if successor:
        details.append(tongue.gettext("Successor in the post: %(name)s", name=successor))
    if change.reason:
        details.append(tongue.gettext("Reason: %(reason)s", reason=change.reason))
    return Told(at=change.at, text=said, details=tuple(details))


async def _change_waits(database: AsyncSession, person: Person) -> bool:
    """Say whether a change of this person was received that the engine has not carried out yet."""
    found = await database.exec(
        select(Command).where(
            col(Command.company_id) == person.company_id,
            col(Command.kind) == CommandKind.STAFF.value,
            col(Command.state) == CommandState.RECEIVED,
        )
    )
    return any(command.words.get("person_id") == person.id for command in found.all())

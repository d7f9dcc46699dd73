"""Finds what a message needs to say: who, which task, until when, and what follows if nobody answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.cycles import Cycle
from models.delivery import Delivery, Notice
from models.org import Company, Person, Unit
from models.stages import Language, Occasion, Recipient, RungAction, TaskKind, TaskState
from models.tasks import Command, Decision, Task
from models.terms import Terms
from notifications import links
from notifications.outcomes import Reason
from notifications.texts import NOBODY, About, Contact, FailedMessage, IfSilent, Silence

Row = TypeVar("Row", bound=SQLModel)
Named = TypeVar("Named", Task, Cycle, Company, Unit, Person)

TELLS_OF_ITS_CAUSE = frozenset({Occasion.TASK_OPENED, Occasion.SENT_BACK})
"""Occasions that say who made the task necessary, and their reason."""

SAYS_WHO_HAD_IT = frozenset({Occasion.TASK_ESCALATED})

SILENCE_OF = {RungAction.MOVE: Silence.MOVES, RungAction.ADD: Silence.ADDS, RungAction.NOTIFY: Silence.TELLS}


@dataclass
class Known:
    """The rows that a handful of notices speak of, by id."""

    tasks: dict[str, Task] = field(default_factory=dict)
    cycles: dict[str, Cycle] = field(default_factory=dict)
    companies: dict[str, Company] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    commands: Mapping[str, Command] = field(default_factory=dict)

    def name(self, person_id: str) -> str:
        person = self.people.get(person_id)
        return person.name if person else ""

    def terms(self, cycle_id: str) -> Terms | None:
        cycle = self.cycles.get(cycle_id)
        return cycle.the_terms() if cycle and cycle.terms else None


def command_of(notice: Notice, task: Task | None) -> str:
    """Return the command that a notice tells about, or nothing."""
    named = str(notice.facts.get("command_id", ""))
    if named or task is None or notice.occasion not in TELLS_OF_ITS_CAUSE:
        return named
    return task.cause_id


SPOKEN_OF = (
    select(Task, Cycle, Company, Unit)
    .select_from(Notice)
    .outerjoin(Task, col(Task.id) == col(Notice.task_id))
    .outerjoin(Cycle, col(Cycle.id) == col(Notice.cycle_id))
    .outerjoin(Company, col(Company.id) == col(Notice.company_id))
    .outerjoin(Unit, col(Unit.id) == col(Notice.department_id))
    .where(col(Notice.id).in_(bindparam("notices", expanding=True)))
)

Superior = aliased(Person)
PEOPLE = (
    select(Person, Superior)
    .outerjoin(Superior, col(Superior.id) == col(Person.superior_id))
    .where(col(Person.id).in_(bindparam("people", expanding=True)))
)


async def look_up(session: AsyncSession, notices: Sequence[Notice]) -> Known:
    """Read everything that the notices speak of; a fixed number of queries, however many they are."""
    with session.no_autoflush:  # What the session is about to write is none of it.
        return await _looked_up(session, notices)


async def _looked_up(session: AsyncSession, notices: Sequence[Notice]) -> Known:
    known = Known()
    spoken_of = await session.exec(SPOKEN_OF, params={"notices": [notice.id for notice in notices]})
    for task, cycle, company, unit in spoken_of.all():
        _keep(known.tasks, task)
        _keep(known.cycles, cycle)
        _keep(known.companies, company)
        _keep(known.units, unit)
    known.deliveries = await _by_id(
        session, Delivery, col(Delivery.id), (str(notice.facts.get("delivery_id", "")) for notice in notices)
    )
    commands = {command_of(notice, known.tasks.get(notice.task_id)) for notice in notices}
    known.commands = await _by_id(session, Command, col(Command.id), commands)
    known.decisions = await _by_id(session, Decision, col(Decision.command_id), commands, key="command_id")
    mentioned = {notice.person_id for notice in notices} | {notice.meant_for for notice in notices}
    mentioned |= {str(notice.facts.get(name, "")) for notice in notices for name in ("before", "to")}
    mentioned |= {cycle.hr_owner_id for cycle in known.cycles.values()}
    mentioned |= {delivery.person_id for delivery in known.deliveries.values()}
    mentioned |= {decision.by_id for decision in known.decisions.values()}
    mentioned |= {command.by_id for command in known.commands.values()}
    for task in known.tasks.values():
        mentioned |= {task.holder_id, task.first_holder_id}
    people = await session.exec(PEOPLE, params={"people": sorted(mentioned - {""})})
    for person, superior in people.all():
        _keep(known.people, person)
        _keep(known.people, superior)
    return known


def _keep(known: dict[str, Named], row: Named | None) -> None:
    if row is not None:
        known[row.id] = row


async def _by_id(
    session: AsyncSession, table: type[Row], column: Any, ids: Iterable[str], key: str = "id"
) -> dict[str, Row]:
    wanted = {id_ for id_ in ids if id_}
    if not wanted:
        return {}
    found = await session.exec(select(table).where(column.in_(wanted)))
    return {str(getattr(row, key)): row for row in found.all()}


def may_decide(notice: Notice, task: Task | None) -> bool:
    """Whether the one who receives this notice holds the open task, or stands in for who does."""
    held_by = notice.meant_for or notice.person_id
    return task is not None and task.state is TaskState.OPEN and held_by in {task.holder_id, *task.added_ids}


def about(notice: Notice, known: Known, language: Language, link: str) -> About:
    """Put together what a notice says, with names in the reader's language."""
    task = known.tasks.get(notice.task_id)
    cycle = known.cycles.get(notice.cycle_id)
    company = known.companies.get(notice.company_id)
    terms = known.terms(notice.cycle_id)
    owner = known.people.get(cycle.hr_owner_id) if cycle else None
    decides = may_decide(notice, task)
    by_id, reason = _who_and_why(notice, task, known)
    before = ""
    if task and notice.occasion in SAYS_WHO_HAD_IT:
        before = known.name(str(notice.facts.get("before", "")) or task.first_holder_id)
    holder_id = str(notice.facts.get("to", "")) or (task.holder_id if task else "")
    return About(
        occasion=notice.occasion,
        person=known.name(notice.person_id),
        company=_named(company, language),
        zone=terms.time_zone if terms else company.time_zone if company else "Asia/Shanghai",
        link=link,
        owner=Contact(owner.name, (company.hr_mailbox if company else "") or owner.email) if owner else NOBODY,
        cycle=cycle.name if cycle else "",
        decides=decides,
        stands_in_for=known.name(notice.meant_for) if notice.meant_for != notice.person_id else "",
        department=_named(known.units.get(notice.department_id), language),
        task_id=notice.task_id,
        kind=task.kind if task else None,
        month=task.month if task else None,
        deadline_at=task.deadline_at if task else None,
        moment=notice.moment,
        holder=known.name(holder_id),
        before=before,
        by=known.name(by_id),
        reason=reason,
        if_silent=if_silent(task, terms, known, owner) if task and decides else None,
        missing=int(notice.facts.get("missing", 0)),
        failed=_failed(notice, known),
    )


def _named(row: Company | Unit | None, language: Language) -> str:
    if row is None:
        return ""
    return row.name_en if language is Language.ENGLISH and row.name_en else row.name


def _who_and_why(notice: Notice, task: Task | None, known: Known) -> tuple[str, str]:
    """Return who did what the notice tells about, and their reason in words."""
    command_id = command_of(notice, task)
    if decision := known.decisions.get(command_id):
        return decision.by_id, decision.comment
    if command := known.commands.get(command_id):
        return command.by_id, str(command.words.get("reason") or command.words.get("comment") or "")
    return "", ""


def _failed(notice: Notice, known: Known) -> FailedMessage | None:
    delivery = known.deliveries.get(str(notice.facts.get("delivery_id", "")))
    if delivery is None:
        return None
    return FailedMessage(known.name(delivery.person_id), delivery.channel, Reason(delivery.error.split(" ")[0]))


def if_silent(task: Task, terms: Terms | None, known: Known, owner: Person | None) -> IfSilent | None:
    """Tell what the ladder does with an open task that nobody answers (Rules 3 and 7)."""
    if terms is None:
        return None
    owner_name = owner.name if owner else ""
    holder = known.people.get(task.holder_id)
    superior = known.name(holder.superior_id or "") if holder else ""
    working_days = terms.ladder.superior_moves_after if task.level else None
    if terms.policy.approve_by_silence and task.kind is TaskKind.APPROVE_RESULTS:
        return IfSilent(Silence.PASSES, working_days=working_days)
    if task.level:
        if superior:
            return IfSilent(Silence.MOVES, superior, working_days)
        return IfSilent(Silence.STAYS, owner_name, working_days)
    for rung in terms.ladder.rungs:
        if rung.action is RungAction.REMIND:
            continue
        to = owner_name if rung.to is Recipient.HR else superior
        return IfSilent(SILENCE_OF[rung.action], to) if to else IfSilent(Silence.STAYS, owner_name)
    return None


def link_for(notice: Notice, known: Known, session: AsyncSession, base_url: str) -> str:
    """Return where the button leads: a link that can decide for who may, the page to sign in for others."""
    task = known.tasks.get(notice.task_id)
    if task is not None and may_decide(notice, task):
        held_by = notice.meant_for or notice.person_id
        return links.link_of(base_url, links.issue(session, task, notice.person_id, held_by, notice.moment))
    return page_for(notice, base_url)


def page_for(notice: Notice, base_url: str) -> str:
    """Return the page to look at after signing in."""
    if notice.task_id:
        return links.page_of_task(base_url, notice.task_id)
    return links.page_of_cycle(base_url, notice.cycle_id) if notice.cycle_id else base_url.rstrip("/")

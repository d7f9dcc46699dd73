"""One message in full: what was sent to whom, why, when, how each try ended, and whether it may go again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api import rungs
from api.commands import CommandKind
from api.facts import names_of_people, names_of_units
from api.i18n import later as _
from api.pages.message_views import OUTCOMES, Outcome, outcome_of
from api.pages.rendering import Shell, zone_of_terms
from api.pages.tasks import in_words
from api.rights import today
from api.session import Viewer
from api.words import Said
from models.cycles import Cycle
from models.delivery import Delivery, Notice, Reason, Resend, reason_in
from models.errors import Refusal
from models.org import Person
from models.resends import candidate_of, fallback_for, notices_of
from models.stages import CommandState, DeliveryState, Role
from models.tasks import Command, Task
from rules.resending import refuse_to_resend

MEND_ON_THE_PERSON = frozenset({Reason.NO_ADDRESS, Reason.BAD_ADDRESS, Reason.NO_PHONE, Reason.BAD_NUMBER})

ADVICE: Mapping[Reason, str] = {
    Reason.NO_ADDRESS: _("Enter the address on the person's page, then send again."),
    Reason.BAD_ADDRESS: _("Mend the address on the person's page, then send again."),
    Reason.NO_PHONE: _("Enter the number on the person's page; then the next SMS arrives."),
    Reason.BAD_NUMBER: _("Mend the number on the person's page; then the next SMS arrives."),
    Reason.OPTED_OUT: _("Nothing to do: their messages go by e-mail."),
    Reason.COUNTRY_NOT_ALLOWED: _("Enter a number of an allowed country, or have IT allow this one."),
    Reason.OUT_OF_HOURS: _("Nothing to do: it went by e-mail."),
    Reason.TASK_LIMIT: _("Nothing to do: one SMS a task is enough; this one went by e-mail."),
    Reason.DAY_LIMIT: _("Nothing to do: it went by e-mail."),
    Reason.MONTH_LIMIT: _("It went by e-mail. Have IT raise the limit if SMS are needed this month."),
    Reason.SMS_IS_OFF: _("It went by e-mail. IT can switch SMS on."),
    Reason.REFUSED: _("Ask the person whether the address is right and the mailbox not full, then send again."),
    Reason.BUSY: _("Nothing to do: it is tried again by itself."),
    Reason.UNREACHABLE: _("Nothing to do: it is tried again by itself."),
    Reason.ANSWER_LOST: _("Ask the recipient or the provider whether it arrived; send again only if it did not."),
    Reason.INTERRUPTED: _("Ask the recipient or the provider whether it arrived; send again only if it did not."),
    Reason.GAVE_UP: _("Have IT look at the mail server, then send again."),
    Reason.NO_LONGER_NEEDED: _("Nothing to do: the task was closed in time."),
}
"""What to do about each failure."""

ATTEMPTS: Mapping[str, str] = {
    "taken": _("taken by the provider"),
    "temporary": _("not sent; tried again later"),
    "final": _("refused for good"),
    "unknown": _("no answer: perhaps sent"),
    "not-sent": _("certainly not sent; tried again"),
}


@dataclass(frozen=True)
class Attempt:
    began_at: datetime
    ended_at: datetime
    outcome: str
    reason: Reason | None
    detail: str
    """The provider's code."""


@dataclass(frozen=True)
class Told:
    """One of the things that a message told: why, and about what."""

    notice: Notice
    task: Task | None
    department: str
    why: str
    meant_for: str


@dataclass(frozen=True)
class MessagePage:
    delivery: Delivery
    person: Person | None
    cycle: Cycle | None
    outcome: Outcome
    outcome_said: str
    reason: Reason | None
    advice: str
    mends_on_person: bool
    told: tuple[Told, ...]
    attempts: tuple[Attempt, ...]
    instead: Delivery | None
    """The e-mail that went in place of this SMS."""
    again: tuple[str, ...]
    """Deliveries that were made by sending this one again."""
    again_of: str
    resent: Resend | None
    resent_by: str
    may_resend: bool
    hindrance: str
    """Why it cannot be sent again; empty where it can."""
    asks_how: bool
    waits: bool
    once: str
    typed: str = ""
    problem: Said | None = None


async def message_page(database: AsyncSession, around: Shell, asking: Viewer, delivery: Delivery) -> MessagePage:
    cycle = await database.get(Cycle, delivery.cycle_id) if delivery.cycle_id else None
    around.tongue = around.tongue.within(zone_of_terms(cycle.terms)) if cycle else around.tongue
    outcome = outcome_of(delivery.state, delivery.channel, delivery.error, delivery.held_until)
    reason = reason_in(delivery.error)
    notices = await notices_of(database, delivery)
    resent = await database.get(Resend, delivery.id)
    names = await names_of_people(database, {resent.by_id} if resent else set())
    hindrance = await _hindrance(database, around, asking, delivery)
    return MessagePage(
        delivery=delivery,
        person=await database.get(Person, delivery.person_id),
        cycle=cycle,
        outcome=outcome,
        outcome_said=around.tongue.gettext(OUTCOMES[outcome]),
        reason=reason,
        advice=around.tongue.gettext(ADVICE[reason]) if reason and delivery.state != DeliveryState.SENT else "",
        mends_on_person=reason in MEND_ON_THE_PERSON,
        told=await _told(database, around, notices, cycle),
        attempts=tuple(_attempt(each) for each in delivery.attempts),
        instead=await fallback_for(database, delivery) if outcome is Outcome.BY_MAIL else None,
        again=await _deliveries_of_batch(database, resent.command_id) if resent else (),
        again_of=await _first_of(database, notices),
        resent=resent,
        resent_by=names.get(resent.by_id, "") if resent else "",
        may_resend=asking.has(Role.HR_ADMIN) and not asking.only_reads,
        hindrance=hindrance,
        asks_how=outcome is Outcome.UNKNOWN,
        waits=await _order_waits(database, delivery),
        once=uuid4().hex,
    )


def _attempt(kept: Mapping[str, str]) -> Attempt:
    error = kept["error"]
    return Attempt(
        began_at=datetime.fromisoformat(kept["began_at"]),
        ended_at=datetime.fromisoformat(kept["ended_at"]),
        outcome=ATTEMPTS[kept["outcome"]],
        reason=reason_in(error),
        detail=error.partition(" ")[2].strip("()"),
    )


async def _told(
    database: AsyncSession, around: Shell, notices: Sequence[Notice], cycle: Cycle | None
) -> tuple[Told, ...]:
    """Read what a message was about, and which rung of the ladder made it."""
    t = around.tongue
    ids = {notice.task_id for notice in notices if notice.task_id}
    found = await database.exec(select(Task).where(col(Task.id).in_(ids)))
    tasks = {task.id: task for task in found.all()}
    units = await names_of_units(database, {notice.department_id for notice in notices}, t.language)
    names = await names_of_people(database, {notice.meant_for for notice in notices})
    ladder = cycle.the_terms().ladder if cycle and cycle.terms else None
    return tuple(
        Told(
            notice=notice,
            task=tasks.get(notice.task_id),
            department=units.get(notice.department_id, ""),
            why=rungs.why(notice.rung, ladder, t),
            meant_for=names.get(notice.meant_for, "") if notice.meant_for != notice.person_id else "",
        )
        for notice in notices
    )


async def _hindrance(database: AsyncSession, around: Shell, asking: Viewer, delivery: Delivery) -> str:
    """Say why a message cannot be sent again; nothing where it can."""
    candidate = await candidate_of(database, delivery, await today(database, asking.company_id))
    try:
        refuse_to_resend(candidate, confirmed=True)
    except Refusal as refusal:
        said, _faults = await in_words(around, database, refusal)
        return said.detail
    return ""


async def _deliveries_of_batch(database: AsyncSession, batch: str) -> tuple[str, ...]:
    found = await database.exec(
        select(Notice.delivery_id).where(col(Notice.batch) == batch, col(Notice.delivery_id) != "").distinct()
    )
    return tuple(found.all())


async def _first_of(database: AsyncSession, notices: Sequence[Notice]) -> str:
    """Return the delivery of which this one is a repetition; nothing where it is the first."""
    found = await database.exec(
        select(Resend.delivery_id).where(col(Resend.command_id).in_({notice.batch for notice in notices})).limit(1)
    )
    return found.first() or ""


async def _order_waits(database: AsyncSession, delivery: Delivery) -> bool:
    """Say whether an order to send it again was received that the engine has not carried out yet."""
    found = await database.exec(
        select(Command.words).where(
            col(Command.state) == CommandState.RECEIVED,
            col(Command.kind) == CommandKind.RESEND.value,
            col(Command.cycle_id) == delivery.cycle_id,
        )
    )
    return any(words.get("delivery_id") == delivery.id for words in found.all())

"""What a cycle will send if nobody acts before: every message, to whom, through what, when (Rule 2, 3, 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from models.cycles import Cycle
from models.messages import RungAt, TaskPlan
from models.org import Deputy, Person, Unit, calendar_overrides, takes_part
from models.settings import TwilioSettings
from models.stages import Approver, Channel, Language, Occasion, Recipient, RungAction, TaskKind
from models.terms import Terms
from rules.calendar import WorkCalendar, calendar_for
from rules.plan import STAGE_OF, task_plans

AT_OPENING = (Channel.EMAIL, Channel.SYSTEM)

OCCASIONS = {
    RungAction.REMIND: Occasion.TASK_REMINDER,
    RungAction.MOVE: Occasion.TASK_ESCALATED,
    RungAction.ADD: Occasion.TASK_ADDED,
    RungAction.NOTIFY: Occasion.TASK_OVERDUE,
}


@dataclass(frozen=True)
class Planned:
    """One message as it will go out."""

    at: datetime
    channel: Channel
    occasion: Occasion
    rung: str
    task: TaskPlan
    department: Unit
    person: Person | None
    """Empty where the post is vacant and nobody stands above it."""
    meant_for: Person | None = None
    """The holder, where their deputy receives it."""


@dataclass(frozen=True)
class Moved:
    """A day of the terms that is off, and the working day that takes its place (Rule 9)."""

    slot: str
    planned_on: date
    happens_on: date


@dataclass(frozen=True)
class Step:
    """One message of the plan that is alike for every department: only names are missing."""

    at: datetime
    channel: Channel
    occasion: Occasion
    rung: str
    task: TaskPlan
    to: Recipient


class Preview:
    """The messages of a cycle, in the order of departments and instants; counted without being made."""

    def __init__(
        self,
        steps: list[Step],
        departments: list[Unit],
        staff: Staff,
        days_moved: list[Moved],
        tasks: tuple[TaskPlan, ...] = (),
    ) -> None:
        self.steps = steps
        self.tasks = tasks
        self.departments = departments
        self.staff = staff
        self.days_moved = days_moved

    @classmethod
    async def of(cls, session: AsyncSession, cycle: Cycle, now: datetime) -> Preview:
        terms = cycle.the_terms()
        calendar = calendar_for(terms, await calendar_overrides(session, cycle.company_id))
        departments = await session.exec(
            select(Unit)
            .where(col(Unit.company_id) == cycle.company_id, takes_part(terms.left_out))
            .order_by(col(Unit.id))
        )
        plans = task_plans(terms, calendar)
        return cls(
            steps=list(steps_of(plans, now)),
            departments=list(departments.all()),
            staff=await Staff.of(session, cycle, calendar),
            days_moved=list(days_moved(terms, calendar)),
            tasks=plans,
        )

    @property
    def count(self) -> int:
        return len(self.steps) * len(self.departments)

    def by_channel(self) -> dict[Channel, int]:
        """Count messages by channel; an SMS to somebody without a number goes as e-mail."""
        counts = dict.fromkeys(Channel, 0)
        for step in self.steps:
            counts[step.channel] += len(self.departments)
            if step.channel is Channel.SMS:
                instead = sum(
                    self.staff.addressed(step, one).channel is not step.channel for one in self.departments
                )
                counts[step.channel] -= instead
                counts[Channel.EMAIL] += instead
        return counts

    def sms_cost(self, twilio: TwilioSettings, by_channel: Mapping[Channel, int]) -> Decimal:
        return by_channel[Channel.SMS] * Decimal(twilio.price_each) if twilio.is_on else Decimal(0)

    def messages(self, start: int = 0) -> Iterator[Planned]:
        """Give the messages from the `start`-th on."""
        for number in range(start, self.count):
            department = self.departments[number // len(self.steps)]
            yield self.staff.addressed(self.steps[number % len(self.steps)], department)


def steps_of(plans: tuple[TaskPlan, ...], now: datetime) -> Iterator[Step]:
    """Give what each task says: its opening, and its ladder.

    A task that waits for the stage before it opens, at the latest, when that one is due.
    """
    opens_at = now
    latest = now
    stage = STAGE_OF[plans[0].kind] if plans else None
    for plan in plans:
        chained = plan.kind is TaskKind.APPROVE_RESULTS
        if STAGE_OF[plan.kind] is not stage or chained:
            stage, opens_at = STAGE_OF[plan.kind], latest
        opening = max(opens_at, plan.opens_at) if plan.opens_at else opens_at
        for channel in AT_OPENING:
            yield Step(opening, channel, Occasion.TASK_OPENED, "", plan, Recipient.HOLDER)
        for rung in plan.rungs:
            if rung.at > opening:
                yield from _rung(plan, rung)
        latest = max(latest, plan.deadline_at or latest)


def _rung(plan: TaskPlan, rung: RungAt) -> Iterator[Step]:
    for channel in rung.channels:
        yield Step(rung.at, channel, OCCASIONS[rung.action], rung.name, plan, rung.to)
    if rung.action is RungAction.MOVE:
        yield Step(rung.at, Channel.SYSTEM, Occasion.TASK_MOVED_AWAY, rung.name, plan, Recipient.HOLDER)


def days_moved(terms: Terms, calendar: WorkCalendar) -> Iterator[Moved]:
    """Give the deadlines of the terms that fall on a day off."""
    days = [("targets", terms.targets_due_on)]
    days += [(f"submit-{month.month:%Y-%m}", month.due_on) for month in terms.months]
    days += [
        (f"approve-{approver.value}", day)
        for approver, day in zip(terms.policy.approval_chain, terms.approvals_due_on, strict=True)
    ]
    days.append(("feedback", terms.feedback_due_on))
    for slot, day in days:
        working = calendar.working_day_on_or_before(day)
        if working != day:
            yield Moved(slot, day, working)


class Staff:
    """Who will hold tasks and hear of them: directors, their superiors, HR, and deputies of all."""

    def __init__(
        self, people: Mapping[str, Person], deputies: list[Deputy], hr_owner_id: str, calendar: WorkCalendar
    ) -> None:
        self.people = people
        self.deputies: dict[str, list[Deputy]] = {}
        for deputy in deputies:
            self.deputies.setdefault(deputy.person_id, []).append(deputy)
        self.hr_owner_id = hr_owner_id
        self.calendar = calendar

    @classmethod
    async def of(cls, session: AsyncSession, cycle: Cycle, calendar: WorkCalendar) -> Staff:
        """Load everybody who leads somebody, HR, and all deputies: few, however large the company."""
        leads = select(Person.superior_id).where(
            col(Person.company_id) == cycle.company_id, col(Person.superior_id).is_not(None)
        )
        heads = select(Unit.head_id).where(
            col(Unit.company_id) == cycle.company_id, col(Unit.head_id).is_not(None)
        )
        deputies = (
            await session.exec(
                select(Deputy)
                .join(Person, col(Person.id) == col(Deputy.person_id))
                .where(col(Person.company_id) == cycle.company_id)
                .order_by(col(Deputy.named_at).desc())
            )
        ).all()
        found = await session.exec(
            select(Person).where(
                or_(
                    col(Person.id).in_(leads),
                    col(Person.id).in_(heads),
                    col(Person.id).in_({cycle.hr_owner_id, *(deputy.deputy_id for deputy in deputies)}),
                )
            )
        )
        people = {person.id: person for person in found.all()}
        return cls(people, list(deputies), cycle.hr_owner_id, calendar)

    def holder(self, task: TaskPlan, department: Unit, at: datetime) -> tuple[Person | None, Person | None]:
        """Return who will hold a task on that day, and who stands in for them then."""
        on = self.calendar.day_of(at)
        person = self._holder(task, department, on)
        return person, self._deputy(person, on)

    def addressed(self, step: Step, department: Unit) -> Planned:
        on = self.calendar.day_of(step.at)
        person = self._recipient(step, department, on)
        deputy = self._deputy(person, on)
        receiver = deputy or person
        channel = step.channel
        if channel is Channel.SMS and receiver is not None and not receiver.phone:
            channel = Channel.EMAIL
        return Planned(
            at=step.at,
            channel=channel,
            occasion=step.occasion,
            rung=step.rung,
            task=step.task,
            department=department,
            person=receiver,
            meant_for=person if deputy else None,
        )

    def _recipient(self, step: Step, department: Unit, on: date) -> Person | None:
        hr_owner = self.people.get(self.hr_owner_id)
        if step.to is Recipient.HR:
            return hr_owner
        holder = self._holder(step.task, department, on)
        if step.to is Recipient.HOLDER:
            return holder
        return (self._superior(holder, on) if holder else None) or hr_owner

    def _holder(self, task: TaskPlan, department: Unit, on: date) -> Person | None:
        hr_owner = self.people.get(self.hr_owner_id)
        if task.approver is Approver.HR:
            return hr_owner
        director = self.people.get(department.head_id or "")
        if director is None:
            return hr_owner
        there = director if _is_there(director, on) else None
        if task.approver is Approver.SUPERIOR or there is None:
            return self._superior(director, on) or hr_owner
        return there

    def _superior(self, person: Person, on: date) -> Person | None:
        seen = {person.id}
        above = self.people.get(person.superior_id or "")
        while above is not None and above.id not in seen:
            if _is_there(above, on):
                return above
            seen.add(above.id)
            above = self.people.get(above.superior_id or "")
        return None

    def _deputy(self, person: Person | None, on: date) -> Person | None:
        if person is None:
            return None
        for deputy in self.deputies.get(person.id, []):
            if deputy.from_on <= on <= deputy.until_on:
                return self.people.get(deputy.deputy_id)
        return None


def _is_there(person: Person, on: date) -> bool:
    return person.left_on is None or person.left_on > on


def named(unit: Unit, language: Language) -> str:
    return in_language(unit.name, unit.name_en, language)

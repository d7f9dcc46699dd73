"""What a launch would do, as its page shows it: grouped by day and step, in full one page at a time (Rule 54)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from api.pages.rendering import Shell
from api.parts import Parts
from api.preview import Planned, Preview, Step, named
from models.cycles import Cycle
from models.messages import TaskPlan
from models.org import Company, Unit
from models.stages import Approver, Channel, Occasion, Recipient
from models.wordings import OwnWords, own_words

MESSAGES_A_PAGE: Final = 20
HOLDERS_A_PAGE: Final = 8


@dataclass(frozen=True)
class Sample:
    """One message as its recipient will get it."""

    planned: Planned
    subject: str
    text: str


@dataclass(frozen=True)
class PlannedStep:
    """What every department gets at one moment: one line of the calendar."""

    number: int
    """The first of its messages' steps."""
    at: datetime
    channels: tuple[Channel, ...]
    occasion: Occasion
    task: TaskPlan
    to: Recipient
    holder: Approver
    """Who holds the task: its director, unless the chain says another."""
    count: int


@dataclass(frozen=True)
class PlannedDay:
    day: date
    is_off: bool
    steps: tuple[PlannedStep, ...]


@dataclass(frozen=True)
class Plan:
    """What a launch would do."""

    departments: int
    messages: int
    by_channel: Mapping[Channel, int]
    sms_cost: Decimal
    days: tuple[PlannedDay, ...]


@dataclass(frozen=True)
class MessagesPage:
    """One page of the messages of a step, each with its text."""

    step: int
    samples: tuple[Sample, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class Held:
    """The tasks of a department that one person will hold."""

    tasks: tuple[TaskPlan, ...]
    person: str
    deputy: str


@dataclass(frozen=True)
class HoldersPage:
    """One page of the departments, each with who will hold which task."""

    rows: tuple[tuple[str, tuple[Held, ...]], ...]
    page: int
    pages: int


async def plan_of(database: AsyncSession, around: Shell, parts: Parts, cycle: Cycle) -> Plan:
    preview = await Preview.of(database, cycle, around.now)
    by_channel = preview.by_channel()
    calendar = preview.staff.calendar
    steps = sorted(_steps(preview), key=lambda step: (step.at, step.number))
    days = [
        PlannedDay(day, not calendar.is_working(day), tuple(of_day))
        for day, of_day in groupby(steps, key=lambda step: calendar.day_of(step.at))
    ]
    return Plan(
        departments=len(preview.departments),
        messages=preview.count,
        by_channel=by_channel,
        sms_cost=preview.sms_cost(parts.settings.twilio, by_channel),
        days=tuple(days),
    )


def _key(step: Step) -> tuple[object, ...]:
    return step.at, step.occasion, step.rung, step.task.slot, step.to


def _steps(preview: Preview) -> Iterator[PlannedStep]:
    numbered = enumerate(preview.steps)
    for _, alike in groupby(numbered, key=lambda one: _key(one[1])):
        steps = list(alike)
        number, first = steps[0]
        yield PlannedStep(
            number=number,
            at=first.at,
            channels=tuple(step.channel for _, step in steps),
            occasion=first.occasion,
            task=first.task,
            to=first.to,
            holder=first.task.approver or Approver.DIRECTOR,
            count=len(preview.departments) * len(steps),
        )


async def messages_page(
    database: AsyncSession, around: Shell, parts: Parts, cycle: Cycle, step: int, page: int
) -> MessagesPage:
    """Write the messages of a step to one page of the departments."""
    preview = await Preview.of(database, cycle, around.now)
    company = await database.get_one(Company, cycle.company_id)
    if not 0 <= step < len(preview.steps):
        return MessagesPage(step, (), 1, 1)
    key = _key(preview.steps[step])
    alike = [one for one in preview.steps[step:] if _key(one) == key]
    own = await own_words(database, cycle.company_id)
    samples = tuple(
        _sample(parts, company, cycle, around, own, preview.staff.addressed(one, department))
        for department in _page_of(preview.departments, page, MESSAGES_A_PAGE)
        for one in alike
    )
    return MessagesPage(step, samples, page, _pages(len(preview.departments), MESSAGES_A_PAGE))


async def holders_page(database: AsyncSession, around: Shell, cycle: Cycle, page: int) -> HoldersPage:
    """Say who will hold which task in one page of the departments."""
    preview = await Preview.of(database, cycle, around.now)
    rows = []
    for department in _page_of(preview.departments, page, HOLDERS_A_PAGE):
        held: dict[tuple[str, str], list[TaskPlan]] = {}
        for task in preview.tasks:
            at = task.opens_at or around.now
            person, deputy = preview.staff.holder(task, department, at)
            who = (person.name if person else "", deputy.name if deputy else "")
            held.setdefault(who, []).append(task)
        people = tuple(Held(tuple(tasks), person, deputy) for (person, deputy), tasks in held.items())
        rows.append((named(department, around.tongue.language), people))
    return HoldersPage(tuple(rows), page, _pages(len(preview.departments), HOLDERS_A_PAGE))


def _page_of(departments: Sequence[Unit], page: int, size: int) -> Sequence[Unit]:
    return departments[(page - 1) * size : page * size]


def _pages(count: int, size: int) -> int:
    return max(1, -(-count // size))


def _sample(
    parts: Parts, company: Company, cycle: Cycle, around: Shell, own: OwnWords, planned: Planned
) -> Sample:
    if planned.person is None:
        return Sample(planned, "", "")
    facts = {
        "company": company.name,
        "zone": cycle.the_terms().time_zone,
        "link": f"{str(parts.settings.base_url).rstrip('/')}/t/…",
        "cycle": cycle.name,
        "department": named(planned.department, around.tongue.language),
        "kind": planned.task.kind,
        "month": planned.task.month,
        "deadline_at": planned.task.deadline_at,
        "moment": planned.at,
        "decides": True,
        "stands_in_for": planned.meant_for.name if planned.meant_for else "",
    }
    written = parts.write(planned.occasion, planned.channel, planned.person, facts, own)
    return Sample(planned, written.subject, written.text)

"""What must be right before a cycle is launched: everything that is wrong is named, and nothing starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any

import phonenumbers

from models.stages import Channel, Stage
from models.terms import Terms
from rules.calendar import WorkCalendar
from rules.plan import months_between

FULL_WEIGHT = Decimal(100)


class Severity(StrEnum):
    ERROR = "error"
    """The cycle cannot be launched."""
    WARNING = "warning"
    """It can; HR should know."""
    NOTE = "note"
    """Nothing is wrong; it happens otherwise than HR wrote it."""


@dataclass(frozen=True)
class Problem:
    code: str
    severity: Severity = Severity.ERROR
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Staffed:
    """What a launch needs to know of a person."""

    id: str
    name: str
    superior_id: str | None
    post: str
    grade: str
    is_scored: bool
    """Will have a result of their own in this cycle."""
    has_email: bool
    phone: str
    is_there: bool
    """Has not left by the day of the launch."""
    department_id: str = ""
    has_targets: bool = True


@dataclass(frozen=True)
class Department:
    id: str
    head_id: str | None
    has_targets: bool = True


@dataclass(frozen=True)
class Card:
    """A scorecard with the sum of its weights."""

    id: str
    name: str
    post: str
    grade: str
    total: Decimal


@dataclass(frozen=True)
class LaunchFacts:
    """All that a launch is checked against."""

    starts_on: date
    ends_on: date
    terms: Terms
    hr_owner_id: str
    departments: tuple[Department, ...]
    people: Mapping[str, Staffed]
    cards: tuple[Card, ...]
    required_metrics: int


def problems_of_launch(facts: LaunchFacts, calendar: WorkCalendar, now: datetime) -> list[Problem]:
    """Return everything that is wrong with a cycle, and what HR should know of."""
    return [
        *problems_of_terms(facts.terms, facts.starts_on, facts.ends_on, calendar, now),
        *_of_departments(facts),
        *_of_reporting_lines(facts.people),
        *_of_contacts(facts),
        *_of_cards(facts),
        *_of_targets(facts),
    ]


# --- terms --------------------------------------------------------------------------------------


def problems_of_terms(
    terms: Terms,
    starts_on: date,
    ends_on: date,
    calendar: WorkCalendar,
    now: datetime,
    *,
    before: Terms | None = None,
) -> list[Problem]:
    """Return what is wrong with terms. Where they change those of `before`, days that stay may be over."""
    return [
        *misfits_in(terms),
        *_of_months(terms, starts_on, ends_on, calendar),
        *_of_order(terms),
        *_of_past(terms, before, calendar, now),
        *_of_holidays(terms, calendar),
    ]


def deadlines_of(terms: Terms) -> list[tuple[str, date]]:
    """Return the days of the terms by slot, in the order of the stages."""
    return [
        ("targets", terms.targets_due_on),
        *((f"submit-{month.month:%Y-%m}", month.due_on) for month in terms.months),
        *(
            (f"approve-{approver.value}", day)
            for approver, day in zip(terms.policy.approval_chain, terms.approvals_due_on, strict=False)
        ),
        ("feedback", terms.feedback_due_on),
    ]


def stage_of(slot: str) -> Stage:
    """Return the stage to which a planned task belongs."""
    if slot.startswith("submit-"):
        return Stage.SUBMISSION
    return Stage.APPROVAL if slot.startswith("approve-") else Stage(slot)


def misfits_in(terms: Terms) -> Iterator[Problem]:
    """Return where terms do not fit together: no plan can be made of such."""
    chain = terms.policy.approval_chain
    if not chain:
        yield Problem("stage-required")
    if len(set(chain)) != len(chain):
        yield Problem("approver-twice")
    if len(chain) != len(terms.approvals_due_on):
        facts = {"count": len(terms.approvals_due_on), "needed": len(chain)}
        yield Problem("approval-days-missing", facts=facts)
    if terms.first_sending_hour >= terms.last_sending_hour:
        yield Problem("hours-invalid")
    for name, count in Counter(rung.name for rung in terms.ladder.rungs).items():
        if count > 1:
            yield Problem("rung-twice", facts={"rung": name})


def _of_months(terms: Terms, starts_on: date, ends_on: date, calendar: WorkCalendar) -> Iterator[Problem]:
    given = [month.month for month in terms.months]
    needed = set(months_between(starts_on, ends_on))
    missing = sorted(needed - set(given))
    surplus = sorted(set(given) - needed)
    if missing:
        yield Problem("months-missing", facts={"months": [f"{month:%Y-%m}" for month in missing]})
    if surplus or len(given) != len(set(given)):
        yield Problem("months-surplus", facts={"months": [f"{month:%Y-%m}" for month in surplus or given]})
    for month in terms.months:
        if calendar.morning(month.opens_on) >= calendar.deadline(month.due_on):
            yield Problem("month-opens-late", facts={"month": f"{month.month:%Y-%m}"})


def _of_order(terms: Terms) -> Iterator[Problem]:
    """A stage is not due before the one that comes first, nor a step of the chain before the one below it."""
    submissions = [month.due_on for month in terms.months]
    approvals = terms.approvals_due_on
    stages = [
        (Stage.TARGETS, terms.targets_due_on, terms.targets_due_on),
        *([(Stage.SUBMISSION, min(submissions), max(submissions))] if submissions else []),
        *([(Stage.APPROVAL, approvals[0], approvals[-1])] if approvals else []),
        (Stage.FEEDBACK, terms.feedback_due_on, terms.feedback_due_on),
    ]
    for (earlier, _, last), (later, first, _) in pairwise(stages):
        if first < last:
            yield Problem("deadline-order", facts={"stage": later, "after": earlier})
    steps = zip(terms.policy.approval_chain, approvals, strict=False)
    for (below, before), (approver, day) in pairwise(steps):
        if day < before:
            yield Problem("approval-order", facts={"approver": approver, "below": below})


def _of_past(terms: Terms, before: Terms | None, calendar: WorkCalendar, now: datetime) -> Iterator[Problem]:
    """Name deadlines that are over, and those that move to the working day before (Rule 9)."""
    stay = set(deadlines_of(before)) if before else set()
    for slot, day in deadlines_of(terms):
        if (slot, day) in stay:
            continue
        named = {"slot": slot, "stage": stage_of(slot), "due_on": day}
        deadline_at = calendar.deadline(day)
        if deadline_at <= now:
            yield Problem("deadline-over", facts=named)
        elif not calendar.is_working(day):
            yield Problem("deadline-moved", Severity.NOTE, {**named, "happens_on": calendar.day_of(deadline_at)})


def _of_holidays(terms: Terms, calendar: WorkCalendar) -> Iterator[Problem]:
    years = {day.year for _, day in deadlines_of(terms)}
    for year in sorted(years):
        if not calendar.knows(year):
            yield Problem("holidays-unknown", Severity.WARNING, {"year": str(year)})


# --- company ------------------------------------------------------------------------------------


def _of_departments(facts: LaunchFacts) -> Iterator[Problem]:
    if not facts.departments:
        yield Problem("departments-missing")
    for department in facts.departments:
        named = {"department_id": department.id}
        director = facts.people.get(department.head_id or "")
        if director is None:
            yield Problem("director-missing", facts=named)
        elif not director.is_there:
            yield Problem("director-left", facts={**named, "person_id": director.id})
        elif not _has_somebody_above(director, facts.people):
            yield Problem("superior-missing", Severity.WARNING, {**named, "person_id": director.id})
        if not department.has_targets:
            yield Problem("targets-missing", Severity.WARNING, named)
    owner = facts.people.get(facts.hr_owner_id)
    if owner is None or not owner.is_there:
        yield Problem("hr-owner-missing", facts={"person_id": facts.hr_owner_id})


def _has_somebody_above(person: Staffed, people: Mapping[str, Staffed]) -> bool:
    """Tell whether a task can move up from here, past superiors who left."""
    seen = {person.id}
    above = people.get(person.superior_id or "")
    while above and above.id not in seen:
        if above.is_there:
            return True
        seen.add(above.id)
        above = people.get(above.superior_id or "")
    return False


def _of_reporting_lines(people: Mapping[str, Staffed]) -> Iterator[Problem]:
    """Name each circle in the reporting line once: an escalation would never end in it."""
    for circle in sorted(_circles(people)):
        names = [people[person_id].name for person_id in circle]
        yield Problem("reporting-circle", facts={"person_id": circle[0], "people": names})


def _circles(people: Mapping[str, Staffed]) -> Iterator[list[str]]:
    """Give each circle, upwards from the least id in it."""
    settled: set[str] = set()
    for start in people:
        line: dict[str, None] = {}  # In the order walked.
        at: str | None = start
        while at is not None and at in people and at not in settled and at not in line:
            line[at] = None
            at = people[at].superior_id
        if at is not None and at in line:
            walked = list(line)
            circle = walked[walked.index(at) :]
            first = circle.index(min(circle))
            yield circle[first:] + circle[:first]
        settled.update(line)


def _of_contacts(facts: LaunchFacts) -> Iterator[Problem]:
    """Everybody a task can reach needs a mail address; what cannot go as SMS goes there too."""
    uses_sms = any(Channel.SMS in rung.channels for rung in facts.terms.ladder.rungs)
    for person_id in sorted(_reached(facts)):
        person = facts.people[person_id]
        named = {"person_id": person_id}
        if not person.has_email:
            yield Problem("email-missing", facts=named)
        if uses_sms and not person.phone:
            yield Problem("phone-missing", Severity.ERROR, named)
        elif uses_sms and not _can_be_dialled(person.phone):
            yield Problem("phone-invalid", Severity.ERROR, named)


def _can_be_dialled(phone: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return False


def _reached(facts: LaunchFacts) -> set[str]:
    """Return whom tasks may come to: directors, everybody above them, HR."""
    reached: set[str] = set()
    for start in (facts.hr_owner_id, *(department.head_id for department in facts.departments)):
        at = start
        while at and at in facts.people and at not in reached:
            reached.add(at)
            at = facts.people[at].superior_id if start != facts.hr_owner_id else None
    return {person_id for person_id in reached if facts.people[person_id].is_there}


def _of_cards(facts: LaunchFacts) -> Iterator[Problem]:
    for card in facts.cards:
        if card.total != FULL_WEIGHT:
            yield Problem(
                "weights-not-full", facts={"scorecard": card.name, "total": f"{card.total.normalize():f}"}
            )
    if not facts.required_metrics:
        yield Problem("metrics-missing")
    known = {(card.post, card.grade) for card in facts.cards}
    lacking = Counter(
        (person.post, person.grade)
        for person in facts.people.values()
        if person.is_scored
        and person.is_there
        and (person.post, person.grade) not in known
        and (person.post, "") not in known
    )
    for (post, grade), count in sorted(lacking.items()):
        yield Problem("scorecard-missing", facts={"post": post, "grade": grade, "count": count})


def _of_targets(facts: LaunchFacts) -> Iterator[Problem]:
    """Name who would be scored against nothing: one person, or how many of a department."""
    aimed = {department.id for department in facts.departments if department.has_targets}
    lacking: dict[str, list[str]] = {}
    for person in facts.people.values():
        if person.is_scored and person.is_there and not person.has_targets and person.department_id in aimed:
            lacking.setdefault(person.department_id, []).append(person.id)
    for department_id, people in sorted(lacking.items()):
        named: dict[str, str | int] = {"department_id": department_id, "count": len(people)}
        if len(people) == 1:
            named["person_id"] = people[0]
        yield Problem("own-targets-missing", Severity.WARNING, named)

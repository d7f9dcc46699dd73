"""The plan of a cycle: its terms as proposed to HR, and each department's tasks with their instants.

Terms hold days as people say them ("the 25th"); the calendar moves those that are off (Rule 9)
when a plan is made from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from models.errors import Refusal
from models.messages import DepartmentPlan, TaskPlan
from models.months import month_after
from models.stages import STAGES_IN_ORDER, Approver, Stage, TaskKind
from models.terms import MonthDue, Policy, Terms
from rules.calendar import WorkCalendar
from rules.ladder import drop_past, resolve_ladder

TARGET_DAYS = 10
"""Working days for confirming targets."""
LEAST_SUBMISSION_DAYS = 5
"""Working days that a submission has at least after the targets are due."""
SUBMISSION_DAY = 25
APPROVAL_DAYS = 3
FEEDBACK_DAYS = 5

STAGE_OF: dict[TaskKind, Stage] = {
    TaskKind.CONFIRM_TARGETS: Stage.TARGETS,
    TaskKind.ANSWER_PROPOSAL: Stage.TARGETS,
    TaskKind.SUBMIT_DATA: Stage.SUBMISSION,
    TaskKind.FILL_SCORING_GAP: Stage.EVALUATION,
    TaskKind.APPROVE_RESULTS: Stage.APPROVAL,
    TaskKind.GIVE_FEEDBACK: Stage.FEEDBACK,
}


def default_terms(
    starts_on: date,
    ends_on: date,
    launch_on: date,
    calendar: WorkCalendar,
    *,
    months_after: int = 1,
    policy: Policy | None = None,
) -> Terms:
    """Propose the terms of a cycle over that period, launched on that day.

    Targets are due ten working days after the launch, or about when the period starts, where
    that is later. Each month's figures are due on the 25th of the month `months_after` it: the next one,
    as a month is complete only when it is over, or with 0 the month itself; never less than five
    working days after the targets. Each approval has three working days after the last
    submission, the feedback five more.
    """
    policy = policy or Policy()
    begin = max(launch_on, calendar.add_working_days(starts_on, -TARGET_DAYS))
    targets_due = calendar.add_working_days(begin, TARGET_DAYS)
    earliest = calendar.add_working_days(targets_due, LEAST_SUBMISSION_DAYS)
    months = tuple(
        _month_due(month, months_after, earliest, calendar) for month in months_between(starts_on, ends_on)
    )
    last = months[-1].due_on
    approvals = tuple(
        calendar.add_working_days(last, APPROVAL_DAYS * step) for step in range(1, len(policy.approval_chain) + 1)
    )
    return Terms(
        time_zone=calendar.time_zone,
        first_sending_hour=calendar.first_hour,
        last_sending_hour=calendar.last_hour,
        targets_due_on=targets_due,
        months=months,
        approvals_due_on=approvals,
        feedback_due_on=calendar.add_working_days(approvals[-1] if approvals else last, FEEDBACK_DAYS),
        policy=policy,
    )


def terms_like(earlier: Terms, began_on: date, proposed: Terms, starts_on: date) -> Terms:
    """Return the terms of an earlier cycle for a new period: its ladder and rules, its days as many months later.

    `began_on` and `starts_on` are the first days of the two periods. Where the new one has other
    months than the earlier one, or a day would be over, the day is the one proposed.
    """
    by = (starts_on.year - began_on.year) * 12 + starts_on.month - began_on.month
    kept = {"ladder": earlier.ladder, "policy": earlier.policy, "left_out": earlier.left_out}
    fits = len(earlier.months) == len(proposed.months) and len(earlier.approvals_due_on) == len(
        proposed.approvals_due_on
    )
    if not fits or _months_later(earlier.targets_due_on, by) < proposed.targets_due_on:
        return proposed.model_copy(update=kept)
    return earlier.model_copy(
        update={
            "targets_due_on": _months_later(earlier.targets_due_on, by),
            "months": tuple(
                MonthDue(
                    month=month_after(month.month, by),
                    opens_on=_months_later(month.opens_on, by),
                    due_on=_months_later(month.due_on, by),
                )
                for month in earlier.months
            ),
            "approvals_due_on": tuple(_months_later(day, by) for day in earlier.approvals_due_on),
            "feedback_due_on": _months_later(earlier.feedback_due_on, by),
        }
    )


def _months_later(day: date, n: int) -> date:
    """Return the same day of the n-th month after it, or that month's last day."""
    last = month_after(day, n + 1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))


def months_between(starts_on: date, ends_on: date) -> Iterator[date]:
    """Give the first day of each month that the period touches."""
    month = starts_on.replace(day=1)
    while month <= ends_on:
        yield month
        month = month_after(month, 1)


def _month_due(month: date, months_after: int, earliest: date, calendar: WorkCalendar) -> MonthDue:
    due_month = month_after(month, months_after)
    opens_month = month_after(month, min(months_after, 1))
    opens_on = calendar.next_working_day(opens_month - timedelta(days=1))
    return MonthDue(month=month, opens_on=opens_on, due_on=max(due_month.replace(day=SUBMISSION_DAY), earliest))


def department_plan(
    company_id: str, cycle_id: str, department_id: str, revision: int, terms: Terms, calendar: WorkCalendar
) -> DepartmentPlan:
    """Return all planned tasks of a department. Every department of a cycle has the same instants."""
    return DepartmentPlan(
        company_id=company_id,
        cycle_id=cycle_id,
        department_id=department_id,
        revision=revision,
        tasks=task_plans(terms, calendar),
        approve_by_silence=terms.policy.approve_by_silence,
    )


def task_plans(terms: Terms, calendar: WorkCalendar) -> tuple[TaskPlan, ...]:
    """Return the tasks of one round through the stages."""

    def due(
        slot: str,
        kind: TaskKind,
        day: date,
        month: date | None = None,
        approver: Approver | None = None,
        opens_at: datetime | None = None,
    ) -> TaskPlan:
        deadline_at = calendar.deadline(day)
        return TaskPlan(
            slot=slot,
            kind=kind,
            month=month,
            approver=approver,
            opens_at=opens_at,
            deadline_at=deadline_at,
            rungs=resolve_ladder(terms.ladder, deadline_at, calendar),
        )

    submissions = (
        due(
            f"submit-{m.month:%Y-%m}",
            TaskKind.SUBMIT_DATA,
            m.due_on,
            month=m.month,
            opens_at=calendar.morning(m.opens_on),
        )
        for m in terms.months
    )
    approvals = (
        due(f"approve-{approver.value}", TaskKind.APPROVE_RESULTS, day, approver=approver)
        for approver, day in zip(terms.policy.approval_chain, terms.approvals_due_on, strict=True)
    )
    return (
        due("targets", TaskKind.CONFIRM_TARGETS, terms.targets_due_on),
        *submissions,
        *approvals,
        due("feedback", TaskKind.GIVE_FEEDBACK, terms.feedback_due_on),
    )


def round_plan(
    slot: str,
    kind: TaskKind,
    now: datetime,
    terms: Terms,
    calendar: WorkCalendar,
    *,
    month: date | None = None,
    approver: Approver | None = None,
) -> TaskPlan:
    """Return the plan of a task that a send-back, a counter-proposal or a gap made necessary.

    It opens at once and has `policy.round_days` working days.
    """
    task = TaskPlan(slot=slot, kind=kind, month=month, approver=approver, deadline_at=None, rungs=())
    return _due_within(task, terms.policy.round_days, now, terms, calendar)


def deadline_on(due_on: date, now: datetime, calendar: WorkCalendar) -> datetime:
    """Return the deadline of a task that opens now and that HR wants by that day.

    Raises:
        Refusal: `deadline-past`; `day-off`, which would have to move; `deadline-near`, where less
            than a working day is left to act (Rule 8).
    """
    deadline_at = calendar.deadline(due_on)
    if deadline_at <= now:
        raise Refusal("deadline-past", deadline=deadline_at.isoformat())
    if not calendar.is_working(due_on):
        raise Refusal("day-off", due_on=due_on.isoformat())
    if calendar.after_working_days(now, 1) > deadline_at:
        raise Refusal("deadline-near", due_on=due_on.isoformat())
    return deadline_at


def reopened_tasks(
    stage: Stage, now: datetime, terms: Terms, calendar: WorkCalendar, due_at: datetime | None = None
) -> tuple[TaskPlan, ...]:
    """Return the tasks of a department reopened at `stage` (Rule 13).

    The first is due at `due_at` where HR said so. Otherwise a deadline that is still to come
    stays; a stage whose deadline is over gets `policy.round_days` working days after the stage
    before it, the first one after today. Each approval counts as a step of its own.
    """
    first = STAGES_IN_ORDER.index(stage)
    tasks: list[TaskPlan] = []
    steps = 0
    for task in task_plans(terms, calendar):
        if STAGES_IN_ORDER.index(STAGE_OF[task.kind]) < first:
            continue
        beside = bool(tasks) and task.kind is tasks[-1].kind is TaskKind.SUBMIT_DATA
        steps += not beside
        if due_at and steps == 1:
            rungs = drop_past(resolve_ladder(terms.ladder, due_at, calendar), now)
            tasks.append(task.model_copy(update={"opens_at": None, "deadline_at": due_at, "rungs": rungs}))
            continue
        days = (steps - bool(due_at)) * terms.policy.round_days
        earliest = _due_within(task, days, now, terms, calendar, after=due_at)
        tasks.append(max(earliest, task, key=_deadline))
    return tuple(tasks)


def _deadline(task: TaskPlan) -> datetime:
    return task.deadline_at or datetime.min.replace(tzinfo=UTC)


def _due_within(
    task: TaskPlan,
    working_days: int,
    now: datetime,
    terms: Terms,
    calendar: WorkCalendar,
    *,
    after: datetime | None = None,
) -> TaskPlan:
    deadline_at = calendar.deadline(calendar.add_working_days(calendar.day_of(after or now), working_days))
    rungs = drop_past(resolve_ladder(terms.ladder, deadline_at, calendar), now)
    return task.model_copy(update={"opens_at": None, "deadline_at": deadline_at, "rungs": rungs})

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refusal
from models.months import month_after
from models.stages import Approver, Stage, TaskKind
from models.terms import Policy
from rules.calendar import WorkCalendar
from rules.plan import (
    deadline_on,
    default_terms,
    department_plan,
    months_between,
    reopened_tasks,
    round_plan,
    task_plans,
)

CHINA = WorkCalendar()
QUARTER = (date(2026, 10, 1), date(2026, 12, 31))


def china(text: str) -> datetime:
    """An instant given in China's time."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def test_a_quarter_has_three_submissions_each_due_on_the_25th_of_the_next_month() -> None:
    """Rule 5: three submissions in a quarter; a month is handed in when it is over."""
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA)
    assert [month.month for month in terms.months] == [date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)]
    assert [month.due_on for month in terms.months] == [
        date(2026, 11, 25),
        date(2026, 12, 25),
        date(2027, 1, 25),
    ]
    assert [month.opens_on for month in terms.months] == [
        date(2026, 11, 2),  # The 1st is a Sunday.
        date(2026, 12, 1),
        date(2027, 1, 4),
    ]


def test_submissions_can_be_due_within_their_own_month() -> None:
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA, months_after=0)
    assert [(m.opens_on, m.due_on) for m in terms.months] == [
        (date(2026, 10, 8), date(2026, 10, 25)),
        (date(2026, 11, 2), date(2026, 11, 25)),
        (date(2026, 12, 1), date(2026, 12, 25)),
    ]


def test_targets_are_due_ten_working_days_after_a_launch_within_the_period() -> None:
    terms = default_terms(*QUARTER, date(2026, 10, 9), CHINA)
    assert terms.targets_due_on == CHINA.add_working_days(date(2026, 10, 9), 10) == date(2026, 10, 22)


def test_targets_of_an_early_launch_are_due_as_the_period_starts() -> None:
    assert default_terms(*QUARTER, date(2026, 6, 1), CHINA).targets_due_on == date(2026, 10, 8)


def test_a_cycle_over_a_period_long_past_has_no_deadline_in_the_past() -> None:
    launch = date(2026, 11, 23)
    terms = default_terms(date(2017, 7, 1), date(2017, 9, 30), launch, CHINA)
    days = [terms.targets_due_on, *(m.due_on for m in terms.months), *terms.approvals_due_on]
    assert launch < days[0]
    assert days == sorted(days)


def test_a_plan_holds_every_task_with_the_instants_of_the_calendar() -> None:
    """Rules 1, 9: the 25th of October 2026 is a Sunday."""
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA, months_after=0)
    plan = department_plan("c", "q4", "d", 7, terms, CHINA)
    assert (plan.company_id, plan.cycle_id, plan.department_id, plan.revision) == ("c", "q4", "d", 7)
    assert [(task.slot, task.kind) for task in plan.tasks] == [
        ("targets", TaskKind.CONFIRM_TARGETS),
        ("submit-2026-10", TaskKind.SUBMIT_DATA),
        ("submit-2026-11", TaskKind.SUBMIT_DATA),
        ("submit-2026-12", TaskKind.SUBMIT_DATA),
        ("approve-director", TaskKind.APPROVE_RESULTS),
        ("approve-superior", TaskKind.APPROVE_RESULTS),
        ("approve-hr", TaskKind.APPROVE_RESULTS),
        ("feedback", TaskKind.GIVE_FEEDBACK),
    ]
    october = plan.tasks[1]
    assert october.month == date(2026, 10, 1)
    assert october.opens_at == china("2026-10-08T09:00")
    assert october.deadline_at == china("2026-10-23T18:00")
    assert [rung.at for rung in october.rungs] == [
        china("2026-10-20T09:00"),
        china("2026-10-22T09:00"),
        china("2026-10-23T18:00"),
    ]
    assert plan.tasks[4].approver is Approver.DIRECTOR


def test_a_shorter_chain_has_fewer_approvals() -> None:
    policy = Policy(approval_chain=(Approver.DIRECTOR,), approve_by_silence=True)
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA, policy=policy)
    plan = department_plan("c", "q4", "d", 1, terms, CHINA)
    assert [task.slot for task in plan.tasks if task.approver] == ["approve-director"]
    assert plan.approve_by_silence


def test_a_task_after_a_send_back_has_the_policys_working_days() -> None:
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA, policy=Policy(round_days=3))
    friday = china("2026-11-27T15:00")
    task = round_plan("submit-2026-10", TaskKind.SUBMIT_DATA, friday, terms, CHINA, month=date(2026, 10, 1))
    assert task.deadline_at == china("2026-12-02T18:00")
    assert task.opens_at is None
    assert [rung.name for rung in task.rungs] == ["email-1d", "escalate"]  # Three days before is over.


def test_a_reopened_department_gets_new_deadlines_for_what_is_over() -> None:
    """Rule 13: reopened at its approval, a month after everything was due."""
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA)
    monday = china("2027-03-01T10:00")
    tasks = reopened_tasks(Stage.APPROVAL, monday, terms, CHINA)
    assert [(task.slot, task.deadline_at) for task in tasks] == [
        ("approve-director", china("2027-03-04T18:00")),
        ("approve-superior", china("2027-03-09T18:00")),
        ("approve-hr", china("2027-03-12T18:00")),
        ("feedback", china("2027-03-17T18:00")),
    ]


def test_a_reopened_department_keeps_deadlines_that_are_still_to_come() -> None:
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA)
    planned = {task.slot: task for task in task_plans(terms, CHINA)}
    again = {task.slot: task for task in reopened_tasks(Stage.TARGETS, china("2026-11-02T10:00"), terms, CHINA)}
    assert again.keys() == planned.keys()
    assert again["targets"].deadline_at == china("2026-11-05T18:00")
    assert {slot for slot in again if again[slot] != planned[slot]} == {"targets"}


def test_a_reopened_task_is_due_on_the_day_that_hr_names_and_the_rest_follows() -> None:
    """Rule 13: reopened at its approval, wanted by Tuesday."""
    terms = default_terms(*QUARTER, date(2026, 9, 14), CHINA)
    monday = china("2027-03-01T10:00")
    due_at = deadline_on(date(2027, 3, 2), monday, CHINA)
    tasks = reopened_tasks(Stage.APPROVAL, monday, terms, CHINA, due_at)
    assert [(task.slot, task.deadline_at) for task in tasks] == [
        ("approve-director", china("2027-03-02T18:00")),
        ("approve-superior", china("2027-03-05T18:00")),
        ("approve-hr", china("2027-03-10T18:00")),
        ("feedback", china("2027-03-15T18:00")),
    ]
    assert [rung.name for rung in tasks[0].rungs] == ["escalate"]


@pytest.mark.parametrize(
    ("due_on", "code"),
    [
        (date(2027, 2, 26), "deadline-past"),
        (date(2027, 3, 1), "deadline-near"),
        (date(2027, 3, 6), "day-off"),  # A Saturday.
    ],
)
def test_a_day_on_which_nothing_can_be_due_is_refused(due_on: date, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        deadline_on(due_on, china("2027-03-01T10:00"), CHINA)


@pytest.mark.parametrize(("month", "n", "after"), [(12, 1, (2027, 1)), (1, -1, (2025, 12)), (3, 0, (2026, 3))])
def test_months_follow_each_other_over_the_year(month: int, n: int, after: tuple[int, int]) -> None:
    assert month_after(date(2026, month, 1), n) == date(*after, 1)


@given(
    st.dates(date(2020, 1, 1), date(2028, 1, 1)),
    st.integers(0, 400),
    st.dates(date(2020, 1, 1), date(2028, 1, 1)),
    st.integers(0, 2),
)
def test_proposed_deadlines_come_in_the_order_of_the_stages(
    starts_on: date, length: int, launch_on: date, months_after: int
) -> None:
    ends_on = date.fromordinal(starts_on.toordinal() + length)
    terms = default_terms(starts_on, ends_on, launch_on, CHINA, months_after=months_after)
    plans = task_plans(terms, CHINA)
    deadlines = [plan.deadline_at for plan in plans if plan.deadline_at]
    assert deadlines == sorted(deadlines)
    assert len(deadlines) == len(plans)
    assert deadlines[0] > CHINA.morning(launch_on)
    assert len(terms.months) == len(list(months_between(starts_on, ends_on)))
    assert len({plan.slot for plan in plans}) == len(plans)

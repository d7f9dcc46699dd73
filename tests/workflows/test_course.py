"""The turns of a review without the engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from models.errors import Refusal
from models.messages import DepartmentPlan, DepartmentStart
from models.stages import Choice, Stage
from rules.calendar import WorkCalendar
from rules.plan import default_terms, department_plan
from workflows.course import Course

NOW = datetime(2055, 1, 4, 1, tzinfo=UTC)


def plan() -> DepartmentPlan:
    calendar = WorkCalendar()
    terms = default_terms(date(2055, 1, 1), date(2055, 3, 31), date(2054, 12, 1), calendar)
    return department_plan("c", "2055q1", "d1", 1, terms, calendar)


def course(stage: Stage = Stage.TARGETS, round_: int = 1) -> Course:
    return Course.of(DepartmentStart(plan=plan(), begin_at=NOW, stage=stage, round=round_))


def test_a_review_asks_for_its_targets_first() -> None:
    """Rule 1: fixed stages; the next cannot start before."""
    assert list(course().wanted(set())) == ["targets"]


def test_submissions_wait_for_their_months() -> None:
    """Rule 5: three submissions in a quarter, each when its month can be known."""
    it = course(Stage.SUBMISSION)
    assert it.next_to_open(set(), NOW) is None
    assert [opening.month for opening in it.openings(set())] == [2, 3, 4]


def test_the_gate_of_the_data_opens_with_the_last_month_only() -> None:
    """Rule 6."""
    it = course(Stage.SUBMISSION)
    for month in ("2055-01", "2055-03"):
        it.decided(f"submit-{month}", Choice.SUBMIT, "c1")
        assert it.stage is Stage.SUBMISSION
    it.decided("submit-2055-02", Choice.SUBMIT, "c1")
    assert it.stage is Stage.EVALUATION


def test_approvals_come_one_after_the_other() -> None:
    """Rule 14: director, superior, HR."""
    it = course(Stage.APPROVAL)
    order = []
    while it.stage is Stage.APPROVAL:
        (slot,) = it.wanted(set())
        assert it.wanted({slot}) == {}
        order.append(slot)
        last = it.decided(slot, Choice.APPROVE, "c")
    assert order == ["approve-director", "approve-superior", "approve-hr"]
    assert last


def test_a_second_counter_proposal_keeps_the_first() -> None:
    """Rule 23: every round is kept under a slot of its own."""
    it = course()
    seen = []
    for turn in range(2):
        (slot,) = it.wanted(set())
        seen.append(slot)
        it.decided(slot, Choice.COUNTER_PROPOSE, f"p{turn}")
        (slot,) = it.wanted(set())
        seen.append(slot)
        it.decided(slot, Choice.KEEP_TARGETS, f"k{turn}")
    assert seen == ["targets", "answer-1", "targets-2", "answer-2"]
    assert list(it.wanted(set())) == ["targets-3"]


def test_a_department_reopened_for_its_figures_hands_them_in_at_once() -> None:
    """Rule 13: one task for all months, then scores and approvals of a new round."""
    it = course(Stage.SUBMISSION, round_=2)
    assert list(it.wanted(set())) == ["resubmit"]
    it.decided("resubmit", Choice.SUBMIT, "c")
    assert it.stage is Stage.EVALUATION


def test_figures_wanted_by_a_day_are_due_then_and_once() -> None:
    """Rule 13: the day that HR named at the reopening is that round's alone, and moves with a pause."""
    start = DepartmentStart(plan=plan(), begin_at=NOW, stage=Stage.SUBMISSION, round=2, due_at=NOW)
    it = Course.of(start)
    it.shift(timedelta(days=1))
    assert it.wanted(set())["resubmit"].deadline_at == NOW + timedelta(days=1)
    again = DepartmentStart(plan=plan(), begin_at=NOW, stage=Stage.SUBMISSION, round=2, carried=it.carried())
    assert Course.of(again) == it
    it.decided("resubmit", Choice.SUBMIT, "c")
    it.scored(missing=0)
    it.decided("approve-director", Choice.BACK_TO_SUBMISSION, "b")
    assert it.wanted(set())["resubmit"].deadline_at is None


def test_a_shift_moves_what_is_not_open_yet_as_well() -> None:
    """Rule 13."""
    it = course()
    planned = it.wanted(set())["targets"].deadline_at
    it.shift(timedelta(days=3))
    shifted = it.wanted(set())["targets"]
    assert planned is not None
    assert shifted.deadline_at == planned + timedelta(days=3)
    assert shifted.rungs == ()


def test_what_continues_as_new_goes_on_where_it_stood() -> None:
    it = course()
    it.decided("targets", Choice.COUNTER_PROPOSE, "p1")
    it.shift(timedelta(hours=5))
    carried = DepartmentStart(plan=plan(), begin_at=NOW, stage=it.stage, carried=it.carried())
    assert Course.of(carried) == it


def test_a_required_task_cannot_be_voided() -> None:
    """Rule 1: no stage can be skipped."""
    with pytest.raises(Refusal, match="stage-required"):
        course().refuse_unless_voidable("targets")

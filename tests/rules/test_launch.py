"""What keeps a cycle from being launched, found without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.stages import Approver, Channel, Stage
from models.terms import Ladder, Policy, Rung, Terms
from rules.calendar import WorkCalendar
from rules.launch import (
    Card,
    Department,
    LaunchFacts,
    Problem,
    Severity,
    Staffed,
    misfits_in,
    problems_of_launch,
    problems_of_terms,
)
from rules.plan import default_terms

CALENDAR = WorkCalendar()
NOW = datetime(2026, 9, 1, 1, tzinfo=UTC)
STARTS_ON, ENDS_ON = date(2026, 10, 1), date(2026, 12, 31)
TERMS = default_terms(STARTS_ON, ENDS_ON, date(2026, 9, 1), CALENDAR)


def person(person_id: str, superior_id: str | None = None) -> Staffed:
    return Staffed(
        id=person_id,
        name=person_id.upper(),
        superior_id=superior_id,
        post="rep",
        grade="P1",
        is_scored=True,
        has_email=True,
        phone="+8613800138000",
        is_there=True,
        department_id="d1",
    )


@pytest.fixture
def facts() -> LaunchFacts:
    """Meera leads the department, Ravi leads Meera, Asha works in it; nothing is wrong."""
    people = [person("ravi"), person("meera", "ravi"), person("asha", "meera"), person("hr", "ravi")]
    return LaunchFacts(
        starts_on=STARTS_ON,
        ends_on=ENDS_ON,
        terms=TERMS,
        hr_owner_id="hr",
        departments=(Department("d1", "meera"),),
        people={one.id: one for one in people},
        cards=(Card("c1", "Reps", "rep", "", Decimal(100)),),
        required_metrics=2,
    )


def found(facts: LaunchFacts) -> list[Problem]:
    return problems_of_launch(facts, CALENDAR, NOW)


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def codes(problems: list[Problem]) -> list[str]:
    return [problem.code for problem in errors(problems)]


def with_person(facts: LaunchFacts, changed: Staffed) -> LaunchFacts:
    return replace(facts, people={**facts.people, changed.id: changed})


def with_terms(**changes: object) -> Terms:
    return TERMS.model_copy(update=changes)


def warnings(facts: LaunchFacts) -> list[Problem]:
    return [problem for problem in found(facts) if problem.severity is Severity.WARNING]


def test_a_company_in_order_has_no_problem(facts: LaunchFacts) -> None:
    notes = [problem for problem in found(facts) if problem.severity is Severity.NOTE]
    known = [problem for problem in warnings(facts) if problem.code != "holidays-unknown"]
    assert (codes(found(facts)), known) == ([], [])
    assert all(note.code == "deadline-moved" for note in notes)


def test_a_department_without_a_director_and_one_whose_director_left_are_named(facts: LaunchFacts) -> None:
    facts = replace(facts, departments=(Department("d1", "meera"), Department("d2", None)))
    facts = with_person(facts, replace(facts.people["meera"], is_there=False))
    assert codes(found(facts)) == ["director-left", "director-missing"]
    left = next(problem for problem in found(facts) if problem.code == "director-left")
    assert left.facts == {"department_id": "d1", "person_id": "meera"}


def test_a_circle_in_the_reporting_line_is_named_once_with_those_in_it(facts: LaunchFacts) -> None:
    facts = with_person(facts, person("ravi", "meera"))
    circles = [problem for problem in found(facts) if problem.code == "reporting-circle"]
    assert [problem.facts for problem in circles] == [{"person_id": "meera", "people": ["MEERA", "RAVI"]}]


def test_who_reports_to_themselves_is_a_circle(facts: LaunchFacts) -> None:
    assert codes(found(with_person(facts, person("asha", "asha")))) == ["reporting-circle"]


@given(st.lists(st.one_of(st.none(), st.integers(0, 24)), max_size=20), st.randoms())
def test_every_circle_is_found_once_whoever_is_asked_first(line: list[int | None], random: Random) -> None:
    """`line[n]` leads person n; 20 to 24 are of another company."""
    people = {str(n): person(str(n), None if above is None else str(above)) for n, above in enumerate(line)}
    circles = set()
    for start in range(len(line)):
        at, walked = line[start], [start]
        while at is not None and at < len(line) and at != start and len(walked) <= len(line):
            walked.append(at)
            at = line[at]
        if at == start:
            circles.add(frozenset(walked))
    shuffled = list(people)
    random.shuffle(shuffled)
    named = [circle_of(people), circle_of({one: people[one] for one in shuffled})]
    assert named[0] == named[1]
    assert sorted(map(sorted, named[0])) == sorted(sorted(map(str, circle)) for circle in circles)


def circle_of(people: dict[str, Staffed]) -> list[list[str]]:
    facts = LaunchFacts(STARTS_ON, ENDS_ON, TERMS, "", (), people, (), 1)
    return [problem.facts["people"] for problem in found(facts) if problem.code == "reporting-circle"]


@pytest.mark.parametrize("person_id", ["meera", "ravi", "hr"])
def test_everybody_a_task_can_reach_needs_a_mail_address(facts: LaunchFacts, person_id: str) -> None:
    """Rule 2: e-mail goes to the director; Rules 3 and 7: tasks climb the line, HR is told."""
    problems = found(with_person(facts, replace(facts.people[person_id], has_email=False)))
    assert [(one.code, one.facts) for one in errors(problems)] == [("email-missing", {"person_id": person_id})]


@pytest.mark.parametrize(
    ("phone", "code"),
    [("", "phone-missing"), ("13800138000", "phone-invalid"), ("+86138", "phone-invalid"), ("x", "phone-invalid")],
)
def test_where_the_ladder_sends_sms_a_number_that_can_be_dialled_is_needed(
    facts: LaunchFacts, phone: str, code: str
) -> None:
    """Rule 2: the director is reminded by SMS; a company without numbers takes it out of its ladder."""
    facts = with_person(facts, replace(facts.people["meera"], phone=phone))
    assert (code, {"person_id": "meera"}) in [(one.code, one.facts) for one in errors(found(facts))]


def test_an_employee_without_tasks_may_lack_both(facts: LaunchFacts) -> None:
    changed = replace(facts.people["asha"], has_email=False, phone="")
    assert codes(found(with_person(facts, changed))) == []


def test_without_sms_in_the_ladder_nobody_needs_a_number(facts: LaunchFacts) -> None:
    ladder = Ladder(rungs=(Rung(name="mail", days=-1, channels=(Channel.EMAIL,)),))
    changed = with_person(facts, replace(facts.people["meera"], phone=""))
    assert codes(found(replace(changed, terms=with_terms(ladder=ladder)))) == []


@pytest.mark.parametrize("total", ["99.9999", "100.0001", "0"])
def test_weights_add_to_100_exactly(facts: LaunchFacts, total: str) -> None:
    """Rule 42: weights add to 100 exactly."""
    cards = (Card("c1", "Reps", "rep", "", Decimal(total)),)
    assert codes(found(replace(facts, cards=cards))) == ["weights-not-full"]


def test_a_post_without_scorecard_is_named_with_how_many_it_concerns(facts: LaunchFacts) -> None:
    cards = (Card("c1", "Seniors", "rep", "P2", Decimal(100)),)
    problem = next(one for one in found(replace(facts, cards=cards)) if one.code == "scorecard-missing")
    assert problem.facts == {"post": "rep", "grade": "P1", "count": 4}


def test_a_scorecard_of_the_grade_is_enough(facts: LaunchFacts) -> None:
    cards = (Card("c1", "Juniors", "rep", "P1", Decimal(100)),)
    assert codes(found(replace(facts, cards=cards))) == []


def test_no_department_no_metric_no_owner_are_all_named_at_once(facts: LaunchFacts) -> None:
    facts = replace(facts, departments=(), required_metrics=0, hr_owner_id="nobody")
    assert codes(found(facts)) == ["departments-missing", "hr-owner-missing", "metrics-missing"]


def test_a_director_at_the_top_and_missing_targets_are_worth_a_warning(facts: LaunchFacts) -> None:
    facts = replace(facts, departments=(Department("d1", "ravi", has_targets=False),))
    assert {"superior-missing", "targets-missing"} <= {one.code for one in warnings(facts)}
    assert codes(found(facts)) == []


def test_nobody_is_above_a_director_whose_superiors_all_left(facts: LaunchFacts) -> None:
    """Rule 7: up the line one superior at a time; at the top it stays open."""
    gone = with_person(facts, replace(facts.people["ravi"], is_there=False))
    assert "superior-missing" in [one.code for one in warnings(gone)]
    above = with_person(with_person(gone, replace(gone.people["ravi"], superior_id="zoe")), person("zoe"))
    assert "superior-missing" not in [one.code for one in warnings(above)]


def test_people_without_targets_are_one_line_a_department(facts: LaunchFacts) -> None:
    for name in ("asha", "meera"):
        facts = with_person(facts, replace(facts.people[name], has_targets=False))
    assert [one.facts for one in warnings(facts) if one.code == "own-targets-missing"] == [
        {"department_id": "d1", "count": 2}
    ]
    facts = with_person(facts, replace(facts.people["meera"], is_scored=False))
    assert [one.facts for one in warnings(facts) if one.code == "own-targets-missing"] == [
        {"department_id": "d1", "count": 1, "person_id": "asha"}
    ]


def test_a_deadline_that_is_over_is_named_with_its_stage(facts: LaunchFacts) -> None:
    problems = found(replace(facts, terms=with_terms(targets_due_on=date(2026, 8, 31))))
    assert [problem.facts for problem in problems if problem.code == "deadline-over"] == [
        {"slot": "targets", "stage": "targets", "due_on": date(2026, 8, 31)}
    ]


def test_today_s_deadline_is_over_at_the_end_of_its_day_and_not_before() -> None:
    """Rule 9: a deadline is the end of its day, 18:00."""
    terms = with_terms(targets_due_on=date(2026, 9, 1))
    for now, over in ((datetime(2026, 9, 1, 9, 59, tzinfo=UTC), 0), (datetime(2026, 9, 1, 10, tzinfo=UTC), 1)):
        problems = problems_of_terms(terms, STARTS_ON, ENDS_ON, CALENDAR, now)
        assert [one.code for one in problems].count("deadline-over") == over


def test_a_change_may_leave_days_that_are_over_but_set_none() -> None:
    """Rule 10: a deadline changed mid-cycle."""
    now = datetime(2026, 11, 1, tzinfo=UTC)
    later = TERMS.model_copy(update={"feedback_due_on": date(2027, 3, 31)})
    assert codes(problems_of_terms(later, STARTS_ON, ENDS_ON, CALENDAR, now, before=TERMS)) == []
    back = TERMS.model_copy(update={"targets_due_on": date(2026, 10, 30)})
    problems = problems_of_terms(back, STARTS_ON, ENDS_ON, CALENDAR, now, before=TERMS)
    assert codes(problems) == ["deadline-over"]


def test_stages_are_due_in_their_order() -> None:
    """Rule 1: no stage can be skipped."""
    terms = with_terms(feedback_due_on=TERMS.approvals_due_on[0])
    problems = errors(problems_of_terms(terms, STARTS_ON, ENDS_ON, CALENDAR, NOW))
    assert [(problem.code, problem.facts["stage"]) for problem in problems] == [("deadline-order", "feedback")]


def test_all_submissions_come_after_the_targets_and_before_the_approvals() -> None:
    first, second, third = TERMS.months
    before = {"opens_on": date(2026, 9, 2), "due_on": date(2026, 9, 4)}
    early = with_terms(months=(first.model_copy(update=before), second, third))
    late = with_terms(months=(first, second, third.model_copy(update={"due_on": TERMS.feedback_due_on})))
    assert [order_of(terms) for terms in (early, late)] == [
        [("deadline-order", Stage.SUBMISSION, Stage.TARGETS)],
        [("deadline-order", Stage.APPROVAL, Stage.SUBMISSION)],
    ]


def test_the_chain_is_due_from_its_lowest_step_up() -> None:
    """Rule 14: director → superior → HR."""
    first, second, third = TERMS.approvals_due_on
    swapped = with_terms(approvals_due_on=(second, first, third))
    assert order_of(swapped) == [("approval-order", Approver.SUPERIOR, Approver.DIRECTOR)]


def order_of(terms: Terms) -> list[tuple[str, str, str]]:
    """What is out of order, and after what it should come."""
    problems = errors(problems_of_terms(terms, STARTS_ON, ENDS_ON, CALENDAR, NOW))
    return [(one.code, *one.facts.values()) for one in problems]


def test_a_deadline_on_a_day_off_is_noted_with_the_working_day_before() -> None:
    """Rule 9: one that falls on a day off moves to the working day before."""
    terms = with_terms(targets_due_on=date(2026, 9, 6))
    notes = [one for one in problems_of_terms(terms, STARTS_ON, ENDS_ON, CALENDAR, NOW) if not is_wrong(one)]
    assert [(one.code, dict(one.facts)) for one in notes if one.facts["slot"] == "targets"] == [
        (
            "deadline-moved",
            {
                "slot": "targets",
                "stage": Stage.TARGETS,
                "due_on": date(2026, 9, 6),
                "happens_on": date(2026, 9, 4),
            },
        )
    ]


def is_wrong(problem: Problem) -> bool:
    return problem.severity is not Severity.NOTE


def test_a_submission_opens_before_the_instant_at_which_it_is_due() -> None:
    """Due in the National Day holidays means due before them, when it is not open yet."""
    first, second, third = TERMS.months
    days = {"opens_on": date(2026, 10, 5), "due_on": date(2026, 10, 6)}
    terms = with_terms(months=(first.model_copy(update=days), second, third))
    problems = problems_of_terms(terms, STARTS_ON, ENDS_ON, CALENDAR, NOW)
    assert [one.facts for one in problems if one.code == "month-opens-late"] == [{"month": "2026-10"}]


def test_every_month_of_the_period_is_submitted_once() -> None:
    """Rule 5: three submissions in a quarter."""
    months = TERMS.months
    lacking = errors(problems_of_terms(with_terms(months=months[:2]), STARTS_ON, ENDS_ON, CALENDAR, NOW))
    assert [(one.code, one.facts["months"]) for one in lacking] == [("months-missing", ["2026-12"])]
    twice = problems_of_terms(with_terms(months=(*months, months[0])), STARTS_ON, ENDS_ON, CALENDAR, NOW)
    assert "months-surplus" in [one.code for one in twice]


def test_a_chain_needs_a_deadline_for_each_step_and_at_least_one_step() -> None:
    """Rule 14: approval is a chain."""
    short = with_terms(approvals_due_on=TERMS.approvals_due_on[:1])
    assert [misfit.code for misfit in misfits_in(short)] == ["approval-days-missing"]
    none = with_terms(policy=Policy(approval_chain=()), approvals_due_on=())
    assert [misfit.code for misfit in misfits_in(none)] == ["stage-required"]
    chain = (Approver.HR, Approver.HR)
    twice = with_terms(policy=Policy(approval_chain=chain), approvals_due_on=TERMS.approvals_due_on[:2])
    assert [misfit.code for misfit in misfits_in(twice)] == ["approver-twice"]


def test_fifty_thousand_people_in_one_line_are_checked_in_one_walk() -> None:
    count = 50_000
    people = {f"{n:05}": person(f"{n:05}", f"{n - 1:05}" if n else f"{count - 1:05}") for n in range(count)}
    departments = tuple(Department(f"d{n}", f"{n:05}") for n in range(0, count, 25))
    facts = LaunchFacts(STARTS_ON, ENDS_ON, TERMS, "00000", departments, people, (), 1)
    problems = found(facts)
    assert codes(problems) == ["reporting-circle", "scorecard-missing"]
    assert [len(one.facts["people"]) for one in problems if one.code == "reporting-circle"] == [count]


def test_holidays_that_are_not_announced_are_a_warning() -> None:
    starts_on, ends_on = date(2040, 1, 1), date(2040, 3, 31)
    terms = default_terms(starts_on, ends_on, date(2039, 12, 1), CALENDAR)
    problems = problems_of_terms(terms, starts_on, ends_on, CALENDAR, NOW)
    assert {(one.code, one.severity, one.facts["year"]) for one in problems if is_wrong(one)} == {
        ("holidays-unknown", Severity.WARNING, "2040")
    }

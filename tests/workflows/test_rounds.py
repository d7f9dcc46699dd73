"""What decisions lead to: proposals, send-backs, gaps, policy; and what HR can change in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlmodel import col, select
from temporalio.testing import WorkflowEnvironment

from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker
from models.messages import Extend, Reassign, RemindTask, ReopenDepartment, VoidTask
from models.metrics import Score, Target
from models.org import Deputy, Person
from models.scores import missing_components
from models.stages import Channel, Choice, CycleState, Occasion, Stage, TaskKind, TaskState
from models.tasks import TargetProposal, Task
from models.terms import Ladder, MonthDue, Policy, Rung, Terms
from quarterdeck.demo.small import make_small_company
from rules.calendar import WorkCalendar
from tests.workflows.house import House, Refused, house


def soon(days: int) -> date:
    return (datetime.now(UTC) + timedelta(days=days)).date()


def quick_terms(**policy: object) -> Terms:
    """A cycle whose one submission opens at once, so that no time need be skipped to get through."""
    return Terms(
        targets_due_on=soon(20),
        months=(MonthDue(month=date(2054, 10, 1), opens_on=soon(-5), due_on=soon(30)),),
        approvals_due_on=(soon(40), soon(50), soon(60)),
        feedback_due_on=soon(70),
        policy=Policy.model_validate(policy),
    )


async def home_with(
    engine: WorkflowEnvironment,
    sessions: SessionMaker,
    record_as: str,
    terms: Terms,
    metrics: tuple[str, ...] = (),
) -> AsyncIterator[House]:
    company = await make_small_company(
        sessions, 1, 3, company_id=f"c{uuid4().hex[:8]}", metrics=metrics, terms=terms
    )
    async with house(engine, sessions, company, record_as) as it:
        await it.launch()
        yield it


@pytest.fixture
async def home(engine: WorkflowEnvironment, some_sessions: SessionMaker, record_as: str) -> AsyncIterator[House]:
    async for it in home_with(engine, some_sessions, record_as, quick_terms()):
        yield it


@pytest.fixture
async def home_with_sales(
    engine: WorkflowEnvironment, some_sessions: SessionMaker, record_as: str
) -> AsyncIterator[House]:
    async for it in home_with(engine, some_sessions, record_as, quick_terms(), ("sales",)):
        yield it


@pytest.fixture
async def silent_home(
    engine: WorkflowEnvironment, some_sessions: SessionMaker, record_as: str
) -> AsyncIterator[House]:
    async for it in home_with(engine, some_sessions, record_as, quick_terms(approve_by_silence=True)):
        yield it


FORWARD = {
    TaskKind.CONFIRM_TARGETS: Choice.CONFIRM,
    TaskKind.SUBMIT_DATA: Choice.SUBMIT,
    TaskKind.APPROVE_RESULTS: Choice.APPROVE,
    TaskKind.GIVE_FEEDBACK: Choice.DONE,
}


async def the_task(home: House, slot: str) -> Task:
    """Return the open task of that slot, once it is there."""

    async def count() -> int:
        return len([task for task in await home.open_tasks() if task.slot == slot])

    await home.until(count, 1)
    return next(task for task in await home.open_tasks() if task.slot == slot)


async def walk(home: House, until: str) -> Task:
    """Decide one task after the other until that slot is open; return its task."""
    while True:
        await home.until(home.count_open, 1)
        (task,) = await home.open_tasks()
        if task.slot == until:
            return task
        await home.decide(task, FORWARD[task.kind])


# --- proposals ---------------------------------------------------------------------------------


async def test_an_accepted_proposal_becomes_the_target_and_reaches_everyone_below(
    home_with_sales: House,
) -> None:
    """Rule 23: the director proposes other values; HR accepts; the department's people get them to the cent."""
    home = home_with_sales
    task = await the_task(home, "targets")
    metric_id = home.company.metric_ids["sales"]
    command_id = await home.command("decide", task.id, task.holder_id, comment="周期只有 30 天")
    async with home.sessions() as session:
        session.add(
            TargetProposal(
                id=str(uuid4()),
                command_id=command_id,
                task_id=task.id,
                cycle_id=task.cycle_id,
                department_id=task.department_id,
                metric_id=metric_id,
                before="1500000",
                proposed="1000000",
                at=datetime.now(UTC),
            )
        )
        await session.commit()
    await home.decide_as(command_id, task, Choice.COUNTER_PROPOSE)
    answer = await the_task(home, "answer-1")
    assert answer.holder_id == home.company.hr_id
    await home.decide(answer, Choice.ACCEPT_PROPOSAL)
    await the_task(home, "submit-2054-10")
    async with home.sessions() as session:
        found = await session.exec(select(Target).where(col(Target.department_id) == task.department_id))
        targets = found.all()
        proposal = (await session.exec(select(TargetProposal))).one()
    people = sorted(target.value for target in targets if target.person_id)
    assert people == [Decimal("333333.33"), Decimal("333333.33"), Decimal("333333.34")]
    assert proposal.accepted is True
    assert all(target.confirmed_at for target in targets)


async def test_a_proposal_not_accepted_asks_the_director_again(home: House) -> None:
    """Rule 23: HR keeps the targets; the director is asked again, and every round is kept."""
    await home.decide(await the_task(home, "targets"), Choice.COUNTER_PROPOSE, comment="太高")
    await home.decide(await the_task(home, "answer-1"), Choice.KEEP_TARGETS)
    again = await the_task(home, "targets-2")
    assert again.holder_id == home.company.departments[0].director_id
    await home.decide(again, Choice.CONFIRM)
    await the_task(home, "submit-2054-10")
    assert [d.choice for d in await home.decisions(again.department_id)] == [
        Choice.COUNTER_PROPOSE,
        Choice.KEEP_TARGETS,
        Choice.CONFIRM,
    ]


# --- the chain -----------------------------------------------------------------------------------


async def test_results_sent_back_to_submission_walk_the_whole_chain_again(home: House) -> None:
    """Rule 14: the superior sends back to submission; a second round of figures, scores and approvals."""
    task = await walk(home, "approve-superior")
    await home.decide(task, Choice.BACK_TO_SUBMISSION, comment="十月回款不全")
    resubmit = await the_task(home, "resubmit")
    assert (resubmit.round, resubmit.kind) == (2, TaskKind.SUBMIT_DATA)
    notices = await home.notices(task_id=resubmit.id, channel=Channel.EMAIL)
    assert [n.occasion for n in notices] == [Occasion.SENT_BACK]
    await home.decide(resubmit, Choice.SUBMIT)
    first = await the_task(home, "approve-director")
    assert first.round == 2
    assert len(home.outside.scored) == 2


async def test_results_sent_back_to_evaluation_are_scored_anew(home: House) -> None:
    """Rule 14: back to evaluation; figures stay, scores are worked out again."""
    task = await walk(home, "approve-hr")
    await home.decide(task, Choice.BACK_TO_EVALUATION, comment="权重已更正")
    again = await the_task(home, "approve-director")
    assert again.round == 2
    assert len(home.outside.scored) == 2


async def test_employees_hear_of_the_approval_only_when_the_last_has_approved(home: House) -> None:
    """Rule 14."""
    task = await walk(home, "approve-hr")
    async with home.sessions() as session:
        for person_id in home.company.departments[0].people_ids:
            session.add(
                Score(
                    cycle_id=task.cycle_id,
                    person_id=person_id,
                    department_id=task.department_id,
                    scorecard_id="",
                    total=Decimal(100),
                    band="good",
                    scored_at=datetime.now(UTC),
                )
            )
        await session.commit()
    assert not await home.notices(occasion=Occasion.RESULTS_APPROVED)
    await home.decide(task, Choice.APPROVE)
    await the_task(home, "feedback")

    async def told() -> int:
        return len(await home.notices(occasion=Occasion.RESULTS_APPROVED))

    await home.until(told, 3)


async def test_what_scoring_lacks_becomes_a_task_of_hr(home: House) -> None:
    """Rule 42: a missing component blocks, it is never zero."""
    home.outside.missing = 2
    gap = await walk(home, "fill-gap-1")
    assert (gap.kind, gap.holder_id) == (TaskKind.FILL_SCORING_GAP, home.company.hr_id)
    async with home.sessions() as session:
        lacks = len(await missing_components(session, gap.cycle_id, gap.department_id))
    notices = await home.notices(occasion=Occasion.SCORING_BLOCKED)
    assert lacks
    assert {(notice.person_id, notice.facts["missing"]) for notice in notices} == {(home.company.hr_id, lacks)}
    await home.decide(gap, Choice.FILLED)
    await the_task(home, "approve-director")
    assert len(home.outside.scored) == 2


async def test_silence_approves_only_where_the_policy_says_so_and_the_record_says_it(
    silent_home: House,
) -> None:
    """Rule 7: never by silence unless the policy says so, and then the record says "by policy"."""
    home = silent_home
    task = await walk(home, "approve-director")
    await home.skip_to(task.department_id, task.deadline_at)
    (decision,) = [d for d in await home.decisions(task.department_id) if d.task_id == task.id]
    assert (decision.by_policy, decision.by_id, decision.choice) == (True, "", Choice.APPROVE)
    await the_task(home, "approve-superior")


# --- what HR changes -------------------------------------------------------------------------------


async def test_a_reassigned_task_is_the_new_holders_alone(home: House) -> None:
    """Rule 11: HR can reassign any open task."""
    task = await the_task(home, "targets")
    to = home.company.finance_id
    reassign = Reassign(
        command_id=await home.command("reassign", task.id, reason="借调"),
        task_id=task.id,
        by_id=home.company.hr_id,
        to_id=to,
    )
    await home.ask(home.review(task.department_id), "reassign", reassign)
    with pytest.raises(Refused, match="task-moved"):
        await home.decide(task, Choice.CONFIRM)
    moved = await home.task(task.id)
    assert (moved.holder_id, moved.epoch) == (to, 2)
    await home.decide(moved, Choice.CONFIRM)


async def test_a_task_cannot_be_given_to_someone_who_left(home: House) -> None:
    task = await the_task(home, "targets")
    async with home.sessions() as session:
        person = await session.get_one(Person, home.company.finance_id)
        person.left_on = soon(-1)
        await session.commit()
    reassign = Reassign(
        command_id=await home.command("reassign", task.id),
        task_id=task.id,
        by_id=home.company.hr_id,
        to_id=home.company.finance_id,
    )
    with pytest.raises(Refused, match="person-left"):
        await home.ask(home.review(task.department_id), "reassign", reassign)
    assert (await home.task(task.id)).holder_id == task.holder_id


async def test_an_extended_task_gets_its_ladder_anew_but_nothing_twice(home: House) -> None:
    """Rule 10: a deadline changed re-arms the ladder; nothing already sent is sent again."""
    task = await the_task(home, "targets")
    assert task.next_rung_at
    await home.skip_to(task.department_id, task.next_rung_at)
    due_on = (task.deadline_at + timedelta(days=30)).date()
    extend = Extend(
        command_id=await home.command("extend", task.id),
        task_id=task.id,
        by_id=home.company.hr_id,
        due_on=due_on,
    )
    await home.ask(home.review(task.department_id), "extend", extend)
    extended = await home.task(task.id)
    assert extended.deadline_at == WorkCalendar().deadline(due_on)
    await home.skip_to(task.department_id, extended.deadline_at)
    sent = [(n.rung, n.channel) for n in await home.notices(task_id=task.id, occasion=Occasion.TASK_REMINDER)]
    assert sent == [("sms-3d", Channel.SMS), ("email-1d", Channel.EMAIL)]
    assert (await home.task(task.id)).level == 1


async def test_hr_reminds_by_hand_once_an_hour_and_the_ladder_stays(home: House) -> None:
    """Rule 2, beside the ladder: a reminder with a key of its own, however often the button is pressed."""
    task = await the_task(home, "targets")

    async def remind(command_id: str) -> None:
        asked = RemindTask(command_id=command_id, task_id=task.id, by_id=home.company.hr_id)
        await home.ask(home.review(task.department_id), "remind", asked)

    first = await home.command("remind", task.id)
    await remind(first)
    await remind(first)
    with pytest.raises(Refused, match="reminded-already"):
        await remind(await home.command("remind", task.id))

    async def sent() -> list[tuple[str, Channel]]:
        notices = await home.notices(task_id=task.id, occasion=Occasion.TASK_REMINDER)
        return sorted((notice.rung, notice.channel) for notice in notices)

    assert await sent() == [("by-hand", Channel.EMAIL), ("by-hand", Channel.SYSTEM)]
    assert first in {sent.key.rpartition("/")[2] for sent in home.outside.sent}
    reminded = await home.task(task.id)
    assert (reminded.holder_id, reminded.next_rung_at) == (task.holder_id, task.next_rung_at)
    await home.skip(task.department_id, timedelta(hours=2))
    await remind(await home.command("remind", task.id))
    assert len(await sent()) == 4


async def test_a_deadline_in_the_past_is_refused(home: House) -> None:
    task = await the_task(home, "targets")
    extend = Extend(
        command_id=await home.command("extend", task.id),
        task_id=task.id,
        by_id=home.company.hr_id,
        due_on=soon(-3),
    )
    with pytest.raises(Refused, match="deadline-past"):
        await home.ask(home.review(task.department_id), "extend", extend)
    assert (await home.task(task.id)).deadline_at == task.deadline_at


async def test_a_required_task_cannot_be_voided(home: House) -> None:
    """Rule 1: no stage can be skipped."""
    task = await the_task(home, "targets")
    void = VoidTask(command_id=await home.command("void", task.id), task_id=task.id, by_id=home.company.hr_id)
    with pytest.raises(Refused, match="stage-required"):
        await home.ask(home.review(task.department_id), "void", void)


async def test_a_task_that_no_plan_foresaw_can_be_voided(home: House) -> None:
    await home.decide(await the_task(home, "targets"), Choice.COUNTER_PROPOSE, comment="太高")
    answer = await the_task(home, "answer-1")
    void = VoidTask(command_id=await home.command("void", answer.id), task_id=answer.id, by_id=home.company.hr_id)
    await home.ask(home.review(answer.department_id), "void", void)
    assert (await home.task(answer.id)).state is TaskState.VOIDED
    await the_task(home, "targets-2")


async def test_a_deputy_receives_and_decides_and_the_record_names_both(
    engine: WorkflowEnvironment, some_sessions: SessionMaker, record_as: str
) -> None:
    """Rule 11: the deputy receives and decides, the record names both."""
    company = await make_small_company(
        some_sessions, 1, 3, company_id=f"c{uuid4().hex[:8]}", metrics=(), terms=quick_terms()
    )
    director, deputy = company.departments[0].director_id, company.finance_id
    async with some_sessions() as session:
        session.add(
            Deputy(
                id="leave",
                person_id=director,
                deputy_id=deputy,
                from_on=soon(-1),
                until_on=soon(10),
                named_at=datetime.now(UTC),
            )
        )
        await session.commit()
    async with house(engine, some_sessions, company, record_as) as home:
        await home.launch()
        task = await the_task(home, "targets")
        assert {(n.person_id, n.meant_for) for n in await home.notices()} == {(deputy, director)}
        with pytest.raises(Refused, match="not-deputy"):
            await home.decide(task, Choice.CONFIRM, by_id=company.auditor_id, for_id=director)
        await home.decide(task, Choice.CONFIRM, by_id=deputy, for_id=director)
        (decision,) = await home.decisions(task.department_id)
        assert (decision.by_id, decision.on_behalf_of) == (deputy, director)


# --- the cycle --------------------------------------------------------------------------------------


async def test_a_pause_moves_open_deadlines_by_the_time_paused(home: House) -> None:
    """Rule 13: pause and resume shift all open deadlines together by the time paused."""
    task = await the_task(home, "targets")
    await home.order("pause", reason="系统迁移")
    department_id = task.department_id

    async def is_paused() -> int:
        """The order is on its way to the department; until then it would answer `same-holder`."""
        to_the_same = Reassign(
            command_id=str(uuid4()), task_id=task.id, by_id=home.company.hr_id, to_id=task.holder_id
        )
        with pytest.raises(Refused) as refused:
            await home.ask(home.review(department_id), "reassign", to_the_same)
        return int(refused.value.code == "cycle-paused")

    await home.until(is_paused, 1)
    with pytest.raises(Refused, match="already-paused"):
        await home.order("pause")
    await home.engine.fast_forward(home.cycle, timedelta(days=30))
    await home.skip(department_id, timedelta(days=30))
    assert (await home.task(task.id)).level == 0
    await home.order("resume")

    async def shifted() -> int:
        moved = (await home.task(task.id)).deadline_at - task.deadline_at
        return int(abs(moved - timedelta(days=30)) < timedelta(minutes=1))

    await home.until(shifted, 1)
    await home.decide(await home.task(task.id), Choice.CONFIRM)


async def test_a_cancelled_cycle_closes_every_task_and_tells_who_held_it(home: House) -> None:
    """Rule 13."""
    task = await the_task(home, "targets")
    await home.order("cancel", reason="组织调整")
    await home.review(task.department_id).result()
    await home.cycle.result()
    assert (await home.task(task.id)).state is TaskState.VOIDED
    voided = await home.notices(occasion=Occasion.TASK_VOIDED)
    assert {(n.person_id, n.channel) for n in voided} == {
        (task.holder_id, Channel.EMAIL),
        (task.holder_id, Channel.SYSTEM),
    }


async def test_a_changed_plan_rearms_open_ladders(home: House) -> None:
    """Rule 10, 24: a new plan with who, when and why; older revisions are kept."""
    task = await the_task(home, "targets")
    terms = quick_terms().model_copy(update={"targets_due_on": soon(35)})
    await home.order("change_plan", terms=terms.model_dump(mode="json"), reason="展会")
    new_deadline = WorkCalendar().deadline(soon(35))

    async def moved() -> int:
        return int((await home.task(task.id)).deadline_at == new_deadline)

    await home.until(moved, 1)
    async with home.sessions() as session:
        assert (await session.get_one(Cycle, task.cycle_id)).revision == 2


async def test_a_published_cycle_can_be_reopened_for_one_department(home: House) -> None:
    """Rule 13: reopened with a reason; a department that is not closed is refused."""
    feedback = await walk(home, "feedback")
    with pytest.raises(Refused, match="cycle-not-ready"):
        await home.order("publish")
    department_id = feedback.department_id
    reopen = ReopenDepartment(
        command_id=await home.command("reopen"),
        by_id=home.company.hr_id,
        department_id=department_id,
        stage=Stage.APPROVAL,
    )
    with pytest.raises(Refused, match="department-not-closed"):
        await home.ask(home.cycle, "reopen", reopen)
    await home.decide(feedback, Choice.DONE)

    async def state() -> CycleState:
        async with home.sessions() as session:
            return (await session.get_one(Cycle, feedback.cycle_id)).state

    async def is_ready() -> int:
        return int(await state() is CycleState.READY)

    await home.until(is_ready, 1)
    await home.order("publish")
    assert await state() is CycleState.PUBLISHED
    again = reopen.model_copy(update={"command_id": await home.command("reopen")})
    await home.ask(home.cycle, "reopen", again)
    task = await the_task(home, "approve-director")
    assert task.round == 2
    async with home.sessions() as session:
        row = await session.get_one(CycleDepartment, (task.cycle_id, department_id))
    assert (row.stage, row.closed_at) == (Stage.APPROVAL, None)
    await walk(home, "feedback")


@pytest.mark.parametrize(("stage", "slot"), [(Stage.SUBMISSION, "resubmit"), (Stage.FEEDBACK, "feedback")])
async def test_a_reopened_task_is_due_on_the_day_that_hr_names(home: House, stage: Stage, slot: str) -> None:
    """Rule 13: by the calendar; a day that is over is refused, and nothing is reopened then."""
    feedback = await walk(home, "feedback")
    await home.decide(feedback, Choice.DONE)
    calendar = WorkCalendar()
    due_on = calendar.add_working_days(calendar.day_of(datetime.now(UTC)), 4)

    async def reopen(wanted_by: date) -> None:
        words = {"reason": "回款数据有误", "due_on": wanted_by.isoformat()}
        asked = ReopenDepartment(
            command_id=await home.command("reopen", **words),
            by_id=home.company.hr_id,
            department_id=feedback.department_id,
            stage=stage,
        )
        await home.ask(home.cycle, "reopen", asked)

    async def is_closed() -> int:
        async with home.sessions() as session:
            key = (feedback.cycle_id, feedback.department_id)
            return int((await session.get_one(CycleDepartment, key)).stage is Stage.CLOSED)

    await home.until(is_closed, 1)
    with pytest.raises(Refused, match="deadline-past"):
        await reopen(soon(-3))
    assert await is_closed()
    await reopen(due_on)
    assert (await the_task(home, slot)).deadline_at == calendar.deadline(due_on)


async def test_when_a_director_leaves_their_tasks_follow_the_post(home: House) -> None:
    """Rule 12: open tasks follow the post, in one recorded step."""
    task = await the_task(home, "targets")
    leaver, successor = task.holder_id, home.company.departments[0].people_ids[0]
    await home.order(
        "change_staff",
        kind="leave",
        person_id=leaver,
        effective_on=soon(0).isoformat(),
        successor_id=successor,
        reason="离职",
    )

    async def follows() -> int:
        return int((await home.task(task.id)).holder_id == successor)

    await home.until(follows, 1)
    with pytest.raises(Refused, match="person-left"):
        await home.order("change_staff", kind="leave", person_id=leaver, effective_on=soon(0).isoformat())


async def test_targets_are_pro_rated_by_days_in_post(home_with_sales: House) -> None:
    """Rule 12: who leaves on 15 February held the post for 45 of the quarter's 90 days: half the target."""
    home = home_with_sales
    person_id = home.company.departments[0].people_ids[1]
    await home.order("change_staff", kind="leave", person_id=person_id, effective_on="2055-02-15")
    async with home.sessions() as session:
        found = await session.exec(select(Target).where(col(Target.person_id) == person_id))
        (target,) = found.all()
    assert (target.full_value, target.value) == (Decimal(500_000), Decimal(250_000))


async def test_a_second_holder_can_be_added_instead_of_moving(
    engine: WorkflowEnvironment, some_sessions: SessionMaker, record_as: str
) -> None:
    """Rule 3: a rung may say "add" or "notify" instead of "move"."""
    ladder = Ladder(
        rungs=(
            Rung(name="tell-hr", days=-1, channels=(Channel.EMAIL,), action="notify", to="hr"),
            Rung(name="add", days=0, at_deadline=True, channels=(Channel.EMAIL,), action="add", to="superior"),
        )
    )
    terms = quick_terms().model_copy(update={"ladder": ladder})
    async for home in home_with(engine, some_sessions, record_as, terms):
        task = await the_task(home, "targets")
        await home.skip_to(task.department_id, task.deadline_at)
        superior = home.company.departments[0].superior_id
        both = await home.task(task.id)
        assert (both.holder_id, both.added_ids) == (task.holder_id, [superior])
        overdue = await home.notices(occasion=Occasion.TASK_OVERDUE)
        assert {n.person_id for n in overdue} == {home.company.hr_id}
        await home.decide(both, Choice.CONFIRM, by_id=superior)
        (decision,) = await home.decisions(task.department_id)
        assert decision.by_id == superior

"""A quarter with five departments, each with a fate of its own, from launch to publication."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from sqlmodel import col, select
from temporalio.testing import WorkflowEnvironment

from models.database import SessionMaker
from models.metrics import Score
from models.org import Deputy
from models.records import Deal, Payment
from models.stages import Channel, CycleState, Occasion
from quarterdeck.demo.small import SmallCompany, attainment_of, make_small_company
from tests.journeys.quarter import CHINA, Outside, Quarter, china, quarter
from tests.standins.smtp import text_of


def unique(name: str) -> str:
    """Return an id of its own: the engine outlives each test's database."""
    return f"{name}-{uuid4().hex[:6]}"


HAPPY, SILENT, SENT_BACK, MISSING, ON_LEAVE = "d0001", "d0002", "d0003", "d0004", "d0005"
STARTS_AT = china(date(2054, 12, 7), 10)
TARGETS_DUE = date(2054, 12, 23)  # A Wednesday.


async def the_company(sessions: SessionMaker) -> SmallCompany:
    """Five departments of three; one unknown to the CRM, one whose director is on leave."""
    company = await make_small_company(
        sessions, 5, 3, divisions=2, launch_on=date(2054, 12, 7), company_id=unique("journey")
    )
    by_id = {department.id: department for department in company.departments}
    async with sessions() as session:
        for table in (Deal, Payment):
            of_missing = col(table.seller_id).in_(by_id[MISSING].people_ids)
            for row in (await session.exec(select(table).where(of_missing))).all():
                await session.delete(row)
        session.add(
            Deputy(
                id="leave",
                person_id=by_id[ON_LEAVE].director_id,
                deputy_id=by_id[ON_LEAVE].people_ids[0],
                from_on=date(2054, 12, 1),
                until_on=date(2054, 12, 31),
                named_at=datetime.now(UTC),
            )
        )
        await session.commit()
    return company


async def test_a_quarter_runs_by_itself(
    engine: WorkflowEnvironment, sessions: SessionMaker, outside: Outside
) -> None:
    """Rules 1–14, 40–42, 44: five departments, five fates, one publication."""
    company = await the_company(sessions)
    async with quarter(engine, sessions, company, outside, STARTS_AT) as it:
        await it.launch()
        await confirm_targets(it)
        await hand_in_figures(it)
        await pause_for_three_days(it)
        await approve_results(it)
        await publish(it)


async def confirm_targets(it: Quarter) -> None:
    """One department confirms, one is silent up to the top, one is confirmed by a deputy."""
    departments = {department.id: department for department in it.company.departments}
    terms = (await it.get(it.company.hr_id, f"/api/cycles/{it.company.cycle_id}"))["terms"]
    due = date.fromisoformat(terms["targets_due_on"])
    await it.reach(dict.fromkeys(departments, "targets"))
    deputy = departments[ON_LEAVE].people_ids[0]
    task = await it.the_task(ON_LEAVE)
    assert len(it.outside.mail.to(f"{deputy}@quarterdeck.example")) == 1
    await it.decide(task, by=deputy)
    (decision,) = await it.decisions(ON_LEAVE)
    assert (decision.by_id, decision.on_behalf_of) == (deputy, departments[ON_LEAVE].director_id)
    for department_id in (HAPPY, SENT_BACK, MISSING):
        await it.decide(await it.the_task(department_id))
    await it.reach({**dict.fromkeys(departments, "submission"), SILENT: "targets"})

    silent = departments[SILENT]
    task = await it.the_task(SILENT)
    await it.go_to(task.deadline_at + timedelta(minutes=1))
    assert task.deadline_at == china(due, 18)
    moved = await it.the_task(SILENT)
    assert moved.holder_id == silent.superior_id
    late = await it.try_to_decide(task)
    assert late.status_code == 409
    assert late.json()["code"] == "task-moved"
    await it.go_to(china(due, 18) + timedelta(days=14))
    top = await it.the_task(SILENT)
    assert top.holder_id == it.company.boss_id
    assert {n.person_id for n in await it.notices(occasion=Occasion.TASK_AT_TOP)} == {it.company.hr_id}
    await it.decide(top)
    reminders = await it.sent(Channel.SMS)
    assert [(person, occasion) for person, _, occasion in reminders] == [
        (silent.director_id, Occasion.TASK_REMINDER)
    ]
    assert len(it.outside.twilio.messages) == 1


async def hand_in_figures(it: Quarter) -> None:
    """Three months; what the CRM knows is there already, what is missing is named row by row."""
    for month in ("2055-01", "2055-02", "2055-03"):
        while not await it.open_tasks(HAPPY):
            await it.go_to(await it.now() + timedelta(days=3))
        for department in it.company.departments:
            task = await it.the_task(department.id)
            assert task.slot == f"submit-{month}"
            if department.id == MISSING:
                refused = await it.submit(task)
                assert refused.status_code == 422
                people = Counter(error["person_id"] for error in refused.json()["errors"])
                assert people == dict.fromkeys(department.people_ids, 2)  # Sales and collection.
                continue
            answer = await it.submit(task)
            assert answer.status_code == 200, answer.text
            await it.settled()
        await fill_in(it)


async def fill_in(it: Quarter) -> None:
    """The department that the CRM does not know hands everything in by itself."""
    department = next(d for d in it.company.departments if d.id == MISSING)
    task = await it.the_task(MISSING)
    month = f"{task.month:%Y-%m}"
    rows = [
        {"team": department.team_ids[0], "metric": "satisfaction", "month": month, "value": "90"},
        *(
            {"team": department.team_ids[0], "person": person, "metric": metric, "month": month, "value": value}
            for person in department.people_ids
            for metric, value in (("sales", "166666.67"), ("collection", "90"))
        ),
    ]
    answer = await it.post(task.holder_id, f"/api/tasks/{task.id}/submit", {"rows": rows})
    assert answer.status_code == 200, answer.text
    await it.settled()


async def pause_for_three_days(it: Quarter) -> None:
    """Rule 13: every open deadline moves by the time paused."""
    await it.reach({d.id: "approval" for d in it.company.departments})
    before = {task.id: task.deadline_at for task in await it.open_tasks()}
    await it.hr("pause", reason="系统迁移")
    refused = await it.try_to_decide(await it.the_task(HAPPY))
    assert refused.json()["code"] == "cycle-paused"
    await it.go_to(await it.now() + timedelta(days=3))
    await it.hr("resume")
    shifts = {task.deadline_at - before[task.id] for task in await it.open_tasks()}
    assert all(abs(shift - timedelta(days=3)) < timedelta(minutes=1) for shift in shifts)


async def approve_results(it: Quarter) -> None:
    """Rule 14: the chain; one department is sent back twice, to submission and to evaluation."""
    departments = {department.id: department for department in it.company.departments}
    await it.decide(await it.the_task(SENT_BACK))
    await it.decide(await it.the_task(SENT_BACK), choice="back-to-submission", comment="二月回款缺凭证")
    resubmit = await it.the_task(SENT_BACK)
    assert resubmit.slot == "resubmit"
    answer = await it.post(
        resubmit.holder_id,
        f"/api/tasks/{resubmit.id}/submit",
        {
            "rows": [
                {
                    "team": departments[SENT_BACK].team_ids[0],
                    "person": departments[SENT_BACK].people_ids[0],
                    "metric": "collection",
                    "month": "2055-02",
                    "value": "81",
                    "reason": "凭证已补",
                }
            ]
        },
    )
    assert answer.status_code == 200, answer.text
    await it.settled()
    for _ in range(2):
        await it.decide(await it.the_task(SENT_BACK))
    await it.decide(await it.the_task(SENT_BACK), choice="back-to-evaluation", comment="复核权重")
    for department_id in departments:
        for _ in range(3):
            task = await it.the_task(department_id)
            assert task.kind == "approve-results"
            await it.decide(task)
    await it.reach(dict.fromkeys(departments, "feedback"))
    await scores_are_right(it)
    for department_id in departments:
        await it.decide(await it.the_task(department_id))


async def scores_are_right(it: Quarter) -> None:
    """Rule 40–42: half the weight on sales, a quarter each on collection and satisfaction."""
    async with it.sessions() as session:
        totals = {score.person_id: score.total for score in (await session.exec(select(Score))).all()}
    expected = {}
    for department in it.company.departments:
        for person in department.people_ids:
            sales = attainment_of(int(person.removeprefix("p")))
            if department.id == MISSING:
                sales = Decimal("100.000002") * 1  # 3 × 166,666.67 of 500,000.
            expected[person] = (sales / 2 + 50).quantize(Decimal("0.01"))
    corrected = next(d for d in it.company.departments if d.id == SENT_BACK).people_ids[0]
    expected[corrected] -= (Decimal(25) * (90 - 87) / 90).quantize(Decimal("0.01"))
    assert totals == expected


async def publish(it: Quarter) -> None:
    """HR hears that everything is closed, and publishes; only then employees hear of it."""
    await it.reach_state(CycleState.READY)
    assert {n.person_id for n in await it.notices(occasion=Occasion.CYCLE_READY)} == {it.company.hr_id}
    assert not await it.notices(occasion=Occasion.RESULTS_PUBLISHED)
    await it.hr("publish")
    await it.reach_state(CycleState.PUBLISHED)
    told = await it.notices(occasion=Occasion.RESULTS_PUBLISHED)
    everyone = {person for department in it.company.departments for person in department.people_ids}
    assert {notice.person_id for notice in told} == everyone
    again = await it.post(it.company.hr_id, f"/api/cycles/{it.company.cycle_id}/publish")
    assert again.status_code == 409


async def test_sms_and_mail_go_at_the_minute_that_the_rules_say(
    engine: WorkflowEnvironment, sessions: SessionMaker, outside: Outside
) -> None:
    """Rules 2, 9: due Wednesday 18:00: SMS on Friday 09:00, as three days before is a Sunday; mail on Tuesday."""
    company = await make_small_company(sessions, 1, 1, launch_on=date(2054, 12, 7), company_id=unique("minute"))
    async with quarter(engine, sessions, company, outside, STARTS_AT) as it:
        async with sessions() as session:
            cycle = await session.get_one(type(await it.cycle()), company.cycle_id)
            cycle.terms = {**cycle.terms, "targets_due_on": TARGETS_DUE.isoformat()}
            await session.commit()
        await it.launch()
        await it.go_to(china(TARGETS_DUE, 18, 1))
        department = company.departments[0]
        assert await it.sent(Channel.SMS) == [(department.director_id, "2054-12-18 09:00", Occasion.TASK_REMINDER)]
        assert await it.sent(Channel.EMAIL) == [
            (department.director_id, "2054-12-07 10:00", Occasion.TASK_OPENED),
            (department.director_id, "2054-12-22 09:00", Occasion.TASK_REMINDER),
            (department.superior_id, "2054-12-23 18:00", Occasion.TASK_ESCALATED),
        ]
        (sms,) = outside.twilio.messages
        assert "12月23日" in sms["body"]
        (escalated,) = outside.mail.to(f"{department.superior_id}@quarterdeck.example")
        assert "http://127.0.0.1:8000/t/" in text_of(escalated)


async def test_reminders_step_back_over_national_day_and_its_make_up_days(
    engine: WorkflowEnvironment, sessions: SessionMaker, outside: Outside
) -> None:
    """Rule 9: 1–7 October off, Sunday 26 September and Saturday 9 October worked."""
    off = {date(2055, 10, day): False for day in range(1, 8)}
    worked = {date(2055, 9, 26): True, date(2055, 10, 9): True}
    company = await make_small_company(
        sessions, 1, 1, starts_on=date(2055, 10, 1), launch_on=date(2055, 9, 20), company_id=unique("holiday")
    )
    starts_at = china(date(2055, 9, 20), 10)
    async with quarter(engine, sessions, company, outside, starts_at, {**off, **worked}) as it:
        async with sessions() as session:
            cycle = await session.get_one(type(await it.cycle()), company.cycle_id)
            # A Sunday off: it moves to Saturday, which is worked.
            cycle.terms = {**cycle.terms, "targets_due_on": "2055-10-10"}
            await session.commit()
        await it.launch()
        task = await it.the_task("d0001")
        assert task.deadline_at.astimezone(CHINA) == china(date(2055, 10, 9), 18)
        await it.go_to(china(date(2055, 10, 9), 18, 1))
        director = company.departments[0].director_id
        # Three days before is Wednesday 6 October: off, as all days back to Thursday 30 September.
        assert await it.sent(Channel.SMS) == [(director, "2055-09-30 09:00", Occasion.TASK_REMINDER)]
        mails = [(when, occasion) for person, when, occasion in await it.sent(Channel.EMAIL) if person == director]
        assert mails == [
            ("2055-09-20 10:00", Occasion.TASK_OPENED),
            ("2055-10-08 09:00", Occasion.TASK_REMINDER),
        ]


async def test_a_superior_with_forty_late_departments_gets_one_mail(
    engine: WorkflowEnvironment, some_sessions: SessionMaker, outside: Outside
) -> None:
    """DESIGN 10: one digest a person and moment."""
    company = await make_small_company(
        some_sessions, 40, 1, launch_on=date(2054, 12, 7), company_id=unique("forty"), metrics=("sales",)
    )
    async with quarter(engine, some_sessions, company, outside, STARTS_AT) as it:
        await it.launch()
        deadline = (await it.open_tasks())[0].deadline_at
        await it.go_to(deadline + timedelta(minutes=1))
        superior = company.superior_ids[0]
        (digest,) = outside.mail.to(f"{superior}@quarterdeck.example")
        assert text_of(digest).count("/t/") == 40
        assert {task.holder_id for task in await it.open_tasks()} == {superior}

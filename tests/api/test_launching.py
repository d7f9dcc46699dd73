"""Launching over HTTP: everything that is wrong is listed, nothing starts twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
from sqlmodel import col, func, select, update
from temporalio.service import RPCError, RPCStatusCode

from models.cycles import Cycle, CycleDepartment, PlanRevision
from models.metrics import LaunchedScorecardLine, ScorecardLine, ScoringScheme
from models.names import cycle_workflow_id
from models.org import Person, Unit
from models.stages import CycleState, Language, Occasion
from models.wordings import Part, Wording
from tests.api.house import House

NEW = {"name": "第一季度", "starts_on": "2055-01-01", "ends_on": "2055-03-31"}


async def started(house: House, cycle_id: str) -> bool:
    handle = house.client.get_workflow_handle(cycle_workflow_id(house.company.company_id, cycle_id))
    try:
        await handle.describe()
    except RPCError as missing:
        if missing.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


def codes(answer: httpx.Response) -> set[str]:
    return {error["code"] for error in answer.json()["errors"]}


async def test_hr_launches_a_draft_and_its_workflow_starts(at_work: House) -> None:
    company = at_work.company
    async with at_work.caller(company.hr_id) as hr:
        answer = await hr.post(f"/api/cycles/{company.cycle_id}/launch")
        shown = await hr.get(f"/api/cycles/{company.cycle_id}")
    assert answer.status_code == 200, answer.text
    assert shown.json()["state"] == "running"
    assert shown.json()["departments"] == {"targets": 3}
    assert await started(at_work, company.cycle_id)
    async with at_work.sessions() as session:
        assert (await session.get_one(PlanRevision, (company.cycle_id, 1))).by_id == company.hr_id


async def test_a_new_cycle_gets_its_terms_from_period_and_calendar(at_work: House) -> None:
    async with at_work.caller(at_work.company.hr_id) as hr:
        answer = await hr.post("/api/cycles", json=NEW)
        cycle_id = f"{at_work.company.company_id}-2055q1"
        shown = (await hr.get(f"/api/cycles/{cycle_id}")).json()
    assert answer.status_code == 201, answer.text
    assert shown["state"] == "running"
    assert [month["month"] for month in shown["terms"]["months"]] == ["2055-01-01", "2055-02-01", "2055-03-01"]
    assert await started(at_work, cycle_id)


async def test_launching_twice_says_so(at_work: House) -> None:
    company = at_work.company
    async with at_work.caller(company.hr_id) as hr:
        await hr.post(f"/api/cycles/{company.cycle_id}/launch")
        again = await hr.post(f"/api/cycles/{company.cycle_id}/launch")
        body = {"id": company.cycle_id, **NEW}
        anew = await hr.post("/api/cycles", json=body)
    assert again.status_code == anew.status_code == 409
    assert again.json()["code"] == anew.json()["code"] == "cycle-already-launched"
    assert again.json()["facts"]["state"] == "running"


async def test_of_ten_launches_at_once_one_counts(at_work: House) -> None:
    company = at_work.company
    async with at_work.caller(company.hr_id) as hr:
        answers = await asyncio.gather(*(hr.post(f"/api/cycles/{company.cycle_id}/launch") for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    async with at_work.sessions() as session:
        departments = await session.exec(
            select(func.count()).where(col(CycleDepartment.cycle_id) == company.cycle_id)
        )
        assert departments.one() == 3


async def test_the_same_key_is_answered_as_the_first_time(at_work: House) -> None:
    company = at_work.company
    key = {"Idempotency-Key": "launch-1"}
    async with at_work.caller(company.hr_id) as hr:
        first = await hr.post(f"/api/cycles/{company.cycle_id}/launch", headers=key)
        second = await hr.post(f"/api/cycles/{company.cycle_id}/launch", headers=key)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


async def test_everything_that_is_wrong_is_listed_and_nothing_starts(at_work: House) -> None:
    company = at_work.company
    first, second, third = company.departments
    async with at_work.sessions() as session:
        await session.exec(update(Unit).where(col(Unit.id) == first.id).values(head_id=None))
        await session.exec(update(Person).where(col(Person.id) == second.director_id).values(email="", phone=""))
        await session.exec(
            update(Person).where(col(Person.id) == third.superior_id).values(superior_id=third.director_id)
        )
        line = (await session.exec(select(ScorecardLine))).first()
        assert line is not None
        line.weight += 1
        session.add(line)
        cycle = await session.get_one(Cycle, company.cycle_id)
        cycle.terms = {**cycle.terms, "targets_due_on": "2020-01-01"}
        await session.commit()
    async with at_work.caller(company.hr_id) as hr:
        answer = await hr.post(f"/api/cycles/{company.cycle_id}/launch")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "launch-problems"
    wrong = {
        "director-missing",
        "email-missing",
        "phone-missing",
        "reporting-circle",
        "weights-not-full",
        "deadline-over",
    }
    assert wrong <= codes(answer)
    assert not await started(at_work, company.cycle_id)
    async with at_work.sessions() as session:
        assert (await session.get_one(Cycle, company.cycle_id)).state is CycleState.DRAFT


async def test_a_draft_is_kept_and_only_hr_and_readers_of_all_see_it(at_work: House) -> None:
    company = at_work.company
    body = {"id": f"{company.company_id}-later", "launch": False, **NEW}
    async with at_work.caller(company.hr_id) as hr, at_work.caller(company.departments[0].director_id) as director:
        answer = await hr.post("/api/cycles", json=body)
        seen = await hr.get(f"/api/cycles/{body['id']}")
        hidden = await director.get(f"/api/cycles/{body['id']}")
        listed = (await director.get("/api/cycles")).json()["items"]
    assert answer.status_code == 201
    assert seen.json()["state"] == "draft"
    assert hidden.status_code == 404
    assert listed == []
    assert not await started(at_work, str(body["id"]))


async def test_only_hr_launches(at_work: House) -> None:
    """Rule 50: a director orders nothing; an auditor reads everything and changes nothing."""
    company = at_work.company
    for person_id in (company.departments[0].director_id, company.auditor_id, company.boss_id):
        async with at_work.caller(person_id) as caller:
            answer = await caller.post(f"/api/cycles/{company.cycle_id}/launch")
            assert (answer.status_code, answer.json()["code"]) == (403, "role-needed")
    assert not await started(at_work, company.cycle_id)


async def test_terms_that_do_not_fit_together_are_refused_by_name(at_work: House) -> None:
    terms: dict[str, Any] = {"policy": {"approval_chain": ["director", "hr"]}, "approvals_due_on": ["2055-05-03"]}
    async with at_work.caller(at_work.company.hr_id) as hr:
        answer = await hr.post("/api/cycles", json={**NEW, "terms": terms})
        backwards = await hr.post("/api/cycles", json={**NEW, "ends_on": "2054-12-31"})
        unknown = await hr.post("/api/cycles", json={**NEW, "terms": {"time_zone": "Mars/Base"}})
        surplus = await hr.post("/api/cycles", json={**NEW, "colour": "red"})
    assert codes(answer) == {"approval-days-missing"}
    assert backwards.json()["code"] == "period-invalid"
    assert unknown.json()["code"] == "time-zone-unknown"
    assert (surplus.status_code, surplus.json()["code"]) == (422, "body-invalid")
    assert surplus.json()["errors"][0]["field"] == "colour"


async def test_the_preview_names_every_message_with_its_cost_and_what_falls_on_days_off(house: House) -> None:
    """Rules 2 and 9: due Wednesday: SMS the Friday before, e-mail on Tuesday, both at 09:00."""
    company = house.company
    async with house.sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        due_on = date(2055, 1, 17)  # A Sunday: becomes Friday the 15th.
        cycle.terms = {**cycle.terms, "targets_due_on": due_on.isoformat()}
        await session.commit()
    async with house.caller(company.hr_id) as hr:
        first = (await hr.post(f"/api/cycles/{company.cycle_id}/preview?limit=5")).json()
        rest = (await hr.post(f"/api/cycles/{company.cycle_id}/preview?limit=200&cursor={first['next']}")).json()
    assert first["departments"] == 3
    assert first["days_moved"] == [
        {"slot": "targets", "planned_on": "2055-01-17", "happens_on": "2055-01-15"},
        {"slot": "submit-2055-03", "planned_on": "2055-04-25", "happens_on": "2055-04-23"},
    ]
    items = [*first["items"], *rest["items"]]
    assert len(items) == first["messages"]
    assert first["by_channel"]["sms"] == sum(item["channel"] == "sms" for item in items)
    director = company.departments[0].director_id
    targets = [item for item in items if item["slot"] == "targets" and item["department"]["id"].endswith("d0001")]
    told = [
        (item["channel"], item["at"], item["person"]["id"])
        for item in targets
        if item["occasion"] == "task-reminder"
    ]
    assert told == [
        ("sms", "2055-01-12T01:00:00Z", director),
        ("email", "2055-01-14T01:00:00Z", director),
    ]
    moved = [item["person"]["id"] for item in targets if item["occasion"] == "task-escalated"]
    assert moved == [company.departments[0].superior_id] * 2
    assert all(item["subject"] and item["text"] for item in items)
    sms = next(item for item in targets if item["channel"] == "sms")
    assert "/t/…" in sms["text"]  # Nobody gets a working link out of a preview.


async def test_another_company_sees_nothing(at_work: House) -> None:
    """Rule 50: several companies in a group are kept apart."""
    company = at_work.company
    other = await at_work.other_company()
    async with at_work.caller(other.hr_id) as stranger:
        for path in ("", "/departments", "/scores", "/messages", "/timeline"):
            answer = await stranger.get(f"/api/cycles/{company.cycle_id}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "cycle-unknown")
        answer = await stranger.post(f"/api/cycles/{company.cycle_id}/launch")
        assert answer.status_code == 404
        listed = (await stranger.get("/api/cycles")).json()["items"]
    assert company.cycle_id not in [cycle["id"] for cycle in listed]


async def test_a_launched_cycle_keeps_the_scorecards_cap_and_bands_it_was_launched_with(at_work: House) -> None:
    """Rules 42, 44: later changes are for later cycles."""
    company = at_work.company
    bands = [{"name": "A", "from_points": "90"}, {"name": "B", "from_points": "0"}]
    async with at_work.sessions() as session:
        session.add(ScoringScheme(company_id=company.company_id, score_cap=Decimal(120), bands=bands))
        await session.commit()
    async with at_work.caller(company.hr_id) as hr:
        answer = await hr.post("/api/cycles", json=NEW)
    assert answer.status_code == 201, answer.text
    async with at_work.sessions() as session:
        cycle = await session.get_one(Cycle, f"{company.company_id}-2055q1")
        kept = (
            await session.exec(
                select(LaunchedScorecardLine).where(col(LaunchedScorecardLine.cycle_id) == cycle.id)
            )
        ).all()
        policy = cycle.the_terms().policy
    assert policy.score_cap == 120
    assert [band.name for band in policy.bands] == ["A", "B"]
    assert {line.weight for line in kept if line.metric_id == company.metric_ids["sales"]} == {Decimal(50)}


async def test_a_launch_may_name_a_cap_of_its_own(at_work: House) -> None:
    company = at_work.company
    async with at_work.sessions() as session:
        session.add(ScoringScheme(company_id=company.company_id, score_cap=Decimal(120), bands=[]))
        await session.commit()
    async with at_work.caller(company.hr_id) as hr:
        await hr.post("/api/cycles", json={**NEW, "terms": {"policy": {"score_cap": "130"}}})
        shown = (await hr.get(f"/api/cycles/{company.company_id}-2055q1")).json()
    assert Decimal(shown["terms"]["policy"]["score_cap"]) == 130


async def test_the_preview_is_in_the_companys_own_words(house: House) -> None:
    """Rule 54: a preview of every message, as it will be sent."""
    company = house.company
    async with house.sessions() as session:
        session.add(
            Wording(
                company_id=company.company_id,
                occasion=Occasion.TASK_OPENED,
                language=Language.CHINESE,
                part=Part.SUBJECT,
                text="新任务：{department}请{task}",
                by_id=company.hr_id,
                at=datetime(2026, 12, 1, tzinfo=UTC),
            )
        )
        await session.commit()
    async with house.caller(company.hr_id) as hr:
        page = (await hr.post(f"/api/cycles/{company.cycle_id}/preview?limit=1")).json()
    (first,) = page["items"]
    assert (first["occasion"], first["channel"]) == ("task-opened", "email")
    assert first["subject"].startswith("新任务：")
    assert first["subject"].endswith("请确认目标")

"""What people do about tasks, over HTTP, and what each is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import col, select, update

from models.metrics import Target
from models.org import Deputy, Person
from models.stages import Choice, Stage, TaskKind, TaskState
from models.tasks import Command, Decision, TargetProposal, Task, TaskComment
from tests.api.house import House


async def words_of(house: House, command_id: str) -> dict[str, Any]:
    async with house.sessions() as session:
        return (await session.get_one(Command, command_id)).words


async def last_move(house: House) -> dict[str, Any]:
    task = house.company.departments[0]
    handle = house.client.get_workflow_handle(
        f"cycle/{house.company.company_id}/{house.company.cycle_id}/dept/{task.id}"
    )
    moves: list[dict[str, Any]] = (await handle.query("moves"))["moves"]
    return moves[-1]


async def make_deputy(house: House, person_id: str, deputy_id: str, from_on: date, until_on: date) -> None:
    async with house.sessions() as session:
        session.add(
            Deputy(
                id=f"{person_id}-{deputy_id}",
                person_id=person_id,
                deputy_id=deputy_id,
                from_on=from_on,
                until_on=until_on,
                named_at=datetime.now(UTC),
            )
        )
        await session.commit()


async def close(house: House, task: Task, by_id: str) -> None:
    async with house.sessions() as session:
        row = await session.get_one(Task, task.id)
        row.state, row.closed_at = TaskState.DECIDED, datetime(2054, 12, 2, tzinfo=UTC)
        session.add(
            Decision(
                task_id=task.id,
                command_id="earlier",
                cycle_id=task.cycle_id,
                department_id=task.department_id,
                choice=Choice.CONFIRM,
                by_id=by_id,
                decided_at=datetime(2054, 12, 2, tzinfo=UTC),
            )
        )
        await session.commit()


# --- deciding -----------------------------------------------------------------------------------


async def test_a_comment_is_kept_with_the_command_and_never_travels(at_work: House) -> None:
    """DESIGN 19: words go to the database, moves to the workflow."""
    task = await at_work.open_task()
    await at_work.start_review()
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(
            f"/api/tasks/{task.id}/decide", json={"choice": "confirm", "comment": "同意，按此执行"}
        )
    assert (await words_of(at_work, answer.json()["command_id"]))["comment"] == "同意，按此执行"
    move = await last_move(at_work)
    assert "同意" not in str(move)
    assert (move["by_id"], move["for_id"]) == (task.holder_id, task.holder_id)


async def test_nobody_else_decides_and_one_who_held_it_hears_who_holds_it_now(at_work: House) -> None:
    """Rule 3: from then on the director can no longer decide."""
    first, second, _ = at_work.company.departments
    task = await at_work.open_task(holder_id=first.superior_id, level=1)
    async with at_work.caller(first.director_id) as director, at_work.caller(second.director_id) as colleague:
        before = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
        never = await colleague.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert (before.status_code, before.json()["code"]) == (409, "task-moved")
    assert before.json()["facts"]["holder_id"] == first.superior_id
    assert before.json()["facts"]["holder"] in before.json()["detail"]
    assert (never.status_code, never.json()["code"]) == (403, "not-yours")


async def test_hr_and_auditors_do_not_decide_in_a_director_s_place(at_work: House) -> None:
    task = await at_work.open_task()
    for person_id in (at_work.company.hr_id, at_work.company.auditor_id, at_work.company.boss_id):
        async with at_work.caller(person_id) as caller:
            answer = await caller.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
        assert answer.status_code == 403


async def test_a_deputy_decides_in_the_holder_s_place_and_the_move_names_both(at_work: House) -> None:
    """Rule 11: the deputy decides, the record names both."""
    task = await at_work.open_task()
    await at_work.start_review()
    deputy_id = at_work.company.departments[1].director_id
    today = datetime.now(UTC).date()
    await make_deputy(at_work, task.holder_id, deputy_id, today - timedelta(days=1), today + timedelta(days=1))
    async with at_work.caller(deputy_id) as deputy:
        mine = (await deputy.get("/api/tasks?holder=me")).json()["items"]
        shown = (await deputy.get(f"/api/tasks/{task.id}")).json()
        answer = await deputy.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert [one["id"] for one in mine] == [task.id]
    assert shown["choices"] == ["confirm", "counter-propose"]
    assert answer.status_code == 200
    move = await last_move(at_work)
    assert (move["by_id"], move["for_id"]) == (deputy_id, task.holder_id)


async def test_a_deputy_whose_period_is_over_decides_nothing(at_work: House) -> None:
    task = await at_work.open_task()
    deputy_id = at_work.company.departments[1].director_id
    past = datetime.now(UTC).date() - timedelta(days=3)
    await make_deputy(at_work, task.holder_id, deputy_id, past - timedelta(days=5), past)
    async with at_work.caller(deputy_id) as deputy:
        answer = await deputy.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert answer.json()["code"] == "not-yours"


async def test_a_second_holder_decides_in_their_own_name(at_work: House) -> None:
    """Rule 3: a rung may add a holder instead of moving the task."""
    superior_id = at_work.company.departments[0].superior_id
    task = await at_work.open_task(added_ids=[superior_id])
    await at_work.start_review()
    async with at_work.caller(superior_id) as superior:
        answer = await superior.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert answer.status_code == 200
    assert (await last_move(at_work))["for_id"] == superior_id


async def test_a_closed_task_is_told_with_who_decided_what_and_when(at_work: House) -> None:
    task = await at_work.open_task()
    await close(at_work, task, at_work.company.departments[0].superior_id)
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert answer.status_code == 409
    facts = answer.json()["facts"]
    assert answer.json()["code"] == "task-closed"
    assert facts["by_id"] == at_work.company.departments[0].superior_id
    assert facts["choice"] == "confirm"
    assert facts["at"].startswith("2054-12-02")


async def test_a_choice_of_another_kind_of_task_is_refused(at_work: House) -> None:
    task = await at_work.open_task()
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "approve"})
        nonsense = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "perhaps"})
    assert (answer.status_code, answer.json()["code"]) == (422, "choice-not-allowed")
    assert (nonsense.status_code, nonsense.json()["code"]) == (422, "body-invalid")


async def test_sending_back_needs_a_comment(at_work: House) -> None:
    """Rule 14: send back with a comment."""
    task = await at_work.open_task("approve-director", TaskKind.APPROVE_RESULTS, stage=Stage.APPROVAL)
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/decide", json={"choice": "back-to-submission"})
    assert (answer.status_code, answer.json()["code"]) == (422, "comment-needed")


async def test_a_counter_proposal_keeps_values_before_and_after(at_work: House) -> None:
    """Rule 23: other values with a reason and the figures behind them."""
    task = await at_work.open_task()
    await at_work.start_review()
    async with at_work.sessions() as session:
        found = await session.exec(
            select(Target).where(col(Target.unit_id) == task.department_id, col(Target.person_id) == "")
        )
        sales = next(target for target in found.all() if target.metric_id == at_work.company.metric_ids["sales"])
    given = {
        "choice": "counter-propose",
        "comment": "成交周期30天",
        "proposals": [{"metric": "sales", "proposed": "1500000.50"}],
    }
    async with at_work.caller(task.holder_id) as director:
        answer = await director.post(f"/api/tasks/{task.id}/decide", json=given)
        empty = await director.post(f"/api/tasks/{task.id}/decide", json={**given, "proposals": []})
        unknown = {**given, "proposals": [{"metric": "luck", "proposed": "1"}]}
        of_nothing = await director.post(f"/api/tasks/{task.id}/decide", json=unknown)
    assert answer.status_code == 200, answer.text
    async with at_work.sessions() as session:
        proposal = (await session.exec(select(TargetProposal))).one()
    assert proposal.command_id == answer.json()["command_id"]
    assert (proposal.before, proposal.proposed) == (format(sales.value.normalize(), "f"), "1500000.5")
    assert proposal.reason == "成交周期30天"
    assert (empty.status_code, empty.json()["code"]) == (422, "figures-needed")
    assert (of_nothing.status_code, of_nothing.json()["code"]) == (422, "metric-unknown")


async def test_one_key_is_one_decision_and_another_content_under_it_is_refused(at_work: House) -> None:
    task = await at_work.open_task()
    await at_work.start_review()
    key = {"Idempotency-Key": "k-1"}
    path = f"/api/tasks/{task.id}/decide"
    async with at_work.caller(task.holder_id) as director:
        first = await director.post(path, json={"choice": "confirm"}, headers=key)
        again = await director.post(path, json={"choice": "confirm"}, headers=key)
        await close(at_work, task, task.holder_id)
        later = await director.post(path, json={"choice": "confirm"}, headers=key)
        other = await director.post(path, json={"choice": "confirm", "comment": "anders"}, headers=key)
    assert first.status_code == again.status_code == later.status_code == 200
    assert first.json() == again.json() == later.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_two_people_may_use_the_same_key(at_work: House) -> None:
    task = await at_work.open_task()
    key = {"Idempotency-Key": "the-same"}
    async with at_work.caller(task.holder_id) as director, at_work.caller(at_work.company.hr_id) as hr:
        one = await director.post(f"/api/tasks/{task.id}/comment", json={"text": "a"}, headers=key)
        two = await hr.post(f"/api/tasks/{task.id}/comment", json={"text": "b"}, headers=key)
    assert one.status_code == two.status_code == 201
    assert one.json()["command_id"] != two.json()["command_id"]


async def test_a_task_of_another_company_is_unknown(at_work: House) -> None:
    task = await at_work.open_task()
    other = await at_work.other_company()
    async with at_work.caller(other.hr_id) as stranger:
        for path, body in (
            ("decide", {"choice": "confirm"}),
            ("reassign", {"to_id": other.hr_id, "reason": "x"}),
            ("extend", {"due_on": "2058-01-01", "reason": "x"}),
            ("void", {"reason": "x"}),
            ("comment", {"text": "x"}),
            ("delegate", {"deputy_id": other.hr_id}),
            ("submit", {"rows": []}),
        ):
            answer = await stranger.post(f"/api/tasks/{task.id}/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "task-unknown"), path


# --- what HR does -------------------------------------------------------------------------------


async def test_hr_reassigns_with_a_reason(at_work: House) -> None:
    """Rule 11: HR can reassign any open task, with a reason."""
    task = await at_work.open_task()
    await at_work.start_review()
    to_id = at_work.company.departments[1].director_id
    async with at_work.caller(at_work.company.hr_id) as hr, at_work.caller(task.holder_id) as director:
        silent = await hr.post(f"/api/tasks/{task.id}/reassign", json={"to_id": to_id, "reason": " "})
        nobody = await hr.post(f"/api/tasks/{task.id}/reassign", json={"to_id": "nobody", "reason": "x"})
        wrong_role = await director.post(f"/api/tasks/{task.id}/reassign", json={"to_id": to_id, "reason": "x"})
        answer = await hr.post(f"/api/tasks/{task.id}/reassign", json={"to_id": to_id, "reason": "休假"})
    assert (silent.status_code, silent.json()["code"]) == (422, "body-invalid")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "person-unknown")
    assert (wrong_role.status_code, wrong_role.json()["code"]) == (403, "role-needed")
    assert answer.status_code == 200
    assert (await last_move(at_work))["to_id"] == to_id
    assert (await words_of(at_work, answer.json()["command_id"])) == {"reason": "休假"}


async def test_a_task_is_not_given_to_somebody_who_has_left(at_work: House) -> None:
    task = await at_work.open_task()
    gone = at_work.company.departments[1].director_id
    async with at_work.sessions() as session:
        await session.exec(update(Person).where(col(Person.id) == gone).values(left_on=date(2026, 1, 1)))
        await session.commit()
    async with at_work.caller(at_work.company.hr_id) as hr:
        answer = await hr.post(f"/api/tasks/{task.id}/reassign", json={"to_id": gone, "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "person-left")


async def test_hr_extends_and_voids_and_a_deadline_that_is_over_is_refused(at_work: House) -> None:
    task = await at_work.open_task()
    await at_work.start_review()
    async with at_work.caller(at_work.company.hr_id) as hr:
        past = await hr.post(f"/api/tasks/{task.id}/extend", json={"due_on": "2020-01-01", "reason": "x"})
        extended = await hr.post(f"/api/tasks/{task.id}/extend", json={"due_on": "2058-01-04", "reason": "x"})
        assert (await last_move(at_work))["due_on"] == "2058-01-04"
        reminded = await hr.post(f"/api/tasks/{task.id}/remind")
        assert (await last_move(at_work))["name"] == "remind"
        voided = await hr.post(f"/api/tasks/{task.id}/void", json={"reason": "重复"})
        assert (await last_move(at_work))["name"] == "void"
    assert (past.status_code, past.json()["code"]) == (422, "deadline-past")
    assert extended.status_code == reminded.status_code == voided.status_code == 200


# --- deputies and comments ------------------------------------------------------------------------


async def test_a_holder_delegates_until_the_deadline_and_the_deputy_gets_a_link(at_work: House) -> None:
    deadline = datetime.now(UTC) + timedelta(days=10)
    task = await at_work.open_task(deadline_at=deadline)
    await at_work.start_review()
    deputy_id = at_work.company.departments[1].director_id
    async with at_work.caller(task.holder_id) as director, at_work.caller(deputy_id) as deputy:
        refused = await deputy.post(f"/api/tasks/{task.id}/delegate", json={"deputy_id": deputy_id})
        answer = await director.post(f"/api/tasks/{task.id}/delegate", json={"deputy_id": deputy_id})
        decided = await deputy.post(f"/api/tasks/{task.id}/decide", json={"choice": "confirm"})
    assert refused.json()["code"] == "not-yours"
    assert answer.status_code == 201
    assert decided.status_code == 200
    async with at_work.sessions() as session:
        row = (await session.exec(select(Deputy))).one()
    assert (row.person_id, row.deputy_id) == (task.holder_id, deputy_id)
    assert row.until_on >= deadline.date()


async def test_naming_the_same_deputy_twice_under_one_key_names_one(at_work: House) -> None:
    person_id = at_work.company.departments[0].director_id
    deputy_id = at_work.company.departments[1].director_id
    given = {"deputy_id": deputy_id, "from_on": "2054-12-01", "until_on": "2054-12-10"}
    key = {"Idempotency-Key": "leave"}
    async with at_work.caller(person_id) as director:
        first = await director.post("/api/deputies", json=given, headers=key)
        again = await director.post("/api/deputies", json=given, headers=key)
        backwards = await director.post("/api/deputies", json={**given, "until_on": "2054-11-01"})
        oneself = await director.post("/api/deputies", json={**given, "deputy_id": person_id})
        foreign = {**given, "person_id": at_work.company.boss_id}
        for_another = await director.post("/api/deputies", json=foreign)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert backwards.json()["code"] == "period-invalid"
    assert oneself.json()["code"] == "deputy-is-self"
    assert (for_another.status_code, for_another.json()["code"]) == (403, "not-yours")
    async with at_work.sessions() as session:
        assert len((await session.exec(select(Deputy))).all()) == 1


async def test_comments_are_shown_with_the_task_and_an_auditor_writes_none(at_work: House) -> None:
    """Rule 50: an auditor reads everything, changes nothing."""
    task = await at_work.open_task()
    async with at_work.caller(task.holder_id) as director, at_work.caller(at_work.company.auditor_id) as auditor:
        said = await director.post(f"/api/tasks/{task.id}/comment", json={"text": "等财务数据"})
        refused = await auditor.post(f"/api/tasks/{task.id}/comment", json={"text": "x"})
        shown = (await auditor.get(f"/api/tasks/{task.id}")).json()
    assert said.status_code == 201
    assert refused.status_code == 403
    assert [comment["text"] for comment in shown["comments"]] == ["等财务数据"]
    assert shown["choices"] == []
    async with at_work.sessions() as session:
        assert len((await session.exec(select(TaskComment))).all()) == 1

"""People: the tree, the list, one person's page, and who may see them (Rules 11, 12, 50)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from models.changes import Change
from models.cycles import Cycle
from models.errors import Refusal
from models.org import Deputy, Person, PersonnelChange, Unit
from models.stages import CommandState, CycleState
from models.tasks import Command
from quarterdeck.demo.small import make_small_company
from tests.api.pages.place import Browser, Place

FORMS = ("edit", "transfer", "leave", "deputy")


def someone(place: Place) -> str:
    return place.company.departments[0].people_ids[1]


async def changes(place: Place) -> list[Change]:
    async with place.sessions() as session:
        return list((await session.exec(select(Change))).all())


async def person(place: Place, person_id: str) -> Person:
    async with place.sessions() as session:
        return await session.get_one(Person, person_id)


async def edit(browser: Browser, person_id: str, row: Person, **fields: str) -> int:
    given = {name: getattr(row, name) for name in ("name", "email", "phone", "post", "grade", "region")}
    await browser.open(f"/people/{person_id}/edit")
    answer = await browser.send(
        f"/people/{person_id}/edit", **{**given, "language": "zh-CN", "is_scored": "yes", **fields}
    )
    return answer.status_code


# --- rights -------------------------------------------------------------------------------------


@pytest.mark.parametrize("user_name", ["hr", "ceo", "auditor"])
async def test_hr_the_boss_and_auditors_read_people(place: Place, user_name: str) -> None:
    """Rule 50: boss all; the auditor reads everything."""
    browser = await place.signed_in(user_name)
    assert (await browser.open("/people")).status_code == 200
    assert (await browser.open(f"/people/{someone(place)}")).status_code == 200
    assert ("Record leaving" in browser.page) is (user_name == "hr")


@pytest.mark.parametrize("user_name", ["d0001", "vp1", "finance"])
async def test_nobody_else_reads_them_here(place: Place, user_name: str) -> None:
    browser = await place.signed_in(user_name)
    for address in ("/people", f"/people/{someone(place)}", "/people/suggestions?q=1"):
        assert (await browser.open(address)).status_code == 403, address
    assert 'href="/people"' not in browser.page


@pytest.mark.parametrize("user_name", ["ceo", "auditor", "d0001"])
async def test_only_hr_changes_them(place: Place, user_name: str) -> None:
    browser = await place.signed_in(user_name)
    await browser.open("/tasks")
    for form in FORMS:
        assert (await browser.open(f"/people/{someone(place)}/{form}")).status_code == 403
        await browser.open("/tasks")
        assert (await browser.send(f"/people/{someone(place)}/{form}", name="x")).status_code == 403
        await browser.open("/tasks")
    assert (await browser.send("/people/join", name="x")).status_code == 403
    assert place.commands.wishes == []
    assert await changes(place) == []


async def test_people_of_another_company_are_not_there(place: Place) -> None:
    other = await make_small_company(place.sessions, 1, 2, company_id="other", prefix="other-")
    stranger = other.departments[0].people_ids[0]
    browser = await place.signed_in("hr")
    for address in (f"/people/{stranger}", f"/people/{stranger}/edit", f"/people?unit={other.departments[0].id}"):
        assert (await browser.open(address)).status_code == 404, address
    assert "other" not in (await browser.open("/people?q=p00005")).text


# --- tree and list ------------------------------------------------------------------------------


async def test_the_tree_opens_a_level_at_a_time(place: Place) -> None:
    first, second, _ = place.company.departments
    browser = await place.signed_in("hr", "zh")
    await browser.open("/people")
    assert "大区1" in browser.page
    assert "销售1部" not in browser.page.split("全公司")[0]
    await browser.open(f"/people?unit={first.division_id}")
    assert all(f"unit={one.id}" in browser.page for one in (first, second))
    assert first.team_ids[0] not in browser.page.split('id="list"')[0]
    await browser.open(f"/people?unit={first.id}")
    tree = browser.page.split('id="list"')[0]
    assert first.team_ids[0] in tree
    assert second.team_ids[0] not in tree


async def test_a_unit_without_a_head_says_so(place: Place) -> None:
    await place.change(Unit, place.company.departments[0].id, head_id=None)
    browser = await place.signed_in("hr", "zh")
    await browser.open(f"/people?unit={place.company.departments[0].division_id}")
    assert "负责人空缺" in browser.page


async def test_choosing_a_unit_lists_everybody_in_it_and_below(place: Place) -> None:
    first = place.company.departments[0]
    browser = await place.signed_in("hr")
    await browser.open(f"/people?unit={first.id}")
    assert "5 people" in browser.page
    await browser.open(f"/people?unit={first.team_ids[0]}")
    assert "2 people" in browser.page


async def test_the_list_finds_by_name_number_post_grade_and_what_is_missing(place: Place) -> None:
    await place.change(Person, someone(place), name="欧阳娜娜", phone="")
    await place.change(Person, place.company.departments[1].people_ids[0], email="", grade="P7")
    browser = await place.signed_in("hr")
    staff_no = (await person(place, someone(place))).staff_no
    for query, found in {
        "q=欧阳": 1,
        f"q={staff_no}": 1,
        "q=%25": 0,
        "lacks=phone": 1,
        "lacks=email": 1,
        "lacks=either": 2,
        "grade=P7": 1,
        "post=销售总监": 3,
        "lacks=nonsense&sort=nonsense&page=x&state=y": 20,
    }.items():
        await browser.open(f"/people?{query}")
        assert (f"{found} person" if found == 1 else f"{found} people") in browser.page, query
        assert ("Nobody fits" in browser.page) is (found == 0)


async def test_those_who_left_are_listed_apart(place: Place) -> None:
    await place.change(Person, someone(place), left_on=date(2020, 1, 1))
    browser = await place.signed_in("hr")
    for state, found in {"there": 19, "left": 1, "all": 20}.items():
        await browser.open(f"/people?state={state}")
        assert f"{found} pe" in browser.page


async def test_the_list_comes_in_pages_and_sorts_in_the_database(place: Place) -> None:
    team = place.company.departments[0].team_ids[0]
    await place.add(
        *(
            Person(
                id=f"extra{n:03}",
                company_id=place.company.company_id,
                staff_no=f"9{n:05}",
                name=f"增员{n:03}",
                unit_id=team,
            )
            for n in range(60)
        )
    )
    browser = await place.signed_in("hr")
    await browser.open("/people?q=增员&sort=name")
    assert "Page 1 of 2" in browser.page
    assert "增员049" in browser.page
    assert "增员050" not in browser.page
    await browser.open("/people?q=增员&sort=name&page=2")
    assert "增员059" in browser.page


async def test_names_are_offered_for_a_field(place: Place) -> None:
    browser = await place.signed_in("hr", "zh")
    staff_no = (await person(place, someone(place))).staff_no
    offered = (await browser.http.get(f"/people/suggestions?what=person&q={staff_no}")).json()
    assert offered == [f"{(await person(place, someone(place))).name} ({staff_no})"]
    offered = (await browser.http.get("/people/suggestions?what=unit&q=1部1")).json()
    assert offered == ["大区1 / 销售1部 / 销售1部1组"]
    assert (await browser.http.get("/people/suggestions?q=")).json() == []


# --- one person ---------------------------------------------------------------------------------


async def test_a_page_shows_post_line_tasks_and_what_is_missing_with_what_to_do(place: Place) -> None:
    director = place.company.departments[0].director_id
    await place.open_task()
    await place.change(Person, director, phone="")
    browser = await place.signed_in("hr")
    await browser.open(f"/people/{director}")
    assert "Confirm targets" in browser.page
    assert "Direct reports" in browser.page
    assert "What the ladder sends by SMS goes by e-mail instead" in browser.page
    assert f"/people/{place.company.departments[0].superior_id}" in browser.page


async def test_an_edit_is_saved_with_who_when_and_what_stood_there_before(place: Place) -> None:
    """Rule 51."""
    browser = await place.signed_in("hr")
    row = await person(place, someone(place))
    assert await edit(browser, row.id, row, phone="139 0000 1111", grade="P6") == 200
    assert (await person(place, row.id)).phone == "+8613900001111"
    (change,) = await changes(place)
    assert (change.by_id, change.subject_id) == (place.company.hr_id, row.id)
    assert change.before == {"phone": row.phone, "grade": "P5", "superior_id": row.superior_id}
    assert change.after == {"phone": "+8613900001111", "grade": "P6", "superior_id": None}
    assert "Grade: P5 → P6" in browser.page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Please fill this in."),
        ({"email": "nobody"}, "is no e-mail address"),
        ({"phone": "12"}, "is no mobile number"),
        ({"superior": "张无忌"}, "Nobody here is called"),
        ({"grade": "x" * 50}, "This is too long"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    place: Place, fields: dict[str, str], said: str
) -> None:
    browser = await place.signed_in("hr")
    row = await person(place, someone(place))
    assert await edit(browser, row.id, row, region="西南", **fields) == 422
    assert said in browser.page
    assert 'value="西南"' in browser.page
    assert all(f'value="{value}"' in browser.page for value in fields.values())
    assert await changes(place) == []


async def test_saving_what_is_there_already_saves_nothing(place: Place) -> None:
    browser = await place.signed_in("hr")
    row = await person(place, someone(place))
    superior = await person(place, row.superior_id or "")
    assert await edit(browser, row.id, row, superior=f"{superior.name} ({superior.staff_no})") == 409
    assert "Nothing was changed" in browser.page


async def test_a_circle_in_the_reporting_line_is_refused(place: Place) -> None:
    browser = await place.signed_in("hr", "zh")
    boss = await person(place, place.company.boss_id)
    director = await person(place, place.company.departments[0].director_id)
    assert await edit(browser, boss.id, boss, superior=director.staff_no) == 409
    assert "汇报线会成环" in browser.page
    assert await edit(browser, boss.id, boss, superior=boss.staff_no) == 409
    assert (await person(place, boss.id)).superior_id is None


async def test_two_of_one_name_are_told_apart_by_number(place: Place) -> None:
    first, second = place.company.departments[0].people_ids[:2]
    for one in (first, second):
        await place.change(Person, one, name="王伟")
    browser = await place.signed_in("hr")
    row = await person(place, place.company.departments[1].people_ids[1])
    assert await edit(browser, row.id, row, superior="王伟") == 422
    assert "More than one person is called" in browser.page
    assert await edit(browser, row.id, row, superior=f"王伟（{(await person(place, second)).staff_no}）") == 200
    assert (await person(place, row.id)).superior_id == second


# --- deputies -----------------------------------------------------------------------------------


async def name(browser: Browser, person_id: str, deputy: str, from_on: date, until_on: date) -> int:
    await browser.open(f"/people/{person_id}/deputy")
    answer = await browser.send(
        f"/people/{person_id}/deputy",
        deputy=deputy,
        from_on=from_on.isoformat(),
        until_on=until_on.isoformat(),
        reason="年假",
        once="the-same",
    )
    return answer.status_code


async def test_a_deputy_is_named_for_a_period_and_the_period_ended(place: Place) -> None:
    """Rule 11."""
    first = place.company.departments[0]
    today = datetime.now(UTC).date()
    browser = await place.signed_in("hr")
    deputy = await person(place, first.people_ids[0])
    days = (today - timedelta(days=3), today + timedelta(days=3))
    assert await name(browser, first.director_id, deputy.staff_no, *days) == 200
    assert "now</span>" in browser.page
    assert await name(browser, first.director_id, deputy.staff_no, *days) == 200
    async with place.sessions() as session:
        (row,) = (await session.exec(select(Deputy))).all()  # Sent twice, done once.
    await browser.send(f"/people/{first.director_id}/deputies/{row.id}/end")
    async with place.sessions() as session:
        assert (await session.get_one(Deputy, row.id)).until_on < today + timedelta(days=1)
    assert "over</span>" in browser.page
    (change,) = await changes(place)
    assert change.before["until_on"] == days[1].isoformat()
    again = await browser.send(f"/people/{first.director_id}/deputies/{row.id}/end")
    assert again.status_code == 409


async def test_a_period_that_has_not_begun_is_withdrawn(place: Place) -> None:
    first = place.company.departments[0]
    today = datetime.now(UTC).date()
    browser = await place.signed_in("hr")
    deputy = (await person(place, first.people_ids[0])).staff_no
    await name(browser, first.director_id, deputy, today + timedelta(days=5), today + timedelta(days=9))
    async with place.sessions() as session:
        (row,) = (await session.exec(select(Deputy))).all()
    await browser.send(f"/people/{first.director_id}/deputies/{row.id}/end")
    assert "withdrawn</span>" in browser.page


async def test_a_deputy_who_cannot_be_is_refused(place: Place) -> None:
    first = place.company.departments[0]
    today = datetime.now(UTC).date()
    browser = await place.signed_in("hr")
    director = (await person(place, first.director_id)).staff_no
    assert await name(browser, first.director_id, director, today, today) == 422
    assert "Nobody is their own deputy" in browser.page
    other = await person(place, first.people_ids[0])
    assert await name(browser, first.director_id, other.staff_no, today, today - timedelta(days=1)) == 422
    await place.change(Person, other.id, left_on=date(2020, 1, 1))
    assert await name(browser, first.director_id, other.staff_no, today, today) == 409
    assert "has left the company" in browser.page
    assert (await browser.send(f"/people/{first.director_id}/deputies/none/end")).status_code == 404


# --- joiner, leaver, transfer -------------------------------------------------------------------

JOINER = {
    "name": "王五",
    "staff_no": "777777",
    "effective_on": "2027-02-01",
    "post": "销售代表",
    "language": "zh-CN",
}


async def test_a_joiner_is_taken_in_by_the_command_of_the_cycle(place: Place) -> None:
    """Rule 12."""
    browser = await place.signed_in("hr", "zh")
    await browser.open(f"/people/join?unit={place.company.departments[0].team_ids[0]}")
    assert "大区1 / 销售1部 / 销售1部1组" in browser.page
    await browser.send("/people/join", **JOINER, unit="大区1 / 销售1部 / 销售1部1组", phone="13800000000")
    (wish,) = place.commands.wishes
    assert (wish.kind, wish.cycle_id) == ("staff", place.company.cycle_id)
    assert wish.words["kind"] == "join"
    assert wish.words["to_unit_id"] == place.company.departments[0].team_ids[0]
    assert wish.words["person"]["phone"] == "+8613800000000"


async def test_a_taken_number_and_an_unknown_unit_are_refused_and_what_was_typed_stays(place: Place) -> None:
    browser = await place.signed_in("hr")
    await browser.open("/people/join")
    taken = (await person(place, someone(place))).staff_no
    answer = await browser.send("/people/join", **{**JOINER, "staff_no": taken}, unit="销售1部")
    assert answer.status_code == 409
    assert f"Staff number {taken} is taken" in browser.page
    assert 'value="王五"' in browser.page
    answer = await browser.send("/people/join", **JOINER, unit="月球部")
    assert answer.status_code == 422
    assert "There is no unit called “月球部”" in browser.page
    assert place.commands.wishes == []


async def test_a_unit_of_a_common_name_is_asked_for_with_those_above_it(place: Place) -> None:
    first, second, _ = place.company.departments
    for team in (first.team_ids[0], second.team_ids[0]):
        await place.change(Unit, team, name="一组")
    browser = await place.signed_in("hr", "zh")
    await browser.open("/people/join")
    assert (await browser.send("/people/join", **JOINER, unit="一组")).status_code == 422
    assert "有多个单位叫" in browser.page
    await browser.send("/people/join", **JOINER, unit="大区1 / 销售2部 / 一组")
    assert place.commands.wishes[0].words["to_unit_id"] == second.team_ids[0]


async def test_a_leaver_and_a_transfer_name_their_successor(place: Place) -> None:
    """Rule 12: open tasks follow the post."""
    first, second, _ = place.company.departments
    browser = await place.signed_in("hr")
    successor = (await person(place, second.director_id)).staff_no
    await browser.open(f"/people/{first.director_id}/leave")
    await browser.send(
        f"/people/{first.director_id}/leave", effective_on="2027-02-01", successor=successor, reason="离职"
    )
    await browser.open(f"/people/{someone(place)}/transfer")
    await browser.send(f"/people/{someone(place)}/transfer", effective_on="2027-02-01", to_unit="销售2部")
    left, moved = (wish.words for wish in place.commands.wishes)
    assert (left["kind"], left["successor_id"], left["reason"]) == ("leave", second.director_id, "离职")
    assert (moved["kind"], moved["to_unit_id"]) == ("transfer", second.id)


async def test_what_the_engine_refuses_is_said_on_the_form(place: Place) -> None:
    place.commands.refusal = Refusal("line-circular", person_id=someone(place))
    browser = await place.signed_in("hr")
    await browser.open(f"/people/{someone(place)}/leave")
    answer = await browser.send(f"/people/{someone(place)}/leave", effective_on="2027-02-01", reason="离职")
    assert answer.status_code == 409
    assert "would report to themselves" in browser.page
    assert 'value="离职"' in browser.page


async def test_without_a_cycle_under_way_the_form_says_so_at_once(place: Place) -> None:
    await place.change(Cycle, place.company.cycle_id, state=CycleState.PUBLISHED)
    browser = await place.signed_in("hr")
    await browser.open("/people/join")
    assert "No cycle is under way" in browser.page
    assert (await browser.send("/people/join", **JOINER, unit="销售1部")).status_code == 409


async def test_of_several_cycles_under_way_one_is_chosen(place: Place) -> None:
    async with place.sessions() as session:
        known = await session.get_one(Cycle, place.company.cycle_id)
        second = Cycle(**{**known.model_dump(), "id": "second", "name": "第二个"})
    await place.add(second)
    browser = await place.signed_in("hr")
    await browser.open("/people/join")
    assert "第二个" in browser.page
    await browser.send("/people/join", **JOINER, unit="销售1部", cycle_id="second")
    assert place.commands.wishes[0].cycle_id == "second"


async def test_a_recorded_step_and_one_that_waits_show_on_the_persons_page(place: Place) -> None:
    company = place.company
    step = Command(
        id="step",
        idempotency_key="step",
        company_id=company.company_id,
        by_id=company.hr_id,
        kind="staff",
        workflow_id="",
        words={"kind": "transfer", "person_id": someone(place), "to_unit_id": company.departments[1].id},
        state=CommandState.RECEIVED,
        received_at=datetime.now(UTC),
    )
    change = PersonnelChange(
        id="step",
        company_id=company.company_id,
        kind="transfer",
        person_id=someone(place),
        effective_on=date(2027, 2, 1),
        by_id=company.hr_id,
        reason="轮岗",
        detail={"successor": company.departments[0].director_id},
        at=datetime.now(UTC),
    )
    await place.add(step, change)
    browser = await place.signed_in("hr", "zh")
    await browser.open(f"/people/{someone(place)}")
    for said in ("登记调动：2027年2月1日，调入大区1 / 销售2部", "原因：轮岗", "接任人：", "已收到，稍后即生效"):
        assert said in browser.page, said


async def test_targets_of_the_new_post_come_along(place: Place) -> None:
    """Rule 12: of the whole period; what counts are the days in post."""
    browser = await place.signed_in("hr", "zh")
    await browser.open("/people/join")
    assert "目标：销售额" in browser.page
    sales = f"target:{place.company.metric_ids['sales']}"
    assert (await browser.send("/people/join", **JOINER, unit="销售1部", **{sales: "很多"})).status_code == 422
    assert "不是数字" in browser.page
    await browser.send("/people/join", **JOINER, unit="销售1部", **{sales: "500000"})
    await browser.open(f"/people/{someone(place)}/transfer")
    moved = {"effective_on": "2027-02-01", "to_unit": "销售2部", sales: "600000"}
    await browser.send(f"/people/{someone(place)}/transfer", **moved)
    given = [wish.words["targets"] for wish in place.commands.wishes]
    metric_id = place.company.metric_ids["sales"]
    assert given == [[{"metric_id": metric_id, "value": value}] for value in ("500000", "600000")]


async def test_hr_names_who_heads_a_unit(place: Place) -> None:
    first, second, _ = place.company.departments
    await place.change(Unit, first.id, head_id=None)
    browser = await place.signed_in("hr")
    head = await person(place, second.director_id)
    given = {"name": "销售一部", "name_en": "Sales 1", "region": "华东"}
    await browser.open(f"/units/{first.id}")
    await browser.send(f"/units/{first.id}", **given, head=f"{head.name} ({head.staff_no})")
    async with place.sessions() as session:
        unit = await session.get_one(Unit, first.id)
    assert (unit.name, unit.head_id) == ("销售一部", head.id)
    (change,) = await changes(place)
    assert (change.before["head_id"], change.after["head_id"]) == (None, head.id)
    await browser.open(f"/units/{first.id}")
    assert f"Head: – → {head.name}" in browser.page
    assert (await browser.send(f"/units/{first.id}", **given, head=head.staff_no)).status_code == 409
    await place.change(Person, someone(place), left_on=date(2020, 1, 1))
    gone = (await person(place, someone(place))).staff_no
    assert (await browser.send(f"/units/{first.id}", **given, head=gone)).status_code == 409
    assert "has left the company" in browser.page


@pytest.mark.parametrize("user_name", ["ceo", "auditor", "d0001"])
async def test_nobody_else_changes_a_unit(place: Place, user_name: str) -> None:
    browser = await place.signed_in(user_name)
    assert (await browser.open(f"/units/{place.company.departments[0].id}")).status_code == 403
    await browser.open("/tasks")
    assert (await browser.send(f"/units/{place.company.departments[0].id}", name="x")).status_code == 403

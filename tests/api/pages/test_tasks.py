from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from models.cycles import Cycle
from models.errors import Refusal
from models.metrics import Figure, Score, ScoreLine
from models.org import Deputy
from models.stages import Approver, Choice, Stage, TaskKind
from models.tasks import SubmissionRow, TargetProposal, Task
from tests.api.pages.place import Place

JANUARY = date(2055, 1, 1)


async def fill_january(place: Place, *, without: str = "") -> None:
    """Write every figure of the first department for January, but for those of one metric."""
    company = place.company
    department = company.departments[0]
    figures = []
    for code, metric_id in company.metric_ids.items():
        owners = [(team, "") for team in department.team_ids]
        if code != "satisfaction":
            per_team = len(department.people_ids) // len(department.team_ids)
            owners = [
                (department.team_ids[number // per_team], person)
                for number, person in enumerate(department.people_ids)
            ]
        for team, person in owners:
            if code != without:
                figures.append(
                    Figure(
                        id=f"{metric_id}-{team}-{person}",
                        company_id=company.company_id,
                        department_id=department.id,
                        team_id=team,
                        person_id=person,
                        metric_id=metric_id,
                        month=JANUARY,
                        value=Decimal(80),
                        source="crm",
                        records=3,
                        at=datetime.now(UTC),
                    )
                )
    await place.add(*figures)


async def submission(place: Place) -> Task:
    return await place.open_task(TaskKind.SUBMIT_DATA, Stage.SUBMISSION, month=JANUARY)


async def test_somebody_without_tasks_is_told_what_will_happen(place: Place) -> None:
    browser = await place.signed_in("d0003", "zh")
    await browser.open("/tasks")
    assert "没有待办" in browser.page


async def test_my_tasks_name_deadline_zone_and_department(place: Place) -> None:
    await place.open_task(deadline_at=datetime(2058, 1, 13, 10, tzinfo=UTC))
    browser = await place.director("zh")
    await browser.open("/tasks")
    assert "2058年1月13日" in browser.page
    assert "18:00" in browser.page
    assert "北京时间" in browser.page


async def test_a_deputy_sees_and_decides_what_the_holder_would(place: Place) -> None:
    """Rule 11: the record names both."""
    task = await place.open_task()
    deputy = place.company.departments[1].director_id
    now = datetime.now(UTC)
    await place.add(
        Deputy(
            id="x",
            person_id=task.holder_id,
            deputy_id=deputy,
            from_on=now.date() - timedelta(days=1),
            until_on=now.date() + timedelta(days=1),
            named_at=now,
        )
    )
    browser = await place.signed_in("d0002")
    await browser.open("/tasks")
    assert "as deputy of" in browser.page
    await browser.open(f"/tasks/{task.id}")
    await browser.send(f"/tasks/{task.id}", choice="confirm")
    move = place.moves[0]
    assert (move["by_id"], move["for_id"]) == (deputy, task.holder_id)


async def test_targets_stand_beside_what_was_reached_before(place: Place) -> None:
    """Rule 23: the director confirms figures, with the last period beside them."""
    task = await place.open_task()
    browser = await place.director("zh")
    await browser.open(f"/tasks/{task.id}")
    assert "200万元" in browser.page  # Four people with 50万 each.
    assert "深耕重点客户" in browser.page


async def test_a_counter_proposal_keeps_only_what_was_changed(place: Place) -> None:
    task = await place.open_task()
    sales, collection = place.company.metric_ids["sales"], place.company.metric_ids["collection"]
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    await browser.send(
        f"/tasks/{task.id}",
        **{
            "choice": "counter-propose",
            "comment": "Two large customers left us.",
            f"shown.{sales}": "2000000",
            f"proposed.{sales}": "180万",
            f"shown.{collection}": "90",
            f"proposed.{collection}": "90.0",
        },
    )
    (row,) = place.commands.wishes[0].rows
    assert isinstance(row, TargetProposal)
    assert (row.metric_id, row.before, row.proposed) == (sales, "2000000", "1800000")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"comment": ""}, "give the reason"),
        ({"comment": "Because."}, "change at least one value"),
        ({"comment": "Because.", "proposed.{sales}": "much"}, "is no number"),
        ({"choice": "approve"}, "cannot be decided on this task"),
    ],
)
async def test_a_counter_proposal_that_lacks_something_says_what_and_keeps_the_rest(
    place: Place, fields: dict[str, str], said: str
) -> None:
    task = await place.open_task()
    sales = place.company.metric_ids["sales"]
    typed = {"choice": "counter-propose", **{name.format(sales=sales): value for name, value in fields.items()}}
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    answer = await browser.send(f"/tasks/{task.id}", **typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert all(value in answer.text for value in fields.values() if value != "approve")
    assert place.commands.wishes == []


async def test_what_is_missing_is_listed_row_by_row_and_can_be_filled_in(place: Place) -> None:
    """Rule 6: complete only with every team, metric and month."""
    await fill_january(place, without="satisfaction")
    task = await submission(place)
    teams = place.company.departments[0].team_ids
    metric = place.company.metric_ids["satisfaction"]
    fields = [f"figure:{team}::{metric}:2055-01" for team in teams]
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    assert "2 figures are missing" in browser.page
    answer = await browser.send(f"/tasks/{task.id}", **{"choice": "submit", fields[0]: "92.5"})
    assert answer.status_code == 422
    assert 'value="92.5"' in answer.text
    answer = await browser.send(f"/tasks/{task.id}", **{"choice": "submit", fields[0]: "92.5", fields[1]: "-1"})
    assert "cannot be negative" in answer.text
    assert place.commands.wishes == []
    await browser.send(f"/tasks/{task.id}", **{"choice": "submit", fields[0]: "92.5", fields[1]: "88"})
    rows = [row for row in place.commands.wishes[0].rows if isinstance(row, SubmissionRow)]
    assert sorted((row.team_id, row.value) for row in rows) == sorted(zip(teams, ("92.5", "88"), strict=True))


async def test_the_template_comes_back_filled_and_is_taken(place: Place) -> None:
    await fill_january(place, without="satisfaction")
    task = await submission(place)
    browser = await place.director("zh")
    template = await browser.http.get(f"/tasks/{task.id}/template.xlsx")
    workbook = load_workbook(BytesIO(template.content))
    sheet = workbook.active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == ["团队", "工号", "姓名", "指标", "月份", "实际值", "更正原因"]
    for row in sheet.iter_rows(min_row=2):
        row[5].value = 91 if row[5].value is None else row[5].value
    filled = BytesIO()
    workbook.save(filled)
    await browser.open(f"/tasks/{task.id}")
    answer = await browser.send(
        f"/tasks/{task.id}", files={"file": ("filled.xlsx", filled.getvalue())}, choice="submit"
    )
    assert "提交了数据" in answer.text, answer.text


async def test_faulty_rows_of_a_file_are_shown_with_their_reason_and_corrected_in_place(place: Place) -> None:
    await fill_january(place, without="satisfaction")
    task = await submission(place)
    first, second = place.company.departments[0].team_ids
    metric = place.company.metric_ids["satisfaction"]
    table = f"team,metric,month,value\n{first},{metric},2055-01,90\n{second},{metric},2055-01,many\n"
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    answer = await browser.send(f"/tasks/{task.id}", files={"file": ("x.csv", table.encode())}, choice="submit")
    assert answer.status_code == 422
    assert "1 row of the file is wrong" in answer.text
    assert "“many” is no number" in answer.text
    assert "1 other row is fine and kept" in answer.text
    kept = answer.text.split('name="kept" value="')[1].split('"')[0].replace("&#34;", '"')
    corrected = {
        f"row:3:{column}": value
        for column, value in zip(
            ("team", "person", "metric", "month", "value", "reason"),
            (second, "", metric, "2055-01", "93", ""),
            strict=True,
        )
    }
    answer = await browser.send(f"/tasks/{task.id}", choice="submit", kept=kept, **corrected)
    assert "submitted the data" in answer.text, answer.text


async def test_a_file_that_cannot_be_read_is_refused_in_words(place: Place) -> None:
    task = await submission(place)
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    answer = await browser.send(f"/tasks/{task.id}", files={"file": ("x.xlsx", b"PK\x03\x04 no")}, choice="submit")
    assert answer.status_code == 422
    assert "Please" in answer.text
    assert place.commands.wishes == []


async def score(place: Place) -> None:
    person = place.company.departments[0].people_ids[0]
    cycle_id = place.company.cycle_id
    await place.add(
        Score(
            cycle_id=cycle_id,
            person_id=person,
            department_id=place.company.departments[0].id,
            scorecard_id="x",
            total=Decimal("105"),
            band="良好",
            scored_at=datetime.now(UTC),
        ),
        ScoreLine(
            cycle_id=cycle_id,
            person_id=person,
            metric_id=place.company.metric_ids["sales"],
            weight=Decimal(60),
            effective_weight=Decimal(60),
            target=Decimal(500_000),
            actual=Decimal(1_000_000),
            attainment=Decimal(200),
            counted=Decimal(150),
            points=Decimal(90),
        ),
    )


async def test_results_show_their_calculation_and_are_approved(place: Place) -> None:
    """Rules 37, 42: attainment is never capped on screen; what counts is."""
    await score(place)
    task = await place.open_task(TaskKind.APPROVE_RESULTS, Stage.APPROVAL, approver=Approver.DIRECTOR)
    browser = await place.director("zh")
    await browser.open(f"/tasks/{task.id}")
    for shown in ("105.00", "良好", "50万元", "100万元", "200%", "计150%", "90.00"):
        assert shown in browser.page
    answer = await browser.send(f"/tasks/{task.id}", choice="approve")
    assert "批准了结果" in answer.text


async def test_results_go_back_only_with_a_reason(place: Place) -> None:
    """Rule 14: send back with a comment, to submission or to evaluation."""
    await score(place)
    task = await place.open_task(TaskKind.APPROVE_RESULTS, Stage.APPROVAL, approver=Approver.DIRECTOR)
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    answer = await browser.send(f"/tasks/{task.id}", choice="back-to-submission")
    assert answer.status_code == 422
    await browser.send(f"/tasks/{task.id}", choice="back-to-submission", comment="March is wrong.")
    assert place.moves[0]["choice"] == Choice.BACK_TO_SUBMISSION
    assert "March is wrong." in browser.page


async def test_hr_sees_what_was_proposed_beside_what_is(place: Place) -> None:
    hr = place.company.hr_id
    first = await place.open_task(slot="targets")
    director = await place.director()
    sales = place.company.metric_ids["sales"]
    await director.open(f"/tasks/{first.id}")
    await director.send(
        f"/tasks/{first.id}",
        **{"choice": "counter-propose", "comment": "Less budget.", f"proposed.{sales}": "1800000"},
    )
    cause = place.commands.wishes[0].command_id
    task = await place.open_task(TaskKind.ANSWER_PROPOSAL, holder_id=hr, first_holder_id=hr, cause_id=cause)
    browser = await place.signed_in("hr", "zh")
    await browser.open(f"/tasks/{task.id}")
    for shown in ("Less budget.", "200万元", "180万元", "接受建议值", "维持原目标"):
        assert shown in browser.page


async def test_somebody_elses_task_is_not_found(place: Place) -> None:
    task = await place.open_task()
    browser = await place.signed_in("d0002")
    assert (await browser.open(f"/tasks/{task.id}")).status_code == 404
    assert (await browser.http.get(f"/tasks/{task.id}/template.xlsx")).status_code == 404


async def test_hr_reads_a_task_but_its_holder_decides(place: Place) -> None:
    task = await place.open_task()
    browser = await place.signed_in("hr")
    await browser.open(f"/tasks/{task.id}")
    assert "decides this task. You can read it here." in browser.page
    answer = await browser.send(f"/tasks/{task.id}", choice="confirm")
    assert answer.status_code == 422
    assert place.commands.wishes == []


async def test_two_at_once_the_loser_sees_who_decided_what_and_when(place: Place) -> None:
    task = await place.open_task()
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    await browser.send(f"/tasks/{task.id}", choice="confirm")
    answer = await browser.send(f"/tasks/{task.id}", choice="confirm")
    assert answer.status_code == 409
    assert "confirmed the targets" in answer.text
    assert "Beijing time" in answer.text


async def test_a_paused_cycle_is_said_in_words(place: Place) -> None:
    task = await place.open_task()
    place.commands.refusal = Refusal("cycle-paused")
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    answer = await browser.send(f"/tasks/{task.id}", choice="confirm")
    assert "The cycle is paused" in answer.text


async def test_times_stand_in_the_cycles_zone_and_name_it(place: Place) -> None:
    task = await place.open_task(deadline_at=datetime(2058, 1, 13, 23, tzinfo=UTC))
    async with place.sessions() as session:
        cycle = await session.get_one(Cycle, place.company.cycle_id)
    await place.change(Cycle, cycle.id, terms={**cycle.terms, "time_zone": "America/New_York"})
    browser = await place.director()
    await browser.open(f"/tasks/{task.id}")
    assert "18:00" in browser.page
    assert "New York" in browser.page


async def test_values_that_were_changed_are_not_lost_by_confirming(place: Place) -> None:
    """Rule 23: confirming is agreeing; whoever changed a value did not mean to."""
    task = await place.open_task()
    sales = place.company.metric_ids["sales"]
    browser = await place.director("zh")
    await browser.open(f"/tasks/{task.id}")
    changed = {f"shown.{sales}": "2000000", f"proposed.{sales}": "180万"}
    answer = await browser.send(f"/tasks/{task.id}", choice="confirm", **changed)
    assert answer.status_code == 422
    assert "请作为建议提交" in answer.text
    assert 'value="180万"' in answer.text
    assert place.commands.wishes == []
    unchanged = {f"shown.{sales}": "2000000", f"proposed.{sales}": "2,000,000"}
    answer = await browser.send(f"/tasks/{task.id}", choice="confirm", **unchanged)
    assert "确认了目标" in answer.text

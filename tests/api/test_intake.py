"""Past figures and targets on both databases: taken over, corrected, read back (Rules 30, 34)."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import delete, update
from sqlmodel import col, select

from api.commands import Commands
from api.engine import Engine
from api.intake.taking import Sent, keep_checked, taking_over
from connectors.files import open_sheet
from models.changes import Change, Subject
from models.database import SessionMaker
from models.encryption import data_converter
from models.intake import IntakeKind
from models.metrics import Figure, Target
from models.org import Person
from models.settings import Settings
from quarterdeck.demo.small import SmallCompany, make_small_company


async def take_over(
    sessions: SessionMaker,
    company: SmallCompany,
    content: str,
    totals: str = "",
    kind: IntakeKind = IntakeKind.HISTORY,
) -> dict[str, int]:
    commands = Commands(Engine(data_converter(())), Settings.model_validate({"secret_keys": ["k" * 64]}))
    sent = Sent(kind, "old.csv", content.encode(), company.cycle_id, totals)
    async with sessions() as session:
        intake, checked = await keep_checked(session, open_sheet, company.company_id, company.hr_id, sent)
        assert checked.faults.kept == []
        await commands.note(session, await taking_over(session, open_sheet, intake, company.hr_id))
        return {name: checked.outcome[name] for name in ("new", "changed", "unchanged")}


async def test_a_correction_replaces_one_figure_and_leaves_all_others(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 2)
    async with sessions() as session:
        await session.exec(update(Person).values(joined_on=None))
        await session.commit()
    numbers = [
        f"{int(one.removeprefix('p')):06}" for department in company.departments for one in department.people_ids
    ]
    rows = "".join(f"{number},,sales,100,200\n" for number in numbers)
    teams = "".join(f",{team},satisfaction,80,\n" for team in ("销售1部1组", "销售2部1组"))
    heading = "工号,单位,指标,2025-01,2025-02\n"
    totals = f"sales {300 * len(numbers)}\nsatisfaction 160"
    first = await take_over(sessions, company, heading + rows + teams, totals)
    assert first == {"new": 2 * len(numbers) + 2, "changed": 0, "unchanged": 0}
    corrected = heading + f"{numbers[0]},,sales,100,250.5\n,销售2部1组,satisfaction,85,\n"
    again = await take_over(sessions, company, corrected, "sales 350.5\nsatisfaction 85")
    assert again == {"new": 0, "changed": 2, "unchanged": 1}
    async with sessions() as session:
        found = (await session.exec(select(Figure).where(col(Figure.source) == "file"))).all()
    replaced = {figure.value: figure.replaced_by for figure in found if figure.replaced_by}
    successors = {figure.id: figure.value for figure in found}
    assert {value: successors[by] for value, by in replaced.items()} == {
        Decimal(200): Decimal("250.5"),
        Decimal(80): Decimal(85),
    }
    in_force = [figure.value for figure in found if not figure.replaced_by and figure.value >= 100]
    assert sum(in_force) == 300 * len(numbers) + Decimal("50.5")


async def test_targets_that_are_new_and_those_that_change_go_in_together(sessions: SessionMaker) -> None:
    company = await make_small_company(sessions, 1)
    first, second = company.departments[0].people_ids[:2]
    metric_id = company.metric_ids["sales"]
    async with sessions() as session:
        await session.exec(
            delete(Target).where(col(Target.person_id) == first, col(Target.metric_id) == metric_id)
        )
        await session.commit()
    numbers = [f"{int(one.removeprefix('p')):06}" for one in (first, second)]
    content = f"工号,指标,目标值\n{numbers[0]},sales,123.45\n{numbers[1]},sales,不适用\n"
    counts = await take_over(sessions, company, content, kind=IntakeKind.TARGETS)
    assert counts == {"new": 1, "changed": 1, "unchanged": 0}
    async with sessions() as session:
        wanted = select(Target).where(
            col(Target.person_id).in_((first, second)), col(Target.metric_id) == metric_id
        )
        made, changed = (await session.exec(wanted.order_by(col(Target.person_id)))).all()
        record = (await session.exec(select(Change).where(col(Change.subject) == Subject.TARGET))).one()
    assert (made.full_value, made.applies, made.confirmed_at) == (Decimal("123.45"), True, None)
    assert (changed.applies, record.subject_id, record.before) == (False, changed.id, {"applies": True})

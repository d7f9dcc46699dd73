"""The questions behind the tree and the list of people, on both databases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from api.pages.people_views import Asked, people_table, posts_and_grades
from api.pages.units import Node, full_names, lines_above, tree
from models.database import SessionMaker, writing
from models.org import Person, Unit
from models.stages import Language
from quarterdeck.demo.small import SmallCompany, make_small_company

TODAY = date(2027, 1, 15)
CHINESE, ENGLISH = Language.CHINESE, Language.ENGLISH


@pytest.fixture
async def company(sessions: SessionMaker) -> SmallCompany:
    return await make_small_company(sessions, 4, 3, divisions=2, teams_per_department=2)


def opened(nodes: Iterable[Node]) -> list[str]:
    """The ids of the units shown, from the top down."""
    return [one for node in nodes for one in (node.id, *opened(node.below))]


async def test_the_first_level_is_open_and_no_other(sessions: SessionMaker, company: SmallCompany) -> None:
    async with sessions() as session:
        nodes = await tree(session, company.company_id, "", CHINESE)
    assert opened(nodes) == ["hq", "v1", "v2"]
    assert [node.can_open for node in nodes[0].below] == [True, True]


async def test_the_way_to_a_unit_is_open_and_what_lies_beside_it_closed(
    sessions: SessionMaker, company: SmallCompany
) -> None:
    department = company.departments[0]
    async with sessions() as session:
        nodes = await tree(session, company.company_id, department.id, CHINESE)
    assert opened(nodes) == ["hq", "v1", department.id, *department.team_ids, "d0003", "v2"]
    here = nodes[0].below[0].below[0]
    assert (here.is_here, here.is_open, here.head) == (True, True, "销售总监7")


async def test_a_unit_is_named_with_those_above_it_in_the_readers_language(
    sessions: SessionMaker, company: SmallCompany
) -> None:
    team = company.departments[1].team_ids[0]
    async with sessions() as session:
        await writing(session)
        (await session.get_one(Unit, "v2")).name_en = "South"
        await session.commit()
        assert await full_names(session, [team, "hq"], CHINESE) == {
            team: "大区2 / 销售2部 / 销售2部1组",
            "hq": "总部",
        }
        assert (await full_names(session, [team], ENGLISH))[team].startswith("South / ")


async def test_a_circle_among_units_ends(sessions: SessionMaker, company: SmallCompany) -> None:
    async with sessions() as session:
        await writing(session)
        (await session.get_one(Unit, "hq")).parent_id = "d0001"
        await session.commit()
        assert len(await lines_above(session, ["d0001"])) == 1


async def test_the_list_counts_everybody_below_a_unit(sessions: SessionMaker, company: SmallCompany) -> None:
    async with sessions() as session:
        found = {
            unit: (await people_table(session, company.company_id, Asked(unit_id=unit), CHINESE, TODAY)).total
            for unit in ("", "hq", "v1", "d0001", "d0001-t1")
        }
    assert found == {"": 22, "hq": 22, "v1": 9, "d0001": 4, "d0001-t1": 2}


async def test_the_list_filters_and_sorts_as_asked(sessions: SessionMaker, company: SmallCompany) -> None:
    async with sessions() as session:
        await writing(session)
        first, second = [await session.get_one(Person, one) for one in company.departments[0].people_ids[:2]]
        first.phone, first.name = "", "50%先生"
        second.left_on = TODAY
        await session.commit()

        async def found(**asked: str) -> list[str]:
            table = await people_table(session, company.company_id, Asked(**asked), CHINESE, TODAY)  # type: ignore[arg-type]  # All texts.
            return [row.person.id for row in table.rows]

        assert await found(text="50%") == [first.id]
        assert await found(lacks="phone") == [first.id]
        assert await found(state="left") == [second.id]
        assert second.id not in await found(sort="post")
        numbers = await found(sort="staff_no", state="all")
        assert numbers == sorted(numbers)
        assert await posts_and_grades(session, company.company_id) == (
            tuple(
                sorted(
                    {
                        "总裁",
                        "绩效经理",
                        "内部审计",
                        "财务总监",
                        "分管销售副总裁",
                        "销售总监",
                        "销售经理",
                        "销售代表",
                    }
                )
            ),
            ("M3", "P5"),
        )

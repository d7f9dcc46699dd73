"""Files of units and people: what they would write, and every fault by its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.stages import Language, UnitKind
from rules.intake import Grid, Plan, Reading
from rules.intake_people import KnownPeople, People, PeopleCheck, circles
from rules.intake_units import KnownUnit, KnownUnits, UnitsCheck

KINDS = {kind.value: kind for kind in UnitKind}
LANGUAGES = {"language": {"中文": Language.CHINESE, "english": Language.ENGLISH}}

HQ = KnownUnit("hq", "总部", UnitKind.COMPANY, None)
NORTH = KnownUnit("n", "北方", UnitKind.DIVISION, "hq")
SOUTH = KnownUnit("s", "南方", UnitKind.DIVISION, "hq")
NORTH_1 = KnownUnit("n1", "销售一部", UnitKind.DEPARTMENT, "n")
SOUTH_1 = KnownUnit("s1", "销售一部", UnitKind.DEPARTMENT, "s", head_id="p1")
TEAM = KnownUnit("t", "GTX Pro 组", UnitKind.TEAM, "s1")
UNITS = KnownUnits((HQ, NORTH, SOUTH, NORTH_1, SOUTH_1, TEAM))


def reading(columns: str, *rows: Iterable[str], **grid: Any) -> Reading:
    names = columns.split()
    places = {name: place for place, name in enumerate(names)}
    return Reading(Grid(places, [(number, list(row)) for number, row in enumerate(rows, start=2)], **grid))


def faults(read: Reading) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.code) for fault in read.faults.in_order()]


def facts(read: Reading) -> list[Mapping[str, Any]]:
    return [fault.facts for fault in read.faults.in_order()]


# --- units --------------------------------------------------------------------------------------


def units(*rows: Iterable[str], known: KnownUnits = UNITS) -> tuple[Plan, Reading]:
    read = reading("name kind parent region head", *rows)
    return UnitsCheck(known, {"000001": "p1"}, KINDS, read).plan(), read


def test_units_stand_in_any_order_and_come_out_from_the_top_down() -> None:
    plan, read = units(
        ("三组", "team", "销售九部", "", ""),
        ("销售九部", "department", "西方", "", "000001"),
        ("西方", "division", "", "西", ""),
    )
    assert faults(read) == []
    assert [new["name"] for new in plan.new] == ["西方", "销售九部", "三组"]
    assert [new["parent_row"] for new in plan.new] == [0, 4, 3]
    assert plan.new[0]["parent_id"] == "hq"
    assert plan.new[1]["head_id"] == "p1"
    assert plan.new[2]["line"] == "西方 / 销售九部 / 三组"


def test_of_two_units_of_one_name_the_line_above_tells_which_is_meant() -> None:
    _, read = units(("新组", "team", "销售一部", "", ""))
    assert faults(read) == [(2, "parent", "unit-unclear")]
    assert facts(read)[0]["choices"] == ("北方 / 销售一部", "南方 / 销售一部")
    plan, read = units(("新组", "team", "南方/销售一部", "", ""))
    assert (faults(read), plan.new[0]["parent_id"]) == ([], "s1")


def test_a_unit_that_is_there_is_changed_in_what_the_file_says_and_in_nothing_else() -> None:
    plan, read = units(("销售一部", "department", "南方", "华南", "无"))
    assert faults(read) == []
    assert (plan.changed[0].id, plan.changed[0].after) == ("s1", {"region": "华南", "head_id": None})
    assert units(("销售一部", "", "南方", "", ""))[0] == Plan(unchanged=1)


def test_units_that_lie_below_each_other_are_a_fault_however_many_they_are() -> None:
    _, read = units(
        ("甲", "division", "乙", "", ""), ("乙", "division", "丙", "", ""), ("丙", "division", "甲", "", "")
    )
    assert "unit-circular" in {code for _, _, code in faults(read)}
    many = [(f"单位{n}", "division", f"单位{n + 1}", "", "") for n in range(5_000)]
    assert "unit-circular" in {code for _, _, code in faults(units(*many)[1])}


def test_every_fault_of_a_unit_has_its_place() -> None:
    _, read = units(
        ("", "team", "销售一部", "", ""),
        ("新组", "league", "南方", "", ""),
        ("新部", "team", "南方", "", ""),
        ("又一部", "department", "南芳", "", "99"),
        ("北方", "department", "", "", ""),
        ("GTXPro 组", "team", "南方 / 销售一部", "", ""),
        ("GTXPro 组", "team", "南方 / 销售一部", "", ""),
        ("第二家", "company", "", "", ""),
    )
    assert {(2, "name", "cell-missing"), (3, "kind", "not-a-choice-of"), (4, "kind", "unit-kind-order")} <= set(
        faults(read)
    )
    assert {(5, "head", "staff-no-unknown"), (6, "kind", "unit-kind-kept"), (9, "kind", "company-there")} <= set(
        faults(read)
    )
    assert (8, "name", "row-repeated") in faults(read)


def test_a_new_company_brings_its_own_top() -> None:
    plan, read = units(("一部", "department", "", "", ""), ("甲公司", "company", "", "", ""), known=KnownUnits(()))
    assert faults(read) == []
    assert [new["line"] for new in plan.new] == ["甲公司", "一部"]


# --- people -------------------------------------------------------------------------------------


def person(number: str, unit: KnownUnit = TEAM, superior: str | None = None, **columns: Any) -> dict[str, Any]:
    return {
        "id": f"p{int(number)}",
        "staff_no": number,
        "name": f"人{number}",
        "unit_id": unit.id,
        "department_id": "s1",
        "superior_id": superior,
        "email": "",
        "phone": "",
        "language": Language.CHINESE,
        "post": "销售代表",
        "grade": "",
        "region": "",
        "joined_on": None,
        "left_on": None,
        "is_scored": True,
        **columns,
    }


KNOWN = {"000001": person("000001", SOUTH_1), "000002": person("000002", superior="p1")}


def people(
    columns: str, *rows: Iterable[str], known: Mapping[str, Mapping[str, Any]] = KNOWN, **more: Any
) -> tuple[People, Reading]:
    read = reading(columns, *rows, **more.pop("grid", {}))
    return PeopleCheck(KnownPeople(known, UNITS, **more), LANGUAGES, read).check(), read


def test_somebody_new_reports_to_somebody_in_the_same_file() -> None:
    found, read = people(
        "staff_no name unit superior is_head phone joined_on",
        ("000009", "李四", "GTX Pro 组", "000008", "", "13800138000", "31-12-2017"),
        ("000008", "王五", "GTX Pro 组", "000001", "是", "", ""),
    )
    assert faults(read) == []
    new = found.plan.new[0]
    assert (new["superior_no"], new["phone"], new["joined_on"]) == ("000008", "+8613800138000", date(2017, 12, 31))
    assert (new["unit_id"], new["department_id"], found.plan.new[1]["superior_id"]) == ("t", "s1", "p1")
    assert [(one.id, one.after) for one in found.heads] == [("t", {"head_no": "000008"})]


def test_lost_zeros_are_a_fault_with_the_number_that_is_meant() -> None:
    _, read = people("staff_no name unit", ("2", "X", "GTX Pro 组"), ("77", "Y", "GTX Pro 组"))
    assert faults(read) == [(2, "staff_no", "staff-no-zeros"), (3, "staff_no", "staff-no-zeros")]
    assert [one["near"] for one in facts(read)] == ["000002", "000077"]


def test_in_a_first_file_numbers_filled_up_with_zeros_tell_how_long_the_others_are() -> None:
    _, read = people("staff_no name unit", ("000123", "X", "GTX Pro 组"), ("124", "Y", "GTX Pro 组"), known={})
    assert [(code, one["near"]) for (_, _, code), one in zip(faults(read), facts(read), strict=True)] == [
        ("staff-no-zeros", "000124")
    ]


def test_an_empty_cell_leaves_what_is_known_and_none_empties_it() -> None:
    found, read = people("staff_no post superior", ("000002", "", "无"))
    assert faults(read) == []
    assert found.plan.changed[0].after == {"superior_id": None}
    assert people("staff_no post", ("000002", "无"))[0].plan.changed[0].after == {"post": ""}
    assert people("staff_no post", ("000002", "销售代表"))[0].plan == Plan(unchanged=1)


def test_a_circle_is_named_whether_it_lies_in_the_file_or_closes_over_what_is_there() -> None:
    """000002 reports to 000001 already."""
    _, read = people("staff_no superior", ("000001", "000002"))
    assert faults(read) == [(2, "superior", "line-in-circle")]
    assert facts(read)[0]["line"] == "000001 → 000002 → 000001"
    _, read = people("staff_no superior", ("000001", "000001"))
    assert faults(read) == [(2, "superior", "line-in-circle")]


def test_an_unknown_unit_brings_the_one_that_is_probably_meant() -> None:
    _, read = people("staff_no name unit", ("000009", "X", "GTXPro组"))
    assert (faults(read), facts(read)[0]["near"]) == ([(2, "unit", "name-unknown")], "GTX Pro 组")


def test_a_day_that_can_be_two_days_is_not_guessed() -> None:
    _, read = people("staff_no joined_on left_on", ("000002", "03/04/2020", "2020-02-30"))
    assert faults(read) == [(2, "joined_on", "date-ambiguous"), (2, "left_on", "date-impossible")]


def test_while_a_cycle_runs_transfers_and_leavers_are_for_their_page() -> None:
    rows = ("000002", "北方", "2026-01-01")
    _, read = people("staff_no unit left_on", rows, under_way=True)
    assert faults(read) == [(2, "unit", "change-by-page"), (2, "left_on", "change-by-page")]
    assert faults(people("staff_no unit left_on", rows)[1]) == []


def test_two_heads_of_one_unit_and_two_rows_of_one_person_are_faults() -> None:
    _, read = people(
        "staff_no name unit is_head",
        ("000001", "", "GTX Pro 组", "是"),
        ("000002", "", "GTX Pro 组", "是"),
        ("000002", "", "", ""),
    )
    assert faults(read) == [(3, "is_head", "head-twice"), (4, "staff_no", "row-repeated")]


def test_cells_behind_a_merged_one_get_what_it_holds_and_formulas_without_value_are_named() -> None:
    found, read = people(
        "staff_no name unit",
        ("000011", "A", "GTX Pro 组"),
        ("000012", "B", ""),
        ("000013", "", "北方"),
        grid={"merged": ((2, 2, 3, 2),), "unvalued": frozenset({(4, 1)})},
    )
    assert read.filled == 1
    assert [new["unit_id"] for new in found.plan.new[:2]] == ["t", "t"]
    assert faults(read) == [(4, "name", "formula-without-value")]


@given(st.dictionaries(st.integers(0, 20), st.integers(0, 20), max_size=20))
def test_a_line_has_a_circle_exactly_where_walking_up_it_never_ends(line: dict[int, int]) -> None:
    above = {str(one): str(other) for one, other in line.items()}
    in_circles = {one for circle in circles(above) for one in circle}
    for start in above:
        here: str | None = above[start]
        for _ in range(len(above) + 1):
            if here is None or here == start:
                break
            here = above.get(here)
        assert (here == start) == (start in in_circles)

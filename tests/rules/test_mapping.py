"""Rows of a source become records by a map, and none vanishes without a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.field_maps import FieldRule, RecordMap
from models.records import WorkKind
from models.sources import RecordKind
from rules.map_fields import map_faults
from rules.mapped_rows import Known, Mapped, Row
from rules.mapping import mapped
from rules.rates import Rates
from rules.sellers import KnownPerson

ZHANG, LI, WANG = (
    KnownPerson("p1", "0001", "张三", "zhang@example.com"),
    KnownPerson("p2", "0002", "李四", "li@example.com"),
    KnownPerson("p3", "0003", "王五"),
)
KNOWN = Known("co", "erp", "CNY", ZoneInfo("Asia/Shanghai"), (ZHANG, LI, WANG))
DEALS = RecordMap(
    kind=RecordKind.DEAL,
    object="orders",
    key="no",
    fields={
        "seller": FieldRule(column="seller"),
        "amount": FieldRule(column="amount"),
        "won_on": FieldRule(column="day"),
    },
)


def fields(wanted: RecordMap, **more: FieldRule) -> RecordMap:
    return wanted.model_copy(update={"fields": {**wanted.fields, **more}})


SPLIT = fields(DEALS, number=FieldRule(column="deal"), share=FieldRule(column="share"))


def row(number: int = 1, /, **cells: str) -> Row:
    return Row(
        f"orders:{number}", {"no": f"A{number}", "seller": "张三", "amount": "100", "day": "2026-01-05", **cells}
    )


def of(*rows: Row, wanted: RecordMap = DEALS, known: Known = KNOWN) -> Mapped:
    return mapped(wanted, rows, known)


def codes(found: Mapped) -> list[tuple[str, str, str]]:
    return [(fault.place, fault.code, fault.suggestion) for fault in found.faults]


def amounts(found: Mapped) -> list[tuple[str, Decimal]]:
    return [(record["seller_id"], record["amount"]) for record in found.records]


def test_a_won_deal_is_its_sellers_on_its_day() -> None:
    """Rule 29."""
    found = of(row(amount="¥1,234.50", day="2026年1月5日"))
    (record,) = found.records
    assert (record["seller_id"], record["amount"], record["won_on"]) == (
        "p1",
        Decimal("1234.50"),
        date(2026, 1, 5),
    )
    assert (record["id"], record["external_id"], record["source_id"]) == ("erp.A1", "A1", "erp")
    assert found.faults == []


@pytest.mark.parametrize(
    ("by", "text", "seller"),
    [
        ("staff_no", "0002", "p2"),
        ("staff_no", "2", "p2"),
        ("email", "LI@example.com", "p2"),
        ("name", "李四 ", "p2"),
        ("external_id", "u-77", "p2"),
    ],
)
def test_a_seller_is_known_by_what_the_source_calls_them(by: Any, text: str, seller: str) -> None:
    wanted = fields(DEALS, seller=FieldRule(column="seller", values={"u-77": "0002"}))
    (record,) = of(row(seller=text), wanted=wanted.model_copy(update={"seller_by": by})).records
    assert record["seller_id"] == seller


def test_zeros_that_a_program_took_away_are_put_back_and_said() -> None:
    wanted = DEALS.model_copy(update={"seller_by": "staff_no"})
    found = of(row(seller="2"), wanted=wanted)
    assert amounts(found) == [("p2", Decimal(100))]
    assert codes(found) == [("orders:1", "staff-no-zeros", "0002")]


@pytest.mark.parametrize(
    ("cells", "code", "suggestion"),
    [
        ({"seller": "张 三"}, "seller-unknown", "张三"),
        ({"seller": ""}, "value-missing", ""),
        ({"amount": "1.234,56"}, "number-ambiguous", "1234.56"),
        ({"amount": "$5"}, "currency-other", ""),
        ({"amount": ""}, "value-missing", ""),
        ({"day": "05-01-2026"}, "date-ambiguous", "2026-01-05 / 2026-05-01"),
        ({"day": "2026-02-30"}, "date-impossible", ""),
        ({"no": ""}, "key-missing", ""),
    ],
)
def test_a_faulty_cell_is_named_with_what_should_stand_there(
    cells: dict[str, str], code: str, suggestion: str
) -> None:
    found = of(row(1, **cells), row(2, amount="7"))
    assert codes(found) == [("orders:1", code, suggestion)]
    assert (len(found.faulty), len(found.records)) == (1, 1)
    assert found.faults[0].value == next(iter(cells.values()))


def test_two_people_of_one_name_are_not_guessed_between() -> None:
    twins = replace(KNOWN, people=(ZHANG, replace(WANG, name="张三")))
    assert codes(of(row(), known=twins)) == [("orders:1", "seller-ambiguous", "0001, 0003")]


def test_a_key_that_comes_twice_names_the_row_that_had_it_first() -> None:
    found = of(row(1), row(2, no="A1", amount="7"))
    assert codes(found) == [("orders:2", "key-twice", "orders:1")]


def test_a_row_counts_once_however_much_is_wrong_with_it() -> None:
    found = of(row(seller="?", amount="?", day="?"))
    assert (len(found.faults), len(found.faulty), found.read) == (3, 1, 1)


def test_amounts_in_ten_thousands_are_scaled() -> None:
    assert amounts(of(row(amount="1.5"), wanted=fields(DEALS, amount=FieldRule(column="amount", scale=4)))) == [
        ("p1", Decimal(15_000))
    ]


# --- states and periods ---------------------------------------------------------------------------

STAGED = fields(DEALS, state=FieldRule(column="stage", values={"赢单": "won", "输单": "lost", "跟进中": "open"}))


def test_what_is_not_won_is_counted_and_no_deal() -> None:
    found = of(row(1, stage="赢单"), row(2, stage="输单"), row(3, stage="跟进中", day=""), wanted=STAGED)
    assert (len(found.records), dict(found.left)) == (1, {"lost": 1, "open": 1})
    assert codes(found) == [("orders:3", "open-without-date", "")]


def test_a_state_that_the_map_does_not_know_is_not_passed_over() -> None:
    assert codes(of(row(stage="赢了"), wanted=STAGED)) == [("orders:1", "state-unknown", "")]


def test_what_lies_outside_the_period_is_counted() -> None:
    january = replace(KNOWN, from_on=date(2026, 1, 1), until_on=date(2026, 1, 31))
    found = of(row(1, day="2026-01-31"), row(2, day="2026-02-01"), known=january)
    assert (len(found.records), dict(found.left)) == (1, {"outside": 1})


def test_rows_that_are_not_wanted_are_counted() -> None:
    wanted = DEALS.model_copy(update={"where": {"region": ("华东",)}})
    found = of(row(1, region="华东"), row(2, region="华北", seller="?"), wanted=wanted)
    assert (len(found.records), dict(found.left), found.faults) == (1, {"not-wanted": 1}, [])


@given(st.lists(st.sampled_from(["赢单", "输单", "跟进中", "?", ""]), max_size=30))
def test_every_row_is_a_deal_or_left_or_faulty(stages: list[str]) -> None:
    """Rule 34: nothing vanishes."""
    found = of(*(row(number, stage=stage) for number, stage in enumerate(stages)), wanted=STAGED)
    assert found.read == len(stages) == len(found.records) + found.left.total() + len(found.faulty)


# --- names ----------------------------------------------------------------------------------------

LISTED = fields(DEALS, product=FieldRule(column="product", listed_in="products", listed_as="name"))
WITH_LIST = replace(KNOWN, listed={("products", "name"): {"GTX Pro": "products:2", "MG Special": "products:3"}})


def test_a_name_that_is_only_spelt_otherwise_is_put_right_and_said() -> None:
    found = of(row(1, product="GTXPro"), row(2, product="MG Special"), wanted=LISTED, known=WITH_LIST)
    assert [record["product"] for record in found.records] == ["GTX Pro", "MG Special"]
    assert codes(found) == [("orders:1", "name-respelt", "GTX Pro")]


def test_a_name_that_is_not_listed_stays_and_is_said_with_the_nearest() -> None:
    found = of(row(product="GTX Prro"), wanted=LISTED, known=replace(WITH_LIST, is_whole=False))
    assert found.records[0]["product"] == "GTX Prro"
    assert codes(found) == [("orders:1", "name-unknown", "GTX Pro")]


def test_what_is_listed_and_stands_in_no_row_is_named() -> None:
    found = of(row(product="GTX Pro"), wanted=LISTED, known=WITH_LIST)
    assert codes(found) == [("products:3", "listed-unused", "")]
    assert found.faulty == set()


# --- shares ---------------------------------------------------------------------------------------


def test_a_deal_of_several_sellers_counts_once_in_total() -> None:
    """Rule 34: split-credit deals count once."""
    found = of(row(seller="张三、李四、王五"))
    assert amounts(found) == [("p1", Decimal("33.34")), ("p2", Decimal("33.33")), ("p3", Decimal("33.33"))]
    assert {record["whole_amount"] for record in found.records} == {Decimal(100)}
    assert len({record["id"] for record in found.records}) == 3


def test_shares_in_a_cell_are_taken_as_they_stand() -> None:
    found = of(row(seller="张三:60;李四:40", amount="99.99"))
    assert amounts(found) == [("p1", Decimal("59.99")), ("p2", Decimal("40.00"))]
    assert [record["share"] for record in found.records] == [Decimal(60), Decimal(40)]


@pytest.mark.parametrize(
    ("sellers", "code"),
    [("张三:60;李四:30", "shares-not-100"), ("张三:60;李四", "shares-not-100"), ("张三;张三", "seller-twice")],
)
def test_shares_that_do_not_make_a_whole_are_refused(sellers: str, code: str) -> None:
    found = of(row(seller=sellers))
    assert ([fault.code for fault in found.faults], found.records) == ([code], [])


def test_a_row_for_each_seller_makes_one_deal() -> None:
    found = of(
        row(1, deal="D1", share="50", amount="100.01"),
        row(2, deal="D1", share="50", amount="100.01", seller="李四"),
        wanted=SPLIT,
    )
    assert amounts(found) == [("p1", Decimal("50.01")), ("p2", Decimal("50.00"))]
    assert {record["number"] for record in found.records} == {"D1"}


def test_a_deal_is_not_taken_over_in_part() -> None:
    found = of(row(1, deal="D1", share="60"), row(2, deal="D1", share="40", seller="?"), wanted=SPLIT)
    assert found.records == []
    assert [fault.code for fault in found.faults] == ["seller-unknown", "part-of-faulty-deal"]
    short = of(row(1, deal="D1", share="60"), wanted=SPLIT)
    assert codes(short) == [("orders:1", "shares-not-100", "60")]


@given(st.decimals(0, 10**9, places=2), st.integers(1, 3))
def test_parts_always_add_up_to_the_whole_to_the_cent(amount: Decimal, sellers: int) -> None:
    found = of(row(amount=f"{amount:f}", seller=";".join(("张三", "李四", "王五")[:sellers])))
    assert sum(record["amount"] for record in found.records) == amount


# --- currencies -----------------------------------------------------------------------------------

DATED = replace(
    KNOWN,
    rates=Rates([("USD", date(2026, 1, 1), Decimal("7.1234")), ("USD", date(2026, 1, 6), Decimal("8"))]),
)
IN_DOLLARS = fields(DEALS, currency=FieldRule(column="currency"))


def test_a_deal_in_another_currency_counts_at_the_rate_of_its_day() -> None:
    found = of(row(currency="USD", amount="10.05"), wanted=IN_DOLLARS, known=DATED)
    (record,) = found.records
    assert (record["amount"], record["original_amount"]) == (Decimal("71.59"), Decimal("10.05"))
    assert (record["currency"], record["rate_on"]) == ("USD", date(2026, 1, 1))


def test_shared_deals_are_converted_whole_and_then_shared() -> None:
    found = of(row(currency="USD", amount="0.05", seller="张三;李四"), wanted=IN_DOLLARS, known=DATED)
    assert sum(record["amount"] for record in found.records) == Decimal("0.36")
    assert sum(record["original_amount"] for record in found.records) == Decimal("0.05")


def test_a_deal_without_a_rate_is_not_guessed() -> None:
    early = of(row(currency="USD", day="2025-12-31"), wanted=IN_DOLLARS, known=DATED)
    assert codes(early) == [("orders:1", "rate-missing", "USD 2025-12-31")]
    late = of(row(currency="USD", day="2026-12-31"), wanted=IN_DOLLARS, known=DATED)
    assert codes(late) == [("orders:1", "rate-old", "2026-01-06")]
    assert len(late.records) == 1


# --- other kinds ----------------------------------------------------------------------------------


def test_a_payment_finds_its_deal() -> None:
    wanted = RecordMap(
        kind=RecordKind.PAYMENT,
        object="receipts",
        key="no",
        fields={
            "seller": FieldRule(column="seller"),
            "due_on": FieldRule(column="day"),
            "due": FieldRule(column="amount"),
            "paid": FieldRule(column="paid"),
            "deal": FieldRule(column="order"),
        },
    )
    known = replace(KNOWN, deals={"A7": "erp.A7"})
    found = of(row(1, order="A7", paid="60"), row(2, order="A8", paid=""), wanted=wanted, known=known)
    assert [(r["deal_id"], r["due"], r["paid"]) for r in found.records] == [("erp.A7", 100, 60), ("", 100, 0)]
    assert codes(found) == [("orders:2", "deal-unknown", "")]


def test_a_visit_keeps_its_check_in_in_the_sources_time_zone() -> None:
    """Rule 33."""
    wanted = RecordMap(
        kind=RecordKind.VISIT,
        object="visits",
        key="no",
        fields={
            "seller": FieldRule(column="seller"),
            "visited_on": FieldRule(column="in"),
            "checked_in_at": FieldRule(column="in"),
            "checked_out_at": FieldRule(column="out"),
        },
    )
    found = of(
        Row("visits:1", {"no": "V1", "seller": "张三", "in": "2026-01-05 00:30", "out": "2026-01-04 09:00"}),
        wanted=wanted,
    )
    (record,) = found.records
    assert record["visited_on"] == date(2026, 1, 5)
    assert record["checked_in_at"].isoformat() == "2026-01-05T00:30:00+08:00"
    assert codes(found) == [("visits:1", "check-out-implausible", "")]


def test_hours_are_of_a_kind_of_work_and_fit_a_day() -> None:
    wanted = RecordMap(
        kind=RecordKind.HOURS,
        object="timesheet",
        key="no",
        fields={
            "seller": FieldRule(column="seller"),
            "worked_on": FieldRule(column="day"),
            "hours": FieldRule(column="amount"),
            "kind": FieldRule(column="work", values={"出差": "travel"}),
        },
    )
    found = of(
        row(1, amount="7.5", work="出差"),
        row(2, amount="25", work=""),
        row(3, amount="1", work="?"),
        wanted=wanted,
    )
    assert [(record["kind"], record["hours"]) for record in found.records] == [(WorkKind.TRAVEL, Decimal("7.5"))]
    assert [fault.code for fault in found.faults] == ["hours-implausible", "meaning-unknown"]


def test_rates_are_exact_to_ten_places() -> None:
    wanted = RecordMap(
        kind=RecordKind.RATE,
        object="rates",
        key="no",
        fields={
            "day": FieldRule(column="day"),
            "currency": FieldRule(constant="JPY"),
            "rate": FieldRule(column="amount"),
        },
    )
    found = of(row(1, amount="0.0476190476"), row(2, amount="0"), wanted=wanted)
    assert [record["rate"] for record in found.records] == [Decimal("0.0476190476")]
    assert codes(found) == [("orders:2", "rate-not-positive", "")]


# --- maps -----------------------------------------------------------------------------------------


def test_a_map_that_cannot_work_says_what_it_lacks() -> None:
    lame = DEALS.model_copy(
        update={
            "key": "",
            "fields": {
                "seller": FieldRule(column="seller"),
                "amount": FieldRule(),
                "colour": FieldRule(column="c"),
                "state": FieldRule(column="s", values={"x": "gewonnen"}),
            },
        }
    )
    assert [(fault.code, fault.field) for fault in map_faults([DEALS, lame])] == [
        ("kind-twice", ""),
        ("key-missing", ""),
        ("field-missing", "won_on"),
        ("field-empty", "amount"),
        ("field-unknown", "colour"),
        ("meaning-unknown", "state"),
    ]
    assert map_faults([DEALS]) == []

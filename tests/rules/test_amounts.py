"""Amounts are read exactly; what can be read in two ways is refused (Rule 34)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.amounts import Amounts, decimal_in

amounts = st.decimals(Decimal(-(10**12)), Decimal(10**12), places=4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"),
        ("1 234 567.89", "1234567.89"),
        ("1'234", "1234"),
        ("１２３．５", "123.5"),
        ("１，２３４", "1234"),
        ("￥5", "5"),
        ("¥ 1,000.00", "1000"),
        ("RMB 12", "12"),
        ("50万元", "500000"),
        ("人民币 1.5亿", "150000000"),
        ("3千万", "30000000"),
        ("1亿2000万元", "120000000"),
        ("85.5%", "85.5"),
        ("85.5％", "85.5"),
        ("(123)", "-123"),
        ("（1,234.5）", "-1234.5"),
        ("123.50-", "-123.5"),
        ("-¥5", "-5"),
        ("¥-5", "-5"),
        ("−7", "-7"),
        ("+7", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0001.10", "1.1"),
        ("-0", "0"),
        ("US$ 3", "3"),
    ],
)
def test_an_amount_is_read_however_it_is_written(text: str, value: str) -> None:
    assert decimal_in(text).value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "fault", "suggestion"),
    [
        ("1.234,56", "number-ambiguous", "1234.56"),
        ("1.234.567", "number-ambiguous", "1234567"),
        ("1,23", "number-ambiguous", "1.23"),
        ("12,34,567", "number-ambiguous", "1234567"),
        ("1,2345", "number-ambiguous", ""),
        ("1 2", "number-ambiguous", ""),
        ("1.23E+05", "number-ambiguous", "123000"),
        ("abc", "not-a-number", ""),
        ("12 pieces", "not-a-number", ""),
        ("--5", "not-a-number", ""),
        ("(-5)", "not-a-number", ""),
        ("-5-", "not-a-number", ""),
        ("¥5美元", "not-a-number", ""),
        ("NaN5", "not-a-number", ""),
        ("Infinity", "not-a-number", ""),
        ("1e400", "number-ambiguous", ""),
        ("1" * 70, "too-large", ""),
        ("1," * 70, "not-a-number", ""),
        ("5亿万", "not-a-number", ""),
        ("5万%", "percent-not-wanted", ""),
        ("1万5", "not-a-number", ""),
        ("1.00005", "too-many-decimals", "1.0001"),
        ("1000001000000", "too-large", ""),
        ("9999亿9999亿", "not-a-number", ""),
        ("#DIV/0!", "cell-error", ""),
    ],
)
def test_what_is_no_clear_amount_is_refused(text: str, fault: str, suggestion: str) -> None:
    read = decimal_in(text)
    assert (read.value, read.fault, read.suggestion) == (None, fault, suggestion)


@given(amounts)
def test_every_amount_is_read_back_exactly(amount: Decimal) -> None:
    grouped = f"{abs(amount):,f}"
    for text in (f"{amount:f}", f"{amount:,f}", f" {amount:,f} ".replace(",", "，")):
        assert decimal_in(text).value == amount
    for text in (f"({grouped})", f"{grouped}-", f"-¥{grouped}", f"({grouped}元)"):
        assert decimal_in(text).value == -abs(amount)
    german = grouped.replace(",", " ").replace(".", ",").replace(" ", ".")
    assert decimal_in(german, Amounts(decimal_mark=",")).value == abs(amount)


@given(st.decimals(Decimal(0), Decimal(9999), places=4))
def test_ten_thousands_are_exact(amount: Decimal) -> None:
    assert decimal_in(f"{amount:f}万").value == amount * 10_000
    assert decimal_in(f"{amount:f}亿").value == amount * 10**8
    assert decimal_in(f"{amount:f}", Amounts(scale=4)).value == amount * 10_000


@given(st.text(max_size=70))
def test_no_text_breaks_the_reading(text: str) -> None:
    read = decimal_in(text)
    assert read.value is None or (not read.fault and read.value.is_finite())


@given(st.text(alphabet="0123456789.,' -+()¥%万亿元$e", max_size=30))
def test_what_looks_like_an_amount_is_read_or_refused(text: str) -> None:
    read = decimal_in(text)
    assert (read.value is None) or read.value == read.value.quantize(Decimal("0.0001"))


def test_a_percentage_is_points_a_share_or_a_fault() -> None:
    assert decimal_in("85.5%", Amounts(percent="share")).value == Decimal("0.855")
    assert decimal_in("85.5%", Amounts(percent="refused")).fault == "percent-not-wanted"


def test_an_amount_in_another_currency_is_not_taken_for_ours() -> None:
    ours = Amounts(currency="CNY")
    assert decimal_in("￥5", ours).value == 5
    assert decimal_in("5元", ours).value == 5
    assert decimal_in("CNY 5", ours).value == 5
    for text in ("$5", "5 USD", "€5", "5港元"):
        assert decimal_in(text, ours).fault == "currency-other"
    assert decimal_in("$5", Amounts(currency="HKD")).value == 5


def test_a_column_in_ten_thousands_does_not_say_so_again() -> None:
    assert decimal_in("5万", Amounts(scale=4)).fault == "scaled-twice"
    assert decimal_in("1亿2000万", Amounts(scale=4)).fault == "scaled-twice"


def test_nothing_is_not_zero() -> None:
    assert decimal_in(" - ").is_nothing
    assert decimal_in("0").value == 0

"""Names and staff numbers are those that are known, or what was probably meant is said (Rule 34)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cells import Meaning
from rules.known_names import Names, StaffNumbers, closest, staff_no_in

PRODUCTS = ["GTX Basic", "GTX Pro", "GTX Plus Pro", "MG Special"]


@pytest.mark.parametrize("text", ["GTX Pro", " GTX Pro ", "gtx pro", "ＧＴＸ Pro"])
def test_a_name_is_known_whatever_its_capitals_and_width(text: str) -> None:
    assert Names(PRODUCTS).find(text) == Meaning("GTX Pro")


@pytest.mark.parametrize(
    ("text", "suggestion"), [("GTXPro", "GTX Pro"), ("GTX Plus Por", "GTX Plus Pro"), ("Printer", "")]
)
def test_an_unknown_name_comes_with_what_was_meant(text: str, suggestion: str) -> None:
    assert Names(PRODUCTS).find(text) == Meaning(fault="name-unknown", suggestion=suggestion)


def test_two_names_that_differ_in_capitals_alone_are_told_apart_or_asked_about() -> None:
    names = Names(["Ace", "ACE"])
    assert names.find("ACE").value == "ACE"
    assert names.find("ace") == Meaning(fault="name-ambiguous", choices=("Ace", "ACE"))


@given(st.lists(st.text(min_size=1, max_size=12), max_size=20), st.text(max_size=12))
def test_what_is_found_and_suggested_is_always_known(known: list[str], text: str) -> None:
    names = Names(known)
    read = names.find(text)
    assert read.value is None or read.value in known
    assert not read.suggestion or read.suggestion in known
    assert all(names.find(name).value == name for name in names.known if names.find(name).value is not None)


def test_of_fifty_thousand_names_that_are_as_alike_the_same_one_is_always_meant() -> None:
    """That which shares most neighbouring letters, and the first of these: not whichever comes first to hand."""
    names = Names(f"Person {number:05}" for number in range(50_000))
    assert names.closest("Person 1234x") == "Person 11234"
    assert names.closest("Persn 12345") == "Person 12345"


def test_closest_is_nothing_among_nobody() -> None:
    assert closest("GTX", []) == ""


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("00123", Meaning("00123")),
        ("'00123", Meaning("00123")),
        ("００１２３", Meaning("00123")),
        ("a007", Meaning("A007")),
        ("123", Meaning(fault="staff-no-zeros", suggestion="00123")),
        ("123.0", Meaning(fault="staff-no-zeros", suggestion="00123")),
        ("0000123", Meaning(fault="staff-no-zeros", suggestion="00123")),
        ("555", Meaning(fault="staff-no-unknown")),
        ("1.23E+05", Meaning(fault="staff-no-invalid")),
        ("12 3", Meaning(fault="staff-no-invalid", suggestion="123")),
        ("", Meaning()),
        ("#N/A", Meaning(fault="cell-error")),
    ],
)
def test_a_staff_number_is_known_by_all_its_digits(text: str, read: Meaning[str]) -> None:
    assert StaffNumbers(["00123", "00456", "A007"]).find(text) == read


def test_zeros_alone_may_part_two_people() -> None:
    numbers = StaffNumbers(["0012", "012"])
    assert numbers.find("12") == Meaning(fault="staff-no-ambiguous", choices=("0012", "012"))
    assert numbers.find("012").value == "012"


def test_somebody_new_has_a_number_as_long_as_the_others() -> None:
    numbers = StaffNumbers(["00123", "00456"])
    assert numbers.new("00789").value == "00789"
    assert numbers.new("789") == Meaning(fault="staff-no-zeros", suggestion="00789")
    assert numbers.new("123") == Meaning(fault="staff-no-zeros", suggestion="00123")
    assert numbers.new("12345").value == "12345"
    assert StaffNumbers([]).new("7").value == "7"
    assert StaffNumbers(["9", "10", "11"]).new("7").value == "7"


@given(st.from_regex(r"[A-Z0-9]{1,20}", fullmatch=True))
def test_a_staff_number_stays_as_it_is(number: str) -> None:
    assert staff_no_in(number).value == number
    assert StaffNumbers([number]).find(f" {number} ").value == number

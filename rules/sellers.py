"""Whose a record is: what a source calls its sellers, resolved against our people. Nothing is guessed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from rules.cells import Meaning, plain
from rules.known_names import Names, StaffNumbers

SellerBy = Literal["staff_no", "email", "name", "external_id"]

_BETWEEN: Final = re.compile(r"\s*[;；、|\n]\s*")
_WITH_SHARE: Final = re.compile(
    r"(?P<name>.+?)\s*(?:[:：]\s*(?P<share>\d+(?:\.\d+)?)\s*[%％]?|\s(?P<percent>\d+(?:\.\d+)?)\s*[%％])"
)
CODES: Final = {
    "name-unknown": "seller-unknown",
    "staff-no-unknown": "seller-unknown",
    "name-ambiguous": "seller-ambiguous",
}


@dataclass(frozen=True)
class KnownPerson:
    id: str
    staff_no: str
    name: str
    email: str = ""


@dataclass(frozen=True)
class Part:
    """A seller as a cell names them, with their share in percent where it says one."""

    name: str
    share: Decimal | None = None


class Sellers:
    """The people of a company, by what a source names them."""

    def __init__(self, people: Sequence[KnownPerson], by: SellerBy) -> None:
        self.by = by
        self.ids: dict[str, list[KnownPerson]] = defaultdict(list)
        for person in people:
            self.ids[self._named(person)].append(person)
        self.numbers = StaffNumbers(person.staff_no for person in people)
        self.names = Names(name for name in self.ids if name)
        self.found: dict[str, Meaning[str]] = {}

    def _named(self, person: KnownPerson) -> str:
        return {"email": plain(person.email), "name": person.name}.get(self.by, person.staff_no)

    def find(self, text: str) -> Meaning[str]:
        """Return the id of the person a cell names.

        Faults: `seller-unknown`, with the known one that is nearly written so; `seller-ambiguous`,
        several people are called like that, with their staff numbers; those of `StaffNumbers.find`,
        where `staff-no-zeros` comes with the value, as only one person can be meant.
        """
        if text not in self.found:
            find = self._by_number if self.by in ("staff_no", "external_id") else self._by_name
            self.found[text] = find(text)
        return self.found[text]

    def _by_number(self, text: str) -> Meaning[str]:
        read = self.numbers.find(text)
        number = read.suggestion if read.fault == "staff-no-zeros" else read.value
        if number is None:
            return Meaning(None, CODES.get(read.fault, read.fault), read.suggestion, read.choices)
        return Meaning(self.ids[number][0].id, read.fault, read.suggestion)

    def _by_name(self, text: str) -> Meaning[str]:
        read = self.names.find(plain(text) if self.by == "email" else text)
        if read.value is None:
            return Meaning(None, CODES.get(read.fault, read.fault), read.suggestion, read.choices)
        people = self.ids[read.value]
        if len(people) > 1:
            return Meaning(fault="seller-ambiguous", choices=tuple(sorted(person.staff_no for person in people)))
        return Meaning(people[0].id)


def parts_in(text: str) -> list[Part]:
    """Read the sellers of a cell: 张三, or 张三:60;李四:40, or 张三、李四, who share alike."""
    pieces = [piece for piece in _BETWEEN.split(text.strip()) if piece]
    parts = []
    for piece in pieces or [text.strip()]:
        match = _WITH_SHARE.fullmatch(piece)
        share = (match["share"] or match["percent"]) if match else None
        parts.append(Part(match["name"] if match and share else piece, Decimal(share) if share else None))
    return parts

"""Names and staff numbers in files, resolved against those that are known, with what was probably meant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cached_property
from heapq import nsmallest
from typing import Final

from rules.cells import Meaning, is_error, is_nothing, plain

ALIKE: Final = 0.8
"""How alike two names must be (0 to 1) for one to be suggested for the other."""
COMPARED: Final = 50
"""With so many of the known names, those that share most pairs of letters, a name is compared."""
LONGEST: Final = 200
"""Characters. Nobody is called like that, and comparing takes the square of it."""


def bare(name: str) -> str:
    """Return a name without capitals, full-width signs and blanks."""
    return "".join(plain(name).split())


class Names:
    """The names that are known: of products, units, people."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(dict.fromkeys(known))
        self.by_plain: dict[str, list[str]] = defaultdict(list)
        for name in self.known:
            self.by_plain[plain(name)].append(name)
        self.suggested: dict[str, str] = {}

    def find(self, text: str) -> Meaning[str]:
        """Return the known name that a cell holds; capitals, full-width signs and outer blanks do not matter.

        Faults: `name-ambiguous`, several known names are written like that; `name-unknown`, with the
        known one that is nearly written so; `cell-error`.
        """
        if is_nothing(text):
            return Meaning()
        if is_error(text):
            return Meaning(fault="cell-error")
        found = self.by_plain.get(plain(text), [])
        if text.strip() in found or len(found) == 1:
            return Meaning(text.strip() if text.strip() in found else found[0])
        if found:
            return Meaning(fault="name-ambiguous", choices=tuple(found))
        return Meaning(fault="name-unknown", suggestion=self.closest(text))

    def closest(self, name: str) -> str:
        """Return the known name that this one must mean, or nothing.

        Case, width and blanks do not count; beyond that the names must be nearly the same.
        """
        wanted = bare(name[:LONGEST])
        if wanted not in self.suggested:
            self.suggested[wanted] = self._nearest(wanted)
        return self.suggested[wanted]

    def _nearest(self, wanted: str) -> str:
        if wanted in self._by_bare:
            return self._by_bare[wanted]
        shared = Counter(candidate for pair in _pairs(wanted) for candidate in self._by_pair.get(pair, ()))
        likely = nsmallest(COMPARED, shared, key=lambda candidate: (-shared[candidate], candidate))
        matcher = SequenceMatcher(b=wanted)
        nearest, best = "", (ALIKE, 0)
        for candidate in likely:  # Of those that are as alike, the one that shares more pairs, then the first.
            matcher.set_seq1(candidate)
            if matcher.quick_ratio() >= best[0] and (found := (matcher.ratio(), shared[candidate])) > best:
                nearest, best = candidate, found
        return self._by_bare[nearest] if nearest else ""

    @cached_property
    def _by_bare(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in self.known:
            found.setdefault(bare(name), name)
        return found

    @cached_property
    def _by_pair(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for candidate in self._by_bare:
            for pair in _pairs(candidate[:LONGEST]):
                found[pair].append(candidate)
        return found


def _pairs(name: str) -> set[str]:
    """Return each letter with the next; the first and the last have a neighbour too."""
    framed = f"\x02{name}\x03"
    return {framed[start : start + 2] for start in range(len(framed) - 1)}


def closest(name: str, known: Iterable[str]) -> str:
    """Return the known name that this one must mean, or nothing. Many are asked of one `Names`."""
    return Names(known).closest(name)


class StaffNumbers:
    """The staff numbers that are known. 00123 and 123 are two numbers, but Excel makes one of the other."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(dict.fromkeys(known))
        self.by_plain = {plain(number): number for number in self.known}
        self.by_bare: dict[str, list[str]] = defaultdict(list)
        for number in self.known:
            self.by_bare[_without_zeros(number)].append(number)
        padded = {len(number) for number in self.known if number.isdecimal()}
        has_zeros = any(number.startswith("0") for number in self.known if number.isdecimal())
        self.width = padded.pop() if len(padded) == 1 and has_zeros else 0
        """How many digits all known numbers have, where zeros fill them up."""

    def find(self, text: str) -> Meaning[str]:
        """Return the known staff number that a cell holds.

        Faults: `staff-no-zeros`, its leading zeros were lost, with the known number; `staff-no-ambiguous`,
        several known numbers differ from it by zeros alone; `staff-no-unknown`; `cell-error`.
        """
        read = staff_no_in(text)
        if read.value is None:
            return read
        known = self.by_plain.get(plain(read.value))
        if known is not None:
            return Meaning(known)
        meant = self.by_bare.get(_without_zeros(read.value), [])
        if len(meant) == 1:
            return Meaning(fault="staff-no-zeros", suggestion=meant[0])
        return Meaning(fault="staff-no-ambiguous" if meant else "staff-no-unknown", choices=tuple(meant))

    def new(self, text: str) -> Meaning[str]:
        """Return the staff number of somebody who may be known or new.

        Faults: `staff-no-zeros`, it is a known one without its zeros, or shorter than all known ones,
        which zeros fill up; `staff-no-ambiguous`; `staff-no-invalid`; `cell-error`.
        """
        found = self.find(text)
        if found.fault != "staff-no-unknown":
            return found
        read = staff_no_in(text)
        number = read.value or ""
        if number.isdecimal() and len(number) < self.width:
            return Meaning(fault="staff-no-zeros", suggestion=number.zfill(self.width))
        return read


def staff_no_in(text: str) -> Meaning[str]:
    """Read a staff number as it stands, zeros and all; the apostrophe by which Excel marks text is no part of it.

    Faults: `staff-no-invalid`: longer than 40 characters, or blanks inside, or 1.23E+05, in which Excel
    has lost digits; `cell-error`.
    """
    if is_nothing(text):
        return Meaning()
    if is_error(text):
        return Meaning(fault="cell-error")
    number = text.strip().lstrip("'’").strip()
    number = "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in number)
    whole, _, fraction = number.partition(".")
    if whole.isdecimal() and fraction and not fraction.strip("0"):
        number = whole  # 123.0: a program has taken it for a figure.
    is_scientific = "E+" in number.upper() and number.upper().replace("E+", "").replace(".", "").isdecimal()
    if not number or len(number) > 40 or not number.isprintable() or " " in number or is_scientific:
        return Meaning(fault="staff-no-invalid", suggestion="".join(number.split())[:40] if " " in number else "")
    return Meaning(number)


def _without_zeros(number: str) -> str:
    bare_number = bare(number)
    return bare_number.lstrip("0") or "0" if bare_number.isdecimal() else bare_number

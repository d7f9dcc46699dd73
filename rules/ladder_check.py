"""Whether a ladder makes sense: no rung that never fires, none that fires before it is meant to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from models.stages import Recipient, RungAction
from models.terms import Ladder, Rung
from rules.launch import Problem

FURTHEST = 60
"""Days from the deadline; nobody remembers a longer one."""
MOST_RUNGS = 12


def problems_of_ladder(ladder: Ladder) -> Iterator[Problem]:
    """Give everything that is wrong with a ladder, each with the name of its rung."""
    if not ladder.rungs:
        yield Problem("ladder-empty")
    if len(ladder.rungs) > MOST_RUNGS:
        yield Problem("ladder-too-long", facts={"most": MOST_RUNGS})
    for name, count in Counter(rung.name for rung in ladder.rungs).items():
        if count > 1:
            yield Problem("rung-twice", facts={"rung": name})
    for rung in ladder.rungs:
        yield from _of_rung(rung)
    yield from _after_a_move(ladder)


def _of_rung(rung: Rung) -> Iterator[Problem]:
    named = {"rung": rung.name}
    if not rung.channels:
        yield Problem("rung-without-channel", facts=named)
    if abs(rung.days) > FURTHEST:
        yield Problem("rung-too-far", facts={**named, "most": FURTHEST})
    if rung.action is RungAction.MOVE and _place(rung) < (0, True):
        yield Problem("rung-moves-early", facts=named)
    if rung.action in (RungAction.MOVE, RungAction.ADD) and rung.to is not Recipient.SUPERIOR:
        yield Problem("rung-moves-nowhere", facts=named)
    if rung.action is RungAction.REMIND and rung.to is not Recipient.HOLDER:
        yield Problem("rung-reminds-others", facts=named)


def _after_a_move(ladder: Ladder) -> Iterator[Problem]:
    """A move ends the ladder: the superior is reminded by a rule of their own (Rule 7)."""
    moves = [rung for rung in ladder.rungs if rung.action is RungAction.MOVE]
    if not moves:
        return
    first = min(moves, key=_place)
    for rung in ladder.rungs:
        if rung is not first and _place(rung) > _place(first):
            yield Problem("rung-never-fires", facts={"rung": rung.name, "after": first.name})


def _place(rung: Rung) -> tuple[int, bool]:
    """Return where a rung stands: its day, then morning before the deadline's hour."""
    return rung.days, rung.at_deadline

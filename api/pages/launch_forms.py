"""The form of a launch: what stands in its fields, and the terms that what was typed makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import ValidationError

from api.i18n import later as _
from api.shapes import TermsGiven
from models.errors import Refusal
from models.stages import Channel, Recipient, RungAction
from models.terms import Ladder, MonthDue, Policy, Rung, Terms

MOST_RUNGS: Final = 12
SPARE_RUNGS: Final = 1

DOINGS: Final[Mapping[str, tuple[RungAction, Recipient, str]]] = {
    "remind": (RungAction.REMIND, Recipient.HOLDER, _("remind the holder")),
    "move": (RungAction.MOVE, Recipient.SUPERIOR, _("move to the superior")),
    "add": (RungAction.ADD, Recipient.SUPERIOR, _("let the superior decide too")),
    "notify": (RungAction.NOTIFY, Recipient.SUPERIOR, _("tell the superior")),
    "notify-hr": (RungAction.NOTIFY, Recipient.HR, _("tell HR")),
}
"""What a rung can do, as the form offers it."""


@dataclass(frozen=True)
class RungField:
    """One rung in the form: so many days before the deadline, negative after it; 0 is the deadline itself."""

    number: int
    name: str = ""
    before: str = ""
    channels: frozenset[str] = frozenset()
    doing: str = "remind"


def fields_of(ladder: Ladder) -> tuple[RungField, ...]:
    """Return a ladder as fields, with an empty one for a further rung."""
    rungs = [
        RungField(
            number=number,
            name=rung.name,
            before=str(-rung.days),
            channels=frozenset(channel.value for channel in rung.channels),
            doing=_doing_of(rung),
        )
        for number, rung in enumerate(ladder.rungs)
    ]
    return (*rungs, *(RungField(len(rungs) + spare) for spare in range(SPARE_RUNGS)))


def _doing_of(rung: Rung) -> str:
    if rung.action is RungAction.NOTIFY and rung.to is Recipient.HR:
        return "notify-hr"
    return rung.action.value


def rungs_typed(typed: Mapping[str, str]) -> tuple[RungField, ...]:
    """Return the fields as they were typed."""
    return tuple(
        RungField(
            number=number,
            name=typed.get(f"rung-{number}-name", ""),
            before=typed.get(f"rung-{number}-before", ""),
            channels=frozenset(
                channel.value for channel in Channel if typed.get(f"rung-{number}-{channel.value}")
            ),
            doing=typed.get(f"rung-{number}-do", "remind"),
        )
        for number in range(MOST_RUNGS)
        if f"rung-{number}-before" in typed
    )


def ladder_typed(typed: Mapping[str, str], base: Ladder) -> Ladder:
    """Return the ladder that was typed. A rung without a channel is none.

    Raises:
        Refusal: `launch-form-incomplete` where a number is none.
    """
    fields = rungs_typed(typed)
    if not fields:
        return base
    rungs: list[Rung] = []
    for field in fields:
        if not field.channels or not field.before:
            continue
        action, to, _words = DOINGS.get(field.doing, DOINGS["remind"])
        before = _number(field.before)
        rungs.append(
            Rung(
                name=_name_of(field, before, {rung.name for rung in rungs}),
                days=-before,
                at_deadline=before == 0,
                channels=tuple(channel for channel in Channel if channel.value in field.channels),
                action=action,
                to=to,
            )
        )
    rungs.sort(key=lambda rung: rung.days)
    try:
        return Ladder(
            rungs=tuple(rungs),
            superior_reminded_after=_number(typed.get("superior_reminded_after", "")),
            superior_moves_after=_number(typed.get("superior_moves_after", "")),
        )
    except ValidationError as wrong:
        raise Refusal("launch-form-incomplete") from wrong


def _name_of(field: RungField, before: int, taken: set[str]) -> str:
    name = field.name or f"{field.doing}-{before}d"
    while name in taken:
        name += "-more"
    return name


def _number(written: str) -> int:
    try:
        number = int(written)
    except ValueError as unreadable:
        raise Refusal("launch-form-incomplete") from unreadable
    if not -60 <= number <= 60:
        raise Refusal("launch-form-incomplete")
    return number


def terms_typed(typed: Mapping[str, str], left_out: tuple[str, ...], base: Terms | None) -> TermsGiven:
    """Read deadlines, ladder and rules. A month's submission opens as proposed; only its deadline is asked.

    Raises:
        Refusal: `launch-form-incomplete`.
    """
    policy = base.policy if base else Policy()
    months = tuple(
        MonthDue(
            month=date.fromisoformat(name.removeprefix("opens:")),
            opens_on=day_typed(typed, name),
            due_on=day_typed(typed, f"due:{name.removeprefix('opens:')}"),
        )
        for name in typed
        if name.startswith("opens:")
    )
    rules = {
        "approve_by_silence": typed.get("approve_by_silence") == "yes",
        "always_sign_in": typed.get("always_sign_in") == "yes",
    }
    return TermsGiven(
        time_zone=base.time_zone if base else None,
        first_sending_hour=base.first_sending_hour if base else None,
        last_sending_hour=base.last_sending_hour if base else None,
        targets_due_on=day_typed(typed, "targets_due_on"),
        months=months or None,
        approvals_due_on=tuple(day_typed(typed, f"approval:{one.value}") for one in policy.approval_chain),
        feedback_due_on=day_typed(typed, "feedback_due_on"),
        ladder=ladder_typed(typed, base.ladder if base else Ladder()),
        policy=policy.model_copy(update=rules) if base else Policy(**rules),
        left_out=left_out,
    )


def day_typed(typed: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(typed.get(name, ""))
    except ValueError as unreadable:
        raise Refusal("launch-form-incomplete") from unreadable

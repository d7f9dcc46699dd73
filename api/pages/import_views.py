"""What the pages of imports show: a file as it was checked, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import names_of_people
from api.i18n import Tongue
from api.i18n import later as _
from api.intake.columns import COLUMNS, KIND_WORDS, choices_of, name_of_choice
from api.intake.marking import headings_of, words_of
from api.intake.targets import cycles_to_aim_at
from api.pages.changes import told
from api.words import Said
from models.changes import Change, Subject
from models.cycles import Cycle
from models.intake import Intake, IntakeKind, IntakeState, intakes_of
from rules.cells import plain

STATES: Mapping[IntakeState, str] = {
    IntakeState.FAULTY: _("Faulty"),
    IntakeState.CHECKED: _("Waits to be taken over"),
    IntakeState.TAKEN: _("Taken over"),
    IntakeState.DROPPED: _("Dropped"),
}
ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-8-sig": _("UTF-8 with a byte order mark"),
    "utf-16": "UTF-16",
    "gb18030": "GB18030 (GBK)",
}
DELIMITERS: Mapping[str, str] = {
    ",": _("comma"),
    ";": _("semicolon"),
    "\t": _("tab"),
    "|": _("vertical bar"),
}
_NAMES = {**ENCODINGS, **DELIMITERS}
WAITS = (IntakeState.FAULTY, IntakeState.CHECKED)
SUBJECTS: Mapping[IntakeKind, Subject] = {
    IntakeKind.UNITS: Subject.UNIT,
    IntakeKind.PEOPLE: Subject.PERSON,
    IntakeKind.METRICS: Subject.METRIC,
    IntakeKind.TARGETS: Subject.TARGET,
    IntakeKind.HISTORY: Subject.FIGURE,
}


@dataclass(frozen=True)
class Past:
    """A file in the list."""

    intake: Intake
    kind: str
    state: str
    by: str


@dataclass(frozen=True)
class ImportsPage:
    kinds: tuple[tuple[IntakeKind, str], ...]
    chosen: IntakeKind
    past: tuple[Past, ...]
    may_send: bool
    problem: Said | None = None
    cycles: tuple[Cycle, ...] = ()
    """That targets can be taken over for, the latest first."""
    cycle_id: str = ""
    """The one that was chosen."""
    totals: str = ""
    """As they were typed."""


@dataclass(frozen=True)
class FaultLine:
    row: int
    column: str
    value: str
    words: str


@dataclass(frozen=True)
class ChangedLine:
    row: int
    who: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Shared:
    """How far a unit's target is shared out (Rule 15)."""

    unit: str
    metric: str
    target: Decimal
    shared: Decimal
    left: Decimal


@dataclass(frozen=True)
class IntakePage:
    intake: Intake
    kind: str
    state: str
    by: str
    how: tuple[str, ...]
    """How the file was read: encoding, separator, sheet, and what was passed over or filled in."""
    faults: tuple[FaultLine, ...] = ()
    headings: tuple[tuple[str, str], ...] = ()
    """Of the first new rows: column and its words."""
    first_new: Sequence[Mapping[str, str]] = ()
    first_changed: tuple[ChangedLine, ...] = ()
    may_take: bool = False
    problem: Said | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    shares: tuple[Shared, ...] = ()
    """How far the targets of units are shared out."""
    may_type_totals: bool = False


async def imports_page(
    database: AsyncSession, tongue: Tongue, company_id: str, chosen: IntakeKind, may_send: bool
) -> ImportsPage:
    intakes = await intakes_of(database, company_id)
    people = await names_of_people(database, {intake.by_id for intake in intakes})
    return ImportsPage(
        kinds=tuple((kind, tongue.gettext(KIND_WORDS[kind])) for kind in COLUMNS),
        chosen=chosen,
        past=tuple(
            Past(
                intake,
                tongue.gettext(KIND_WORDS[intake.kind]),
                tongue.gettext(STATES[intake.state]),
                people.get(intake.by_id, intake.by_id),
            )
            for intake in intakes
        ),
        may_send=may_send,
        cycles=tuple(await cycles_to_aim_at(database, company_id)) if chosen is IntakeKind.TARGETS else (),
    )


async def intake_page(database: AsyncSession, tongue: Tongue, intake: Intake, may_change: bool) -> IntakePage:
    outcome = intake.outcome
    people = await names_of_people(database, {intake.by_id})
    headings = headings_of(intake.kind, tongue)
    shown = [name for name in headings if any(new.get(name) for new in outcome["first_new"])]
    return IntakePage(
        intake=intake,
        kind=tongue.gettext(KIND_WORDS[intake.kind]),
        state=tongue.gettext(STATES[intake.state]),
        by=people.get(intake.by_id, intake.by_id),
        how=tuple(how_read(outcome, tongue)),
        faults=tuple(
            FaultLine(
                fault["row"],
                headings.get(fault["column"], fault["column"]),
                fault["value"],
                words_of(fault, tongue),
            )
            for fault in outcome["faults"]
        ),
        headings=tuple((name, headings[name]) for name in shown),
        first_new=[_worded(intake.kind, new, tongue) for new in outcome["first_new"]],
        first_changed=await _changed(database, tongue, intake),
        may_take=may_change and intake.state is IntakeState.CHECKED,
        more=outcome["more"],
        may_type_totals=may_change and intake.kind is IntakeKind.HISTORY and intake.state in WAITS,
        shares=tuple(
            Shared(one["unit"], one["metric"], *(Decimal(one[name]) for name in ("target", "shared", "left")))
            for one in outcome["more"].get("shares", ())
        ),
    )


def how_read(outcome: Mapping[str, Any], tongue: Tongue) -> list[str]:
    """Say how a file was understood."""
    how = outcome["how"]
    lines = []
    if outcome["more"].get("cycle"):
        lines.append(tongue.gettext("Cycle: %(cycle)s", cycle=outcome["more"]["cycle"]))
    if how["encoding"]:
        encoding, delimiter = (_NAMES.get(how[name], how[name]) for name in ("encoding", "delimiter"))
        lines.append(tongue.gettext("Encoding: %(encoding)s", encoding=tongue.gettext(encoding)))
        lines.append(tongue.gettext("Separator: %(separator)s", separator=tongue.gettext(delimiter)))
    if how["sheet"]:
        lines.append(tongue.gettext("Sheet: %(sheet)s", sheet=how["sheet"]))
    if how["sheets"] > 1:
        lines.append(tongue.ngettext("%(n)s sheet in the file", "%(n)s sheets in the file", how["sheets"]))
    if outcome["examples"]:
        lines.append(tongue.gettext("The template's example row was passed over."))
    if outcome["filled"]:
        lines.append(
            tongue.ngettext(
                "%(n)s cell got what the merged cell around it holds",
                "%(n)s cells got what the merged cell around them holds",
                outcome["filled"],
            )
        )
    if how["unknown"]:
        names = tongue.gettext(", ").join(how["unknown"])
        lines.append(tongue.gettext("Columns passed over: %(names)s", names=names))
    return lines


def _worded(kind: IntakeKind, new: Mapping[str, str], tongue: Tongue) -> Mapping[str, str]:
    """Put what was chosen into the reader's words."""
    words = dict(new)
    for name, choices in choices_of(kind).items():
        member = choices.get(plain(words.get(name, "")))
        if member is not None:
            words[name] = name_of_choice(member, tongue)
    for name, value in words.items():
        words[name] = tongue.gettext(value) if value in ("yes", "no") else value
    return words


async def _changed(database: AsyncSession, tongue: Tongue, intake: Intake) -> tuple[ChangedLine, ...]:
    """Word changes as the record of them will."""
    lines = intake.outcome["first_changed"]
    changes = [
        Change(
            id=str(number),
            company_id=intake.company_id,
            subject=SUBJECTS[intake.kind],
            subject_id="",
            by_id=intake.by_id,
            before=line["before"] or {"": ""},
            after=line["after"],
            at=intake.received_at,
        )
        for number, line in enumerate(lines)
    ]
    worded = await told(database, tongue, changes) if changes else []
    return tuple(
        ChangedLine(line["row"], line["who"], one.details) for line, one in zip(lines, worded, strict=True)
    )

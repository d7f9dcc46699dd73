"""The report of a file that was checked: format, reference, totals (三级校验, Rule 34)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from api.i18n import Tongue
from api.i18n import later as _
from api.marked_sheets import FAULTY, put
from models.intake import Intake, IntakeKind
from rules.reconciliation import Outcome


class Check(StrEnum):
    """The three checks of old data (Rule 34)."""

    FORMAT = "format"  # 格式校验
    REFERENCE = "reference"  # 关联校验
    TOTALS = "totals"  # 总数校验


NAMES: Final[Mapping[Check, tuple[str, str]]] = {
    Check.FORMAT: (_("1 · Format"), _("Every cell can be read: amounts, days, months, choices.")),
    Check.REFERENCE: (
        _("2 · Reference"),
        _("Everybody and everything that is named is known, once, and was there at the time."),
    ),
    Check.TOTALS: (_("3 · Totals"), _("Sums agree with those that were given, or with the unit above.")),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.AGREES: _("agrees"),
    Outcome.DIFFERS: _("differs"),
    Outcome.MISSING: _("no total was given"),
    Outcome.COVERED: _("part of the metric's total"),
}
OF_TOTALS: Final = frozenset(
    ("total-differs", "total-missing", "total-twice", "total-unreadable", "targets-over-parent")
)
OF_REFERENCE: Final = frozenset(
    (
        *("staff-no-zeros", "staff-no-ambiguous", "staff-no-unknown", "name-unknown", "name-ambiguous"),
        *("unit-unclear", "unit-circular", "unit-kind-kept", "unit-kind-order", "company-there", "head-twice"),
        *("line-in-circle", "left-before-joined", "change-by-page", "metric-name-twice", "metric-measured"),
        *("row-repeated", "owner-missing", "person-named-otherwise", "person-elsewhere"),
        *("person-without-targets", "person-not-in-cycle", "target-of-other-cycle", "targets-confirmed"),
        *("figure-of-person", "figure-of-team", "person-not-there-in", "month-not-past", "month-in-cycle"),
    )
)


@dataclass(frozen=True)
class Passed:
    """One of the three checks."""

    name: str
    what: str
    faults: int
    is_asked: bool = True
    """Whether files of this kind have such a check."""


@dataclass(frozen=True)
class SumLine:
    metric: str
    month: str
    figures: int
    sum: Decimal
    given: Decimal | None
    difference: Decimal | None
    in_force: Decimal | None
    """Read back from the database after it was taken over."""
    outcome: Outcome
    words: str


def checks_of(intake: Intake, tongue: Tongue) -> list[Passed]:
    counts = dict.fromkeys(Check, 0)
    for code, count in intake.outcome.get("codes", {}).items():
        counts[which(code)] += count
    asks_totals = intake.kind in (IntakeKind.TARGETS, IntakeKind.HISTORY)
    return [
        Passed(
            tongue.gettext(NAMES[check][0]),
            tongue.gettext(NAMES[check][1]),
            counts[check],
            check is not Check.TOTALS or asks_totals,
        )
        for check in Check
    ]


def which(code: str) -> Check:
    """Return the check that found a fault."""
    if code in OF_TOTALS:
        return Check.TOTALS
    return Check.REFERENCE if code in OF_REFERENCE else Check.FORMAT


def sums_of(intake: Intake, tongue: Tongue, names: Mapping[str, str]) -> list[SumLine]:
    """Return sums beside totals; `names` are those of metrics in the reader's language."""
    return [
        SumLine(
            metric=names.get(line["metric_id"], line["metric"]),
            month=line["month"],
            figures=line["figures"],
            sum=Decimal(line["sum"]),
            given=_amount(line["given"]),
            difference=_amount(line["difference"]),
            in_force=_amount(line.get("in_force", "")),
            outcome=Outcome(line["outcome"]),
            words=tongue.gettext(OUTCOMES[Outcome(line["outcome"])]),
        )
        for line in intake.outcome["more"].get("sums", ())
    ]


def _amount(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def report_workbook(
    head: Sequence[tuple[str, Any]],
    intake: Intake,
    faults: Sequence[Sequence[Any]],
    sums: Sequence[SumLine],
    tongue: Tongue,
) -> bytes:
    """Return the report as a workbook: what it is of, the three checks, sums beside totals, the faults kept."""
    workbook = Workbook()
    first = workbook.active if isinstance(workbook.active, Worksheet) else workbook.create_sheet()
    first.title = tongue.gettext("Checks")
    for label, value in head:
        _append(first, (label, value))
    _append(first, ())
    words = (_("Check"), _("What is checked"), _("Faults"))
    _append(first, [tongue.gettext(word) for word in words], is_bold=True)
    for check in checks_of(intake, tongue):
        found = check.faults if check.is_asked else tongue.gettext("not asked for")
        _append(first, (check.name, check.what, found))
    for letter, width in zip("ABC", (26, 70, 14), strict=True):
        first.column_dimensions[letter].width = width
    if sums:
        _sums(workbook.create_sheet(tongue.gettext("Totals")), sums, tongue)
    if faults:
        sheet = workbook.create_sheet(tongue.gettext("Faults"))
        headings = (_("Row"), _("Column"), _("Value"), _("What to do"))
        _append(sheet, [tongue.gettext(word) for word in headings], is_bold=True)
        for fault in faults:
            _append(sheet, fault)
        sheet.column_dimensions["D"].width = 90
    made = BytesIO()
    workbook.save(made)
    return made.getvalue()


def _sums(sheet: Worksheet, sums: Sequence[SumLine], tongue: Tongue) -> None:
    words = (
        *(_("Metric"), _("Month"), _("Figures"), _("Sum of the file"), _("Total given"), _("Difference")),
        *(_("In force afterwards"), _("Outcome")),
    )
    _append(sheet, [tongue.gettext(word) for word in words], is_bold=True)
    for line in sums:
        month = line.month or tongue.gettext("all months")
        amounts = (line.sum, line.given, line.difference, line.in_force)
        cells = (line.metric, month, line.figures, *amounts, line.words)
        _append(sheet, cells)
        if line.outcome in (Outcome.DIFFERS, Outcome.MISSING):
            sheet.cell(sheet.max_row, len(cells)).fill = FAULTY
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGH", (20, 12, 12, 20, 20, 16, 20, 28), strict=True):
        sheet.column_dimensions[letter].width = width


def _append(sheet: Worksheet, cells: Sequence[Any], *, is_bold: bool = False) -> None:
    row = sheet.max_row + 1 if sheet.max_row > 1 or sheet.cell(1, 1).value is not None else 1
    for place, value in enumerate(cells, start=1):
        cell = sheet.cell(row, place)
        if isinstance(value, int | Decimal):
            cell.value = value
        elif value is not None:
            put(cell, str(value))
        if is_bold:
            cell.font = Font(bold=True)
    if not cells:
        put(sheet.cell(row, 1), " ")

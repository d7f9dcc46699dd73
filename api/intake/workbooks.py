"""Workbooks of an import: the template to fill in, and the file given back with what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from api.i18n import Tongue
from api.i18n import later as _
from api.intake.checking import read
from api.intake.columns import COLUMNS, KIND_WORDS, TOGETHER, Column, name_of_choice, names_by_heading
from api.marked_sheets import FAULTY, Marks, marked, put
from api.parts import Table, TableOpener, TableReader
from models.intake import Intake, IntakeKind
from rules.cells import plain

NEEDED: Final = PatternFill("solid", start_color="DCE9F7")
EXAMPLE: Final = Font(italic=True, color="6B7280")
ROWS_OFFERED: Final = 2_000
"""Rows of a template in which choices are offered."""
NOTES: Final = (
    _("Empty cells leave what is known as it is; “none” empties it."),
    _("The example row is passed over; write your rows in its place or below it."),
    _("Nothing is taken over before you have seen what it would change, and then all of it or nothing."),
)
OTHER_NOTES: Final[Mapping[IntakeKind, tuple[str, ...]]] = {
    IntakeKind.HISTORY: (
        _("A column for each month; others may be added beside them, up to 36. A month that is left empty stays."),
        _(
            "Below the figures, a row for each metric that begins with “Total” holds what the old system's months"
            " come to. Nothing is taken over that does not add up to that."
        ),
    ),
    IntakeKind.TARGETS: (_("What is shared out below a unit may never exceed the unit's own target."),),
}
HEADS: Final = (_("Column"), _("Needed"), _("What to write"), _("Choices"), _("Example"))
MOST_MARKED: Final = 300_000
"""Cells. Of a larger file only the faulty rows come back."""


def template(kind: IntakeKind, tongue: Tongue, months: Sequence[date] = ()) -> bytes:
    """Return the workbook to fill in: headings, an example, and a sheet that says what is to be written.

    Past figures have a column for each of `months`.
    """
    workbook = Workbook()
    sheet = workbook.active if isinstance(workbook.active, Worksheet) else workbook.create_sheet()
    sheet.title = tongue.gettext(KIND_WORDS[kind])
    columns = _offered(kind)
    for number, column in enumerate(columns, start=1):
        _heading(sheet, number, column, tongue)
    for number, column in enumerate(columns, start=1):
        example = column.examples[0 if tongue.is_chinese else 1]
        cell = sheet.cell(2, number)
        put(cell, f"{tongue.gettext('Example')} {example}".strip() if number == 1 else example)
        cell.font = EXAMPLE
    for number, month in enumerate(months, start=len(columns) + 1):
        put(sheet.cell(1, number), f"{month:%Y-%m}")
        sheet.cell(1, number).font = Font(bold=True)
        put(sheet.cell(2, number), "125000.50")
        sheet.cell(2, number).font = EXAMPLE
    sheet.freeze_panes = "A2"
    offer_choices(sheet, kind, tongue)
    _notes(workbook.create_sheet(tongue.gettext("Notes")), kind, tongue)
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


def _offered(kind: IntakeKind) -> tuple[Column, ...]:
    return tuple(column for column in COLUMNS[kind] if column.is_offered)


def _heading(sheet: Worksheet, number: int, column: Column, tongue: Tongue) -> None:
    letter = get_column_letter(number)
    cell = sheet.cell(1, number)
    put(cell, tongue.gettext(column.heading))
    cell.font = Font(bold=True)
    if column.is_needed:
        cell.fill = NEEDED
    sheet.column_dimensions[letter].width = max(14, len(column.heading) + 4)
    sheet.column_dimensions[letter].number_format = "@"  # Text: zeros before a number stay.


def _notes(sheet: Worksheet, kind: IntakeKind, tongue: Tongue) -> None:
    needed, may = tongue.gettext("needed"), tongue.gettext("may be empty")
    sheet.append([tongue.gettext(word) for word in HEADS])
    for column in _offered(kind):
        choices = TOGETHER.get(kind, {}).get(column.name)
        words = tongue.gettext(", ").join(name_of_choice(member, tongue) for member in choices or ())
        texts = (
            tongue.gettext(column.heading),
            needed if column.is_needed else may,
            tongue.gettext(column.help),
            words,
            column.examples[0 if tongue.is_chinese else 1],
        )
        row = sheet.max_row + 1
        for place, text in enumerate(texts, start=1):
            put(sheet.cell(row, place), text)
            sheet.cell(row, place).alignment = Alignment(wrap_text=True, vertical="top")
    for note in (*NOTES, *OTHER_NOTES.get(kind, ())):
        put(sheet.cell(sheet.max_row + 1, 1), tongue.gettext(note))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDE", (24, 12, 60, 40, 28), strict=True):
        sheet.column_dimensions[letter].width = width


def offer_choices(sheet: Worksheet, kind: IntakeKind, tongue: Tongue) -> None:
    """Let Excel offer the words of columns that choose one."""
    for number, column in enumerate(_offered(kind), start=1):
        choices = TOGETHER.get(kind, {}).get(column.name)
        words = ",".join(name_of_choice(member, tongue) for member in choices or ())
        if words and len(words) < 250 and "," not in "".join(name_of_choice(one, tongue) for one in choices or ()):
            offered = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
            letter = get_column_letter(number)
            offered.add(f"{letter}2:{letter}{ROWS_OFFERED}")
            sheet.add_data_validation(offered)


def given_back(
    reader: TableReader, opener: TableOpener, intake: Intake, words: Mapping[int, Mapping[str, str]], heading: str
) -> bytes:
    """Return a kept file with its faults marked and explained; of a large one the faulty rows alone."""
    table, reading = read(opener, intake)
    cells = int(intake.outcome.get("rows", 0)) * len(table.columns)
    if cells > MOST_MARKED:
        return _faulty_rows(reader(intake.content, intake.file_name), words, heading)
    months = {plain(table.columns[place]): f"{month:%Y-%m}" for place, month in reading.grid.months.items()}
    marks = Marks(heading=heading, faults=words, names={**names_by_heading(intake.kind), **months})
    return marked(reader, intake.file_name, intake.content, marks)


def _faulty_rows(table: Table, words: Mapping[int, Mapping[str, str]], heading: str) -> bytes:
    workbook = Workbook()
    sheet = workbook.active if isinstance(workbook.active, Worksheet) else workbook.create_sheet()
    headings: Sequence[str] = ("#", *table.columns, heading)
    for place, text in enumerate(headings, start=1):
        put(sheet.cell(1, place), text)
        sheet.cell(1, place).font = Font(bold=True)
    number = 1
    for row in table.rows:
        if row.number in words:
            number += 1
            sheet.cell(number, 1, row.number)
            for place, column in enumerate(table.columns, start=2):
                put(sheet.cell(number, place), row.cells[column])
            why = sheet.cell(number, len(headings))
            put(why, " ".join(words[row.number].values()))
            why.fill = FAULTY
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()

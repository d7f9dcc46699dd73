"""What is wrong with files that are to be taken over, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_INTAKE: Final[dict[str, tuple[str, ...]]] = {
    # The file as a whole.
    "file-too-large": (_("The file is larger than %(limit)s MB. Please part it into several."),),
    "file-too-many-rows": (_("The file has more than %(limit)s rows. Please part it into several."),),
    "file-old-format": (
        _("Files of Excel 97–2003 (.xls) are not taken here. Please save it as .xlsx and send it again."),
    ),
    "file-unpacks-too-far": (
        _("Unpacked, the file is larger than %(limit)s MB, so it was not opened. Please send a smaller one."),
    ),
    "sheet-too-large": (
        _("The sheet is too large to be opened (limit: %(limit)s). Please delete empty rows and columns."),
    ),
    "sheet-missing": (_("The workbook has no sheet “%(sheet)s”. Its sheets: %(found)s."),),
    "file-without-rows": (_("There is no row below the headings. Please fill in the template."),),
    "headings-missing": (
        _("The first row lacks headings: %(headings)s. Please use the template, or name the columns so."),
    ),
    "intake-faulty": (_("Rows of the file are wrong, so nothing is taken over. Please correct it."),),
    "intake-over": (_("This file was taken over or dropped already. Please look at the list of imports."),),
    "intake-stale": (
        _(
            "Nothing was taken over: something has changed since the file was checked. It was checked anew;"
            " please look at what it would change now."
        ),
    ),
    # Any cell.
    "cell-missing": (_("This cell is empty. Please fill it in."),),
    "text-too-long": (_("This is longer than %(limit)s characters. Please shorten it."),),
    "text-unprintable": (_("There are signs in it that cannot be shown, like line breaks. Please type it anew."),),
    "formula-without-value": (
        _("This formula has no value with it. Please open the file in Excel, save it, and send it again."),
    ),
    "cell-merged": (_("This cell is part of a merged one. Please give every row its own value."),),
    "not-a-choice-of": (_("“%(given)s” is none of: %(known)s. Please write one of them."),),
    "not-yes-or-no": (_("“%(given)s” is neither yes nor no. Please write 是 or 否, yes or no."),),
    "date-unreadable": (_("“%(given)s” is no day. Please write it like 2026-01-31."),),
    "date-ambiguous": (_("“%(given)s” can be either of: %(choices)s. Please write the year first."),),
    "date-impossible": (
        _("There is no such day as %(given)s. Do you mean %(near)s?"),
        _("There is no such day as %(given)s. Please look at it."),
    ),
    "date-year-short": (_("“%(given)s” has a year of two digits. Please write it like 2026-01-31."),),
    "date-implausible": (_("The year of “%(given)s” cannot be meant. Please look at it."),),
    "staff-no-zeros": (_("“%(given)s” has lost its leading zeros. Please write %(near)s, as text."),),
    "staff-no-ambiguous": (_("“%(given)s” may be any of: %(choices)s. Please write the number with its zeros."),),
    "staff-no-unknown": (_("Nobody has the staff number “%(given)s”. Please look at it."),),
    "staff-no-invalid": (
        _("“%(given)s” is no staff number. Do you mean %(near)s?"),
        _("“%(given)s” is no staff number. Please write it as text."),
    ),
    "name-unknown": (
        _("There is no “%(given)s”. Do you mean %(near)s?"),
        _("There is no “%(given)s”. Please look at its spelling."),
    ),
    "name-ambiguous": (_("“%(given)s” may be any of: %(choices)s. Please write the one that is meant."),),
    "row-repeated": (_("Row %(first_row)s is about the same already. Please keep one of them."),),
    # Units.
    "unit-unclear": (_("“%(given)s” may be any of: %(choices)s. Please write it with the units above it."),),
    "unit-name-with-line": (_("A unit's own name has no “/”. Please write the units above it in their column."),),
    "unit-circular": (_("These units lie below each other. Please look at the column of the unit above."),),
    "unit-kind-kept": (_("The kind of a unit that is there cannot be changed. Please leave it as it is."),),
    "unit-kind-order": (_("It cannot lie there: teams lie below departments, and those below divisions."),),
    "company-there": (_("There is a company already; there can be one. Please choose another kind."),),
    # People.
    "head-twice": (_("Row %(first_row)s names another head of this unit. Please keep one of them."),),
    "line-in-circle": (_("The reporting line is a circle: %(line)s. Please look at these superiors."),),
    "left-before-joined": (_("The first day away lies before the day of joining. Please look at both."),),
    "change-by-page": (
        _(
            "A cycle is running: a transfer or a leaver takes tasks and targets along. Please make this change on"
            " the person's page and leave it out here."
        ),
    ),
    # Targets and past figures.
    "intake-without-cycle": (_("Please choose the cycle that the targets are for."),),
    "intake-cycle-closed": (
        _("Targets of “%(cycle)s” do not come from a file any more. Please change them on the cycle's pages."),
    ),
    "owner-missing": (_("Neither a staff number nor a unit says whose it is. Please fill in one of them."),),
    "person-named-otherwise": (_("%(staff_no)s is %(near)s, and not “%(given)s”. Please look at both columns."),),
    "person-elsewhere": (_("This person belongs to %(near)s. Please look at the unit."),),
    "person-without-targets": (
        _("This person has no targets and results. Please change that on their page, or leave the row out."),
    ),
    "person-not-in-cycle": (_("This person is not in post on any day of “%(cycle)s”. Please leave the row out."),),
    "target-of-other-cycle": (
        _("The file is taken over for the cycle “%(near)s”. Please leave out rows of other cycles."),
    ),
    "targets-confirmed": (
        _(
            "These targets are confirmed already. They change by proposals and adjustments; please leave the row"
            " out."
        ),
    ),
    "targets-over-parent": (
        _(
            "%(unit)s has a target of %(target)s for %(metric)s, but %(shared)s is shared out below it, which is"
            " %(over)s too much. Please raise the one or lower the others."
        ),
    ),
    "figure-of-person": (
        _("Figures of %(metric)s are each person's own. Please write the staff number of whose it is."),
    ),
    "figure-of-team": (_("Figures of %(metric)s are those of teams. Please write the team alone."),),
    "person-not-there-in": (
        _("This person was not in post in %(month)s. Please look at the month or the person."),
    ),
    "month-not-past": (_("%(month)s is not over yet. Past figures end with the month before this one."),),
    "month-in-cycle": (
        _("This month belongs to the cycle “%(cycle)s”, which has ways of its own. Please leave the row out."),
    ),
    "months-not-past": (
        _("Not over yet: %(months)s. Past figures end with the month before this one; please remove the columns."),
    ),
    "months-in-cycle": (
        _(
            "%(months)s belong to a cycle (%(cycles)s), whose figures are handed in and corrected in it. Please"
            " remove the columns."
        ),
    ),
    "months-too-many": (_("There are more than %(limit)s months in the file. Please part it into several."),),
    "heading-no-month": (
        _("The heading “%(heading)s” may be a month, but not be read as one. Please write it like 2025-01."),
    ),
    "intake-not-reconciled": (
        _(
            "Nothing was taken over: %(metric)s of %(month)s would not come to what the file says. Please tell who"
            " runs the system."
        ),
    ),
    # Totals.
    "total-differs": (
        _(
            "%(metric)s of %(month)s comes to %(sum)s in this file, and not to %(given)s (difference:"
            " %(difference)s). Please find the rows that are missing, twice, or wrong."
        ),
        _(
            "%(metric)s comes to %(sum)s in this file, and not to %(given)s (difference: %(difference)s). Please"
            " find the rows that are missing, twice, or wrong."
        ),
    ),
    "total-missing": (
        _(
            "Nobody gave a total of %(metric)s (%(months)s), so nothing says whether the figures are complete."
            " Please give what the old system shows."
        ),
    ),
    "total-twice": (_("Another total of the same was given: %(near)s. Please keep one of them."),),
    "total-unreadable": (
        _("“%(given)s” is no total. Please write the metric, the month if it is of one, and the amount."),
    ),
    # Metrics.
    "metric-name-twice": (_("The metric %(known)s has this name already. Please choose another."),),
}

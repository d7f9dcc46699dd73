"""What is wrong with figures, files and launches, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_FIGURES: Final[dict[str, tuple[str, ...]]] = {
    # A row, as it was handed in.
    "team-unknown": (
        _("There is no team “%(given)s” in this department. Its teams: %(known)s."),
        _("There is no such team in this department. Please look at its name."),
    ),
    "metric-unknown": (
        _("There is no metric “%(given)s”. Do you mean %(near)s?"),
        _("There is no metric “%(given)s”. Known are: %(known)s."),
        _("There is no metric “%(metric)s” here. Please look at its name."),
    ),
    "person-ambiguous": (
        _("More than one person in %(team)s is called “%(given)s”. Please give the staff number."),
        _("More than one person has this name. Please give the staff number."),
    ),
    "person-missing": (_("%(metric)s is a figure of single people. Please give the staff number."),),
    "person-not-wanted": (_("%(metric)s is a figure of the whole team. Please leave the person empty."),),
    "person-not-there": (_("%(given)s was not in this post in %(month)s. Please leave this row out."),),
    "month-unreadable": (
        _("“%(given)s” is no month. Please write it like this: %(months)s."),
        _("“%(given)s” is no month. Please write it like 2025-01."),
    ),
    "month-outside": (_("%(given)s is not asked for here. Please give figures of %(months)s."),),
    "value-missing": (_("The figure is missing. Please fill it in."),),
    "not-a-number": (_("“%(given)s” is no number. Please write digits only, like 12000 or 85.5."),),
    "number-ambiguous": (
        _("“%(given)s” can be read in two ways. Do you mean %(near)s?"),
        _("“%(given)s” can be read in two ways. Please write digits only, like 12000 or 85.5."),
    ),
    "percent-not-wanted": (_("This is no percentage. Please leave out the %% sign."),),
    "cell-error": (_("Excel shows an error in this cell. Please look at its formula."),),
    "figure-unreadable": (_("“%(value)s” is no number. Please write digits only, like 12000 or 85.5."),),
    "too-many-decimals": (_("At most four decimals are kept. Please round the figure."),),
    "negative": (_("This figure cannot be negative. Please look at its sign."),),
    "percent-out-of-range": (_("A percentage lies between 0 and 100. Please look at the figure."),),
    "not-whole": (_("This is a count, so it has no decimals. Please give a whole number."),),
    "row-twice": (_("The same figure stands in row %(first_row)s already. Please keep one of them."),),
    "reason-missing": (_("%(present)s is there already. Please give the reason why it is corrected."),),
    # A figure that is looked at, or corrected.
    "figure-unknown": (_("There is no such figure in this cycle. Please choose one on the page you came from."),),
    "figure-settled": (
        _(
            "This figure cannot be corrected here now: results are worked out from it, or it is not yours to"
            " correct. Please ask HR, who can have the department sent back."
        ),
    ),
    "figure-same": (_("This is the value that stands there already."),),
    # What is not there.
    "figure-missing": (
        _("Missing: %(metric)s of %(person)s (%(staff_no)s), %(team)s, %(month)s."),
        _("Missing: %(metric)s of %(team)s, %(month)s."),
    ),
    "figure-invalid": (
        _("Not valid: %(metric)s of %(person)s (%(staff_no)s), %(team)s, %(month)s. Please correct it."),
        _("Not valid: %(metric)s of %(team)s, %(month)s. Please correct it."),
    ),
    "figure-too-large": (_("A figure is too large to be counted with. Please look at its decimal point."),),
    "target-missing": (_("Missing: the target of %(metric)s for %(person)s (%(staff_no)s), %(team)s."),),
    "gap-not-explained": (
        _("The gap of this metric is not taken apart: it is no product of visits, deals and their size."),
    ),
    "miss-none": (_("The target is met so far, so there is no miss to explain."),),
    "cause-needed": (_("Please choose what the miss comes from."),),
    "target-zero": (_("A target must be more than zero, or nothing can be measured by it."),),
    "target-not-wanted": (_("No target of %(metric)s is missing for “%(given)s”. Please leave it out."),),
    "person-without-scorecard": (
        _("%(person)s (%(staff_no)s) has no scorecard for their post. Please have one made, then hand in again."),
    ),
    "person-without-metrics": (
        _("No metric applies to %(person)s (%(staff_no)s). Please give them one, or take them out of scoring."),
    ),
    "component-missing": (
        _("A result cannot be calculated: %(count)s of its parts are missing. Please fill them in."),
    ),
    "nothing-applies": (_("No metric of the scorecard applies, so there is no result. Please ask HR."),),
    "target-not-positive": (_("A target is zero or less, so no attainment can be calculated. Please ask HR."),),
    "submission-unknown": (_("These figures are not known any more. Please hand them in again."),),
    # Launches.
    "launch-form-incomplete": (_("Name, period and every deadline are needed. Please fill in what is empty."),),
    # Files.
    "columns-missing": (_("The file lacks columns: %(missing)s. Please use the template."),),
    "columns-twice": (_("The file has a column twice: %(columns)s. Please keep one of them."),),
    "columns-unnamed": (_("Column %(position)s of the file has no heading. Please use the template."),),
    "encoding-unknown": (_("The file's characters cannot be read. Please save it as Excel or as CSV in UTF-8."),),
    "file-empty": (_("The file is empty. Please choose another."),),
    "file-unreadable": (
        _("This file cannot be opened. Please use the Excel template, or a CSV file with the same columns."),
    ),
}

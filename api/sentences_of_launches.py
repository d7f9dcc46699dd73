"""What is wrong with a launch or with terms, in sentences that say what to do; `rules/launch.py` finds it."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_LAUNCHES: Final[dict[str, tuple[str, ...]]] = {
    # Terms.
    "approval-days-missing": (
        _("The chain has %(needed)s steps of approval, but %(count)s deadlines. Please give one a step."),
    ),
    "approver-twice": (_("The same approver stands in the chain twice. Please keep one step of each."),),
    "hours-invalid": (_("The sending hours end before they begin. Please look at both."),),
    "rung-twice": (_("Two rungs of the ladder are called “%(rung)s”. Please give each a name of its own."),),
    "months-missing": (_("Months of the period have no submission: %(months)s. Please give their deadlines."),),
    "months-surplus": (_("Months are given twice or lie outside the period: %(months)s. Please leave them out."),),
    "month-opens-late": (_("The submission of %(month)s opens after its deadline. Please look at both days."),),
    "deadline-order": (
        _("“%(stage)s” is due before “%(after)s”, which comes first. Please put the deadlines in order."),
    ),
    "approval-order": (
        _("The approval by %(approver)s is due before that by %(below)s, which comes first. Please swap them."),
    ),
    "deadline-moved": (
        _("“%(stage)s” is due on %(due_on)s, a day off; it will be due on %(happens_on)s, a working day."),
    ),
    "deadline-over": (_("The deadline of “%(stage)s”, %(due_on)s, is already over. Please choose a later day."),),
    "holidays-unknown": (
        _("The public holidays of %(year)s are not announced yet; Monday to Friday count as worked until then."),
    ),
    # The company.
    "departments-missing": (_("The company has no department, so nobody can be asked. Please enter some."),),
    "director-missing": (_("%(department)s has no director. Please name one."),),
    "director-left": (_("%(person)s, director of %(department)s, has left. Please name another."),),
    "superior-missing": (
        _("%(person)s, director of %(department)s, has no superior: what is late stays there and HR is told."),
    ),
    "targets-missing": (_("%(department)s has no targets yet. They can be confirmed once they are entered."),),
    "own-targets-missing": (
        _("%(person)s in %(department)s has no targets yet. Without them there is no result."),
        _("%(count)s people in %(department)s have no targets yet. Without them there is no result."),
    ),
    "hr-owner-missing": (_("Whoever is asked as HR is not known or has left. Please name somebody else."),),
    "reporting-circle": (_("These people report to each other in a circle: %(people)s. Please mend the line."),),
    "email-missing": (_("%(person)s has no mail address, but will hold tasks. Please enter one."),),
    "phone-missing": (
        _("%(person)s has no mobile number, but the ladder sends SMS. Please enter one, or take SMS out of it."),
    ),
    "phone-invalid": (
        _("The mobile number of %(person)s is not valid, but the ladder sends SMS. Please mend it."),
    ),
    "weights-not-full": (
        _("The weights of the scorecard “%(scorecard)s” add up to %(total)s, not to 100. Please mend them."),
    ),
    "metrics-missing": (_("No metric is required, so there is nothing to score. Please mark at least one."),),
    "scorecard-missing": (
        _("%(count)s people of post “%(post)s”, grade “%(grade)s”, have no scorecard. Please make one."),
        _("%(count)s people of post “%(post)s” have no scorecard. Please make one for the post."),
        _("%(count)s people without a post have no scorecard. Please give them a post."),
    ),
}

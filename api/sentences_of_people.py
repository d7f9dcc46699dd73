"""What is wrong with changes of people, metrics and scorecards, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_PEOPLE: Final[dict[str, tuple[str, ...]]] = {
    # Forms.
    "form-incomplete": (_("Some fields are still empty. Please fill in those marked below."),),
    "field-needed": (_("Please fill this in."),),
    "field-unfit": (_("This is too long, or not what is asked for here. Please look at it again."),),
    "day-unreadable": (_("This is no day. Please write it like 2027-01-31."),),
    "nothing-changed": (_("Nothing was changed, so nothing was saved."),),
    "person-untraceable": (
        _("Nobody here is called “%(given)s” or has that staff number. Please choose from the names offered."),
        _("There is no such person. Please choose from the names offered."),
    ),
    "person-several": (
        _("More than one person is called “%(given)s”. Please give the staff number."),
        _("More than one person has this name. Please give the staff number."),
    ),
    "unit-untraceable": (
        _("There is no unit called “%(given)s”. Please choose from the names offered."),
        _("There is no such unit. Please choose from the names offered."),
    ),
    "unit-several": (
        _("More than one unit is called “%(given)s”. Please choose it with those above it."),
        _("More than one unit has this name. Please choose it with those above it."),
    ),
    "mail-unreadable": (
        _("“%(given)s” is no e-mail address. Please write it like name@company.cn."),
        _("This is no e-mail address. Please write it like name@company.cn."),
    ),
    "phone-unreadable": (
        _("“%(given)s” is no mobile number. Please write it like 13800138000, or with its country: +852…"),
        _("This is no mobile number. Please write it like 13800138000, or with its country: +852…"),
    ),
    # People.
    "line-circular": (
        _("%(superior)s reports to %(person)s, so the line would be a circle. Please choose another superior."),
        _("This person would report to themselves, so the line would be a circle. Please choose somebody else."),
    ),
    "deputy-is-self": (_("Nobody is their own deputy. Please choose somebody else."),),
    "deputy-unknown": (_("There is no such deputy. Please look at the list again."),),
    "deputy-over": (
        _("This period ended on %(until_on)s already. Nothing is left to end."),
        _("This period is over already. Nothing is left to end."),
    ),
    # Metrics.
    "metric-exists": (
        _("A metric with the code “%(given)s” is there already. Please choose another code."),
        _("A metric with this code is there already. Please choose another code."),
    ),
    "metric-measured": (
        _("Figures or targets measured the old way are there already. Please make a new metric instead."),
    ),
    "code-unfit": (_("A code has small letters, digits and _, like new_customers. Please write it so."),),
    # Cap and bands.
    "cap-out-of-range": (_("The cap lies between 100 and 1,000 per cent. Please look at it again."),),
    "bands-too-few": (_("At least two bands are needed. Please fill in a name and its points."),),
    "band-unnamed": (_("A band has no name. Please name it, or empty its points too."),),
    "band-twice": (_("Two bands have the same name. Please rename one."),),
    "bands-order": (_("Each band begins lower than the one above it. Please put the points in order."),),
    "bands-end": (_("The last band begins at 0, so that everybody has one. Please set its points to 0."),),
    # Weights.
    "no-components": (_("A scorecard needs at least one weight. Please fill one in."),),
    "scorecard-exists": (
        _("There is a scorecard for %(given)s already. Please edit that one, or give another grade."),
        _("There is such a scorecard already. Please edit that one, or give another grade."),
    ),
    "weights-unreadable": (_("Some weights are no numbers. Please look at those marked below."),),
    "weights-under-100": (
        _("The weights come to %(total)s, %(off)s short of 100. Please raise some, or rescale the rest."),
        _("The weights come to less than 100. Please raise some, or rescale the rest."),
    ),
    "weights-over-100": (
        _("The weights come to %(total)s, %(off)s over 100. Please lower some, or rescale the rest."),
        _("The weights come to more than 100. Please lower some, or rescale the rest."),
    ),
    "weights-kept-too-large": (
        _("The weights you changed come to %(total)s already and leave nothing for the rest. Please lower one."),
        _("The weights you changed leave nothing for the rest. Please lower one."),
    ),
    "weights-nothing-to-rescale": (
        _("There is no other weight to rescale: you changed them all. Please make them add to 100 yourself."),
    ),
}

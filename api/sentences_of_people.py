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
    # Weights.
    "weights-kept-too-large": (
        _("The weights you changed come to %(total)s already and leave nothing for the rest. Please lower one."),
        _("The weights you changed leave nothing for the rest. Please lower one."),
    ),
    "weights-nothing-to-rescale": (
        _("There is no other weight to rescale: you changed them all. Please make them add to 100 yourself."),
    ),
}

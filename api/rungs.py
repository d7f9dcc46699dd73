"""A rung of a ladder in words: when it comes, what it does, to whom."""

from __future__ import annotations

import re

from api.i18n import Tongue
from api.i18n import later as _
from api.terms import message_of
from models.stages import Recipient, RungAction
from models.terms import Ladder, Rung

OF_A_SUPERIOR = re.compile(r"superior-(\d+)-(remind|move)")

DOES = {
    (RungAction.REMIND, Recipient.HOLDER): _("reminds the holder"),
    (RungAction.REMIND, Recipient.SUPERIOR): _("reminds the holder"),
    (RungAction.REMIND, Recipient.HR): _("reminds the holder"),
    (RungAction.MOVE, Recipient.SUPERIOR): _("moves the task to the superior"),
    (RungAction.ADD, Recipient.SUPERIOR): _("lets the superior decide too"),
    (RungAction.NOTIFY, Recipient.HOLDER): _("tells the holder that it is late"),
    (RungAction.NOTIFY, Recipient.SUPERIOR): _("tells the superior"),
    (RungAction.NOTIFY, Recipient.HR): _("tells HR"),
}
"""What a rung does, as far as it differs: a reminder always goes to the holder, a move to the superior."""


def when(rung: Rung, t: Tongue) -> str:
    """Say when a rung comes: 3 days before, at 09:00."""
    if rung.days == 0:
        day = t.gettext("on the day itself")
    elif rung.days < 0:
        day = t.ngettext("%(n)s day before", "%(n)s days before", -rung.days)
    else:
        day = t.ngettext("%(n)s day after", "%(n)s days after", rung.days)
    if rung.at_deadline:
        return t.gettext("at the deadline") if rung.days == 0 else t.gettext("%(day)s, at its hour", day=day)
    return t.gettext("%(day)s, in the morning", day=day)


def does(rung: Rung, t: Tongue) -> str:
    to = Recipient.SUPERIOR if rung.action in (RungAction.MOVE, RungAction.ADD) else rung.to
    return t.gettext(DOES[rung.action, to])


def by_what(rung: Rung, t: Tongue) -> str:
    return t.gettext(", ").join(t.gettext(message_of(channel)) for channel in rung.channels)


def why(name: str, ladder: Ladder | None, t: Tongue) -> str:
    """Say which rung made a message: its time and what it does; nothing where no rung did."""
    for rung in ladder.rungs if ladder else ():
        if rung.name == name:
            return t.gettext("%(when)s: %(does)s", when=when(rung, t), does=does(rung, t))
    of_superior = OF_A_SUPERIOR.fullmatch(name)
    if of_superior and of_superior[2] == "remind":
        return t.gettext("reminder to the superior, step %(n)s up the line", n=of_superior[1])
    if of_superior:
        return t.gettext("moved on from the superior, step %(n)s up the line", n=of_superior[1])
    return ""

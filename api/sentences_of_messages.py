"""Why a message is not sent again or a setting not taken, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_MESSAGES: Final[dict[str, tuple[str, ...]]] = {
    "message-unknown": (_("There is no such message, or it is not yours to see."),),
    "message-sent": (
        _("This message was sent, so it is not sent again. To remind somebody, use the task's page."),
    ),
    "message-resent": (_("This message was sent again already. Its page shows the new one."),),
    "message-under-way": (
        _("This message is still under way: it is tried again by itself. Please look again later."),
    ),
    "message-obsolete": (
        _("What this message asks for is done, or is somebody else's to do by now. Nothing needs to be sent."),
    ),
    "message-without-cycle": (_("This message belongs to no cycle, so it cannot be sent again from here."),),
    "message-of-ended-cycle": (_("The cycle was cancelled, so nothing is sent for it any more."),),
    "message-of-paused-cycle": (
        _("The cycle is paused, so its deadlines are not certain. Send the message again once it is resumed."),
    ),
    "recipient-left": (_("The recipient has left the company. Please give the task to somebody else."),),
    "address-missing": (_("No address is on record. Please enter it on the person's page, then send again."),),
    "address-unchanged": (
        _("“%(address)s” failed before. Please mend it on the person's page first, then send again."),
        _("The address or number failed before. Please mend it on the person's page first, then send again."),
    ),
    "recipient-opted-out": (
        _("The recipient has opted out of SMS, so none may be sent. Their messages go by e-mail."),
    ),
    "arrival-unasked": (
        _("It may have arrived. Please ask the recipient or the provider first, and write down what they said."),
    ),
    "sms-not-now": (
        _("No SMS can go out now: %(reason)s. The e-mail in its place went out already."),
        _("No SMS can go out now. The e-mail in its place went out already."),
    ),
    # Settings.
    "name-missing": (_("The company needs a name: it stands before every message. Please enter one."),),
    "ladder-wrong": (_("The ladder was not saved: %(count)s things are wrong. Please mend what is listed."),),
    "ladder-unreadable": (_("Something in the ladder is no number or was not chosen. Please look at each rung."),),
    "ladder-empty": (_("The ladder has no rung, so nobody would be reminded. Please add one."),),
    "ladder-too-long": (_("A ladder has at most %(most)s rungs. Please take some away."),),
    "rung-without-channel": (_("“%(rung)s” goes by no channel. Please tick at least one."),),
    "rung-too-far": (_("“%(rung)s” is more than %(most)s days from the deadline. Please bring it nearer."),),
    "rung-moves-early": (
        _("“%(rung)s” takes the task away before its deadline. Please put it on the deadline or later."),
    ),
    "rung-moves-nowhere": (_("“%(rung)s” moves the task, but not to the superior. Please choose the superior."),),
    "rung-reminds-others": (
        _("“%(rung)s” reminds somebody who does not hold the task. To tell them, choose “tells” instead."),
    ),
    "rung-never-fires": (
        _("“%(rung)s” comes after “%(after)s”, which moves the task away: it would never go out. Please drop it."),
    ),
    "days-unreadable": (_("These days cannot be read. Please give a first day and, after it, a last one."),),
    "days-missing": (_("The file names no day. Please fill its first column with days like 2027-02-06."),),
    "days-too-many": (_("That is more than %(most)s days at once. Please change a year at a time."),),
    "days-file-wrong": (
        _("The file was not taken: %(count)s rows are wrong. Please mend the rows listed and read it again."),
    ),
    "day-row-wrong": (
        _("Row %(row)s: “%(given)s” is no day with “off” or “working” beside it."),
        _("Row %(row)s names no day with “off” or “working” beside it."),
    ),
    "wording-empty": (_("A sentence is empty. Please write one, or go back to the standard wording."),),
    "wording-too-long": (_("A sentence has more than %(most)s letters. Please make it shorter."),),
    "placeholder-unknown": (
        _("There is no placeholder %(placeholder)s in this message. There are: %(allowed)s."),
        _("There is no placeholder %(placeholder)s in this message. Please use one of those listed."),
    ),
    "placeholder-broken": (_("A brace stands alone. Please write placeholders like {department}."),),
    "placeholder-needed": (
        _("Without %(placeholder)s nobody could act on this SMS. Please put it where the link should stand."),
    ),
}

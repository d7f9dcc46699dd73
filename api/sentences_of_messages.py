"""Why a message is not sent again, in sentences that say what to do; `rules/resending.py` finds it."""

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
}

"""Refusals' sentences and headings about signing in, accounts, roles and tokens."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_SIGN_IN: Final[dict[str, tuple[str, ...]]] = {
    "sign-in-locked": (
        _(
            "Five wrong tries: signing in is locked until %(until)s. To get in sooner, ask HR to unlock your"
            " account or to send you a link for a new password."
        ),
    ),
    "account-barred": (_("Your account is locked by HR. If you need it, please ask them."),),
    "sign-in-over": (_("Signing in took too long. Please start again."),),
    "code-wrong": (
        _("This code is not right, or it was used already. Please wait for the next one and enter that."),
    ),
    "factor-known": (_("The second factor is on already."),),
    "factor-required": (_("Your role needs the second factor, so it cannot be turned off."),),
    "password-wrong": (_("The password now is not right. Please try again."),),
    "password-same": (_("This is the password you have now. Please choose another."),),
    "password-short": (_("The new password is too short: it needs at least %(count)s characters."),),
    "password-long": (_("The new password is too long: at most %(count)s characters."),),
    "password-guessable": (
        _("The new password is easily guessed: it holds your name, user name or staff number, or few characters."),
    ),
    "passwords-differ": (_("The two new passwords are not the same. Please enter the new one twice."),),
    "only-themselves": (_("Only the person themselves can do this, signed in with a browser."),),
    "scope-needed": (
        _("This token was not made for that: it needs the scope %(scope)s. HR can make another."),
        _("No token can do that. Please sign in with a browser."),
    ),
}

TITLES_OF_SIGN_IN: Final[dict[str, str]] = {
    "account-barred": _("Account locked"),
    "sign-in-over": _("Please sign in"),
    "only-themselves": _("Not yours to do"),
    "scope-needed": _("Not yours to do"),
}

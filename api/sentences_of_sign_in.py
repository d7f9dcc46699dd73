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
    "sso-away": (
        _("The company's sign-in service does not answer now. Please try again, or sign in with your password."),
    ),
    "sso-refused": (_("The company's sign-in service did not let you in. Please try again."),),
    "sso-forged": (_("This sign-in was not begun in this browser, or it took too long. Please start again."),),
    "sso-unknown": (
        _(
            "%(who)s is not among the company's people here. Please ask HR to add you,"
            " or sign in as somebody else."
        ),
    ),
    "sso-ambiguous": (_("%(who)s belongs to several people here. Please ask HR to tell them apart."),),
    "sso-unverified": (
        _("Your address %(who)s is not confirmed at the sign-in service. Please confirm it there."),
    ),
    "sso-claim-missing": (
        _("The sign-in service does not say who you are (%(claim)s is missing). Please tell your IT department."),
    ),
    "account-missing": (_("This person has no account yet. Please invite them first."),),
    "account-exists": (_("This person has an account already."),),
    "address-missing": (
        _("No mail address is known of this person, so no link can be sent. Please add it first."),
    ),
    "mail-away": (
        _("The mail could not be sent: the mail server did not take it. Please send the link again in a while."),
    ),
    "user-name-wrong": (
        _(
            "A user name has 2 to 64 letters, digits, dots, hyphens, underscores or @,"
            " and begins with a letter or digit."
        ),
    ),
    "user-name-taken": (_("The user name %(user_name)s is taken. Please choose another."),),
    "roles-clash": (_("An auditor sees everything and changes nothing, so an auditor cannot have another role."),),
    "last-hr": (
        _("This is the last HR administrator who can sign in. Please give somebody else the role first."),
    ),
    "not-yourself": (_("You cannot do this to your own account. Please ask another HR administrator."),),
    "reason-needed": (_("Please say why: the reason is recorded."),),
    "not-seen-as": (
        _("You cannot see the pages as this person: not as HR, as an auditor, or where the account is locked."),
    ),
    "welcome-unknown": (_("This link is not valid. Please open the newest mail, or ask HR for another."),),
    "welcome-used": (
        _("This link was used already, or a newer one was sent. Please sign in, or ask HR for another link."),
    ),
    "welcome-over": (_("This link is too old. Please ask HR for another."),),
    "purpose-needed": (_("Please say what the token is for, so that others know it later."),),
    "scopes-needed": (_("Please choose at least one thing that the token may do."),),
    "token-not-there": (_("There is no such token."),),
    "only-themselves": (_("Only the person themselves can do this, signed in with a browser."),),
    "scope-needed": (
        _("This token was not made for that: it needs the scope %(scope)s. HR can make another."),
        _("No token can do that. Please sign in with a browser."),
    ),
}

TITLES_OF_SIGN_IN: Final[dict[str, str]] = {
    "account-barred": _("Account locked"),
    "sign-in-over": _("Please sign in"),
    "welcome-unknown": _("Link not valid"),
    "welcome-used": _("Link not valid"),
    "welcome-over": _("Link not valid"),
    "only-themselves": _("Not yours to do"),
    "scope-needed": _("Not yours to do"),
}

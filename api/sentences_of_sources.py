"""Why something about a source cannot be done, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _
from api.source_words import FAULT_WORDS

SENTENCES_OF_SOURCES: Final[dict[str, tuple[str, ...]]] = {
    **{f"setting-{fault}": (words,) for fault, words in FAULT_WORDS.items()},
    "setting-enter-again": (
        _("The address was changed: please enter this again, so that it is not shown to somebody else."),
    ),
    "source-wrong": (_("The source was not saved. Please look at the fields marked below."),),
    "source-unknown": (_("There is no such source, or it is another company's. Please choose one of the list."),),
    "source-kind-unknown": (_("Please choose first of which kind the source is."),),
    "source-name-taken": (_("Another source has this name. Please choose another."),),
    "source-name-too-long": (_("At most %(most)s characters, please."),),
    "map-wrong": (_("The map was not saved. Please look at what is listed or marked below."),),
    "map-unreadable": (
        _("This is no JSON: line %(line)s, column %(column)s. Please look for a missing comma or quotation mark."),
    ),
    "map-place-wrong": (_("%(place)s: this value is not of the kind that is expected here. Please look at it."),),
    "map-place-missing": (_("%(place)s is missing. Please add it."),),
    "map-place-unknown": (_("%(place)s is not known. Please look at its spelling."),),
    "map-kind-twice": (_("There are two maps for %(place)s. Please keep one of them."),),
    "map-object-missing": (
        _("%(place)s: please say which object, table or file is read."),
        _("Please say which object, table or file is read."),
    ),
    "map-key-missing": (
        _("%(place)s: please say which column tells rows apart."),
        _("Please say which column tells rows apart."),
    ),
    "map-field-unknown": (_("%(place)s: such records have no such field. Please look at its spelling."),),
    "map-field-missing": (
        _("%(place)s is needed: please say which column it is, or what stands in every row."),
        _("This is needed: please say which column it is, or what stands in every row."),
    ),
    "map-field-empty": (
        _("%(place)s: please give a column, or what stands in every row."),
        _("Please give a column, or what stands in every row."),
    ),
    "map-meaning-unknown": (
        _("%(place)s: “%(given)s” is nothing we know. Please write one of: %(known)s."),
        _("“%(given)s” is nothing we know. Please write one of: %(known)s."),
        _("A value is given a meaning that we do not know. Please look at the map."),
    ),
    "map-list-incomplete": (
        _("%(place)s: please give both the object that lists the names and its column, or neither."),
        _("Please give both the object that lists the names and its column, or neither."),
    ),
    "map-line-unreadable": (_("Please write each line as “theirs = ours”: %(given)s"),),
    "fetch-mode-unknown": (_("Please choose what is to be done: test, dry run or fetch."),),
    "fetch-unknown": (_("There is no such fetch. Please choose one of the list."),),
    # What a source answered, or did not.
    "source-unreachable": (
        _("%(place)s does not answer. The last good figures stay; please try again, or ask whoever runs it."),
        _("%(host)s does not answer. The last good figures stay; please try again, or ask whoever runs it."),
        _("The source does not answer. The last good figures stay; please try again, or ask whoever runs it."),
    ),
    "source-busy": (
        _("The source takes no more questions for now. It will be asked again later; nothing needs to be done."),
    ),
    "source-used-up": (
        _(
            "Of the source's %(total)s calls a day %(used)s are used; the rest is left to others. Please fetch"
            " tomorrow, fetch less often, or have the limit raised."
        ),
        _(
            "The source's calls for today are used up. Please fetch tomorrow, fetch less often, or have the limit"
            " raised."
        ),
    ),
    "source-changed": (_("The source changed while it was read, again and again. Please fetch later."),),
    "source-not-let-in": (
        _("The source did not let us in. Please check user, password and rights under “Connection”."),
    ),
    "source-host-forbidden": (
        _(
            "This installation may not connect to %(host)s. Please ask whoever runs it to add it to the allowed"
            " hosts (QUARTERDECK_SOURCES__ALLOWED_HOSTS)."
        ),
        _("This installation may not connect to that address. Please ask whoever runs it to allow it."),
    ),
    "source-shape-changed": (
        _("%(object)s no longer has what the map names: %(missing)s. Please change the map, or ask for it back."),
        _("The source does not have what the map names: %(missing)s. Please change the map, or ask for it back."),
        _("The source no longer looks as the map says. Please look at the map."),
    ),
    "source-unreadable": (
        _("The source's answer could not be understood, so nothing of it was taken. Please try again later."),
    ),
    "source-settings-wrong": (
        _("Some settings of the connection are wrong: %(names)s. Please correct them under “Connection”."),
        _("The source refuses these settings. Please look at “Connection” and at the map."),
    ),
    "fetch-lost": (
        _("The program was interrupted during this fetch; nothing was taken over. Please fetch again."),
    ),
    "fetch-interrupted": (
        _("The fetch took too long and was stopped; nothing was taken over. Please fetch a shorter period."),
    ),
    "fetch-fault": (
        _("Something went wrong on our side; nothing was taken over. It is recorded; please tell HR."),
    ),
    "fetch-running": (
        _("This source is being fetched at this moment. Please wait until that is over, then ask again."),
    ),
    "source-unmapped": (
        _("Nothing is said yet about what this source's fields mean. Please fill in its map first."),
    ),
    "sheet-missing": (
        _("%(file)s has no sheet named “%(sheet)s”. Please choose one that it has, or leave the sheet empty."),
    ),
}

WHYS: Final[dict[str, str]] = {
    "key-empty": _("Some rows of %(object)s have nothing in the key column %(column)s."),
    "key-not-unique": _("Several rows of %(object)s have the same value in the key column %(column)s."),
    "key-of-unusable-type": _("The column %(column)s cannot be the key. Please choose a number or short text."),
    "driver-missing": _("The driver for this kind of database is not installed (%(driver)s)."),
    "no-folder-for-files": _("This installation has no folder for files (QUARTERDECK_SOURCES__FOLDER)."),
    "outside-the-folder": _("The folder must lie within your company's folder for sources."),
    "private-address": _("The name leads to a private address."),
    "not-listed": _("It is not on the list of allowed hosts."),
    "name-unknown": _("There is no such name. Please look at its spelling."),
    "too-slow": _("The answer took too long."),
    "answer-broken-off": _("The answer broke off in the middle."),
    "answer-too-large": _("The answer is larger than is taken."),
    "answer-not-understood": _("The answer is not what its documentation promises."),
    "rows-missing": _("The source gave fewer rows than it had announced."),
    "pages-repeat": _("The source gave the same page again and again."),
    "period-needed": _("Check-ins are read day by day: please say from which day on, or choose a period."),
    "too-long-ago": _("DingTalk tells clock-ins of the last %(days)s days alone: please choose a later day."),
    "form-code-missing": _("Opportunities are kept in a form of the company's own: please give its code."),
    "own-domain-needed": _("This way of signing in needs your company's own domain, not that of everybody."),
    "key-or-secret": _("AppKey or AppSecret is wrong."),
    "right-missing": _("The app lacks a permission: it is given in DingTalk's developer console."),
    "address-not-listed": _(
        "The app lets in only addresses of its list: please have ours added in DingTalk's developer console."
    ),
    "out-of-range": _(
        "A person or department is outside the app's range, which is set in DingTalk's developer console."
    ),
    "no-crm": _("DingTalk's CRM is not in use there."),
    "not-encrypted": _("It does not encrypt."),
    "certificate": _(
        "Its certificate is none that is trusted; one of your own is set by QUARTERDECK_SOURCES__CA_FILE."
    ),
    "key-unreadable": _("The private key is no RSA key in PEM format without a password."),
    "value-of-another-type": _("The column %(column)s cannot hold “%(value)s”."),
    "cannot-go-on-from-there": _("The place where reading was to go on is not known any more."),
    "being-written": _("%(file)s is still being written."),
    "no-such-folder": _("There is no folder %(file)s in your company's folder for sources."),
    "no-file-name": _("%(file)s is no name of a file; folders are part of the connection, not of the map."),
    "secrets-unreadable": _(
        "Its passwords can no longer be read: this installation's keys have changed. Please enter them again."
    ),
    "signed-out": _("It signed us out while reading."),
    "redirect": _("The source sends us to another address."),
}
"""More about a trouble, where the connector says why."""

TITLES_OF_SOURCES: Final[dict[str, str]] = {
    "source-unknown": _("Nothing here"),
    "fetch-unknown": _("Nothing here"),
}

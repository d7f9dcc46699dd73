"""What is wrong with a row that was read from a source, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import Tongue
from api.i18n import later as _
from api.words import say
from models.sources import RowFault

ROW_FAULTS: Final[dict[str, str]] = {
    "cell-error": _("A spreadsheet's error stands here. Please look at its formula."),
    "cell-missing": _("Nothing stands here. Please fill it in at the source."),
    "date-ambiguous": _("This date can be read in several ways. Please say its order in the map."),
    "date-implausible": _("This date lies far in the past or future. Please look at the year."),
    "date-impossible": _("There is no such day. Please correct it at the source."),
    "date-unreadable": _("This is no date. Please write it like 2026-01-31."),
    "date-year-short": _("The year has two digits only. Please write all four."),
    "month-unreadable": _("This is no month. Please write it like 2026-01."),
    "time-impossible": _("There is no such time of day. Please correct it at the source."),
    "time-missing": _("The time of day is missing. Please choose a column with day and time."),
    "name-ambiguous": _("Several are written like that. Please use what tells them apart."),
    "name-unknown": _("This name is not known. Please look at its spelling."),
    "seller-unknown": _("No person of ours is called so. Please look at the spelling, or enter the person first."),
    "seller-ambiguous": _("Several people are called so. Please have the map use staff numbers."),
    "staff-no-ambiguous": _("Several staff numbers are written like that. Please write all digits."),
    "staff-no-invalid": _("This cannot be a staff number. Please look at it."),
    "staff-no-unknown": _("Nobody has this staff number. Please look at it, or enter the person first."),
    "staff-no-zeros": _("Leading zeros were lost. It is taken as the number suggested."),
    "not-a-number": _("This is no number. Please write digits only, like 12000 or 85.5."),
    "not-yes-or-no": _("This is neither yes nor no. Please say in the map what it means."),
    "number-ambiguous": _("This number can be read in two ways. Please say the decimal mark in the map."),
    "percent-not-wanted": _("A percentage stands where an amount is wanted. Please choose another column."),
    "scaled-twice": _("The amount names its unit, and the map scales it too. Please keep one of them."),
    "too-large": _("This amount is too large to be counted with. Please look at its decimal point."),
    "too-many-decimals": _("At most four decimals are kept. Please round it at the source."),
    "negative": _("This cannot be negative. Please look at its sign."),
    "currency-other": _("The amount is in another currency than the row says. Please look at both."),
    "key-missing": _("The key is empty. Please fill it in at the source, or choose another key column."),
    "key-twice": _("The row suggested has the same key. Please choose a key that tells rows apart."),
    "value-missing": _("Nothing stands here, and it is needed. Please fill it in at the source."),
    "row-too-long": _("The row has more cells than there are columns. Please look for a stray separator."),
    "row-alike": _("Another row says the very same. Please make sure that it is not the same deal twice."),
    "name-respelt": _("It is spelt in another way than where it is listed; it is taken as suggested."),
    "listed-unused": _("It is listed and stands in no row. Please make sure that nothing was left out."),
    "amount-nothing": _("The amount is nothing. Please make sure that this is right."),
    "customer-missing": _("No customer is named. Please name one at the source."),
    "deal-unknown": _("There is no such deal. Please look at its number, or fetch the deals first."),
    "currency-unknown": _("This is no currency we know. Please write three letters like CNY."),
    "rate-missing": _("There is no exchange rate for that day. Please fetch rates first."),
    "rate-old": _("The last exchange rate before that day is old. Please fetch newer rates."),
    "rate-not-positive": _("A rate must be more than zero. Please correct it at the source."),
    "hours-implausible": _("A day has no more than 24 hours. Please look at the figure."),
    "check-out-implausible": _("The check-out lies before the check-in, or on another day. Please look at both."),
    "paid-over-due": _("More was paid than was due. Please make sure that this is right."),
    "meaning-unknown": _("The map does not say what this value means. Please add it to the map."),
    "state-unknown": _("The map does not say what this state means. Please add it to the map."),
    "opened-missing": _("The day when it was opened is missing. Please fill it in at the source."),
    "open-without-date": _("An open deal without its day. Please fill it in at the source."),
    "lost-without-date": _("A lost deal without its day. Please fill it in at the source."),
    "won-before-opened": _("It was won before it was opened. Please look at both days."),
    "seller-twice": _("The same seller stands here twice. Please add the shares up at the source."),
    "sellers-and-share": _("Several sellers and one share cannot both be right. Please give a share for each."),
    "share-not-positive": _("A share must be more than zero. Please correct it at the source."),
    "parts-differ": _("The rows of this deal say different things about it. Please make them agree."),
    "part-of-faulty-deal": _("Another part of this deal is faulty, so none of it counts. Please mend that one."),
}
"""By the fault's code."""


def fault_said(fault: RowFault, tongue: Tongue) -> str:
    words = ROW_FAULTS.get(fault.code)
    if words is not None:
        return tongue.gettext(words)
    facts = {"value": fault.value, "given": fault.value, "near": fault.suggestion, "column": fault.column_name}
    return say(fault.code, facts, tongue).detail

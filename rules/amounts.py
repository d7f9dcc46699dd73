"""Exact amounts as people and programs write them. What can be read in two ways is refused, not guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from rules.cells import NOTHING, Meaning, is_error, plain

PercentAs = Literal["points", "share", "refused"]
"""What 85% is: 85, or 0.85, or a fault."""
DecimalMark = Literal[".", ","]

MOST: Final = Decimal(10**12)
PLACES: Final = 4
"""What a figure's column holds."""
LONGEST: Final = 60
"""Characters. More is no amount."""

UNITS: Final = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
"""As powers of ten; 千万 is both of them."""
MONEY: Final = {
    "¥": ("CNY", "JPY"),
    "元": ("CNY",),
    "人民币": ("CNY",),
    "rmb": ("CNY",),
    "$": ("USD", "HKD", "SGD", "AUD", "CAD", "TWD"),
    "us$": ("USD",),
    "美元": ("USD",),
    "hk$": ("HKD",),
    "港元": ("HKD",),
    "港币": ("HKD",),
    "€": ("EUR",),
    "欧元": ("EUR",),
    "£": ("GBP",),
    "英镑": ("GBP",),
    "日元": ("JPY",),
}
"""By sign or word: the currencies that it may mean."""
CODES: Final = (
    *("aed", "aud", "brl", "cad", "chf", "cnh", "cny", "dkk", "eur", "gbp", "hkd", "idr", "inr", "jpy", "krw"),
    *("mop", "mxn", "myr", "nok", "nzd", "php", "rub", "sar", "sek", "sgd", "thb", "twd", "usd", "vnd", "zar"),
)

_SIGN_OF_MONEY = "|".join(re.escape(sign) for sign in sorted([*MONEY, *CODES], key=len, reverse=True))
_DRESSED = re.compile(
    rf"(?P<before>{_SIGN_OF_MONEY})?\s*(?P<sign>[-+])?\s*(?P<before2>{_SIGN_OF_MONEY})?\s*"
    rf"(?P<digits>[\d.,' ]*?\d[\d.,' ]*?)\s*(?P<unit>[十百千万亿]*)\s*(?P<after>{_SIGN_OF_MONEY})?\s*"
    rf"(?P<percent>%?)\s*(?P<trailing>-?)"
)
_COMPOUND = re.compile(r"(\d+(?:\.\d+)?)亿(\d{1,4}(?:\.\d+)?)万")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?e[-+]?\d{1,3}")
_GROUPED = re.compile(r"\d{1,3}(?:([,' ])\d{3})(?:\1\d{3})*")


@dataclass(frozen=True)
class Amounts:
    """How the amounts of a column are written, as far as that is known."""

    percent: PercentAs = "points"
    currency: str = ""
    """That of the company; an amount that says it is in another is refused. Empty takes any."""
    decimal_mark: DecimalMark = "."
    """A comma where the whole column is written like 1.234,56."""
    scale: int = 0
    """Amounts are in 10^scale of the unit: 4 for 万. One that says 万 itself is refused then."""
    places: int = PLACES
    most: Decimal = MOST


PLAIN: Final = Amounts()


def decimal_in(text: str, how: Amounts = PLAIN) -> Meaning[Decimal]:
    """Read an amount: 1,234.56, １２３, ￥5, 1.5亿, 50万元, 85.5%, (123) and 123- for what is less than nothing.

    Faults: `not-a-number`; `number-ambiguous`, like 1.234,56 or 1,23 or 1.23E+05 (Excel shows so, and
    loses digits); `percent-not-wanted`; `currency-other`; `scaled-twice`; `too-many-decimals`;
    `too-large`; `cell-error`.
    """
    given = plain(text).replace("−", "-").replace("‑", "-").replace("’", "'")
    if given in NOTHING:
        return Meaning()
    if is_error(text):
        return Meaning(fault="cell-error")
    if len(given) > LONGEST:
        return Meaning(fault="too-large" if given.isdecimal() else "not-a-number")
    is_negative = given.startswith("(") and given.endswith(")")
    if is_negative:
        given = given[1:-1].strip()
    if _SCIENTIFIC.fullmatch(given):
        return _scientific(given, is_negative, how)
    if match := _COMPOUND.fullmatch(given.removesuffix("元")):
        value = Decimal(match[1]).scaleb(8) + Decimal(match[2]).scaleb(4)
        return Meaning(fault="scaled-twice") if how.scale else _fitting(-value if is_negative else value, how)
    match = _DRESSED.fullmatch(given)
    if match is None:
        return Meaning(fault="not-a-number")
    signs = [sign for sign in (match["sign"], match["trailing"]) if sign]
    if len(signs) + is_negative > 1:
        return Meaning(fault="not-a-number")
    return _dressed(match, is_negative or "-" in signs, how)


def _dressed(match: re.Match[str], is_negative: bool, how: Amounts) -> Meaning[Decimal]:
    power = _power(match["unit"])
    digits = _digits(match["digits"].strip(), how.decimal_mark)
    if power is None or digits.fault == "not-a-number":
        return Meaning(fault="not-a-number")
    fault = _currency_fault([match["before"], match["before2"], match["after"]], how)
    if fault:
        return Meaning(fault=fault)
    if match["percent"] and (power or how.percent == "refused"):
        return Meaning(fault="percent-not-wanted")
    if power and how.scale:
        return Meaning(fault="scaled-twice")
    if digits.value is None:
        return Meaning(fault=digits.fault, choices=digits.choices, suggestion=digits.suggestion)
    value = digits.value.scaleb(power or how.scale)
    if match["percent"] and how.percent == "share":
        value = value.scaleb(-2)
    return _fitting(-value if is_negative else value, how)


def _digits(given: str, mark: DecimalMark) -> Meaning[Decimal]:
    """Read digits with their separators: groups of three may be parted, by the same sign throughout."""
    point, comma = (".", ",") if mark == "." else (",", ".")
    whole, _, fraction = given.partition(point)
    if fraction and not fraction.isdecimal():
        return _mixed(given)
    if not whole or whole.isdecimal() or _GROUPED.fullmatch(whole.replace(comma, ",")):
        bare = re.sub(r"\D", "", whole)
        return Meaning(Decimal(f"{bare or 0}.{fraction}" if fraction else bare))
    return _mixed(given)


def _mixed(given: str) -> Meaning[Decimal]:
    """Say what separators that contradict each other may mean."""
    marks = [sign for sign in given if sign in ".,"]
    last = marks[-1] if marks else ""
    if last and marks.count(last) == 1:
        other = "," if last == "." else "."
        whole, _, fraction = given.rpartition(last)
        bare = re.sub(r"[ ']", "", whole.replace(other, ""))
        if bare.isdecimal() and fraction.isdecimal() and (len(fraction) < 3 or other in whole):
            return Meaning(fault="number-ambiguous", suggestion=f"{bare}.{fraction}")
    bare = re.sub(r"[.,' ]", "", given)
    return Meaning(fault="number-ambiguous", suggestion=bare if len(marks) > 1 else "")


def _scientific(given: str, is_negative: bool, how: Amounts) -> Meaning[Decimal]:
    value = Decimal(given)
    fitting = _fitting(-value if is_negative else value, how)
    return Meaning(fault="number-ambiguous", suggestion=f"{fitting.value:f}" if fitting.value is not None else "")


def _power(unit: str) -> int | None:
    """Return the power of ten that units make together, like 千万; None where they make none."""
    if unit in ("", "十", "百", "千", "万", "亿", "百万", "千万", "十万", "十亿", "百亿", "千亿", "万亿"):
        return sum(UNITS[sign] for sign in unit)
    return None


def _currency_fault(signs: list[str | None], how: Amounts) -> str:
    given = {sign for sign in signs if sign}
    if not given:
        return ""
    meant: set[str] | None = None
    for sign in given:
        may_mean = set(MONEY.get(sign, (sign.upper(),)))
        meant = may_mean if meant is None else meant & may_mean
    if not meant:
        return "not-a-number"
    return "currency-other" if how.currency and how.currency not in meant else ""


def _fitting(value: Decimal, how: Amounts) -> Meaning[Decimal]:
    """Return the value if a column of ours holds it exactly."""
    if abs(value) > how.most:
        return Meaning(fault="too-large")
    step = Decimal(1).scaleb(-how.places)
    rounded = value.quantize(step, rounding=ROUND_HALF_UP)
    if rounded != value:
        return Meaning(fault="too-many-decimals", suggestion=f"{rounded:f}")
    whole = value.quantize(Decimal(1)) if value == value.to_integral_value() and "E" in str(value) else value
    return Meaning(whole + 0)  # No negative nothing.

"""Two languages: words from the catalogues, figures and moments as people write them.

The catalogues are read from their `.po` files at the start, so nothing needs to be compiled.
Message ids are the English sentences themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone_location, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_currency_symbol
from babel.support import NullTranslations, Translations

from models.metrics import MetricUnit
from models.months import quarter_in_chinese
from models.stages import Language

CATALOGUES = Path(__file__).parent / "locale"
LOCALES = {Language.CHINESE: "zh_CN", Language.ENGLISH: "en"}
HOME_ZONE = "Asia/Shanghai"

WAN = Decimal(10_000)  # 万
YI = Decimal(100_000_000)  # 亿
MINUTE, HOUR, DAY = 60, 3600, 86_400


def later(message: str) -> str:
    """Mark a message for the catalogues; it is translated where it is shown."""
    return message


@cache
def translations(language: Language) -> NullTranslations:
    """Return the catalogue of a language; English needs none."""
    if language is Language.ENGLISH:
        return NullTranslations()
    file = CATALOGUES / LOCALES[language] / "LC_MESSAGES" / "messages.po"
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=LOCALES[language]))
    compiled.seek(0)
    return Translations(compiled)


@cache
def _locale(language: Language) -> Locale:
    return Locale.parse(LOCALES[language])


class Tongue:
    """A reader's language, with the zone of the times shown and the currency of the money."""

    def __init__(self, language: Language, zone: str = HOME_ZONE, currency: str = "CNY") -> None:
        self.language = language
        self.locale = _locale(language)
        self.zone = ZoneInfo(zone)
        self.currency = currency
        self.is_chinese = language is Language.CHINESE
        self._catalogue = translations(language)

    def within(self, zone: str) -> Tongue:
        """Return the same language with times in another zone."""
        return Tongue(self.language, zone, self.currency)

    def into(self, language: Language) -> Tongue:
        """Return another language with the same zone and currency."""
        return Tongue(language, self.zone.key, self.currency)

    def gettext(self, message: str, **facts: Any) -> str:
        said = self._catalogue.ugettext(message)
        return said % facts if facts else said

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self._catalogue.ungettext(one, many, count) % {"n": self._decimal(Decimal(count), 0)}

    # --- figures ----------------------------------------------------------------------------

    def number(self, value: Decimal | int, places: int = 2) -> str:
        """Write a number with up to `places` decimals: 12,000 in English, 1.2万 in Chinese."""
        exact = Decimal(value)
        if self.is_chinese:
            for size, word in ((YI, "亿"), (WAN, "万")):
                if abs(exact) >= size:
                    return self._decimal(exact / size, places) + word
        return self._decimal(exact, places)

    def exact(self, value: Decimal | int) -> str:
        """Write every digit there is: 1,234,567.89 in both languages."""
        return self._decimal(Decimal(value), 4)

    def _decimal(self, value: Decimal, places: int) -> str:
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        pattern = "#,##0." + "#" * places if places else "#,##0"
        return format_decimal(rounded, format=pattern, locale=self.locale).replace("-", "−")

    def figure(self, value: Decimal | int | None, unit: MetricUnit) -> str:
        """Write a figure of a metric with its unit; a dash where there is none."""
        if value is None:
            return "–"
        if unit is MetricUnit.PERCENT:
            return f"{self._decimal(Decimal(value), 2)}%"
        if unit is MetricUnit.MONEY:
            return self.money(value)
        return self.number(value)

    def full(self, value: Decimal | int | None, unit: MetricUnit, currency: str = "") -> str:
        """Write every digit of a figure, with its unit: 1,234,567.89元, ¥1,234,567.89, 85.1234%."""
        if value is None:
            return "–"
        digits = self.exact(abs(Decimal(value)))
        sign = "−" if value < 0 else ""
        if unit is MetricUnit.PERCENT:
            return f"{sign}{digits}%"
        if unit is not MetricUnit.MONEY:
            return sign + digits
        currency = currency or self.currency
        if currency == "CNY":
            return f"{sign}{digits}元" if self.is_chinese else f"{sign}¥{digits}"
        return f"{sign}{get_currency_symbol(currency, locale=self.locale)}{digits}"

    def points(self, value: Decimal) -> str:
        """Write points with both decimals, so that columns align."""
        return format_decimal(value, format="#,##0.00", locale=self.locale)

    def percent(self, value: Decimal, places: int = 2) -> str:
        return f"{self._decimal(value, places)}%"

    def plain(self, value: Decimal) -> str:
        """Write a figure as a field holds it: digits alone."""
        return format(value.normalize(), "f")

    def change(self, percent: Decimal | None) -> str:
        """Write by how much something grew or fell: +12.5%, −3%."""
        if percent is None:
            return "–"
        sign = "+" if percent > 0 else "−" if percent < 0 else ""
        return f"{sign}{self._decimal(abs(percent), 1)}%"

    def money(self, value: Decimal | int) -> str:
        """Write an amount: 50万元, ¥500,000."""
        if self.is_chinese and self.currency == "CNY":
            return f"{self.number(value)}元"
        amount = abs(Decimal(value))
        digits = format_decimal(
            amount, format="#,##0" if amount == int(amount) else "#,##0.00", locale=self.locale
        )
        if self.is_chinese:
            digits = self.number(amount)
        symbol = get_currency_symbol(self.currency, locale=self.locale)
        sign = "−" if value < 0 else ""
        return f"{sign}{'¥' if self.currency == 'CNY' else symbol}{digits}"

    # --- moments ----------------------------------------------------------------------------

    def zone_name(self) -> str:
        """Name the zone: 北京时间, Beijing time."""
        if self.zone.key == "Asia/Shanghai":
            return self.gettext("Beijing time")
        if self.zone.key in ("UTC", "Etc/UTC"):
            return "UTC"
        name = get_timezone_name if self.is_chinese else get_timezone_location
        return name(self.zone, locale=self.locale)

    def moment(self, at: datetime, *, names_zone: bool = True) -> str:
        """Write an instant in the zone, which is named."""
        local = at.astimezone(self.zone)
        pattern = "y年M月d日 EEE HH:mm" if self.is_chinese else "EEE d MMM y, HH:mm"
        said = format_datetime(local, pattern, locale=self.locale)
        return f"{said} {self.zone_name()}" if names_zone else said

    def clock(self, at: datetime) -> str:
        """Write the time of day: 09:00."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def short_moment(self, at: datetime) -> str:
        """Write day and minute without the year, for lists whose heading names the zone."""
        local = at.astimezone(self.zone)  # By hand: a table has fifty of them.
        if self.is_chinese:
            return f"{local.month}月{local.day}日 {local:%H:%M}"
        return f"{local.day} {self.locale.months['format']['abbreviated'][local.month]} {local:%H:%M}"

    def day(self, on: date | datetime) -> str:
        local = on.astimezone(self.zone).date() if isinstance(on, datetime) else on
        return format_date(local, "y年M月d日 EEE" if self.is_chinese else "EEE d MMM y", locale=self.locale)

    def plain_day(self, on: date) -> str:
        """Write a day without its weekday."""
        return format_date(on, "y年M月d日" if self.is_chinese else "d MMM y", locale=self.locale)

    def month(self, on: date) -> str:
        return format_date(on, "y年M月" if self.is_chinese else "MMMM y", locale=self.locale)

    def quarter(self, on: date) -> str:
        """Name the quarter of a day: 2027年第一季度, Q1 2027."""
        return quarter_in_chinese(on) if self.is_chinese else f"Q{(on.month + 2) // 3} {on.year}"

    def from_now(self, at: datetime, now: datetime) -> str:
        """Say how far off an instant is: in 3 days, 2 hours ago."""
        span = self.span(at, now)
        return self.gettext("%(time)s ago", time=span) if at < now else self.gettext("in %(time)s", time=span)

    def late_by(self, at: datetime, now: datetime) -> str:
        """Say for how long a deadline has been over."""
        return self.gettext("%(time)s late", time=self.span(at, now))

    def span(self, one: datetime, other: datetime) -> str:
        """Say how much time lies between two instants, in the unit that people would use."""
        seconds = abs((one - other).total_seconds())
        if seconds < HOUR:
            return self.ngettext("%(n)s minute", "%(n)s minutes", max(1, round(seconds / MINUTE)))
        if seconds < 2 * DAY:
            return self.ngettext("%(n)s hour", "%(n)s hours", round(seconds / HOUR))
        return self.ngettext("%(n)s day", "%(n)s days", round(seconds / DAY))


def filled(pattern: str, facts: Mapping[str, Any]) -> str | None:
    """Return the pattern with its facts in place, or None where one is missing."""
    try:
        return pattern % facts
    except KeyError:
        return None

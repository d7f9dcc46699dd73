"""Values of sources as text, the same from every source.

Numbers are exact and without exponent, dates ISO, moments ISO with the offset of the source's time
zone, so that their date is the day there. Nothing is the empty text.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo


def as_text(value: object, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return storable(value).strip()
        case Decimal():
            return f"{value:f}"
        case float():
            return f"{Decimal(repr(value)):f}"
        case datetime():
            return (value.astimezone(zone) if value.tzinfo else value).isoformat()
        case date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case _:
            return str(value).strip()


def storable(text: str) -> str:
    """Return a text without what no database keeps: the character 0, and halves of characters."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def moment_of_milliseconds(milliseconds: int, zone: ZoneInfo) -> str:
    """Write a moment given as milliseconds since 1970."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return as_text(moment, zone)


def beginning_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)

"""Column types that keep figures exact and instants in UTC, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Enum
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

FIGURE_SCALE = 10_000
"""A figure is stored as a whole number of ten-thousandths of its unit."""

_STEP = Decimal(1) / FIGURE_SCALE
_LARGEST = Decimal(2**63 - 1) / FIGURE_SCALE


class Exact(TypeDecorator[Decimal]):
    """A decimal with four places, stored as a 64-bit integer (up to 922 trillion).

    SQLite has no decimal type, so SQL that computes on figures works on the integers
    (`value * 10_000`) on both databases and stays exact. A fifth place is refused, not rounded.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        exact = Decimal(value)
        if exact != exact.quantize(_STEP) or abs(exact) > _LARGEST:
            raise ValueError(f"{value} has more than four decimal places or is too large")
        return int(exact * FIGURE_SCALE)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / FIGURE_SCALE


RATE_SCALE = 10_000_000_000
"""An exchange rate is stored as a whole number of ten-billionths."""


class ExactRate(TypeDecorator[Decimal]):
    """A decimal with ten places, up to 922 million: a yen's worth in yuan needs more than four."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        whole = value * RATE_SCALE
        if whole != whole.to_integral_value() or abs(whole) >= 2**63:
            raise ValueError(f"{value} has more than ten decimal places or is too large")
        return int(whole)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / RATE_SCALE


def to_four_places(value: Decimal) -> Decimal:
    """Round half up to what a figure's column holds."""
    return value.quantize(_STEP, rounding=ROUND_HALF_UP)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Document: Any = JSON().with_variant(JSONB(), "postgresql")
"""A small JSON document: terms of a cycle, details of an event."""


def term(enum: type[StrEnum]) -> Any:
    """A column that stores an enum's value as plain text, so that a new member needs no migration."""
    return Enum(
        enum,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=False,
        length=40,
    )

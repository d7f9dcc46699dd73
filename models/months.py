"""Arithmetic of months, each named by its first day."""

from __future__ import annotations

from datetime import date


def month_after(month: date, n: int) -> date:
    """Return the first day of the n-th month after `month`; before it where n is below zero."""
    years, index = divmod(month.month - 1 + n, 12)
    return date(month.year + years, index + 1, 1)


def quarter_in_chinese(on: date) -> str:
    """Name the quarter of a day: 2027年第一季度."""
    return f"{on.year}年第{'一二三四'[(on.month - 1) // 3]}季度"

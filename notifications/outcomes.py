"""How a hand-over can end: taken by the provider, or `DeliveryFailed` that knows what may follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from models.delivery import Reason

__all__ = ["DeliveryFailed", "Reason", "Taken", "Trouble"]


class Trouble(StrEnum):
    TEMPORARY = "temporary"  # Not sent; trying again can help.
    FINAL = "final"  # Not sent; trying again cannot help.
    UNKNOWN = "unknown"  # Perhaps sent: the answer is missing.


@dataclass(frozen=True)
class Taken:
    """The provider has the message."""

    provider_id: str


class DeliveryFailed(Exception):
    """A message was not taken, or nobody knows. `detail` is the provider's code, never its words."""

    def __init__(
        self, reason: Reason, trouble: Trouble, detail: str = "", retry_after: timedelta | None = None
    ) -> None:
        super().__init__(f"{reason}{f' ({detail})' if detail else ''}")
        self.reason = reason
        self.trouble = trouble
        self.detail = detail
        self.retry_after = retry_after

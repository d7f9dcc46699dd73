"""How a hand-over can end: taken by the provider, or `DeliveryFailed` that knows what may follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Trouble(StrEnum):
    TEMPORARY = "temporary"  # Not sent; trying again can help.
    FINAL = "final"  # Not sent; trying again cannot help.
    UNKNOWN = "unknown"  # Perhaps sent: the answer is missing.


class Reason(StrEnum):
    """Why a message did not go out the way it was meant to; stored in the delivery log, never renamed."""

    NO_ADDRESS = "no-address"
    BAD_ADDRESS = "bad-address"
    NO_PHONE = "no-phone"
    BAD_NUMBER = "bad-number"
    OPTED_OUT = "opted-out"
    COUNTRY_NOT_ALLOWED = "country-not-allowed"
    OUT_OF_HOURS = "out-of-hours"
    TASK_LIMIT = "task-limit"
    DAY_LIMIT = "day-limit"
    MONTH_LIMIT = "month-limit"
    SMS_IS_OFF = "sms-is-off"
    REFUSED = "refused"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    ANSWER_LOST = "answer-lost"
    INTERRUPTED = "interrupted"
    GAVE_UP = "gave-up"
    NO_LONGER_NEEDED = "no-longer-needed"


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

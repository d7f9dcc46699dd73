"""Whether a message may be sent again: what failed may, what may have arrived only when HR has asked."""

from __future__ import annotations

from models.delivery import Reason
from models.errors import Refusal
from models.resends import Candidate
from models.stages import CycleState, DeliveryState

SAME_ADDRESS_FAILS_AGAIN = frozenset(
    {Reason.NO_ADDRESS, Reason.BAD_ADDRESS, Reason.NO_PHONE, Reason.BAD_NUMBER, Reason.COUNTRY_NOT_ALLOWED}
)
"""Reasons that only another address or number takes away."""


def refuse_to_resend(candidate: Candidate, *, confirmed: bool) -> None:
    """Refuse what is not safe to send again.

    `confirmed`: HR asked the recipient or the provider, and the message did not arrive.

    Raises:
        Refusal: that says why, and what to do.
    """
    _refuse_by_state(candidate)
    if candidate.cycle_state is None:
        raise Refusal("message-without-cycle")
    if candidate.cycle_state is CycleState.CANCELLED:
        raise Refusal("message-of-ended-cycle")
    if candidate.cycle_state is CycleState.PAUSED:
        raise Refusal("message-of-paused-cycle")
    if not candidate.wanted:
        raise Refusal("message-obsolete")
    if candidate.recipient_left:
        raise Refusal("recipient-left")
    if not candidate.address_now:
        raise Refusal("address-missing")
    if candidate.reason is Reason.OPTED_OUT:
        raise Refusal("recipient-opted-out")
    if candidate.reason in SAME_ADDRESS_FAILS_AGAIN and candidate.address_now == candidate.address:
        raise Refusal("address-unchanged", address=candidate.address)
    if candidate.state is DeliveryState.UNKNOWN and not confirmed:
        raise Refusal("arrival-unasked")


def _refuse_by_state(candidate: Candidate) -> None:
    if candidate.was_resent:
        raise Refusal("message-resent")
    if candidate.state is DeliveryState.SENT:
        raise Refusal("message-sent")
    if candidate.is_under_way or candidate.state in (DeliveryState.COLLECTING, DeliveryState.CLAIMED):
        raise Refusal("message-under-way")
    if candidate.reason is Reason.NO_LONGER_NEEDED:
        raise Refusal("message-obsolete")

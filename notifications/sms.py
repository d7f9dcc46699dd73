"""SMS by Twilio, with Twilio's own client."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import NewConnectionError

from models.errors import WrongSettings
from models.settings import TwilioSettings
from notifications.links import without_tokens
from notifications.outcomes import DeliveryFailed, Reason, Taken, Trouble
from notifications.parcels import HandOver, Parcel

BAD_NUMBERS = frozenset({21211, 21214, 21217, 21219, 21421, 21612, 21614, 21635})
"""The number is not one, or no mobile, or cannot be reached from ours."""

NOT_PERMITTED = frozenset({21408, 21215})
"""Sending to that country is not switched on."""

OPTED_OUT = 21610

NOT_DELIVERED = ("failed", "undelivered")
"""How Twilio calls what it took and could not deliver."""

LOOKED_THROUGH = 100
"""How many of the latest messages to a number are looked at for one of ours."""

MAKES_IT_LONGER = timedelta(minutes=10)
"""The longest pause we grant a provider that asks for one."""


class _Quiet(logging.Logger):
    """Twilio's client logs addresses and numbers; neither belongs into a log."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name is the standard library's
        return False


class Transport(TwilioHttpClient):  # type: ignore[misc]  # The library has no types.
    """Twilio's transport, which can be pointed at another address and says how long to wait on a 429."""

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        super().__init__(timeout=timeout_seconds, logger=_Quiet("quiet"))
        # A lookup names the number in its address, which urllib3 would write into a log for debugging.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        self.base = urlsplit(base_url) if base_url else None

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Response:
        if self.base is not None:
            url = urlunsplit((self.base.scheme, self.base.netloc, *urlsplit(url)[2:]))
        response = super().request(method, url, *args, **options)
        if response.status_code == requests.codes.too_many_requests:
            raise DeliveryFailed(Reason.BUSY, Trouble.TEMPORARY, "429", _pause_asked_for(response.headers or {}))
        return response


def _pause_asked_for(headers: Any) -> timedelta | None:
    asked = str(headers.get("Retry-After", ""))
    return min(MAKES_IT_LONGER, timedelta(seconds=int(asked))) if asked.isdigit() else None


class SmsChannel:
    """Hands SMS to Twilio, and looks up what it took."""

    def __init__(self, twilio: TwilioSettings) -> None:
        """Raises `WrongSettings` where nobody is set as the sender."""
        if not twilio.sender:
            raise WrongSettings("QUARTERDECK_TWILIO__SENDER is missing. See .env.example.")
        self.twilio = twilio
        self.client = Client(
            twilio.account_sid,
            twilio.auth_token.get_secret_value(),
            http_client=Transport(twilio.base_url, twilio.timeout_seconds),
        )

    async def send(self, parcel: Parcel, hand_over: HandOver) -> Taken:
        """Hand an SMS over; see `Sender`."""
        sender = "messaging_service_sid" if self.twilio.sender.startswith("MG") else "from_"
        options = {"to": parcel.address, "body": parcel.written.text, sender: self.twilio.sender}
        await hand_over()
        try:
            message = await asyncio.to_thread(self.client.messages.create, **options)
        except TwilioException as refusal:
            raise _judged(refusal) from refusal
        except requests.RequestException as trouble:
            if _was_never_connected(trouble):
                raise DeliveryFailed(Reason.UNREACHABLE, Trouble.TEMPORARY, type(trouble).__name__) from trouble
            # Twilio may have taken it; only the answer is missing.
            raise DeliveryFailed(Reason.ANSWER_LOST, Trouble.UNKNOWN, type(trouble).__name__) from trouble
        except JSONDecodeError as trouble:  # A gateway's answer, not Twilio's.
            raise DeliveryFailed(Reason.ANSWER_LOST, Trouble.UNKNOWN, "no JSON") from trouble
        return Taken(str(message.sid))

    async def find(self, address: str, body: str, since: datetime) -> Taken | None:
        """Look through the messages to a number for one of ours; see `Sender`.

        Not narrowed down by Twilio's DateSent: a message still queued has none.
        """
        try:
            messages = await asyncio.to_thread(self.client.messages.list, to=address, limit=LOOKED_THROUGH)
        except (TwilioException, requests.RequestException, JSONDecodeError) as trouble:
            raise DeliveryFailed(Reason.UNREACHABLE, Trouble.TEMPORARY, type(trouble).__name__) from trouble
        ours = next((found for found in messages if _is_ours(found, body, since)), None)
        if ours is not None and ours.status in NOT_DELIVERED:
            raise DeliveryFailed(Reason.REFUSED, Trouble.FINAL, str(ours.error_code or ours.status))
        return Taken(str(ours.sid)) if ours else None


def _was_never_connected(trouble: requests.RequestException) -> bool:
    """Whether a request certainly never left."""
    cause = getattr(trouble.args[0], "reason", None) if trouble.args else None
    return isinstance(trouble, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)


def _is_ours(message: MessageInstance, body: str, since: datetime) -> bool:
    if not str(message.direction).startswith("outbound"):
        return False
    created = message.date_created
    if created is not None and created.replace(tzinfo=created.tzinfo or UTC) < since:
        return False
    # A trial account's messages begin with a sentence of Twilio's.
    return without_tokens(message.body or "").endswith(body)


def _judged(refusal: TwilioException) -> DeliveryFailed:
    """Tell from Twilio's answer what may follow."""
    if not isinstance(refusal, (TwilioRestException, TwilioServiceException)):
        return DeliveryFailed(Reason.UNREACHABLE, Trouble.TEMPORARY, type(refusal).__name__)
    detail = str(refusal.code)
    if refusal.status >= 500:
        # Sometimes taken nevertheless: looked up before it is sent again.
        return DeliveryFailed(Reason.BUSY, Trouble.UNKNOWN, str(refusal.status))
    if refusal.code == OPTED_OUT:
        return DeliveryFailed(Reason.OPTED_OUT, Trouble.FINAL, detail)
    if refusal.code in NOT_PERMITTED:
        return DeliveryFailed(Reason.COUNTRY_NOT_ALLOWED, Trouble.FINAL, detail)
    if refusal.code in BAD_NUMBERS:
        return DeliveryFailed(Reason.BAD_NUMBER, Trouble.FINAL, detail)
    return DeliveryFailed(Reason.REFUSED, Trouble.FINAL, detail)

"""What journeys need outside the company."""

from __future__ import annotations

import pytest

from tests.journeys.quarter import Outside
from tests.standins.fixtures import mail, twilio
from tests.standins.smtp import MailServer
from tests.standins.twilio_api import TwilioStandIn

__all__ = ["mail", "twilio"]


@pytest.fixture
def outside(mail: MailServer, twilio: TwilioStandIn) -> Outside:
    """A mail server and Twilio's API."""
    return Outside(mail, twilio)

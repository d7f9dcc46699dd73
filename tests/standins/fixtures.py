"""Fixtures for tests of messages: imported by the conftest of each room that sends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models.database import SessionMaker
from tests.standins.office import Office
from tests.standins.smtp import MailServer
from tests.standins.twilio_api import TwilioStandIn


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server that keeps what it is given."""
    with MailServer() as server:
        yield server


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    """Twilio's API, as far as messages go."""
    with TwilioStandIn() as server:
        yield server


@pytest.fixture
async def office(sessions: SessionMaker, mail: MailServer, twilio: TwilioStandIn) -> Office:
    """A small company with a cycle, an outbox and channels, on each database."""
    office = Office(sessions, mail, twilio)
    await office.found()
    return office

"""What tests of activities share."""

from __future__ import annotations

from tests.standins.fixtures import mail, office, twilio

__all__ = ["mail", "office", "twilio"]

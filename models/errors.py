"""Refusals: what a person asked for that cannot be done, and why.

A refusal is data (`code` and facts), so that it can cross the engine and be worded in the
reader's language by `api/`. A fault of ours is never a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """Something that cannot be done now.

    `code` is stable (`task-decided`); `facts` hold ids, instants and enums only, so that they
    may travel through the engine.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Mapping[str, Any] = facts

    def __str__(self) -> str:
        return f"{self.code} {dict(self.facts)}" if self.facts else self.code


class WrongSettings(Exception):
    """A setting is missing or wrong; the message is the one line shown at the start."""

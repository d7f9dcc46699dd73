"""What a machine's token may ask for, told from the address alone: no route can forget it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from models.accounts import Scope
from models.errors import Refusal

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

WRITES: Final[Mapping[str, Scope]] = {
    "tasks": Scope.TASKS,
    "anomalies": Scope.TASKS,
    "cycles": Scope.CYCLES,
    "people": Scope.PEOPLE,
    "deputies": Scope.PEOPLE,
    "sources": Scope.SOURCES,
}
"""The scope that changing something needs, by what stands after `/api/`; what is not here no token changes."""


def scope_needed(method: str, path: str) -> Scope | None:
    """Return the scope that a request needs; None where no token will do."""
    if method in SAFE:
        return Scope.READ
    parts = path.split("/")
    return WRITES.get(parts[2]) if len(parts) > 2 and parts[1] == "api" else None


def refuse_beyond(scopes: Collection[str], method: str, path: str) -> None:
    """Refuse what a token was not made for.

    Raises:
        Refusal: `scope-needed`, with the scope that would do where there is one.
    """
    needed = scope_needed(method, path)
    if needed is None or needed.value not in scopes:
        raise Refusal("scope-needed", scope=needed.value if needed else "")

"""What every source can do: say whether it can be reached, and give its rows page by page.

A connector reads and knows nothing of what the rows mean: that is the map's. It never writes to
the source.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

LONGEST_WAIT_SECONDS = 3_600


@dataclass(frozen=True)
class Reading:
    """What is to be read: an object, table or file of the source, and which of its columns."""

    object: str
    columns: tuple[str, ...]
    key: str
    """The column with the source's own id of a row."""
    from_on: date | None = None
    until_on: date | None = None
    """Inclusive."""
    date_column: str = ""
    """By which the period is picked; empty reads all."""
    changed_column: str = ""
    """When a row was last changed, where the source keeps that."""
    changed_since: datetime | None = None
    """Only what was changed at or after this."""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Only rows whose column has one of these values."""


@dataclass(frozen=True)
class SourceRow:
    """A row as text, see `connectors/values.py`. An empty cell is nothing."""

    key: str
    """What tells it apart from all others of the reading: its own id, or where it stands."""
    place: str
    """For people: a file and row, or the source's own id."""
    cells: Mapping[str, str]
    fault: str = ""
    """What is wrong with the row as a whole, as a code."""


@dataclass(frozen=True)
class Page:
    rows: Sequence[SourceRow]
    next: str = ""
    """Where to go on after a break, in the source's own terms; empty after the last page."""
    total: int | None = None
    """How many rows there are in all, where the source says so."""


@dataclass(frozen=True)
class Checkup:
    """What a test of the connection found, for a person to read."""

    who: str = ""
    """As whom the source knows us."""
    objects: tuple[str, ...] = ()
    """What can be read."""
    calls_left: int | None = None
    """Of the day's calls, where the source limits them."""


class Trouble(StrEnum):
    """Why a source could not be read."""

    UNREACHABLE = "source-unreachable"  # Connection, name, time-out, 5xx: may pass.
    BUSY = "source-busy"  # 429 or a limit used up: passes after `retry_after`.
    USED_UP = "source-used-up"  # The calls of a day: asking again soon would use up what others need.
    NOT_LET_IN = "source-not-let-in"  # Credentials or rights.
    FORBIDDEN_HOST = "source-host-forbidden"  # Not on the list of allowed hosts, or a private address.
    SHAPE_CHANGED = "source-shape-changed"  # An object or column that the map names is gone.
    CHANGED = "source-changed"  # It has changed since reading began: passes when read from the beginning.
    UNREADABLE = "source-unreadable"  # An answer that is not what the protocol promises, or half of one.
    WRONG_SETTINGS = "source-settings-wrong"


class SourceTrouble(Exception):
    """A source could not be read. `facts` are for the person who has to do something about it.

    They never hold a secret, nor an address with one in it.
    """

    def __init__(self, trouble: Trouble, *, retry_after: float | None = None, **facts: object) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.retry_after = retry_after
        """Seconds, at most `LONGEST_WAIT_SECONDS`."""
        self.facts = facts

    @property
    def may_pass(self) -> bool:
        return self.trouble in (Trouble.UNREACHABLE, Trouble.BUSY, Trouble.CHANGED, Trouble.UNREADABLE)


class Connector(Protocol):
    """One source, connected with its settings; used by one fetch at a time, then closed."""

    async def test(self) -> Checkup:
        """Find out whether the source lets us in.

        Raises:
            SourceTrouble
        """

    async def columns(self, object_: str) -> Sequence[str]:
        """Return the columns of an object, to compare a map with.

        Raises:
            SourceTrouble
        """

    def pages(self, reading: Reading, start: str = "") -> AsyncIterator[Page]:
        """Read page by page, from the beginning or from where a page's `next` points to.

        The same rows may come again after a break; every row comes at least once.

        Raises:
            SourceTrouble: while iterating.
        """

    async def close(self) -> None: ...

"""What the routes are handed: built once by `server.py`, or by a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from api.commands import Commands
from api.cookies import Cookies
from api.engine import Engine
from api.single_sign_on import SingleSignOn
from models.database import SessionMaker
from models.org import Person
from models.settings import Settings
from models.stages import Channel, Language, Occasion
from models.wordings import OwnWords, Part


@dataclass(frozen=True)
class Written:
    """A message as a person will read it; `html` is empty where the channel has none."""

    subject: str
    text: str
    html: str = ""


class Writer(Protocol):
    """Writes the message of an occasion, for a preview; handed in, so that pages do not send.

    `own` are the company's own wordings.
    """

    def __call__(
        self,
        occasion: Occasion,
        channel: Channel,
        person: Person,
        facts: Mapping[str, Any],
        own: OwnWords | None = None,
    ) -> Written: ...


class Texts(Protocol):
    """The wordings of messages, for the page that changes them; handed in, so that pages do not send."""

    def pattern(self, occasion: Occasion, language: Language, part: Part, is_overdue: bool = False) -> str: ...

    def distinguishes(self, occasion: Occasion, language: Language, part: Part) -> bool: ...

    def placeholders(self, occasion: Occasion, language: Language) -> Mapping[str, str]: ...

    def checked(
        self, text: str, occasion: Occasion, language: Language, part: Part, is_overdue: bool = False
    ) -> str: ...

    def preview(
        self, occasion: Occasion, channel: Channel, language: Language, is_overdue: bool, own: OwnWords
    ) -> Written: ...


class Row(Protocol):
    @property
    def number(self) -> int: ...

    @property
    def cells(self) -> Mapping[str, str]: ...


class Table(Protocol):
    @property
    def columns(self) -> Sequence[str]: ...

    @property
    def rows(self) -> Sequence[Row]: ...


class TableReader(Protocol):
    """Reads a CSV or Excel file as rows of text; handed in, so that pages do not fetch."""

    def __call__(self, content: bytes, file_name: str) -> Table: ...


class OpenedTable(Protocol):
    """A table whose rows are read one after the other; see `connectors.files.OpenTable`."""

    @property
    def columns(self) -> Sequence[str]: ...

    @property
    def lines(self) -> Iterator[tuple[int, list[str]]]: ...

    @property
    def encoding(self) -> str: ...

    @property
    def delimiter(self) -> str: ...

    @property
    def sheet(self) -> str: ...

    @property
    def sheets(self) -> Sequence[str]: ...

    @property
    def unvalued(self) -> frozenset[tuple[int, int]]: ...

    @property
    def merged(self) -> tuple[tuple[int, int, int, int], ...]: ...


class TableOpener(Protocol):
    """Opens a CSV or Excel file whose rows are read one after the other; handed in, so that pages do not fetch."""

    def __call__(self, content: bytes, file_name: str, sheet: str = "") -> OpenedTable: ...


@dataclass(frozen=True)
class AccountLetter:
    """A mail with a one-time link for a password."""

    occasion: Occasion
    person: Person
    user_name: str
    path: str
    until: datetime
    by: Person


class AccountPost(Protocol):
    """Sends such a mail at once; returns whether the mail server took it. Handed in, so that pages do not send."""

    async def __call__(self, letter: AccountLetter) -> bool: ...


class Conductor(Protocol):
    """Moves the demonstration's business time on."""

    async def advance(self, by: timedelta) -> object: ...

    async def to_next_deadline(self) -> object: ...


@dataclass(frozen=True)
class Parts:
    settings: Settings
    sessions: SessionMaker
    engine: Engine
    commands: Commands
    cookies: Cookies
    write: Writer
    read_table: TableReader
    open_table: TableOpener
    texts: Texts
    conductor: Conductor | None = None
    post: AccountPost | None = None
    single_sign_on: SingleSignOn | None = None


async def the_parts(request: Request) -> Parts:  # Not async, each request would pay for a thread.
    parts: Parts = request.app.state.parts
    return parts


TheParts = Annotated[Parts, Depends(the_parts)]

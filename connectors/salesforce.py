"""Salesforce, only read: an object by SOQL, page by page as `nextRecordsUrl` leads.

Objects and columns are held against the object's description before anything is asked. A break goes on at the
page where it was, as long as Salesforce keeps the place (two days). What it gives is counted: rows that are
missing in the end, or a page that comes again, are a trouble, not a smaller figure.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connectors.guard import Guard
from connectors.keys import Keys
from connectors.salesforce_session import SalesforceSession, check_private_key, domain_of
from connectors.soql import ID, IS_DELETED, Described, cells_of, check_name, names_in, names_needed, question
from connectors.source import Checkup, Page, Reading, SourceRow, SourceTrouble, Trouble
from connectors.web import Web
from models.sources import ROW_DELETED

MOST_OBJECTS_SHOWN = 500
KEPT_FOR_OTHERS = 50
"""One in so many of the day's calls is left to whatever else asks Salesforce."""
EVERYBODYS = ("login", "test")
NOT_SHOWN = ("ChangeEvent", "Feed", "History", "Share", "Tag", "__e", "__mdt")
NEXT_PAGE = re.compile(r"/services/data/v\d+\.\d+/query(All)?/[A-Za-z0-9]+-\d+")


@dataclass(frozen=True)
class Place:
    """Where to go on: the next page, how many rows came before it, and with which Id the last page began."""

    url: str
    read: int
    first: str

    @classmethod
    def unpacked(cls, start: str) -> Place:
        try:
            told = json.loads(start)
            place = cls(str(told["url"]), int(told["read"]), str(told["first"]))
        except (ValueError, TypeError, KeyError) as wrong:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="cannot-go-on-from-there") from wrong
        if not NEXT_PAGE.fullmatch(place.url):
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="cannot-go-on-from-there")
        return place


class SalesforceConnector:
    """One organisation of Salesforce, as one user."""

    def __init__(self, session: SalesforceSession, values: Mapping[str, str]) -> None:
        self.session = session
        self.username = values["username"]
        self.zone = ZoneInfo(values["time_zone"])
        self._known: dict[str, Described] = {}

    @classmethod
    async def connect(cls, values: Mapping[str, str], guard: Guard) -> SalesforceConnector:
        """Prepare to sign in; that is done when something is asked.

        Raises:
            SourceTrouble: WRONG_SETTINGS, where the private key is none, or the domain is everybody's.
        """
        if values["sign_in"] == "client-credentials" and domain_of(values["domain"]) in EVERYBODYS:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, names=["domain"], why="own-domain-needed")
        if values["sign_in"] == "jwt":
            check_private_key(values["private_key"])
        return cls(SalesforceSession(values, Web(guard)), values)

    async def test(self) -> Checkup:
        told: Any = await self.session.run(lambda client: client.describe())
        names = self._read(lambda: [each["name"] for each in told["sobjects"] if each["queryable"]])
        shown = sorted(name for name in names if not name.endswith(NOT_SHOWN))[:MOST_OBJECTS_SHOWN]
        who = f"{self.username} @ {self.session.place}" if self.username else self.session.place
        return Checkup(who=who, objects=tuple(shown), calls_left=await self._calls_left())

    async def columns(self, object_: str) -> Sequence[str]:
        """Return an object's fields and, by a dotted name, those of the objects it refers to."""
        described = await self._described(object_)
        found = list(described.types)
        for relationship, parent in described.parents.items():
            found += [f"{relationship}.{name}" for name in await self._fields_if_any(parent)]
        return found

    async def pages(self, reading: Reading, start: str = "") -> AsyncIterator[Page]:
        place = Place.unpacked(start) if start else None
        types = await self._types(reading)
        and_deleted = bool(reading.changed_since) and bool(await self._type(reading.object, IS_DELETED))
        asked = question(reading, types, self.zone, and_deleted=and_deleted)
        keys, seen = Keys(reading), {place.first} if place else set()
        read = place.read if place else 0
        while True:
            told = await self._page(asked, place, and_deleted=and_deleted)
            ids = self._read(lambda told=told: [str(record[ID]) for record in told["records"]])
            if not seen.isdisjoint(ids):
                raise SourceTrouble(Trouble.UNREADABLE, object=reading.object, why="pages-repeat")
            seen.update(ids)
            rows = self._read(lambda told=told: self._rows(told, reading, types, keys))
            read += len(rows)
            total = self._read(lambda told=told: int(told["totalSize"]))
            place = self._following(told, read, ids)
            if place is None and read != total:
                raise SourceTrouble(Trouble.CHANGED, object=reading.object, why="rows-missing")
            yield Page(rows, json.dumps(asdict(place)) if place else "", total)
            if place is None:
                return
            await self._leave_calls_to_others()

    async def close(self) -> None:
        await self.session.close()

    async def _page(self, asked: str, place: Place | None, *, and_deleted: bool) -> Any:
        """Ask for a page: of what has changed, with what was deleted, which is what changed most."""
        if place is None:
            return await self.session.run(lambda client: client.query(asked, include_deleted=and_deleted))
        return await self.session.run(lambda client: client.query_more(place.url, identifier_is_url=True))

    def _following(self, told: Any, read: int, ids: Sequence[str]) -> Place | None:
        """Return where the next page is; None after the last."""
        if told.get("done") is True:
            return None
        url = told.get("nextRecordsUrl")
        if not isinstance(url, str) or not NEXT_PAGE.fullmatch(url) or not ids:
            raise SourceTrouble(Trouble.UNREADABLE, place=self.session.place, why="answer-broken-off")
        return Place(url, read, ids[0])

    def _rows(self, told: Any, reading: Reading, types: Mapping[str, str], keys: Keys) -> list[SourceRow]:
        rows = []
        for record in told["records"]:
            cells = cells_of(record, names_in(reading), types, self.zone)
            key = cells[reading.key]
            keys.check(key, record[ID])
            fault = ROW_DELETED if record.get(IS_DELETED) is True and reading.changed_since else ""
            rows.append(SourceRow(key, f"{reading.object} {key}", cells, fault))
        return rows

    def _read(self, read: Any) -> Any:
        """Read an answer; what is not as documented is said so."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as odd:
            raise SourceTrouble(Trouble.UNREADABLE, place=self.session.place, why="answer-not-understood") from odd

    async def _types(self, reading: Reading) -> dict[str, str]:
        """Return the type of every column that is read or asked by.

        Raises:
            SourceTrouble: SHAPE_CHANGED, naming those that are not there or that the user may not see.
        """
        types = {name: await self._type(reading.object, name) for name in names_needed(reading)}
        missing = [name for name, type_ in types.items() if not type_]
        if missing:
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=reading.object, missing=missing)
        return types

    async def _type(self, object_: str, name: str) -> str:
        *relationships, last = name.split(".")
        for relationship in relationships:
            parent = (await self._described(object_)).parents.get(relationship)
            if parent is None:
                return ""
            object_ = parent
        return (await self._described(object_)).types.get(last, "")

    async def _described(self, object_: str) -> Described:
        check_name(object_)
        if object_ not in self._known:
            told = await self._description(object_)
            self._known[object_] = self._read(lambda: Described.of(told))
        return self._known[object_]

    async def _fields_if_any(self, object_: str) -> Sequence[str]:
        """Return the fields of an object that ours refers to; a user of few rights may see none of it."""
        try:
            return list((await self._described(object_)).types)
        except SourceTrouble as trouble:
            if trouble.trouble is not Trouble.SHAPE_CHANGED:
                raise
            return ()

    async def _description(self, object_: str) -> Any:
        try:
            return await self.session.run(lambda client: client.restful(f"sobjects/{object_}/describe"))
        except SourceTrouble as trouble:
            if trouble.trouble is not Trouble.SHAPE_CHANGED:
                raise
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=object_, missing=[object_]) from trouble

    async def _calls_left(self) -> int | None:
        usage = await self.session.run(lambda client: client.api_usage.get("api-usage"))
        return max(usage.total - usage.used, 0) if usage else None

    async def _leave_calls_to_others(self) -> None:
        usage = await self.session.run(lambda client: client.api_usage.get("api-usage"))
        if usage and usage.used > usage.total - usage.total // KEPT_FOR_OTHERS:
            raise SourceTrouble(Trouble.USED_UP, used=usage.used, total=usage.total)

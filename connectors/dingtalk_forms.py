"""DingTalk's CRM: customers, and forms of one's own, such as opportunities and contracts, page by page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.dingtalk_api import NEW, DingTalkApi
from connectors.source import Reading, SourceTrouble, Trouble
from connectors.values import as_text, moment_of_milliseconds

PAGE_ROWS = 100
CHANGED = "gmtModified"
SYSTEM = ("instanceId", "creatorUserId", "creatorNick", "gmtCreate", CHANGED, "procInstStatus", "procOutResult")
"""What every record has, whatever its form."""
OWNER = "owner"
END_OF_TIME = 4_102_444_800_000
"""Milliseconds: the year 2100."""
MILLISECONDS_DIGITS = 13
ODD = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""So reading fails on what is not as documented."""


@dataclass(frozen=True)
class Form:
    """What is read: customers of a kind, or the records of a form by its code."""

    relation: str = ""
    code: str = ""


@dataclass(frozen=True)
class Fields:
    """A form's fields. A column is a field's name or, where no other has it, its label."""

    types: Mapping[str, str]
    names: Mapping[str, str]
    """Of fields, by column."""

    @classmethod
    def of(cls, told: Any) -> Fields:
        """Read the description of a form. Raises: KeyError, TypeError."""
        types = {field["name"]: str(field.get("type", "")) for field in told["fields"]}
        labels = [str(field.get("label") or "").strip() for field in told["fields"]]
        by_label = {
            label: field["name"]
            for label, field in zip(labels, told["fields"], strict=True)
            if label and labels.count(label) == 1 and label not in SYSTEM
        }
        return cls(types, {**by_label, **{name: name for name in types}})


@dataclass(frozen=True)
class Record:
    key: str
    owners: Sequence[str]
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Where to go on: the token of the next page, how many came before, and with which key the last page began."""

    token: str = ""
    read: int = 0
    first: str = ""


@dataclass(frozen=True)
class Some:
    """A page of records."""

    records: Sequence[Record]
    next: str
    total: int | None


async def fields_of(api: DingTalkApi, form: Form) -> Fields:
    """Raises: SourceTrouble."""
    if form.relation:
        query = {"relationType": form.relation}
        told = await api.new("GET", "/v1.0/crm/personalCustomers/objectMeta", query)
    else:
        told = (await api.old("/topapi/crm/objectmeta/describe", {"name": form.code})).get("result")
    try:
        return Fields.of(told)
    except ODD as odd:
        raise SourceTrouble(Trouble.UNREADABLE, place=NEW, why="answer-not-understood") from odd


async def some_of(
    api: DingTalkApi, form: Form, operator: str, fields: Fields, reading: Reading, token: str, zone: ZoneInfo
) -> Some:
    """Return a page of a form's records, the eldest first.

    Raises:
        SourceTrouble
    """
    told = await _asked(api, form, operator, _condition(reading), token)
    try:
        records = [_record(each, fields, zone) for each in told["values"]]
        has_more, following = bool(told["hasMore"]), str(told.get("nextToken") or "")
        total = told.get("totalCount")
    except ODD as odd:
        raise SourceTrouble(Trouble.UNREADABLE, place=NEW, why="answer-not-understood") from odd
    if has_more and (not following or not records):
        raise SourceTrouble(Trouble.UNREADABLE, place=NEW, why="answer-broken-off")
    if has_more and following == token:
        raise SourceTrouble(Trouble.UNREADABLE, place=NEW, why="pages-repeat")
    return Some(records, following if has_more else "", total if isinstance(total, int) else None)


async def _asked(api: DingTalkApi, form: Form, operator: str, condition: str, token: str) -> Any:
    asked: dict[str, Any] = {"maxResults": PAGE_ROWS, "queryDsl": condition}
    asked |= {"currentOperatorUserId": operator} if operator else {}
    asked |= {"nextToken": token} if token else {}
    if form.relation:
        query = {name: str(value) for name, value in asked.items()}
        return await api.new("GET", "/v1.0/crm/personalCustomers", {"relationType": form.relation, **query})
    told = await api.new("POST", "/v1.0/crm/customObjects/datas/query", body={"name": form.code, **asked})
    return told.get("result")


def _condition(reading: Reading) -> str:
    """Ask for what was changed since, in an order that does not move while it is read."""
    asked: dict[str, Any] = {"order": "ASC", "orderFieldId": "gmt_create"}
    if reading.changed_column == CHANGED and reading.changed_since:
        since = [str(_milliseconds(reading.changed_since)), str(END_OF_TIME)]
        wanted = {"fieldId": "gmt_modified", "filterType": "BETWEEN", "value": since}
        asked["queryGroupList"] = [{"logicType": "AND", "queryObjectList": [wanted]}]
    return json.dumps(asked)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _record(told: Mapping[str, Any], fields: Fields, zone: ZoneInfo) -> Record:
    data = told.get("data") or {}
    if isinstance(data, str):
        data = json.loads(data, parse_float=Decimal)
    permission = told.get("permission") or {}
    owners = permission.get("ownerStaffIds") or permission.get("ownerUserIds") or []
    cells = {name: as_text(told.get(name), zone) for name in SYSTEM}
    for column, name in fields.names.items():
        cells[column] = _text(data.get(name), fields.types[name], zone)
    return Record(cells["instanceId"], [as_text(each, zone) for each in owners], cells)


def _text(value: Any, type_: str, zone: ZoneInfo) -> str:
    """Write a field's value: a control that holds more than text has it in `value`, several of them as a list."""
    match value:
        case dict():
            return _text(value.get("value"), type_, zone)
        case list():
            return "、".join(filter(None, (_text(each, type_, zone) for each in value)))
        case str() if value.lstrip().startswith(("[", "{")):
            unpacked = _unpacked(value)
            return value.strip() if unpacked is None else _text(unpacked, type_, zone)
        case str() | int() if "date" in type_.lower() and _is_in_milliseconds(str(value)):
            return moment_of_milliseconds(int(value), zone)
        case _:
            return as_text(value, zone)


def _unpacked(text: str) -> Any:
    """Return what stands in a text as JSON; None where there is no value to be found in it."""
    try:
        told = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, list) or "value" in told else None


def _is_in_milliseconds(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) == MILLISECONDS_DIGITS


async def records_of(
    api: DingTalkApi,
    form: Form,
    operator: str,
    fields: Fields,
    reading: Reading,
    start: Place,
    zone: ZoneInfo,
) -> AsyncIterator[tuple[Some, Place | None]]:
    """Give page after page, with where to go on after each; counts, and notices what comes twice.

    Raises:
        SourceTrouble
    """
    place = start
    seen = {place.first} if place.first else set()
    while True:
        some = await some_of(api, form, operator, fields, reading, place.token, zone)
        if any(record.key in seen for record in some.records):
            raise SourceTrouble(Trouble.UNREADABLE, object=reading.object, why="pages-repeat")
        seen.update(record.key for record in some.records)
        read = place.read + len(some.records)
        if not some.next:
            if some.total is not None and read != some.total:
                raise SourceTrouble(Trouble.CHANGED, object=reading.object, why="rows-missing")
            yield some, None
            return
        place = Place(some.next, read, some.records[0].key)
        yield some, place

"""DingTalk (钉钉), only read: departments and users, CRM customers and opportunities, check-ins and clock-ins.

Objects are `departments`, `users`, `customers`, `personal_customers`, `opportunities`, `form:` with a form's code,
`checkins` and `attendance`. Records name people by userid; what we know them by (`owner.job_number`) is added.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from connectors import dingtalk_attendance as attendance
from connectors import dingtalk_checkins as visits
from connectors import dingtalk_forms as forms
from connectors.dingtalk_api import DingTalkApi
from connectors.dingtalk_people import DEPARTMENT_COLUMNS, OF_A_PERSON, USER_COLUMNS, People, read_people
from connectors.guard import Guard
from connectors.keys import Keys
from connectors.source import Checkup, Page, Reading, SourceRow, SourceTrouble, Trouble
from connectors.web import Web

PAGE_ROWS = 500
CUSTOMERS = {"customers": "crm_customer", "personal_customers": "crm_customer_personal"}
OBJECTS = ("attendance", "checkins", "customers", "departments", "opportunities", "personal_customers", "users")
OWN_IDS = {"attendance": "id", "checkins": "id", "users": "userid", "departments": "dept_id"}
"""DingTalk's own id of a row, by object; of forms it is `instanceId`."""
FORM = "form:"
USER = "user"

Cells = Mapping[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class ByDay:
    """What DingTalk tells of given days and people alone."""

    read: Callable[
        [DingTalkApi, Sequence[str], visits.Days, visits.Place | None, ZoneInfo],
        AsyncIterator[tuple[list[dict[str, str]], visits.Place | None]],
    ]
    columns: Sequence[str]
    when: str
    who: str


BY_DAY = {
    "attendance": ByDay(attendance.clock_ins, attendance.COLUMNS, attendance.CLOCKED_IN, "userId"),
    "checkins": ByDay(visits.checkins, visits.COLUMNS, visits.CHECKED_IN, "userid"),
}


class DingTalkConnector:
    """One company on DingTalk, as one internal app."""

    def __init__(self, api: DingTalkApi, values: Mapping[str, str]) -> None:
        self.api = api
        self.values = values
        self.zone = ZoneInfo(values["time_zone"])
        self._people: People | None = None
        self._fields: dict[str, forms.Fields] = {}

    @classmethod
    async def connect(cls, values: Mapping[str, str], guard: Guard) -> DingTalkConnector:
        """Prepare to sign in; that is done when something is asked.

        Raises:
            SourceTrouble: WRONG_SETTINGS, where the day of the first check-ins is none.
        """
        try:
            date.fromisoformat(values["checkins_from"] or "2000-01-01")
        except ValueError as wrong:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, names=["checkins_from"]) from wrong
        return cls(DingTalkApi(values, Web(guard)), values)

    async def test(self) -> Checkup:
        await self.api.sign_in()
        await self.api.old("/topapi/v2/department/listsub", {"dept_id": int(self.values["department"])})
        has_form = bool(self.values["opportunity_form"])
        objects = tuple(name for name in OBJECTS if name != "opportunities" or has_form)
        return Checkup(who=self.api.app_key, objects=objects)

    async def columns(self, object_: str) -> Sequence[str]:
        if object_ == "departments":
            return DEPARTMENT_COLUMNS
        if object_ == "users":
            return USER_COLUMNS
        if object_ in BY_DAY:
            return [*BY_DAY[object_].columns, *(f"{USER}.{name}" for name in OF_A_PERSON)]
        fields = await self._fields_of(object_)
        of_owners = [forms.OWNER, *(f"{forms.OWNER}.{name}" for name in OF_A_PERSON)]
        return [*forms.SYSTEM, *of_owners, *fields.names]

    async def pages(self, reading: Reading, start: str = "") -> AsyncIterator[Page]:
        there = await self.columns(reading.object)
        named = [reading.key, *reading.columns, reading.date_column, reading.changed_column, *reading.where]
        missing = [name for name in dict.fromkeys(named) if name and name not in there]
        if missing:
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=reading.object, missing=missing)
        if reading.object in ("departments", "users"):
            pages = self._of_people(reading, start)
        elif reading.object in BY_DAY:
            pages = self._by_day(reading, start)
        else:
            pages = self._records(reading, start)
        async for page in pages:
            yield page

    async def close(self) -> None:
        await self.api.web.close()

    async def _of_people(self, reading: Reading, start: str) -> AsyncIterator[Page]:
        people = await self._everybody()
        rows = people.departments if reading.object == "departments" else list(people.users.values())
        first = _unpacked(start, lambda row: int(row)) if start else 0
        keys = Keys(reading)
        for begin in range(first, max(len(rows), 1), PAGE_ROWS):
            end = begin + PAGE_ROWS
            following = json.dumps({"row": end}) if end < len(rows) else ""
            yield _page(reading, keys, rows[begin:end], following, len(rows))

    async def _by_day(self, reading: Reading, start: str) -> AsyncIterator[Page]:
        people = await self._everybody()
        place = _unpacked(start, _day) if start else None
        keys = Keys(reading)
        known = BY_DAY[reading.object]
        found = known.read(self.api, list(people.users), self._days(reading), place, self.zone)
        async for rows, following in found:
            told = [{**row, **_named(USER, [row[known.who]], people)} for row in rows]
            packed = json.dumps(asdict(following), default=str) if following else ""
            yield _page(reading, keys, told, packed)

    async def _records(self, reading: Reading, start: str) -> AsyncIterator[Page]:
        fields = await self._fields_of(reading.object)
        named = (reading.key, *reading.columns, *reading.where)
        needs_people = any(name.startswith(f"{forms.OWNER}.") for name in named)
        people = await self._everybody() if needs_people else People((), {})
        place = _unpacked(start, forms.Place) if start else forms.Place()
        keys = Keys(reading)
        operator, form = self.values["operator"], self._form(reading.object)
        found = forms.records_of(self.api, form, operator, fields, reading, place, self.zone)
        async for some, following in found:
            rows = [
                {
                    **record.cells,
                    forms.OWNER: "、".join(record.owners),
                    **_named(forms.OWNER, record.owners, people),
                }
                for record in some.records
            ]
            packed = json.dumps(asdict(following)) if following else ""
            yield _page(reading, keys, rows, packed, some.total)

    def _days(self, reading: Reading) -> visits.Days:
        """Return the days to ask for: of a period, since the last change, or since the day of the settings."""
        today = datetime.now(self.zone).date()
        first = reading.from_on
        if first is None and reading.changed_column == BY_DAY[reading.object].when and reading.changed_since:
            first = reading.changed_since.astimezone(self.zone).date()
        if first is None and self.values["checkins_from"]:
            first = date.fromisoformat(self.values["checkins_from"])
        if first is None:
            raise SourceTrouble(
                Trouble.WRONG_SETTINGS, names=["checkins_from"], object=reading.object, why="period-needed"
            )
        return visits.Days(first, min(reading.until_on or today, today))

    async def _everybody(self) -> People:
        if self._people is None:
            self._people = await read_people(self.api, int(self.values["department"]), self.zone)
        return self._people

    async def _fields_of(self, object_: str) -> forms.Fields:
        if object_ not in self._fields:
            self._fields[object_] = await forms.fields_of(self.api, self._form(object_))
        return self._fields[object_]

    def _form(self, object_: str) -> forms.Form:
        if object_ in CUSTOMERS:
            return forms.Form(relation=CUSTOMERS[object_])
        code = (
            self.values["opportunity_form"] if object_ == "opportunities" else object_.removeprefix(FORM).strip()
        )
        if object_ == "opportunities" and not code:
            raise SourceTrouble(
                Trouble.WRONG_SETTINGS, names=["opportunity_form"], object=object_, why="form-code-missing"
            )
        if object_ != "opportunities" and (not object_.startswith(FORM) or not code):
            raise SourceTrouble(Trouble.SHAPE_CHANGED, object=object_, missing=[object_])
        return forms.Form(code=code)


def _page(reading: Reading, keys: Keys, rows: Sequence[Cells], following: str, total: int | None = None) -> Page:
    """Return those of the rows that are wanted. Periods are the map's to check: a form's dates are text."""
    names = dict.fromkeys([reading.key, *reading.columns])
    own_id = OWN_IDS.get(reading.object, "instanceId")
    made = []
    for row in rows:
        if all(row[column] in texts for column, texts in reading.where.items()):
            key = row[reading.key]
            keys.check(key, row[own_id])
            made.append(SourceRow(key, f"{reading.object} {key}", {name: row[name] for name in names}))
    return Page(made, following, total)


def _named(prefix: str, userids: Sequence[str], people: People) -> dict[str, str]:
    return {f"{prefix}.{column}": people.of(userids, column) for column in OF_A_PERSON}


def _unpacked(start: str, make: Callable[..., T]) -> T:
    """Read where to go on, as it was packed.

    Raises:
        SourceTrouble: WRONG_SETTINGS
    """
    try:
        return make(**json.loads(start))
    except (ValueError, TypeError) as wrong:
        raise SourceTrouble(Trouble.WRONG_SETTINGS, why="cannot-go-on-from-there") from wrong


def _day(day: str, after: str, cursor: int) -> visits.Place:
    return visits.Place(date.fromisoformat(day), after, int(cursor))

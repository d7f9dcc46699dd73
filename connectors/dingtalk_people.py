"""Who is in a company on DingTalk: the departments below one of them, and everybody in these."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connectors.dingtalk_api import OLD, DingTalkApi
from connectors.source import SourceTrouble, Trouble
from connectors.values import as_text

AT_ONCE = 4
"""Questions under way; DingTalk allows some twenty a second."""
PAGE_USERS = 100
DEPARTMENT_COLUMNS = ("dept_id", "name", "parent_id")
USER_COLUMNS = ("userid", "name", "job_number", "email", "title", "dept_ids", "active")
OF_A_PERSON = ("name", "job_number", "email")
"""What can be asked of the people that other records name, as `owner.job_number`."""

Cells = dict[str, str]


@dataclass(frozen=True)
class People:
    departments: Sequence[Cells]
    users: Mapping[str, Cells]
    """By userid, in its order."""

    def of(self, userids: Sequence[str], column: str) -> str:
        """Return a column of several people; of whom is not there any more, the userid."""
        found = [self.users[userid][column] if userid in self.users else userid for userid in userids]
        return "、".join(text for text in found if text)


async def read_people(api: DingTalkApi, root: int, zone: ZoneInfo) -> People:
    """Read a department, all below it, and who is in them, each person once.

    Raises:
        SourceTrouble
    """
    limit = asyncio.Semaphore(AT_ONCE)

    async def below(department: int) -> list[Cells]:
        async with limit:
            told = await api.old("/topapi/v2/department/listsub", {"dept_id": department})
        return [_picked(each, DEPARTMENT_COLUMNS, zone) for each in _list(told.get("result"))]

    async def within(department: int) -> list[Cells]:
        async with limit:
            return await _users(api, department, zone)

    departments: list[Cells] = []
    ids, level = {root}, [root]
    while level:
        found = [each for some in await asyncio.gather(*map(below, level)) for each in some]
        fresh = [each for each in found if int(each["dept_id"]) not in ids]
        departments += fresh
        level = [int(each["dept_id"]) for each in fresh]
        ids.update(level)
    users = {user["userid"]: user for some in await asyncio.gather(*map(within, sorted(ids))) for user in some}
    return People(departments, dict(sorted(users.items())))


async def _users(api: DingTalkApi, department: int, zone: ZoneInfo) -> list[Cells]:
    found: list[Cells] = []
    cursor = 0
    while True:
        body = {"dept_id": department, "cursor": cursor, "size": PAGE_USERS, "contain_access_limit": False}
        page = (await api.old("/topapi/v2/user/list", body)).get("result")
        if not isinstance(page, dict):
            raise _not_understood()
        for user in _list(page.get("list")):
            ids = "、".join(str(each) for each in user.get("dept_id_list") or [])
            email = user.get("org_email") or user.get("email")
            found.append(_picked({**user, "dept_ids": ids, "email": email}, USER_COLUMNS, zone))
        if not page.get("has_more"):
            return found
        following = page.get("next_cursor")
        if not isinstance(following, int):
            raise SourceTrouble(Trouble.UNREADABLE, place=OLD, why="answer-broken-off")
        if following <= cursor:
            raise SourceTrouble(Trouble.UNREADABLE, place=OLD, why="pages-repeat")
        cursor = following


def _picked(told: Mapping[str, Any], columns: Sequence[str], zone: ZoneInfo) -> Cells:
    picked = {column: as_text(told.get(column), zone) for column in columns}
    if not picked[columns[0]] or ("dept_id" in picked and not picked["dept_id"].isdecimal()):
        raise _not_understood()
    return picked


def _list(told: Any) -> list[dict[str, Any]]:
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise _not_understood()
    return told


def _not_understood() -> SourceTrouble:
    return SourceTrouble(Trouble.UNREADABLE, place=OLD, why="answer-not-understood")

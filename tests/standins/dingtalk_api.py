"""DingTalk's open API for tests: both hosts, their tokens, paging, limits and error codes; over real HTTPS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.standins.https import Asked, Reply, StandInApi

NEW, OLD = "api.dingtalk.com", "oapi.dingtalk.com"
APP_KEY, APP_SECRET = "dingkey0001", "an-app-secret"
FORM = "PROC-EF199CCA-8AB6-482A-AE10-85EDE5E391D9"
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY_MS = 86_400_000

FIELDS = [
    {"name": "TextField-NO", "label": "商机编号", "type": "Text", "nillable": False},
    {"name": "RelateField-CUSTOMER", "label": "客户", "type": "Lookup", "nillable": False},
    {"name": "MoneyField-AMOUNT", "label": "成交金额", "type": "Money", "nillable": False},
    {"name": "DDDateField-WON", "label": "成交日期", "type": "Date", "nillable": True},
    {"name": "DDSelectField-STAGE", "label": "阶段", "type": "Select", "nillable": False},
    {"name": "TextField-A", "label": "备注", "type": "Text", "nillable": True},
    {"name": "TextField-B", "label": "备注", "type": "Text", "nillable": True},
]
CUSTOMER_FIELDS = [{"name": "customer_name", "label": "客户名称", "type": "Text", "nillable": False}]

OLD_TOKEN = Reply(body={"errcode": 40014, "errmsg": "不合法的access_token"})
ENDED = Reply(body={"errcode": 42001, "errmsg": "access_token超时"})
NEW_TOKEN = Reply(401, {"code": "InvalidAuthentication", "message": "不合法的access_token"})
TOO_FAST = Reply(body={"errcode": 88, "sub_code": "90018", "sub_msg": "请求被限流", "errmsg": "ding talk error"})
SHUT_OUT = Reply(body={"errcode": 90002, "errmsg": "当前接口的请求被暂时禁用"})
NO_RIGHT = Reply(
    body={"errcode": 88, "sub_code": "60011", "sub_msg": "没有调用该接口的权限", "errmsg": "ding talk error"}
)
SERVICE_DOWN = Reply(503, {"code": "ServiceUnavailable", "message": "try later"})


class DingTalkStandIn(StandInApi):
    """`opportunities`, `customers`, `users` and `checkins` are what tests change.

    What is asked for is named "opportunities 1" (its page), "checkins 2026-01-05", or by its path.
    """

    hosts = (NEW, OLD)

    def __init__(self, folder: Path, page_rows: int = 10) -> None:
        super().__init__(folder)
        self.page_rows = page_rows
        self.fields = list(FIELDS)
        self.departments = {1: [2, 3], 2: [4], 3: [], 4: []}
        self.users: list[dict[str, Any]] = []
        self.opportunities: list[dict[str, Any]] = []
        self.customers: list[dict[str, Any]] = []
        self.checkins: list[dict[str, Any]] = []
        self.clock_ins: list[dict[str, Any]] = []
        self.tokens: dict[str, str] = {}
        self.issued = 0
        self.page_again: set[int] = set()

    @property
    def names_asked(self) -> list[str]:
        return [self.named(asked) for asked in self.asked]

    def named(self, asked: Asked) -> str:
        if asked.path == "/v1.0/crm/customObjects/datas/query":
            return f"opportunities {int(asked.json.get('nextToken') or 0) // self.page_rows + 1}"
        if asked.path == "/v1.0/crm/personalCustomers":
            return f"customers {int(asked.query.get('nextToken') or 0) // self.page_rows + 1}"
        if asked.path == "/topapi/checkin/record/get":
            return f"checkins {datetime.fromtimestamp(asked.json['start_time'] / 1000, SHANGHAI):%Y-%m-%d}"
        return asked.path

    def answer(self, asked: Asked) -> Reply:
        if asked.path in ("/gettoken", "/v1.0/oauth2/accessToken"):
            return self._token(asked)
        if asked.host == NEW:
            if asked.headers.get("x-acs-dingtalk-access-token") != self.tokens.get(NEW, "?"):
                return NEW_TOKEN
            return self._new(asked)
        if asked.query.get("access_token") != self.tokens.get(OLD, "?"):
            return OLD_TOKEN
        told = self._old(asked)
        return Reply(body={"errcode": 0, "errmsg": "ok", **told})

    def expire(self) -> None:
        """Make all tokens worthless."""
        self.tokens = {}

    def _token(self, asked: Asked) -> Reply:
        self.issued += 1
        token = f"token{self.issued}"
        if asked.path == "/gettoken":
            if (asked.query.get("appkey"), asked.query.get("appsecret")) != (APP_KEY, APP_SECRET):
                return Reply(body={"errcode": 40096, "errmsg": "不合法的appKey或appSecret"})
            self.tokens[OLD] = token
            return Reply(body={"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200})
        if asked.json != {"appKey": APP_KEY, "appSecret": APP_SECRET}:
            return Reply(400, {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"})
        self.tokens[NEW] = token
        return Reply(body={"accessToken": token, "expireIn": 7200})

    # --- the newer host ---------------------------------------------------------------------------

    def _new(self, asked: Asked) -> Reply:
        if asked.path == "/v1.0/crm/personalCustomers/objectMeta":
            return Reply(body={"name": "crm_customer", "fields": CUSTOMER_FIELDS, "code": "PROC-C"})
        if asked.path == "/v1.0/crm/personalCustomers" and asked.method == "GET":
            page = self._page(self.customers, asked.query)
            return Reply(body={**page, "totalCount": len(self.customers)})
        if asked.path == "/v1.0/crm/customObjects/datas/query":
            if asked.json["name"] != FORM:
                return Reply(400, {"code": "param.error", "message": "表单不存在"})
            return Reply(body={"result": self._page(self.opportunities, asked.json)})
        return Reply(404, {"code": "InvalidAction.NotFound", "message": "Specified api is not found"})

    def _page(self, records: Sequence[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
        assert int(asked["maxResults"]) <= 100
        start = int(asked.get("nextToken") or 0)
        dsl = json.loads(asked["queryDsl"])
        assert (dsl["order"], dsl["orderFieldId"]) == ("ASC", "gmt_create")
        for group in dsl.get("queryGroupList", []):
            for wanted in group["queryObjectList"]:
                assert (wanted["fieldId"], wanted["filterType"]) == ("gmt_modified", "BETWEEN")
                begin, end = map(int, wanted["value"])
                records = [each for each in records if begin <= _milliseconds(each["gmtModified"]) <= end]
        page = start // self.page_rows + 1
        begin = start
        if page in self.page_again:
            self.page_again.discard(page)
            begin -= self.page_rows
        end = start + self.page_rows
        more = end < len(records)
        return {
            "values": records[begin : begin + self.page_rows],
            "hasMore": more,
            "nextToken": str(end) if more else "",
            "maxResults": int(asked["maxResults"]),
        }

    # --- the older host ---------------------------------------------------------------------------

    def _old(self, asked: Asked) -> dict[str, Any]:
        given = asked.json
        match asked.path:
            case "/topapi/v2/department/listsub":
                return {"result": self._below(given["dept_id"])}
            case "/topapi/v2/user/list":
                return {"result": self._within(given)}
            case "/topapi/crm/objectmeta/describe":
                if given["name"] != FORM:
                    return {"errcode": 88, "sub_code": "param.error", "sub_msg": "表单不存在"}
                return {"result": {"name": FORM, "customized": True, "fields": self.fields}}
            case "/attendance/listRecord":
                return self._clock_ins(given)
            case "/topapi/checkin/record/get":
                return self._checkins(given)
            case _:
                return {"errcode": 404, "errmsg": "请求的URI地址不存在"}

    def _below(self, department: int) -> list[dict[str, Any]]:
        return [
            {"dept_id": below, "name": f"部门{below}", "parent_id": department}
            for below in self.departments[department]
        ]

    def _within(self, given: Mapping[str, Any]) -> dict[str, Any]:
        assert given["size"] <= 100
        there = [user for user in self.users if given["dept_id"] in user["dept_id_list"]]
        cursor = given["cursor"]
        shown = there[cursor : cursor + self.page_rows]
        more = cursor + self.page_rows < len(there)
        page: dict[str, Any] = {"has_more": more, "list": shown}
        return page | ({"next_cursor": cursor + self.page_rows} if more else {})

    def _clock_ins(self, given: Mapping[str, Any]) -> dict[str, Any]:
        first, last = (_milliseconds(given[name]) for name in ("checkDateFrom", "checkDateTo"))
        if len(given["userIds"]) > 50 or last - first >= 7 * DAY_MS:
            return {"errcode": 400002, "errmsg": "参数错误"}
        there = [
            each
            for each in self.clock_ins
            if each["userId"] in given["userIds"] and first <= each["workDate"] <= last
        ]
        return {"recordresult": there}

    def _checkins(self, given: Mapping[str, Any]) -> dict[str, Any]:
        userids = given["userid_list"].split(",")
        if len(userids) > 10 or given["size"] > 100 or given["end_time"] - given["start_time"] > DAY_MS:
            return {"errcode": 400002, "errmsg": "参数错误"}
        there = [
            each
            for each in self.checkins
            if each["userid"] in userids and given["start_time"] <= each["checkin_time"] <= given["end_time"]
        ]
        cursor = given["cursor"]
        end = cursor + self.page_rows
        page: dict[str, Any] = {"page_list": there[cursor:end]}
        return {"result": page | ({"next_cursor": end} if end < len(there) else {})}


def users(staff_numbers: Sequence[str]) -> list[dict[str, Any]]:
    """Return a user of each staff number, in one or two of the departments."""
    return [
        {
            "userid": f"manager{number}",
            "name": f"员工{staff_no}",
            "job_number": staff_no,
            "org_email": f"u{number}@acme.com",
            "title": "销售",
            "active": True,
            "dept_id_list": [2, 4] if number % 3 == 0 else [3],
        }
        for number, staff_no in enumerate(staff_numbers)
    ]


def opportunities(people: Sequence[Mapping[str, Any]], count: int = 50) -> list[dict[str, Any]]:
    """Return won opportunities of people in turn, in three months of 2026; every tenth has two owners."""
    made = []
    for number in range(count):
        owners = [people[number % len(people)]["userid"]]
        if number % 10 == 9:
            owners.append(people[(number + 1) % len(people)]["userid"])
        won = datetime(2026, number % 3 + 1, number % 28 + 1, tzinfo=SHANGHAI)
        data = {
            "TextField-NO": f"SJ{number:04}",
            "RelateField-CUSTOMER": json.dumps(
                {"value": json.dumps([f"客户{number % 20}"], ensure_ascii=False), "extendValue": "{}"}
            ),
            "MoneyField-AMOUNT": f"{1000 + number * 7}.{number % 100:02}",
            "DDDateField-WON": str(int(won.timestamp() * 1000)),
            "DDSelectField-STAGE": '["赢单"]' if number % 5 else "赢单",
        }
        made.append(
            {
                "instanceId": f"inst-{number:04}",
                "creatorUserId": owners[0],
                "creatorNick": "小钉",
                "objectType": FORM,
                "data": data,
                "extendData": {},
                "permission": {"ownerUserIds": owners, "participantUserIds": []},
                "procInstStatus": "COMPLETE",
                "procOutResult": "agree",
                "gmtCreate": f"2026-01-01 00:{number % 60:02}:00",
                "gmtModified": f"2026-04-01 {number % 24:02}:00:00",
            }
        )
    return made


def customers(count: int = 25) -> list[dict[str, Any]]:
    return [
        {
            "instanceId": f"c-{number:03}",
            "objectType": "crm_customer",
            "data": {"customer_name": f"客户{number}"},
            "permission": {"ownerStaffIds": ["manager0"]},
            "gmtCreate": "2026-01-01 00:00:00",
            "gmtModified": "2026-01-01 00:00:00",
        }
        for number in range(count)
    ]


def checkins(people: Sequence[Mapping[str, Any]], first: datetime, days: int) -> list[dict[str, Any]]:
    """Return two check-ins a day and person, the first a minute after midnight."""
    return [
        {
            "userid": person["userid"],
            "checkin_time": int((first + timedelta(days=day, minutes=minutes)).timestamp() * 1000),
            "place": "绿城未来park",
            "detail_place": "浙江省杭州市余杭区五常街道",
            "visit_user": f"客户{day}",
            "remark": "客户拜访",
            "longitude": "120.017394",
            "latitude": "30.286046",
        }
        for day in range(days)
        for minutes in (1, 600)
        for person in people
    ]


def clock_ins(people: Sequence[Mapping[str, Any]], first: datetime, days: int) -> list[dict[str, Any]]:
    """Return a clock-in a day and person, every second outside the office."""
    return [
        {
            "id": 43_047_156_750 + day * 1_000 + number,
            "userId": person["userid"],
            "userCheckTime": int((first + timedelta(days=day, hours=9)).timestamp() * 1000),
            "workDate": int((first + timedelta(days=day)).timestamp() * 1000),
            "checkType": "OnDuty",
            "timeResult": "Normal",
            "locationResult": "Outside" if number % 2 else "Normal",
            "userAddress": "浙江省杭州市",
            "outsideRemark": "拜访客户",
            "sourceType": "USER",
            "userLongitude": 120.017139,
            "userLatitude": 30.285413,
        }
        for day in range(days)
        for number, person in enumerate(people)
    ]


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)

"""Salesforce's REST API for tests: sign-in, descriptions, SOQL in pages, its errors; over real HTTPS.

Every page but the last has `nextRecordsUrl`; pages are named "page 1", "page 2"… to break them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jwt

from tests.standins.https import Asked, Reply, StandInApi

HOST = "acme.my.salesforce.com"
DATA = "/services/data/v59.0"
KEY, SECRET = "3MVG9-key", "a-secret"
USERNAME, PASSWORD, SECURITY_TOKEN = "reader@acme.com", "pass<&>word", "tok3n"
LIMIT = 15_000
SELECT = re.compile(r"SELECT ([\w., ]+) FROM (\w+)(?: WHERE (.+))? ORDER BY Id")
LITERAL = r"(?:'(?:[^'\\]|\\.)*'|[\w.]+)"
CONDITION = re.compile(rf"([\w.]+) (>=|<) ([\w:.+-]+)|([\w.]+) IN \(({LITERAL}(?:, {LITERAL})*)\)")
VALUE = re.compile(r"'((?:[^'\\]|\\.)*)'|([\w.]+)")

USER = {"Id": "id", "Name": "string", "Email": "email", "EmployeeNumber": "string"}
ACCOUNT = {"Id": "id", "Name": "string"}
OPPORTUNITY = {
    "Id": "id",
    "Name": "string",
    "Amount": "currency",
    "CloseDate": "date",
    "StageName": "picklist",
    "IsWon": "boolean",
    "IsDeleted": "boolean",
    "Type": "picklist",
    "CreatedDate": "datetime",
    "SystemModstamp": "datetime",
    "OwnerId": "reference",
    "AccountId": "reference",
    "CampaignId": "reference",
}
SPLIT = {
    "Id": "id",
    "OpportunityId": "reference",
    "SplitOwnerId": "reference",
    "SplitPercentage": "percent",
    "IsDeleted": "boolean",
    "SystemModstamp": "datetime",
}
PARENTS = {
    "OpportunityId": ("Opportunity", "Opportunity"),
    "SplitOwnerId": ("SplitOwner", "User"),
    "OwnerId": ("Owner", "User"),
    "AccountId": ("Account", "Account"),
    "CampaignId": ("Campaign", "Campaign"),
}
"""By field: the relationship, and the object, of which the user may not see the last."""

SERVICE_DOWN = Reply(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "Server is currently unavailable"}])
USED_UP = Reply(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])
EXPIRED = Reply(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
PLACE_GONE = Reply(400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}])


class SalesforceStandIn(StandInApi):
    """`records` of Opportunity, and `splits` of them, are what tests change."""

    hosts = (HOST, "login.salesforce.com")

    def __init__(self, folder: Path, records: Sequence[dict[str, Any]] = (), page_rows: int = 10) -> None:
        super().__init__(folder)
        self.records = list(records)
        self.splits: list[dict[str, Any]] = []
        self.fields = dict(OPPORTUNITY)
        self.page_rows = page_rows
        self.public_key = ""
        self.tokens: list[str] = []
        self.used = 0
        self.queries: list[str] = []
        self.cursors: dict[str, list[dict[str, Any]]] = {}
        self.page_again: set[int] = set()
        """Pages in whose place the one before comes again, once."""

    @property
    def pages_asked(self) -> list[int]:
        return [int(name[5:]) for name in map(self.named, self.asked) if name.startswith("page ")]

    def named(self, asked: Asked) -> str:
        if asked.path in (f"{DATA}/query/", f"{DATA}/queryAll/"):
            return "page 1"
        if asked.path.startswith(f"{DATA}/query/"):
            return f"page {int(asked.path.rpartition('-')[2]) // self.page_rows + 1}"
        return "sign in" if asked.method == "POST" else asked.path

    def expire(self) -> None:
        """End all sessions."""
        self.tokens.append("")

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/services/oauth2/token":
            return self._oauth(asked)
        if asked.path == "/services/Soap/u/59.0":
            return self._soap(asked)
        if asked.method != "GET":
            return Reply(405, [{"errorCode": "METHOD_NOT_ALLOWED", "message": asked.method}])
        if asked.headers.get("authorization") != f"Bearer {self.tokens[-1] if self.tokens else ''}":
            return EXPIRED
        self.used += 1
        reply = self._data(asked)
        return Reply(reply.status, reply.body, {"Sforce-Limit-Info": f"api-usage={self.used}/{LIMIT}"})

    def _data(self, asked: Asked) -> Reply:
        if asked.path == f"{DATA}/sobjects":
            names = ("Account", "Opportunity", "OpportunityHistory", "OpportunitySplit", "User")
            return Reply(body={"sobjects": [{"name": name, "queryable": True} for name in names]})
        if found := re.fullmatch(rf"{DATA}/sobjects/(\w+)/describe", asked.path):
            return self._description(found[1])
        if asked.path in (f"{DATA}/query/", f"{DATA}/queryAll/"):
            return self._query(asked.query.get("q", ""), and_deleted=asked.path.endswith("/queryAll/"))
        if found := re.fullmatch(rf"{DATA}/query/(\w+)-(\d+)", asked.path):
            return self._page(found[1], int(found[2]))
        return Reply(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])

    # --- signing in -------------------------------------------------------------------------------

    def _oauth(self, asked: Asked) -> Reply:
        form = asked.form
        match form.get("grant_type"):
            case "client_credentials":
                basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()
                is_right = asked.headers.get("authorization") == f"Basic {basic}"
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                told = jwt.decode(
                    form["assertion"], self.public_key, ["RS256"], audience="https://login.salesforce.com"
                )
                is_right = (told["iss"], told["sub"]) == (KEY, USERNAME)
            case _:
                return Reply(400, {"error": "unsupported_grant_type", "error_description": "not supported"})
        if not is_right:
            return Reply(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
        return Reply(
            body={"access_token": self._token(), "instance_url": f"https://{HOST}", "token_type": "Bearer"}
        )

    def _soap(self, asked: Asked) -> Reply:
        body = asked.body.decode()
        if f"<n1:password>pass&lt;&amp;&gt;word{SECURITY_TOKEN}</n1:password>" not in body:
            said = "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
            fault = "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"
            fault += f"<sf:exceptionMessage>{said}</sf:exceptionMessage>"
            return Reply(500, _envelope(fault), content_type="text/xml;charset=UTF-8")
        told = (
            f"<sessionId>{self._token()}</sessionId><serverUrl>https://{HOST}/services/Soap/u/59.0/00D</serverUrl>"
        )
        return Reply(200, _envelope(told), content_type="text/xml;charset=UTF-8")

    def _token(self) -> str:
        self.tokens.append(f"00D!token{len(self.tokens)}")
        return self.tokens[-1]

    # --- descriptions and SOQL --------------------------------------------------------------------

    def _types(self, object_: str) -> dict[str, str]:
        own = {"Opportunity": self.fields, "OpportunitySplit": SPLIT, "User": USER, "Account": ACCOUNT}
        return own.get(object_, {})

    def _description(self, object_: str) -> Reply:
        types = self._types(object_)
        if not types:
            return Reply(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
        fields = []
        for name, type_ in types.items():
            relationship, parent = PARENTS.get(name, (None, None))
            fields.append(
                {
                    "name": name,
                    "type": type_,
                    "relationshipName": relationship,
                    "referenceTo": [parent] if parent else [],
                }
            )
        return Reply(body={"name": object_, "fields": fields})

    def _query(self, soql: str, *, and_deleted: bool) -> Reply:
        self.queries.append(soql)
        found = SELECT.fullmatch(soql)
        if found is None:
            return Reply(400, [{"errorCode": "MALFORMED_QUERY", "message": f"unexpected token: {soql}"}])
        columns = found[1].split(", ")
        for column in columns:
            if "." not in column and column not in self._types(found[2]):
                message = f"\nSELECT {column}\n  ^\nNo such column '{column}' on entity '{found[2]}'."
                return Reply(400, [{"errorCode": "INVALID_FIELD", "message": message}])
        records = {"Opportunity": self.records, "OpportunitySplit": self.splits}.get(found[2], [])
        wanted = [
            record
            for record in records
            if (and_deleted or not record["IsDeleted"]) and _is_wanted(record, found[3] or "")
        ]
        cursor = f"01g{len(self.cursors):012}"
        self.cursors[cursor] = [_shown(record, columns) for record in wanted]
        return self._page(cursor, 0)

    def _page(self, cursor: str, start: int) -> Reply:
        if cursor not in self.cursors:
            return PLACE_GONE
        records = self.cursors[cursor]
        page = start // self.page_rows + 1
        if page in self.page_again:
            self.page_again.discard(page)
            shown = records[start - self.page_rows : start]
        else:
            shown = records[start : start + self.page_rows]
        end = start + self.page_rows
        told = {"totalSize": len(records), "done": end >= len(records), "records": shown}
        if end < len(records):
            told["nextRecordsUrl"] = f"{DATA}/query/{cursor}-{end}"
        return Reply(body=told)


def opportunities(emails: Sequence[str], count: int = 50) -> list[dict[str, Any]]:
    """Return won opportunities of sellers in turn, over the first three months of 2026."""
    return [
        {
            "Id": f"006{number:012}AAA",
            "Name": f"Deal {number}",
            "Amount": float(f"{1000 + number * 7}.{number % 100:02}"),
            "CloseDate": f"2026-{number % 3 + 1:02}-{number % 28 + 1:02}",
            "StageName": "Closed Won",
            "IsWon": True,
            "IsDeleted": False,
            "Type": "New Business" if number % 4 == 0 else "Existing Business",
            "CreatedDate": "2025-12-31T16:30:00.000+0000",
            "SystemModstamp": f"2026-04-01T{number % 24:02}:00:00.000+0000",
            "Owner": {"Email": emails[number % len(emails)], "Name": "x", "Id": "005"},
            "Account": {"Name": f"客户{number % 20}"} if number % 20 else None,
        }
        for number in range(count)
    ]


def split(record: Mapping[str, Any], number: int, email: str, percentage: float) -> dict[str, Any]:
    """Return one seller's share of an opportunity."""
    return {
        "Id": f"{record['Id']}-{number}",
        "OpportunityId": record["Id"],
        "Opportunity": dict(record),
        "SplitOwner": {"Email": email},
        "SplitPercentage": percentage,
        "IsDeleted": False,
        "SystemModstamp": record["SystemModstamp"],
    }


def _shown(record: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"attributes": {"type": "Opportunity"}}
    for column in columns:
        parent, dot, name = column.partition(".")
        if not dot:
            shown[parent] = record[parent]
        elif record[parent] is None:
            shown[parent] = None
        else:
            shown.setdefault(parent, {"attributes": {}})[name] = record[parent][name]
    return shown


def _is_wanted(record: Mapping[str, Any], where: str) -> bool:
    for condition in where.split(" AND ") if where else []:
        found = CONDITION.fullmatch(condition)
        assert found, condition
        if found[1]:
            value, bound = _comparable(str(record[found[1]])), _comparable(unquote(found[3]))
            if not (value >= bound if found[2] == ">=" else value < bound):
                return False
        else:
            wanted = [_unquoted(each) for each in VALUE.finditer(found[5])]
            value = record[found[4]]
            if (str(value).upper() if isinstance(value, bool) else value) not in wanted:
                return False
    return True


def _comparable(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone().replace(tzinfo=None)


def _unquoted(found: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]


def _envelope(inner: str) -> bytes:
    spaces = 'xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"'
    body = f"<e:Envelope {spaces}><e:Body>{inner}</e:Body></e:Envelope>"
    return body.encode()

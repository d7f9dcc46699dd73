"""Sources as pages show them: one that is well, one in trouble, and what was fetched from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from models.sources import Fetch, FetchMode, FetchState, RecordKind, RowFault, Source, SourceKind
from tests.api.pages.place import Place

DEALS: dict[str, Any] = {
    "kind": "deal",
    "object": "Opportunity",
    "key": "Id",
    "date_column": "CloseDate",
    "changed_column": "SystemModstamp",
    "seller_by": "email",
    "where": {"RecordType.Name": ["New business", "Renewal"]},
    "fields": {
        "seller": {"column": "Owner.Email"},
        "won_on": {"column": "CloseDate", "dates": "ymd"},
        "amount": {"column": "Amount", "scale": 4},
        "currency": {"constant": "CNY"},
        "state": {"column": "StageName", "values": {"Closed Won": "won", "Closed Lost": "lost"}},
        "customer": {"column": "Account.Name"},
        "product": {"column": "Product__c", "listed_in": "Product2", "listed_as": "Name"},
    },
}
OUTCOME: dict[str, Any] = {
    "deal": {
        "new": 412,
        "changed": 37,
        "gone": 2,
        "unchanged": 8761,
        "faulty": 64,
        "sums": {"2027-01": "31234567.89", "2027-02": "28100000.11", "2027-03": "9120000.00"},
    },
    "visit": {"new": 1034, "changed": 0, "gone": 0, "unchanged": 20012, "faulty": 0, "sums": {}},
}
FAULTS = (
    ("orders-2027-01.csv:17", "seller", "张叁", "seller-unknown", "张三"),
    ("orders-2027-01.csv:204", "signed_on", "03/04/27", "date-year-short", ""),
    ("orders-2027-02.csv:9", "amount", "1.234.567,89 元左右", "not-a-number", ""),
)


async def show_sources(place: Place) -> None:
    company_id, now = place.company.company_id, datetime.now(UTC)

    def source(id_: str, kind: SourceKind, name: str, **columns: Any) -> Source:
        return Source(id=id_, company_id=company_id, kind=kind, name=name, created_at=now, **columns)

    def fetch(id_: str, source_id: str, mode: FetchMode, state: FetchState, minutes: int, **columns: Any) -> Fetch:
        return Fetch(
            id=id_,
            company_id=company_id,
            source_id=source_id,
            mode=mode,
            state=state,
            started_at=now - timedelta(minutes=minutes),
            **columns,
        )

    period = {"from_on": date(2027, 1, 1), "until_on": date(2027, 3, 31), "asked_by": place.company.hr_id}
    await place.add(
        source(
            "crm",
            SourceKind.SALESFORCE,
            "Salesforce 华东",
            settings={
                "sign_in": "client-credentials",
                "domain": "acme.my",
                "consumer_key": "3MVG9xxxxxxxxxxxxxxxxxxxx",
            },
            maps=[DEALS],
            every_minutes=60,
            fetched_at=now - timedelta(minutes=12),
        ),
        source(
            "erp",
            SourceKind.DATABASE,
            "用友中间库",
            settings={"dialect": "mssql", "host": "yonyou.example.com", "database": "ufdata", "user": "reader"},
            every_minutes=1440,
            fetched_at=now - timedelta(days=6),
        ),
        fetch(
            "tested",
            "crm",
            FetchMode.TEST,
            FetchState.DONE,
            90,
            outcome={
                "who": "quarterdeck@acme.com",
                "objects": ["Account", "Contact", "Opportunity", "OpportunitySplit", "Product2", "User"],
                "calls_left": 14210,
            },
        ),
        fetch("dry", "crm", FetchMode.DRY_RUN, FetchState.DONE, 60, outcome=OUTCOME, **period),
        fetch(
            "runs", "crm", FetchMode.TAKE_OVER, FetchState.RUNNING, 1, progress={"deal": {"rows": 4200}}, **period
        ),
        fetch(
            "failed",
            "erp",
            FetchMode.TAKE_OVER,
            FetchState.FAILED,
            30,
            trouble={
                "code": "source-unreachable",
                "place": "yonyou.example.com:1433/ufdata",
                "said": "Connection timed out",
            },
        ),
    )
    await place.add(
        *(
            RowFault(
                fetch_id="dry",
                position=number,
                kind=RecordKind.DEAL,
                place=place_,
                column_name=column,
                value=value,
                code=code,
                suggestion=suggestion,
            )
            for number, (place_, column, value, code, suggestion) in enumerate(FAULTS * 20)
        )
    )

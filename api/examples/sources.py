"""Examples of sources and their fetches."""

from __future__ import annotations

from typing import Final

from api.examples.company import HR, Example, Examples
from api.source_shapes import (
    FetchAsked,
    FetchGiven,
    FetchShown,
    NewSource,
    SourceMade,
    SourceShown,
)

_ORDER_MAP: Final[Example] = {
    "kind": "deal",
    "object": "v_orders",
    "key": "order_no",
    "date_column": "signed_on",
    "seller_by": "staff_no",
    "fields": {
        "seller": {"column": "seller_no"},
        "won_on": {"column": "signed_on", "dates": "ymd"},
        "amount": {"column": "amount", "scale": 4},
        "state": {"column": "stage", "values": {"已赢单": "won", "已丢单": "lost"}},
    },
}

_ERP_SETTINGS: Final[Example] = {
    "dialect": "postgresql",
    "host": "erp.example.com",
    "database": "erp",
    "user": "quarterdeck_reader",
}

SOURCES: Final[Examples] = {
    NewSource: (
        {
            "kind": "database",
            "name": "ERP",
            "settings": _ERP_SETTINGS,
            "secrets": {"password": "…"},
            "every_minutes": 60,
            "maps": [_ORDER_MAP],
        },
    ),
    SourceMade: (
        {
            "id": "b7a6b1f0-6a0e-4b52-9f6b-2b1a4a0f9c33",
            "command_id": "0f6f3c1e-2f0d-4d3c-9a43-7c1f5f6f2a10",
        },
    ),
    SourceShown: (
        {
            "id": "b7a6b1f0-6a0e-4b52-9f6b-2b1a4a0f9c33",
            "kind": "database",
            "name": "ERP",
            "is_on": True,
            "settings": _ERP_SETTINGS,
            "maps": [_ORDER_MAP],
            "every_minutes": 60,
            "stale_after_hours": 48,
            "fetched_at": "2026-11-02T01:00:00Z",
            "is_old": False,
        },
    ),
    FetchGiven: (
        {"mode": "test"},
        {"mode": "dry-run", "from_on": "2026-10-01", "until_on": "2026-12-31"},
        {"mode": "take-over"},
    ),
    FetchAsked: ({"fetch_id": "d3f0c2b4-17aa-4d0c-8e0f-5a1b2c3d4e55"},),
    FetchShown: (
        {
            "id": "d3f0c2b4-17aa-4d0c-8e0f-5a1b2c3d4e55",
            "mode": "take-over",
            "state": "done",
            "from_on": "2026-10-01",
            "until_on": "2026-12-31",
            "asked_by": HR["id"],
            "started_at": "2026-11-02T01:00:00Z",
            "ended_at": "2026-11-02T01:00:09Z",
            "progress": {
                "deal": {"pages": 3, "rows": 1204, "total": 1204, "next": "", "is_done": True, "since": ""}
            },
            "outcome": {
                "deal": {
                    "read": 1204,
                    "new": 87,
                    "changed": 4,
                    "gone": 0,
                    "unchanged": 1113,
                    "faulty": 0,
                    "left": {},
                    "codes": {},
                    "sums": {"2026-10": "31250000.00"},
                }
            },
            "trouble": {},
        },
    ),
}

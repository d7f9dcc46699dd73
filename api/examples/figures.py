"""Examples of results and of what is behind figures."""

from __future__ import annotations

from typing import Final

from api.examples.company import CYCLE, DEPARTMENT, DIRECTOR, SALES, SELLER, TEAM, Example, Examples
from api.resources.anomalies import AnomalyShown, ExplanationGiven
from api.resources.attendance import AttendanceShown
from api.resources.completeness import (
    CompletenessShown,
)
from api.resources.misses import (
    MissShown,
)
from api.shapes import (
    ScoreInFull,
    ScoreShown,
)

_SCORE_SHOWN: Final[Example] = {
    "person": SELLER,
    "department": DEPARTMENT,
    "total": "88.00",
    "band": "B",
    "round": 1,
    "scored_at": "2027-01-12T01:00:00Z",
}

FIGURES: Final[Examples] = {
    ScoreShown: (_SCORE_SHOWN,),
    ScoreInFull: (
        {
            **_SCORE_SHOWN,
            "cycle": {"id": CYCLE, "name": "2026年第四季度"},
            "scorecard": {"id": "card-rep", "name": "销售代表"},
            "lines": [
                {
                    "metric": SALES,
                    "weight": "60",
                    "effective_weight": "60",
                    "applies": True,
                    "target": "500000.00",
                    "actual": "400000.00",
                    "attainment": "80.00",
                    "counted": "80.00",
                    "points": "48.00",
                    "calculation": "60% × 80% (400000 / 500000) = 48",
                },
                {
                    "metric": {"id": "m-collection", "name": "回款率"},
                    "weight": "40",
                    "effective_weight": "40",
                    "applies": True,
                    "target": "90.00",
                    "actual": "90.00",
                    "attainment": "100.00",
                    "counted": "100.00",
                    "points": "40.00",
                    "calculation": "40% × 100% (90 / 90) = 40",
                },
            ],
        },
    ),
    MissShown: (
        {
            "months": ["2026-10-01"],
            "target": "500000.00",
            "actual": "400000.00",
            "gap": "-100000.00",
            "compared_with": ["2025-10-01"],
            "parts": [
                {"factor": "growth-asked", "amount": "-20000.00"},
                {"factor": "visits", "amount": "-80000.00"},
            ],
            "classed": [],
        },
    ),
    AnomalyShown: (
        {
            "id": "p-1315.m-sales.2026-10-01",
            "department": DEPARTMENT,
            "team": TEAM,
            "person": SELLER,
            "metric": SALES,
            "month": "2026-10-01",
            "turn": "drop",
            "value": "120000.00",
            "usual": "400000.00",
            "lowest": "250000.00",
            "highest": "560000.00",
            "state": "explained",
            "found_at": "2026-11-02T01:00:10Z",
            "explanation": "one-off",
            "reason": "两家大客户的订单推迟到11月签约",
            "explained_by": DIRECTOR,
            "explained_at": "2026-11-03T02:15:00Z",
        },
    ),
    ExplanationGiven: (
        {"explanation": "one-off", "reason": "两家大客户的订单推迟到11月签约", "evidence": "HT-2026-1187"},
    ),
    AttendanceShown: (
        {
            "from_on": "2026-10-01",
            "until_on": "2026-10-31",
            "attended": {
                "visits": 46,
                "checked_in": 41,
                "hours": {"office": "21.5000", "selling": "140.5000"},
                "selling_percent": "86.7284",
            },
            "below": {
                "people": [
                    {
                        "id": SELLER["id"],
                        "name": SELLER["name"],
                        "attended": {
                            "visits": 46,
                            "checked_in": 41,
                            "hours": {"office": "21.5000", "selling": "140.5000"},
                            "selling_percent": "86.7284",
                        },
                    }
                ]
            },
            "projects": [{"name": "交换机升级", "hours": "96.0000", "selling": "96.0000"}],
        },
    ),
    CompletenessShown: (
        {
            "department": DEPARTMENT,
            "missing": 5,
            "lacks": [
                {
                    "team": TEAM,
                    "metric": SALES,
                    "month": "2026-10-01",
                    "due_on": "2026-11-09",
                    "missing": 5,
                    "people": ["陈晓雨"],
                    "waits_for": "source",
                    "who": "Salesforce",
                    "as_of": "2026-11-01T18:00:00Z",
                }
            ],
        },
    ),
}

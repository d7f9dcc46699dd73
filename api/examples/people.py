"""Examples of deputies, joiners, leavers and transfers."""

from __future__ import annotations

from typing import Final

from api.examples.company import CYCLE, Examples
from api.task_shapes import (
    DeputyGiven,
    Joiner,
    Leaving,
    Transfer,
)

PEOPLE: Final[Examples] = {
    DeputyGiven: ({"deputy_id": "p-1008", "from_on": "2026-10-09", "until_on": "2026-10-16", "reason": "年假"},),
    Joiner: (
        {
            "staff_no": "20261101",
            "name": "孙悦",
            "unit_id": "d-east-1-t1",
            "effective_on": "2026-11-01",
            "email": "sun.yue@example.com",
            "phone": "+8613900000001",
            "superior_id": "p-1210",
            "post": "销售代表",
            "grade": "S2",
            "targets": [{"metric": "sales", "value": "600000"}],
            "cycle_id": CYCLE,
        },
    ),
    Leaving: ({"effective_on": "2026-11-30", "successor_id": "p-1008", "reason": "离职", "cycle_id": CYCLE},),
    Transfer: (
        {
            "effective_on": "2026-11-16",
            "to_unit_id": "d-south-2-t1",
            "successor_id": "p-1316",
            "targets": [{"metric": "sales", "value": "450000"}],
            "reason": "调往华南二部",
            "cycle_id": CYCLE,
        },
    ),
}

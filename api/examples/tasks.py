"""Examples of tasks and of what people do about them."""

from __future__ import annotations

from typing import Final

from api.examples.company import CYCLE, DEPARTMENT, DIRECTOR, TASK, Example, Examples
from api.shapes import (
    CommandShown,
    Done,
)
from api.task_shapes import (
    CommentGiven,
    DecisionGiven,
    DelegationGiven,
    ExtensionGiven,
    FiguresGiven,
    ReasonNeeded,
    ReassignmentGiven,
    TaskInFull,
    TaskShown,
)

_TASK_SHOWN: Final[Example] = {
    "id": TASK,
    "cycle_id": CYCLE,
    "department": DEPARTMENT,
    "kind": "confirm-targets",
    "stage": "targets",
    "month": None,
    "approver": None,
    "round": 1,
    "state": "open",
    "holder": DIRECTOR,
    "deadline_at": "2026-10-14T10:00:00Z",
    "opened_at": "2026-09-28T01:00:00Z",
    "closed_at": None,
}

TASKS: Final[Examples] = {
    TaskShown: (_TASK_SHOWN,),
    TaskInFull: (
        {
            **_TASK_SHOWN,
            "first_holder": DIRECTOR,
            "added": [],
            "level": 0,
            "first_deadline_at": "2026-10-14T10:00:00Z",
            "next_rung_at": "2026-10-11T01:00:00Z",
            "choices": ["confirm", "counter-propose"],
            "decision": None,
            "comments": [
                {
                    "id": "1d9b7e64-0a1c-4f7b-8c3e-5e2a9f4b6d01",
                    "by": DIRECTOR,
                    "acted_by": None,
                    "text": "等客户成功部给出续约名单",
                    "at": "2026-10-09T02:30:00Z",
                }
            ],
        },
    ),
    DecisionGiven: (
        {"choice": "confirm"},
        {
            "choice": "counter-propose",
            "comment": "成交周期30天，复购率25%，预算10万",
            "proposals": [{"metric": "sales", "proposed": "15000000"}],
        },
    ),
    FiguresGiven: (
        {
            "rows": [
                {"team": "华东一组", "metric": "sales", "month": "2026-10", "value": "5000000"},
                {"team": "华东一组", "metric": "collection", "month": "2026-10", "value": "92.5"},
            ]
        },
    ),
    ReassignmentGiven: ({"to_id": "p-1008", "reason": "李敏调任项目组，由赵磊接手"},),
    ExtensionGiven: ({"due_on": "2026-10-16", "reason": "等待总部价格政策"},),
    DelegationGiven: ({"deputy_id": "p-1008", "until_on": "2026-10-16", "reason": "出差"},),
    CommentGiven: ({"text": "等客户成功部给出续约名单"},),
    ReasonNeeded: ({"reason": "部门已撤并，无需再确认"},),
    Done: (
        {
            "state": "done",
            "command_id": "0f6f3c1e-2f0d-4d3c-9a43-7c1f5f6f2a10",
            "task_id": TASK,
            "at": "2026-10-12T01:03:00Z",
            "stage": "submission",
        },
        {"state": "received", "command_id": "0f6f3c1e-2f0d-4d3c-9a43-7c1f5f6f2a10"},
    ),
    CommandShown: (
        {
            "id": "0f6f3c1e-2f0d-4d3c-9a43-7c1f5f6f2a10",
            "kind": "decide",
            "state": "done",
            "task_id": TASK,
            "cycle_id": CYCLE,
            "received_at": "2026-10-12T01:02:59Z",
            "answer": {"task_id": TASK, "at": "2026-10-12T01:03:00Z", "stage": "submission"},
        },
    ),
}

"""Examples of cycles: launch, preview, orders, and what happens in them."""

from __future__ import annotations

from typing import Final

from api.examples.company import CYCLE, DEPARTMENT, DIRECTOR, HR, TASK, Example, Examples
from api.health import Health
from api.shapes import (
    CycleInFull,
    CycleShown,
    DepartmentShown,
    EventShown,
    MessageShown,
    NewCycle,
    NewPlan,
    PreviewShown,
    Reason,
    Reopening,
)

_CYCLE_SHOWN: Final[Example] = {
    "id": CYCLE,
    "name": "2026年第四季度",
    "starts_on": "2026-10-01",
    "ends_on": "2026-12-31",
    "state": "running",
    "hr_owner": HR,
    "revision": 1,
    "launched_at": "2026-09-28T01:00:00Z",
    "paused_at": None,
    "published_at": None,
    "closed_at": None,
}

_TERMS: Final[Example] = {
    "time_zone": "Asia/Shanghai",
    "first_sending_hour": 9,
    "last_sending_hour": 18,
    "targets_due_on": "2026-10-14",
    "months": [
        {"month": "2026-10-01", "opens_on": "2026-11-02", "due_on": "2026-11-09"},
        {"month": "2026-11-01", "opens_on": "2026-12-01", "due_on": "2026-12-08"},
        {"month": "2026-12-01", "opens_on": "2027-01-04", "due_on": "2027-01-11"},
    ],
    "approvals_due_on": ["2027-01-18", "2027-01-21", "2027-01-26"],
    "feedback_due_on": "2027-02-02",
    "left_out": [],
}

CYCLES: Final[Examples] = {
    Health: ({"database": "up", "engine": "up"},),
    NewCycle: (
        {
            "id": CYCLE,
            "name": "2026年第四季度",
            "starts_on": "2026-10-01",
            "ends_on": "2026-12-31",
            "terms": {"targets_due_on": "2026-10-14"},
            "launch": True,
        },
    ),
    CycleShown: (_CYCLE_SHOWN,),
    CycleInFull: (
        {
            **_CYCLE_SHOWN,
            "terms": _TERMS,
            "departments": {"targets": 12, "submission": 48},
            "open_tasks": 60,
            "overdue_tasks": 3,
        },
    ),
    Reason: ({"reason": "国庆期间系统维护"},),
    NewPlan: ({"terms": {"targets_due_on": "2026-10-16"}, "reason": "顺延两天"},),
    Reopening: ({"department_id": "d-east-1", "stage": "submission", "reason": "回款数据有误"},),
    DepartmentShown: (
        {
            "department": DEPARTMENT,
            "director": DIRECTOR,
            "stage": "targets",
            "round": 1,
            "is_started": True,
            "stage_since": "2026-09-28T01:00:00Z",
            "closed_at": None,
            "open_tasks": [
                {
                    "id": TASK,
                    "kind": "confirm-targets",
                    "holder": DIRECTOR,
                    "deadline_at": "2026-10-14T10:00:00Z",
                }
            ],
        },
    ),
    MessageShown: (
        {
            "id": "5b0c6d2e-8f2a-4a53-9a0e-0c6d8d1f7a11",
            "person": DIRECTOR,
            "meant_for": None,
            "channel": "sms",
            "occasion": "task-reminder",
            "rung": "sms-3d",
            "task_id": TASK,
            "moment": "2026-10-10T01:00:00Z",
            "read_at": None,
            "delivery_id": "e2d1f0aa-3b1c-4c55-8d70-6a1f9a7c2b90",
            "delivery": "sent",
            "sent_at": "2026-10-10T01:00:02Z",
            "error": "",
        },
    ),
    EventShown: (
        {
            "id": f"{TASK}/0/escalate",
            "at": "2026-10-14T10:00:00Z",
            "kind": "escalated",
            "department": DEPARTMENT,
            "task_id": TASK,
            "actor": None,
            "on_behalf_of": None,
            "acted_by": None,
            "detail": {"rung": "escalate", "channels": ["email", "system"], "holder": "p-1002", "added": ""},
        },
    ),
    PreviewShown: (
        {
            "problems": [],
            "departments": 60,
            "messages": 1260,
            "by_channel": {"sms": 240, "email": 780, "system": 240},
            "sms_cost": "12.00",
            "currency": "CNY",
            "days_moved": [{"slot": "targets", "planned_on": "2026-10-17", "happens_on": "2026-10-16"}],
            "items": [
                {
                    "at": "2026-10-10T01:00:00Z",
                    "channel": "sms",
                    "occasion": "task-reminder",
                    "rung": "sms-3d",
                    "slot": "targets",
                    "department": DEPARTMENT,
                    "person": DIRECTOR,
                    "meant_for": None,
                    "subject": "",
                    "text": "【Acme】请于10月14日18:00前确认华东一部2026年第四季度目标。",
                }
            ],
            "next": "WyIyMDI2LTEwLTEwIl0=",
        },
    ),
}

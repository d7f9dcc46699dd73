"""The effects that workflows ask for, by name and type; `activities/` carries them out.

Workflows know these names and nothing behind them. `tests/activities/test_effects.py` holds each
name against the activity that bears it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from models import fetch_orders as f
from models import messages as m

Asked = TypeVar("Asked")
Given = TypeVar("Given")


@dataclass(frozen=True)
class Effect(Generic[Asked, Given]):
    name: str
    asked: type[Asked]
    given: type[Given]


Nothing = type(None)

# Tasks: local activities, one transaction each.
OPEN_TASK = Effect("open_task", m.TaskOpening, m.TaskOpened)
FIRE_RUNG = Effect("fire_rung", m.RungFired, m.RungOutcome)
RECORD_DECISION = Effect("record_decision", m.TaskDecided, m.Answer)
REASSIGN_TASK = Effect("reassign_task", m.TaskChange, m.TaskChanged)
EXTEND_TASK = Effect("extend_task", m.TaskChange, m.TaskChanged)
SHIFT_TASK = Effect("shift_task", m.TaskChange, m.TaskChanged)
OFFER_LINK = Effect("offer_link", m.LinkOffered, Nothing)
REMIND_TASK = Effect("remind_task", m.TaskChange, Nothing)
VOID_TASK = Effect("void_task", m.TaskChange, Nothing)
REACH_STAGE = Effect("reach_stage", m.StageReached, Nothing)
CLOSE_DEPARTMENT = Effect("close_department", m.StageReached, m.DepartmentClosed)

# Figures and results.
FETCH_FIGURES = Effect("fetch_figures", m.DepartmentMoment, Nothing)
SCORE_DEPARTMENT = Effect("score_department", m.StageReached, m.ScoringOutcome)

# Fetches from sources.
TEST_SOURCE = Effect("test_source", f.FetchStep, Nothing)
READ_SOURCE = Effect("read_source", f.FetchStep, Nothing)
TAKE_OVER = Effect("take_over", f.FetchStep, Nothing)
REFRESH_FIGURES = Effect("refresh_figures", f.FetchStep, Nothing)
FAIL_FETCH = Effect("fail_fetch", f.FetchTrouble, Nothing)
FETCH_IF_DUE = Effect("fetch_if_due", f.FetchDue, f.FetchAgain)

# Messages, on the queue of their own.
DISPATCH = Effect("dispatch", m.Dispatch, Nothing)
ANNOUNCE = Effect("announce", m.Announce, Nothing)
RESEND_MESSAGE = Effect("resend_message", m.MessageResend, Nothing)

# Cycles.
START_DEPARTMENTS = Effect("start_departments", m.DepartmentsStarting, m.Departments)
RECORD_CYCLE = Effect("record_cycle", m.CycleRecord, Nothing)
CHANGE_PLAN = Effect("change_plan", m.CycleMoment, Nothing)
CHANGE_STAFF = Effect("change_staff", m.CycleMoment, m.StaffChanged)
REOPEN_DEPARTMENT = Effect("reopen_department", m.ReopenRecord, m.DepartmentStart)
ORDER_ALL = Effect("order_all", m.OrderAll, m.Departments)

"""A quarter as people live it: three departments, from the launch to the publication.

The first director confirms; the two others are silent until their tasks move to the superior.
At five moments of it something can be killed, at several of them in one quarter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from models.stages import Approver
from models.terms import MonthDue, Policy, Terms
from tests.crashes.premises import Premises, Query, What
from tests.journeys.quarter import china

STARTS_ON = date(2041, 1, 1)
"""Far enough ahead: business time can only be ahead of the wall clock."""
STARTS_AT = china(date(2041, 4, 8), 10)  # A Monday.
TARGETS_DUE = china(date(2041, 4, 12), 18)
MONTHS_OPEN = china(date(2041, 4, 15), 9)
TERMS = Terms(
    targets_due_on=TARGETS_DUE.date(),
    months=tuple(
        MonthDue(month=date(2041, month, 1), opens_on=MONTHS_OPEN.date(), due_on=date(2041, 4, 19))
        for month in (1, 2, 3)
    ),
    approvals_due_on=(date(2041, 4, 24), date(2041, 4, 29)),
    feedback_due_on=date(2041, 5, 6),
    policy=Policy(approval_chain=(Approver.DIRECTOR, Approver.SUPERIOR)),
)
BEYOND = timedelta(minutes=1)
OPEN = "SELECT 1 FROM task WHERE state = 'open' AND slot = ?"
DECIDED = "SELECT 1 FROM decision WHERE task_id = ?"


class Moment(StrEnum):
    """When something is killed."""

    LAUNCH = "when the launch is asked for"
    STARTING = "while departments are starting"
    RUNG = "when a rung is due"
    DECISION = "in the middle of a decision"
    GATE = "between submission and scoring"


ANSWERED_BY = {Moment.LAUNCH: What.ENGINE, Moment.DECISION: What.WORKER}
"""Who has to answer a request of that moment: held until the kill, so that it comes before the answer."""


@dataclass(frozen=True)
class Kills:
    """A part that is killed, again and again."""

    what: What
    moments: tuple[Moment, ...]


@dataclass
class Script:
    """What people do, one step after the other; each step ends when everything has come to rest."""

    at: Premises
    kills: Kills | None = None

    async def play(self) -> None:
        await self.during(
            self.launch(),
            {
                Moment.LAUNCH: ("SELECT 1 FROM command WHERE kind = 'launch'", ()),
                Moment.STARTING: ("SELECT 1 FROM cycle_department WHERE is_started", ()),
            },
        )
        await self.confirm_targets()
        await self.hand_in_figures()
        for slot in ("approve-director", "approve-superior"):
            await self.decide_all(slot, "approve")
        await self.decide_all("feedback", "done")
        await self.publish()

    async def launch(self) -> None:
        cycle_id, hr = self.at.company.cycle_id, self.at.company.hr_id
        await self.at.ask(hr, f"/api/cycles/{cycle_id}/launch", "launch")
        await self.open_everywhere("targets")

    async def confirm_targets(self) -> None:
        prompt, *silent = [department.id for department in self.at.company.departments]
        await self.decide(self.task(prompt, "targets"), "confirm")
        moved_up = "SELECT 1 FROM task WHERE level = 1 AND state = 'open'"
        await self.during(
            self.go_to(TARGETS_DUE + BEYOND, moved_up, times=len(silent)),
            {Moment.RUNG: ("SELECT 1 FROM notice WHERE occasion = 'task-escalated'", ())},
        )
        first, second = (self.task(department_id, "targets") for department_id in silent)
        # The worker is killed when it has written the decision but not reported it, others before that.
        by_worker = self.kills is not None and self.kills.what is What.WORKER
        begun = DECIDED if by_worker else "SELECT 1 FROM command WHERE task_id = ?"
        await self.during(self.decide(first, "confirm"), {Moment.DECISION: (begun, (first,))})
        await self.decide(second, "confirm")
        await self.at.at_rest()

    async def hand_in_figures(self) -> None:
        slots = [f"submit-{month.month:%Y-%m}" for month in TERMS.months]
        submissions = "SELECT 1 FROM task WHERE state = 'open' AND stage = 'submission'"
        await self.go_to(MONTHS_OPEN + BEYOND, submissions, times=9)
        tasks = [self.task(department.id, slot) for slot in slots for department in self.at.company.departments]
        for task_id in tasks[:-1]:
            await self.submit(task_id)

        async def pass_the_gate() -> None:
            await self.submit(tasks[-1])
            await self.open_everywhere("approve-director")

        await self.during(pass_the_gate(), {Moment.GATE: (DECIDED, (tasks[-1],))})

    async def publish(self) -> None:
        at, company = self.at, self.at.company
        await at.until("SELECT 1 FROM cycle WHERE state = 'ready'")
        await at.at_rest()
        await at.ask(company.hr_id, f"/api/cycles/{company.cycle_id}/publish", "publish")
        people = sum(len(department.people_ids) for department in company.departments)
        for occasion in ("results-approved", "results-published"):
            await at.until("SELECT 1 FROM notice WHERE occasion = ?", occasion, times=people)
        await at.at_rest()

    # --- parts ----------------------------------------------------------------------------------

    async def during(self, doing: Coroutine[Any, Any, None], moments: Mapping[Moment, Query]) -> None:
        """Do something; kill as soon as a moment of the kills shows in the database, if it is one of these."""
        kills = self.kills
        when = next((moment for moment in kills.moments if moment in moments), None) if kills else None
        if kills is None or when is None:
            await doing
            return
        answering = ANSWERED_BY.get(when, kills.what)
        if answering is not kills.what:
            self.at.hold(answering)
        under_way = asyncio.create_task(doing)
        await self.at.kill(kills.what, moments[when])
        if answering is not kills.what:
            self.at.release(answering)
        await under_way

    async def go_to(self, instant: datetime, then: str, times: int) -> None:
        await self.at.go_to(instant)
        await self.at.until(then, times=times)
        await self.at.at_rest()

    async def open_everywhere(self, slot: str) -> None:
        await self.at.until(OPEN, slot, times=len(self.at.company.departments))
        await self.at.at_rest()

    async def decide_all(self, slot: str, choice: str) -> None:
        await self.open_everywhere(slot)
        for department in self.at.company.departments:
            await self.decide(self.task(department.id, slot), choice)
        await self.at.at_rest()

    async def decide(self, task_id: str, choice: str) -> None:
        await self.at.ask(self.holder(task_id), f"/api/tasks/{task_id}/decide", task_id, {"choice": choice})

    async def submit(self, task_id: str) -> None:
        """Hand in what the CRM does not know: each team's satisfaction."""
        department = next(each for each in self.at.company.departments if f".{each.id}." in task_id)
        month = task_id.rsplit(".", 2)[1].removeprefix("submit-")
        figures = [
            {"team": team, "metric": "satisfaction", "month": month, "value": "90"} for team in department.team_ids
        ]
        await self.at.ask(self.holder(task_id), f"/api/tasks/{task_id}/submit", task_id, {"rows": figures})

    def task(self, department_id: str, slot: str) -> str:
        return f"{self.at.company.cycle_id}.{department_id}.{slot}.1"

    def holder(self, task_id: str) -> str:
        ((holder,),) = self.at.bystander.rows("SELECT holder_id FROM task WHERE id = ?", (task_id,))
        return str(holder)

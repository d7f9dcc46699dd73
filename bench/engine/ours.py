"""Quarterdeck as its users meet it: companies launched and tasks decided over HTTP."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

from sqlmodel import and_, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from bench.engine.callers import Caller
from models.accounts import Scope
from models.database import SessionMaker, writing
from models.delivery import Delivery, hash_of_token
from models.months import month_after
from models.names import department_workflow_id, task_id
from models.org import ApiToken
from models.stages import DeliveryState
from models.tasks import Task
from quarterdeck.demo.small import EVERYTHING, SmallCompany, make_small_company

PEOPLE_PER_DEPARTMENT = 25
POLL_SECONDS = 0.05
LATER_SECONDS = 0.5
"""Who was told "received" asks again after this; more often, and 50 of them would be a load of their own."""
CONFIRM = {"choice": "confirm"}


@dataclass(frozen=True)
class Company:
    """A company, and the bearer tokens of those who act."""

    small: SmallCompany
    tokens: dict[str, str]

    @property
    def cycle_id(self) -> str:
        return self.small.cycle_id

    def task_of(self, number: int) -> tuple[str, str]:
        """Return a department's first task, and its director's token."""
        department = self.small.departments[number]
        return task_id(self.cycle_id, department.id, "targets", 1), self.tokens[department.director_id]

    def workflow_of(self, number: int) -> str:
        return department_workflow_id(self.small.company_id, self.cycle_id, self.small.departments[number].id)


class Ours:
    def __init__(self, sessions: SessionMaker, application: str) -> None:
        self.sessions = sessions
        self.application = application

    async def make(self, name: str, departments: int) -> Company:
        """Make a company of 25 people a department, with a quarter to launch."""
        small = await make_small_company(
            self.sessions,
            departments,
            PEOPLE_PER_DEPARTMENT,
            starts_on=month_after(datetime.now(UTC).date().replace(day=1), 2),
            company_id=f"{name}-large",
            divisions=min(20, departments),
            metrics=EVERYTHING,
            has_crm=False,
            prefix=f"{name}-",
        )
        people = [small.hr_id, *(department.director_id for department in small.departments)]
        tokens = {person: secrets.token_urlsafe(32) for person in people}
        now = datetime.now(UTC)
        async with self.sessions() as session:
            await writing(session)
            session.add_all(
                ApiToken(
                    token_hash=hash_of_token(token),
                    name="bench",
                    scopes=list(Scope),
                    person_id=person,
                    created_at=now,
                )
                for person, token in tokens.items()
            )
            await session.commit()
        return Company(small, tokens)

    async def launch(self, company: Company) -> tuple[float, float]:
        """Launch a quarter; return the seconds until the last task is open, and until all mails are out."""
        count = len(company.small.departments)
        began = perf_counter()
        async with Caller(self.application) as caller:
            status, answer = await caller.post(
                f"/api/cycles/{company.cycle_id}/launch", company.tokens[company.small.hr_id], {}
            )
        assert status == 200, answer
        await self.counted(select(func.count()).where(col(Task.cycle_id) == company.cycle_id), count)
        until_open = perf_counter() - began
        sent = and_(col(Delivery.cycle_id) == company.cycle_id, col(Delivery.state) == DeliveryState.SENT)
        await self.counted(select(func.count()).where(sent), count)
        return until_open, perf_counter() - began

    async def counted(self, counting: SelectOfScalar[int], count: int) -> None:
        """Wait until that many rows are there."""
        counted = 0
        while counted < count:
            await asyncio.sleep(POLL_SECONDS)
            async with self.sessions() as session:
                counted = (await session.exec(counting)).one()

    async def decide(self, caller: Caller, company: Company, number: int) -> None:
        """Confirm a department's targets and wait until that is recorded."""
        task, token = company.task_of(number)
        status, answer = await caller.post(f"/api/tasks/{task}/decide", token, CONFIRM)
        while answer.get("state") == "received":
            await asyncio.sleep(LATER_SECONDS)
            status, answer = await caller.get(f"/api/commands/{answer.get('command_id') or answer['id']}", token)
        assert (status, answer["state"]) == (200, "done"), answer

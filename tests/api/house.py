"""The application as a test holds it: with callers, and tasks opened as the workflow's activities would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from api.commands import Commands
from api.cookies import Cookies
from api.engine import Engine
from api.parts import Parts
from connectors.files import open_sheet, read_table
from models.accounts import Scope
from models.database import SessionMaker
from models.names import department_workflow_id, task_id
from models.org import ApiToken
from models.settings import Settings
from models.stages import Stage, TaskKind
from models.tasks import Task
from quarterdeck.demo.small import SmallCompany, make_small_company
from server import MessageTexts, write_message
from tests.api.standin import Seen, StandInCycle, StandInReview

DEADLINE = datetime(2055, 1, 13, 10, tzinfo=UTC)


def make_parts(sessions: SessionMaker, engine: Engine, settings: Settings) -> Parts:
    return Parts(
        settings=settings,
        sessions=sessions,
        engine=engine,
        commands=Commands(engine, settings),
        cookies=Cookies(settings),
        write=write_message,
        read_table=read_table,
        open_table=open_sheet,
        texts=MessageTexts(),
    )


HOST = "http://127.0.0.1:8000"


def token_of(person_id: str) -> ApiToken:
    """Return a machine's token for everything that a person may do; it is the person's id."""
    return ApiToken(
        token_hash=sha256(person_id.encode()).hexdigest(),
        name="test",
        scopes=list(Scope),
        person_id=person_id,
        created_at=datetime.now(UTC),
    )


def machine(app: FastAPI, token: str, language: str = "en") -> httpx.AsyncClient:
    """Return a client that acts with a token."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=HOST,
        headers={"authorization": f"Bearer {token}", "accept-language": language},
    )


@dataclass(frozen=True)
class House:
    """The application with its callers."""

    app: FastAPI
    parts: Parts
    client: Client
    company: SmallCompany
    sessions: SessionMaker

    def caller(self, person_id: str, language: str = "en") -> httpx.AsyncClient:
        """Return a machine that acts as the person; its token is the person's id."""
        return machine(self.app, person_id, language)

    async def give_tokens(self, *people: str) -> None:
        async with self.sessions() as session:
            session.add_all(token_of(person_id) for person_id in people)
            await session.commit()

    async def other_company(self) -> SmallCompany:
        """Make a second company of the group, whose HR has a token."""
        prefix = f"y{uuid4().hex[:8]}-"
        other = await make_small_company(self.sessions, 1, 2, company_id=f"{prefix}co", prefix=prefix)
        await self.give_tokens(other.hr_id)
        return other

    async def open_task(
        self, slot: str = "targets", kind: TaskKind = TaskKind.CONFIRM_TARGETS, **columns: Any
    ) -> Task:
        """Open a task of the first department, as the workflow's activity would."""
        department = self.company.departments[0]
        columns = {"holder_id": department.director_id, "first_holder_id": department.director_id, **columns}
        task = Task(
            id=task_id(self.company.cycle_id, department.id, slot, 1),
            company_id=self.company.company_id,
            cycle_id=self.company.cycle_id,
            department_id=department.id,
            slot=slot,
            kind=kind,
            stage=columns.pop("stage", Stage.TARGETS),
            opened_at=datetime(2054, 12, 1, 1, tzinfo=UTC),
            deadline_at=columns.pop("deadline_at", DEADLINE),
            first_deadline_at=DEADLINE,
            **columns,
        )
        async with self.sessions() as session:
            session.add(task)
            await session.commit()
        return task

    async def start_review(self) -> WorkflowHandle[Any, Any]:
        department = self.company.departments[0]
        workflow_id = department_workflow_id(self.company.company_id, self.company.cycle_id, department.id)
        return await self.client.start_workflow(
            StandInReview.run, Seen(), id=workflow_id, task_queue=self.parts.settings.task_queue
        )

    def worker(self) -> Worker:
        return Worker(
            self.client,
            task_queue=self.parts.settings.task_queue,
            workflows=[StandInReview, StandInCycle],
        )

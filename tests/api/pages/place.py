"""The pages as a test holds them: browsers that sign in, and commands that are carried out at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.contrib.pydantic import pydantic_data_converter

from api.commands import Asked, CommandKind, Commands, Outcome, Wish
from api.engine import Engine
from api.parts import AccountLetter
from models.accounts import acted_by
from models.database import SessionMaker, writing
from models.delivery import Link, hash_of_token
from models.errors import Refusal
from models.messages import Answer
from models.names import task_id
from models.org import Person
from models.settings import Settings
from models.stages import Choice, CommandState, Stage, TaskKind, TaskState
from models.tasks import Command, Decision, Task
from models.terms import Frozen
from quarterdeck.demo.small import PASSWORD, SmallCompany

HOST = "http://127.0.0.1:8000"


class RecordedCommands(Commands):
    """Takes down what was asked, and writes a decision as the workflow's activity would."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Engine(pydantic_data_converter), settings)
        self.wishes: list[Wish] = []
        self.signals: list[tuple[str, str, Frozen]] = []
        self.refusal: Refusal | None = None
        self.refused: list[Wish] = []
        self.refusals: dict[str, Refusal] = {}
        """By task."""
        self.asked: list[Asked | None] = []
        self.is_away = False

    async def ask(self, session: AsyncSession, wish: Wish, asked: Asked | None = None) -> Outcome:
        await session.rollback()
        if self.refusal:
            self.refused.append(wish)
            raise self.refusal
        self.asked.append(asked)
        if wish.task_id in self.refusals:
            raise self.refusals[wish.task_id]
        self.wishes.append(wish)
        if self.is_away:
            await take_down(session, wish)
            return Outcome(wish.command_id, CommandState.RECEIVED)
        if wish.kind is CommandKind.DECIDE and wish.move:
            await record(session, wish, wish.move)
        elif wish.kind in (CommandKind.SOURCE, CommandKind.FETCH):
            await save(session, wish)
        return Outcome(
            wish.command_id, CommandState.DONE, Answer(command_id=wish.command_id, at=datetime.now(UTC))
        )

    async def signal(self, workflow_id: str, name: str, message: Frozen) -> bool:
        self.signals.append((workflow_id, name, message))
        return True


class RecordedPost:
    """Keeps the mails with one-time links that were asked for."""

    def __init__(self) -> None:
        self.letters: list[AccountLetter] = []
        self.is_away = False

    async def __call__(self, letter: AccountLetter) -> bool:
        self.letters.append(letter)
        return not self.is_away


async def record(session: AsyncSession, wish: Wish, move: Frozen) -> None:
    await writing(session)
    known = await session.get(Decision, wish.task_id)
    if known:
        raise Refusal("task-closed", by_id=known.by_id, choice=known.choice.value, at=known.decided_at.isoformat())
    task = await session.get_one(Task, wish.task_id)
    task.state, task.closed_at = TaskState.DECIDED, datetime.now(UTC)
    decision = Decision(
        task_id=task.id,
        command_id=wish.command_id,
        cycle_id=task.cycle_id,
        department_id=task.department_id,
        choice=Choice(move.model_dump()["choice"]),
        by_id=wish.by_id,
        acted_by=acted_by(session),
        comment=wish.words.get("comment", ""),
        decided_at=datetime.now(UTC),
    )
    session.add_all([task, decision, *wish.rows])
    if wish.alongside is not None:
        await wish.alongside(session)
    await session.commit()


async def save(session: AsyncSession, wish: Wish) -> None:
    """Write a wish's words."""
    await writing(session)
    session.add_all(wish.rows)
    if wish.alongside is not None:
        await wish.alongside(session)
    await session.commit()


async def take_down(session: AsyncSession, wish: Wish) -> None:
    await writing(session)
    session.add(
        Command(
            id=wish.command_id,
            idempotency_key=wish.command_id,
            company_id=wish.company_id,
            by_id=wish.by_id,
            kind=wish.kind.value,
            workflow_id=wish.workflow_id,
            task_id=wish.task_id,
            cycle_id=wish.cycle_id,
            received_at=datetime.now(UTC),
        )
    )
    await session.commit()


@dataclass
class Browser:
    """A person's browser: keeps cookies, and sends forms with the token of the page they are on."""

    http: httpx.AsyncClient
    csrf: str = ""
    page: str = field(default="", repr=False)

    async def open(self, address: str) -> httpx.Response:
        return self._seen(await self.http.get(address, follow_redirects=True))

    async def send(self, address: str, /, files: Any = None, **fields: str) -> httpx.Response:
        answer = await self.http.post(address, data={"csrf": self.csrf, **fields}, files=files)
        while answer.next_request is not None:
            answer = await self.http.send(answer.next_request)
        return self._seen(answer)

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        token = re.search(r'name="csrf" value="([^"]+)"', answer.text)
        self.csrf = token[1] if token else self.csrf
        self.page = answer.text
        return answer


@dataclass(frozen=True)
class Place:
    """The application with its company."""

    app: FastAPI
    company: SmallCompany
    sessions: SessionMaker
    commands: RecordedCommands
    settings: Settings
    post: RecordedPost = field(default_factory=RecordedPost)

    @property
    def moves(self) -> list[dict[str, Any]]:
        """What was asked of the engine."""
        return [wish.move.model_dump() for wish in self.commands.wishes if wish.move]

    def browser(self, language: str = "en") -> Browser:
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=HOST, headers={"accept-language": language}
        )
        http.cookies.set("quarterdeck_language", {"en": "en", "zh": "zh-CN"}[language])
        return Browser(http)

    async def signed_in(self, user_name: str, language: str = "en") -> Browser:
        browser = self.browser(language)
        await browser.open("/sign-in")
        answer = await browser.send("/sign-in", user_name=user_name, password=PASSWORD)
        assert answer.status_code == 200, answer.text
        return browser

    async def director(self, language: str = "en") -> Browser:
        return await self.signed_in("d0001", language)

    async def open_task(
        self, kind: TaskKind = TaskKind.CONFIRM_TARGETS, stage: Stage = Stage.TARGETS, **columns: Any
    ) -> Task:
        """Open a task of the first department, as the workflow's activity would."""
        department = self.company.departments[0]
        slot = columns.pop("slot", kind.value)
        deadline = columns.pop("deadline_at", datetime.now(UTC) + timedelta(days=3))
        task = Task(
            id=task_id(self.company.cycle_id, department.id, slot, 1),
            company_id=self.company.company_id,
            cycle_id=self.company.cycle_id,
            department_id=department.id,
            slot=slot,
            kind=kind,
            stage=stage,
            opened_at=datetime.now(UTC),
            deadline_at=deadline,
            first_deadline_at=deadline,
            **{"holder_id": department.director_id, "first_holder_id": department.director_id, **columns},
        )
        await self.add(task)
        return task

    async def link_to(self, task: Task, person_id: str = "", *, name: str = "a-token") -> str:
        """Send a link whose token is `name`; return its address."""
        person_id = person_id or task.holder_id
        now = datetime.now(UTC)
        link = Link(
            token_hash=hash_of_token(name),
            task_id=task.id,
            person_id=person_id,
            for_id=person_id,
            epoch=1,
            issued_at=now,
        )
        await self.add(link)
        return f"/t/{name}"

    async def digits_of(self, person_id: str) -> str:
        async with self.sessions() as session:
            return (await session.get_one(Person, person_id)).staff_no[-4:]

    async def add(self, *rows: Any) -> None:
        async with self.sessions() as session:
            await writing(session)
            session.add_all(rows)
            await session.commit()

    async def change(self, row: type[Any], key: Any, **values: Any) -> None:
        async with self.sessions() as session:
            await writing(session)
            found = await session.get_one(row, key)
            for name, value in values.items():
                setattr(found, name, value)
            session.add(found)
            await session.commit()

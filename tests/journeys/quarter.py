"""A quarter on real parts: engine, worker, application, mail server, Twilio's API; only time is skipped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI
from pydantic import AnyHttpUrl, SecretStr
from sqlmodel import col, select
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from models.accounts import Scope
from models.clock import ClockOffset
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker, insert_once
from models.delivery import Delivery, Notice
from models.org import ApiToken, CalendarDay, Person
from models.settings import Settings, SmtpSettings, TwilioSettings
from models.stages import Channel, CycleState, DeliveryState, TaskState
from models.tasks import Decision, Task
from quarterdeck.conductor import Conductor, demo_client
from quarterdeck.demo.small import SmallCompany
from server import build_parts
from tests.standins.smtp import MailServer
from tests.standins.twilio_api import ACCOUNT, AUTH_TOKEN, TwilioStandIn
from tests.workflows.house import in_hand
from worker import build_activities, build_workers

CHINA = ZoneInfo("Asia/Shanghai")
FORWARD = {
    "confirm-targets": "confirm",
    "approve-results": "approve",
    "give-feedback": "done",
}


def china(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), CHINA)


@dataclass(frozen=True)
class Outside:
    """What the company's messages go to."""

    mail: MailServer
    twilio: TwilioStandIn


@dataclass
class Quarter:
    """A running cycle, and the people who act in it over HTTP."""

    app: FastAPI
    sessions: SessionMaker
    company: SmallCompany
    conductor: Conductor
    outside: Outside

    def as_(self, person_id: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://127.0.0.1:8000",
            headers={"authorization": f"Bearer {person_id}", "accept-language": "en"},
            timeout=60,
        )

    async def post(self, person_id: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        async with self.as_(person_id) as caller:
            return await caller.post(path, json=body or {})

    async def get(self, person_id: str, path: str) -> Any:
        async with self.as_(person_id) as caller:
            answer = await caller.get(path)
            assert answer.status_code == 200, answer.text
            return answer.json()

    async def launch(self) -> None:
        answer = await self.post(self.company.hr_id, f"/api/cycles/{self.company.cycle_id}/launch")
        assert answer.status_code in (200, 201), answer.text
        await self.begun()

    async def begun(self) -> None:
        """Wait until every department has its first task, and everybody who is to hear of it has heard."""
        everywhere = len(self.company.departments)
        async with asyncio.timeout(60):
            while len(await self.open_tasks()) < everywhere:  # noqa: ASYNC110 - they are rows.
                await asyncio.sleep(0.1)
        await self.settled()

    async def hr(self, order: str, **body: Any) -> None:
        """Give an order of HR about the cycle, which must succeed."""
        answer = await self.post(self.company.hr_id, f"/api/cycles/{self.company.cycle_id}/{order}", body)
        assert answer.status_code == 200, answer.text
        await self.settled()

    async def go_to(self, instant: datetime) -> None:
        await self.conductor.advance_to(instant)
        await self.settled()

    async def now(self) -> datetime:
        return await self.conductor.now()

    async def decide(self, task: Task, by: str = "", choice: str = "", comment: str = "") -> None:
        answer = await self.try_to_decide(task, by, choice, comment)
        assert answer.status_code == 200, answer.text
        await self.settled()

    async def try_to_decide(self, task: Task, by: str = "", choice: str = "", comment: str = "") -> httpx.Response:
        body = {"choice": choice or FORWARD[task.kind], "comment": comment}
        return await self.post(by or task.holder_id, f"/api/tasks/{task.id}/decide", body)

    async def submit(self, task: Task, by: str = "", **more: str) -> httpx.Response:
        """Hand in the satisfaction of each team (90), and whatever `more` says, metric by team."""
        month = f"{task.month:%Y-%m}" if task.month else ""
        department = next(d for d in self.company.departments if d.id == task.department_id)
        rows = [
            {"team": team, "metric": "satisfaction", "month": month, "value": "90"} for team in department.team_ids
        ]
        rows += [
            {"team": department.team_ids[0], "person": person, "metric": "sales", "month": month, "value": value}
            for person, value in more.items()
        ]
        return await self.post(by or task.holder_id, f"/api/tasks/{task.id}/submit", {"rows": rows})

    async def open_tasks(self, department_id: str = "") -> list[Task]:
        async with self.sessions() as session:
            found = select(Task).where(col(Task.state) == TaskState.OPEN)
            if department_id:
                found = found.where(col(Task.department_id) == department_id)
            return list((await session.exec(found.order_by(col(Task.id)))).all())

    async def the_task(self, department_id: str) -> Task:
        async with asyncio.timeout(60):
            while not (tasks := await self.open_tasks(department_id)):  # noqa: ASYNC110 - it is a row.
                await asyncio.sleep(0.05)
        assert len(tasks) == 1, [task.id for task in tasks]
        return tasks[0]

    async def stages(self) -> dict[str, str]:
        async with self.sessions() as session:
            rows = (await session.exec(select(CycleDepartment))).all()
            return {row.department_id: row.stage.value for row in rows}

    async def reach(self, stages: dict[str, str]) -> None:
        """Wait until the departments stand at these stages."""
        deadline = asyncio.get_running_loop().time() + 60
        while (found := await self.stages()) != stages and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert found == stages

    async def reach_state(self, state: CycleState) -> None:
        """Wait until the cycle is in that state, and everybody who is to hear of it has heard."""
        async with asyncio.timeout(60):
            while (await self.cycle()).state is not state:  # noqa: ASYNC110 - it is a row.
                await asyncio.sleep(0.1)
        await self.settled()

    async def decisions(self, department_id: str = "") -> list[Decision]:
        async with self.sessions() as session:
            found = select(Decision).order_by(col(Decision.decided_at), col(Decision.task_id))
            if department_id:
                found = found.where(col(Decision.department_id) == department_id)
            return list((await session.exec(found)).all())

    async def person(self, person_id: str) -> Person:
        async with self.sessions() as session:
            return await session.get_one(Person, person_id)

    async def cycle(self) -> Cycle:
        async with self.sessions() as session:
            return await session.get_one(Cycle, self.company.cycle_id)

    async def sent(self, channel: Channel) -> list[tuple[str, str, str]]:
        """Return the messages of a channel: to whom, at which local time, on which occasion."""
        async with self.sessions() as session:
            found = await session.exec(
                select(Delivery)
                .where(col(Delivery.channel) == channel)
                .order_by(col(Delivery.moment), col(Delivery.person_id))
            )
            deliveries = found.all()
        assert {delivery.state for delivery in deliveries} <= {DeliveryState.SENT}
        return [(d.person_id, f"{d.moment.astimezone(CHINA):%Y-%m-%d %H:%M}", d.occasion) for d in deliveries]

    async def notices(self, **columns: Any) -> list[Notice]:
        async with self.sessions() as session:
            found = select(Notice).order_by(col(Notice.moment), col(Notice.key))
            for name, value in columns.items():
                found = found.where(getattr(Notice, name) == value)
            return list((await session.exec(found)).all())

    async def settled(self) -> None:
        """Wait until what was set off has come to rest: nothing in hand or to be sent, nothing new for a while."""
        quiet = 0
        before: tuple[int, ...] = ()
        async with asyncio.timeout(60):
            while quiet < 3:
                await asyncio.sleep(0.1)
                seen = await self.pulse()
                is_quiet = seen == before and seen[0] == 0 and await self.at_work() == 0
                quiet = quiet + 1 if is_quiet else 0
                before = seen

    async def pulse(self) -> tuple[int, ...]:
        """Count messages under way; beside it, marks of tasks and stages."""
        async with self.sessions() as session:
            outgoing = await session.exec(
                select(Notice.id).where(
                    col(Notice.channel).in_([Channel.SMS, Channel.EMAIL]), col(Notice.delivery_id) == ""
                )
            )
            under_way = await session.exec(
                select(Delivery.id).where(
                    col(Delivery.state).in_([DeliveryState.COLLECTING, DeliveryState.CLAIMED])
                )
            )
            tasks = await session.exec(select(Task.id, Task.state, Task.holder_id))
            departments = await session.exec(select(CycleDepartment.stage))
            return (
                len(outgoing.all()) + len(under_way.all()),
                hash(tuple(sorted(map(str, tasks.all())))),
                hash(tuple(sorted(departments.all()))),
            )

    async def at_work(self) -> int:
        """Count what the engine's workers have in hand."""
        client = await self.conductor.connect()
        cycles, departments = await self.conductor.workflows()
        count = 0
        for workflow_id in cycles + departments:
            try:
                count += await in_hand(client.get_workflow_handle(workflow_id))
            except RPCError as trouble:
                if trouble.status is not RPCStatusCode.NOT_FOUND:  # Nobody has launched it.
                    raise
        return count


@asynccontextmanager
async def quarter(
    engine: WorkflowEnvironment,
    sessions: SessionMaker,
    company: SmallCompany,
    outside: Outside,
    starts_at: datetime,
    days_off: dict[date, bool] | None = None,
) -> AsyncIterator[Quarter]:
    """Give a quarter whose business time begins at `starts_at`; nothing is launched yet."""
    settings = Settings(
        _env_file=None,
        secret_keys=(SecretStr("k" * 32),),
        demo=True,
        base_url=AnyHttpUrl("http://127.0.0.1:8000"),
        secure_cookies=False,
        second_factor="offered",
        task_queue=f"quarter-{uuid4().hex[:8]}",
        digest_window=timedelta(seconds=30),
        smtp=SmtpSettings(port=outside.mail.port, sender="Quarterdeck <perf@example.cn>"),
        twilio=TwilioSettings(
            account_sid=ACCOUNT,
            auth_token=SecretStr(AUTH_TOKEN),
            sender="+8610000000000",
            base_url=outside.twilio.base_url,
        ),
    )
    client = demo_client(engine.client)
    await prepare(sessions, company, starts_at, days_off or {})
    parts = build_parts(settings, sessions, client)
    workers = build_workers(settings, client, build_activities(settings, sessions, client))

    async def the_client() -> Any:
        return client

    app = create_app(parts)
    async with workers[0], workers[1], app.router.lifespan_context(app):
        yield Quarter(app, sessions, company, Conductor(the_client, sessions), outside)


async def prepare(
    sessions: SessionMaker, company: SmallCompany, starts_at: datetime, days_off: dict[date, bool]
) -> None:
    """Give everyone a token, HR's days off, and business time."""
    people = [company.boss_id, company.hr_id, company.finance_id, company.auditor_id, *company.superior_ids]
    for department in company.departments:
        people += [department.director_id, *department.people_ids]
    async with sessions() as session:
        now = datetime.now(UTC)
        await insert_once(
            session,
            [
                ApiToken(
                    token_hash=sha256(person.encode()).hexdigest(),
                    name="test",
                    scopes=list(Scope),
                    person_id=person,
                    created_at=now,
                )
                for person in dict.fromkeys(people)
            ],
        )
        session.add_all(
            CalendarDay(company_id=company.company_id, day=day, is_working=working)
            for day, working in days_off.items()
        )
        session.add(ClockOffset(microseconds=(starts_at - now) // timedelta(microseconds=1)))
        await session.commit()

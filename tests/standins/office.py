"""A small company with a cycle, for tests of messages: who there is, and notices put into the outbox.

Wang Fang leads department 1 and reports to Li Qiang, he to Chen Wei; Zhao Min of HR owns the cycle.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.dispatch import DispatchActivities
from models.cycles import Cycle
from models.database import SessionMaker, writing
from models.delivery import Delivery, Notice
from models.messages import Dispatch
from models.org import Company, Person, Unit
from models.settings import SmtpSettings, TwilioSettings
from models.stages import Channel, CycleState, Language, Occasion, Stage, TaskKind, UnitKind
from models.tasks import Task
from models.terms import MonthDue, Terms
from notifications.email import EmailChannel
from notifications.outbox import Timing
from notifications.parcels import Sender
from notifications.sms import SmsChannel
from tests.standins.broken import DiesAt
from tests.standins.smtp import MailServer
from tests.standins.twilio_api import ACCOUNT, AUTH_TOKEN, TwilioStandIn

COMPANY, CYCLE, BASE_URL = "hd", "hd-2026q4", "https://perf.example.cn"
DIRECTOR, SUPERIOR, BOSS, HR = "wang", "li", "chen", "zhao"

NINE = datetime(2026, 10, 22, 1, tzinfo=UTC)
"""09:00 in Shanghai, the day before the deadline."""

DEADLINE = datetime(2026, 10, 23, 10, tzinfo=UTC)
"""18:00 in Shanghai, a Friday."""

AT_ONCE = Timing(
    window=timedelta(seconds=5),
    settle=timedelta(0),
    poll=timedelta(milliseconds=20),
    hand_over=timedelta(seconds=10),
    look_up_after=timedelta(0),
    first_retry=timedelta(0),
)
"""No pauses where nothing needs one."""

TERMS = Terms(
    targets_due_on=date(2026, 10, 23),
    months=(MonthDue(month=date(2026, 10, 1), opens_on=date(2026, 10, 1), due_on=date(2026, 10, 23)),),
    approvals_due_on=(date(2027, 1, 8), date(2027, 1, 11), date(2027, 1, 13)),
    feedback_due_on=date(2027, 1, 20),
)

PEOPLE = (
    (DIRECTOR, "王芳", "+8613800000001", SUPERIOR, "总监"),
    (SUPERIOR, "李强", "+8613800000002", BOSS, "副总裁"),
    (BOSS, "陈伟", "+8613800000003", None, "总经理"),
    (HR, "赵敏", "+8613800000004", BOSS, "人力资源"),
)


class Office:
    """The company's rows, and the activity that sends."""

    def __init__(self, sessions: SessionMaker, mail: MailServer, twilio: TwilioStandIn) -> None:
        self.sessions = sessions
        self.mail = mail
        self.twilio = twilio
        self.sms = TwilioSettings(
            account_sid=ACCOUNT,
            auth_token=SecretStr(AUTH_TOKEN),
            sender="+8610000000000",
            base_url=twilio.base_url,
            timeout_seconds=3,
        )
        self.smtp = SmtpSettings(port=mail.port, sender="Quarterdeck <perf@example.cn>", timeout_seconds=10)

    @staticmethod
    def hurried(**times: timedelta) -> Timing:
        """Return the timing of tests with some times of its own."""
        return replace(AT_ONCE, **times)

    async def found(self) -> None:
        """Write the company's rows."""
        async with self.sessions() as session:
            session.add(Company(id=COMPANY, name="华东科技", name_en="Huadong Technology"))
            await session.flush()
            session.add(
                Unit(id="d1", company_id=COMPANY, kind=UnitKind.DEPARTMENT, name="销售一部", name_en="Sales One")
            )
            for id_, name, phone, superior, post in PEOPLE:
                session.add(
                    Person(
                        id=id_,
                        company_id=COMPANY,
                        staff_no=f"10{id_}",
                        name=name,
                        email=f"{id_}@example.cn",
                        phone=phone,
                        unit_id="d1",
                        superior_id=superior,
                        post=post,
                    )
                )
            session.add(
                Cycle(
                    id=CYCLE,
                    company_id=COMPANY,
                    name="2026年第四季度绩效",
                    starts_on=date(2026, 10, 1),
                    ends_on=date(2026, 12, 31),
                    state=CycleState.RUNNING,
                    hr_owner_id=HR,
                    terms=TERMS.model_dump(mode="json"),
                )
            )
            await session.commit()

    async def task(
        self, task_id: str = "t1", department_id: str = "d1", holder: str = DIRECTOR, **more: Any
    ) -> Task:
        """Write an open task, and its department where it is new."""
        async with self.sessions() as session:
            if await session.get(Unit, department_id) is None:
                name = f"销售{department_id[1:]}部"
                session.add(Unit(id=department_id, company_id=COMPANY, kind=UnitKind.DEPARTMENT, name=name))
            task = Task(
                **{
                    "id": task_id,
                    "company_id": COMPANY,
                    "cycle_id": CYCLE,
                    "department_id": department_id,
                    "slot": "targets",
                    "kind": TaskKind.CONFIRM_TARGETS,
                    "stage": Stage.TARGETS,
                    "holder_id": holder,
                    "first_holder_id": holder,
                    "opened_at": NINE - timedelta(days=10),
                    "deadline_at": DEADLINE,
                    "first_deadline_at": DEADLINE,
                    **more,
                }
            )
            session.add(task)
            await session.commit()
            return task

    async def notice(
        self,
        batch: str = "b1",
        task_id: str = "t1",
        *,
        to: str = DIRECTOR,
        channel: Channel = Channel.EMAIL,
        occasion: Occasion = Occasion.TASK_REMINDER,
        **more: Any,
    ) -> None:
        """Put a notice into the outbox."""
        async with self.sessions() as session:
            task = await session.get(Task, task_id) if task_id else None
            key = f"{task_id}/{occasion}/{channel}/{to}/{batch}/{more.get('moment', NINE).isoformat()}"
            row = {
                "id": key,
                "key": key,
                "batch": batch,
                "company_id": COMPANY,
                "cycle_id": CYCLE,
                "department_id": task.department_id if task else "",
                "task_id": task_id,
                "person_id": to,
                "meant_for": to,
                "channel": channel,
                "occasion": occasion,
                "rung": "email-1d",
                "moment": NINE,
                **more,
            }
            session.add(Notice(**row))
            await session.commit()

    def activities(self, timing: Timing = AT_ONCE, **parts: Any) -> DispatchActivities:
        """Return the activities, as the worker builds them."""
        senders: dict[Channel, Sender] = {
            Channel.EMAIL: EmailChannel(self.smtp),
            Channel.SMS: SmsChannel(self.sms),
        }
        return DispatchActivities(
            self.sessions,
            {**senders, **parts.pop("senders", {})},
            base_url=BASE_URL,
            sms=parts.pop("sms", self.sms),
            timing=timing,
            **parts,
        )

    def dying(self, channel: Channel, *, before: bool) -> dict[Channel, Sender]:
        """Return a channel whose worker dies before, or after, it has handed a message over."""
        return {channel: DiesAt(self.activities().senders[channel], before=before)}

    async def dispatch(self, batch: str = "b1", timing: Timing = AT_ONCE, **parts: Any) -> None:
        """Send a batch, as the engine asks for it."""
        activities = self.activities(timing, **parts)
        asked = Dispatch(company_id=COMPANY, key=batch, now=NINE)
        await ActivityEnvironment().run(activities.dispatch, asked)

    async def deliveries(self, channel: Channel | None = None) -> list[Delivery]:
        """Return the delivery log."""
        async with self.sessions() as session:
            found = await session.exec(
                select(Delivery).order_by(col(Delivery.moment), col(Delivery.channel), col(Delivery.part))
            )
            return [each for each in found.all() if channel in (None, each.channel)]

    async def until_collecting(self) -> None:
        """Wait until somebody has opened a collection."""
        async with asyncio.timeout(60):
            while not await self.deliveries():  # noqa: ASYNC110 - another process may write it.
                await asyncio.sleep(0.02)

    async def change(self, table: type[Any], id_: str, **values: Any) -> None:
        """Change a row."""
        async with self.sessions() as session:
            await writing(session)
            await session.exec(update(table).where(table.id == id_).values(**values))
            await session.commit()

    async def speaks(self, person_id: str, language: Language) -> None:
        await self.change(Person, person_id, language=language)

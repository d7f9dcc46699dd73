"""Notices of one happening, written in the transaction of what happened (DESIGN 9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from models.database import insert_once
from models.delivery import Notice
from models.org import deputy_of
from models.stages import Channel, Occasion
from models.tasks import Task


class Outbox:
    """Collects notices under one batch; `write` puts them into the session.

    What is meant for a person on leave goes to their deputy (Rule 11).
    """

    def __init__(self, session: AsyncSession, batch: str, now: datetime, today: date) -> None:
        self.session = session
        self.batch = batch
        self.now = now
        self.today = today
        self.notices: list[Notice] = []

    async def about_task(
        self,
        task: Task,
        person_id: str,
        channels: Iterable[Channel],
        occasion: Occasion,
        rung: str = "",
        **facts: Any,
    ) -> None:
        """Tell a person, or whoever stands in for them, something about a task."""
        notice = self.notice(
            occasion,
            task.company_id,
            task.cycle_id,
            department_id=task.department_id,
            task_id=task.id,
            epoch=task.epoch,
            rung=rung,
            facts=facts,
        )
        await self.tell(person_id, channels, notice)

    async def about_cycle(
        self,
        company_id: str,
        cycle_id: str,
        person_id: str,
        channels: Iterable[Channel],
        occasion: Occasion,
        **facts: Any,
    ) -> None:
        """Tell a person, or whoever stands in for them, something about a cycle."""
        await self.tell(person_id, channels, self.notice(occasion, company_id, cycle_id, facts=facts))

    def to_each(
        self,
        company_id: str,
        cycle_id: str,
        department_id: str,
        people: Iterable[str],
        occasion: Occasion,
    ) -> None:
        """Tell many people the same in the system; it is about themselves, so no deputy gets it."""
        for person_id in people:
            notice = self.notice(occasion, company_id, cycle_id, department_id=department_id, person_id=person_id)
            self.add(notice, (Channel.SYSTEM,))

    def notice(self, occasion: Occasion, company_id: str, cycle_id: str, **columns: Any) -> Notice:
        """Return what `add` gives a key, a channel, and where it is not there yet, `tell` a person."""
        return Notice(
            **{
                "id": "",
                "key": "",
                "batch": self.batch,
                "company_id": company_id,
                "cycle_id": cycle_id,
                "person_id": "",
                "channel": Channel.SYSTEM,
                "occasion": occasion,
                "moment": self.now,
                **columns,
            }
        )

    async def tell(self, person_id: str, channels: Iterable[Channel], notice: Notice) -> None:
        notice.person_id = await deputy_of(self.session, person_id, self.today) or person_id
        notice.meant_for = person_id if notice.person_id != person_id else ""
        self.add(notice, channels)

    def add(self, pattern: Notice, channels: Iterable[Channel]) -> None:
        for channel in channels:
            key = f"{self.batch}/{pattern.occasion}/{channel}/{pattern.person_id}"
            self.notices.append(pattern.model_copy(update={"id": key, "key": key, "channel": channel}))

    async def write(self) -> None:
        await insert_once(self.session, self.notices)

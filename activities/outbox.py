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
        receiver = await deputy_of(self.session, person_id, self.today) or person_id
        self.add(
            Notice(
                id="",
                key="",
                batch=self.batch,
                company_id=task.company_id,
                cycle_id=task.cycle_id,
                department_id=task.department_id,
                task_id=task.id,
                epoch=task.epoch,
                person_id=receiver,
                meant_for=person_id if receiver != person_id else "",
                channel=Channel.SYSTEM,
                occasion=occasion,
                rung=rung,
                facts=facts,
                moment=self.now,
            ),
            channels,
        )

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
        receiver = await deputy_of(self.session, person_id, self.today) or person_id
        self.add(
            Notice(
                id="",
                key="",
                batch=self.batch,
                company_id=company_id,
                cycle_id=cycle_id,
                person_id=receiver,
                meant_for=person_id if receiver != person_id else "",
                channel=Channel.SYSTEM,
                occasion=occasion,
                facts=facts,
                moment=self.now,
            ),
            channels,
        )

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
            self.add(
                Notice(
                    id="",
                    key="",
                    batch=self.batch,
                    company_id=company_id,
                    cycle_id=cycle_id,
                    department_id=department_id,
                    person_id=person_id,
                    channel=Channel.SYSTEM,
                    occasion=occasion,
                    moment=self.now,
                ),
                (Channel.SYSTEM,),
            )

    def add(self, pattern: Notice, channels: Iterable[Channel]) -> None:
        for channel in channels:
            key = f"{self.batch}/{pattern.occasion}/{channel}/{pattern.person_id}"
            self.notices.append(pattern.model_copy(update={"id": key, "key": key, "channel": channel}))

    async def write(self) -> None:
        await insert_once(self.session, self.notices)

"""What most activities about a task need first: the cycle, its terms, its calendar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.exceptions import ApplicationError

from models.cycles import Cycle, CycleEvent
from models.errors import Refusal
from models.org import calendar_overrides
from models.terms import Terms
from rules.calendar import WorkCalendar, calendar_for


@dataclass(frozen=True)
class Case:
    """A cycle with its terms, at an instant of business time."""

    cycle: Cycle
    now: datetime

    @cached_property
    def terms(self) -> Terms:
        return self.cycle.the_terms()

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.terms.time_zone)).date()

    async def calendar(self, session: AsyncSession) -> WorkCalendar:
        return calendar_for(self.terms, await calendar_overrides(session, self.cycle.company_id))

    def event(self, key: str, kind: str, **columns: Any) -> CycleEvent:
        """Return a line of the cycle's history; `key` is made from what happened."""
        return CycleEvent(
            id=key,
            company_id=self.cycle.company_id,
            cycle_id=self.cycle.id,
            kind=kind,
            at=self.now,
            **columns,
        )


async def case_of(session: AsyncSession, cycle_id: str, now: datetime) -> Case:
    cycle = await session.get_one(Cycle, cycle_id)
    return Case(cycle, now)


@contextmanager
def refusals() -> Iterator[None]:
    """Let a refusal reach whoever asked: trying again cannot help."""
    try:
        yield
    except Refusal as refusal:
        raise ApplicationError(
            refusal.code, dict(refusal.facts), type=refusal.code, non_retryable=True
        ) from refusal

"""Figures that come by themselves (Rule 29): a source's fetch, and the schedule by which it is fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from models import effects
from models.effects import Effect
from models.fetch_orders import FetchDue, FetchOrder, FetchSchedule, FetchStep, FetchTrouble
from models.sources import FetchMode
from workflows.effects import LONG, perform, record

ONCE = RetryPolicy(maximum_attempts=1)
"""A person waits for it, and can try again."""
PERSISTENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5), maximum_attempts=12
)
"""Some twenty minutes; a source that asks for a longer wait gets it."""
BEAT = timedelta(seconds=30)
"""Without a sign of life for so long the worker is taken for dead."""
LONGEST_FETCH = timedelta(hours=12)
EVENTS_BEFORE_CONTINUING = 1_000
CODE = re.compile(r"[a-z]+(-[a-z]+)+")
"""How the code of a trouble looks; the types of other failures are names of exceptions."""


@workflow.defn
class SourceFetch:
    """Reads a source and takes over what is right, all or nothing.

    Started under `fetch/{company}/{source}`, so that one runs at a time. What it cannot do stands in its row.
    """

    @workflow.run
    async def run(self, order: FetchOrder) -> None:
        wait = order.begin_at - workflow.now()
        if wait > timedelta(0):
            await workflow.sleep(wait)
        try:
            await self.carry_out(order)
        except ActivityError as failed:
            code, facts = trouble_in(failed)
            trouble = FetchTrouble(fetch_id=order.fetch_id, now=workflow.now(), code=code, facts=dict(facts))
            await record(effects.FAIL_FETCH, trouble)

    async def carry_out(self, order: FetchOrder) -> None:
        step = FetchStep(fetch_id=order.fetch_id, now=workflow.now())
        if order.mode is FetchMode.TEST:
            await self.take(effects.TEST_SOURCE, step, ONCE)
            return
        await self.take(effects.READ_SOURCE, step, PERSISTENT)
        await self.take(effects.TAKE_OVER, step, PERSISTENT)
        if order.mode is FetchMode.TAKE_OVER:
            await perform(effects.REFRESH_FIGURES, step)

    async def take(self, effect: Effect[FetchStep, None], step: FetchStep, retries: RetryPolicy) -> None:
        await workflow.execute_activity(
            effect.name,
            step,
            start_to_close_timeout=LONG,
            schedule_to_close_timeout=LONGEST_FETCH,
            heartbeat_timeout=BEAT,
            retry_policy=retries,
        )


@workflow.defn
class SourceSchedule:
    """Has a source fetched every so many minutes, as its row says when it looks; ends when the row says never.

    Started, or told to look, under `fetch-schedule/{company}/{source}` whenever the source is saved.
    """

    def __init__(self) -> None:
        self.has_changed = False

    @workflow.run
    async def run(self, schedule: FetchSchedule) -> None:
        while True:
            self.has_changed = False
            due = FetchDue(company_id=schedule.company_id, source_id=schedule.source_id, now=workflow.now())
            told = await perform(effects.FETCH_IF_DUE, due)
            if told.wait is None and not self.has_changed:
                return
            if told.wait is not None:
                await self.changes_within(told.wait)
            if workflow.info().get_current_history_length() > EVENTS_BEFORE_CONTINUING:
                workflow.continue_as_new(schedule)

    @workflow.signal
    def look(self) -> None:
        self.has_changed = True

    async def changes_within(self, wait: timedelta) -> None:
        try:
            await workflow.wait_condition(lambda: self.has_changed, timeout=wait)
        except TimeoutError:
            return


def trouble_in(failed: ActivityError) -> tuple[str, Mapping[str, Any]]:
    """Return what went wrong, as a code with facts."""
    cause = failed.cause
    if isinstance(cause, ApplicationError) and CODE.fullmatch(cause.type or ""):
        facts = cause.details[0] if cause.details and isinstance(cause.details[0], dict) else {}
        return cause.type or "", facts
    if isinstance(cause, exceptions.TimeoutError):
        return "fetch-interrupted", {}
    workflow.logger.error("A fetch failed: %s", cause)
    return "fetch-fault", {}

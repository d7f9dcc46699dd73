"""How workflows call effects: the two ways, their timeouts, and refusals on their way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from models.effects import Effect
from models.errors import Refusal
from models.names import TASK_QUEUE_OF_SENDS

Asked = TypeVar("Asked")
Given = TypeVar("Given")

QUICK = timedelta(seconds=20)
"""For one short transaction."""
LONG = timedelta(hours=1)
"""For work over a whole cycle or department; it heartbeats where it can take longer than a minute."""
HEARTBEAT = timedelta(seconds=60)
PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


def refused(refusal: Refusal) -> ApplicationError:
    """Turn a refusal into the failure that carries it through the engine."""
    return ApplicationError(refusal.code, dict(refusal.facts), type=refusal.code, non_retryable=True)


@contextmanager
def refusals() -> Iterator[None]:
    """Let refusals of our own code reach the caller of an update."""
    try:
        yield
    except Refusal as refusal:
        raise refused(refusal) from refusal


async def record(effect: Effect[Asked, Given], asked: Asked) -> Given:
    """Carry out an effect that is one short transaction, as a local activity (DESIGN 15).

    Raises:
        ApplicationError: the refusal, where the activity refused.
    """
    try:
        given: Given = await workflow.execute_local_activity(
            effect.name,
            asked,
            result_type=effect.given,
            start_to_close_timeout=QUICK,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)
            ),
        )
        return given
    except ActivityError as failed:
        if isinstance(failed.cause, ApplicationError):
            raise failed.cause from None
        raise


async def perform(effect: Effect[Asked, Given], asked: Asked) -> Given:
    """Carry out an effect that takes its time, as a regular activity that is tried until it succeeds."""
    given: Given = await workflow.execute_activity(
        effect.name,
        asked,
        result_type=effect.given,
        start_to_close_timeout=LONG,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=PATIENT,
    )
    return given


async def attempt(effect: Effect[Asked, Given], asked: Asked, times: int) -> Given | None:
    """Carry out an effect that the process can go on without; return None when every try failed."""
    try:
        given: Given = await workflow.execute_activity(
            effect.name,
            asked,
            result_type=effect.given,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=2), maximum_attempts=times),
        )
        return given
    except ActivityError as failed:
        workflow.logger.warning("Went on without %s: %s", effect.name, failed.cause)
        return None


async def send(effect: Effect[Asked, Given], asked: Asked) -> None:
    """Carry out a send on the queue of the sends. Trouble in sending is in the delivery log, never here."""
    await workflow.execute_activity(
        effect.name,
        asked,
        result_type=effect.given,
        task_queue=workflow.info().task_queue + TASK_QUEUE_OF_SENDS,
        start_to_close_timeout=timedelta(minutes=15),
        heartbeat_timeout=timedelta(seconds=20),
        retry_policy=PATIENT,
    )

"""What a department leaves in the engine's history up to its first decision."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

DECIDED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
OF_WORKFLOW_TASKS = "WORKFLOW_TASK_"


@dataclass(frozen=True)
class Sizes:
    """How many bytes each payload has."""

    start: int
    opened: int
    sent: int
    decision: int
    answer: int
    recorded: int


@dataclass(frozen=True)
class Shape:
    events: int
    size: int
    kinds: Counter[str]
    """Events by type, without the workflow tasks: how many of those there are depends on the load."""


async def up_to_first_decision(handle: WorkflowHandle[object, object]) -> list[HistoryEvent]:
    """Return a workflow's events up to the first update that is completed."""
    events = list((await handle.fetch_history()).events)
    last = next(index for index, event in enumerate(events) if event.event_type == DECIDED)
    return events[: last + 1]


def shape_of(events: list[HistoryEvent]) -> Shape:
    names = [EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in events]
    return Shape(
        events=len(events),
        size=sum(event.ByteSize() for event in events),
        kinds=Counter(name for name in names if not name.startswith(OF_WORKFLOW_TASKS)),
    )


def sizes_of(events: list[HistoryEvent]) -> Sizes:
    """Read the payloads' sizes from a history, so that the floor's have the same."""
    results = [
        len(payload.data)
        for event in events
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
        for payload in event.marker_recorded_event_attributes.details["result"].payloads
    ]
    by_type = {event.event_type: event for event in events}
    accepted = by_type[EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED]
    asked = accepted.workflow_execution_update_accepted_event_attributes.accepted_request.input.args
    outcome = by_type[DECIDED].workflow_execution_update_completed_event_attributes.outcome.success
    scheduled = by_type[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED].activity_task_scheduled_event_attributes
    started = events[0].workflow_execution_started_event_attributes
    return Sizes(
        start=len(started.input.payloads[0].data),
        opened=results[0],
        sent=len(scheduled.input.payloads[0].data),
        decision=len(asked.payloads[0].data),
        answer=len(outcome.payloads[0].data),
        recorded=results[1],
    )

"""Histories of every workflow and path replay against today's code (DESIGN 13).

After a change that is meant to change histories, and a `workflow.patched` for those under way,
record anew: `pytest tests/workflows --record-histories`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.workflows.house import HISTORIES
from workflows.cycle import PerformanceCycle
from workflows.department import DepartmentReview
from workflows.fetching import SourceFetch, SourceSchedule
from workflows.sandbox import sandbox

STORED = sorted(HISTORIES.glob("*.json"))


def history_in(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


def test_there_is_a_history_of_each_workflow_and_path() -> None:
    names = {path.stem for path in STORED}
    paths = (
        "a-department-walks-through-all-stages-to-its-end",
        "what-nobody-answers-climbs-the-line",
        "results-sent-back-to-submission-walk-the-whole-chain-again",
        "a-cancelled-cycle-closes-every-task-and-tells-who-held-it",
        "a-changed-plan-rearms-open-ladders",
        "a-pause-moves-open-deadlines-by-the-time-paused",
    )
    assert {f"{kind}-{path}" for kind in ("cycle", "review") for path in paths} <= names
    assert {
        "fetch-what-a-source-has-becomes-deals-and-figures",
        "fetch-a-fetch-goes-on-at-the-page-where-it-broke-off",
        "fetch-a-column-that-disappears-is-refused-and-the-last-good-figures-stay",
        "fetch-a-dry-run-says-what-would-come-and-takes-nothing-over",
        "schedule-a-source-that-is-due-is-fetched-by-itself",
        "schedule-a-source-that-is-switched-off-is-fetched-no-more-and-on-again-it-is",
    } <= names


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
async def test_a_stored_history_replays(path: Path) -> None:
    replayer = Replayer(
        workflows=[PerformanceCycle, DepartmentReview, SourceFetch, SourceSchedule],
        workflow_runner=sandbox(),
        data_converter=pydantic_data_converter,
    )
    await replayer.replay_workflow(history_in(path))


async def test_a_history_that_no_longer_fits_the_code_is_noticed() -> None:
    """A replay that could not fail would prove nothing: here a review is replayed as another would go."""
    whole = history_in(HISTORIES / "review-a-department-walks-through-all-stages-to-its-end.json")
    history = WorkflowHistory(whole.workflow_id, [*whole.events[:10], *whole.events[14:]])
    replayer = Replayer(
        workflows=[DepartmentReview], workflow_runner=sandbox(), data_converter=pydantic_data_converter
    )
    with pytest.raises(Exception, match=r"[Nn]ondeterminism"):
        await replayer.replay_workflow(history)

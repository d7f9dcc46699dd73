"""Ends what the supervisor started, should the supervisor die without doing it.

It reads lines from a pipe whose other end the supervisor holds: `+123` for a process group that
began, `-123` for one that ended. When the pipe closes, whoever held it is gone, however it died.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TextIO

GRACE_SECONDS = 5


def hold(lines: TextIO) -> None:
    """Follow the lines to their end, then end every group that is still there."""
    groups: set[int] = set()
    for line in lines:
        group = int(line)
        if group > 0:
            groups.add(group)
        else:
            groups.discard(-group)
    for kill in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, kill)
        if groups and kill is signal.SIGTERM:
            time.sleep(GRACE_SECONDS)


if __name__ == "__main__":
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # They are meant for the supervisor; the pipe tells when it is gone.
    hold(sys.stdin)

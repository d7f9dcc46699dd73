"""Keeps worker processes alive: loads everything once, forks, and forks again at once when one is killed.

Loading takes seconds, forking milliseconds: so the first decision after a crash waits for the engine
to notice, not for Python. A process that ends by itself ends all: whoever started us hears of it.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)


class Nursery:
    """`work` is called in each process; it runs until SIGTERM and returns. The parent starts no threads."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.children: set[int] = set()
        self.stopping = False
        self.alive_below, self.alive_above = os.pipe()
        """Nothing is ever written: the children see it close when the parent is gone."""

    def run(self, count: int) -> int:
        """Keep `count` processes at work until asked to stop; return the exit code."""
        gc.collect()
        gc.freeze()  # What is loaded stays shared by all.
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self.stop)
        for _ in range(count):
            self.bear()
        exit_code = 0
        while self.children:
            child, status = os.wait()
            self.children.discard(child)
            ended = os.waitstatus_to_exitcode(status)
            if ended < 0 and not self.stopping:
                how = signal.Signals(-ended).name
                log.warning("A worker process was ended by %s; another takes its place", how)
                self.bear()
            elif not self.stopping:
                exit_code = ended
                self.stop()
        return exit_code

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        self.stopping = True
        for child in self.children:
            os.kill(child, signal.SIGTERM)

    def bear(self) -> None:
        child = os.fork()
        if child:
            self.children.add(child)
            if self.stopping:  # It was asked for between the fork and here.
                os.kill(child, signal.SIGTERM)
            return
        exit_code = 1
        try:
            self.grow_up()
            self.work()
            exit_code = 0
        except BaseException:  # Whatever it is, it must not go on in the parent's code.
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(exit_code)

    def grow_up(self) -> None:
        """Let go of what is the parent's, and end with it."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        os.close(self.alive_above)
        threading.Thread(target=self.end_with_parent, daemon=True).start()

    def end_with_parent(self) -> None:
        os.read(self.alive_below, 1)
        os._exit(1)

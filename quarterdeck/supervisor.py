"""Runs several processes as one: starts them, waits until each is well, restarts one that dies, ends all.

Nothing outlives the supervisor: a leash (see `leash`) ends what is left should it be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import IO

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
LONG_LIFE = 60.0
"""A part that lived this many seconds begins with the first pause again."""
TRIES_AT_START = 3
GRACE = 25.0
"""Seconds a part gets to end by itself; more than a worker needs to finish its sends."""
POLL = 0.1
LINES_SHOWN = 5
LARGEST_LOG = 5_000_000

Well = Callable[[], Awaitable[bool]]
Say = Callable[[str], None]


class PartFailed(Exception):
    """A part does not come up; the message says which, and shows the end of its log."""


@dataclass
class Part:
    """One process: what runs, and how to see that it is well."""

    name: str
    command: Sequence[str]
    is_well: Well
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 60.0


class Leash:
    """The process that ends the parts when ours is gone, however it went."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck.leash"], stdin=subprocess.PIPE, start_new_session=True, bufsize=0
        )

    def holds(self, group: int) -> None:
        self._write(f"+{group}\n")

    def releases(self, group: int) -> None:
        self._write(f"-{group}\n")

    def let_go(self) -> None:
        """End it; every part has ended."""
        self.process.communicate()

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it was asked for above.
        self.process.stdin.write(line.encode())


class Supervisor:
    """Holds the parts. Use it as a context: leaving it ends every part, last started first."""

    def __init__(self, logs: Path, say: Say) -> None:
        self.logs = logs
        self.say = say
        self.stopping = asyncio.Event()
        self.up: dict[str, asyncio.Event] = {}
        self.keepers: dict[str, asyncio.Task[None]] = {}
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.leash = Leash()

    async def __aenter__(self) -> Supervisor:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stopping.set()
        for name in reversed(self.keepers):
            await self._end(name)
        self.leash.let_go()

    def start(self, part: Part) -> None:
        """Start a part and keep it running; see `until_well`."""
        self.up[part.name] = asyncio.Event()
        self.keepers[part.name] = asyncio.create_task(self._keep(part))

    async def until_well(self, *names: str) -> None:
        """Wait until parts are well.

        Raises:
            PartFailed: where one gives up before it ever was.
        """
        for name in names:
            well = asyncio.create_task(self.up[name].wait())
            await asyncio.wait([well, self.keepers[name]], return_when=asyncio.FIRST_COMPLETED)
            well.cancel()
            if not self.up[name].is_set():
                await self.keepers[name]  # Raises what went wrong.

    async def until_stopped(self) -> None:
        """Wait for `stop`."""
        await self.stopping.wait()

    def stop(self) -> None:
        """Ask for the end; asked a second time, end every part at once."""
        if self.stopping.is_set():
            for process in self.processes.values():
                _signal(process, signal.SIGKILL)
        self.stopping.set()

    def process_id(self, name: str) -> int | None:
        """Return the id of a part's present process, or None while it is down."""
        process = self.processes.get(name)
        return process.pid if process and process.returncode is None else None

    async def _keep(self, part: Part) -> None:
        pause, tries = FIRST_PAUSE, 0
        while not self.stopping.is_set():
            began = monotonic()
            process = await self._spawn(part)
            ended = await self._watch(part, process)
            if self.stopping.is_set():
                return
            tries += 1
            if not self.up[part.name].is_set() and tries >= TRIES_AT_START:
                raise PartFailed(f"The {part.name} does not start ({ended}).\n{self._end_of_log(part)}")
            if monotonic() - began > LONG_LIFE:
                pause = FIRST_PAUSE
            self.say(f"The {part.name} stopped ({ended}); starting it again in {pause:.0f} s.")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        with self._log(part) as log:
            process = await asyncio.create_subprocess_exec(
                *part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **part.environment},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends the parts in order.
            )
        self.processes[part.name] = process
        self.leash.holds(process.pid)
        return process

    async def _watch(self, part: Part, process: asyncio.subprocess.Process) -> str:
        """Wait until the process ends; return how. Says when it is well, where that is news."""
        gone = asyncio.create_task(process.wait())
        give_up_at = monotonic() + part.patience
        restarted = self.up[part.name].is_set()
        while not gone.done() and not await part.is_well():
            if monotonic() > give_up_at:
                _signal(process, signal.SIGKILL)
                break
            await asyncio.wait([gone], timeout=POLL)
        else:
            if not gone.done():
                self.up[part.name].set()
                if restarted:
                    self.say(f"The {part.name} is up again.")
        code = await gone
        _signal(process, signal.SIGKILL)  # What it started may have survived it.
        self.leash.releases(process.pid)
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    async def _end(self, name: str) -> None:
        process = self.processes.get(name)
        if process:
            _signal(process, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), GRACE)
            except TimeoutError:
                _signal(process, signal.SIGKILL)
        with contextlib.suppress(PartFailed):  # It was said when it happened.
            await self.keepers[name]

    def _log(self, part: Part) -> IO[bytes]:
        file = self._log_file(part)
        if file.exists() and file.stat().st_size > LARGEST_LOG:
            file.replace(file.with_suffix(".log.1"))
        return file.open("ab")

    def _log_file(self, part: Part) -> Path:
        return self.logs / f"{part.name.replace(' ', '-')}.log"

    def _end_of_log(self, part: Part) -> str:
        lines = self._log_file(part).read_text(errors="replace").splitlines()[-LINES_SHOWN:]
        return "\n".join(f"    {line}" for line in [f"{self._log_file(part)}:", *lines])


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Signal a part's whole group: what it started ends with it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)

"""The supervisor keeps its parts running, says what happened, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from quarterdeck.supervisor import Part, PartFailed, Supervisor

SOON = 15.0

SLEEPER = "import time; time.sleep(600)"


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


async def until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.02)


async def at_once() -> bool:
    return True


def a_part(code: str = SLEEPER, name: str = "worker") -> Part:
    return Part(name, [sys.executable, "-c", code], at_once)


async def test_a_part_killed_with_9_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path, said.append) as supervisor:
        supervisor.start(a_part())
        await supervisor.until_well("worker")
        first = supervisor.process_id("worker")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: "The worker is up again." in said)
        assert supervisor.process_id("worker") not in (None, first)
    assert said[0] == "The worker stopped (signal SIGKILL); starting it again in 1 s."


async def test_leaving_ends_every_part_and_what_it_started(tmp_path: Path) -> None:
    with_child = (
        f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]);"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid)); child.wait()"
    )
    async with Supervisor(tmp_path, lambda line: None) as supervisor:
        supervisor.start(a_part(with_child))
        await until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text() != "")
        parent = supervisor.process_id("worker")
    assert parent is not None
    assert not is_alive(parent)
    assert not is_alive(int((tmp_path / "child").read_text()))


async def test_a_part_that_cannot_start_is_given_up_with_the_end_of_its_log(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    broken = Part("worker", [sys.executable, "-c", "raise SystemExit('no such database')"], never)
    async with Supervisor(tmp_path, lambda line: None) as supervisor:
        supervisor.start(broken)
        with pytest.raises(PartFailed, match="worker does not start") as failed:
            await supervisor.until_well("worker")
    assert "no such database" in str(failed.value)


async def test_nothing_outlives_a_supervisor_killed_with_9(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from quarterdeck.supervisor import Part, Supervisor\n"
        "async def well(): return True\n"
        "async def main(folder):\n"
        "    async with Supervisor(folder, print) as supervisor:\n"
        f"        supervisor.start(Part('worker', [sys.executable, '-c', {SLEEPER!r}], well))\n"
        "        await supervisor.until_well('worker')\n"
        "        print(supervisor.process_id('worker'), flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main(Path(sys.argv[1])))\n"
    )
    supervisor = subprocess.Popen(  # noqa: ASYNC220 - a process to be killed; the loop has nothing else to do.
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    part = int(supervisor.stdout.readline())
    assert is_alive(part)
    supervisor.kill()
    supervisor.wait()
    await until(lambda: not is_alive(part))


async def test_a_part_that_ignores_the_end_is_killed_when_asked_twice(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(tmp_path / 'deaf')!r}, 'w').close(); time.sleep(600)"
    )
    began = time.monotonic()
    async with Supervisor(tmp_path, lambda line: None) as supervisor:
        supervisor.start(a_part(deaf))
        await until(lambda: (tmp_path / "deaf").exists())
        supervisor.stop()
        supervisor.stop()
    assert time.monotonic() - began < SOON

"""Worker processes that outlive a crash: the nursery, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WORKER = """
import os, signal, sys, time
from pathlib import Path
from quarterdeck.nursery import Nursery

def work():
    signal.signal(signal.SIGTERM, lambda *_: done.append(True))
    (Path(sys.argv[1]) / str(os.getpid())).touch()
    if len(sys.argv) > 3:
        raise ValueError("no such database")
    while not done:
        time.sleep(0.02)

done = []
sys.exit(Nursery(work).run(int(sys.argv[2])))
"""
PATIENCE = 60.0


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a nursery whose processes leave a file each, named by their id."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), *arguments]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def at_work(folder: Path) -> set[int]:
    """Return the ids of those that began and are still there."""
    return {int(file.name) for file in folder.iterdir() if is_there(int(file.name))}


def is_there(process_id: int) -> bool:
    stat = Path(f"/proc/{process_id}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(folder: Path, count: int) -> set[int]:
    give_up_at = time.monotonic() + PATIENCE
    while len(at_work(folder)) != count:
        assert time.monotonic() < give_up_at, f"{at_work(folder)} are at work, not {count}"
        time.sleep(0.02)
    return at_work(folder)


def test_a_killed_process_is_replaced_and_the_others_go_on(
    nursery: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    nursery("2")
    killed, other = sorted(wait_for(tmp_path, 2))
    os.kill(killed, signal.SIGKILL)
    while killed in at_work(tmp_path):
        time.sleep(0.01)
    after = wait_for(tmp_path, 2)
    assert other in after
    assert killed not in after


def test_all_end_when_asked(nursery: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    parent = nursery("2")
    wait_for(tmp_path, 2)
    parent.terminate()
    assert parent.wait(PATIENCE) == 0
    assert at_work(tmp_path) == set()


def test_none_outlives_a_killed_parent(nursery: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    parent = nursery("2")
    wait_for(tmp_path, 2)
    parent.kill()
    wait_for(tmp_path, 0)


def test_one_that_fails_by_itself_ends_all_with_its_exit_code(
    nursery: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    parent = nursery("1", "and fail")
    assert parent.wait(PATIENCE) == 1
    assert at_work(tmp_path) == set()

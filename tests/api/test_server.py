"""The server as a process of its own: it starts without Temporal, says what is wrong, stops gently."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 90
KEY = {"QUARTERDECK_SECRET_KEYS": "k" * 40}


def environment(**settings: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "TEMPORAL_ADDRESS": "127.0.0.1:1", **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "server.py")],
        cwd=tmp_path,
        env=environment(
            QUARTERDECK_DATABASE_URL=sqlite_url,
            QUARTERDECK_PORT=str(port),
            **KEY,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def health(address: str) -> httpx.Response:
    """Wait until the server answers."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return httpx.get(f"{address}/healthz", timeout=10)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


async def test_it_serves_without_temporal_and_stops_when_asked(
    served: tuple[str, subprocess.Popen[str]],
) -> None:
    address, process = served
    answer = await asyncio.to_thread(health, address)
    assert answer.status_code == 200
    assert answer.json() == {"database": "up", "engine": "away"}
    assert "server" not in answer.headers
    process.send_signal(signal.SIGTERM)
    said, _ = await asyncio.to_thread(process.communicate, None, PATIENCE)
    assert process.returncode in (0, -signal.SIGTERM), said
    assert "Traceback" not in said
    assert "GET /healthz 200" in said


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "QUARTERDECK_SECRET_KEYS"),
        ({"QUARTERDECK_SECRET_KEYS": "short"}, "QUARTERDECK_SECRET_KEYS"),
        ({**KEY, "QUARTERDECK_PORT": "many"}, "QUARTERDECK_PORT"),
        (
            {**KEY, "QUARTERDECK_DATABASE_URL": "mysql://x"},
            "QUARTERDECK_DATABASE_URL",
        ),
        (
            {**KEY, "QUARTERDECK_PAYLOAD_KEYS": "k1:short"},
            "QUARTERDECK_PAYLOAD_KEYS",
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    ended = subprocess.run(
        [sys.executable, str(PROJECT / "server.py")],
        cwd=tmp_path,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert named in line

"""Prism over Twilio's own description of its API, and WireMock before it, which breaks what it is told to.

Both come from npm (`tests/standins/node`); Twilio's description lies beside the project.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PROJECT = Path(__file__).resolve().parents[2]
DESCRIPTION = PROJECT.parent / "shared" / "data" / "twilio_api_v2010.yaml"
NODE = Path(__file__).with_name("node")
PRISM = NODE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
MESSAGES = r"/2010-04-01/Accounts/[^/]+/Messages\.json"
START_SECONDS = 60


class ProvidersAreMissing(Exception):
    """What these servers need is not here; says what."""


@dataclass
class WireMock:
    """The server in front: tells it what to break, and asks it what went through."""

    base_url: str
    prism_url: str

    def breaks(self, **response: Any) -> None:
        """Answer each POST of a message like this from now on."""
        rule = {"request": {"method": "POST", "urlPathPattern": MESSAGES}, "response": response}
        httpx.post(f"{self.base_url}/__admin/mappings", json=rule, trust_env=False).raise_for_status()

    def mend(self) -> None:
        """Pass everything on to Prism again, and forget what went through."""
        passes_on = {"priority": 9, "response": {"proxyBaseUrl": self.prism_url}, "request": {"urlPattern": ".*"}}
        httpx.delete(f"{self.base_url}/__admin/mappings", trust_env=False).raise_for_status()
        httpx.post(f"{self.base_url}/__admin/mappings", json=passes_on, trust_env=False).raise_for_status()
        httpx.delete(f"{self.base_url}/__admin/requests", trust_env=False).raise_for_status()

    def seen(self) -> list[dict[str, Any]]:
        """Return the requests that came, with their answers."""
        answer = httpx.get(f"{self.base_url}/__admin/requests", trust_env=False).raise_for_status()
        return list(answer.json()["requests"])


@contextmanager
def providers(log_folder: Path) -> Iterator[WireMock]:
    """Run both servers.

    Raises:
        ProvidersAreMissing: if they cannot be had.
    """
    if not DESCRIPTION.exists():
        raise ProvidersAreMissing(f"Twilio's description is not at {DESCRIPTION}")
    jar = installed()
    prism_port, wiremock_port = free_port(), free_port()
    prism_url, base_url = (f"http://127.0.0.1:{port}" for port in (prism_port, wiremock_port))
    prism = ["node", str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(prism_port), str(DESCRIPTION)]
    wiremock = ["java", "-jar", str(jar), "--bind-address", "127.0.0.1", "--port", str(wiremock_port)]
    with running(prism, log_folder / "prism.log"), running(wiremock, log_folder / "wiremock.log"):
        answers(f"{prism_url}/2010-04-01/Accounts.json")
        answers(f"{base_url}/__admin/mappings")
        yield WireMock(base_url, prism_url)


def installed() -> Path:
    """Return WireMock's jar; install it and Prism where they are not there yet."""
    for program in ("node", "npm", "java"):
        if shutil.which(program) is None:
            raise ProvidersAreMissing(f"{program} is not installed")
    if not PRISM.exists():
        done = subprocess.run(["npm", "ci"], cwd=NODE, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise ProvidersAreMissing(f"npm ci failed: {done.stderr.strip()[-300:]}")
    jars = list((NODE / "node_modules" / "wiremock" / "build").glob("wiremock-standalone-*.jar"))
    if not jars:
        raise ProvidersAreMissing("the package wiremock brought no jar")
    return jars[0]


@contextmanager
def running(command: list[str], log_file: Path) -> Iterator[None]:
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(url: str) -> None:
    """Wait until a server answers, whatever it says."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(url, timeout=5, trust_env=False)
            return
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

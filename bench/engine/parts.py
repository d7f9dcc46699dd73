"""The processes of a run, on ports and in a folder of their own: started, measured, killed, ended."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.engine import server_command
from quarterdeck.supervisor import Leash

LOCAL = "127.0.0.1"
TICKS = os.sysconf("SC_CLK_TCK")
GRACE_SECONDS = 30
TEMPORAL, MAIL, WORKER, SERVER, FLOOR = "temporal", "mail", "worker", "server", "floor worker"


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind((LOCAL, 0))
        port: int = asked.getsockname()[1]
        return port


@dataclass(frozen=True)
class Place:
    """Where a run keeps its files, and its ports."""

    folder: Path
    database_url: str
    temporal_port: int
    temporal_web_port: int
    mail_port: int
    application_port: int

    @classmethod
    def at(cls, folder: Path, database_url: str = "") -> Place:
        url = database_url or f"sqlite+aiosqlite:///{folder / 'quarterdeck.db'}"
        return cls(folder, url, free_port(), free_port(), free_port(), free_port())

    @property
    def temporal_address(self) -> str:
        return f"{LOCAL}:{self.temporal_port}"

    @property
    def application(self) -> str:
        return f"http://{LOCAL}:{self.application_port}"

    def environment(self) -> dict[str, str]:
        """Return what the parts are started with: the defaults, save for places and secrets."""
        return {
            "QUARTERDECK_DATABASE_URL": self.database_url,
            "QUARTERDECK_HOST": LOCAL,
            "QUARTERDECK_PORT": str(self.application_port),
            "QUARTERDECK_BASE_URL": self.application,
            "QUARTERDECK_SECRET_KEYS": secrets.token_urlsafe(48),
            "QUARTERDECK_SMTP__HOST": LOCAL,
            "QUARTERDECK_SMTP__PORT": str(self.mail_port),
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TEMPORAL_NAMESPACE": "default",
            "TEMPORAL_CONFIG_FILE": os.devnull,  # A profile of the user's own is meant for another server.
        }


class Parts:
    """Use it as a context: leaving it ends every part, and so does the leash where the run is killed."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.environment = {**os.environ, **place.environment()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, Sequence[str]] = {
            TEMPORAL: server_command(
                place.folder / "temporal.db",
                host=LOCAL,
                port=place.temporal_port,
                web_port=place.temporal_web_port,
            ),
            MAIL: self.python(
                "quarterdeck.mailcatcher", str(place.folder / "mail"), "--port", str(place.mail_port)
            ),
            WORKER: self.python("worker"),
            SERVER: self.python("server"),
        }
        self.leash = Leash()

    @staticmethod
    def python(*module_and_arguments: str) -> list[str]:
        return [sys.executable, "-m", *module_and_arguments]

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self.running)):
            self.end(name)
        self.leash.let_go()

    def start(self, name: str, *more: str) -> None:
        with (self.place.folder / f"{name.replace(' ', '-')}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self.commands[name], *more],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        self.leash.holds(process.pid)
        self.running[name] = process

    def kill(self, name: str) -> None:
        """End a part and all its processes as a power cut would."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.leash.releases(process.pid)

    def kill_what_works(self, name: str) -> None:
        """Kill the processes that a part keeps at work; it replaces them itself."""
        born = self.born_by(self.running[name].pid)
        for process_id in born:
            os.kill(process_id, signal.SIGKILL)
        while set(born) & set(self.born_by(self.running[name].pid)):
            time.sleep(0.001)  # Until its sockets are closed: what comes before is lost with it.

    def born_by(self, parent: int) -> list[int]:
        return [
            int(stat.parent.name)
            for stat in Path("/proc").glob("[0-9]*/stat")
            if (fields := self.stat_of(stat)) and int(fields[1]) == parent
        ]

    @staticmethod
    def stat_of(stat: Path) -> list[str]:
        """Return a process's figures from its state on; none if it is gone."""
        try:
            return stat.read_text().rpartition(")")[2].split()
        except OSError:
            return []

    def end(self, name: str) -> None:
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.leash.releases(process.pid)

    def cpu_seconds(self, *names: str) -> Mapping[str, float]:
        """Return the processor time that parts have used since they started, with all their processes."""
        groups = {self.running[name].pid: name for name in names}
        used = dict.fromkeys(names, 0.0)
        for stat in Path("/proc").glob("[0-9]*/stat"):
            fields = self.stat_of(stat)
            name = groups.get(int(fields[2])) if fields else None
            if name:
                used[name] += (int(fields[11]) + int(fields[12])) / TICKS
        return used

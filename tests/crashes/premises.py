"""The parts of a running system as processes of their own, and the world outside them.

Temporal, worker and server run under the supervisor of `make demo`, which starts again whichever
is killed; mail server and Twilio belong to the test and see what really arrives.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from models.database import SessionMaker, connect, session_maker
from models.errors import Refusal
from quarterdeck.conductor import Conductor
from quarterdeck.demo.small import SmallCompany
from quarterdeck.engine import server_command
from quarterdeck.ports import is_free
from quarterdeck.supervisor import Part, Supervisor
from quarterdeck.wellness import engine_answers, listens
from tests.standins.smtp import MailServer
from tests.standins.twilio_api import ACCOUNT, AUTH_TOKEN, TwilioStandIn

PROJECT = Path(__file__).resolve().parents[2]
LOCAL = "127.0.0.1"
PATIENCE = 180.0
"""Seconds that anything may take: an interrupted send is judged after more than a minute."""
LOOK_EVERY = 0.05
CLOSELY = 0.0005
AWAY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


Query = tuple[str, tuple[str, ...]]
"""SQL, its values marked by `?`, and these."""


class Bystander:
    """Reads the database, and takes no part in what happens in it."""

    def __init__(self, database_url: str) -> None:
        self._connection: sqlite3.Connection | psycopg.Connection
        if database_url.startswith("sqlite"):
            file = database_url.partition("///")[2]
            self._connection, self._mark = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=15), "?"
        else:
            address = database_url.replace("+psycopg", "")
            self._connection, self._mark = psycopg.connect(address, autocommit=True), "%s"

    def rows(self, query: str, values: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        connection: Any = self._connection
        found: list[tuple[Any, ...]] = connection.execute(query.replace("?", self._mark), values).fetchall()
        return found

    def close(self) -> None:
        self._connection.close()


class What(StrEnum):
    """What is killed."""

    WORKER = "worker"
    SERVER = "server"
    ENGINE = "Temporal"


@dataclass
class Premises:
    """A running system, and what a test does to it."""

    company: SmallCompany
    sessions: SessionMaker
    supervisor: Supervisor
    http: httpx.AsyncClient
    client: Client
    conductor: Conductor
    mail: MailServer
    twilio: TwilioStandIn
    database_url: str
    bystander: Bystander
    repeats: int = 0
    """How often a request got no answer and was sent again."""

    def count(self, query: str, *values: str) -> int:
        """Return how many rows a query finds."""
        return len(self.bystander.rows(query, values))

    async def kill(self, what: What, as_soon_as: Query) -> None:
        """Kill a part as soon as a query finds something; the supervisor starts it again.

        In a thread: some milliseconds later what was written would be reported to the engine as well.
        """

        def watch() -> None:
            give_up_at = monotonic() + PATIENCE
            with closing(Bystander(self.database_url)) as bystander:
                while not bystander.rows(*as_soon_as):
                    assert monotonic() < give_up_at, as_soon_as
                    sleep(CLOSELY)
            self._signal(what, signal.SIGKILL)

        await asyncio.to_thread(watch)

    def hold(self, what: What) -> None:
        """Stop a part where it stands, until `release`."""
        self._signal(what, signal.SIGSTOP)

    def release(self, what: What) -> None:
        self._signal(what, signal.SIGCONT)

    def _signal(self, what: What, number: signal.Signals) -> None:
        process_id = self.supervisor.process_id(what)
        assert process_id is not None, f"The {what} is not running"
        os.killpg(process_id, number)  # The part and all its processes.

    async def ask(self, person_id: str, path: str, key: str, body: dict[str, Any] | None = None) -> None:
        """POST until it is answered and carried out, always under the same key: a client that does not give up."""
        headers = {"authorization": f"Bearer {person_id}", "idempotency-key": key, "accept-language": "en"}
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self.http.post(path, json=body or {}, headers=headers)
                except httpx.TransportError:
                    self.repeats += 1
                    await asyncio.sleep(0.2)
                else:
                    break
        assert answer.is_success, answer.text
        if answer.status_code == 202:
            await self.until("SELECT 1 FROM command WHERE idempotency_key = ? AND state = 'done'", key)

    async def go_to(self, instant: datetime) -> None:
        """Move business time on, however often the engine is away meanwhile."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self.conductor.advance_to(instant)
                except (RPCError, ExceptionGroup) as trouble:
                    if not _engine_is_away(trouble):
                        raise
                    await asyncio.sleep(0.2)
                except Refusal as refusal:
                    if refusal.code != "time-stuck":
                        raise
                else:
                    return

    async def until(self, query: str, *values: str, times: int = 1) -> None:
        """Wait until a query finds so many rows."""
        await self._until(lambda: self.count(query, *values) >= times, f"Not yet {times} × {query} {values}")

    async def at_rest(self) -> None:
        """Wait until no message is on its way."""
        waiting = "SELECT 1 FROM notice WHERE channel IN ('sms', 'email') AND delivery_id = ''"
        under_way = "SELECT 1 FROM delivery WHERE held_until IS NOT NULL"
        await self._until(
            lambda: not self.count(waiting) and not self.count(under_way), "Messages are on their way"
        )

    async def _until(self, is_so: Callable[[], bool], otherwise: str) -> None:
        give_up_at = monotonic() + PATIENCE
        while not is_so():
            assert monotonic() < give_up_at, otherwise
            await asyncio.sleep(LOOK_EVERY)


def _engine_is_away(trouble: Exception) -> bool:
    if isinstance(trouble, ExceptionGroup):
        return all(_engine_is_away(each) for each in trouble.exceptions)
    return isinstance(trouble, RPCError) and trouble.status in AWAY


@asynccontextmanager
async def premises(
    folder: Path, database_url: str, company: SmallCompany, compiled: Mapping[str, str]
) -> AsyncIterator[Premises]:
    """Start everything in a folder, on a database that holds the company; nothing of it outlives the context."""
    ports = {what: free_port() for what in What}
    with MailServer() as mail, TwilioStandIn() as twilio:
        async with AsyncExitStack() as stack:
            supervisor = await stack.enter_async_context(Supervisor(folder / "logs", lambda line: None))
            environment = {**compiled, **environment_of(folder, database_url, ports, mail, twilio)}
            for part in parts_of(folder, ports, environment):
                supervisor.start(part)
            await supervisor.until_well(*What)
            stack.callback(supervisor.stop)
            stack.callback(supervisor.stop)  # Twice: at once.
            engine = connect(database_url)
            stack.push_async_callback(engine.dispose)
            sessions = session_maker(engine)
            client = await Client.connect(environment["TEMPORAL_ADDRESS"], data_converter=pydantic_data_converter)

            async def the_client() -> Client:
                return client

            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=environment["QUARTERDECK_BASE_URL"], timeout=30, trust_env=False)
            )
            bystander = Bystander(database_url)
            stack.callback(bystander.close)
            yield Premises(
                company,
                sessions,
                supervisor,
                http,
                client,
                Conductor(the_client, sessions),
                mail,
                twilio,
                database_url,
                bystander,
            )


async def compiled(folder: Path) -> dict[str, str]:
    """Compile our programs into a folder; return the variables with which they start in a second instead of four.

    Nothing else does it where nobody may write beside the sources.
    """
    environment = {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": str(PROJECT)}
    once = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import server, worker", env={**os.environ, **environment}
    )
    assert await once.wait() == 0
    return environment


def free_port() -> int:
    """Return a free port below those that outgoing connections get: it must be free again after a kill."""
    while True:
        port = random.randrange(15_000, 30_000)
        if is_free(LOCAL, port):
            return port


def environment_of(
    folder: Path, database_url: str, ports: dict[What, int], mail: MailServer, twilio: TwilioStandIn
) -> dict[str, str]:
    return {
        "QUARTERDECK_DEMO": "true",
        "QUARTERDECK_DEMO_FOLDER": str(folder),
        "QUARTERDECK_DATABASE_URL": database_url,
        "QUARTERDECK_HOST": LOCAL,
        "QUARTERDECK_PORT": str(ports[What.SERVER]),
        "QUARTERDECK_BASE_URL": f"http://{LOCAL}:{ports[What.SERVER]}",
        "QUARTERDECK_SECRET_KEYS": "k" * 32,
        "QUARTERDECK_SMTP__HOST": LOCAL,
        "QUARTERDECK_SMTP__PORT": str(mail.port),
        "QUARTERDECK_TWILIO__ACCOUNT_SID": ACCOUNT,
        "QUARTERDECK_TWILIO__AUTH_TOKEN": AUTH_TOKEN,
        "QUARTERDECK_TWILIO__SENDER": "+8610000000000",
        "QUARTERDECK_TWILIO__BASE_URL": twilio.base_url,
        "TEMPORAL_ADDRESS": f"{LOCAL}:{ports[What.ENGINE]}",
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }


def parts_of(folder: Path, ports: dict[What, int], environment: dict[str, str]) -> list[Part]:
    async def at_once() -> bool:
        return True

    engine = server_command(folder / "temporal.db", host=LOCAL, port=ports[What.ENGINE], web_port=free_port())
    return [
        Part(What.ENGINE, engine, lambda: engine_answers(environment["TEMPORAL_ADDRESS"])),
        Part(What.WORKER, [sys.executable, "-m", "worker"], at_once, environment),
        Part(
            What.SERVER,
            [sys.executable, "-m", "server"],
            lambda: listens(LOCAL, ports[What.SERVER]),
            environment,
        ),
    ]

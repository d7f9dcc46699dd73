"""The demonstration: which parts it is made of, where it keeps them, and what its first start does."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from rich.console import Console

from models.database import connect, session_maker
from models.errors import WrongSettings
from models.settings import Settings, read_settings
from quarterdeck import wellness
from quarterdeck.demo.company import DemoCompany, find_company, make_company
from quarterdeck.engine import server_command
from quarterdeck.first_launch import launch
from quarterdeck.migration import migrate
from quarterdeck.ports import Port, insist_on
from quarterdeck.supervisor import Part, Supervisor

LOCAL = "127.0.0.1"
ENGINE, MAIL, SMS, WORKER, APPLICATION = "Temporal server", "mail catcher", "SMS catcher", "worker", "application"
AT_FIRST_BEFORE = "Asia/Shanghai"
"""Whose day counts as today when the company is made."""


@dataclass(frozen=True)
class Place:
    """The demonstration's folder and what lies in it."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "quarterdeck.db"

    @property
    def engine_state(self) -> Path:
        return self.folder / "temporal.db"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def sms(self) -> Path:
        return self.folder / "sms"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def environment(self) -> Path:
        """What the parts were started with, for commands given beside a running demonstration."""
        return self.folder / "environment"

    def secret(self) -> str:
        """Return this demonstration's own key, made on first use: sign-ins outlive a restart."""
        file = self.folder / "secret-key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(48))
        return file.read_text()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder against a second demonstration.

        Raises:
            WrongSettings: where one runs already.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise WrongSettings(
                    f"A demonstration runs already in {self.folder} (process {lock.read().strip()}). "
                    "End it with Ctrl-C, or choose another folder: QUARTERDECK_DEMO_FOLDER=…"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield


def application_at(settings: Settings) -> str:
    """Return where this machine reaches the application."""
    everywhere = settings.host in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound.
    return f"http://{LOCAL if everywhere else settings.host}:{settings.port}"


def environment_of(settings: Settings, place: Place) -> dict[str, str]:
    """Return the variables of every part: what the demonstration settles, whatever `.env` says."""
    base_url = application_at(settings)
    if "base_url" in settings.model_fields_set:
        base_url = str(settings.base_url).rstrip("/")
    return {
        "QUARTERDECK_DEMO": "true",
        "QUARTERDECK_DEMO_FOLDER": str(place.folder),
        "QUARTERDECK_DATABASE_URL": f"sqlite+aiosqlite:///{place.database}",
        "QUARTERDECK_HOST": settings.host,
        "QUARTERDECK_PORT": str(settings.port),
        "QUARTERDECK_BASE_URL": base_url,
        "QUARTERDECK_SECURE_COOKIES": "false",
        "QUARTERDECK_SECRET_KEYS": place.secret(),
        "QUARTERDECK_SMTP__HOST": LOCAL,
        "QUARTERDECK_SMTP__PORT": str(settings.demo_mail_port),
        "QUARTERDECK_SMTP__USER": "",
        "QUARTERDECK_SMTP__TLS": "false",
        "QUARTERDECK_SMTP__START_TLS": "false",
        "QUARTERDECK_TWILIO__ACCOUNT_SID": "AC" + "0" * 32,
        "QUARTERDECK_TWILIO__AUTH_TOKEN": "demonstration",
        "QUARTERDECK_TWILIO__SENDER": "+15005550006",
        "QUARTERDECK_TWILIO__BASE_URL": f"http://{LOCAL}:{settings.demo_sms_port}",
        "QUARTERDECK_SOURCES__FOLDER": str(place.sources),
        "TEMPORAL_ADDRESS": f"{LOCAL}:{settings.demo_temporal_port}",
        "TEMPORAL_NAMESPACE": "default",
        "TEMPORAL_CONFIG_FILE": os.devnull,  # A profile of the user's own is meant for another server.
    }


def step_into(environment: dict[str, str]) -> Settings:
    """Take the variables as this process's own, so that what it starts inherits them."""
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        del os.environ[name]
    os.environ.update(environment)
    return read_settings()


def step_into_running(folder: Path) -> Settings:
    """Take the variables of the demonstration in `folder`.

    Raises:
        WrongSettings: where there is none.
    """
    file = Place(folder.resolve()).environment
    if not file.exists():
        raise WrongSettings(f"There is no demonstration in {folder}. Start one: make demo")
    pairs = (line.partition("=") for line in file.read_text().splitlines())
    return step_into({name: value for name, _, value in pairs})


def ports_of(settings: Settings) -> list[Port]:
    return [
        Port("the application", settings.port, "QUARTERDECK_PORT", settings.host),
        Port("Temporal", settings.demo_temporal_port, "QUARTERDECK_DEMO_TEMPORAL_PORT"),
        Port("Temporal's web pages", settings.demo_temporal_web_port, "QUARTERDECK_DEMO_TEMPORAL_WEB_PORT"),
        Port("mail", settings.demo_mail_port, "QUARTERDECK_DEMO_MAIL_PORT"),
        Port("SMS", settings.demo_sms_port, "QUARTERDECK_DEMO_SMS_PORT"),
    ]


def parts_of(settings: Settings, place: Place) -> list[Part]:
    python = [sys.executable, "-m"]
    address = f"{LOCAL}:{settings.demo_temporal_port}"
    return [
        Part(
            ENGINE,
            server_command(
                place.engine_state,
                host=LOCAL,
                port=settings.demo_temporal_port,
                web_port=settings.demo_temporal_web_port,
            ),
            lambda: wellness.engine_answers(address),
        ),
        Part(
            MAIL,
            [*python, "quarterdeck.mailcatcher", str(place.mail), "--port", str(settings.demo_mail_port)],
            lambda: wellness.listens(LOCAL, settings.demo_mail_port),
        ),
        Part(
            SMS,
            [*python, "quarterdeck.smscatcher", str(place.sms), "--port", str(settings.demo_sms_port)],
            lambda: wellness.listens(LOCAL, settings.demo_sms_port),
        ),
        Part(WORKER, [*python, "worker"], lambda: wellness.worker_polls(address, settings.task_queue)),
        Part(
            APPLICATION,
            [*python, "server"],
            lambda: wellness.page_answers(f"{application_at(settings)}/healthz"),
        ),
    ]


class Demonstration:
    """Runs everything until Ctrl-C; a second start goes on where the first stopped."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self.place = Place(settings.demo_folder.resolve())
        self.asked = settings
        self.console = console
        self.began = monotonic()

    def say(self, line: str) -> None:
        self.console.print(f"[dim][{monotonic() - self.began:5.1f} s][/dim] {line}", highlight=False)

    def run(self) -> None:
        """Run until asked to stop.

        Raises:
            WrongSettings: a port is taken, or a demonstration runs already.
            PartFailed: a part does not come up.
        """
        with self.place.alone():
            insist_on(ports_of(self.asked))
            settings = self.prepare()
            asyncio.run(self.supervise(settings))

    def prepare(self) -> Settings:
        """Write down what the parts are started with, and take it on."""
        environment = environment_of(self.asked, self.place)
        self.place.environment.touch(mode=0o600)
        self.place.environment.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
        return step_into(environment)

    async def supervise(self, settings: Settings) -> None:
        self.say(f"Quarterdeck's demonstration in {self.place.folder}")
        async with Supervisor(self.place.logs, self.say) as supervisor:
            loop = asyncio.get_running_loop()
            for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(name, supervisor.stop)
            starting = asyncio.create_task(self.start(settings, supervisor))
            stopped = asyncio.create_task(supervisor.until_stopped())
            await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await stopped
            starting.cancel()
            self.say("Stopping …")
        self.say("Stopped. `make demo` goes on from here; `make demo-reset` starts over.")

    async def start(self, settings: Settings, supervisor: Supervisor) -> None:
        parts = {part.name: part for part in parts_of(settings, self.place)}
        for name in (ENGINE, MAIL, SMS):
            supervisor.start(parts[name])
        self.say("Temporal server, mail catcher and SMS catcher are starting")
        company = await asyncio.to_thread(self.company, settings)
        supervisor.start(parts[APPLICATION])
        supervisor.start(parts[WORKER])
        self.say("Application and worker are starting")
        await supervisor.until_well(ENGINE, MAIL, SMS, APPLICATION)
        self.say("The application answers")
        await supervisor.until_well(WORKER)
        self.say("The worker works")
        launched = await launch(settings, company, application_at(settings))
        self.say(f"Cycle {company.cycle_name} {'launched' if launched else 'goes on'}")
        self.welcome(settings, company)

    def company(self, settings: Settings) -> DemoCompany:
        """Migrate, and make the company where there is none. Takes seconds: runs in a thread."""
        migrate(settings.database_url)
        self.say("The database is up to date")

        async def found_or_made() -> DemoCompany:
            engine = connect(settings.database_url)
            try:
                sessions = session_maker(engine)
                found = await find_company(sessions)
                if found:
                    return found
                self.say("Making the demo company, once: 1,200 people, twelve quarters of CRM data …")
                today = datetime.now(ZoneInfo(AT_FIRST_BEFORE)).date()
                made = await make_company(sessions, today=today, sources=self.place.sources)
                self.say("The demo company is made")
                return made
            finally:
                await engine.dispose()

        return asyncio.run(found_or_made())

    def welcome(self, settings: Settings, company: DemoCompany) -> None:
        base = str(settings.base_url).rstrip("/")
        lines = [
            "",
            f"  Application     [bold]{base}[/bold]",
            f"  Mailbox         {base}/mailbox",
            f"  Temporal's web  http://{LOCAL}:{settings.demo_temporal_web_port}",
            f"  Logs            {self.place.logs}",
            "",
            *(
                f"  [bold]{sign_in.user_name:<10}[/bold]{sign_in.password}  "
                f"{sign_in.name}，{sign_in.post}：{sign_in.good_for}"
                for sign_in in company.sign_ins
            ),
            "",
            "  Move time on    make advance TO=next-day (or next-deadline, or a number of days), or from the page",
            "  Stop            Ctrl-C",
            "",
        ]
        for line in lines:
            self.console.print(line, highlight=False)


def reset(folder: Path) -> bool:
    """Remove a demonstration; return whether there was one.

    Raises:
        WrongSettings: it is running, or the folder holds something else.
    """
    place = Place(folder.resolve())
    if not place.folder.exists():
        return False
    if not (place.folder / "lock").exists():
        raise WrongSettings(f"{place.folder} was not made by a demonstration; it is left alone.")
    with place.alone():
        shutil.rmtree(place.folder)
    return True

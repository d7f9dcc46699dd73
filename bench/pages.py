"""How many pages of 50 out of 2,000 departments a server shows a second, beside a static Jinja page.

    python -m bench.pages [--departments 2000] [--rounds 5] [--seconds 3] [--callers 4]

Makes a company with a running cycle in which every department has an open task, starts the
application as a process of its own, and asks for the cycle's page as HR would, each time another of
its 40 pages of departments; and for the table alone, as the page itself does when one sorts or turns
over. The floor is a page of the same bytes whose template has nothing to reckon, on the same server
and behind the same middleware, without a sign-in and without a database. They are asked for in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from jinja2 import Environment, FileSystemLoader
from pydantic import SecretStr
from sqlmodel import col, select
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response

from api.cookies import Cookies
from bench.engine.parts import free_port
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker, connect, session_maker
from models.names import task_id
from models.org import Account
from models.settings import Settings
from models.stages import CycleState, Stage, TaskKind
from models.tasks import Task
from quarterdeck.demo.small import SmallCompany, make_small_company
from quarterdeck.migration import migrate
from server import build_app

STATIC = "/same-bytes"
AIM = 1 / 3
PART = "hx-target: departments-table\r\n"


def settings_of(folder: Path) -> Settings:
    return Settings(
        _env_file=None,
        database_url=f"sqlite+aiosqlite:///{folder / 'pages.db'}",
        secret_keys=(SecretStr("bench" * 8),),
        secure_cookies=False,
    )


def serve(folder: Path, port: int) -> None:
    """Serve the application, and the page that has nothing to reckon."""
    app = build_app(settings_of(folder))
    templates = Environment(loader=FileSystemLoader(folder), autoescape=True)

    async def same_bytes(request: Request) -> Response:
        return HTMLResponse(templates.get_template("page.html").render())

    app.router.add_route(STATIC, same_bytes)
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_config=None)


# --- the company ----------------------------------------------------------------------------------


async def make_cycle(sessions: SessionMaker, departments: int) -> SmallCompany:
    """Make a running cycle with one open task a department, a tenth of them late."""
    company = await make_small_company(sessions, departments, 1, divisions=20)
    now = datetime.now(UTC)
    async with sessions() as session:
        cycle = await session.get_one(Cycle, company.cycle_id)
        cycle.state, cycle.launched_at = CycleState.RUNNING, now
        for number, department in enumerate(company.departments):
            deadline_at = now + timedelta(days=number % 10 - 1, hours=number % 7)
            session.add(
                CycleDepartment(
                    cycle_id=cycle.id,
                    department_id=department.id,
                    company_id=cycle.company_id,
                    is_started=True,
                    stage_since=now,
                )
            )
            session.add(
                Task(
                    cycle_id=cycle.id,
                    department_id=department.id,
                    company_id=cycle.company_id,
                    id=task_id(cycle.id, department.id, "targets", 1),
                    slot="targets",
                    kind=TaskKind.CONFIRM_TARGETS,
                    stage=Stage.TARGETS,
                    holder_id=department.director_id,
                    first_holder_id=department.director_id,
                    opened_at=now,
                    deadline_at=deadline_at,
                    first_deadline_at=deadline_at,
                )
            )
        await session.commit()
    return company


async def cookie_of(sessions: SessionMaker, settings: Settings, person_id: str) -> str:
    """Sign a person in without their password."""
    async with sessions() as session:
        account = (await session.exec(select(Account).where(col(Account.person_id) == person_id))).one()
    visitor = HTTPConnection({"type": "http", "headers": []})
    cookies = Cookies(settings)
    cookies.sign_in(visitor, account)
    return cookies.header_for(visitor.scope["state"]["set_visit"]).partition(";")[0]


# --- asking ---------------------------------------------------------------------------------------


class Browser:
    """One connection that is kept open; one request at a time."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.cookie = cookie

    async def __aenter__(self) -> Browser:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.writer.close()

    async def get(self, path: str, headers: str = "") -> bytes:
        """Return the page.

        Raises:
            ValueError: it is not there.
        """
        asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n{headers}\r\n"
        self.writer.write(asked.encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        body = await self.reader.readexactly(length)
        if not head.startswith("http/1.1 200"):
            raise ValueError(f"{path}: {head.splitlines()[0]}")
        return body


@dataclass
class Rates:
    """Pages a second of one kind of page and of its floor, by round."""

    name: str
    body: bytes
    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)


async def rate(browsers: list[Browser], paths: list[str], headers: str, seconds: float) -> float:
    """Return how many pages a second all browsers together are shown."""
    ends = time.perf_counter() + seconds
    shown = 0

    async def look(browser: Browser, first: int) -> None:
        nonlocal shown
        number = first
        while time.perf_counter() < ends:
            await browser.get(paths[number % len(paths)], headers)
            number += 1
            shown += 1

    began = time.perf_counter()
    await asyncio.gather(*(look(browser, number * 7) for number, browser in enumerate(browsers)))
    return shown / (time.perf_counter() - began)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[int]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.pages", "--serve", str(folder), "--port", str(port)
    )
    try:
        for _ in range(600):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            break
        yield port
    finally:
        process.terminate()
        await process.wait()


async def measure(departments: int, rounds: int, seconds: float, callers: int, folder: Path) -> None:
    settings = settings_of(folder)
    database = connect(settings.database_url)
    sessions = session_maker(database)
    company = await make_cycle(sessions, departments)
    cookie = await cookie_of(sessions, settings, company.hr_id)
    await database.dispose()
    address = f"/cycles/{company.cycle_id}"
    pages = [f"{address}?page={number + 1}" for number in range(departments // 50)]
    async with served(folder) as port:
        browsers = [await Browser(port, cookie).__aenter__() for _ in range(callers)]
        whole = await browsers[0].get(pages[0])
        part = await browsers[0].get(pages[0], PART)
        rates = [Rates("the cycle's page", whole), Rates("the table alone", part)]
        for turn in range(rounds + 1):
            for one, headers in zip(rates, ("", PART), strict=True):
                (folder / "page.html").write_bytes(b"{% raw %}" + one.body + b"{% endraw %}")
                floor = await rate(browsers, [STATIC], "", seconds)
                ours = await rate(browsers, pages, headers, seconds)
                if turn:  # The first one warms up.
                    one.ours.append(ours)
                    one.floor.append(floor)
        for browser in browsers:
            await browser.__aexit__()
    report(departments, rates)


def report(departments: int, rates: list[Rates]) -> None:
    print(f"| 50 of {departments:,} departments | bytes | pages/s | floor | ratio: median (least, most) | aim |")
    print("|---|---|---|---|---|---|")
    for one in rates:
        ratios = [ours / floor for ours, floor in zip(one.ours, one.floor, strict=True)]
        middle = statistics.median(ratios)
        rates_ = f"{statistics.median(one.ours):.0f} | {statistics.median(one.floor):.0f}"
        verdict = "met" if middle >= AIM else "NOT met"
        print(
            f"| {one.name} | {len(one.body):,} | {rates_} "
            f"| {middle:.2f} ({min(ratios):.2f}, {max(ratios):.2f}) | ≥ {AIM:.2f}: {verdict} |"
        )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--departments", type=int, default=2_000)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seconds", type=float, default=3)
    asked.add_argument("--callers", type=int, default=4)
    asked.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    asked.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.serve:
        serve(given.serve, given.port)
        return
    with tempfile.TemporaryDirectory() as folder:
        migrate(settings_of(Path(folder)).database_url)
        asyncio.run(measure(given.departments, given.rounds, given.seconds, given.callers, Path(folder)))


if __name__ == "__main__":
    main()

"""kill -9 of the worker, of the server, of Temporal, at five moments of a running quarter.

Nothing is lost and nothing comes twice: messages, decisions, tasks, scores and history are those of
a quarter that nobody disturbed. Each part is killed in two quarters, as it must be up again before
its next moment comes. Several quarters run side by side, as they mostly wait.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import pytest

from models.database import connect, session_maker
from models.stages import Channel
from quarterdeck.demo.small import SmallCompany, make_small_company
from tests.crashes.outcome import Outcome, outcome_of
from tests.crashes.premises import What, compiled, premises
from tests.crashes.script import STARTS_AT, STARTS_ON, TERMS, Kills, Moment, Script
from tests.journeys.quarter import prepare
from tests.postgres import Postgres

LONGEST = 540
"""Seconds for one quarter, whatever happens to it."""

UNDISTURBED = None

ROUNDS = (
    ("sqlite", (Moment.LAUNCH, Moment.RUNG, Moment.GATE)),
    ("sqlite", (Moment.STARTING, Moment.DECISION)),
    ("postgresql", (Moment.STARTING, Moment.DECISION)),
)
"""On which database a part is killed at which moments."""

FURTHER_ROUND = ("postgresql", (Moment.LAUNCH, Moment.RUNG, Moment.GATE))
"""Where the tests run on PostgreSQL throughout."""

pytestmark = pytest.mark.xdist_group("kills")  # They share the undisturbed quarter.


AT_ONCE = 5
"""Quarters side by side: each begins with seconds of work for three processes."""


class Quarters:
    """Plays quarters on databases of one kind, each on premises of its own."""

    def __init__(
        self,
        folder: Path,
        new_database: Callable[[str], str],
        company: SmallCompany,
        compiled: Mapping[str, str],
        kills: Iterable[Kills | None],
    ) -> None:
        self.folder = folder
        self.compiled = compiled
        self.new_database = new_database
        self.company = company
        self.side_by_side = asyncio.Semaphore(AT_ONCE)
        self.playing = {each: asyncio.create_task(self.play(each)) for each in kills}

    async def outcome(self, kills: Kills | None) -> Outcome:
        """Return what a quarter comes to, once it is over."""
        return await self.playing[kills]

    async def play(self, kills: Kills | None) -> Outcome:
        name = f"{kills.what}-{kills.moments[0].name}".lower() if kills else "undisturbed"
        folder = self.folder / name
        folder.mkdir()
        async with (
            self.side_by_side,
            asyncio.timeout(LONGEST),
            premises(folder, self.new_database(name), self.company, self.compiled) as at,
        ):
            await Script(at, kills).play()
            return await outcome_of(at)

    async def end(self) -> None:
        for playing in self.playing.values():
            playing.cancel()
        await asyncio.gather(*self.playing.values(), return_exceptions=True)


Begun = Callable[[str], Awaitable[Quarters]]
"""Gives the quarters on a kind of database, begun when they are first asked for."""


async def founded_on(database_url: str) -> SmallCompany:
    """Found the company in an empty database."""
    engine = connect(database_url)
    sessions = session_maker(engine)
    company = await make_small_company(sessions, 3, 2, starts_on=STARTS_ON, terms=TERMS, company_id="kills")
    await prepare(sessions, company, STARTS_AT, {})
    await engine.dispose()
    return company


def copies_on_sqlite(folder: Path, template: Path) -> tuple[str, Callable[[str], str]]:
    """Return the URL of an empty database, and what makes a copy of it by a name."""
    founded = folder / "founded.db"
    shutil.copy(template, founded)

    def copy(name: str) -> str:
        shutil.copy(founded, folder / f"{name}.db")
        return f"sqlite+aiosqlite:///{folder / f'{name}.db'}"

    return f"sqlite+aiosqlite:///{founded}", copy


def copies_on_postgresql(postgres: Postgres) -> tuple[str, Callable[[str], str]]:
    """Return the URL of an empty database, and what makes a copy of it by a name."""
    return postgres.create("kills", "template"), lambda name: postgres.create(f"kills-{name}", "kills")


@pytest.fixture(scope="session")
async def quarters(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Begun]:
    """The quarters of all tests that were asked for; those on a kind of database are begun together."""
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    begun: dict[str, Quarters] = {}

    async def on(database: str) -> Quarters:
        if database not in begun:
            folder = tmp_path_factory.mktemp(f"kills-{database}")
            url, copy = (
                copies_on_sqlite(folder, request.getfixturevalue("sqlite_template"))
                if database == "sqlite"
                else copies_on_postgresql(request.getfixturevalue("postgres"))
            )
            kills = [
                Kills(each["what"], each["moments"])
                for each in asked
                if each.keys() == {"what", "database", "moments"} and each["database"] == database
            ]
            company, code = await founded_on(url), await compiled(folder / "compiled")
            begun[database] = Quarters(folder, copy, company, code, [UNDISTURBED, *kills])
        return begun[database]

    yield on
    for each in begun.values():
        await each.end()


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_every_moment_is_one_of_a_quarter(on: str) -> None:
    of_rounds = [moments for database, moments in (*ROUNDS, FURTHER_ROUND) if database == on]
    assert sorted(moment for moments in of_rounds for moment in moments) == sorted(Moment)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"database", "moments"} <= set(metafunc.fixturenames):
        on_postgresql = metafunc.config.getoption("--database") == "postgresql"
        metafunc.parametrize(
            ("database", "moments"),
            (*ROUNDS, FURTHER_ROUND) if on_postgresql else ROUNDS,
            ids=lambda given: given if isinstance(given, str) else "-".join(one.name.lower() for one in given),
        )


@pytest.mark.parametrize("what", What)
async def test_nothing_is_lost_and_nothing_comes_twice(
    quarters: Begun, what: What, database: str, moments: tuple[Moment, ...]
) -> None:
    """Compared are messages and decisions with those of an undisturbed run."""
    here = await quarters(database)
    killed = await here.outcome(Kills(what, moments))
    undisturbed = await here.outcome(UNDISTURBED)
    assert undisturbed.doubts == []
    assert killed.differences(undisturbed) == []
    if what is What.SERVER:  # Killed while a launch, or a decision, was asked for.
        assert killed.repeats > 0
    if what is not What.WORKER:
        assert killed.doubts == []
    for doubt in killed.doubts:  # DESIGN 9: never a blind second mail.
        assert doubt.channel is Channel.EMAIL
        assert doubt.arrived <= 1
        assert doubt.hr_was_told


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
async def test_the_undisturbed_quarter_is_a_whole_one(quarters: Begun, on: str) -> None:
    """What the others are compared with: it has all that a kill could lose or repeat."""
    facts = (await (await quarters(on)).outcome(UNDISTURBED)).facts
    occasions = {(fact[0], fact[2]) for fact in facts["message received"]}
    assert {
        (Channel.EMAIL, "task-opened"),
        (Channel.SMS, "task-reminder"),
        (Channel.EMAIL, "task-reminder"),
        (Channel.EMAIL, "task-escalated"),
        (Channel.EMAIL, "cycle-ready"),
    } <= occasions
    assert facts["message received"].total() == facts["message logged"].total()
    assert set(facts["message received"].values()) == {1}
    assert facts["decision"].total() == 3 * (1 + 3 + 2 + 1)
    assert {fact[1] for fact in facts["department"]} == {"closed"}
    assert facts["score"].total() == 6

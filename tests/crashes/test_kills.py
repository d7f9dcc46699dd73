"""kill -9 of the worker, of the server, of Temporal, at five moments of a running quarter.

Nothing is lost and nothing comes twice: messages, decisions, tasks, scores and history are those of
a quarter that nobody disturbed. Each part is killed in two quarters, as it must be up again before
its next moment comes. Several quarters run side by side, as they mostly wait.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path

import pytest

from models.database import connect, session_maker
from models.stages import Channel
from quarterdeck.demo.small import SmallCompany, make_small_company
from tests.crashes.outcome import Outcome, outcome_of
from tests.crashes.premises import What, compiled, premises
from tests.crashes.script import STARTS_AT, STARTS_ON, TERMS, Kills, Moment, Script
from tests.journeys.quarter import prepare

LONGEST = 540
"""Seconds for one quarter, whatever happens to it."""

UNDISTURBED = None

MOMENTS = ((Moment.LAUNCH, Moment.RUNG, Moment.GATE), (Moment.STARTING, Moment.DECISION))

pytestmark = pytest.mark.xdist_group("kills")  # They share the undisturbed quarter.


AT_ONCE = 5
"""Quarters side by side: each begins with seconds of work for three processes."""


class Quarters:
    """Plays quarters, each on premises of its own."""

    def __init__(
        self,
        folder: Path,
        founded: Path,
        company: SmallCompany,
        compiled: Mapping[str, str],
        kills: Iterable[Kills | None],
    ) -> None:
        self.folder = folder
        self.compiled = compiled
        self.founded = founded
        self.company = company
        self.side_by_side = asyncio.Semaphore(AT_ONCE)
        self.playing = {each: asyncio.create_task(self.play(each)) for each in kills}

    async def outcome(self, kills: Kills | None) -> Outcome:
        """Return what a quarter comes to, once it is over."""
        return await self.playing[kills]

    async def play(self, kills: Kills | None) -> Outcome:
        folder = self.folder / (f"{kills.what}-{kills.moments[0].name}" if kills else "undisturbed")
        folder.mkdir()
        async with (
            self.side_by_side,
            asyncio.timeout(LONGEST),
            premises(folder, self.founded, self.company, self.compiled) as at,
        ):
            await Script(at, kills).play()
            return await outcome_of(at)

    async def end(self) -> None:
        for playing in self.playing.values():
            playing.cancel()
        await asyncio.gather(*self.playing.values(), return_exceptions=True)


@pytest.fixture(scope="session")
async def quarters(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Quarters]:
    """The quarters of all tests that were asked for; they are begun together."""
    folder = tmp_path_factory.mktemp("kills")
    founded = folder / "founded.db"
    shutil.copy(sqlite_template, founded)
    engine = connect(f"sqlite+aiosqlite:///{founded}")
    sessions = session_maker(engine)
    company = await make_small_company(sessions, 3, 2, starts_on=STARTS_ON, terms=TERMS, company_id="kills")
    await prepare(sessions, company, STARTS_AT, {})
    await engine.dispose()
    asked = (item.callspec.params for item in request.session.items if hasattr(item, "callspec"))
    kills = [Kills(each["what"], each["moments"]) for each in asked if each.keys() == {"what", "moments"}]
    quarters = Quarters(folder, founded, company, await compiled(folder / "compiled"), [UNDISTURBED, *kills])
    yield quarters
    await quarters.end()


def test_every_moment_is_one_of_a_quarter() -> None:
    assert sorted(moment for moments in MOMENTS for moment in moments) == sorted(Moment)


@pytest.mark.parametrize("moments", MOMENTS, ids=lambda moments: "-".join(one.name.lower() for one in moments))
@pytest.mark.parametrize("what", What)
async def test_nothing_is_lost_and_nothing_comes_twice(
    quarters: Quarters, what: What, moments: tuple[Moment, ...]
) -> None:
    """Issue 2, Proof: compare messages and decisions with an undisturbed run."""
    killed = await quarters.outcome(Kills(what, moments))
    undisturbed = await quarters.outcome(UNDISTURBED)
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


async def test_the_undisturbed_quarter_is_a_whole_one(quarters: Quarters) -> None:
    """What the others are compared with: it has all that a kill could lose or repeat."""
    facts = (await quarters.outcome(UNDISTURBED)).facts
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

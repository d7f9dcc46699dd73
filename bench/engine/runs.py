"""What is measured: launches, decisions under load, one at a time, after a kill; ours and the floor in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time

from temporalio.client import Client

from bench.engine.callers import Caller
from bench.engine.floor import Floor
from bench.engine.histories import Shape, shape_of, up_to_first_decision
from bench.engine.ours import Company, Ours
from bench.engine.parts import FLOOR, SERVER, TEMPORAL, WORKER, Parts

STARTS_AT_ONCE = 16
"""As many as our activity starts at once."""
PAUSE_SECONDS = 0.02
"""Between two decisions on an idle system."""
SETTLED_SECONDS = 2.0
"""Between two kills: longer than a sticky queue is waited for."""
ALL_KILLED = 3
"""How often the worker's parent process is killed too, so that everything is loaded anew."""
CALLS = "callers of the floor"
PARTS_OF = {"ours": (TEMPORAL, WORKER, SERVER), "floor": (TEMPORAL, FLOOR)}


@dataclass(frozen=True)
class Phase:
    """Something done `count` times by one side: how long it took, and the processor time of each process."""

    side: str
    what: str
    count: int
    seconds: float
    at_rest: float
    cpu: Mapping[str, float]

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time a piece."""
        return 1000 * sum(self.cpu.values()) / self.count


@dataclass
class Findings:
    shapes: dict[str, Shape] = field(default_factory=dict)
    phases: list[Phase] = field(default_factory=list)
    idle: dict[str, list[float]] = field(default_factory=dict)
    """Seconds of each decision on an idle system."""
    killed: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from a kill -9 of the worker to the first decision."""

    def of(self, side: str, what: str, count: int) -> list[Phase]:
        return [p for p in self.phases if (p.side, p.what, p.count) == (side, what, count)]

    def typical(self, side: str, what: str, count: int, of: Callable[[Phase], float]) -> float:
        return median(of(phase) for phase in self.of(side, what, count))

    @property
    def counts(self) -> list[int]:
        return sorted({phase.count for phase in self.phases})


class Bench:
    def __init__(
        self, parts: Parts, ours: Ours, floor: Floor, client: Client, callers: int, say: Callable[[str], None]
    ) -> None:
        self.parts = parts
        self.ours = ours
        self.floor = floor
        self.client = client
        self.callers = callers
        self.say = say
        self.findings = Findings()

    # --- under load -----------------------------------------------------------------------------

    async def round(self, number: int, count: int) -> None:
        """Launch and decide on both sides; who goes first changes from round to round."""
        name = f"r{number}n{count}"
        company = await self.ours.make(name, count)

        async def launch_ours() -> None:
            await self.measured("ours", "launch", count, lambda: self.ours.launch(company))

        async def launch_floor() -> None:
            await self.measured("floor", "launch", count, lambda: self.floor.launch(name, count, STARTS_AT_ONCE))

        async def decide_ours() -> None:
            await self.measured("ours", "decide", count, lambda: self.decided_by_all(company, count))

        async def decide_floor() -> None:
            await self.measured("floor", "decide", count, lambda: self.decided_at_floor(name, count))

        steps = [launch_ours, launch_floor, decide_ours, decide_floor]
        if number % 2:
            steps = [launch_floor, launch_ours, decide_floor, decide_ours]
        for step in steps:
            await step()
        if not self.findings.shapes:
            await self.compare(company, name)

    async def measured(
        self, side: str, what: str, count: int, act: Callable[[], Awaitable[tuple[float, float]]]
    ) -> None:
        names = PARTS_OF[side]
        before, own = self.parts.cpu_seconds(*names), process_time()
        seconds, at_rest = await act()
        cpu = {name: used - before[name] for name, used in self.parts.cpu_seconds(*names).items()}
        if side == "floor":
            cpu[CALLS] = process_time() - own  # What our server does for its callers, they do themselves.
        phase = Phase(side, what, count, seconds, at_rest, cpu)
        self.findings.phases.append(phase)
        self.say(
            f"{what} {count} {side}: {seconds:.2f} s, {phase.per_second:.0f}/s, "
            f"{phase.cpu_ms:.1f} CPU-ms each ({', '.join(f'{k} {1000 * v / count:.1f}' for k, v in cpu.items())})"
        )

    async def decided_by_all(self, company: Company, count: int) -> tuple[float, float]:
        waiting = iter(range(count))

        async def call() -> None:
            async with Caller(self.ours.application) as caller:
                for number in waiting:
                    await self.ours.decide(caller, company, number)

        return await self.together(call)

    async def decided_at_floor(self, cycle: str, count: int) -> tuple[float, float]:
        waiting = iter(range(count))

        async def call() -> None:
            for number in waiting:
                await self.floor.decide(cycle, number)

        return await self.together(call)

    async def together(self, call: Callable[[], Awaitable[None]]) -> tuple[float, float]:
        began = perf_counter()
        await asyncio.gather(*(call() for _ in range(self.callers)))
        seconds = perf_counter() - began
        return seconds, seconds

    # --- shapes ---------------------------------------------------------------------------------

    async def compare(self, company: Company, cycle: str) -> None:
        """Read both histories, and insist that the floor does what a department does.

        Raises:
            RuntimeError: the floor has another shape.
        """
        ours = self.client.get_workflow_handle(company.workflow_of(0))
        floor = self.client.get_workflow_handle(self.floor.id_of(cycle, 0))
        shapes = {
            "ours": shape_of(await up_to_first_decision(ours)),
            "floor": shape_of(await up_to_first_decision(floor)),
        }
        if shapes["ours"].kinds != shapes["floor"].kinds:
            raise RuntimeError(f"The floor is no floor: {shapes}")
        self.findings.shapes = shapes

    # --- one at a time --------------------------------------------------------------------------

    async def one_at_a_time(self, count: int) -> None:
        """Decide one task after the other, on each side in turn, with nothing else going on."""
        company = await self.both_launched("idle", count)
        idle: dict[str, list[float]] = {"ours": [], "floor": []}
        async with Caller(self.ours.application) as caller:
            for number in range(count):
                for side in idle:
                    await asyncio.sleep(PAUSE_SECONDS)
                    began = perf_counter()
                    if side == "ours":
                        await self.ours.decide(caller, company, number)
                    else:
                        await self.floor.decide("idle", number)
                    idle[side].append(perf_counter() - began)
        self.findings.idle = idle

    async def both_launched(self, name: str, count: int) -> Company:
        company = await self.ours.make(name, count)
        await self.ours.launch(company)
        await self.floor.launch(name, count, STARTS_AT_ONCE)
        return company

    # --- after a kill ---------------------------------------------------------------------------

    async def after_a_kill(self, times: int) -> None:
        """Kill the worker, start another at once, and decide: how long until that is recorded?"""
        company = await self.both_launched("killed", 2 * (times + ALL_KILLED))

        async def decide_ours(number: int) -> None:
            async with Caller(self.ours.application) as caller:
                await self.ours.decide(caller, company, number)

        async def decide_floor(number: int) -> None:
            await self.floor.decide("killed", number)

        for turn in range(times):
            await self.kill_once("ours", WORKER, turn, decide_ours)
            await self.kill_once("floor", FLOOR, turn, decide_floor)
        for turn in range(times, times + ALL_KILLED):
            await self.kill_once("ours, all of it", WORKER, turn, decide_ours)

    async def kill_once(self, side: str, part: str, turn: int, decide: Callable[[int], Awaitable[None]]) -> None:
        await decide(2 * turn)  # The worker is there, and at rest afterwards.
        await asyncio.sleep(SETTLED_SECONDS)
        began = perf_counter()
        if side == "ours":
            self.parts.kill_what_works(part)
        else:
            self.parts.kill(part)
            self.parts.start(part)
        await decide(2 * turn + 1)
        seconds = perf_counter() - began
        self.findings.killed.setdefault(side, []).append(seconds)
        self.say(f"{side}: first decision {seconds:.2f} s after kill -9 of the worker")

"""How fast a quarter moves, beside the floor.

    python -m bench.engine [--departments 100] [--rounds 3] [--large] [--postgresql URL]

Starts Temporal, a mail catcher, `worker.py` and `server.py` on ports of their own, launches companies
of 25 people a department and decides their first tasks with 50 callers over HTTP. Beside it, in turn
and on the same Temporal server, a bare workflow of the same shape: the floor. `--large` adds a round
of 2,000 departments. The report is a table of Markdown; `docs/performance.md` says how to read it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from temporalio.client import Client

from bench.engine.callers import Caller
from bench.engine.floor import QUEUE, Floor
from bench.engine.histories import Sizes, sizes_of, up_to_first_decision
from bench.engine.ours import Ours
from bench.engine.parts import FLOOR, LOCAL, MAIL, SERVER, TEMPORAL, WORKER, Parts, Place
from bench.engine.report import lines
from bench.engine.runs import Bench, Findings
from models.database import connect, session_maker
from models.settings import Settings
from quarterdeck import wellness
from quarterdeck.migration import migrate

LARGE = 2_000
PATIENCE_SECONDS = 60
LONGEST_RUN_SECONDS = 1800


def say(line: str) -> None:
    print(f"[{monotonic() - BEGAN:6.1f} s] {line}", file=sys.stderr, flush=True)


BEGAN = monotonic()


async def until(is_well: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a part.

    Raises:
        TimeoutError: it does not come up; its log is in the run's folder.
    """
    give_up_at = monotonic() + PATIENCE_SECONDS
    while not await is_well():
        if monotonic() > give_up_at:
            raise TimeoutError(f"{what} does not come up")
        await asyncio.sleep(0.1)


async def start_ours(parts: Parts) -> None:
    place, settings = parts.place, Settings()
    parts.start(TEMPORAL)
    parts.start(MAIL)
    await until(lambda: wellness.engine_answers(place.temporal_address), TEMPORAL)
    await until(lambda: wellness.listens(LOCAL, place.mail_port), MAIL)
    parts.start(WORKER)
    parts.start(SERVER)
    await until(lambda: wellness.page_answers(f"{place.application}/healthz"), SERVER)
    await until(lambda: wellness.worker_polls(place.temporal_address, settings.task_queue), WORKER)


async def rehearse(ours: Ours, client: Client) -> Sizes:
    """Warm our side up, and learn from it how large the floor's payloads have to be."""
    company = await ours.make("rehearsal", 8)
    await ours.launch(company)
    async with Caller(ours.application) as caller:
        for number in range(8):
            await ours.decide(caller, company, number)
    return sizes_of(await up_to_first_decision(client.get_workflow_handle(company.workflow_of(0))))


async def run(asked: argparse.Namespace, parts: Parts) -> Findings:
    place, settings = parts.place, Settings()
    engine = connect(place.database_url)
    await start_ours(parts)
    client = await Client.connect(place.temporal_address)
    ours = Ours(session_maker(engine), place.application)
    sizes = await rehearse(ours, client)
    tally = place.folder / "tally"
    parts.commands[FLOOR] = Parts.python(
        "bench.engine.floor", place.temporal_address, str(tally), json.dumps(asdict(sizes)),
        "--tasks-at-once", str(settings.concurrent_workflow_tasks), "--cached", str(settings.cached_workflows),
    )  # fmt: skip
    parts.start(FLOOR)
    await until(lambda: wellness.worker_polls(place.temporal_address, QUEUE), FLOOR)
    floor = Floor(client, sizes, tally)
    await floor.launch("rehearsal", 8, 8)
    bench = Bench(parts, ours, floor, client, asked.callers, say)
    for number in range(asked.rounds):
        await bench.round(number, asked.departments)
    if asked.idle:
        await bench.one_at_a_time(asked.idle)
    if asked.kills:
        await bench.after_a_kill(asked.kills)
    if asked.large:
        await bench.round(0, LARGE)
    await engine.dispose()
    return bench.findings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--departments", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, default=50)
    parser.add_argument("--idle", type=int, default=150, help="decisions on an idle system")
    parser.add_argument("--kills", type=int, default=10, help="kill -9 of the worker")
    parser.add_argument("--large", action="store_true", help=f"a round of {LARGE} departments too")
    parser.add_argument("--postgresql", default="", help="an empty database, postgresql+psycopg://…")
    parser.add_argument("--keep", type=Path, help="folder for databases and logs, kept; otherwise a passing one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-engine-") as passing:
        folder = (asked.keep or Path(passing)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        place = Place.at(folder, asked.postgresql)
        migrate(place.database_url)
        with Parts(place) as parts:
            findings = asyncio.run(asyncio.wait_for(run(asked, parts), LONGEST_RUN_SECONDS))
    print("\n".join(lines(findings)))


if __name__ == "__main__":
    main()

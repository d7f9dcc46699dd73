"""The worker: carries out workflows, activities and sends, in as many processes as asked. Any number may run."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import uvloop
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

from activities.announcements import AnnouncementActivities
from activities.connecting import opener
from activities.cycles import CycleActivities
from activities.dispatch import DispatchActivities
from activities.fetches import FetchActivities
from activities.figures import FigureActivities
from activities.resending import ResendActivities
from activities.schedules import ScheduleActivities
from activities.scoring import ScoringActivities
from activities.staff import StaffActivities
from activities.taking_over import TakeOverActivities
from activities.tasks import TaskActivities
from models.database import SessionMaker, connect, session_maker
from models.encryption import data_converter
from models.errors import WrongSettings
from models.names import TASK_QUEUE_OF_SENDS
from models.settings import Settings, read_settings
from models.stages import Channel
from notifications.email import EmailChannel
from notifications.outbox import Timing
from notifications.parcels import Sender
from notifications.sms import SmsChannel
from quarterdeck.conductor import demo_client
from quarterdeck.nursery import Nursery
from workflows.cycle import PerformanceCycle
from workflows.department import DepartmentReview
from workflows.fetching import SourceFetch, SourceSchedule
from workflows.sandbox import sandbox

WORKFLOWS = (PerformanceCycle, DepartmentReview, SourceFetch, SourceSchedule)
GRACE = timedelta(seconds=20)
"""A send under way is finished before the process ends."""

BUILD_ID = "quarterdeck"
"""Named here because the default, a hash of every loaded module, takes two seconds at each start."""

log = logging.getLogger("quarterdeck.worker")


@dataclass(frozen=True)
class Activities:
    """What the two queues carry out."""

    of_processes: Sequence[Callable[..., Any]]
    of_sends: Sequence[Callable[..., Any]]


def build_senders(settings: Settings) -> dict[Channel, Sender]:
    """Return the channels that leave the house. Without Twilio, what is meant as SMS goes by e-mail."""
    senders: dict[Channel, Sender] = {Channel.EMAIL: EmailChannel(settings.smtp)}
    if settings.twilio.is_on:
        senders[Channel.SMS] = SmsChannel(settings.twilio)
    return senders


def activities_of_records(
    settings: Settings, sessions: SessionMaker, client: Client
) -> Sequence[Callable[..., Any]]:
    """Return what writes down how tasks, cycles and staff change, and who is to hear of it (again)."""
    tasks = TaskActivities(sessions)
    cycles = CycleActivities(sessions, client, settings.task_queue)
    return (
        tasks.open_task,
        tasks.fire_rung,
        tasks.record_decision,
        tasks.reassign_task,
        tasks.extend_task,
        tasks.shift_task,
        tasks.void_task,
        tasks.remind_task,
        tasks.offer_link,
        cycles.start_departments,
        cycles.order_all,
        cycles.reach_stage,
        cycles.close_department,
        cycles.record_cycle,
        cycles.change_plan,
        cycles.reopen_department,
        StaffActivities(sessions).change_staff,
        AnnouncementActivities(sessions).announce,
        ResendActivities(sessions, settings.twilio).resend_message,
    )


def activities_of_sources(
    settings: Settings, sessions: SessionMaker, client: Client
) -> Sequence[Callable[..., Any]]:
    """Return what fetches from sources, on demand and by itself."""
    limits = settings.sources
    page_seconds = limits.connect_seconds + 3 * limits.read_seconds
    fetches = FetchActivities(sessions, opener(settings), page_seconds)
    taking_over = TakeOverActivities(sessions)
    return (
        fetches.test_source,
        fetches.read_source,
        taking_over.take_over,
        taking_over.refresh_figures,
        fetches.fail_fetch,
        ScheduleActivities(sessions, client, settings.task_queue).fetch_if_due,
    )


def build_activities(settings: Settings, sessions: SessionMaker, client: Client) -> Activities:
    dispatch = DispatchActivities(
        sessions,
        build_senders(settings),
        base_url=str(settings.base_url),
        sms=settings.twilio,
        timing=Timing(window=settings.digest_window, settle=settings.digest_settle),
    )
    return Activities(
        of_processes=(
            *activities_of_records(settings, sessions, client),
            *activities_of_sources(settings, sessions, client),
            FigureActivities(sessions).fetch_figures,
            ScoringActivities(sessions).score_department,
        ),
        of_sends=(dispatch.dispatch,),
    )


def build_workers(settings: Settings, client: Client, activities: Activities) -> tuple[Worker, Worker]:
    """Return the worker of processes and the worker of sends (DESIGN 9, 16)."""
    processes = Worker(
        client,
        build_id=BUILD_ID,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=activities.of_processes,
        workflow_runner=sandbox(),
        max_cached_workflows=settings.cached_workflows,
        max_concurrent_workflow_tasks=settings.concurrent_workflow_tasks,
        max_concurrent_activities=50,
        max_concurrent_local_activities=50,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        graceful_shutdown_timeout=GRACE,
    )
    sends = Worker(
        client,
        build_id=BUILD_ID,
        task_queue=settings.task_queue + TASK_QUEUE_OF_SENDS,
        activities=activities.of_sends,
        max_concurrent_activities=100,
        graceful_shutdown_timeout=GRACE,
    )
    return processes, sends


async def connect_engine(settings: Settings) -> Client:
    """Connect to Temporal, waiting for it as long as it takes."""
    config = ClientConfig.load_client_connect_config()
    converter = data_converter(settings.payload_keys)
    while True:
        try:
            client = await Client.connect(**config, data_converter=converter)
        except RuntimeError as trouble:
            log.warning("Temporal does not answer yet (%s); trying again", type(trouble).__name__)
            await asyncio.sleep(1)
            continue
        return demo_client(client) if settings.demo else client


async def work(settings: Settings) -> None:
    """Work until asked to stop."""
    engine = connect(settings.database_url)
    sessions = session_maker(engine)
    client = await connect_engine(settings)
    workers = build_workers(settings, client, build_activities(settings, sessions, client))
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    running = [asyncio.create_task(worker.run()) for worker in workers]
    log.info("Working on %s", settings.task_queue)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)
    await engine.dispose()


def main() -> int:
    try:
        settings = read_settings()
        data_converter(settings.payload_keys)
    except WrongSettings as wrong:
        print(f"quarterdeck: {wrong}", file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return Nursery(lambda: uvloop.run(work(settings))).run(settings.worker_processes)


if __name__ == "__main__":
    sys.exit(main())

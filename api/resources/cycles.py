"""Cycles: launched, previewed, paused, resumed, cancelled, changed, published, reopened."""

from __future__ import annotations

from itertools import islice

from fastapi import APIRouter, Request, Response
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api import moves
from api.asked import ANSWERS, ANSWERS_WITH_NEW, AskedOnce, answered
from api.commands import CommandKind
from api.facts import names_of_people
from api.language import language_of
from api.launch_check import noteworthy_of, refuse_unless_ready, refuse_wrong_terms
from api.launching import already_launched, changed, drafted, keep_draft, launch, refuse_known
from api.paging import AskedPaging, Page, Paging
from api.parts import Parts, TheParts
from api.preview import Planned, Preview, named
from api.problems import worded_errors
from api.rights import seen_cycle
from api.session import Database, HrAdmin, SignedIn, Viewer
from api.shapes import (
    CycleInFull,
    CycleShown,
    DayMoved,
    MessagePlanned,
    Named,
    NewCycle,
    NewPlan,
    PreviewShown,
    Reason,
    Reopening,
)
from models.clock import business_now
from models.cycles import Cycle, CycleDepartment
from models.errors import Refusal
from models.org import Company
from models.stages import CycleState, Language, Stage, TaskState
from models.tasks import Task
from models.wordings import OwnWords, own_words

router = APIRouter(prefix="/cycles", tags=["cycles"])


@router.post(
    "", summary="Launch a cycle or keep a draft", status_code=201, responses=ANSWERS_WITH_NEW, response_model=None
)
async def create_cycle(
    given: NewCycle, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Everything that is wrong is listed, and nothing starts; a second launch is told of the first."""
    earlier = await parts.commands.told_before(database, viewer.id, asked)
    if earlier is not None:
        return answered(earlier, 201)
    cycle = await drafted(database, viewer, given)
    await refuse_known(database, cycle.id, viewer.company_id)
    if not given.launch:
        return answered(await keep_draft(database, parts.commands, viewer, cycle, asked), 201)
    await refuse_unless_ready(database, cycle)
    return answered(await launch(database, parts.commands, viewer, cycle, asked), 201)


@router.get("", summary="Cycles, the newest first")
async def list_cycles(
    viewer: SignedIn, database: Database, paging: AskedPaging, state: CycleState | None = None
) -> Page[CycleShown]:
    wanted = select(Cycle).where(col(Cycle.company_id) == viewer.company_id)
    if not viewer.reads_all:
        wanted = wanted.where(col(Cycle.state) != CycleState.DRAFT)
    if state is not None:
        wanted = wanted.where(col(Cycle.state) == state)
    keys = [col(Cycle.starts_on), col(Cycle.id)]
    cycles = (await database.exec(paging.applied(wanted, keys, descending=True))).all()
    people = await names_of_people(database, {cycle.hr_owner_id for cycle in cycles})
    return paging.page(cycles, lambda cycle: _shown(cycle, people), lambda cycle: (cycle.starts_on, cycle.id))


@router.get("/{cycle_id}", summary="One cycle, its terms and how far it is")
async def show_cycle(cycle_id: str, viewer: SignedIn, database: Database) -> CycleInFull:
    cycle = await seen_cycle(database, viewer, cycle_id)
    people = await names_of_people(database, {cycle.hr_owner_id})
    stages = await database.exec(
        select(CycleDepartment.stage, func.count())
        .where(col(CycleDepartment.cycle_id) == cycle.id)
        .group_by(col(CycleDepartment.stage))
    )
    open_tasks = select(func.count()).where(col(Task.cycle_id) == cycle.id, col(Task.state) == TaskState.OPEN)
    overdue = open_tasks.where(col(Task.deadline_at) < await business_now(database))
    return CycleInFull(
        **_shown(cycle, people).model_dump(),
        terms=cycle.the_terms(),
        departments={Stage(stage): count for stage, count in stages.all()},
        open_tasks=(await database.exec(open_tasks)).one(),
        overdue_tasks=(await database.exec(overdue)).one(),
    )


def _shown(cycle: Cycle, people: dict[str, str]) -> CycleShown:
    return CycleShown(
        **cycle.model_dump(include=set(CycleShown.model_fields) - {"hr_owner"}),
        hr_owner=Named(id=cycle.hr_owner_id, name=people.get(cycle.hr_owner_id, cycle.hr_owner_id)),
    )


@router.post("/{cycle_id}/launch", summary="Launch a draft", responses=ANSWERS, response_model=None)
async def launch_draft(
    cycle_id: str, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    earlier = await parts.commands.told_before(database, viewer.id, asked)
    if earlier is not None:
        return answered(earlier)
    cycle = await seen_cycle(database, viewer, cycle_id)
    if cycle.state is not CycleState.DRAFT:
        raise already_launched(cycle)
    await refuse_unless_ready(database, cycle)
    return answered(await launch(database, parts.commands, viewer, cycle, asked))


# --- the preview --------------------------------------------------------------------------------


@router.post("/preview", summary="What a cycle would send, before there is one")
async def preview_new(
    request: Request, given: NewCycle, viewer: HrAdmin, database: Database, parts: TheParts, paging: AskedPaging
) -> PreviewShown:
    cycle = await drafted(database, viewer, given)
    return await _preview(request, database, parts, cycle, paging)


@router.post("/{cycle_id}/preview", summary="Every message of a cycle: who, through what, when, at what cost")
async def preview(
    request: Request, cycle_id: str, viewer: HrAdmin, database: Database, parts: TheParts, paging: AskedPaging
) -> PreviewShown:
    """As it will go if nobody acts before; acting on a task cancels what is left of its ladder."""
    cycle = await seen_cycle(database, viewer, cycle_id)
    return await _preview(request, database, parts, cycle, paging)


async def _preview(
    request: Request, database: AsyncSession, parts: Parts, cycle: Cycle, paging: Paging
) -> PreviewShown:
    language = language_of(request)
    now = cycle.launched_at or await business_now(database)
    planned = await Preview.of(database, cycle, now)
    company = await database.get_one(Company, cycle.company_id)
    own = await own_words(database, cycle.company_id)
    start = _start(paging.cursor)
    items = [
        _planned(message, parts, company, cycle, language, own)
        for message in islice(planned.messages(start), paging.limit)
    ]
    by_channel = planned.by_channel()
    following = start + len(items)
    return PreviewShown(
        problems=await worded_errors(request, await noteworthy_of(database, cycle, now)),
        departments=len(planned.departments),
        messages=planned.count,
        by_channel=by_channel,
        sms_cost=planned.sms_cost(parts.settings.twilio, by_channel),
        currency=company.currency,
        days_moved=[DayMoved(**vars(moved)) for moved in planned.days_moved],
        items=items,
        next=str(following) if following < planned.count else "",
    )


def _start(cursor: str) -> int:
    if cursor and not cursor.isdecimal():
        raise Refusal("cursor-unknown")
    return int(cursor or 0)


def _planned(
    message: Planned, parts: Parts, company: Company, cycle: Cycle, language: Language, own: OwnWords
) -> MessagePlanned:
    person = message.person
    department = named(message.department, language)
    subject = text = ""
    if person is not None:
        facts = {
            "company": company.name,
            "zone": cycle.the_terms().time_zone,
            "link": f"{str(parts.settings.base_url).rstrip('/')}/t/…",
            "cycle": cycle.name,
            "department": department,
            "kind": message.task.kind,
            "month": message.task.month,
            "deadline_at": message.task.deadline_at,
            "moment": message.at,
            "decides": True,
            "stands_in_for": message.meant_for.name if message.meant_for else "",
        }
        written = parts.write(message.occasion, message.channel, person, facts, own)
        subject, text = written.subject, written.text
    return MessagePlanned(
        at=message.at,
        channel=message.channel,
        occasion=message.occasion,
        rung=message.rung,
        slot=message.task.slot,
        department=Named(id=message.department.id, name=department),
        person=Named(id=person.id, name=person.name) if person else None,
        meant_for=Named(id=message.meant_for.id, name=message.meant_for.name) if message.meant_for else None,
        subject=subject,
        text=text,
    )


# --- orders -------------------------------------------------------------------------------------


@router.post(
    "/{cycle_id}/pause", summary="Stop the clocks of all open tasks", responses=ANSWERS, response_model=None
)
async def pause(
    cycle_id: str, given: Reason, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    return await _order(CommandKind.PAUSE, cycle_id, given, viewer, database, parts, asked)


@router.post("/{cycle_id}/resume", summary="Go on after a pause", responses=ANSWERS, response_model=None)
async def resume(
    cycle_id: str, given: Reason, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Open deadlines move by the time paused."""
    return await _order(CommandKind.RESUME, cycle_id, given, viewer, database, parts, asked)


@router.post("/{cycle_id}/cancel", summary="Close every open task", responses=ANSWERS, response_model=None)
async def cancel(
    cycle_id: str, given: Reason, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Whoever holds a task is told."""
    return await _order(CommandKind.CANCEL, cycle_id, given, viewer, database, parts, asked)


@router.post("/{cycle_id}/publish", summary="Show people their results", responses=ANSWERS, response_model=None)
async def publish(
    cycle_id: str, given: Reason, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Once every department is closed."""
    return await _order(CommandKind.PUBLISH, cycle_id, given, viewer, database, parts, asked)


@router.post(
    "/{cycle_id}/plan", summary="Change deadlines, ladder or policy", responses=ANSWERS, response_model=None
)
async def change_plan(
    cycle_id: str, given: NewPlan, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Ladders of tasks whose deadline moves are set anew; nothing already sent is sent again."""
    earlier = await parts.commands.told_before(database, viewer.id, asked)
    if earlier is not None:
        return answered(earlier)
    cycle = await launched_cycle(database, viewer, cycle_id)
    terms = changed(cycle.the_terms(), given.terms)
    await refuse_wrong_terms(database, cycle, terms)
    words = {"terms": terms.model_dump(mode="json"), "reason": given.reason}
    wish = moves.cycle_order(CommandKind.PLAN, cycle, viewer.id, words)
    return answered(await parts.commands.ask(database, wish, asked))


@router.post(
    "/{cycle_id}/reopen",
    summary="Take a closed department back to a stage",
    responses=ANSWERS,
    response_model=None,
)
async def reopen(
    cycle_id: str, given: Reopening, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    if not given.stage.is_open:
        raise Refusal("stage-not-open", stage=given.stage.value)
    cycle = await launched_cycle(database, viewer, cycle_id)
    if await database.get(CycleDepartment, (cycle.id, given.department_id)) is None:
        raise Refusal("department-unknown", department_id=given.department_id)
    words = given.model_dump(mode="json", include={"reason", "due_on"})
    wish = moves.reopening(cycle, viewer.id, given.department_id, given.stage, words)
    return answered(await parts.commands.ask(database, wish, asked))


async def _order(
    kind: CommandKind,
    cycle_id: str,
    given: Reason,
    viewer: Viewer,
    database: AsyncSession,
    parts: Parts,
    asked: AskedOnce,
) -> Response:
    cycle = await launched_cycle(database, viewer, cycle_id)
    wish = moves.cycle_order(kind, cycle, viewer.id, {"reason": given.reason})
    return answered(await parts.commands.ask(database, wish, asked))


async def launched_cycle(session: AsyncSession, viewer: Viewer, cycle_id: str) -> Cycle:
    """Return a cycle that orders can be given to.

    Raises:
        Refusal: `cycle-unknown`; `cycle-not-running` for a draft.
    """
    cycle = await seen_cycle(session, viewer, cycle_id)
    if cycle.state is CycleState.DRAFT:
        raise Refusal("cycle-not-running", cycle_id=cycle.id, state=cycle.state.value)
    return cycle

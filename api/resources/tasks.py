"""Tasks: who holds what, and what people do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated, Literal
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import UploadFile

from api import moves
from api.asked import ANSWERS, AskedOnce, answered
from api.commands import CommandKind, new_command_id
from api.facts import names_of_people, names_of_units
from api.language import language_of
from api.paging import AskedPaging, Page
from api.parts import TheParts
from api.proposals import proposed
from api.rights import (
    acts_for,
    decidable_by,
    may_order,
    place_to_decide,
    seen_task,
    sees_task,
    today,
)
from api.scoring_gaps import GivenTarget
from api.session import Database, HrAdmin, SignedIn, Viewer
from api.shapes import Named
from api.sheets import rows_in_file
from api.submissions import handed_in
from api.task_shapes import (
    CommentGiven,
    CommentShown,
    DecisionGiven,
    DecisionShown,
    DelegationGiven,
    ExtensionGiven,
    FiguresGiven,
    ReasonNeeded,
    ReassignmentGiven,
    TaskInFull,
    TaskShown,
)
from models.clock import business_now
from models.cycles import Cycle
from models.errors import Refusal
from models.messages import SendLink
from models.org import Deputy, Person, stands_in_for
from models.stages import CHOICES, NEEDS_COMMENT, Language, TaskState
from models.tasks import Decision, Task, TaskComment
from rules.completeness import GivenRow

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get("", summary="Tasks that you may see")
async def list_tasks(
    request: Request,
    viewer: SignedIn,
    database: Database,
    paging: AskedPaging,
    holder: Annotated[str, Query(description="Of one person; `me` also brings what I decide as a deputy")] = "",
    cycle: str = "",
    state: TaskState | None = None,
    department: str = "",
    late: Annotated[Literal["yes", ""], Query(description="`yes`: only those past their deadline")] = "",
) -> Page[TaskShown]:
    stands_for = await stands_in_for(database, viewer.id, await today(database, viewer.company_id))
    wanted = select(Task).where(sees_task(viewer, stands_for))
    if holder == "me":
        wanted = wanted.where(decidable_by(viewer.id, stands_for))
    elif holder:
        wanted = wanted.where(col(Task.holder_id) == holder)
    if cycle:
        wanted = wanted.where(col(Task.cycle_id) == cycle)
    if department:
        wanted = wanted.where(col(Task.department_id) == department)
    if state is not None:
        wanted = wanted.where(col(Task.state) == state)
    if late:
        wanted = wanted.where(col(Task.deadline_at) < await business_now(database))
    found = await database.exec(paging.applied(wanted, [col(Task.deadline_at), col(Task.id)]))
    tasks = found.all()
    named = await Names.of(database, tasks, language_of(request))
    return paging.page(tasks, named.shown, lambda task: (task.deadline_at, task.id))


@router.get("/{task_id}", summary="One task, with its decision and comments")
async def show_task(request: Request, task_id: str, viewer: SignedIn, database: Database) -> TaskInFull:
    task = await seen_task(database, viewer, task_id)
    decision = await database.get(Decision, task_id)
    comments = (
        await database.exec(
            select(TaskComment)
            .where(col(TaskComment.task_id) == task_id)
            .order_by(col(TaskComment.at), col(TaskComment.id))
        )
    ).all()
    others = [person for comment in comments for person in (comment.by_id, comment.acted_by)]
    if decision:
        others += [decision.by_id, decision.on_behalf_of, decision.acted_by]
    named = await Names.of(database, [task], language_of(request), others)
    may_decide = task.state is TaskState.OPEN and await acts_for(database, viewer.id, task) is not None
    return TaskInFull(
        **named.shown(task).model_dump(),
        first_holder=named.person(task.first_holder_id),
        added=[named.person(added) for added in task.added_ids],
        level=task.level,
        first_deadline_at=task.first_deadline_at,
        next_rung_at=task.next_rung_at,
        choices=sorted(CHOICES[task.kind]) if may_decide else [],
        decision=named.decision(decision) if decision else None,
        comments=[
            CommentShown(
                id=comment.id,
                by=named.person(comment.by_id),
                acted_by=named.person(comment.acted_by) if comment.acted_by else None,
                text=comment.text,
                at=comment.at,
            )
            for comment in comments
        ],
    )


class Names:
    """The names that a list of tasks needs, fetched at once."""

    def __init__(self, people: dict[str, str], units: dict[str, str]) -> None:
        self.people = people
        self.units = units

    @classmethod
    async def of(
        cls, session: AsyncSession, tasks: Sequence[Task], language: Language, others: Sequence[str] = ()
    ) -> Names:
        people = {person for task in tasks for person in (task.holder_id, task.first_holder_id, *task.added_ids)}
        units = {task.department_id for task in tasks}
        return cls(
            await names_of_people(session, people.union(others)),
            await names_of_units(session, units, language),
        )

    def person(self, person_id: str) -> Named:
        return Named(id=person_id, name=self.people.get(person_id, person_id))

    def shown(self, task: Task) -> TaskShown:
        return TaskShown(
            id=task.id,
            cycle_id=task.cycle_id,
            department=Named(id=task.department_id, name=self.units.get(task.department_id, "")),
            kind=task.kind,
            stage=task.stage,
            month=task.month,
            approver=task.approver,
            round=task.round,
            state=task.state,
            holder=self.person(task.holder_id),
            deadline_at=task.deadline_at,
            opened_at=task.opened_at,
            closed_at=task.closed_at,
        )

    def decision(self, decision: Decision) -> DecisionShown:
        return DecisionShown(
            choice=decision.choice,
            by=self.person(decision.by_id) if decision.by_id else None,
            on_behalf_of=self.person(decision.on_behalf_of) if decision.on_behalf_of else None,
            acted_by=self.person(decision.acted_by) if decision.acted_by else None,
            by_policy=decision.by_policy,
            comment=decision.comment,
            decided_at=decision.decided_at,
        )


# --- deciding -----------------------------------------------------------------------------------


@router.post("/{task_id}/decide", summary="Decide a task you hold", responses=ANSWERS, response_model=None)
async def decide(
    task_id: str, given: DecisionGiven, viewer: SignedIn, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Of several decisions at once exactly one counts; the others are told who decided what and when."""
    task = await _task_of_company(database, viewer, task_id)
    if earlier := await _told_before(task, viewer, database, parts, asked):
        return earlier
    place = await place_to_decide(database, viewer.id, task)
    if given.choice not in CHOICES[task.kind]:
        raise Refusal("choice-not-allowed", choice=given.choice.value, kind=task.kind.value)
    if given.choice in NEEDS_COMMENT and not given.comment:
        raise Refusal("comment-needed", choice=given.choice.value)
    command_id = new_command_id()
    rows = await proposed(database, task, given.choice, given.comment, given.proposals, command_id)
    wish = moves.decision(
        task, viewer.id, place, given.choice, comment=given.comment, rows=rows, command_id=command_id
    )
    return answered(await parts.commands.ask(database, wish, asked))


@router.post(
    "/{task_id}/submit",
    summary="Hand in figures, as JSON or as a CSV or Excel file",
    responses=ANSWERS,
    response_model=None,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": f"#/components/schemas/{FiguresGiven.__name__}"}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "string", "format": "binary"},
                            "comment": {"type": "string"},
                        },
                    }
                },
            },
        }
    },
)
async def submit(
    request: Request, task_id: str, viewer: SignedIn, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Checked against every team, metric and month: all is taken, or nothing and the answer lists every gap."""
    task = await _task_of_company(database, viewer, task_id)
    if earlier := await _told_before(task, viewer, database, parts, asked):
        return earlier
    place = await place_to_decide(database, viewer.id, task)
    file_name, given, targets, comment = await _figures_in(request, parts)
    wish = await handed_in(
        database, task, viewer.id, place, given, file_name=file_name, comment=comment, targets=targets
    )
    return answered(await parts.commands.ask(database, wish, asked))


async def _told_before(
    task: Task, viewer: SignedIn, database: Database, parts: TheParts, asked: AskedOnce
) -> Response | None:
    """Return the answer to a request made before, where it closed the task."""
    if task.state is TaskState.OPEN:
        return None
    earlier = await parts.commands.told_before(database, viewer.id, asked)
    return answered(earlier) if earlier is not None else None


async def _figures_in(request: Request, parts: TheParts) -> tuple[str, list[GivenRow], list[GivenTarget], str]:
    """Return file name, rows, targets and comment of a request with figures."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await request.form(max_files=1, max_fields=10)
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refusal("file-missing")
        content = await file.read()
        # Reading a large workbook takes a while; others are served meanwhile.
        given = await asyncio.to_thread(rows_in_file, parts.read_table, file.filename or "", content)
        return file.filename or "", given, [], str(form.get("comment", ""))
    try:
        body = FiguresGiven.model_validate_json(await request.body())
    except ValidationError as wrong:
        raise RequestValidationError(
            [{**error, "loc": ("body", *error["loc"])} for error in wrong.errors(include_url=False)]
        ) from wrong
    rows = [GivenRow(row=number, **row.model_dump()) for number, row in enumerate(body.rows, start=1)]
    return "", rows, [GivenTarget(**target.model_dump()) for target in body.targets], body.comment


@router.post(
    "/{task_id}/reassign", summary="Give an open task to another person", responses=ANSWERS, response_model=None
)
async def reassign(
    task_id: str, given: ReassignmentGiven, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    task = await _task_of_company(database, viewer, task_id)
    await _colleague(database, viewer, given.to_id)
    wish = moves.reassignment(task, viewer.id, given.to_id, given.reason)
    return answered(await parts.commands.ask(database, wish, asked))


@router.post("/{task_id}/extend", summary="Give a task a later deadline", responses=ANSWERS, response_model=None)
async def extend(
    task_id: str, given: ExtensionGiven, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Its ladder is set anew; nothing already sent is sent again."""
    task = await _task_of_company(database, viewer, task_id)
    cycle = await database.get_one(Cycle, task.cycle_id)
    terms = cycle.the_terms()
    ends = datetime.combine(given.due_on, time(min(terms.last_sending_hour, 23)), ZoneInfo(terms.time_zone))
    if ends <= await business_now(database):
        raise Refusal("deadline-past", due_on=given.due_on.isoformat())
    wish = moves.extension(task, viewer.id, given.due_on, given.reason)
    return answered(await parts.commands.ask(database, wish, asked))


@router.post("/{task_id}/void", summary="Close a task without a decision", responses=ANSWERS, response_model=None)
async def void(
    task_id: str, given: ReasonNeeded, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    task = await _task_of_company(database, viewer, task_id)
    wish = moves.voiding(task, viewer.id, given.reason)
    return answered(await parts.commands.ask(database, wish, asked))


@router.post("/{task_id}/remind", summary="Remind the holder now", responses=ANSWERS, response_model=None)
async def remind(task_id: str, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce) -> Response:
    """Beside the ladder, at most once an hour."""
    task = await _task_of_company(database, viewer, task_id)
    return answered(await parts.commands.ask(database, moves.reminder(task, viewer.id), asked))


@router.post(
    "/{task_id}/delegate", summary="Let a deputy decide in your place", responses=ANSWERS, response_model=None
)
async def delegate(
    task_id: str, given: DelegationGiven, viewer: SignedIn, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Names a deputy from today until the task's deadline, or the day given; the record names both."""
    task = await _task_of_company(database, viewer, task_id)
    if viewer.id != task.holder_id and not may_order(viewer):
        raise Refusal("not-yours")
    deputy = await _colleague(database, viewer, given.deputy_id)
    if deputy.id == task.holder_id:
        raise Refusal("same-holder", holder_id=task.holder_id)
    cycle = await database.get_one(Cycle, task.cycle_id)
    zone = ZoneInfo(cycle.the_terms().time_zone)
    now = await business_now(database)
    from_on = now.astimezone(zone).date()
    until_on = given.until_on or max(task.deadline_at.astimezone(zone).date(), from_on)
    if until_on < from_on:
        raise Refusal("period-invalid")
    row = Deputy(
        id=uuid4().hex,
        person_id=task.holder_id,
        deputy_id=deputy.id,
        from_on=from_on,
        until_on=until_on,
        reason=given.reason,
        named_by=viewer.id,
        named_at=now,
    )
    words = {"task_id": task.id, **given.model_dump(mode="json")}
    wish = moves.note(CommandKind.DEPUTY, viewer.company_id, viewer.id, words, [row])
    outcome = await parts.commands.note(database, wish, asked)
    if task.state is TaskState.OPEN:
        await parts.commands.signal(
            moves.workflow_of(task), "send_link", SendLink(task_id=task.id, person_id=deputy.id)
        )
    return answered(outcome, 201)


@router.post("/{task_id}/comment", summary="Say something about a task", responses=ANSWERS, response_model=None)
async def comment(
    task_id: str, given: CommentGiven, viewer: SignedIn, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    task = await seen_task(database, viewer, task_id)
    _refuse_mere_readers(viewer)
    row = TaskComment(
        id=uuid4().hex, task_id=task.id, by_id=viewer.id, text=given.text, at=await business_now(database)
    )
    wish = moves.note(CommandKind.COMMENT, viewer.company_id, viewer.id, {"task_id": task.id}, [row])
    return answered(await parts.commands.note(database, wish, asked), 201)


def _refuse_mere_readers(viewer: Viewer) -> None:
    """An auditor reads everything and changes nothing (Rule 50)."""
    if viewer.only_reads:
        raise Refusal("not-yours")


async def _task_of_company(session: AsyncSession, viewer: Viewer, task_id: str) -> Task:
    """Return a task for one who acts on it; whether they may is asked next."""
    task = await session.get(Task, task_id)
    if task is None or task.company_id != viewer.company_id:
        raise Refusal("task-unknown", task_id=task_id)
    return task


async def _colleague(session: AsyncSession, viewer: Viewer, person_id: str) -> Person:
    person = await session.get(Person, person_id)
    if person is None or person.company_id != viewer.company_id:
        raise Refusal("person-unknown", person_id=person_id)
    if person.left_on is not None and person.left_on <= await today(session, viewer.company_id):
        raise Refusal("person-left", person_id=person_id)
    return person

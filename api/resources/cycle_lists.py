"""What happens in a cycle, as lists: departments, results, messages, history. SQL only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import col, select

from api.facts import in_language, names_of_people, names_of_units
from api.language import language_of
from api.paging import AskedPaging, Page
from api.rights import seen_cycle, sees_department, sees_event, sees_message_to, sees_score_of
from api.session import Database, SignedIn
from api.shapes import DepartmentShown, EventShown, MessageShown, Named, OpenTask, ScoreShown
from models.cycles import CycleDepartment, CycleEvent
from models.delivery import Delivery, Notice
from models.metrics import Score
from models.org import Person, Unit
from models.stages import Channel, DeliveryState, Language, Stage, TaskState
from models.tasks import Task

router = APIRouter(prefix="/cycles/{cycle_id}", tags=["cycles"])


@router.get("/departments", summary="Where each department stands, and who holds its open tasks")
async def list_departments(
    request: Request,
    cycle_id: str,
    viewer: SignedIn,
    database: Database,
    paging: AskedPaging,
    stage: Stage | None = None,
) -> Page[DepartmentShown]:
    cycle = await seen_cycle(database, viewer, cycle_id)
    wanted = (
        select(CycleDepartment, Unit, Person)
        .join(Unit, col(Unit.id) == col(CycleDepartment.department_id))
        .outerjoin(Person, col(Person.id) == col(Unit.head_id))
        .where(
            col(CycleDepartment.cycle_id) == cycle.id,
            sees_department(viewer, col(CycleDepartment.department_id)),
        )
    )
    if stage is not None:
        wanted = wanted.where(col(CycleDepartment.stage) == stage)
    rows = (await database.exec(paging.applied(wanted, [col(CycleDepartment.department_id)]))).all()
    tasks = (
        await database.exec(
            select(Task, Person.name)
            .join(Person, col(Person.id) == col(Task.holder_id))
            .where(
                col(Task.cycle_id) == cycle.id,
                col(Task.state) == TaskState.OPEN,
                col(Task.department_id).in_([row[0].department_id for row in rows]),
            )
            .order_by(col(Task.deadline_at), col(Task.id))
        )
    ).all()
    open_tasks: dict[str, list[OpenTask]] = {}
    for task, name in tasks:
        holder = Named(id=task.holder_id, name=name)
        shown_task = OpenTask(id=task.id, kind=task.kind, holder=holder, deadline_at=task.deadline_at)
        open_tasks.setdefault(task.department_id, []).append(shown_task)
    language = language_of(request)

    def shown(row: tuple[CycleDepartment, Unit, Person | None]) -> DepartmentShown:
        department, unit, director = row
        return DepartmentShown(
            department=_unit_named(unit, language),
            director=Named(id=director.id, name=director.name) if director else None,
            stage=department.stage,
            round=department.round,
            is_started=department.is_started,
            stage_since=department.stage_since,
            closed_at=department.closed_at,
            open_tasks=open_tasks.get(unit.id, []),
        )

    return paging.page(rows, shown, lambda row: (row[0].department_id,))


@router.get("/scores", summary="Results, best first")
async def list_scores(
    request: Request,
    cycle_id: str,
    viewer: SignedIn,
    database: Database,
    paging: AskedPaging,
    department: str = "",
    band: str = "",
) -> Page[ScoreShown]:
    """A superior sees their line's; people see their own once the cycle is published."""
    cycle = await seen_cycle(database, viewer, cycle_id)
    wanted = (
        select(Score, Person, Unit)
        .join(Person, col(Person.id) == col(Score.person_id))
        .outerjoin(Unit, col(Unit.id) == col(Score.department_id))
        .where(col(Score.cycle_id) == cycle.id, sees_score_of(viewer, cycle, col(Score.person_id)))
    )
    if department:
        wanted = wanted.where(col(Score.department_id) == department)
    if band:
        wanted = wanted.where(col(Score.band) == band)
    keys = [col(Score.total), col(Score.person_id)]
    rows = (await database.exec(paging.applied(wanted, keys, descending=True))).all()
    language = language_of(request)

    def shown(row: tuple[Score, Person, Unit | None]) -> ScoreShown:
        score, person, unit = row
        return ScoreShown(
            person=Named(id=person.id, name=person.name),
            department=_unit_named(unit, language) if unit else Named(id=score.department_id, name=""),
            total=score.total,
            band=score.band,
            round=score.round,
            scored_at=score.scored_at,
        )

    return paging.page(rows, shown, lambda row: (row[0].total, row[0].person_id))


@router.get("/messages", summary="Who was told what, when, and whether it arrived")
async def list_messages(
    cycle_id: str,
    viewer: SignedIn,
    database: Database,
    paging: AskedPaging,
    person: str = "",
    task: str = "",
    channel: Channel | None = None,
    state: Annotated[DeliveryState | None, Query(description="`failed` and `unknown` want a look")] = None,
) -> Page[MessageShown]:
    cycle = await seen_cycle(database, viewer, cycle_id)
    wanted = (
        select(Notice, Delivery)
        .outerjoin(Delivery, col(Delivery.id) == col(Notice.delivery_id))
        .where(col(Notice.cycle_id) == cycle.id, sees_message_to(viewer, col(Notice.person_id)))
    )
    if person:
        wanted = wanted.where(col(Notice.person_id) == person)
    if task:
        wanted = wanted.where(col(Notice.task_id) == task)
    if channel is not None:
        wanted = wanted.where(col(Notice.channel) == channel)
    if state is not None:
        wanted = wanted.where(col(Delivery.state) == state)
    rows = (await database.exec(paging.applied(wanted, [col(Notice.moment), col(Notice.id)]))).all()
    people = await names_of_people(
        database, {person for notice, _ in rows for person in (notice.person_id, notice.meant_for)}
    )

    def shown(row: tuple[Notice, Delivery | None]) -> MessageShown:
        notice, delivery = row
        return MessageShown(
            id=notice.id,
            person=_person_named(notice.person_id, people),
            meant_for=_person_named(notice.meant_for, people) if notice.meant_for else None,
            channel=notice.channel,
            occasion=notice.occasion,
            rung=notice.rung,
            task_id=notice.task_id,
            moment=notice.moment,
            read_at=notice.read_at,
            delivery_id=notice.delivery_id,
            delivery=delivery.state if delivery else None,
            sent_at=delivery.sent_at if delivery else None,
            error=delivery.error if delivery else "",
        )

    return paging.page(rows, shown, lambda row: (row[0].moment, row[0].id))


@router.get("/timeline", summary="The cycle's history in the terms of the business")
async def list_events(
    request: Request,
    cycle_id: str,
    viewer: SignedIn,
    database: Database,
    paging: AskedPaging,
    department: str = "",
    task: str = "",
) -> Page[EventShown]:
    cycle = await seen_cycle(database, viewer, cycle_id)
    wanted = select(CycleEvent).where(
        col(CycleEvent.cycle_id) == cycle.id,
        sees_event(viewer, col(CycleEvent.department_id), col(CycleEvent.actor_id)),
    )
    if department:
        wanted = wanted.where(col(CycleEvent.department_id) == department)
    if task:
        wanted = wanted.where(col(CycleEvent.task_id) == task)
    events = (await database.exec(paging.applied(wanted, [col(CycleEvent.at), col(CycleEvent.id)]))).all()
    people = await names_of_people(
        database, {person for event in events for person in (event.actor_id, event.on_behalf_of, event.acted_by)}
    )
    units = await names_of_units(database, {event.department_id for event in events}, language_of(request))

    def shown(event: CycleEvent) -> EventShown:
        department_id = event.department_id
        return EventShown(
            id=event.id,
            at=event.at,
            kind=event.kind,
            department=Named(id=department_id, name=units.get(department_id, "")) if department_id else None,
            task_id=event.task_id,
            actor=_person_named(event.actor_id, people) if event.actor_id else None,
            on_behalf_of=_person_named(event.on_behalf_of, people) if event.on_behalf_of else None,
            acted_by=_person_named(event.acted_by, people) if event.acted_by else None,
            detail=event.detail,
        )

    return paging.page(events, shown, lambda event: (event.at, event.id))


def _unit_named(unit: Unit, language: Language) -> Named:
    return Named(id=unit.id, name=in_language(unit.name, unit.name_en, language))


def _person_named(person_id: str, people: dict[str, str]) -> Named:
    return Named(id=person_id, name=people.get(person_id, person_id))

"""People: deputies, and joiners, leavers and transfers while a cycle runs (Rules 11, 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api import moves
from api.asked import ANSWERS, AskedOnce, answered
from api.commands import CommandKind
from api.parts import TheParts
from api.rights import may_order
from api.session import Database, HrAdmin, SignedIn, Viewer
from api.task_shapes import DeputyGiven, Joiner, Leaving, TargetGiven, Transfer
from models.clock import business_now
from models.cycles import Cycle
from models.errors import Refusal
from models.metrics import Metric
from models.org import Deputy, Person, Unit
from models.stages import CycleState

router = APIRouter(tags=["people"])

OF_THE_CHANGE = {"unit_id", "effective_on", "reason", "cycle_id", "targets"}
"""What of a joiner's data is about the joining; the rest is about the person."""

UNDER_WAY = (CycleState.RUNNING, CycleState.PAUSED, CycleState.READY)


@router.post(
    "/deputies", summary="Name a deputy for a period", status_code=201, responses=ANSWERS, response_model=None
)
async def name_deputy(
    given: DeputyGiven, viewer: SignedIn, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """The deputy receives and decides tasks in that period; records name both."""
    person_id = given.person_id or viewer.id
    if person_id != viewer.id and not may_order(viewer):
        raise Refusal("not-yours")
    if given.until_on < given.from_on:
        raise Refusal("period-invalid")
    if given.deputy_id == person_id:
        raise Refusal("same-holder", holder_id=person_id)
    for one in {person_id, given.deputy_id}:
        await person_of_company(database, viewer, one)
    deputy = Deputy(
        id=uuid4().hex,
        person_id=person_id,
        deputy_id=given.deputy_id,
        from_on=given.from_on,
        until_on=given.until_on,
        reason=given.reason,
        named_by=viewer.id,
        named_at=await business_now(database),
    )
    words = given.model_dump(mode="json")
    wish = moves.note(CommandKind.DEPUTY, viewer.company_id, viewer.id, words, [deputy])
    return answered(await parts.commands.note(database, wish, asked), 201)


@router.post("/people", summary="Take in a joiner", responses=ANSWERS, response_model=None)
async def join(given: Joiner, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce) -> Response:
    cycle = await cycle_under_way(database, viewer, given.cycle_id)
    unit = await database.get(Unit, given.unit_id)
    if unit is None or unit.company_id != viewer.company_id:
        raise Refusal("unit-unknown", unit_id=given.unit_id)
    same_number = await database.exec(
        select(Person.id).where(
            col(Person.company_id) == viewer.company_id, col(Person.staff_no) == given.staff_no
        )
    )
    if same_number.first() is not None:
        earlier = await parts.commands.told_before(database, viewer.id, asked)
        if earlier is not None:
            return answered(earlier)
        raise Refusal("person-known", staff_no=given.staff_no)
    words = {
        "kind": "join",
        "person_id": f"{viewer.company_id}-{given.staff_no}",
        "effective_on": given.effective_on.isoformat(),
        "to_unit_id": given.unit_id,
        "reason": given.reason,
        "targets": await _targets(database, viewer, given.targets),
        "person": given.model_dump(mode="json", exclude=OF_THE_CHANGE),
    }
    return await _change_staff(database, parts, viewer, cycle, words, asked)


@router.post("/people/{person_id}/leave", summary="A person leaves", responses=ANSWERS, response_model=None)
async def leave(
    person_id: str, given: Leaving, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Their open tasks follow the post; targets are pro-rated by days in post."""
    cycle = await cycle_under_way(database, viewer, given.cycle_id)
    await person_of_company(database, viewer, person_id)
    if given.successor_id:
        await person_of_company(database, viewer, given.successor_id)
    words = {"kind": "leave", "person_id": person_id, **given.model_dump(mode="json", exclude={"cycle_id"})}
    return await _change_staff(database, parts, viewer, cycle, words, asked)


@router.post(
    "/people/{person_id}/transfer",
    summary="A person changes units",
    responses=ANSWERS,
    response_model=None,
)
async def transfer(
    person_id: str, given: Transfer, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    cycle = await cycle_under_way(database, viewer, given.cycle_id)
    await person_of_company(database, viewer, person_id)
    unit = await database.get(Unit, given.to_unit_id)
    if unit is None or unit.company_id != viewer.company_id:
        raise Refusal("unit-unknown", unit_id=given.to_unit_id)
    words = {
        "kind": "transfer",
        "person_id": person_id,
        **given.model_dump(mode="json", exclude={"cycle_id", "targets"}),
        "targets": await _targets(database, viewer, given.targets),
    }
    return await _change_staff(database, parts, viewer, cycle, words, asked)


async def _targets(session: AsyncSession, viewer: Viewer, given: Sequence[TargetGiven]) -> list[dict[str, str]]:
    """Return targets with their metrics' ids.

    Raises:
        Refusal: `metric-unknown`.
    """
    found = await session.exec(select(Metric).where(col(Metric.company_id) == viewer.company_id))
    ids = {name: metric.id for metric in found.all() for name in (metric.id, metric.code)}
    for target in given:
        if target.metric not in ids:
            raise Refusal("metric-unknown", metric=target.metric)
    return [{"metric_id": ids[target.metric], "value": format(target.value, "f")} for target in given]


async def person_of_company(session: AsyncSession, viewer: Viewer, person_id: str) -> Person:
    person = await session.get(Person, person_id)
    if person is None or person.company_id != viewer.company_id:
        raise Refusal("person-unknown", person_id=person_id)
    return person


async def cycle_under_way(session: AsyncSession, viewer: Viewer, cycle_id: str) -> Cycle:
    """Return the cycle that the change belongs to: the one named, else the only one under way.

    Raises:
        Refusal: none is under way, or several are and none is named.
    """
    wanted = select(Cycle).where(col(Cycle.company_id) == viewer.company_id, col(Cycle.state).in_(UNDER_WAY))
    if cycle_id:
        wanted = wanted.where(col(Cycle.id) == cycle_id)
    cycles = (await session.exec(wanted.order_by(col(Cycle.starts_on)))).all()
    if not cycles:
        raise Refusal("cycle-not-running")
    if len(cycles) > 1:
        raise Refusal("cycle-needed", count=len(cycles))
    return cycles[0]


async def _change_staff(
    database: AsyncSession,
    parts: TheParts,
    viewer: Viewer,
    cycle: Cycle,
    words: dict[str, Any],
    asked: AskedOnce,
) -> Response:
    wish = moves.cycle_order(CommandKind.STAFF, cycle, viewer.id, words)
    return answered(await parts.commands.ask(database, wish, asked))

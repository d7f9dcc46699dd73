"""People: deputies, and joiners, leavers and transfers while a cycle runs (Rules 11, 12)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.asked import ANSWERS, ANSWERS_WITH_NEW, AskedOnce, answered
from api.parts import TheParts
from api.session import Database, HrAdmin, SignedIn
from api.staffing import joining, leaving, naming_deputy, transferring
from api.task_shapes import DeputyGiven, Joiner, Leaving, Transfer
from models.errors import Refusal

router = APIRouter(tags=["people"])


@router.post(
    "/deputies",
    summary="Name a deputy for a period",
    status_code=201,
    responses=ANSWERS_WITH_NEW,
    response_model=None,
)
async def name_deputy(
    given: DeputyGiven, viewer: SignedIn, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """The deputy receives and decides tasks in that period; records name both."""
    wish = await naming_deputy(database, viewer, given)
    return answered(await parts.commands.note(database, wish, asked), 201)


@router.post("/people", summary="Take in a joiner", responses=ANSWERS, response_model=None)
async def join(given: Joiner, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce) -> Response:
    try:
        wish = await joining(database, viewer, given)
    except Refusal as refusal:
        earlier = await parts.commands.told_before(database, viewer.id, asked)
        if refusal.code != "person-known" or earlier is None:
            raise
        return answered(earlier)
    return answered(await parts.commands.ask(database, wish, asked))


@router.post("/people/{person_id}/leave", summary="A person leaves", responses=ANSWERS, response_model=None)
async def leave(
    person_id: str, given: Leaving, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    """Their open tasks follow the post; targets are pro-rated by days in post."""
    wish = await leaving(database, viewer, person_id, given)
    return answered(await parts.commands.ask(database, wish, asked))


@router.post(
    "/people/{person_id}/transfer",
    summary="A person changes units",
    responses=ANSWERS,
    response_model=None,
)
async def transfer(
    person_id: str, given: Transfer, viewer: HrAdmin, database: Database, parts: TheParts, asked: AskedOnce
) -> Response:
    wish = await transferring(database, viewer, person_id, given)
    return answered(await parts.commands.ask(database, wish, asked))

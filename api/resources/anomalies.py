"""Figures that stand out, and what their departments say about them (Rule 31)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.asked import ANSWERS, AskedOnce, answered
from api.explaining import explaining, owners_of, seen_anomaly
from api.facts import in_language
from api.language import language_of
from api.paging import AskedPaging, Page
from api.parts import TheParts
from api.recording import LONGEST_REASON
from api.rights import seen_cycle, sees_department
from api.session import Database, SignedIn
from api.shapes import Named, Taken
from models.evidence import Anomaly, AnomalyState, Explanation, Turn
from models.stages import Language
from models.standing_out import stands_out

router = APIRouter(tags=["figures"])


class AnomalyShown(BaseModel):
    """A figure outside what its own history and the season let expect."""

    id: str
    department: Named
    team: Named
    person: Named | None
    """Nobody for a figure of the team."""
    metric: Named
    month: date
    turn: Turn
    value: Decimal
    usual: Decimal
    lowest: Decimal
    highest: Decimal
    state: AnomalyState
    found_at: datetime
    explanation: Explanation | None
    reason: str
    explained_by: Named | None
    explained_at: datetime | None


AS_STORED = (AnomalyShown.model_fields.keys() & Anomaly.model_fields.keys()) - {"explained_by"}


class ExplanationGiven(Taken):
    explanation: Explanation
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)
    evidence: str = Field(default="", max_length=LONGEST_REASON)
    """A contract number, a visit, the address of a document."""


@router.get("/cycles/{cycle_id}/anomalies", summary="Figures that stand out from their own history")
async def list_anomalies(
    request: Request,
    cycle_id: str,
    viewer: SignedIn,
    database: Database,
    paging: AskedPaging,
    state: AnomalyState | None = None,
) -> Page[AnomalyShown]:
    cycle = await seen_cycle(database, viewer, cycle_id)
    wanted = select(Anomaly).where(stands_out(cycle), sees_department(viewer, col(Anomaly.department_id)))
    if state is not None:
        wanted = wanted.where(col(Anomaly.state) == state)
    found = (await database.exec(paging.applied(wanted, [col(Anomaly.id)]))).all()
    named = {one.id: one for one in await _shown(database, cycle.company_id, found, language_of(request))}
    return paging.page(found, lambda one: named[one.id], lambda one: (one.id,))


@router.post(
    "/anomalies/{anomaly_id}/explain",
    summary="Say what is behind a figure that stands out",
    responses=ANSWERS,
    response_model=None,
)
async def explain(
    anomaly_id: str,
    given: ExplanationGiven,
    viewer: SignedIn,
    database: Database,
    parts: TheParts,
    asked: AskedOnce,
) -> Response:
    """The department explains this point only; what it said before stays on record."""
    anomaly = await seen_anomaly(database, viewer, anomaly_id)
    wish = await explaining(database, viewer, anomaly, given.explanation, given.reason, given.evidence)
    return answered(await parts.commands.note(database, wish, asked))


async def _shown(
    database: AsyncSession, company_id: str, found: Sequence[Anomaly], language: Language
) -> list[AnomalyShown]:
    names = await owners_of(database, company_id, found, language)
    metrics = {key: in_language(one.name, one.name_en, language) for key, one in names.metrics.items()}

    def named(known: Mapping[str, str], id_: str) -> Named:
        return Named(id=id_, name=known.get(id_, id_))

    return [
        AnomalyShown(
            **one.model_dump(include=AS_STORED),
            department=named(names.units, one.department_id),
            team=named(names.units, one.team_id),
            person=named(names.people, one.person_id) if one.person_id else None,
            metric=named(metrics, one.metric_id),
            explained_by=named(names.people, one.explained_by) if one.explained_by else None,
        )
        for one in found
    ]

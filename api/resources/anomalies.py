"""Figures that stand out, and what their departments say about them (Rule 31)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.asked import ANSWERS, AskedOnce, answered
from api.explaining import LONGEST, explaining, may_explain, seen_anomaly
from api.facts import in_language, names_of_people, names_of_units
from api.language import language_of
from api.paging import AskedPaging, Page
from api.parts import TheParts
from api.rights import seen_cycle, sees_department
from api.session import Database, SignedIn
from api.shapes import Named, Taken
from models.errors import Refusal
from models.evidence import Anomaly, AnomalyState, Explanation, Turn
from models.stages import Language
from models.standing_out import stands_out
from models.standings import metrics_of_company

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
    reason: str = Field(min_length=1, max_length=LONGEST)
    evidence: str = Field(default="", max_length=LONGEST)
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
    if not await may_explain(database, viewer, anomaly):
        raise Refusal("not-yours")
    wish = await explaining(database, viewer, anomaly, given.explanation, given.reason, given.evidence)
    return answered(await parts.commands.note(database, wish, asked))


async def _shown(
    database: AsyncSession, company_id: str, found: Sequence[Anomaly], language: Language
) -> list[AnomalyShown]:
    metrics = {
        metric.id: in_language(metric.name, metric.name_en, language)
        for metric in await metrics_of_company(database, company_id)
    }
    unit_ids = {unit for one in found for unit in (one.department_id, one.team_id)}
    units = await names_of_units(database, unit_ids, language)
    person_ids = {person for one in found for person in (one.person_id, one.explained_by)} - {""}
    people = await names_of_people(database, person_ids)

    def named(names: dict[str, str], id_: str) -> Named:
        return Named(id=id_, name=names.get(id_, id_))

    return [
        AnomalyShown(
            **one.model_dump(include=AS_STORED),
            department=named(units, one.department_id),
            team=named(units, one.team_id),
            person=named(people, one.person_id) if one.person_id else None,
            metric=named(metrics, one.metric_id),
            explained_by=named(people, one.explained_by) if one.explained_by else None,
        )
        for one in found
    ]

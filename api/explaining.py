"""What a department says about a figure of its own that stands out: that point alone (Rule 31)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from api.commands import CommandKind, Wish
from api.facts import names_of_people, names_of_units
from api.recording import changing, refuse_too_long, told_in_history
from api.rights import seen_seller, seen_unit, today
from api.session import Viewer
from models.accounts import acted_by
from models.changes import Subject
from models.clock import business_now
from models.errors import Refusal
from models.evidence import Anomaly, AnomalyState, Explanation
from models.metrics import Metric
from models.org import Unit, stands_in_for
from models.stages import Language
from models.standings import metrics_of_company


@dataclass(frozen=True)
class Owners:
    """Whose points stand out and by whom they were explained: names by id."""

    metrics: Mapping[str, Metric]
    units: Mapping[str, str]
    people: Mapping[str, str]


async def owners_of(
    session: AsyncSession, company_id: str, anomalies: Sequence[Anomaly], language: Language
) -> Owners:
    """Find the names that a list of points needs, in a fixed number of statements."""
    units = {unit for one in anomalies for unit in (one.team_id, one.department_id)}
    people = {person for one in anomalies for person in (one.person_id, one.explained_by)}
    return Owners(
        metrics={metric.id: metric for metric in await metrics_of_company(session, company_id)},
        units=await names_of_units(session, units, language),
        people=await names_of_people(session, people - {""}),
    )


async def seen_anomaly(session: AsyncSession, viewer: Viewer, anomaly_id: str) -> Anomaly:
    """Return a point that stands out, of a person or team whose figures the viewer may see.

    Raises:
        Refusal: `figure-unknown`, whether it is not there or not theirs.
    """
    anomaly = await session.get(Anomaly, anomaly_id)
    if anomaly is None or anomaly.company_id != viewer.company_id:
        raise Refusal("figure-unknown")
    try:
        if anomaly.person_id:
            await seen_seller(session, viewer, anomaly.person_id)
        else:
            await seen_unit(session, viewer, anomaly.team_id)
    except Refusal as refusal:
        raise Refusal("figure-unknown") from refusal
    return anomaly


async def may_explain(session: AsyncSession, viewer: Viewer, anomaly: Anomaly) -> bool:
    """Say whether the viewer answers for the department: its director, or who stands in for them today."""
    department = await session.get(Unit, anomaly.department_id)
    if viewer.only_reads or department is None or anomaly.state is AnomalyState.GONE:
        return False
    if department.head_id == viewer.id:
        return True
    day = await today(session, viewer.company_id)
    return department.head_id in await stands_in_for(session, viewer.id, day)


async def explaining(
    session: AsyncSession, viewer: Viewer, anomaly: Anomaly, explanation: str, reason: str, evidence: str
) -> Wish:
    """Return the wish that explains a point; explanations before it stay on record.

    Raises:
        Refusal: `not-yours`; `field-unfit` for an explanation that there is not; `why-needed`; `text-too-long`.
    """
    if not await may_explain(session, viewer, anomaly):
        raise Refusal("not-yours")
    if explanation not in set(Explanation):
        raise Refusal("field-unfit", field="explanation")
    if not reason.strip():
        raise Refusal("why-needed", field="reason")
    said = {"explanation": explanation, "reason": reason.strip(), "evidence": evidence.strip()}
    refuse_too_long(reason=said["reason"], evidence=said["evidence"])
    now = await business_now(session)
    before = {"explanation": anomaly.explanation.value, "reason": anomaly.reason} if anomaly.explanation else {}
    after = {**said, "value": format(anomaly.value, "f"), "usual": format(anomaly.usual, "f")}
    anomaly_id = anomaly.id

    async def write(inside: AsyncSession) -> None:
        row = await inside.get_one(Anomaly, anomaly_id, with_for_update=True)
        row.state, row.explanation, row.reason = AnomalyState.EXPLAINED, Explanation(explanation), said["reason"]
        row.explained_by, row.acted_by, row.explained_at = viewer.id, acted_by(inside), now
        inside.add(row)

    wish = await changing(session, viewer, CommandKind.EXPLAIN, Subject.ANOMALY, anomaly_id, before, after, write)
    return told_in_history(
        wish,
        "anomaly-explained",
        now,
        cycle_id=anomaly.cycle_id,
        department_id=anomaly.department_id,
        reason=said["reason"],
        anomaly=anomaly_id,
    )

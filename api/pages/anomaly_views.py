"""Figures that stand out, with whose they are and what is said about them (Rule 31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import ColumnElement
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from api.explaining import owners_of
from api.facts import in_language, names_of_people
from api.figure_scopes import PERSON, UNIT, address_of
from api.i18n import Tongue
from models.changes import Change, Subject, changes_of
from models.cycles import Cycle
from models.evidence import Anomaly, AnomalyState, Explanation
from models.metrics import Metric, MetricUnit
from models.standing_out import Around, anomalies_with, around, sellers_of, stands_out


@dataclass(frozen=True)
class Mark:
    """A point that stands out, in words."""

    anomaly: Anomaly
    owner: str
    team: str
    department: str
    metric: str
    unit: MetricUnit
    figure: str
    """The address of the figure's page."""
    explained_by: str

    @property
    def address(self) -> str:
        return f"/anomalies/{quote(self.anomaly.id, safe='')}"

    @property
    def is_open(self) -> bool:
        return self.anomaly.state is AnomalyState.OPEN


async def marks(database: AsyncSession, cycle: Cycle, anomalies: Sequence[Anomaly], tongue: Tongue) -> list[Mark]:
    """Name whose points these are; a fixed number of statements."""
    if not anomalies:
        return []
    names = await owners_of(database, cycle.company_id, anomalies, tongue.language)
    metrics, units, people = names.metrics, names.units, names.people

    def mark(one: Anomaly, metric: Metric) -> Mark:
        whose, owner = (PERSON, one.person_id) if one.person_id else (UNIT, one.team_id)
        return Mark(
            anomaly=one,
            owner=people.get(owner, owner) if one.person_id else units.get(owner, owner),
            team=units.get(one.team_id, ""),
            department=units.get(one.department_id, ""),
            metric=in_language(metric.name, metric.name_en, tongue.language),
            unit=metric.unit,
            figure=address_of(whose, owner, one.metric_id, cycle.id, one.month),
            explained_by=people.get(one.explained_by, ""),
        )

    return [mark(one, metrics[one.metric_id]) for one in anomalies if one.metric_id in metrics]


async def marks_with(
    database: AsyncSession, cycle: Cycle, which: ColumnElement[bool], tongue: Tongue
) -> tuple[Mark, ...]:
    """Return what stands out in a cycle's period, of those picked."""
    return tuple(await marks(database, cycle, await anomalies_with(database, stands_out(cycle) & which), tongue))


async def marks_of_department(
    database: AsyncSession, cycle: Cycle, department_id: str, tongue: Tongue
) -> tuple[Mark, ...]:
    return await marks_with(database, cycle, col(Anomaly.department_id) == department_id, tongue)


@dataclass(frozen=True)
class Said:
    """An explanation that was given, the latest or one before it."""

    by: str
    acted_by: str
    explanation: Explanation
    reason: str
    evidence: str
    change: Change


@dataclass(frozen=True)
class AnomalyPage:
    cycle: Cycle
    mark: Mark
    around: Around
    said: tuple[Said, ...]
    may_explain: bool

    @property
    def money(self) -> MetricUnit:
        return MetricUnit.MONEY

    @property
    def count(self) -> MetricUnit:
        return MetricUnit.COUNT


async def anomaly_page(
    database: AsyncSession, cycle: Cycle, anomaly: Anomaly, tongue: Tongue, *, may_explain: bool
) -> AnomalyPage:
    """Read a point that stands out with the records around it and every explanation of it.

    Raises: IndexError where its metric is gone.
    """
    changes = await changes_of(database, anomaly.company_id, Subject.ANOMALY, anomaly.id)
    names = await names_of_people(database, {who for one in changes for who in (one.by_id, one.acted_by)} - {""})
    return AnomalyPage(
        cycle=cycle,
        mark=(await marks(database, cycle, [anomaly], tongue))[0],
        around=await around(database, await sellers_of(database, anomaly), anomaly.month),
        said=tuple(
            Said(
                by=names.get(one.by_id, ""),
                acted_by=names.get(one.acted_by, ""),
                explanation=Explanation(one.after["explanation"]),
                reason=str(one.after.get("reason", "")),
                evidence=str(one.after.get("evidence", "")),
                change=one,
            )
            for one in changes
        ),
        may_explain=may_explain,
    )

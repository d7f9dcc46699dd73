"""A company in the middle of its quarter: figures of January and February, and the clock in February."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from models.clock import ClockOffset
from models.evidence import Anomaly, Turn
from models.metrics import Figure, FigureLevel, Metric
from models.names import task_id
from models.stages import Approver, Stage, TaskKind
from models.tasks import Task
from quarterdeck.demo.small import SmallDepartment
from tests.api.pages.place import Place

MONTHS = (date(2055, 1, 1), date(2055, 2, 1))
NOON = datetime(2055, 2, 14, 4, tzinfo=UTC)
"""Day 45 of 90, noon in Beijing."""


async def half_way(place: Place, *, sales: Decimal = Decimal(200_000), quality: Decimal = Decimal(80)) -> None:
    """Give every person `sales` a month and `quality` of the rest, and move the clock to the middle."""
    figures = []
    async with place.sessions() as session:
        metrics = [await session.get_one(Metric, metric_id) for metric_id in place.company.metric_ids.values()]
    for department in place.company.departments:
        for metric in metrics:
            for owner in owners_of(department, metric):
                for month in MONTHS:
                    value = sales if metric.code == "sales" else quality
                    figures.append(figure(place, department, owner, metric, month, value))
    await place.add(*figures)
    await to(place, NOON)


def owners_of(department: SmallDepartment, metric: Metric) -> list[tuple[str, str]]:
    """Give whose figures a metric has: (team, person), or (team, "")."""
    per_team = len(department.people_ids) // len(department.team_ids)
    if metric.level is FigureLevel.TEAM:
        return [(team, "") for team in department.team_ids]
    return [
        (department.team_ids[number // per_team], person) for number, person in enumerate(department.people_ids)
    ]


def figure(
    place: Place, department: SmallDepartment, owner: tuple[str, str], metric: Metric, month: date, value: Decimal
) -> Figure:
    team, person = owner
    return Figure(
        id=f"{metric.id}-{team}-{person}-{month}",
        company_id=place.company.company_id,
        department_id=department.id,
        team_id=team,
        person_id=person,
        metric_id=metric.id,
        month=month,
        value=value,
        source="crm",
        at=NOON,
    )


async def to(place: Place, at: datetime) -> None:
    """Move business time there."""
    ahead = (at - datetime.now(UTC)) / timedelta(microseconds=1)
    await place.add(ClockOffset(microseconds=round(ahead)))


async def approval(place: Place, department: int, holder_id: str = "", **columns: object) -> Task:
    """Open the results of a department for its superior to approve, escalated from the director."""
    of = place.company.departments[department]
    values: dict[str, object] = {
        "id": task_id(place.company.cycle_id, of.id, "approve-superior", 1),
        "company_id": place.company.company_id,
        "cycle_id": place.company.cycle_id,
        "department_id": of.id,
        "slot": "approve-superior",
        "kind": TaskKind.APPROVE_RESULTS,
        "stage": Stage.APPROVAL,
        "approver": Approver.SUPERIOR,
        "holder_id": holder_id or of.superior_id,
        "first_holder_id": of.director_id,
        "level": 1,
        "opened_at": datetime.now(UTC),
        "deadline_at": datetime.now(UTC) + timedelta(days=3),
        "first_deadline_at": datetime.now(UTC) + timedelta(days=3),
        **columns,
    }
    task = Task.model_validate(values)
    await place.add(task)
    return task


def anomaly_of(place: Place, now: datetime = NOON, **columns: Any) -> Anomaly:
    """Return a drop of the first team's sales in January that is not explained yet."""
    department = place.company.departments[0]
    return Anomaly(
        **{
            "id": "anomaly-1",
            "company_id": place.company.company_id,
            "cycle_id": place.company.cycle_id,
            "department_id": department.id,
            "team_id": department.team_ids[0],
            "metric_id": place.company.metric_ids["sales"],
            "month": MONTHS[0],
            "figure_id": "",
            "turn": Turn.DROP,
            "value": Decimal(400_000),
            "usual": Decimal(1_000_000),
            "lowest": Decimal(700_000),
            "highest": Decimal(1_400_000),
            "months": 24,
            "found_at": now,
            **columns,
        }
    )

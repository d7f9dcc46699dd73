"""Metrics out of a file: what they are checked against, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.intake.columns import choices_of
from api.intake.kinds import MOST_SHOWN, Shown, Taking, in_cells, shown_change
from api.intake.writing import write_changed, write_new
from models.changes import Change, Subject
from models.database import insert_once, table_of
from models.intake import IntakeKind
from models.metrics import Figure, Metric, Target
from rules.intake import Changed, Plan, Reading
from rules.intake_metrics import Better, metrics_plan


async def known_metrics(session: AsyncSession, company_id: str) -> dict[str, dict[str, Any]]:
    """Return the company's metrics by code, as the columns of their row."""
    connection = await session.connection()
    columns = table_of(Metric).columns
    found = await connection.execute(
        select(*columns).where(columns.company_id == company_id).order_by(columns.position, columns.id)
    )
    return {row.code: dict(row._mapping) for row in found}


@dataclass(frozen=True)
class MetricsKnown:
    metrics: Mapping[str, Mapping[str, Any]]
    measured: frozenset[str]
    """Ids of those with figures or targets."""

    @classmethod
    async def load(cls, session: AsyncSession, company_id: str) -> MetricsKnown:
        metrics = await known_metrics(session, company_id)
        measured = set()
        for metric in metrics.values():  # Each found by its index; a company has a dozen.
            for table in (Target, Figure):
                found = await session.exec(select(table.id).where(col(table.metric_id) == metric["id"]).limit(1))
                if found.first() is not None:
                    measured.add(metric["id"])
        return cls(metrics, frozenset(measured))

    def check(self, reading: Reading) -> MetricsPlanned:
        choices = choices_of(IntakeKind.METRICS)
        return MetricsPlanned(self, metrics_plan(self.metrics, self.measured, choices, reading))


@dataclass(frozen=True)
class MetricsPlanned:
    known: MetricsKnown
    plan: Plan

    def shown(self) -> Shown:
        names = {metric["id"]: metric["name"] for metric in self.known.metrics.values()}

        def cells(new: Mapping[str, Any]) -> dict[str, str]:
            better = Better.HIGHER if new["higher_is_better"] else Better.LOWER
            return in_cells(new) | {"better": better.value}

        return Shown(
            len(self.plan.new),
            len(self.plan.changed),
            self.plan.unchanged,
            self.plan.fingerprint,
            [cells(new) for new in self.plan.new[:MOST_SHOWN]],
            [shown_change(one, names[one.id]) for one in self.plan.changed[:MOST_SHOWN]],
        )

    async def write(self, session: AsyncSession, taking: Taking) -> None:
        company_id = taking.intake.company_id
        last = max((metric["position"] for metric in self.known.metrics.values()), default=0)
        rows = [
            {
                **{name: value for name, value in new.items() if name != "row"},
                "id": f"{company_id}-{new['code']}",
                "company_id": company_id,
                "position": last + number,
                "from_crm": False,
            }
            for number, new in enumerate(self.plan.new, start=1)
        ]
        await write_new(session, Metric, rows)
        await write_changed(session, Metric, self.plan.changed)
        made = [Changed(row["id"], 0, {}, _described(row)) for row in rows]
        changes: list[Change] = list(taking.changes(session, Subject.METRIC, [*self.plan.changed, *made]))
        await insert_once(session, changes)


def _described(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the record says of a new metric: the same as of one made on its page."""
    return {name: value for name, value in row.items() if name not in ("id", "company_id", "position", "from_crm")}

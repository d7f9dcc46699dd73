"""Past figures out of a file: what they are checked against, and how millions are written (Rules 30, 34)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.intake.kinds import MOST_SHOWN, Shown, Taking
from api.intake.owners import known_owners
from models.bulk import Stored, load_rows, stored_day, stored_moment
from models.clock import business_now
from models.columns import FIGURE_SCALE
from models.cycles import Cycle
from models.errors import Refusal
from models.figures import months_of
from models.intake import Intake
from models.metrics import Figure
from models.org import Company, Unit
from models.stages import CycleState, UnitKind
from rules.intake import Reading
from rules.intake_history import History, HistoryCheck, KnownHistory
from rules.intake_owners import OwnerFinder
from rules.past_figures import NOTHING_SAID, PastFigures

NOT_RUN: Final = (CycleState.DRAFT, CycleState.CANCELLED)
DEPARTMENTS_AT_ONCE: Final = 50
COLUMNS: Final = (
    *("id", "company_id", "department_id", "team_id", "person_id", "metric_id", "month", "value", "source"),
    *("records", "submission_id", "entered_by", "reason", "at", "replaced_by"),
)
# All that is in force of some months in some departments: as it is stored, for nothing is to be converted.
IN_FORCE: Final = """
SELECT team_id, person_id, metric_id, month, value FROM figure
WHERE company_id = :company_id AND month BETWEEN :first AND :last AND replaced_by = ''
"""
# A figure that stood there points to what replaced it (Rule 30).
REPLACE: Final = """
UPDATE figure SET replaced_by = fresh.id
FROM figure AS fresh
WHERE fresh.submission_id = :intake_id AND fresh.company_id = :company_id
  AND figure.person_id = fresh.person_id AND figure.metric_id = fresh.metric_id AND figure.month = fresh.month
  AND (fresh.person_id <> '' OR figure.team_id = fresh.team_id)
  AND figure.company_id = fresh.company_id AND figure.replaced_by = '' AND figure.id <> fresh.id
"""
SUMS: Final = """
SELECT metric_id, month, CAST(sum(value) AS BIGINT) AS total FROM figure
WHERE company_id = :company_id AND month BETWEEN :first AND :last AND replaced_by = '' {departments}
GROUP BY metric_id, month
"""


@dataclass(frozen=True)
class HistoryKnown:
    known: KnownHistory
    typed_totals: str

    @classmethod
    async def load(cls, session: AsyncSession, intake: Intake) -> HistoryKnown:
        company = await session.get_one(Company, intake.company_id)
        now = await business_now(session)
        found = await session.exec(
            select(Cycle)
            .where(col(Cycle.company_id) == company.id, col(Cycle.state).not_in(NOT_RUN))
            .order_by(col(Cycle.starts_on), col(Cycle.id))
        )
        cycles = {month: cycle.name for cycle in found.all() for month in months_of(cycle)}
        this_month = now.astimezone(ZoneInfo(company.time_zone)).date().replace(day=1)
        return cls(KnownHistory(await known_owners(session, company.id), this_month, cycles), intake.totals)

    def check(self, reading: Reading) -> HistoryPlanned:
        return HistoryPlanned(self.known, HistoryCheck(self.known, reading, self.typed_totals).check())


@dataclass
class HistoryPlanned:
    known: KnownHistory
    history: History
    others: dict[tuple[str, str], int] = field(default_factory=dict)
    """What figures in force come to that the file says nothing of, by metric and month, in ten-thousandths."""

    async def compare(self, session: AsyncSession, company_id: str) -> None:
        """Look up what is in force of the same people, metrics and months."""
        figures = self.history.figures
        figures.known, self.others = await in_force(session, company_id, figures)

    def shown(self) -> Shown:
        figures = self.history.figures
        new, changed, unchanged = figures.counts()
        finder = OwnerFinder(self.known.owners)
        names = {metric.id: metric.name for metric in figures.metrics}
        first_new: list[dict[str, str]] = []
        first_changed: list[dict[str, Any]] = []
        for line, place, value in figures.cells():
            if len(first_new) == min(new, MOST_SHOWN) and len(first_changed) == min(changed, MOST_SHOWN):
                break
            owner = figures.owners[figures.line_owner[line]]
            metric = figures.metrics[figures.line_metric[line]]
            month, before = f"{figures.months[place]:%Y-%m}", figures.known[line * figures.stride + place]
            row = figures.line_row[line]
            if before == NOTHING_SAID and len(first_new) < MOST_SHOWN:
                seller = owner.seller
                first_new.append(
                    {
                        "row": str(row),
                        "staff_no": seller.staff_no if seller else "",
                        "name": seller.name if seller else "",
                        "unit": finder.line_of(owner.unit_id),
                        "metric": metric.name,
                        "month": month,
                        "value": _said(value),
                    }
                )
            elif before != NOTHING_SAID and len(first_changed) < MOST_SHOWN:
                who = f"{finder.named(owner)} · {metric.name} · {month}"
                change = {"before": {"figure": _said(before)}, "after": {"figure": _said(value)}}
                first_changed.append({"row": row, "who": who, **change})
        sums = [
            {
                "metric": names.get(line.metric_id, line.metric_id),
                "metric_id": line.metric_id,
                "month": f"{line.month:%Y-%m}" if line.month else "",
                "figures": line.figures,
                "sum": f"{line.sum:f}",
                "given": "" if line.given is None else f"{line.given:f}",
                "difference": "" if line.difference is None else f"{line.difference:f}",
                "outcome": line.outcome.value,
            }
            for line in self.history.lines
        ]
        months = sorted(f"{month:%Y-%m}" for month in figures.months)
        more = {"sums": sums, "months": months, "lines": len(figures.line_row)}
        return Shown(new, changed, unchanged, figures.fingerprint, first_new, first_changed, more)

    async def write(self, session: AsyncSession, taking: Taking) -> None:
        """Write all that is new or other than before; what stood there stays, pointing to what replaced it.

        Raises:
            Refusal: `intake-stale`, figures have changed since they were compared; `intake-not-reconciled`,
                what is in force afterwards does not come to what the file says.
        """
        figures, company_id = self.history.figures, taking.intake.company_id
        now_known, others = await in_force(session, company_id, figures)
        if (now_known, others) != (figures.known, self.others):
            raise Refusal("intake-stale")
        await load_rows(session, Figure, COLUMNS, self._rows(session, taking))
        connection = await session.connection()
        if figures.counts()[1]:
            ids = {"intake_id": taking.intake.id, "company_id": company_id}
            await connection.execute(text(REPLACE), ids)
        await self._read_back(session, taking.intake, await sums_in_force(session, company_id, figures))

    async def _read_back(
        self, session: AsyncSession, intake: Intake, after: Mapping[tuple[str, str], int]
    ) -> None:
        """Hold what is in force now against the file, and keep it for the report."""
        sums = []
        for line in intake.outcome["more"]["sums"]:
            key = (line["metric_id"], f"{line['month']}-01")
            if line["month"]:
                there = after.get(key, 0) - self.others.get(key, 0)
                if there != int(Decimal(line["sum"]) * FIGURE_SCALE):
                    raise Refusal("intake-not-reconciled", metric=line["metric"], month=line["month"])
                sums.append({**line, "in_force": _said(there)})
            else:
                sums.append(line)
        outcome = {**intake.outcome, "more": {**intake.outcome["more"], "sums": sums}}
        await session.exec(update(Intake).where(col(Intake.id) == intake.id).values(outcome=outcome))

    def _rows(self, session: AsyncSession, taking: Taking) -> Iterator[tuple[Stored, ...]]:
        figures = self.history.figures
        intake = taking.intake
        months = [stored_day(month) for month in figures.months]
        at = stored_moment(session, taking.at)
        after = (intake.id, taking.by_id, intake.file_name, at, "")
        prefix = intake.id[:16]
        for number, (line, place, value) in enumerate(figures.cells()):
            owner = figures.owners[figures.line_owner[line]]
            yield (
                f"{prefix}.{number:07}",
                intake.company_id,
                owner.department_id,
                owner.unit_id,
                owner.person_id,
                figures.metrics[figures.line_metric[line]].id,
                months[place],
                value,
                "file",
                0,
                *after,
            )


async def in_force(
    session: AsyncSession, company_id: str, figures: PastFigures
) -> tuple[array[int], dict[tuple[str, str], int]]:
    """Return what is in force beside every figure of a file, and what all others of its months come to."""
    known = array("q", (NOTHING_SAID,)) * len(figures.values)
    others: dict[tuple[str, str], int] = {}
    if not figures.values:  # Nothing of the file could be read.
        return known, others
    places = {stored_day(month): place for place, month in enumerate(figures.months)}
    people = figures.people()
    connection = await session.connection()
    span = _span(session, company_id, figures)
    for where, bounds in await _ranges(session, company_id):
        found = await connection.execute(text(IN_FORCE + where), {**span, **bounds})
        for team_id, person_id, metric_id, month, value in found:
            on = str(month)
            owner = people.get(person_id) if person_id else None
            line = figures.find(owner.unit_id if owner else team_id, person_id, metric_id)
            place = places.get(on)
            at = None if line is None or place is None else line * figures.stride + place
            if at is not None and figures.values[at] != NOTHING_SAID:
                known[at] = value
            else:
                others[metric_id, on] = others.get((metric_id, on), 0) + value
    return known, others


async def sums_in_force(
    session: AsyncSession, company_id: str, figures: PastFigures
) -> dict[tuple[str, str], int]:
    """Return what all figures in force of a file's months come to, by metric and month, in ten-thousandths."""
    connection = await session.connection()
    span = _span(session, company_id, figures)
    sums: dict[tuple[str, str], int] = {}
    for departments, bounds in await _ranges(session, company_id):
        statement = text(SUMS.format(departments=departments))
        for metric_id, month, total in await connection.execute(statement, {**span, **bounds}):
            sums[metric_id, str(month)] = sums.get((metric_id, str(month)), 0) + int(total)
    return sums


async def _ranges(session: AsyncSession, company_id: str) -> list[tuple[str, dict[str, str]]]:
    """Part all departments there may be figures of, so that never too many rows are held at once."""
    found = await session.exec(
        select(Unit.id)
        .where(col(Unit.company_id) == company_id, col(Unit.kind) == UnitKind.DEPARTMENT)
        .order_by(col(Unit.id))
    )
    bounds = list(found.all())[DEPARTMENTS_AT_ONCE::DEPARTMENTS_AT_ONCE]
    if not bounds:
        return [("", {})]
    between = [
        ("AND department_id >= :low AND department_id < :high", {"low": low, "high": high})
        for low, high in pairwise(bounds)
    ]
    return [
        ("AND department_id < :high", {"high": bounds[0]}),
        *between,
        ("AND department_id >= :low", {"low": bounds[-1]}),
    ]


def _span(session: AsyncSession, company_id: str, figures: PastFigures) -> dict[str, Any]:
    """Return the bounds of a file's months, as the database compares them."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    first: date | str = min(figures.months)
    last: date | str = max(figures.months)
    if is_sqlite:
        first, last = str(first), str(last)
    return {"company_id": company_id, "first": first, "last": last}


def _said(value: int) -> str:
    return f"{Decimal(value) / FIGURE_SCALE:f}"

"""A figure with all that stands behind it: value, source, age, working, parts, records, corrections (Rule 30)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import names_of_people, names_of_units
from api.figure_scopes import PERSON, UNIT, Looked, address_of
from api.i18n import Tongue
from api.pages.anomaly_views import Mark, marks_with
from api.pages.department_views import actual_of
from api.pages.figure_workings import from_parts, from_records, records_say
from api.pages.rendering import Shell
from api.paging import Page, Paging
from api.source_age import SourceAge, aged
from models.behind import (
    TABLES,
    TYPED,
    Correction,
    Kind,
    Line,
    Made,
    Part,
    Sums,
    corrections,
    first_of,
    lines_of,
    made_of,
    parts_by,
    sources_behind,
    sums_of,
)
from models.evidence import Anomaly
from models.figures import months_of
from models.metrics import Figure, FigureLevel, Metric, MetricUnit
from models.org import Person, Unit
from models.stages import UnitKind
from rules.decomposition import CHAINS

KIND_OF = {
    "sales": Kind.DEALS,
    "new_customers": Kind.DEALS,
    "average_deal": Kind.DEALS,
    "repurchase": Kind.DEALS,
    "collection": Kind.PAYMENTS,
}
"""The records that make each metric which the CRM knows."""
LINES_A_PAGE = 50


@dataclass(frozen=True)
class PartRow:
    """A month, person or unit that gives its part; without an address where the reader may not look into it."""

    name: str
    value: Decimal | None
    figures: int
    address: str = ""


@dataclass(frozen=True)
class FigurePage:
    looked: Looked
    owner: str
    metric: str
    value: Decimal | None
    made: Made | None
    figure: Figure | None
    """Where it is a single one."""
    entered_by: str
    working: tuple[str, ...]
    parts: tuple[PartRow, ...]
    months: tuple[tuple[date, str], ...]
    """The months of the period, each with its address."""
    sums: Sums
    kind: Kind | None
    """The records shown; None for a metric that is no sum of records."""
    records: Page[Line] | None
    sources: tuple[SourceAge, ...]
    history: tuple[Correction, ...]
    marks: tuple[Mark, ...] = ()
    """Where this figure stands out, or one of its months."""
    may_correct: bool = False

    @property
    def explains_gap(self) -> bool:
        """Whether the gap to the target can be taken apart (Rule 32)."""
        return self.looked.month is None and self.looked.metric.code in CHAINS

    @property
    def money(self) -> MetricUnit:
        """The unit in which records are shown."""
        return MetricUnit.MONEY

    @property
    def kinds(self) -> tuple[tuple[Kind, int], ...]:
        """Return what records there are of, those of the metric first."""
        return tuple((kind, self.sums.count(kind)) for kind in Kind)


async def figure_page(
    database: AsyncSession, around: Shell, looked: Looked, kind: str = "", paging: Paging | None = None
) -> FigurePage:
    """Read a figure and what stands behind it; a fixed number of statements for any number of records."""
    scope, metric, tongue = looked.scope, looked.metric, around.tongue
    made = await made_of(database, scope)
    value = actual_of(metric, [(made.total, made.count)]) if made else None
    parts = await _parts(database, looked)
    shown = _kind(metric, kind)
    sums = await sums_of(database, scope) if shown else Sums()
    figure = await first_of(database, scope) if looked.is_point else None
    people = await names_of_people(database, {figure.entered_by} - {""} if figure else set())
    working: list[str] = []
    if made and value is not None:
        if looked.is_point and figure and figure.source not in TYPED:
            working.append(from_records(metric, sums, value, tongue))
        working.append(from_parts(metric, made, parts, value, tongue))
        if shown and made.count > made.typed:
            untyped = await sums_of(database, scope, typed=False) if made.typed else sums
            working.append(records_say(metric, made, untyped, tongue))
    return FigurePage(
        looked=looked,
        owner=looked.name(tongue.language),
        metric=metric.name_en if metric.name_en and not tongue.is_chinese else metric.name,
        value=value,
        made=made,
        figure=figure,
        entered_by=people.get(figure.entered_by, "") if figure else "",
        working=tuple(one for one in working if one),
        parts=await _named(database, around, looked, parts),
        months=tuple((month, looked.address(month)) for month in months_of(looked.cycle)),
        sums=sums,
        kind=shown,
        records=await _records(database, looked, shown, paging or Paging(LINES_A_PAGE)) if shown else None,
        sources=await _sources(database, around, looked) if shown else (),
        history=tuple(await corrections(database, scope)),
        marks=await _marks(database, looked, tongue),
    )


async def _marks(database: AsyncSession, looked: Looked, tongue: Tongue) -> tuple[Mark, ...]:
    """Return where the figure itself stands out, or one of its months; of a department those of its teams."""
    owner = looked.owner
    if isinstance(owner, Person):
        whose = col(Anomaly.person_id) == owner.id
    elif owner.kind is UnitKind.TEAM:
        whose = (col(Anomaly.team_id) == owner.id) & (col(Anomaly.person_id) == "")
    elif owner.kind is UnitKind.DEPARTMENT:
        whose = (col(Anomaly.department_id) == owner.id) & (col(Anomaly.person_id) == "")
    else:
        return ()
    here = whose & (col(Anomaly.metric_id) == looked.metric.id) & col(Anomaly.month).in_(looked.scope.months)
    return await marks_with(database, looked.cycle, here, tongue)


def _kind(metric: Metric, asked: str) -> Kind | None:
    own = KIND_OF.get(metric.code)
    if own is None:
        return None
    return Kind(asked) if asked in set(Kind) else own


def _split(looked: Looked) -> Any:
    """Return by what a figure is taken apart: months of a person, people of a team, teams of a department."""
    owner = looked.owner
    if isinstance(owner, Person):
        return col(Figure.month)
    if owner.kind is UnitKind.TEAM:
        return col(Figure.month) if looked.metric.level is FigureLevel.TEAM else col(Figure.person_id)
    return col(Figure.team_id) if owner.kind is UnitKind.DEPARTMENT else col(Figure.department_id)


async def _parts(database: AsyncSession, looked: Looked) -> list[Part]:
    return await parts_by(database, looked.scope, _split(looked))


async def _named(
    database: AsyncSession, around: Shell, looked: Looked, parts: Sequence[Part]
) -> tuple[PartRow, ...]:
    """Return the parts with their names; those of a whole company by division."""
    if looked.is_point or not parts:
        return ()
    split, metric = _split(looked).key, looked.metric
    together: dict[str, list[tuple[Decimal, int]]] = defaultdict(list)
    above: dict[str, str] = {}
    if isinstance(looked.owner, Unit) and looked.owner.kind is UnitKind.COMPANY:
        found = await database.exec(
            select(Unit.id, Unit.parent_id).where(col(Unit.id).in_([part.id for part in parts]))
        )
        above = {unit_id: parent_id or unit_id for unit_id, parent_id in found.all()}
    for part in parts:
        together[above.get(part.id, part.id)].append((part.total, part.count))
    names, seen = await _names(database, around, looked, split, list(together))

    def row(key: str) -> PartRow:
        count = sum(count for _, count in together[key])
        value = actual_of(metric, together[key])
        if split == "month":
            month = date.fromisoformat(key)
            here = "" if month == looked.month else looked.address(month)
            return PartRow(around.tongue.month(month), value, count, here)
        whose = PERSON if split == "person_id" else UNIT
        address = address_of(whose, key, metric.id, looked.cycle.id, looked.month) if key in seen else ""
        return PartRow(names.get(key, key), value, count, address)

    rows = [row(key) for key in together]
    if split == "month":
        return tuple(rows)
    return tuple(sorted(rows, key=lambda one: one.value if one.value is not None else Decimal(-1), reverse=True))


async def _names(
    database: AsyncSession, around: Shell, looked: Looked, split: str | None, ids: list[str]
) -> tuple[dict[str, str], set[str]]:
    """Return names by id, and the ids that the reader may look into: not those who have left the team since."""
    if split == "month":
        return {}, set()
    if split != "person_id":
        names = await names_of_units(database, ids, around.tongue.language)
        return names, set(names)
    people = await names_of_people(database, ids)
    if around.sees_cycles:
        return people, set(people)
    still = await database.exec(
        select(Person.id).where(col(Person.id).in_(ids), col(Person.unit_id) == looked.owner.id)
    )
    return people, set(still.all())


async def _records(database: AsyncSession, looked: Looked, kind: Kind, paging: Paging) -> Page[Line]:
    table, day = TABLES[kind]
    statement = paging.applied(lines_of(looked.scope, kind), (day, col(table.id)), descending=True)
    found = await database.exec(statement)
    lines = [Line(*row) for row in found.all()]
    return paging.page(lines, lambda line: line, lambda line: (line.on, line.record.id))


async def _sources(database: AsyncSession, around: Shell, looked: Looked) -> tuple[SourceAge, ...]:
    found = await sources_behind(database, looked.scope, [KIND_OF[looked.metric.code]])
    return tuple(aged(source, around.now, around.tongue) for source in found)

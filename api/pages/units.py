"""The tree of units, a level at a time: what lies on the way to one unit, and beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.facts import in_language
from models.org import Person, Unit
from models.stages import Language, UnitKind

DEEPEST = 20
"""Levels walked upwards; a circle among units ends there."""
_UNITS: Any = SQLModel.metadata.tables["unit"]
MOST_BESIDE = 400
"""Units shown below one unit; the search finds the others."""


@dataclass(frozen=True)
class Node:
    """A unit in the tree; `below` is empty where it is closed."""

    id: str
    name: str
    kind: UnitKind
    head: str
    is_open: bool
    is_here: bool
    can_open: bool
    below: tuple[Node, ...] = ()
    more: int = 0
    """How many units below are not shown."""


def units_under(unit_id: str) -> SelectOfScalar[str]:
    """Select the ids of a unit and of all units below it."""
    under = select(col(Unit.id).label("id")).where(col(Unit.id) == unit_id).cte("under", recursive=True)
    under = under.union(select(col(Unit.id)).where(col(Unit.parent_id) == under.c.id))
    return select(under.c.id)


async def lines_above(session: AsyncSession, unit_ids: Collection[str]) -> dict[str, list[Unit]]:
    """Return, for each unit, the units from the top down to itself: one query for all."""
    if not unit_ids:
        return {}
    child = _UNITS.alias("child")
    start: Any = select_columns(child.c.id.label("of"), child.c.id, child.c.parent_id, literal(0).label("up"))
    line = start.where(child.c.id.in_(unit_ids)).cte("line", recursive=True)
    above = _UNITS.alias("above")
    step: Any = select_columns(line.c.of, above.c.id, above.c.parent_id, line.c.up + 1)
    line = line.union(step.where(above.c.id == line.c.parent_id, line.c.up < DEEPEST))
    found = await session.exec(
        select(line.c.of, Unit).join(line, line.c.id == col(Unit.id)).order_by(line.c.of, line.c.up.desc())
    )
    lines: dict[str, list[Unit]] = {}
    for of, unit in found.all():
        lines.setdefault(of, []).append(unit)
    return lines


async def full_names(session: AsyncSession, unit_ids: Collection[str], language: Language) -> dict[str, str]:
    """Name units with those above them: `大区1 / 销售1部 / 销售1部1组`. The company itself goes without saying."""
    return {of: _joined(line, language) for of, line in (await lines_above(session, unit_ids)).items()}


def _joined(line: list[Unit], language: Language) -> str:
    shown = [unit for unit in line if unit.kind is not UnitKind.COMPANY] or line[-1:]
    return " / ".join(in_language(unit.name, unit.name_en, language) for unit in shown)


async def tree(session: AsyncSession, company_id: str, unit_id: str, language: Language) -> tuple[Node, ...]:
    """Return the tree with the way to a unit opened: two queries, however large the company.

    Without a unit the first level is open.
    """
    way = [unit.id for unit in (await lines_above(session, [unit_id])).get(unit_id, ())] if unit_id else []
    opened: set[str] = set(way)
    below = await _below(session, company_id, opened)
    if not way:
        opened = {unit.id for unit, *_ in below.get(None, ())}
        below |= await _below(session, company_id, opened, with_top=False)

    def node(unit: Unit, head: str | None, children: int) -> Node:
        is_open = unit.id in opened
        shown = below.get(unit.id, ())[:MOST_BESIDE] if is_open else ()
        return Node(
            id=unit.id,
            name=in_language(unit.name, unit.name_en, language),
            kind=unit.kind,
            head=head or "",
            is_open=is_open,
            is_here=unit.id == unit_id,
            can_open=children > 0,
            below=tuple(node(*one) for one in shown),
            more=max(0, children - len(shown)) if is_open else 0,
        )

    return tuple(node(*one) for one in below.get(None, ()))


Rows = Mapping[str | None, list[tuple[Unit, str | None, int]]]


async def _below(
    session: AsyncSession, company_id: str, opened: Collection[str], *, with_top: bool = True
) -> dict[str | None, list[tuple[Unit, str | None, int]]]:
    """Return units by the unit above: head's name, and how many lie below each."""
    under = _UNITS.alias("under")
    counted: Any = select_columns(func.count()).where(under.c.parent_id == col(Unit.id))
    children = counted.correlate(Unit).scalar_subquery()
    wanted = col(Unit.parent_id).in_(opened)
    found = await session.exec(
        select(Unit, Person.name, children)
        .outerjoin(Person, col(Person.id) == col(Unit.head_id))
        .where(
            col(Unit.company_id) == company_id, or_(col(Unit.parent_id).is_(None), wanted) if with_top else wanted
        )
        .order_by(col(Unit.id))
    )
    rows: dict[str | None, list[tuple[Unit, str | None, int]]] = {}
    for unit, head, count in found.all():
        rows.setdefault(unit.parent_id, []).append((unit, head, count))
    return rows

"""The departments of a cycle as a table: filtered, sorted and paged by the database, in one query a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.pages.rendering import Shell
from api.rights import sees_department
from api.session import Viewer
from models.cycles import Cycle, CycleDepartment
from models.org import Person, Unit
from models.stages import STAGES_IN_ORDER, Stage, TaskKind, TaskState
from models.tasks import Task

PAGE_SIZE: Final = 50
SORTS: Final = ("due", "name", "stage", "holder")


@dataclass(frozen=True)
class Asked:
    """How the table of departments is filtered, sorted and paged."""

    text: str = ""
    stage: str = ""
    late: bool = False
    sort: str = "due"
    is_descending: bool = False
    page: int = 1

    @property
    def filters(self) -> bool:
        return bool(self.text or self.stage or self.late)

    @property
    def address(self) -> str:
        """The query of this table's address; nothing where all is as it is at first."""
        sort = f"-{self.sort}" if self.is_descending else self.sort
        said = {
            "q": self.text,
            "stage": self.stage,
            "late": "yes" if self.late else "",
            "sort": "" if sort == "due" else sort,
            "page": str(self.page) if self.page > 1 else "",
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return f"?{query}" if query else "?"

    def sorted_by(self, column: str) -> Asked:
        """Return what a click on a column's heading asks for: that order, or the reverse of it."""
        return replace(self, sort=column, is_descending=column == self.sort and not self.is_descending, page=1)

    def on_page(self, page: int) -> Asked:
        return replace(self, page=page)

    def at_stage(self, stage: str) -> Asked:
        """Return what a click on a stage asks for; a second click takes the filter away."""
        return replace(self, stage="" if stage == self.stage else stage, page=1)


@dataclass(frozen=True)
class DepartmentRow:
    department_id: str
    name: str
    division: str
    stage: Stage
    round: int
    since: datetime | None
    task_id: str
    """The most urgent open task; empty where none is."""
    task_kind: TaskKind | None
    holder: str
    deadline_at: datetime | None
    is_late: bool


@dataclass(frozen=True)
class DepartmentTable:
    rows: tuple[DepartmentRow, ...]
    total: int
    asked: Asked

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def asked_of_table(query: Mapping[str, str]) -> Asked:
    """Read how the table is wanted. What makes no sense is passed over: it comes from an old address."""
    page = query.get("page", "")
    sort = query.get("sort", "")
    column = sort.removeprefix("-")
    return Asked(
        text=query.get("q", "").strip()[:100],
        stage=query.get("stage", ""),
        late=bool(query.get("late")),
        sort=column if column in SORTS else "due",
        is_descending=sort.startswith("-") and column in SORTS,
        page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
    )


async def department_table(
    database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle, asked: Asked
) -> DepartmentTable:
    """Read one page of the departments and how many there are; a page behind the last is the last."""
    rows = _departments(cycle, viewer)
    found = await _page(database, rows, around.now, asked)
    if not found and asked.page > 1:
        wanted = select_columns(func.count()).select_from(rows).where(*_filters(rows, around.now, asked))
        total = (await database.exec(wanted)).scalar_one()  # type: ignore[call-overload]  # A plain select.
        asked = asked.on_page(max(1, -(-total // PAGE_SIZE)))
        found = await _page(database, rows, around.now, asked)
    return DepartmentTable(tuple(_shown(row, around) for row in found), found[0].total if found else 0, asked)


async def urgent_tasks(
    database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle, asked: Asked
) -> list[str]:
    """Return the most urgent open task of every department that fits the filter, on whatever page."""
    rows = _departments(cycle, viewer)
    wanted: Any = select_columns(rows.c.task_id).where(
        *_filters(rows, around.now, asked), rows.c.task_id.is_not(None)
    )
    return list((await database.exec(wanted.order_by(*_order(rows, asked)))).scalars())


async def _page(database: AsyncSession, rows: Any, now: datetime, asked: Asked) -> Sequence[Any]:
    statement: Any = select_columns(rows, func.count().over().label("total")).where(*_filters(rows, now, asked))
    statement = statement.order_by(*_order(rows, asked)).offset((asked.page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    page: Sequence[Any] = (await database.exec(statement)).all()
    return page


def _shown(row: Any, around: Shell) -> DepartmentRow:
    language = around.tongue.language
    return DepartmentRow(
        department_id=row.department_id,
        name=in_language(row.name or row.department_id, row.name_en or "", language),
        division=in_language(row.division or "", row.division_en or "", language),
        stage=row.stage,
        round=row.round,
        since=row.since,
        task_id=row.task_id or "",
        task_kind=row.kind,
        holder=row.holder or "",
        deadline_at=row.deadline_at,
        is_late=row.deadline_at is not None and row.deadline_at < around.now,
    )


def _departments(cycle: Cycle, viewer: Viewer) -> Any:
    """Select the departments, each with its most urgent open task."""
    urgent = (
        select_columns(
            col(Task.department_id),
            col(Task.id).label("task_id"),
            col(Task.kind),
            col(Task.holder_id),
            col(Task.deadline_at),
            func.row_number()
            .over(partition_by=col(Task.department_id), order_by=(col(Task.deadline_at), col(Task.id)))
            .label("place"),
        )
        .where(col(Task.cycle_id) == cycle.id, col(Task.state) == TaskState.OPEN)
        .subquery()
    )
    unit, division, holder = Unit.__table__, Unit.__table__.alias("division"), Person.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table.
    department = CycleDepartment.__table__  # type: ignore[attr-defined]  # As above.
    return (
        select_columns(
            department.c.department_id,
            unit.c.name,
            unit.c.name_en,
            division.c.name.label("division"),
            division.c.name_en.label("division_en"),
            department.c.stage,
            department.c.round,
            department.c.stage_since.label("since"),
            urgent.c.task_id,
            urgent.c.kind,
            holder.c.name.label("holder"),
            urgent.c.deadline_at,
        )
        .select_from(department)
        .outerjoin(unit, unit.c.id == department.c.department_id)
        .outerjoin(division, division.c.id == unit.c.parent_id)
        .outerjoin(urgent, and_(urgent.c.department_id == department.c.department_id, urgent.c.place == 1))
        .outerjoin(holder, holder.c.id == urgent.c.holder_id)
        .where(department.c.cycle_id == cycle.id, sees_department(viewer, department.c.department_id))
        .subquery()
    )


def _filters(rows: Any, now: datetime, asked: Asked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.text:
        # A percent sign that somebody types is a sign, not a pattern.
        columns = (rows.c.name, rows.c.name_en, rows.c.division, rows.c.division_en, rows.c.holder)
        wanted.append(or_(*(column.icontains(asked.text, autoescape=True) for column in columns)))
    if asked.stage in set(Stage):
        wanted.append(rows.c.stage == Stage(asked.stage))
    if asked.late:
        wanted.append(rows.c.deadline_at < now)
    return wanted


def _order(rows: Any, asked: Asked) -> list[ColumnElement[Any]]:
    """Departments that have no such thing come last, whichever way the rest is sorted."""
    places = {stage: place for place, stage in enumerate(STAGES_IN_ORDER)}
    keys: dict[str, ColumnElement[Any]] = {
        "due": rows.c.deadline_at,
        "name": rows.c.name,
        "stage": case(places, value=rows.c.stage, else_=len(places)),
        "holder": rows.c.holder,
    }
    key = keys[asked.sort]
    return [key.is_(None), key.desc() if asked.is_descending else key, rows.c.department_id]

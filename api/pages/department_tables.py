"""The departments of a cycle as a table: filtered, sorted and paged by the database, in one query a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, exists, func, null, or_, select
from sqlalchemy.sql.util import ClauseAdapter
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from api.facts import in_language
from api.pages.rendering import Shell
from api.rights import sees_department
from api.session import Viewer
from models.cycles import Cycle
from models.stages import STAGES_IN_ORDER, Stage, TaskKind, TaskState

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

    def __hash__(self) -> int:
        """Quickly: rows are looked up among those that were written before."""
        return hash((self.department_id, self.task_id))


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
    found = await _page(database, around.now, viewer, cycle, asked)
    if not found and asked.page > 1:
        everything = await _page(database, around.now, viewer, cycle, asked.on_page(1))
        total = everything[0].total if everything else 0
        asked = asked.on_page(max(1, -(-total // PAGE_SIZE)))
        found = await _page(database, around.now, viewer, cycle, asked)
    return DepartmentTable(tuple(_shown(row, around) for row in found), found[0].total if found else 0, asked)


async def urgent_tasks(
    database: AsyncSession, around: Shell, viewer: Viewer, cycle: Cycle, asked: Asked
) -> list[str]:
    """Return the most urgent open task of every department that fits the filter, on whatever page."""
    statement = _keys(Shape.of(asked), viewer)
    connection = await database.connection()
    found = await connection.execute(statement, _values(around.now, cycle, asked))
    return [row.task_id for row in found if row.task_id]


async def _page(
    database: AsyncSession, now: datetime, viewer: Viewer, cycle: Cycle, asked: Asked
) -> Sequence[Any]:
    shape = Shape.of(asked)
    statement = _statement_for_readers_of_all(shape) if viewer.reads_all else _statement(shape, viewer)
    # Past the session's bookkeeping: these rows are only shown.
    connection = await database.connection()
    return (await connection.execute(statement, _values(now, cycle, asked))).all()


def _values(now: datetime, cycle: Cycle, asked: Asked) -> dict[str, Any]:
    # A percent sign that somebody types is a sign, not a pattern.
    text = asked.text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {
        "cycle": cycle.id,
        "now": now,
        "text": f"%{text}%",
        "stage": Stage(asked.stage) if asked.stage in set(Stage) else Stage.TARGETS,
        "rows": PAGE_SIZE,
        "passed": (asked.page - 1) * PAGE_SIZE,
    }


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


@dataclass(frozen=True)
class Shape:
    """What the statement of a page looks like, whatever the values in it: each is built once."""

    has_text: bool
    has_stage: bool
    late: bool
    sort: str
    is_descending: bool

    @property
    def is_by_deadline(self) -> bool:
        """Whether the page can be read along the index of deadlines."""
        return self.sort == "due" and not self.has_text

    @classmethod
    def of(cls, asked: Asked) -> Shape:
        return cls(bool(asked.text), asked.stage in set(Stage), asked.late, asked.sort, asked.is_descending)


DEPARTMENT: Final = SQLModel.metadata.tables["cycle_department"]
UNIT: Final = SQLModel.metadata.tables["unit"]
DIVISION: Final = UNIT.alias("division")
TASK: Final = SQLModel.metadata.tables["task"]
HOLDER: Final = SQLModel.metadata.tables["person"].alias("holder")


def _keys(shape: Shape, viewer: Viewer | None) -> Any:
    """Select the departments that fit, in order, each with its most urgent open task.

    Names are joined only where they are sought or sorted by: of 2,000 departments 50 are shown.
    """
    other = TASK.alias("other")
    urgent = (
        select(other.c.id)
        .where(
            other.c.cycle_id == DEPARTMENT.c.cycle_id,
            other.c.department_id == DEPARTMENT.c.department_id,
            other.c.state == TaskState.OPEN,
        )
        .order_by(other.c.deadline_at, other.c.id)
        .limit(1)
        .correlate(DEPARTMENT)
        .scalar_subquery()
    )
    joined: Any = DEPARTMENT.outerjoin(TASK, TASK.c.id == urgent)
    if shape.has_text or shape.sort == "name":
        joined = joined.outerjoin(UNIT, UNIT.c.id == DEPARTMENT.c.department_id)
    if shape.has_text or shape.sort == "holder":
        joined = joined.outerjoin(HOLDER, HOLDER.c.id == TASK.c.holder_id)
    if shape.has_text:
        joined = joined.outerjoin(DIVISION, DIVISION.c.id == UNIT.c.parent_id)
    wanted = _wanted(shape, viewer)
    if shape.has_text:
        columns = (UNIT.c.name, UNIT.c.name_en, DIVISION.c.name, DIVISION.c.name_en, HOLDER.c.name)
        wanted.append(or_(*(column.ilike(bindparam("text"), escape="/") for column in columns)))
    if shape.late:
        wanted.append(TASK.c.deadline_at < bindparam("now", type_=TASK.c.deadline_at.type))
    # Where nothing but the stage decides who fits, counting them needs no look at their tasks.
    counted: ColumnElement[int] = func.count().over()
    if not (shape.has_text or shape.late):
        counted = _how_many(wanted)
    return (
        select(DEPARTMENT.c.department_id, TASK.c.id.label("task_id"), counted.label("total"))
        .select_from(joined)
        .where(*wanted)
        .order_by(*_order(shape))
    )


def _wanted(shape: Shape, viewer: Viewer | None) -> list[ColumnElement[bool]]:
    """Return what a department must be, whatever its tasks and names."""
    wanted: list[ColumnElement[bool]] = [DEPARTMENT.c.cycle_id == bindparam("cycle")]
    if viewer is not None:
        wanted.append(sees_department(viewer, DEPARTMENT.c.department_id))
    if shape.has_stage:
        wanted.append(DEPARTMENT.c.stage == bindparam("stage", type_=DEPARTMENT.c.stage.type))
    return wanted


def _how_many(wanted: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    others = DEPARTMENT.alias("others")
    alike = [_clause_on(others, clause) for clause in wanted]
    return select(func.count()).select_from(others).where(*alike).scalar_subquery()


def _page_by_deadline(shape: Shape, viewer: Viewer | None) -> Any:
    """Select a page's keys along the index of deadlines, which ends with the page's last row.

    Departments without an open task follow; they are looked for only where the page has room for them.
    """
    other = TASK.alias("other")
    of_the_same = and_(
        other.c.cycle_id == TASK.c.cycle_id,
        other.c.department_id == TASK.c.department_id,
        other.c.state == TaskState.OPEN,
    )
    is_sooner = and_(
        other.c.deadline_at <= TASK.c.deadline_at,
        or_(other.c.deadline_at < TASK.c.deadline_at, other.c.id < TASK.c.id),
    )
    wanted = _wanted(shape, viewer)
    is_open = [TASK.c.cycle_id == bindparam("cycle"), TASK.c.state == TaskState.OPEN]
    if shape.late:
        is_open.append(TASK.c.deadline_at < bindparam("now", type_=TASK.c.deadline_at.type))
    joined = TASK.join(DEPARTMENT, DEPARTMENT.c.department_id == TASK.c.department_id)
    counted = func.count().over() if shape.late else _how_many(wanted)
    rows, passed = bindparam("rows", type_=Integer), bindparam("passed", type_=Integer)
    urgent = (
        select(DEPARTMENT.c.department_id, TASK.c.id.label("task_id"), counted.label("total"))
        .select_from(joined)
        .where(*is_open, *wanted, ~exists().where(of_the_same, is_sooner))
        .order_by(*_order(shape)[1:])
        .limit(rows)
        .offset(passed)
        .cte("urgent")
    )
    if shape.late:
        return urgent
    room = rows - select(func.count()).select_from(urgent).scalar_subquery()
    with_task = select(func.count(TASK.c.department_id.distinct())).select_from(joined).where(*is_open, *wanted)
    behind = passed - with_task.scalar_subquery()
    idle = (
        select(DEPARTMENT.c.department_id, null().label("task_id"), _how_many(wanted).label("total"))
        .where(*wanted, room > 0, ~exists().where(TASK.c.department_id == DEPARTMENT.c.department_id, *is_open))
        .order_by(DEPARTMENT.c.department_id)
        .limit(room)
        .offset(case((and_(room > 0, behind > 0), behind), else_=0))
        .cte("idle")
    )
    return select(urgent).union_all(select(idle)).cte("page")


def _clause_on(others: Any, clause: ColumnElement[bool]) -> Any:
    """Return the clause with the columns of the departments' table read from its alias."""
    return ClauseAdapter(others).traverse(clause)


def _statement(shape: Shape, viewer: Viewer | None) -> Any:
    """Select one page: the keys of its rows first, then what is shown of them."""
    if shape.is_by_deadline:
        page = _page_by_deadline(shape, viewer)
    else:
        page = _keys(shape, viewer).limit(bindparam("rows")).offset(bindparam("passed")).cte("page")
    return (
        select(
            DEPARTMENT.c.department_id,
            UNIT.c.name,
            UNIT.c.name_en,
            DIVISION.c.name.label("division"),
            DIVISION.c.name_en.label("division_en"),
            DEPARTMENT.c.stage,
            DEPARTMENT.c.round,
            DEPARTMENT.c.stage_since.label("since"),
            TASK.c.id.label("task_id"),
            TASK.c.kind,
            TASK.c.deadline_at,
            HOLDER.c.name.label("holder"),
            page.c.total,
        )
        .select_from(
            page.join(
                DEPARTMENT,
                and_(
                    DEPARTMENT.c.cycle_id == bindparam("cycle"),
                    DEPARTMENT.c.department_id == page.c.department_id,
                ),
            )
            .outerjoin(UNIT, UNIT.c.id == page.c.department_id)
            .outerjoin(DIVISION, DIVISION.c.id == UNIT.c.parent_id)
            .outerjoin(TASK, TASK.c.id == page.c.task_id)
            .outerjoin(HOLDER, HOLDER.c.id == TASK.c.holder_id)
        )
        .order_by(*_order(shape))
    )


@cache
def _statement_for_readers_of_all(shape: Shape) -> Any:
    return _statement(shape, None)


def _order(shape: Shape) -> list[ColumnElement[Any]]:
    """Departments that have no such thing come last, whichever way the rest is sorted."""
    places = {stage: place for place, stage in enumerate(STAGES_IN_ORDER)}
    keys: dict[str, ColumnElement[Any]] = {
        "due": TASK.c.deadline_at,
        "name": UNIT.c.name,
        "stage": case(places, value=DEPARTMENT.c.stage, else_=len(places)),
        "holder": HOLDER.c.name,
    }
    key = keys[shape.sort]
    return [key.is_(None), key.desc() if shape.is_descending else key, DEPARTMENT.c.department_id]

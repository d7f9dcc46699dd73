"""The statement of a page of departments, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from api.pages.department_tables import SORTS, Shape, _statement_for_readers_of_all
from models.cycles import CycleDepartment
from models.database import SessionMaker, writing
from models.names import task_id
from models.stages import Stage, TaskKind
from models.tasks import Task
from quarterdeck.demo.small import make_small_company

NOW = datetime(2055, 1, 10, tzinfo=UTC)


async def test_every_shape_of_the_table_can_be_asked_for(sessions: SessionMaker) -> None:
    """Whatever is sorted and filtered by; the soonest deadline first, whoever waits for nothing last."""
    company = await make_small_company(sessions, 4, 1)
    first, second, third, _ = (one.id for one in company.departments)
    due = {first: 3, second: -1, third: 1}
    async with sessions() as session:
        await writing(session)
        for one in company.departments:
            session.add(
                CycleDepartment(cycle_id=company.cycle_id, department_id=one.id, company_id=company.company_id)
            )
        for department, days in due.items():
            at = NOW + timedelta(days=days)
            session.add(
                Task(
                    id=task_id(company.cycle_id, department, "targets", 1),
                    company_id=company.company_id,
                    cycle_id=company.cycle_id,
                    department_id=department,
                    slot="targets",
                    kind=TaskKind.CONFIRM_TARGETS,
                    stage=Stage.TARGETS,
                    opened_at=NOW,
                    deadline_at=at,
                    first_deadline_at=at,
                    holder_id=company.hr_id,
                    first_holder_id=company.hr_id,
                )
            )
        await session.commit()
    values: dict[str, Any] = {
        "cycle": company.cycle_id,
        "now": NOW,
        "text": "%",
        "stage": Stage.TARGETS,
        "rows": 3,
    }
    flags = (False, True)
    async with sessions() as session:
        for text, stage, late, sort, down in product(flags, flags, flags, SORTS, flags):
            statement = _statement_for_readers_of_all(Shape(text, stage, late, sort, down))
            connection = await session.connection()
            pages = [(await connection.execute(statement, values | {"passed": passed})).all() for passed in (0, 3)]
            if late:
                assert [row.department_id for row in pages[0]] == [second]
            else:
                assert [len(page) for page in pages] == [3, 1]
                assert {row.total for row in (*pages[0], *pages[1])} == {4}
            if sort == "due" and not late:
                soonest = [second, third, first]
                assert [row.department_id for row in pages[0]] == (soonest[::-1] if down else soonest)

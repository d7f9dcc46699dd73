"""The real application on a real database and a real engine, with stand-ins for the workflows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from api.engine import Engine
from models.database import SessionMaker
from models.settings import Settings
from quarterdeck.demo.small import SmallCompany, make_small_company
from tests.api.house import House, make_parts


@pytest.fixture
def settings() -> Settings:
    return Settings(
        _env_file=None,
        secret_keys=(SecretStr("s" * 40),),
        secure_cookies=False,
        second_factor="offered",
        task_queue=f"api-{uuid4().hex}",
        answer_within=timedelta(seconds=5),
    )


@pytest.fixture
async def company(some_sessions: SessionMaker) -> SmallCompany:
    """Three departments of four people, with a draft cycle; ids are new each time, as the engine is shared."""
    prefix = f"x{uuid4().hex[:8]}-"
    return await make_small_company(some_sessions, 3, 4, company_id=f"{prefix}co", prefix=prefix)


@pytest.fixture
async def house(
    some_sessions: SessionMaker, company: SmallCompany, engine: WorkflowEnvironment, settings: Settings
) -> House:
    """The application, whose callers `hr`, the directors and others have tokens; nothing runs yet."""
    connection = Engine(pydantic_data_converter, engine.client)
    parts = make_parts(some_sessions, connection, settings)
    made = House(create_app(parts), parts, engine.client, company, some_sessions)
    people = {company.hr_id, company.boss_id, company.auditor_id, company.finance_id, *company.superior_ids}
    for department in company.departments:
        people |= {department.director_id, *department.people_ids}
    await made.give_tokens(*people)
    return made


@pytest.fixture
async def at_work(house: House) -> AsyncIterator[House]:
    """The application with a worker that carries moves out."""
    async with house.worker():
        yield house

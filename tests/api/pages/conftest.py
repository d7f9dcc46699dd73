"""Pages on a real database, with commands that are taken down instead of asking the engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import create_app
from api.cookies import Cookies
from api.engine import Engine
from api.parts import Parts
from connectors.files import open_sheet, read_table
from models.cycles import Cycle, CycleDepartment
from models.database import SessionMaker
from models.settings import Settings
from models.stages import CycleState, Stage
from quarterdeck.demo.small import make_small_company
from server import MessageTexts, write_message
from tests.api.pages.place import Place, RecordedCommands, RecordedPost


@pytest.fixture
def settings(tmp_path: object) -> Settings:
    return Settings(
        _env_file=None,
        secret_keys=(SecretStr("s" * 40),),
        secure_cookies=False,
        second_factor="offered",
        answer_within=timedelta(seconds=1),
    )


@pytest.fixture
async def place(some_sessions: SessionMaker, settings: Settings) -> Place:
    """A running cycle of three departments with two teams each; `d0001` directs the first."""
    company = await make_small_company(some_sessions, 3, 4, teams_per_department=2)
    commands, post = RecordedCommands(settings), RecordedPost()
    parts = Parts(
        settings=settings,
        sessions=some_sessions,
        engine=Engine(pydantic_data_converter),
        commands=commands,
        cookies=Cookies(settings),
        write=write_message,
        read_table=read_table,
        open_table=open_sheet,
        texts=MessageTexts(),
        post=post,
    )
    made = Place(create_app(parts), company, some_sessions, commands, settings, post)
    await made.change(Cycle, company.cycle_id, state=CycleState.RUNNING, launched_at=datetime.now(UTC))
    await made.add(
        *(
            CycleDepartment(
                cycle_id=company.cycle_id,
                department_id=department.id,
                company_id=company.company_id,
                stage=Stage.TARGETS,
                is_started=True,
            )
            for department in company.departments
        )
    )
    return made

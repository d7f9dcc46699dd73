"""What workflows ask for by name is there, under that name, with those types."""

from __future__ import annotations

import inspect
import typing

import pytest
from pydantic import SecretStr
from temporalio.testing import WorkflowEnvironment

from models import effects
from models.database import SessionMaker
from models.effects import Effect
from models.settings import Settings
from worker import build_activities

EFFECTS = [value for value in vars(effects).values() if isinstance(value, Effect)]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
async def test_an_effect_is_carried_out_by_the_activity_of_its_name(
    effect: Effect[object, object], engine: WorkflowEnvironment, some_sessions: SessionMaker
) -> None:
    settings = Settings(secret_keys=(SecretStr("k" * 32),), _env_file=None)
    built = build_activities(settings, some_sessions, engine.client)
    by_name = {
        getattr(made, "__temporal_activity_definition").name: made
        for made in (*built.of_processes, *built.of_sends)
    }
    carried_out_by = by_name[effect.name]
    hints = typing.get_type_hints(carried_out_by)
    (message,) = inspect.signature(carried_out_by).parameters
    assert hints[message] is effect.asked
    assert hints["return"] is effect.given

"""The command line pointed at a house whose worker runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quarterdeck.cli import app
from tests.workflows.fetch_house import FetchHouse


def point_at(house: FetchHouse, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = house.engine.client.service_client.config
    for name, value in {
        "QUARTERDECK_DATABASE_URL": database_url,
        "QUARTERDECK_SECRET_KEYS": house.settings.secret_keys[0].get_secret_value(),
        "QUARTERDECK_TASK_QUEUE": house.settings.task_queue,
        "QUARTERDECK_SOURCES__FOLDER": str(folder / "sources"),
        "TEMPORAL_ADDRESS": config.target_host,
        "TEMPORAL_NAMESPACE": house.engine.client.namespace,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["source", *words])


def hr_of(house: FetchHouse) -> str:
    """Return the name that HR signs in with."""
    return f"{house.company.company_id.removesuffix('co')}hr"

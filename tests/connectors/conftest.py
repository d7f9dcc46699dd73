"""Fixtures for tests of connectors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.dingtalk import DingTalkConnector
from connectors.registry import connect
from models.sources import SourceKind
from tests.connectors.dingtalk_readings import FIRST, SECRETS, SETTINGS, Connecting
from tests.standins.dingtalk_api import (
    DingTalkStandIn,
    checkins,
    customers,
    opportunities,
    users,
)


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalkStandIn]:
    with DingTalkStandIn(tmp_path) as server:
        server.users = users([f"{number:05}" for number in range(25)])
        server.opportunities = opportunities(server.users)
        server.customers = customers()
        server.checkins = checkins(server.users, FIRST, 3)
        yield server


@pytest.fixture
def to_dingtalk(dingtalk: DingTalkStandIn) -> Connecting:
    @asynccontextmanager
    async def connecting(
        changes: dict[str, str] | None = None, secrets: dict[str, str] | None = None, **guard: Any
    ) -> AsyncIterator[DingTalkConnector]:
        settings = SETTINGS | (changes or {})
        connector = await connect(SourceKind.DINGTALK, settings, secrets or SECRETS, dingtalk.guard(**guard))
        assert isinstance(connector, DingTalkConnector)
        connector.api.pause = 0
        try:
            yield connector
        finally:
            await connector.close()

    return connecting

"""Names under which workflow tests store their histories."""

from __future__ import annotations

import pytest


@pytest.fixture
def record_as(request: pytest.FixtureRequest) -> str:
    """The name of this test's histories, where they are to be recorded; else ""."""
    if not request.config.getoption("--record-histories"):
        return ""
    return str(request.node.originalname).removeprefix("test_").replace("_", "-")

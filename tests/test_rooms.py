"""The two processes know every room, and no room knows them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("models", "rules", "workflows", "activities", "api", "notifications", "connectors")


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_a_process(room: str) -> None:
    for path in (PROJECT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
            assert not {"worker", "server", "quarterdeck"} & {name.split(".")[0] for name in names}, path

"""Maps to begin with are right, and the same as those of the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.sources import RecordKind, SourceKind
from quarterdeck.source_files import read_source_file
from rules.map_fields import map_faults
from rules.ready_maps import READY_MAPS, ready_map

DOCS = Path(__file__).resolve().parents[2] / "docs" / "sources"
FILES = {SourceKind.SALESFORCE: "salesforce-opportunities.toml", SourceKind.DINGTALK: "dingtalk.toml"}


@pytest.mark.parametrize("kind", list(READY_MAPS))
def test_a_ready_map_is_that_of_the_documentation(kind: SourceKind) -> None:
    described = read_source_file((DOCS / FILES[kind]).read_text(encoding="utf-8"))
    assert tuple(described.maps) == READY_MAPS[kind]
    assert map_faults(READY_MAPS[kind]) == []


def test_what_is_a_companys_own_has_no_ready_map() -> None:
    assert ready_map(SourceKind.DATABASE, RecordKind.DEAL) is None
    assert ready_map(SourceKind.SALESFORCE, RecordKind.VISIT) is None

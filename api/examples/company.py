"""Whose fourth quarter the examples are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

Example = Mapping[str, Any]
Examples = Mapping[type[BaseModel], tuple[Example, ...]]

CYCLE: Final = "acme-2026q4"
TASK: Final = "acme-2026q4.d-east-1.targets.1"
DIRECTOR: Final = {"id": "p-1007", "name": "李敏"}
SUPERIOR: Final = {"id": "p-1002", "name": "王建国"}
SELLER: Final = {"id": "p-1315", "name": "陈晓雨"}
HR: Final = {"id": "p-1001", "name": "周婷"}
DEPARTMENT: Final = {"id": "d-east-1", "name": "华东一部"}
TEAM: Final = {"id": "d-east-1-t1", "name": "华东一组"}
SALES: Final = {"id": "m-sales", "name": "销售额"}

"""The maps of a source out of JSON, as machines and experts write them; what is wrong is named by its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from api.problems import Refusals
from models.errors import Refusal
from models.field_maps import RecordMap
from rules.map_fields import FIELDS, MEANINGS, MapFault, map_faults

MAPS = TypeAdapter(list[RecordMap])
MOST_NAMED = 50


def maps_in_json(text: str) -> list[RecordMap]:
    """Read maps.

    Raises:
        Refusal: `map-unreadable` with the line and column where it is no JSON any more.
        Refusals: `map-wrong` with everything that is wrong, each with its place.
    """
    try:
        given = json.loads(text or "[]")
    except json.JSONDecodeError as wrong:
        raise Refusal("map-unreadable", line=wrong.lineno, column=wrong.colno) from wrong
    except RecursionError as wrong:
        raise Refusal("map-unreadable", line=1, column=1) from wrong
    try:
        maps = MAPS.validate_python(given)
    except ValidationError as invalid:
        errors = [_refusal(error) for error in invalid.errors()[:MOST_NAMED]]
        raise Refusals("map-wrong", errors, count=len(errors)) from invalid
    refuse_wrong_maps(maps)
    return maps


def refuse_wrong_maps(maps: Sequence[RecordMap]) -> None:
    """Raises: Refusals: `map-wrong`."""
    wrong = [_refusal_of(fault) for fault in map_faults(maps)]
    if wrong:
        raise Refusals("map-wrong", wrong, count=len(wrong))


def _refusal(error: Any) -> Refusal:
    code = {"missing": "map-place-missing", "extra_forbidden": "map-place-unknown"}
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in error["loc"]]
    return Refusal(code.get(error["type"], "map-place-wrong"), place="".join(parts).lstrip(".") or "[ ]")


def _refusal_of(fault: MapFault) -> Refusal:
    ours = FIELDS[fault.kind].get(fault.field)
    return Refusal(
        f"map-{fault.code}",
        place=f"{fault.kind}.{fault.field}" if fault.field else fault.kind.value,
        given=fault.value,
        known=list(MEANINGS.get(ours.reads, ())) if ours else [],
    )

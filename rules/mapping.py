"""Rows of a source become records by a map; no row vanishes without a word (Rules 29, 34). Pure and exact.

Which fields each kind has stands in `rules/map_fields.py`, how cells are read in `rules/mapped_rows.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.field_maps import RecordMap
from models.sources import RecordKind
from rules.mapped_deals import deals
from rules.mapped_others import others
from rules.mapped_rows import Fault, Known, Mapped, Reader, Row


def mapped(wanted: RecordMap, rows: Sequence[Row], known: Known) -> Mapped:
    """Return the records that rows hold, every fault by place, column and value, and what else was left."""
    found = Mapped(wanted.kind)
    reader = Reader(wanted, known, found)
    (deals if wanted.kind is RecordKind.DEAL else others)(reader, rows)
    if known.is_whole:
        _name_what_is_unused(reader)
    return found


def _name_what_is_unused(reader: Reader) -> None:
    """Name what is listed and stands in no row: a seller without a deal, a product never sold."""
    for name, used in reader.used.items():
        rule = reader.map.fields[name]
        for listed, place in reader.known.listed.get((rule.listed_in, rule.listed_as), {}).items():
            if listed not in used:
                fault = Fault(
                    reader.mapped.kind, place, rule.listed_as, listed, "listed-unused", is_blocking=False
                )
                reader.mapped.faults.append(fault)

"""What a map may say: our fields of each kind of records, and what is wrong with a map. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.field_maps import FieldRule, RecordMap
from models.records import WorkKind
from models.sources import RecordKind


class Reads(StrEnum):
    """How a field's text is read."""

    TEXT = "text"
    DAY = "day"
    MOMENT = "moment"
    AMOUNT = "amount"  # Of money.
    NUMBER = "number"
    YES_NO = "yes-no"
    SELLER = "seller"
    STATE = "state"
    WORK = "work"


@dataclass(frozen=True)
class OurField:
    reads: Reads = Reads.TEXT
    is_required: bool = False


TEXT: Final = OurField()
SELLER: Final = OurField(Reads.SELLER, is_required=True)
THE_DAY: Final = OurField(Reads.DAY, is_required=True)

FIELDS: Final[Mapping[RecordKind, Mapping[str, OurField]]] = {
    RecordKind.DEAL: {
        "seller": SELLER,
        "won_on": THE_DAY,
        "amount": OurField(Reads.AMOUNT, is_required=True),
        "currency": TEXT,
        "state": OurField(Reads.STATE),
        "number": TEXT,
        "customer": TEXT,
        "product": TEXT,
        "share": OurField(Reads.NUMBER),
        "is_new_customer": OurField(Reads.YES_NO),
        "opened_on": OurField(Reads.DAY),
    },
    RecordKind.PAYMENT: {
        "seller": SELLER,
        "due_on": THE_DAY,
        "due": OurField(Reads.AMOUNT, is_required=True),
        "paid": OurField(Reads.AMOUNT),
        "paid_on": OurField(Reads.DAY),
        "currency": TEXT,
        "deal": TEXT,
    },
    RecordKind.VISIT: {
        "seller": SELLER,
        "visited_on": THE_DAY,
        "customer": TEXT,
        "checked_in_at": OurField(Reads.MOMENT),
        "checked_out_at": OurField(Reads.MOMENT),
        "place": TEXT,
        "project": TEXT,
    },
    RecordKind.HOURS: {
        "seller": SELLER,
        "worked_on": THE_DAY,
        "hours": OurField(Reads.NUMBER, is_required=True),
        "project": TEXT,
        "kind": OurField(Reads.WORK),
    },
    RecordKind.RATE: {
        "day": THE_DAY,
        "currency": OurField(is_required=True),
        "rate": OurField(Reads.NUMBER, is_required=True),
    },
}
"""By kind, in the order of a form."""

STATES: Final = ("won", "lost", "open")
"""What a deal's state can mean; only what is won counts."""
MEANINGS: Final[Mapping[Reads, Sequence[str]]] = {
    Reads.STATE: STATES,
    Reads.WORK: tuple(kind.value for kind in WorkKind),
}
"""What the values of such a field are to be translated into."""


@dataclass(frozen=True)
class MapFault:
    """What is wrong with a map: `kind-twice`, `object-missing`, `key-missing`; of a field: `field-unknown`,
    `field-missing`, `field-empty`, `meaning-unknown`, `list-incomplete`.
    """

    kind: RecordKind
    code: str
    field: str = ""
    value: str = ""


def map_faults(maps: Sequence[RecordMap]) -> list[MapFault]:
    """Say what is wrong with the maps of a source, in their order."""
    faults: list[MapFault] = []
    seen: set[RecordKind] = set()
    for one in maps:
        if one.kind in seen:
            faults.append(MapFault(one.kind, "kind-twice"))
        seen.add(one.kind)
        faults += [
            MapFault(one.kind, code) for code in ("object-missing", "key-missing") if not getattr(one, code[:-8])
        ]
        fields = FIELDS[one.kind]
        for name, ours in fields.items():
            if ours.is_required and name not in one.fields:
                faults.append(MapFault(one.kind, "field-missing", name))
        for name, rule in one.fields.items():
            faults += _field_faults(one.kind, name, rule, fields.get(name))
    return faults


def _field_faults(kind: RecordKind, name: str, rule: FieldRule, ours: OurField | None) -> list[MapFault]:
    if ours is None:
        return [MapFault(kind, "field-unknown", name)]
    faults = []
    if not rule.column and not rule.constant:
        faults.append(MapFault(kind, "field-empty", name))
    if bool(rule.listed_in) != bool(rule.listed_as):
        faults.append(MapFault(kind, "list-incomplete", name))
    meanings = MEANINGS.get(ours.reads)
    if meanings:
        given = [*rule.values.values(), *([rule.constant] if not rule.column else [])]
        faults += [MapFault(kind, "meaning-unknown", name, value) for value in given if value not in meanings]
    return faults

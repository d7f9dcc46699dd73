"""A map as a form: what stands in its fields, and the map that was typed, with what is wrong beside each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.i18n import Tongue
from api.map_words import field_said
from api.problems import Refusals
from models.errors import Refusal
from models.field_maps import FieldRule, RecordMap
from models.sources import RecordKind
from rules.map_fields import FIELDS, MEANINGS, MapFault, OurField, Reads, map_faults

SCALES = ("0", "3", "4", "8")
"""Powers of ten that amounts are kept in: one, a thousand, 万, 亿."""
PARTS = ("column", "constant", "values", "dates", "decimal_mark", "scale", "listed_in", "listed_as")
PLACES: Mapping[str, str] = {
    "object-missing": "object",
    "key-missing": "key",
    "meaning-unknown": "values",
    "list-incomplete": "listed_in",
}
"""Beside which field of the form a fault of a map is shown; those not listed, beside the column."""


@dataclass(frozen=True)
class MapField:
    """One of our fields, with where it is found."""

    name: str
    label: str
    is_required: bool
    reads: Reads
    meanings: tuple[str, ...]
    values: Mapping[str, str]
    """By part: what stands in the form."""

    @property
    def is_dated(self) -> bool:
        return self.reads in (Reads.DAY, Reads.MOMENT)

    @property
    def is_amount(self) -> bool:
        return self.reads in (Reads.AMOUNT, Reads.NUMBER)

    @property
    def has_more(self) -> bool:
        """Whether something beyond column and constant is filled in."""
        return any(self.values[part] for part in ("values", "listed_in", "listed_as"))


def map_fields(kind: RecordKind, values: Mapping[str, str], tongue: Tongue) -> tuple[MapField, ...]:
    return tuple(
        MapField(
            name,
            field_said(name, tongue),
            ours.is_required,
            ours.reads,
            tuple(MEANINGS.get(ours.reads, ())),
            {part: values.get(f"{name}:{part}", "") for part in PARTS},
        )
        for name, ours in FIELDS[kind].items()
    )


def values_of(known: RecordMap | None) -> dict[str, str]:
    """Return what stands in the form's fields for a map; for none, what a new one begins with."""
    if known is None:
        empty = ("object", "key", "date_column", "changed_column", "where", "tolerates_faults")
        return {"seller_by": "name", **dict.fromkeys(empty, "")}
    plain = ("object", "key", "date_column", "changed_column", "seller_by")
    values = {name: str(getattr(known, name)) for name in plain}
    values["where"] = "\n".join(
        f"{column} = {one}" for column, wanted in sorted(known.where.items()) for one in wanted
    )
    values["tolerates_faults"] = "yes" if known.tolerates_faults else ""
    for name, rule in known.fields.items():
        said = {part: str(getattr(rule, part)) for part in PARTS if part != "values"}
        said["values"] = "\n".join(f"{theirs} = {ours}" for theirs, ours in sorted(rule.values.items()))
        values |= {f"{name}:{part}": text for part, text in said.items()}
    return values


def map_typed(kind: RecordKind, typed: Mapping[str, str]) -> RecordMap:
    """Return the map that was typed.

    Raises:
        Refusals: `map-wrong` with everything that is wrong, each with its field.
    """
    wrong: list[Refusal] = []
    where: dict[str, tuple[str, ...]] = {}
    for column, value in _pairs(typed.get("where", ""), "where", wrong):
        where[column] = (*where.get(column, ()), value)
    made = RecordMap(
        kind=kind,
        object=typed.get("object", ""),
        key=typed.get("key", ""),
        fields=dict(_rules(kind, typed, wrong)),
        where=where,
        date_column=typed.get("date_column", ""),
        changed_column=typed.get("changed_column", ""),
        seller_by=_one_of(typed.get("seller_by", ""), ("name", "staff_no", "email", "external_id")),
        tolerates_faults=typed.get("tolerates_faults") == "yes",
    )
    wrong += [_refusal(fault) for fault in map_faults([made])]
    if wrong:
        raise Refusals("map-wrong", wrong, count=len(wrong))
    return made


def _rules(kind: RecordKind, typed: Mapping[str, str], wrong: list[Refusal]) -> Iterator[tuple[str, FieldRule]]:
    for name, ours in FIELDS[kind].items():
        said = {part: typed.get(f"{name}:{part}", "") for part in PARTS}
        if not any(said[part] for part in ("column", "constant", "values", "listed_in", "listed_as")):
            continue
        yield name, _rule(name, ours, said, wrong)


def _rule(name: str, ours: OurField, said: Mapping[str, str], wrong: list[Refusal]) -> FieldRule:
    is_number = ours.reads in (Reads.AMOUNT, Reads.NUMBER)
    return FieldRule(
        column=said["column"],
        constant=said["constant"],
        values=dict(_pairs(said["values"], f"{name}:values", wrong)),
        dates=_one_of(said["dates"], ("auto", "ymd", "dmy", "mdy")),
        decimal_mark=_one_of(said["decimal_mark"], (".", ",")) if is_number else ".",
        scale=int(_one_of(said["scale"], SCALES)) if is_number else 0,
        listed_in=said["listed_in"],
        listed_as=said["listed_as"],
    )


def _pairs(text: str, field: str, wrong: list[Refusal]) -> Iterator[tuple[str, str]]:
    """Read lines like `Closed Won = won`; of several equals signs the last one counts."""
    for line in text.splitlines():
        if not line.strip():
            continue
        left, sign, right = line.rpartition("=")
        if sign and left.strip() and right.strip():
            yield left.strip(), right.strip()
        else:
            wrong.append(Refusal("map-line-unreadable", given=line.strip()[:80], field=field))


def _one_of(text: str, choices: tuple[str, ...]) -> Any:
    """Return a choice of a list; what was not on it is the first."""
    return text if text in choices else choices[0]


def _refusal(fault: MapFault) -> Refusal:
    place = PLACES.get(fault.code, "column")
    ours = FIELDS[fault.kind].get(fault.field)
    return Refusal(
        f"map-{fault.code}",
        field=f"{fault.field}:{place}" if fault.field else place,
        given=fault.value,
        known=list(MEANINGS.get(ours.reads, ())) if ours else [],
    )

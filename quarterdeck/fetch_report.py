"""What came of a fetch, in lines for a terminal and rows for a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from api.i18n import Tongue
from api.row_faults import fault_said
from api.source_troubles import trouble_said
from models.sources import Fetch, FetchMode, FetchState, RowFault, Source
from models.stages import Language

ENGLISH = Tongue(Language.ENGLISH)
SHOWN_OF_A_KIND = 3
MOST_OBJECTS = 20
HEADER = ("record", "place", "column", "value", "code", "what to do", "suggestion", "is left out")


def lines_of(fetch: Fetch, source: Source, faults: Sequence[RowFault]) -> Iterator[str]:
    if fetch.state is FetchState.RUNNING:
        yield f"Still under way ({fetch.id}). A worker carries it out, also without anybody waiting for it."
        return
    if fetch.trouble:
        yield f"{'Refused' if fetch.state is FetchState.REFUSED else 'Failed'}: " + trouble_said(
            fetch.trouble, source.kind, ENGLISH
        )
    if fetch.mode is FetchMode.TEST:
        yield from _lines_of_test(fetch)
    else:
        for kind, said in fetch.outcome.items():
            yield from _lines_of_kind(kind, said)
        yield from _lines_of_faults(fetch, faults)


def _lines_of_test(fetch: Fetch) -> Iterator[str]:
    if fetch.state is not FetchState.DONE:
        return
    yield f"It lets us in{' as ' + fetch.outcome['who'] if fetch.outcome.get('who') else ''}."
    objects = fetch.outcome.get("objects", [])
    if objects:
        more = f" and {len(objects) - MOST_OBJECTS} more" if len(objects) > MOST_OBJECTS else ""
        yield f"It has: {', '.join(objects[:MOST_OBJECTS])}{more}"


def _lines_of_kind(kind: str, said: dict[str, Any]) -> Iterator[str]:
    counts = ", ".join(f"{said[name]:,} {name}" for name in ("new", "changed", "gone", "unchanged", "faulty"))
    yield f"{kind}: {said['read']:,} rows read: {counts}"
    if said["left"]:
        yield "  no records: " + ", ".join(f"{count:,} {why}" for why, count in said["left"].items())
    sums = {month: Decimal(total) for month, total in said["sums"].items()}
    for month, total in sums.items():
        yield f"  {month}  {total:>18,.2f}"
    if sums:
        yield f"  total    {sum(sums.values()):>18,.2f}"


def _lines_of_faults(fetch: Fetch, faults: Sequence[RowFault]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for said in fetch.outcome.values():
        for code, count in said["codes"].items():
            counts[code] = counts.get(code, 0) + count
    in_order = sorted(faults, key=lambda fault: (not fault.is_blocking, fault.code))
    for (_, code), group in groupby(in_order, key=lambda fault: (not fault.is_blocking, fault.code)):
        alike = list(group)
        left_out = " Left out." if alike[0].is_blocking else ""
        yield f"{counts.get(code, len(alike)):,} × {code}: {fault_said(alike[0], ENGLISH)}{left_out}"
        for fault in alike[:SHOWN_OF_A_KIND]:
            hint = f" → {fault.suggestion}" if fault.suggestion else ""
            yield f"  {fault.place} {fault.column_name} = {fault.value or '(empty)'}{hint}"


def faults_in_words(faults: Sequence[RowFault]) -> Iterator[Sequence[str]]:
    yield HEADER
    for fault in faults:
        yield (
            fault.kind.value,
            fault.place,
            fault.column_name,
            fault.value,
            fault.code,
            fault_said(fault, ENGLISH),
            fault.suggestion,
            "yes" if fault.is_blocking else "no",
        )

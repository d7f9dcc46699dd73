"""Payments, visits, hours and exchange rates out of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from models.records import WorkKind
from models.sources import RecordKind
from rules.mapped_rows import Cells, Columns, Reader, Row
from rules.rates import converted

ZERO = Decimal(0)
HOURS_OF_A_DAY = Decimal(24)
RATE_PLACES = 10
LONGEST_VISIT = timedelta(days=1)


def payment(cells: Cells) -> Columns | None:
    due_on = cells.day("due_on", is_required=True)
    if due_on and not cells.is_within(due_on):
        return None
    seller_id = cells.seller()
    currency = cells.currency()
    due = cells.amount("due", currency, is_required=True)
    paid = cells.amount("paid", currency) or ZERO
    paid_on = cells.day("paid_on")
    known = cells.reader.known
    if due is not None and paid > due:
        cells.note("paid", "paid-over-due")
    deal_id = known.deals.get(cells.text("deal"), "")
    if cells.rule("deal") and not deal_id:
        cells.note("deal", "deal-unknown")
    if due_on and currency != known.currency:
        rate = known.rates.on(currency, due_on)
        if rate is None:
            cells.mark("currency", "rate-missing", f"{currency} {due_on}")
        elif due is not None:
            due, paid = converted(due, rate), converted(paid, rate)
    return {
        "deal_id": deal_id,
        "seller_id": seller_id,
        "due_on": due_on,
        "due": due,
        "paid": paid,
        "paid_on": paid_on,
    }


def visit(cells: Cells) -> Columns | None:
    visited_on = cells.day("visited_on", is_required=True)
    if visited_on and not cells.is_within(visited_on):
        return None
    begin, end = cells.moment("checked_in_at"), cells.moment("checked_out_at")
    if begin and end and not timedelta(0) <= end - begin <= LONGEST_VISIT:
        cells.note("checked_out_at", "check-out-implausible")
    return {
        "seller_id": cells.seller(),
        "customer": cells.name("customer"),
        "visited_on": visited_on,
        "checked_in_at": begin,
        "checked_out_at": end,
        "place": cells.text("place"),
        "project": cells.name("project"),
    }


def hours(cells: Cells) -> Columns | None:
    worked_on = cells.day("worked_on", is_required=True)
    if worked_on and not cells.is_within(worked_on):
        return None
    worked = cells.number("hours", is_required=True)
    if worked is not None and not ZERO <= worked <= HOURS_OF_A_DAY:
        cells.mark("hours", "hours-implausible")
    kind = cells.text("kind") or WorkKind.SELLING.value
    if kind not in set(WorkKind):
        cells.mark("kind", "meaning-unknown", ", ".join(WorkKind))
        kind = WorkKind.OFFICE.value
    return {
        "seller_id": cells.seller(),
        "worked_on": worked_on,
        "project": cells.name("project"),
        "kind": WorkKind(kind),
        "hours": worked,
    }


def rate(cells: Cells) -> Columns | None:
    value = cells.number("rate", is_required=True, places=RATE_PLACES)
    if value is not None and value <= 0:
        cells.mark("rate", "rate-not-positive")
    currency = cells.text("currency").upper()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        cells.mark("currency", "currency-unknown")
    return {"day": cells.day("day", is_required=True), "currency": currency, "rate": value}


MAKERS: Final[Mapping[RecordKind, Callable[[Cells], Columns | None]]] = {
    RecordKind.PAYMENT: payment,
    RecordKind.VISIT: visit,
    RecordKind.HOURS: hours,
    RecordKind.RATE: rate,
}


def others(reader: Reader, rows: Sequence[Row]) -> None:
    """Write the records of a kind that has one a row."""
    make = MAKERS[reader.map.kind]
    known = reader.known
    for cells in reader.rows(rows):
        made = make(cells)
        if made is not None and cells.is_right:
            made |= {
                "id": f"{known.source_id}.{cells.key}",
                "company_id": known.company_id,
                "source_id": known.source_id,
                "external_id": cells.key,
            }
            reader.mapped.records.append(made)

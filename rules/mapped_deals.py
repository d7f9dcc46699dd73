"""Deals out of rows: won ones alone, in the company's currency, each shared to the cent among its sellers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rules.allocation import share_out
from rules.map_fields import STATES
from rules.mapped_rows import Cells, Columns, Reader, Row
from rules.rates import Rate, converted, is_old
from rules.sellers import Part, parts_in

WON, LOST, OPEN = STATES
HUNDRED = Decimal(100)


@dataclass
class Draft:
    """A won deal, or one seller's row of it, before it is shared."""

    cells: Cells
    number: str
    won_on: date | None
    amount: Decimal
    currency: str
    rate: Rate | None
    customer: str
    product: str
    is_new: bool | None
    sellers: list[str] = field(default_factory=list)
    shares: list[Decimal] = field(default_factory=list)


def deals(reader: Reader, rows: Sequence[Row]) -> None:
    """Write the deals that the rows hold, and what is wrong with them."""
    alike: dict[tuple[tuple[str, str], ...], str] = {}
    whole: list[Draft] = []
    of_several: dict[str, list[Draft]] = defaultdict(list)
    is_split = "share" in reader.map.fields
    for cells in reader.rows(rows):
        _note_alike(cells, alike)
        draft = _draft(cells)
        if draft is None:
            continue
        if is_split:
            of_several[draft.number].append(draft)
        elif cells.is_right:
            whole.append(draft)
    for draft in whole:
        _write(draft)
    for drafts in of_several.values():
        _write_split(drafts)


def _note_alike(cells: Cells, alike: dict[tuple[tuple[str, str], ...], str]) -> None:
    """Name rows that differ in nothing but their key: one of them may be superfluous."""
    key = cells.reader.map.key
    told = tuple(sorted((column, text) for column, text in cells.row.cells.items() if column != key))
    first = alike.setdefault(told, cells.row.place)
    if told and first != cells.row.place:
        cells.mark("", "row-alike", first, is_blocking=False)


def _draft(cells: Cells) -> Draft | None:
    """Return the won deal of a row, as far as it is right; None where it is not won, or outside the period."""
    state = cells.text("state") if cells.rule("state") else WON
    seller = cells.text("seller")
    if "seller" in cells.reader.names and seller:
        seller = cells.name("seller")
    customer, product = cells.name("customer"), cells.name("product")
    if cells.rule("customer") and not customer:
        cells.note("customer", "customer-missing")
    opened_on = cells.day("opened_on")
    if cells.rule("opened_on") and opened_on is None and not cells.text("opened_on"):
        cells.note("opened_on", "opened-missing")
    if state not in STATES:
        cells.mark("state", "state-unknown")
        return None
    if state != WON:
        cells.leave(state)
        if not cells.text("won_on"):
            cells.note("won_on", "open-without-date" if state == OPEN else "lost-without-date")
        return None
    won_on = cells.day("won_on", is_required=True)
    if won_on and not cells.is_within(won_on):
        return None
    if won_on and opened_on and won_on < opened_on:
        cells.note("opened_on", "won-before-opened")
    draft = Draft(
        cells=cells,
        number=cells.text("number") or cells.key,
        won_on=won_on,
        amount=Decimal(0),
        currency=cells.currency(),
        rate=None,
        customer=customer,
        product=product,
        is_new=cells.yes_no("is_new_customer"),
    )
    _price(draft)
    _name_sellers(draft, seller)
    return draft


def _price(draft: Draft) -> None:
    cells = draft.cells
    known = cells.reader.known
    amount = cells.amount("amount", draft.currency, is_required=True)
    draft.amount = amount or Decimal(0)
    if amount == 0:
        cells.note("amount", "amount-nothing")
    if draft.currency == known.currency or draft.won_on is None:
        return
    draft.rate = known.rates.on(draft.currency, draft.won_on)
    if draft.rate is None:
        cells.mark("currency", "rate-missing", f"{draft.currency} {draft.won_on}")
    elif is_old(draft.rate, draft.won_on):
        cells.note("currency", "rate-old", draft.rate.day.isoformat())


def _name_sellers(draft: Draft, text: str) -> None:
    cells = draft.cells
    parts = parts_in(text) if text and not cells.reader.sellers.find(text).value else [Part(text)]
    draft.sellers = [
        cells.person(cells.reader.meanings["seller"].get(part.name.casefold(), part.name)) for part in parts
    ]
    if "share" in cells.reader.map.fields:
        draft.shares = [cells.number("share", is_required=True) or Decimal(0)]
        if len(parts) > 1:
            cells.mark("seller", "sellers-and-share")
        elif draft.shares[0] <= 0:
            cells.mark("share", "share-not-positive")
        return
    given = [part.share for part in parts if part.share is not None]
    if not given:
        draft.shares = [Decimal(1)] * len(parts)
    elif len(given) < len(parts) or sum(given) != HUNDRED or min(given) <= 0:
        cells.mark("seller", "shares-not-100", str(sum(given)))
    else:
        draft.shares = given
    if len(set(draft.sellers)) < len(draft.sellers) and cells.is_right:
        cells.mark("seller", "seller-twice")


def _write_split(drafts: list[Draft]) -> None:
    """Write the rows of a deal that has one for each seller: all of it, or none."""
    first = drafts[0]
    total = sum((draft.shares[0] for draft in drafts), Decimal(0))
    for draft in drafts:
        cells = draft.cells
        if total != HUNDRED:
            cells.mark("share", "shares-not-100", str(total))
        if (draft.amount, draft.currency, draft.won_on) != (first.amount, first.currency, first.won_on):
            cells.mark("amount", "parts-differ", first.cells.row.place)
    if len({draft.sellers[0] for draft in drafts}) < len(drafts):
        drafts[-1].cells.mark("seller", "seller-twice")
    if not all(draft.cells.is_right for draft in drafts):
        for draft in drafts:
            if draft.cells.is_right:
                draft.cells.mark("seller", "part-of-faulty-deal")
        return
    first.sellers = [draft.sellers[0] for draft in drafts]
    first.shares = [draft.shares[0] for draft in drafts]
    _write(first, [draft.cells.key for draft in drafts])


def _write(draft: Draft, keys: Sequence[str] = ()) -> None:
    """Write a deal's parts; they add up to the whole to the cent, in both currencies (Rule 34)."""
    known = draft.cells.reader.known
    whole = converted(draft.amount, draft.rate) if draft.rate else draft.amount
    is_shared = len(draft.sellers) > 1
    amounts = share_out(whole, draft.shares)
    originals: Sequence[Decimal | None] = (
        share_out(draft.amount, draft.shares) if draft.rate else [None] * len(draft.sellers)
    )
    shares = share_out(HUNDRED, draft.shares)
    largest = draft.shares.index(max(draft.shares))
    for index, seller_id in enumerate(draft.sellers):
        key = keys[index] if keys else draft.cells.key
        record: Columns = {
            "id": f"{known.source_id}.{key}" + (f".{seller_id}" if is_shared and not keys else ""),
            "company_id": known.company_id,
            "number": draft.number,
            "seller_id": seller_id,
            "customer": draft.customer,
            "product": draft.product,
            "amount": amounts[index],
            "currency": draft.currency,
            "original_amount": originals[index],
            "rate_on": draft.rate.day if draft.rate else None,
            "share": shares[index],
            "whole_amount": whole if is_shared else None,
            "won_on": draft.won_on,
            # A deal brings its customer once, whoever shares it.
            "is_new_customer": draft.is_new if index == largest else False,
            "source": "crm",
            "source_id": known.source_id,
            "external_id": key,
        }
        draft.cells.reader.mapped.records.append(record)

"""A month in which a team of the demo company loses most of its business, for figures that stand out."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from models.figures import last_day
from quarterdeck.demo.crm import Crm
from quarterdeck.demo.rows import Row

LEFT = Decimal("0.2")
"""What is left of a seller's month: one deal of this part of it, at most."""


def lose_most(crm: Crm, sellers: set[str], month: date) -> None:
    """Leave each of the sellers one small deal of the month, and no visit."""
    days = (month, last_day(month))
    of_seller: dict[str, list[Row]] = defaultdict(list)
    for deal in crm.deals:
        if deal["seller_id"] in sellers and days[0] <= deal["won_on"] <= days[1]:
            of_seller[deal["seller_id"]].append(deal)
    lost: set[str] = set()
    payments = {payment["deal_id"]: payment for payment in crm.payments}
    for deals in of_seller.values():
        deals.sort(key=lambda deal: (deal["amount"], deal["id"]))
        kept, *others = deals
        lost |= {deal["id"] for deal in others}
        most = max(Decimal(500), (LEFT * sum(deal["amount"] for deal in deals)).quantize(Decimal(10)))
        kept["amount"] = min(kept["amount"], most)
        payment = payments[kept["id"]]
        payment["due"], payment["paid"] = kept["amount"], min(payment["paid"], kept["amount"])
    crm.deals[:] = [deal for deal in crm.deals if deal["id"] not in lost]
    crm.payments[:] = [payment for payment in crm.payments if payment["deal_id"] not in lost]
    crm.visits[:] = [
        visit
        for visit in crm.visits
        if visit["seller_id"] not in sellers or not days[0] <= visit["visited_on"] <= days[1]
    ]

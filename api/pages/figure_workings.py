"""How a figure was worked out, in words with its numbers (Rule 30)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from api.i18n import Tongue
from models.behind import Made, Part, Sums
from models.metrics import Aggregation, Metric, MetricUnit

MOST_TERMS = 6
"""Longer sums are told by how many terms they have; the parts stand beside them."""

MONEY, COUNT, PERCENT = MetricUnit.MONEY, MetricUnit.COUNT, MetricUnit.PERCENT


def from_parts(metric: Metric, made: Made, parts: Sequence[Part], value: Decimal, tongue: Tongue) -> str:
    """Say how months, or the figures of several people, make one figure."""
    if made.count == 1:
        return ""
    single = all(part.count == 1 for part in parts) and len(parts) <= MOST_TERMS
    terms = " + ".join(tongue.full(part.total, metric.unit) for part in parts)
    facts = {
        "terms": terms,
        "count": tongue.exact(made.count),
        "total": tongue.full(made.total, metric.unit),
        "value": tongue.full(value, metric.unit),
    }
    if metric.aggregation is Aggregation.SUM:
        if len(parts) <= MOST_TERMS:
            return tongue.gettext("Added up: %(terms)s = %(value)s", **facts)
        return tongue.gettext("%(count)s figures added up = %(value)s", **facts)
    if single:
        return tongue.gettext("The mean: (%(terms)s) ÷ %(count)s = %(value)s", **facts)
    return tongue.gettext(
        "The mean of %(count)s figures: they add up to %(total)s; ÷ %(count)s = %(value)s", **facts
    )


def from_records(metric: Metric, sums: Sums, value: Decimal, tongue: Tongue) -> str:
    """Say how records make the figure of one person and month; nothing for a metric that they do not make."""
    facts = {
        "deals": tongue.exact(sums.deals),
        "newly": tongue.exact(sums.newly),
        "again": tongue.exact(sums.deals - sums.newly),
        "amount": tongue.full(sums.amount, MONEY),
        "payments": tongue.exact(sums.payments),
        "due": tongue.full(sums.due, MONEY),
        "paid": tongue.full(sums.paid, MONEY),
        "value": tongue.full(value, metric.unit),
    }
    match metric.code:
        case "sales":
            return tongue.gettext("The amounts of %(deals)s deals added up = %(value)s", **facts)
        case "collection" if not sums.due:
            return tongue.gettext("Nothing fell due in this month, so nothing is owing: %(value)s", **facts)
        case "collection":
            return tongue.gettext("What came in ÷ what fell due: %(paid)s ÷ %(due)s × 100 = %(value)s", **facts)
        case "new_customers":
            return tongue.gettext("%(newly)s of %(deals)s deals were the customer's first = %(value)s", **facts)
        case "average_deal" if not sums.deals:
            return tongue.gettext("No deal was won in this month: %(value)s", **facts)
        case "average_deal":
            return tongue.gettext("Sales ÷ deals: %(amount)s ÷ %(deals)s = %(value)s", **facts)
        case "repurchase" if not sums.deals:
            return tongue.gettext("No deal was won in this month: %(value)s", **facts)
        case "repurchase":
            return tongue.gettext(
                "Deals with customers who had bought before ÷ all: %(again)s ÷ %(deals)s × 100 = %(value)s",
                **facts,
            )
    return ""


def records_say(metric: Metric, made: Made, sums: Sums, tongue: Tongue) -> str:
    """Say whether what the records add up to is the figure, for metrics that add up records; else nothing.

    `sums` are those of the figures that nobody typed.
    """
    if metric.code not in ("sales", "new_customers"):
        return ""
    unit = metric.unit
    fetched = made.total - made.typed_total
    counted = sums.amount if metric.code == "sales" else Decimal(sums.newly)
    facts = {
        "records": tongue.full(counted, unit),
        "fetched": tongue.full(fetched, unit),
        "typed": tongue.full(made.typed_total, unit),
        "value": tongue.full(made.total, unit),
        "off": tongue.full(counted - fetched, unit),
    }
    if counted != fetched:
        return tongue.gettext(
            "The records now add up to %(records)s, %(off)s away from the figure: they changed after it was taken"
            " over. The next fetch brings it up to date.",
            **facts,
        )
    if made.typed:
        return tongue.gettext(
            "The records add up to %(records)s; people handed in %(typed)s beside them. Together: %(value)s",
            **facts,
        )
    return tongue.gettext("The records add up to %(records)s: exactly the figure.", **facts)

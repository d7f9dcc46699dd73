"""What the demo company's CRM holds: deals won, payments due and received, visits to customers.

Sales have seasons and grow; few people sell much and many a little; newcomers need nine months
to find their feet. Every seller wins at least one deal a month, so that no month is without a
mean deal, unless a fault is planted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from models.months import month_after
from quarterdeck.demo.market import Customers, product_for
from quarterdeck.demo.rows import Row
from quarterdeck.demo.staff import Seller

SEASON = (0.80, 0.62, 1.12, 0.95, 0.97, 1.15, 0.90, 0.90, 1.10, 0.95, 1.10, 1.44)
"""January to December; the Spring Festival makes February short."""
MONTHLY_GROWTH = 1.005
RAMP_MONTHS = 9
RAMP_START = 0.35
LARGE_ENOUGH_TO_SPLIT = 42_000
"""Monthly sales at which a second deal is as likely as not."""
MOST_DEALS = 6
VISITED_MONTHS = 0.75
SHARE_OF_NEW = {"P4": 0.45, "P5": 0.35, "P6": 0.25, "P7": 0.18, "M1": 0.14, "M2": 0.12}
"""How many of a seller's deals are with new customers, by grade."""


@dataclass(frozen=True)
class Market:
    """What turns a seller's ability into expected sales of a month, in yuan."""

    scale: float
    at: date
    """The month in which growth counts as 1."""

    def expected(self, seller: Seller, month: date) -> float:
        """Return the sales to expect of a seller in a month; none before the month they joined in is over."""
        joined_on = seller.person.joined_on
        served = months_from(joined_on, month) if joined_on else RAMP_MONTHS
        if served < 1:
            return 0.0
        ramp = min(1.0, RAMP_START + (1 - RAMP_START) * served / RAMP_MONTHS)
        growth = MONTHLY_GROWTH ** months_from(self.at, month)
        return self.scale * seller.ability * ramp * SEASON[month.month - 1] * growth


def months_from(first: date, month: date) -> int:
    return (month.year - first.year) * 12 + month.month - first.month


def likelihood_of_another_deal(sales: float) -> float:
    return sales / (sales + LARGE_ENOUGH_TO_SPLIT)


@dataclass
class Crm:
    """Writes what the CRM saw, month by month."""

    random: Random
    company_id: str
    market: Market
    customers: Customers
    deals: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)

    def live_through(self, seller: Seller, months: list[date]) -> None:
        """Write a seller's months; who was here before them has customers already."""
        known = [self.customers.draw(seller.place) for _ in range(self._served(seller, months[0]) // 4)]
        for month in months:
            expected = self.market.expected(seller, month)
            if expected:
                sales = expected * self.random.lognormvariate(-0.03, 0.25)
                for amount in self._amounts(sales):
                    self._win(seller, month, amount, known)
                self._visit(seller, month, known)

    def _amounts(self, sales: float) -> Iterator[int]:
        """Split a month's sales into deals of whole tens of yuan."""
        count = 1
        while count < MOST_DEALS and self.random.random() < likelihood_of_another_deal(sales):
            count += 1
        weights = [0.3 + self.random.random() for _ in range(count)]
        for weight in weights:
            yield max(50, round(sales * weight / sum(weights) / 10)) * 10

    def _win(self, seller: Seller, month: date, amount: int, known: list[str]) -> None:
        is_new = not known or self.random.random() < SHARE_OF_NEW[seller.person.grade]
        if is_new:
            known.append(self.customers.draw(seller.place))
        # Regular customers are those of the last years rather than the first.
        customer = known[-1] if is_new else known[-1 - int(len(known) * self.random.random() ** 1.5)]
        number = len(self.deals) + 1
        deal_id = f"{self.company_id}-deal-{number:06}"
        won_on = self._working_day(month)
        self.deals.append(
            {
                "id": deal_id,
                "company_id": self.company_id,
                "number": f"HT{won_on:%Y%m}-{number:06}",
                "seller_id": seller.person.id,
                "customer": customer,
                "product": product_for(self.random, amount),
                "amount": Decimal(amount),
                "currency": "CNY",
                "won_on": won_on,
                "is_new_customer": is_new,
                "source": "crm",
            }
        )
        self._fall_due(seller, deal_id, won_on, amount)

    def _fall_due(self, seller: Seller, deal_id: str, won_on: date, amount: int) -> None:
        """Let the deal's money fall due in the next month; most of it comes in."""
        due_on = month_after(won_on, 1).replace(day=won_on.day)
        luck = self.random.random()
        share = 1.0 if luck < 0.80 else 0.0 if luck > 0.97 else self.random.uniform(0.4, 0.95)
        paid = round(amount * share, -1)
        self.payments.append(
            {
                "id": f"{self.company_id}-pay-{len(self.payments) + 1:06}",
                "company_id": self.company_id,
                "deal_id": deal_id,
                "seller_id": seller.person.id,
                "due_on": due_on,
                "due": Decimal(amount),
                "paid": Decimal(int(paid)),
                "paid_on": due_on - timedelta(days=self.random.randrange(0, 3)) if paid else None,
            }
        )

    @staticmethod
    def _served(seller: Seller, month: date) -> int:
        """Return how many months the seller had been there by then, at most three years."""
        joined_on = seller.person.joined_on
        return min(36, max(0, months_from(joined_on, month))) if joined_on else 0

    def _visit(self, seller: Seller, month: date, known: list[str]) -> None:
        """Visit a customer, most months."""
        if self.random.random() < VISITED_MONTHS:
            self.visits.append(
                {
                    "id": f"{self.company_id}-visit-{len(self.visits) + 1:06}",
                    "company_id": self.company_id,
                    "seller_id": seller.person.id,
                    "customer": self.random.choice(known),
                    "visited_on": self._working_day(month),
                }
            )

    def _working_day(self, month: date) -> date:
        """Return a weekday from the first to the 28th of the month."""
        day = month.replace(day=self.random.randrange(3, 29))
        return day - timedelta(days=max(0, day.weekday() - 4))

"""What the demo company measures, how it weighs, and a quarter's targets from 1亿 down to the person."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from models.metrics import (
    Aggregation,
    FigureLevel,
    Metric,
    MetricCategory,
    MetricKind,
    MetricUnit,
    Scorecard,
    ScorecardLine,
)
from models.org import Unit
from models.stages import UnitKind
from quarterdeck.demo.crm import SHARE_OF_NEW, likelihood_of_another_deal
from quarterdeck.demo.rows import Row
from quarterdeck.demo.shares import shared_out
from quarterdeck.demo.staff import DIRECTOR, LEAD, REPRESENTATIVE, Seller, Staff

GOAL = 100_000_000
"""The quarter's sales: 1亿."""
STEPS = {UnitKind.COMPANY: 100_000, UnitKind.DIVISION: 10_000, UnitKind.DEPARTMENT: 1_000, UnitKind.TEAM: 100}
"""To what a unit rounds the goals of those below it; each divides the one above, so nothing is left over."""
LEVELLING = 0.85
"""Targets are less unequal than results: the fast ox is not whipped hardest (Rule 18)."""
NEW_CUSTOMER_STRETCH = 1.05

WEIGHTS: dict[tuple[str, str], tuple[int, ...]] = {
    (REPRESENTATIVE, "P4"): (30, 15, 30, 5, 10, 10),
    (REPRESENTATIVE, "P5"): (35, 15, 25, 5, 10, 10),
    (REPRESENTATIVE, "P6"): (40, 20, 15, 10, 10, 5),
    (REPRESENTATIVE, "P7"): (40, 20, 5, 20, 10, 5),
    (LEAD, "M1"): (40, 20, 10, 10, 10, 10),
    (LEAD, "M2"): (45, 20, 5, 10, 10, 10),
    (DIRECTOR, "M3"): (50, 20, 5, 5, 10, 10),
}
"""By post and grade, in the order of the metrics: juniors win customers, seniors large orders (Rule 39)."""


@dataclass(frozen=True)
class Measure:
    code: str
    name: str
    name_en: str
    unit: MetricUnit
    aggregation: Aggregation
    initiative: str
    level: FigureLevel = FigureLevel.PERSON


MEASURES = (
    Measure("sales", "销售额", "Sales", MetricUnit.MONEY, Aggregation.SUM, "深耕重点客户，推进大单签约"),
    Measure(
        "collection",
        "回款率",
        "Collection rate",
        MetricUnit.PERCENT,
        Aggregation.MEAN,
        "到期前一周对账，逾期专人跟进",
    ),
    Measure(
        "new_customers", "新客户数", "New customers", MetricUnit.COUNT, Aggregation.SUM, "每周拜访三家目标新客户"
    ),
    Measure(
        "average_deal", "客单价", "Average deal", MetricUnit.MONEY, Aggregation.MEAN, "以整体方案带动单品销售"
    ),
    Measure(
        "repurchase",
        "客户复购率",
        "Repurchase rate",
        MetricUnit.PERCENT,
        Aggregation.MEAN,
        "老客户季度回访与耗材续约",
    ),
    Measure(
        "satisfaction",
        "客户满意度",
        "Customer satisfaction",
        MetricUnit.POINTS,
        Aggregation.MEAN,
        "交付后三天内回访",
        FigureLevel.TEAM,
    ),
)

KINDS = {"new_customers": MetricKind.THRESHOLD}
CATEGORIES = dict.fromkeys(("new_customers", "repurchase", "satisfaction"), MetricCategory.CUSTOMER)

COLLECTION_GOAL = Decimal(92)
SATISFACTION_GOAL = Decimal(90)
TENTH, HUNDRED = Decimal("0.1"), Decimal(100)


def metrics_of(company_id: str) -> list[Metric]:
    """Return the metrics; all but satisfaction, which people hand in, come from the CRM."""
    return [
        Metric(
            id=metric_id(company_id, measure.code),
            company_id=company_id,
            code=measure.code,
            name=measure.name,
            name_en=measure.name_en,
            unit=measure.unit,
            aggregation=measure.aggregation,
            level=measure.level,
            from_crm=measure.level is FigureLevel.PERSON,
            kind=KINDS.get(measure.code, MetricKind.LEVEL),
            category=CATEGORIES.get(measure.code, MetricCategory.SALES),
            position=position,
        )
        for position, measure in enumerate(MEASURES, 1)
    ]


def metric_id(company_id: str, code: str) -> str:
    return f"{company_id}-{code}"


def scorecards_of(company_id: str) -> tuple[list[Scorecard], list[ScorecardLine]]:
    cards, lines = [], []
    for (post, grade), weights in WEIGHTS.items():
        card = Scorecard(
            id=f"{company_id}-card-{grade.lower()}",
            company_id=company_id,
            name=f"{post} {grade}",
            post=post,
            grade=grade,
        )
        cards.append(card)
        lines += [
            ScorecardLine(
                scorecard_id=card.id, metric_id=metric_id(company_id, measure.code), weight=Decimal(weight)
            )
            for measure, weight in zip(MEASURES, weights, strict=True)
        ]
    return cards, lines


@dataclass
class Cascade:
    """Targets of a quarter: shared out from the company down (sales, new customers), or set by grade.

    A level (a rate, a mean, points) is not shared out: a unit's is the mean of those below it.
    """

    staff: Staff
    cycle_id: str
    expected: Mapping[str, float]
    """Sales to expect of each person in the quarter."""
    rows: list[Row] = field(default_factory=list)
    units_below: dict[str, list[Unit]] = field(default_factory=lambda: defaultdict(list))
    sellers_in: dict[str, list[Seller]] = field(default_factory=lambda: defaultdict(list))

    def make(self) -> list[Row]:
        """Return the rows of all targets."""
        for unit in self.staff.units:
            self.units_below[unit.parent_id or ""].append(unit)
        for seller in self.staff.sellers:
            self.sellers_in[seller.person.unit_id].append(seller)
        (company,) = self.units_below[""]
        self._share("sales", company, GOAL, {s: self.expected[s] ** LEVELLING for s in self.expected}, least=0)
        newly = {seller.person.id: SHARE_OF_NEW[seller.person.grade] for seller in self.staff.sellers}
        customers = round(NEW_CUSTOMER_STRETCH * sum(self._deals(s) * newly[s.person.id] for s in self._all()))
        self._share("new_customers", company, customers, newly, least=1)
        levels = {
            "collection": {
                s.person.id: COLLECTION_GOAL + (s.person.grade in ("P7", "M1", "M2")) for s in self._all()
            },
            "average_deal": {s.person.id: self._mean_deal(s) for s in self._all()},
            "repurchase": {p: HUNDRED - 5 - Decimal(round(100 * share)) for p, share in newly.items()},
            "satisfaction": {s.person.id: SATISFACTION_GOAL for s in self._all()},
        }
        for code, values in levels.items():
            self._level(code, company, values)
        return self.rows

    def _all(self) -> list[Seller]:
        return self.staff.sellers

    def _people(self, unit: Unit) -> list[str]:
        """Return everybody with targets in the unit and below."""
        below = [person for child in self.units_below[unit.id] for person in self._people(child)]
        return [seller.person.id for seller in self.sellers_in[unit.id]] + below

    def _share(self, code: str, unit: Unit, whole: int, weights: Mapping[str, float], least: int) -> None:
        """Give the unit its goal, and share it out among those below; each person gets `least` at least."""
        self._target(code, unit, "", Decimal(whole))
        units, sellers = self.units_below[unit.id], self.sellers_in[unit.id]
        groups = [self._people(child) for child in units] or [[seller.person.id] for seller in sellers]
        step = 1 if least else STEPS[unit.kind]
        shares = shared_out(
            whole,
            [sum(weights[person] for person in group) for group in groups],
            step=step,
            least=[least * len(group) for group in groups],
        )
        for child, share in zip(units, shares, strict=False):
            self._share(code, child, share, weights, least)
        if not units:
            for seller, share in zip(sellers, shares, strict=True):
                self._target(code, unit, seller.person.id, Decimal(share))

    def _level(self, code: str, unit: Unit, values: Mapping[str, Decimal]) -> None:
        people = self._people(unit)
        mean = sum((values[person] for person in people), Decimal()) / len(people)
        self._target(code, unit, "", mean.quantize(TENTH, ROUND_HALF_UP))
        for child in self.units_below[unit.id]:
            self._level(code, child, values)
        for seller in self.sellers_in[unit.id]:
            self._target(code, unit, seller.person.id, values[seller.person.id])

    def _deals(self, seller: Seller) -> float:
        """Return how many deals to expect of a seller in the quarter."""
        monthly = self.expected[seller.person.id] / 3
        return 3 / (1 - likelihood_of_another_deal(monthly))

    def _mean_deal(self, seller: Seller) -> Decimal:
        """Return the mean deal to aim at, in whole hundreds.

        With a further deal as likely as `another`, a month's sales divided by its deals come to
        this share of its sales on average.
        """
        monthly = self.expected[seller.person.id] / 3
        another = likelihood_of_another_deal(monthly)
        share = (1 - another) / another * -math.log(1 - another)
        return max(HUNDRED, Decimal(round(monthly * share, -2)).quantize(1))

    def _target(self, code: str, unit: Unit, person_id: str, value: Decimal) -> None:
        in_department = {UnitKind.DEPARTMENT: unit.id, UnitKind.TEAM: unit.parent_id}
        self.rows.append(
            {
                "id": f"{self.cycle_id}-{person_id or unit.id}-{code}",
                "cycle_id": self.cycle_id,
                "unit_id": unit.id,
                "person_id": person_id,
                "department_id": in_department.get(unit.kind) or "",
                "metric_id": metric_id(self.staff.company_id, code),
                "value": value,
                "full_value": value,
                "applies": True,
                "initiative": INITIATIVES[code],
                "confirmed_at": None,
            }
        )


INITIATIVES = {measure.code: measure.initiative for measure in MEASURES}

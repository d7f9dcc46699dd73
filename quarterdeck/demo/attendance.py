"""Check-ins of the demo company's visits, and the hours of its sellers: a sheet a week and kind of work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from models.records import WorkKind
from quarterdeck.demo.rows import Row
from quarterdeck.demo.staff import Seller

CHECKED_IN = 0.88
"""How many visits have a check-in."""
WEEK = 40
PROJECTS = ("老客户续约", "新客户开拓", "招投标支持", "渠道合作")


def check_in(visits: Sequence[Row], places: dict[str, str], random: Random) -> None:
    """Give most visits a check-in at the seller's place, for an hour or two of the working day."""
    for visit in visits:
        begun = datetime.combine(visit["visited_on"], time(1), UTC) + timedelta(minutes=random.randrange(0, 420))
        is_there = random.random() < CHECKED_IN
        visit["checked_in_at"] = begun if is_there else None
        visit["checked_out_at"] = begun + timedelta(minutes=random.randrange(35, 130)) if is_there else None
        visit["place"] = places.get(visit["seller_id"], "") if is_there else ""
        visit["project"] = random.choice(PROJECTS)


def hours_of(company_id: str, sellers: Iterable[Seller], first: date, last: date, random: Random) -> Iterator[Row]:
    """Write each seller's hours, week by week, on its Friday: near the goal, each seller in their own way."""
    for seller in sellers:
        usual = random.gauss(0.70, 0.07)
        joined_on = seller.person.joined_on
        friday = first + timedelta(days=(4 - first.weekday()) % 7)
        while friday <= last:
            if not joined_on or joined_on <= friday:
                yield from _week(company_id, seller.person.id, friday, usual, random)
            friday += timedelta(days=7)


def _week(company_id: str, person_id: str, friday: date, usual: float, random: Random) -> Iterator[Row]:
    selling = round(WEEK * min(0.9, max(0.35, random.gauss(usual, 0.05))) * 2) / 2
    travel = round(random.uniform(0.25, 0.45) * (WEEK - selling) * 2) / 2
    internal = round(random.uniform(0.2, 0.4) * (WEEK - selling) * 2) / 2
    spent = {
        WorkKind.SELLING: selling,
        WorkKind.TRAVEL: travel,
        WorkKind.INTERNAL: internal,
        WorkKind.OFFICE: WEEK - selling - travel - internal,
    }
    project = random.choice(PROJECTS)
    for kind, hours in spent.items():
        if hours > 0:
            yield {
                "id": f"{person_id}-hours-{friday:%Y%m%d}-{kind.value}",
                "company_id": company_id,
                "seller_id": person_id,
                "worked_on": friday,
                "project": project if kind in (WorkKind.SELLING, WorkKind.TRAVEL) else "",
                "kind": kind,
                "hours": Decimal(str(hours)),
            }

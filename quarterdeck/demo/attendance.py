"""Check-ins of the demo company's visits, and the hours of its sellers: a sheet a week and kind of work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from models.records import WorkKind
from quarterdeck.demo.rows import Row
from quarterdeck.demo.staff import Seller
from rules.calendar import WorkCalendar

CHECKED_IN = 0.88
"""How many visits have a check-in."""
DAY = 8
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
    """Write each seller's hours, week by week: near the goal, each seller in their own way; none on days off."""
    weeks = list(_weeks(first, last))
    for seller in sellers:
        usual = random.gauss(0.70, 0.07)
        joined_on = seller.person.joined_on
        for days in weeks:
            if not joined_on or joined_on <= days[0]:
                yield from _week(company_id, seller.person.id, days, usual, random)


def _weeks(first: date, last: date) -> Iterator[list[date]]:
    """Give the worked days of each week, Monday to Friday."""
    calendar = WorkCalendar()
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        days = [monday + timedelta(days=n) for n in range(5)]
        if worked := [day for day in days if first <= day <= last and calendar.is_working(day)]:
            yield worked
        monday += timedelta(days=7)


def _week(company_id: str, person_id: str, days: list[date], usual: float, random: Random) -> Iterator[Row]:
    whole, on = DAY * len(days), days[-1]
    selling = round(whole * min(0.9, max(0.35, random.gauss(usual, 0.05))) * 2) / 2
    travel = round(random.uniform(0.25, 0.45) * (whole - selling) * 2) / 2
    internal = round(random.uniform(0.2, 0.4) * (whole - selling) * 2) / 2
    spent = {
        WorkKind.SELLING: selling,
        WorkKind.TRAVEL: travel,
        WorkKind.INTERNAL: internal,
        WorkKind.OFFICE: whole - selling - travel - internal,
    }
    project = random.choice(PROJECTS)
    for kind, hours in spent.items():
        if hours > 0:
            yield {
                "id": f"{person_id}-hours-{on:%Y%m%d}-{kind.value}",
                "company_id": company_id,
                "seller_id": person_id,
                "worked_on": on,
                "project": project if kind in (WorkKind.SELLING, WorkKind.TRAVEL) else "",
                "kind": kind,
                "hours": Decimal(str(hours)),
            }

"""Pages that need something made first: a figure, a message, a file that was sent; and what strangers see."""

from __future__ import annotations

from datetime import date

from models.stages import DeliveryState
from tests.api.pages.place import Place
from tests.api.pages.standings import anomaly_of
from tests.api.pages.test_imports import UNITS, send
from tests.api.pages.test_messages import sent


async def pages_made_for_hr(place: Place) -> list[str]:
    """A figure and its correction, a failed message, a file without and one with faults, empty forms."""
    person = place.company.departments[0].people_ids[1]
    figure = f"/figures/person/{person}/{place.company.metric_ids['sales']}"
    cycle = f"?cycle={place.company.cycle_id}"
    message = await sent(place, state=DeliveryState.FAILED, error="refused (550)")
    browser = await place.signed_in("hr", "zh")
    good = await send(browser, "units", UNITS)
    faulty = await send(browser, "units", UNITS.replace(",大区,", ",小区,"))
    await place.add(anomaly_of(place))
    forms = ["/metrics/new", "/scorecards/new", f"/people/{person}/transfer"]
    return [
        f"{figure}{cycle}",
        f"{figure}/{date(2055, 1, 1):%Y-%m}/correct{cycle}",
        f"/messages/{message.id}",
        f"/misses/unit/d0001/{place.company.metric_ids['sales']}{cycle}",
        "/imports",
        "/imports?kind=targets",
        "/imports?kind=history",
        "/imports/parallel-run",
        "/imports/parallel-run?left=history",
        good.url.path,
        f"{good.url.path}/report",
        f"{faulty.url.path}/report",
        faulty.url.path,
        *forms,
        f"/cycles/{place.company.cycle_id}/anomalies",
        "/anomalies/anomaly-1",
        f"/cycles/{place.company.cycle_id}/completeness",
        f"/attendance/unit/{place.company.departments[0].id}",
        f"/attendance/person/{person}",
    ]


PAGES_OF_STRANGERS = ["/sign-in", "/t/a-token", "/t/no-such-token", "/welcome/nonsense", "/nothing"]
"""A link's first page asks for four digits; the others say what is wrong."""

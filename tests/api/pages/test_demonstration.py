from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.clock import ClockOffset
from models.errors import Refusal
from models.settings import Settings
from tests.api.pages.place import Place


class StandInConductor:
    def __init__(self) -> None:
        self.asked: list[timedelta | None] = []
        self.refusal: Refusal | None = None

    async def advance(self, by: timedelta) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append(by)

    async def to_next_deadline(self) -> None:
        self.asked.append(None)


@pytest.fixture
def conductor(place: Place, settings: Settings) -> StandInConductor:
    settings.demo = True
    conductor = StandInConductor()
    place.app.state.parts = replace(place.app.state.parts, conductor=conductor)
    return conductor


async def test_time_moves_on_by_a_day_or_to_the_next_deadline(place: Place, conductor: StandInConductor) -> None:
    browser = await place.director()
    await browser.open("/notices")
    answer = await browser.send("/demo/advance", to="next-day", back="/notices")
    assert answer.url.path == "/notices"
    await browser.send("/demo/advance", to="next-deadline", back="/notices")
    assert conductor.asked == [timedelta(days=1), None]


async def test_business_time_is_shown_on_every_page(place: Place, conductor: StandInConductor) -> None:
    ahead = timedelta(days=400)
    await place.add(ClockOffset(microseconds=ahead // timedelta(microseconds=1)))
    browser = place.browser("zh")
    await browser.open("/sign-in")
    assert f"{(datetime.now(UTC) + ahead).year}年" in browser.page
    assert "推进一天" not in browser.page  # Only for those who are signed in.
    browser = await place.director("zh")
    await browser.open("/tasks")
    assert "推进一天" in browser.page


async def test_while_time_moves_nobody_can_move_it_again(place: Place, conductor: StandInConductor) -> None:
    await place.add(ClockOffset(advancing_until=datetime.now(UTC) + timedelta(minutes=1)))
    browser = await place.director("zh")
    await browser.open("/tasks")
    assert "时间推进中" in browser.page
    assert "推进一天" not in browser.page
    conductor.refusal = Refusal("time-moving")
    answer = await browser.send("/demo/advance", to="next-day")
    assert answer.status_code == 409
    assert "时间正在推进中" in answer.text


async def test_time_stands_outside_a_demonstration(
    place: Place, conductor: StandInConductor, settings: Settings
) -> None:
    settings.demo = False
    browser = await place.director()
    await browser.open("/tasks")
    assert "Next day" not in browser.page
    assert (await browser.send("/demo/advance", to="next-day")).status_code == 404
    assert conductor.asked == []

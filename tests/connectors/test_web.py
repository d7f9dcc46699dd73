"""HTTPS to sources: to the checked address under the asked name, not redirected, within limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.source import LONGEST_WAIT_SECONDS, SourceTrouble, Trouble
from connectors.web import Answer, Web
from tests.standins.https import Asked, Reply, StandInApi


class Echo(StandInApi):
    hosts = ("one.example.com", "two.example.com")

    def answer(self, asked: Asked) -> Reply:
        return Reply(body={"host": asked.host, "body": asked.body.decode()})


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    with Echo(tmp_path) as server:
        yield server


@asynccontextmanager
async def web(echo: Echo, **changes: Any) -> AsyncIterator[Web]:
    made = Web(echo.guard(**changes), most_bytes=10_000)
    try:
        yield made
    finally:
        await made.close()


async def test_the_name_stays_though_the_address_is_gone_to(echo: Echo) -> None:
    async with web(echo) as asking:
        for host in echo.hosts:
            answer = await asking.ask("POST", f"https://{host}/x", content="{}")
            assert answer.content == b'{"host": "%s", "body": "{}"}' % host.encode()


async def test_an_address_that_does_not_answer_is_passed_over(echo: Echo) -> None:
    def resolve(host: str, port: int) -> list[tuple[str, int]]:
        return [("127.0.0.1", 1), ("127.0.0.1", echo.port)]

    async with web(echo, resolve=resolve) as asking:
        assert (await asking.ask("GET", "https://one.example.com/")).status == 200


@pytest.mark.parametrize(
    ("url", "expected", "why"),
    [
        ("http://one.example.com/", Trouble.FORBIDDEN_HOST, "not-encrypted"),
        ("https://three.example.com/", Trouble.FORBIDDEN_HOST, "not-listed"),
        ("https://one.example.com@three.example.com/", Trouble.FORBIDDEN_HOST, "not-listed"),
        ("https://127.0.0.1/", Trouble.FORBIDDEN_HOST, "not-listed"),
        ("https://[::1/", Trouble.WRONG_SETTINGS, "name-unknown"),
    ],
)
async def test_no_way_of_writing_leads_elsewhere(echo: Echo, url: str, expected: Trouble, why: str) -> None:
    async with web(echo) as asking:
        with pytest.raises(SourceTrouble) as refused:
            await asking.ask("GET", url)
    assert (refused.value.trouble, refused.value.facts["why"]) == (expected, why)
    assert echo.asked == []


async def test_a_name_that_the_certificate_does_not_have_is_refused(echo: Echo) -> None:
    async with web(echo, allowed_hosts=("four.example.com",)) as asking:
        with pytest.raises(SourceTrouble) as refused:
            await asking.ask("GET", "https://four.example.com/")
    assert refused.value.facts == {"place": "four.example.com", "why": "certificate"}


async def test_too_large_an_answer_is_given_up_with_the_name_of_who_gave_it(echo: Echo) -> None:
    echo.breaks("/", Reply(body=b"x" * 20_000))
    async with web(echo) as asking:
        with pytest.raises(SourceTrouble) as refused:
            await asking.ask("GET", "https://one.example.com/")
    assert refused.value.facts == {"place": "one.example.com", "why": "answer-too-large"}


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("99999999999", LONGEST_WAIT_SECONDS),
        (format_datetime(datetime.now(UTC) - timedelta(days=1)), 1),
        (format_datetime(datetime.now(UTC) + timedelta(days=1)), LONGEST_WAIT_SECONDS),
        ("soon", None),
        ("", None),
    ],
    ids=["seconds", "no second", "too many seconds", "a day ago", "a day ahead", "no time", "nothing"],
)
def test_how_long_to_leave_it_alone_is_read_as_seconds_or_a_date(told: str, seconds: float | None) -> None:
    assert Answer(429, {"retry-after": told}, b"").retry_after == seconds

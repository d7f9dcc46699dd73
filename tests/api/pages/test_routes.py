"""Every route, of pages and of the interface, as the application has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute

from api.pages.routes import routers as page_routers
from api.resources import routers as resource_routers
from tests.api.pages.place import HOST, Place
from tests.api.route_table import SAFE, route_table


def unsafe_addresses() -> list[tuple[str, str]]:
    return sorted({(method, _filled(path)) for method, path in _routes() if method not in SAFE})


def _routes() -> Iterator[tuple[str, str]]:
    for prefix, of_a_room in (("", page_routers), ("/api", resource_routers)):
        for router in of_a_room:
            for route in router.routes:
                assert isinstance(route, APIRoute)
                yield from ((method, prefix + route.path) for method in route.methods or ())


def _filled(path: str) -> str:
    return re.sub(r"{[^}]+}", "x", path)


async def test_the_walk_meets_every_unsafe_route_there_is(place: Place) -> None:
    """A route that is added elsewhere, beside the routers, would be walked past."""
    there = {(method, _filled(path)) for method, path in route_table(place.app) if method not in SAFE}
    assert there == set(unsafe_addresses())


def test_the_walk_meets_the_routes_that_decide() -> None:
    addresses = {address for _, address in unsafe_addresses()}
    assert {"/t/x", "/tasks/x", "/sign-in", "/cycles/x/x", "/demo/advance", "/api/tasks/x/decide"} <= addresses


@pytest.mark.parametrize(("method", "address"), unsafe_addresses())
async def test_an_unsafe_route_refuses_a_form_from_elsewhere(place: Place, method: str, address: str) -> None:
    """Cross-site request forgery: another origin, no token, or somebody else's token."""
    browser = await place.signed_in("hr")
    await browser.open("/tasks")
    stranger = place.browser()
    await stranger.open("/sign-in")
    attempts: list[tuple[dict[str, str], str]] = [
        ({"origin": "https://evil.example"}, browser.csrf),
        ({"sec-fetch-site": "cross-site"}, browser.csrf),
        ({"sec-fetch-site": "same-site"}, browser.csrf),
        ({"origin": HOST}, ""),
        ({"origin": HOST}, stranger.csrf),
        ({"origin": HOST}, browser.csrf[::-1]),
    ]
    for headers, token in attempts:
        answer: httpx.Response = await browser.http.request(
            method, address, headers=headers, data={"csrf": token, "choice": "confirm"}
        )
        assert answer.status_code == 403, (headers, token)
        assert "nothing was done" in answer.text
    assert place.commands.wishes == []


@pytest.mark.parametrize(("method", "address"), unsafe_addresses())
async def test_a_get_never_reaches_a_route_that_acts(place: Place, method: str, address: str) -> None:
    browser = await place.signed_in("hr")
    await browser.http.get(address)
    await browser.http.head(address)
    assert place.commands.wishes == []
    assert place.commands.signals == []


@pytest.mark.parametrize(
    "address", ["/tasks", "/cycles", "/notices", "/cycles/x", "/tasks/x", "/cycles/x/departments/x"]
)
async def test_whoever_is_not_signed_in_is_asked_to(place: Place, address: str) -> None:
    answer = await place.browser().open(address)
    assert answer.url.path == "/sign-in"


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "此地址没有内容"), ("en", "There is nothing at this address")]
)
async def test_an_unknown_address_is_answered_in_the_readers_language(
    place: Place, language: str, said: str
) -> None:
    answer = await place.browser(language).open("/nothing")
    assert answer.status_code == 404
    assert said in answer.text
    assert answer.headers["content-type"].startswith("text/html")


async def test_the_language_is_chinese_until_another_is_chosen_and_then_stays(place: Place) -> None:
    browser = place.browser("zh")
    browser.http.cookies.clear()
    browser.http.headers.pop("accept-language")
    assert "登录" in (await browser.open("/sign-in")).text
    assert "User name" in (await browser.open("/sign-in?lang=en")).text
    assert "User name" in (await browser.open("/sign-in")).text
    assert 'lang="en"' in browser.page


async def test_assets_are_ours_packed_and_kept(place: Place) -> None:
    browser = place.browser()
    await browser.open("/sign-in")
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', browser.page)
    assert len(addresses) >= 4
    for address in addresses:
        answer = await browser.http.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert not re.findall(r'(?:href|src)="(?:https?:)?//', browser.page)
    assert (await browser.http.get("/static/../app.py")).status_code == 404

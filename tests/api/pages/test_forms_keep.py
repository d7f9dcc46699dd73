"""A form that is refused comes back with what was typed; a list that holds nothing says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from sqlmodel import delete

from models.cycles import Cycle, CycleDepartment
from models.tasks import Task
from tests.api.pages.place import Browser, Place
from tests.api.pages.test_looks import pages_of

TYPED = ("text", "search", "email", "tel", "url", "number", "date", "month", "textarea", "")
SECRETS = ("digits", "private_key")
"""Of the staff number, asked once a device, and of a source: never shown again, like passwords."""

ELSEWHERE = "/see-as"
"""Whatever comes after it would be seen as somebody else."""

EMPTY_TABLE = re.compile(r"<tbody[^>]*>\s*</tbody>")
EMPTY_LIST = re.compile(r"<(ul|ol)\b[^>]*>\s*</\1>")


@dataclass
class Form:
    """A form of a page: where it goes, what stands in it, and what one types."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    """By the names of its fields: what no page holds by itself, in the form that a browser would let through."""


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.here: Form | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.here = Form(said.get("action", ""), said.get("method", "get"))
            self.found.append(self.here)
        elif self.here is not None and (name := said.get("name")):
            self._take(tag, name, said)

    def _take(self, tag: str, name: str, said: dict[str, str]) -> None:
        assert self.here is not None
        kind = "textarea" if tag == "textarea" else said.get("type", "text" if tag == "input" else tag)
        if kind in TYPED and name not in SECRETS and "readonly" not in said and said.get("tabindex") != "-1":
            number = len(self.here.typed)
            self.here.typed[name] = {"date": f"{2031 + number}-03-15", "number": f"{9000 + number}"}.get(
                kind, f"typed {number}"
            )
        elif self._goes_along(tag, kind, name, said):
            self.here.values[name] = said.get("value", "")

    def _goes_along(self, tag: str, kind: str, name: str, said: dict[str, str]) -> bool:
        assert self.here is not None
        if tag == "button":
            return name not in self.here.values or "btn-primary" in said.get("class", "")
        return kind == "hidden" or (kind in ("checkbox", "radio") and "checked" in said)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.here = None


async def lost_by(browser: Browser, action: str, form: Form, empty: str = "") -> list[str] | None:
    """Send the form, with one field left empty; return what a refusal forgot. None where nothing was refused."""
    typed = form.typed | ({empty: ""} if empty else {})
    answer = await browser.http.post(action, data={**form.values, **typed})
    if not 400 <= answer.status_code < 500:
        return None
    # A period that was typed anew has other months than those whose days were asked for.
    kept = {
        name: said for name, said in typed.items() if not (action == "/cycles/new" and name.startswith("due:"))
    }
    return [f"{action}: {name} ({answer.status_code})" for name, said in kept.items() if said not in answer.text]


async def test_whatever_is_refused_keeps_what_was_typed(place: Place) -> None:
    """Every form of every role's pages, filled with what makes no sense, and with each field left empty."""
    lost: list[str] = []
    refused: set[str] = set()
    for user_name, addresses in (await pages_of(place)).items():
        browser = await place.signed_in(user_name) if user_name else place.browser()
        seen: set[str] = set()
        for address in addresses:
            await browser.open(address)
            for form in Forms(browser.page).found:
                action = form.action or urlsplit(address).path
                if form.method != "post" or not form.typed or action in seen or action.endswith(ELSEWHERE):
                    continue
                seen.add(action)
                for empty in ("", *list(form.typed)[:4]):
                    forgotten = await lost_by(browser, action, form, empty)
                    if forgotten is not None:
                        refused.add(action)
                        lost += forgotten
    assert not lost, "\n".join(sorted(set(lost)))
    assert len(refused) > 15, sorted(refused)


@pytest.mark.parametrize("user_name", ["hr", "ceo", "vp1", "d0001", "auditor"])
async def test_no_list_is_shown_empty(place: Place, user_name: str) -> None:
    """Where nothing is there yet the page says so, and what to do."""
    async with place.sessions() as session:
        for table in (Task, CycleDepartment, Cycle):
            await session.exec(delete(table))
        await session.commit()
    browser = await place.signed_in(user_name)
    pages = await pages_before_anything(browser)
    for address, page in pages.items():
        main = page.split("<main", 1)[-1]
        assert not EMPTY_TABLE.search(main), address
        assert not EMPTY_LIST.search(main), address
    assert len(pages) > 3


async def pages_before_anything(browser: Browser) -> dict[str, str]:
    """Open what the navigation leads to."""
    await browser.open("/notices")
    addresses = set(re.findall(r'href="(/[a-z/-]+)"', browser.page.split("<main", 1)[0]))
    pages = {}
    for address in sorted({*addresses, "/notices"} - {"/sign-out"}):
        if not address.startswith("/static/"):
            answer = await browser.open(address)
            assert answer.status_code == 200, address
            pages[address] = browser.page
    return pages

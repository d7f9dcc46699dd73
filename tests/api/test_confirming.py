"""Confirming oneself behind a link: five tries, and no way around them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from api.links import MOST_WRONG_TRIES, confirm, is_confirmed, open_link
from models.delivery import Device, Link, hash_of_token
from models.errors import Refusal
from models.org import Person
from tests.api.house import House

TOKEN = "t" * 43


async def link_to(house: House) -> None:
    task = await house.open_task()
    async with house.sessions() as session:
        session.add(
            Link(
                token_hash=hash_of_token(TOKEN),
                task_id=task.id,
                person_id=task.holder_id,
                for_id=task.holder_id,
                epoch=task.epoch,
                issued_at=datetime.now(UTC),
            )
        )
        await session.commit()


async def try_digits(house: House, digits: str, device: str = "") -> str | None:
    """Confirm with these digits; return the refusal's code, or None."""
    async with house.sessions() as session:
        try:
            await confirm(session, await open_link(session, TOKEN), digits, device, house.parts.cookies)
        except Refusal as refusal:
            return refusal.code
    return None


async def right_digits(house: House) -> str:
    async with house.sessions() as session:
        person = await session.get_one(Person, house.company.departments[0].director_id)
    return "".join(sign for sign in person.staff_no if sign.isdigit())[-4:].zfill(4)


async def test_many_wrong_tries_at_once_are_five(house: House) -> None:
    await link_to(house)
    codes = await asyncio.gather(*(try_digits(house, "no") for _ in range(20)))
    assert codes.count("wrong-digits") == MOST_WRONG_TRIES - 1
    assert codes.count("link-locked") == 20 - (MOST_WRONG_TRIES - 1)
    assert await try_digits(house, await right_digits(house)) == "link-locked"


async def test_the_right_digits_do_not_use_up_a_try(house: House) -> None:
    await link_to(house)
    digits = await right_digits(house)
    assert [await try_digits(house, digits) for _ in range(MOST_WRONG_TRIES + 1)] == [None] * 6


@pytest.mark.parametrize("digits", ["", "    ", "12", "０００１", "'; --"])
async def test_what_are_not_the_digits_is_wrong(house: House, digits: str) -> None:
    await link_to(house)
    assert await try_digits(house, digits) == "wrong-digits"


async def test_a_cookie_planted_in_the_browser_is_not_kept(house: House) -> None:
    """A token that somebody else knows must not become the person's."""
    await link_to(house)
    async with house.sessions() as session:
        opened = await open_link(session, TOKEN)
        header = await confirm(session, opened, await right_digits(house), "planted", house.parts.cookies)
    assert header is not None
    assert "planted" not in header
    assert "HttpOnly" in header
    async with house.sessions() as session:
        assert await session.get(Device, (hash_of_token("planted"), opened.person.id)) is None
        assert not await is_confirmed(session, await open_link(session, TOKEN), None, "planted")
        token = header.split("=", 1)[1].split(";", 1)[0]
        assert await is_confirmed(session, await open_link(session, TOKEN), None, token)


async def test_opening_a_link_tells_of_the_task_and_writes_nothing(house: House) -> None:
    await link_to(house)
    async with house.sessions() as session:
        opened = await open_link(session, TOKEN)
        assert opened.is_alive
        assert not session.dirty
        assert not session.new
        with pytest.raises(Refusal, match="link-unknown"):
            await open_link(session, "x" * 43)

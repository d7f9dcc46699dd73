"""Rows that may be written twice are there once, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from models.database import FEW, SessionMaker, insert, insert_once, writing
from models.org import Company


def companies(count: int) -> list[Company]:
    return [Company(id=f"c{number}", name=f"公司{number}") for number in range(count)]


@pytest.mark.parametrize("count", [1, 2, FEW, FEW + 1])
async def test_rows_that_are_there_already_are_passed_over_and_not_counted(
    sessions: SessionMaker, count: int
) -> None:
    async with sessions() as session:
        await writing(session)
        assert await insert_once(session, companies(count)) == count
        assert await insert_once(session, companies(count)) == 0
        assert await insert_once(session, companies(count + 1)) == 1
        await session.commit()
        assert len((await session.exec(select(Company))).all()) == count + 1


async def test_a_row_that_must_be_new_is_refused_where_it_is_not(sessions: SessionMaker) -> None:
    async with sessions() as session:
        await insert(session, companies(1)[0])
        with pytest.raises(IntegrityError):
            await insert(session, companies(1)[0])

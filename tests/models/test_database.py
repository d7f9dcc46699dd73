"""Rows that may be written twice are there once, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import sql
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from models.database import SessionMaker, connect, insert, insert_once, is_away, session_maker, writing
from models.org import Company
from tests.postgres import Postgres


def companies(count: int) -> list[Company]:
    return [Company(id=f"c{number}", name=f"公司{number}") for number in range(count)]


@pytest.mark.parametrize("count", [1, 2, 20, 5_000])
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


async def cut(postgres: Postgres, database_url: str) -> None:
    """End every connection to a database, as a restart of the server does."""
    name = database_url.partition("@/")[2].partition("?")[0]
    postgres.run(
        sql.SQL("select pg_terminate_backend(pid) from pg_stat_activity where datname = {}").format(
            sql.Literal(name)
        )
    )


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    name, url = postgres.copy_of("template")
    yield url
    postgres.drop(name)


async def test_a_connection_that_broke_while_it_rested_is_replaced_unnoticed(
    postgres: Postgres, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.database.RESTED", 0.0)
    engine = connect(postgres_url)
    async with session_maker(engine)() as session:
        assert (await session.exec(select(Company))).all() == []
    await cut(postgres, postgres_url)
    async with session_maker(engine)() as session:
        assert (await session.exec(select(Company))).all() == []
    await engine.dispose()


async def test_one_that_breaks_in_use_is_told_as_the_database_being_away_and_not_used_again(
    postgres: Postgres, postgres_url: str
) -> None:
    engine = connect(postgres_url)
    async with session_maker(engine)() as session:
        assert (await session.exec(select(Company))).all() == []
    await cut(postgres, postgres_url)
    with pytest.raises(DBAPIError) as broken:
        async with session_maker(engine)() as session:
            await session.exec(select(Company))
    assert is_away(broken.value)
    async with session_maker(engine)() as session:
        assert (await session.exec(select(Company))).all() == []
    await engine.dispose()

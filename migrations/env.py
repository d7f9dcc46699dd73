"""Runs the migrations on the database that the settings, or the caller, name."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from models.database import TABLES, connect
from models.settings import read_settings

assert TABLES  # noqa: S101  Importing them filled the metadata.


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_online() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or read_settings().database_url
    engine = connect(url, pooled=False)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(migrate_online())

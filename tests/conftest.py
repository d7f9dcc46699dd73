"""What tests of several rooms share: fresh databases of both kinds, and a real Temporal server.

The database is SQLite and, for every test that takes `sessions` or `database_url`, PostgreSQL
again. Tests that are not about databases take `some_sessions`: SQLite, or PostgreSQL where
`--database postgresql` says so (`make test DATABASE=postgresql`). Each xdist worker has servers
of its own, so tests may run side by side. `--hypothesis-profile=default` looks for new examples.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from models.database import SessionMaker, connect, session_maker
from quarterdeck.engine import server_options, temporal_binary
from quarterdeck.migration import migrate
from tests.postgres import Postgres, PostgresIsMissing

# The same examples each time, and all the time they take: what a change broke fails, a slow machine does not.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-histories",
        action="store_true",
        help="store the histories of the workflow tests under tests/histories/, for a new released version",
    )
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="on which database the tests run that are not about databases",
    )


def migrate_elsewhere(url: str) -> None:
    """Bring an empty database to the newest tables; Alembic's environment runs a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(migrate, url).result()


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody's own environment changes what the tests see."""
    for name in [name for name in os.environ if name.startswith(("QUARTERDECK_", "TEMPORAL_"))]:
        del os.environ[name]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate_elsewhere(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server with a migrated database named `template`."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:  # Short: a socket's path holds 107 bytes.
        try:
            server = Postgres(Path(folder))
        except PostgresIsMissing as missing:
            pytest.skip(str(missing))
        try:
            migrate_elsewhere(server.create("template"))
            yield server
        finally:
            server.stop()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh migrated SQLite file."""
    file = tmp_path / "quarterdeck.db"
    shutil.copy(sqlite_template, file)
    return f"sqlite+aiosqlite:///{file}"


def url_on(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    if kind == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name, url = postgres.copy_of("template")
    yield url
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh migrated database: once SQLite, once PostgreSQL."""
    yield from url_on(request.param, request)


@pytest.fixture
def some_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh migrated database, of the kind that `--database` names."""
    yield from url_on(request.config.getoption("--database"), request)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[SessionMaker]:
    """Sessions on a fresh migrated database: once SQLite, once PostgreSQL."""
    engine = connect(database_url)
    yield session_maker(engine)
    await engine.dispose()


@pytest.fixture
async def some_sessions(some_database_url: str) -> AsyncIterator[SessionMaker]:
    """Sessions on a fresh migrated database, for tests that are not about the database."""
    engine = connect(some_database_url)
    yield session_maker(engine)
    await engine.dispose()


@pytest.fixture(scope="session")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server whose workflows' time moves on only when a test says so.

    `await engine.fast_forward(handle, timedelta(days=1))` moves one workflow; each has its own
    clock. The server is shared by the tests of a worker: use ids and task queues of your own.
    """
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(temporal_binary()),
        dev_server_log_level="error",
        dev_server_extra_args=server_options(),
        dev_server_database_filename=str(tmp_path_factory.mktemp("temporal") / "temporal.db"),
    ) as environment:
        yield environment

"""Salesforce and DingTalk on the command line, from the files of the documentation to deals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import col, select
from temporalio.testing import WorkflowEnvironment

from connectors.registry import connect
from connectors.source import Connector
from models.database import SessionMaker
from models.org import Person
from models.sealing import SourceSecrets
from models.sources import Source
from tests.quarterdeck.source_house import hr_of, point_at, run
from tests.standins import dingtalk_api, salesforce_api
from tests.standins.https import StandInApi
from tests.workflows.fetch_house import FetchHouse, fetch_house

DOCS = Path(__file__).resolve().parents[2] / "docs" / "sources"
SERVERS: dict[str, type[StandInApi]] = {
    "salesforce-opportunities.toml": salesforce_api.SalesforceStandIn,
    "dingtalk.toml": dingtalk_api.DingTalkStandIn,
}


async def people_of(house: FetchHouse) -> list[Person]:
    async with house.sessions() as session:
        found = await session.exec(
            select(Person)
            .where(col(Person.company_id) == house.company.company_id, col(Person.is_scored).is_(True))
            .order_by(col(Person.staff_no))
        )
        return list(found.all())


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> StandInApi:
    return SERVERS[request.param](tmp_path / "server")


@pytest.fixture
async def house(
    server: StandInApi,
    engine: WorkflowEnvironment,
    some_sessions: SessionMaker,
    some_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[FetchHouse]:
    async def open_source(source: Source) -> Connector:
        opened = SourceSecrets(made.settings).opened(source.secrets)
        return await connect(source.kind, source.settings, opened or {}, server.guard())

    async with fetch_house(engine, some_sessions, tmp_path / "sources", open_source) as made:
        point_at(made, some_database_url, tmp_path, monkeypatch)
        people = await people_of(made)
        if isinstance(server, salesforce_api.SalesforceStandIn):
            server.records = salesforce_api.opportunities([person.email for person in people])
        elif isinstance(server, dingtalk_api.DingTalkStandIn):
            server.users = dingtalk_api.users([person.staff_no for person in people])
            server.opportunities = dingtalk_api.opportunities(server.users)
        with server:
            yield made


async def test_a_crm_is_connected_tried_rehearsed_and_fetched_by_the_documented_file(
    house: FetchHouse, server: StandInApi, request: pytest.FixtureRequest
) -> None:
    file = request.node.callspec.params["server"]
    name = "DingTalk" if file.startswith("dingtalk") else "Salesforce"
    added = await run("add", str(DOCS / file), "--user", hr_of(house))
    assert (added.exit_code, "a-secret" in added.stdout) == (0, False)
    tried = await run("test", name)
    assert tried.exit_code == 0, tried.stdout
    assert tried.stdout.startswith("It lets us in")
    rehearsed = await run("dry-run", name, "--from", "2026-01-01", "--until", "2026-03-31")
    assert "deal: 50 rows read" in rehearsed.stdout
    assert await house.deals() == []
    fetched = await run("fetch", name, "--from", "2026-01-01", "--until", "2026-01-31")
    assert fetched.exit_code == 0, fetched.stdout
    assert {deal.won_on.month for deal in await house.deals()} == {1}


async def test_a_refused_sign_in_is_said_in_one_line_with_what_to_do(
    house: FetchHouse, server: StandInApi, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = request.node.callspec.params["server"]
    text = (DOCS / file).read_text(encoding="utf-8").replace("a-secret", "wrong").replace("an-app-secret", "wrong")
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    await run("add", "wrong.toml", "--user", hr_of(house))
    tried = await run("test", "DingTalk" if file.startswith("dingtalk") else "Salesforce")
    assert tried.exit_code == 1
    assert "did not let us in" in tried.stdout
    assert "wrong" not in tried.stdout.replace("is wrong", "")

"""Salesforce's client against WireMock, which answers as Salesforce's documentation shows and breaks things."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.guard import Guard
from connectors.registry import connect
from connectors.source import Connector, Page, Reading, SourceTrouble, Trouble
from models.sources import SourceKind
from tests.standins.https import KEYSTORE_PASSWORD, certified
from tests.standins.providers import ProvidersAreMissing, answers, free_port, installed, running

pytestmark = pytest.mark.xdist_group("node")  # One process installs the stand-ins.

HOST = "mydomain.my.salesforce.com"
DATA = "/services/data/v59.0"
CURSOR = f"{DATA}/query/01gRO0000016PIAYA2"
ACCOUNTS = Reading("Account", ("Id", "Name"), "Id")
ROWS = 8
PAGES = 5

TOKEN = {  # As "OAuth 2.0 Client Credentials Flow" shows it.
    "access_token": "00Dxx0000001gEREAY!AQcAQ",
    "signature": "d/SxeYBxH0GSVko0HMgcUxuZy0PA2cDDz1u7g7JtDHw=",
    "scope": "api",
    "instance_url": f"https://{HOST}",
    "id": "https://login.salesforce.com/id/00Dxx0000001gEREAY/005xx000001Sv6eAAC",
    "token_type": "Bearer",
    "issued_at": "1558553873237",
}
FIELDS = [
    {"name": "Id", "label": "Account ID", "type": "id", "referenceTo": [], "relationshipName": None},
    {"name": "Name", "label": "Account Name", "type": "string", "referenceTo": [], "relationshipName": None},
    {
        "name": "OwnerId",
        "label": "Owner ID",
        "type": "reference",
        "referenceTo": ["User"],
        "relationshipName": "Owner",
    },
]


class SalesforceByWireMock:
    def __init__(self, admin: str, port: int, ca_file: Path) -> None:
        self.admin = admin
        self.port = port
        self.ca_file = ca_file

    def answers(self, method: str, path: str, response: Mapping[str, Any], **rule: Any) -> None:
        body = {"request": {"method": method, "urlPath": path}, "response": dict(response), **rule}
        self._told("mappings", body)

    def breaks(self, path: str, response: Mapping[str, Any]) -> None:
        """Answer so the next time that something is asked for, and as before from then on."""
        scenario = {"scenarioName": path, "priority": 1, "requiredScenarioState": "Started"}
        self.answers("GET", path, response, **scenario, newScenarioState="mended")

    def reset(self) -> None:
        """Have all pages there, and nothing broken."""
        self._told("reset", {})
        self.answers("POST", "/services/oauth2/token", shown(TOKEN))
        self.answers("GET", f"{DATA}/sobjects/Account/describe", shown({"name": "Account", "fields": FIELDS}))
        for page in range(1, PAGES + 1):
            self.answers("GET", path_of(page), shown(page_of(page)))

    def _told(self, what: str, body: Mapping[str, Any]) -> None:
        httpx.post(f"{self.admin}/__admin/{what}", json=body, trust_env=False).raise_for_status()


def shown(body: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json;charset=UTF-8", "Sforce-Limit-Info": "api-usage=18/5000"}
    return {"status": 200, "headers": headers, "body": json.dumps(body)}


def path_of(page: int) -> str:
    return f"{DATA}/query/" if page == 1 else f"{CURSOR}-{(page - 1) * ROWS}"


def page_of(page: int) -> dict[str, Any]:
    """Return a page as "Execute a SOQL Query" shows it."""
    records = [
        {
            "attributes": {"type": "Account", "url": f"{DATA}/sobjects/Account/{key}"},
            "Id": key,
            "Name": f"Test {key}",
        }
        for key in keys_of(page)
    ]
    more = {"nextRecordsUrl": path_of(page + 1)} if page < PAGES else {}
    return {"done": page == PAGES, "totalSize": ROWS * PAGES, **more, "records": records}


def keys_of(page: int) -> list[str]:
    return [f"001D0000{(page - 1) * ROWS + row:07}IIU" for row in range(ROWS)]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SalesforceByWireMock]:
    folder = tmp_path_factory.mktemp("wiremock")
    certified(folder, [HOST])
    port, https_port = free_port(), free_port()
    try:
        command = ["java", "-jar", str(installed()), "--bind-address", "127.0.0.1", "--port", str(port)]
    except ProvidersAreMissing as missing:
        pytest.skip(str(missing))
    command += ["--https-port", str(https_port), "--https-keystore", str(folder / "server.p12")]
    command += ["--keystore-type", "PKCS12", "--keystore-password", KEYSTORE_PASSWORD]
    command += ["--key-manager-password", KEYSTORE_PASSWORD]
    with running(command, folder / "wiremock.log"):
        answers(f"http://127.0.0.1:{port}/__admin/mappings")
        yield SalesforceByWireMock(f"http://127.0.0.1:{port}", https_port, folder / "ca.pem")


@pytest.fixture
def salesforce(started: SalesforceByWireMock) -> SalesforceByWireMock:
    started.reset()
    return started


@pytest.fixture
async def connector(salesforce: SalesforceByWireMock) -> AsyncIterator[Connector]:
    guard = Guard(
        allowed_hosts=("*.salesforce.com",),
        private_networks=(ip_network("127.0.0.0/8"),),
        ca_file=salesforce.ca_file,
        connect_seconds=10,  # A Java that has just started takes its time over the first handshake.
        read_seconds=8,
        resolve=lambda host, port: [("127.0.0.1", salesforce.port)],
    )
    settings = {"domain": "mydomain.my", "consumer_key": "3MVG9"}
    made = await connect(SourceKind.SALESFORCE, settings, {"consumer_secret": "s"}, guard)
    yield made
    await made.close()


async def read(connector: Connector, start: str = "") -> list[Page]:
    return [page async for page in connector.pages(ACCOUNTS, start)]


def keys(pages: list[Page]) -> list[str]:
    return [row.key for page in pages for row in page.rows]


EVERY_KEY = [key for page in range(1, PAGES + 1) for key in keys_of(page)]


async def test_answers_as_documented_are_read_page_by_page(connector: Connector) -> None:
    pages = await read(connector)
    assert keys(pages) == EVERY_KEY
    assert pages[0].rows[0].cells == {"Id": "001D00000000000IIU", "Name": "Test 001D00000000000IIU"}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"status": 503, "body": "[]"}, Trouble.UNREACHABLE),
        ({"status": 429, "headers": {"Retry-After": "3"}}, Trouble.BUSY),
        ({"fault": "CONNECTION_RESET_BY_PEER"}, Trouble.UNREACHABLE),
        ({"fault": "EMPTY_RESPONSE"}, Trouble.UNREACHABLE),
        ({"fault": "MALFORMED_RESPONSE_CHUNK"}, Trouble.UNREACHABLE),
        ({"fault": "RANDOM_DATA_THEN_CLOSE"}, Trouble.UNREACHABLE),
        (shown(page_of(2)) | {"fixedDelayMilliseconds": 10_000}, Trouble.UNREACHABLE),
        (
            shown(page_of(2)) | {"chunkedDribbleDelay": {"numberOfChunks": 100, "totalDuration": 20_000}},
            Trouble.UNREACHABLE,
        ),
    ],
    ids=["503", "429", "reset", "empty", "malformed", "random", "slow", "dribbles"],
)
async def test_whatever_breaks_page_2_of_5_reading_goes_on_there_and_loses_nothing(
    salesforce: SalesforceByWireMock, connector: Connector, response: dict[str, Any], expected: Trouble
) -> None:
    salesforce.breaks(path_of(2), response)
    pages = connector.pages(ACCOUNTS)
    first = await anext(pages)
    with pytest.raises(SourceTrouble) as broken:
        await anext(pages)
    assert (broken.value.trouble, broken.value.may_pass) == (expected, True)
    assert keys([first, *await read(connector, first.next)]) == EVERY_KEY

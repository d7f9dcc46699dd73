"""How each kind of SQL database is connected to: its driver, its way of being only read, its limits of time.

PostgreSQL and SQLite are always there; the drivers of the others are installed where they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import certifi
from sqlalchemy import URL

from connectors.guard import Guard
from connectors.source import SourceTrouble, Trouble

USUAL_PORTS = {"postgresql": 5432, "mssql": 1433, "oracle": 1521, "mysql": 3306}
DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
    "mysql": "mysql+pymysql",
    "sqlite": "sqlite",
}
PG_TLS = {"verify": "verify-full", "encrypt": "require", "off": "disable"}


def on_connect(dialect: str, seconds: float) -> Sequence[str]:
    """Return what is said once on every connection."""
    milliseconds = int(seconds * 1000)
    match dialect:
        case "postgresql":
            return (
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                f"SET statement_timeout = {milliseconds}",
            )
        case "mysql":
            return (
                "SET SESSION TRANSACTION READ ONLY",
                f"SET SESSION max_execution_time = {milliseconds}",
            )
        case "mssql":
            return (f"SET LOCK_TIMEOUT {milliseconds}",)
        case "sqlite":
            return ("PRAGMA query_only = ON",)
        case _:
            return ()


def on_begin(dialect: str) -> str:
    """Return what is said at the beginning of every transaction, to keep it from writing."""
    return "SET TRANSACTION READ ONLY" if dialect in ("postgresql", "oracle") else ""


async def target(values: Mapping[str, str], guard: Guard) -> tuple[URL, dict[str, Any]]:
    """Return the URL and the driver's arguments that lead to a checked address and nowhere else.

    Raises:
        SourceTrouble: FORBIDDEN_HOST, UNREACHABLE, WRONG_SETTINGS
    """
    dialect = values["dialect"]
    if dialect == "sqlite":
        file = guard.file(values["database"])
        return URL.create("sqlite", database=f"file:{_escaped(file)}", query={"mode": "ro", "uri": "true"}), {}
    host, port = values["host"], int(values["port"] or USUAL_PORTS[dialect])
    if dialect == "postgresql" and host.startswith("/"):
        guard.check_host(host)
        addresses: Sequence[tuple[str, int]] = ()
    else:
        addresses = await guard.addresses_soon(host, port)
    if dialect == "postgresql":
        return _url(values), _postgresql(values, guard, host, port, addresses)
    address, port = addresses[0]
    url = _url(values).set(host=address, port=port)
    if dialect == "oracle":
        return url.set(database=None, query={"service_name": values["database"]}), {
            "tcp_connect_timeout": guard.connect_seconds
        }
    if dialect == "mssql":
        return url, {"login_timeout": int(guard.connect_seconds), "timeout": int(guard.read_seconds)}
    return url, {"connect_timeout": int(guard.connect_seconds), "read_timeout": int(guard.read_seconds)}


def _url(values: Mapping[str, str]) -> URL:
    return URL.create(
        DRIVERS[values["dialect"]],
        username=values["user"],
        password=values["password"] or None,
        database=values["database"],
    )


def _postgresql(
    values: Mapping[str, str], guard: Guard, host: str, port: int, addresses: Sequence[tuple[str, int]]
) -> dict[str, Any]:
    """Give libpq the name for the certificate and the checked addresses for the connection."""
    where = (
        {
            "host": ",".join(host for _ in addresses),
            "hostaddr": ",".join(address for address, _ in addresses),
            "port": ",".join(str(port) for _, port in addresses),
        }
        if addresses
        else {"host": host, "port": port}
    )
    return {
        **where,
        "sslmode": PG_TLS[values["tls"]],
        "sslrootcert": str(guard.ca_file or certifi.where()),
        "connect_timeout": max(2, int(guard.connect_seconds)),
        "passfile": "/dev/null",
        "application_name": "quarterdeck",
    }


def _escaped(file: Path) -> str:
    """Write a path so that nothing in it is read as an option."""
    return str(file).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def driver_missing(dialect: str, missing: ModuleNotFoundError) -> SourceTrouble:
    return SourceTrouble(Trouble.WRONG_SETTINGS, names=["dialect"], why="driver-missing", driver=missing.name)

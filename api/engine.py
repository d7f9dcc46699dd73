"""The connection to Temporal: made when it is first needed, and again until it succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

PAUSE_AFTER_FAILURE = 1.0
"""Seconds in which a failed connection is not tried again, so that 50 callers do not wait 50 times."""


class EngineAway(Exception):
    """Temporal does not answer."""


class Engine:
    """Hands out one connected client; pages are served whether Temporal is there or not.

    Address, namespace, TLS and key come from `TEMPORAL_…` variables or a `temporal.toml` profile.
    `client` may be handed in by whoever has one already; `dressed` adds to a client what a
    demonstration needs.
    """

    def __init__(
        self,
        data_converter: DataConverter,
        client: Client | None = None,
        dressed: Callable[[Client], Client] = lambda client: client,
    ) -> None:
        self._data_converter = data_converter
        self._dressed = dressed
        self._client = client
        self._connecting = asyncio.Lock()
        self._failed_at: float | None = None

    async def client(self) -> Client:
        """Return the connected client.

        Raises:
            EngineAway: where no connection can be made now.
        """
        if self._client is not None:
            return self._client
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> Client:
        if self._failed_at is not None and monotonic() - self._failed_at < PAUSE_AFTER_FAILURE:
            raise EngineAway
        config = ClientConfig.load_client_connect_config()
        try:
            async with asyncio.timeout(PAUSE_AFTER_FAILURE * 3):
                client = await Client.connect(**config, data_converter=self._data_converter)
        except (
            RuntimeError,
            RPCError,
            TimeoutError,
        ) as trouble:
            # A refused socket comes out of the core as RuntimeError.
            self._failed_at = monotonic()
            raise EngineAway from trouble
        return self._dressed(client)

    async def answers(self) -> bool:
        """Say whether Temporal answers at this moment."""
        try:
            client = await self.client()
            return await client.service_client.check_health(timeout=timedelta(seconds=1), retry=False)
        except (EngineAway, RPCError):
            return False

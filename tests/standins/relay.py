"""A TCP relay in front of a real server: it passes on everything, until it is told to hang or to hang up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """Listens on a port of its own while it is entered."""

    def __init__(self, opens: Callable[[], Awaitable[Opened]]) -> None:
        self.opens = opens
        self.flows = asyncio.Event()
        self.flows.set()
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Relay:
        self.server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        self.hang_up()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def hang(self) -> None:
        """Leave connections open and pass on nothing more."""
        self.flows.clear()

    def hang_up(self) -> None:
        """End the connections there are."""
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await self.opens()
        self.writers += [writer, back]
        self.tasks += [
            asyncio.create_task(self._copy(reader, back)),
            asyncio.create_task(self._copy(there, writer)),
        ]

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self.flows.wait()
                writer.write(data)
                await writer.drain()
            writer.close()

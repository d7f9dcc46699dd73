"""Where connectors may go: hosts of a list, and no address of a private network that is not listed too.

A name is resolved once and the connection goes to the very address that was checked, so that a
name server cannot answer differently the second time. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from connectors.source import SourceTrouble, Trouble
from models.settings import SourcesSettings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[tuple[str, int]]]
"""Host and port → addresses and ports; OSError where there are none."""

NAT64 = IPv6Network("64:ff9b::/96")
V4_COMPATIBLE = IPv6Network("::/96")
LOW_32_BITS = 0xFFFF_FFFF


def resolved_by_the_system(host: str, port: int) -> Sequence[tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(address[0]), port) for *_, address in found))


@dataclass(frozen=True)
class Guard:
    """What one installation allows the sources of one company.

    `allowed_hosts` are names or addresses, or `*.example.com` for all below a name; a PostgreSQL
    socket's folder is allowed by its path.
    """

    allowed_hosts: tuple[str, ...] = ()
    private_networks: tuple[Network, ...] = ()
    """Of addresses that are not public, those that may be gone to."""
    folder: Path | None = None
    """The one folder that files are read from."""
    ca_file: Path | None = None
    """Certificates trusted besides the system's."""
    connect_seconds: float = 10
    read_seconds: float = 60
    resolve: Resolver = field(default=resolved_by_the_system)

    @classmethod
    def of(cls, settings: SourcesSettings, company_id: str) -> Guard:
        """A company reads files only below a folder of its own, named by its id."""
        return cls(
            allowed_hosts=settings.allowed_hosts,
            private_networks=tuple(ip_network(network) for network in settings.private_networks),
            folder=settings.folder / company_id if settings.folder else None,
            ca_file=settings.ca_file,
            connect_seconds=settings.connect_seconds,
            read_seconds=settings.read_seconds,
        )

    def check_host(self, host: str) -> None:
        """Refuse a host that is not on the list.

        Raises:
            SourceTrouble: FORBIDDEN_HOST
        """
        name = host.lower().rstrip(".")
        if not name or not any(_covers(allowed.lower(), name) for allowed in self.allowed_hosts):
            raise SourceTrouble(Trouble.FORBIDDEN_HOST, host=host, why="not-listed")

    def addresses(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        """Return the addresses of a host, checked. Waits for the name server.

        Raises:
            SourceTrouble: FORBIDDEN_HOST, where the host or any of its addresses is; UNREACHABLE,
                where there is no such name.
        """
        self.check_host(host)
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as unknown:
            raise SourceTrouble(Trouble.UNREACHABLE, host=host, why="name-unknown") from unknown
        if not found:
            raise SourceTrouble(Trouble.UNREACHABLE, host=host, why="name-unknown")
        for address, _ in found:
            if not self.lets_to(ip_address(address.partition("%")[0])):
                raise SourceTrouble(Trouble.FORBIDDEN_HOST, host=host, why="private-address")
        return found

    async def addresses_soon(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        """`addresses`, from a running loop."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self.addresses, host, port), self.connect_seconds)
        except TimeoutError as late:
            raise SourceTrouble(Trouble.UNREACHABLE, host=host, why="name-unknown") from late

    def lets_to(self, address: Address) -> bool:
        """Tell whether an address is public, or in one of the private networks that are allowed."""
        return all(
            _is_public(form) or any(form in network for network in self.private_networks)
            for form in _forms(address)
        )

    def file(self, relative: str) -> Path:
        """Return where a file or folder is, which must lie within the company's folder, links followed.

        Raises:
            SourceTrouble: WRONG_SETTINGS, where it lies outside or there are to be no files.
        """
        if self.folder is None:
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="no-folder-for-files")
        root = self.folder.resolve()
        found = None if "\0" in relative else (root / relative).resolve()
        if found is None or not found.is_relative_to(root):
            raise SourceTrouble(Trouble.WRONG_SETTINGS, why="outside-the-folder", file=relative)
        return found

    @cached_property
    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        return context


def _covers(allowed: str, name: str) -> bool:
    if allowed.startswith("*."):
        return name.endswith(allowed[1:]) and not name.startswith(".")
    return name == allowed.rstrip(".")


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _forms(address: Address) -> Iterable[Address]:
    """Give an address with the IPv4 address it carries, if it does: packets may end there.

    Where the form is nothing but another writing of IPv4 only that counts.
    """
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address in NAT64:
        return (IPv4Address(int(address) & LOW_32_BITS),)
    if address in V4_COMPATIBLE:
        return (address, IPv4Address(int(address) & LOW_32_BITS))
    if address.sixtofour:
        return (address, address.sixtofour)
    if address.teredo:
        return (address, *address.teredo)
    return (address,)

"""Sources lead only to hosts of the list, and never unasked into the inner network."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.guard import Guard
from connectors.source import SourceTrouble, Trouble
from models.settings import SourcesSettings

OPEN = Guard(allowed_hosts=("*.example.com",))
PRIVATE = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")]
PRIVATE += [
    ip_network(text) for text in ("169.254.0.0/16", "100.64.0.0/10", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")
]
private_v4 = st.one_of([st.ip_addresses(network=network) for network in PRIVATE])


def why(guard: Guard, host: str) -> object:
    with pytest.raises(SourceTrouble) as refusal:
        guard.addresses(host, 443)
    assert refusal.value.trouble in (Trouble.FORBIDDEN_HOST, Trouble.UNREACHABLE)
    return refusal.value.facts["why"]


@pytest.mark.parametrize(
    ("allowed", "host", "is_allowed"),
    [
        ("erp.example.com", "erp.example.com", True),
        ("erp.example.com", "ERP.Example.COM.", True),
        ("erp.example.com", "erp.example.com.evil.org", False),
        ("erp.example.com", "evil-erp.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "evilexample.com", False),
        ("*.example.com", ".example.com", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("*", "example.com", False),
        ("", "", False),
    ],
)
def test_hosts_are_those_of_the_list(allowed: str, host: str, is_allowed: bool) -> None:
    guard = Guard(allowed_hosts=(allowed,))
    if is_allowed:
        guard.check_host(host)
    else:
        with pytest.raises(SourceTrouble):
            guard.check_host(host)


@given(private_v4)
def test_no_private_address_is_gone_to_in_any_of_its_forms(address: IPv4Address) -> None:
    low = int(address)
    forms: list[IPv4Address | IPv6Address] = [
        address,
        IPv6Address(f"::ffff:{address}"),
        IPv6Address((0x64FF9B << 96) | low),
        IPv6Address((0x2002 << 112) | (low << 80) | 1),
        IPv6Address(low),
    ]
    assert [form for form in forms if OPEN.lets_to(form)] == []


@given(private_v4.filter(lambda address: int(address) >= 1 << 24))
def test_other_writings_of_an_address_lead_to_the_same_refusal(address: IPv4Address) -> None:
    """The system reads decimal, octal and hexadecimal addresses; what it makes of them is what is checked."""
    parts = address.packed
    for text in (str(int(address)), f"0x{int(address):08x}", ".".join(f"0{part:o}" for part in parts)):
        assert why(Guard(allowed_hosts=(text,)), text) == "private-address"


@given(st.ip_addresses(v=6))
def test_only_global_addresses_are_public(address: IPv6Address) -> None:
    if OPEN.lets_to(address):
        assert (address.ipv4_mapped or address).is_global or address in IPv6_OF_V4


IPv6_OF_V4 = ip_network("64:ff9b::/96")


@pytest.mark.parametrize(
    "address",
    ["::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "169.254.169.254"],
)
def test_special_addresses_are_refused(address: str) -> None:
    guard = Guard(allowed_hosts=("a.example.com",), resolve=lambda host, port: [(address, port)])
    assert why(guard, "a.example.com") == "private-address"


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_gone_to(address: str) -> None:
    guard = Guard(allowed_hosts=("a.example.com",), resolve=lambda host, port: [(address, port)])
    assert guard.addresses("a.example.com", 443) == [(address, 443)]


def test_a_private_network_that_is_configured_is_gone_to_and_no_other() -> None:
    guard = Guard(private_networks=(ip_network("10.20.0.0/16"),))
    assert guard.lets_to(ip_address("10.20.3.4"))
    assert guard.lets_to(ip_address("::ffff:10.20.3.4"))
    assert not guard.lets_to(ip_address("10.21.3.4"))


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    guard = Guard(
        allowed_hosts=("a.example.com",), resolve=lambda host, port: [("8.8.8.8", port), ("10.0.0.1", port)]
    )
    assert why(guard, "a.example.com") == "private-address"


async def test_a_name_nobody_knows_may_pass() -> None:
    def unknown(host: str, port: int) -> list[tuple[str, int]]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    guard = Guard(allowed_hosts=("a.example.com",), resolve=unknown)
    with pytest.raises(SourceTrouble) as refusal:
        await guard.addresses_soon("a.example.com", 443)
    assert refusal.value.may_pass


async def test_a_name_server_that_does_not_answer_is_given_up() -> None:
    answered = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(host: str, port: int) -> list[tuple[str, int]]:
        asyncio.run_coroutine_threadsafe(answered.wait(), loop).result(30)
        return []

    guard = Guard(allowed_hosts=("a.example.com",), resolve=slow, connect_seconds=0.1)
    with pytest.raises(SourceTrouble) as refusal:
        await guard.addresses_soon("a.example.com", 443)
    answered.set()
    assert refusal.value.trouble is Trouble.UNREACHABLE


def test_each_company_has_a_folder_of_its_own(tmp_path: Path) -> None:
    guard = Guard.of(SourcesSettings(folder=tmp_path, private_networks=("10.0.0.0/8",)), "acme")
    assert guard.file("a/b.csv") == tmp_path.resolve() / "acme/a/b.csv"
    assert guard.private_networks == (ip_network("10.0.0.0/8"),)
    for outside in ("../other/b.csv", "/etc/passwd", "a/../../other", "a\x00"):
        with pytest.raises(SourceTrouble) as refusal:
            guard.file(outside)
        assert refusal.value.facts["why"] == "outside-the-folder"


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "other.csv").write_text("a\n1\n")
    (tmp_path / "acme/link.csv").symlink_to(tmp_path / "other.csv")
    with pytest.raises(SourceTrouble):
        Guard(folder=tmp_path / "acme").file("link.csv")


def test_without_a_folder_there_are_no_files() -> None:
    with pytest.raises(SourceTrouble) as refusal:
        Guard().file("a.csv")
    assert refusal.value.facts["why"] == "no-folder-for-files"

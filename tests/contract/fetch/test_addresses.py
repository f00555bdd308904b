"""The table of what is never visited."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from personae.adapters.fetch.addresses import family
from personae.adapters.fetch.allowing import AllowList
from personae.errors import InvalidRequest

REFUSED = [
    ("0.0.0.0", "this network"),
    ("0.255.255.255", "this network"),
    ("10.0.0.1", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.1", "shared (carrier NAT)"),
    ("100.127.255.255", "shared (carrier NAT)"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("169.254.0.1", "link-local"),
    ("169.254.169.254", "metadata"),
    ("169.254.170.2", "metadata"),
    ("100.100.100.200", "metadata"),
    ("192.0.0.192", "metadata"),
    ("168.63.129.16", "metadata"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.1", "protocol assignments"),
    ("192.0.2.1", "documentation"),
    ("192.31.196.1", "AS112"),
    ("192.52.193.1", "multicast relay"),
    ("192.88.99.1", "6to4 relay"),
    ("192.168.1.1", "private"),
    ("192.175.48.1", "AS112"),
    ("198.18.0.1", "benchmarking"),
    ("198.19.255.255", "benchmarking"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.254", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::7f00:1", "IPv4-compatible"),
    ("::8.8.8.8", "IPv4-compatible"),
    ("::ffff:127.0.0.1", "IPv4-mapped"),
    ("::ffff:8.8.8.8", "IPv4-mapped"),
    ("::ffff:a9fe:a9fe", "IPv4-mapped"),
    ("::ffff:0:127.0.0.1", "IPv4-translated"),
    ("64:ff9b::7f00:1", "NAT64"),
    ("64:ff9b::808:808", "NAT64"),
    ("64:ff9b:1::1", "NAT64, local"),
    ("64:ff9b:1:ffff::a00:1", "NAT64, local"),
    ("100::1", "discard"),
    ("100:0:0:1::1", "dummy prefix"),
    ("2001::1", "Teredo"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
    ("2001:1::1", "protocol assignments"),
    ("2001:2::1", "benchmarking"),
    ("2001:3::1", "protocol assignments"),
    ("2001:4:112::1", "protocol assignments"),
    ("2001:10::1", "ORCHID"),
    ("2001:20::1", "ORCHID"),
    ("2001:30::1", "protocol assignments"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::1", "6to4"),
    ("2002:808:808::1", "6to4"),
    ("2620:4f:8000::1", "AS112"),
    ("3ffe::1", "6bone"),
    ("3fff::1", "documentation"),
    ("4000::1", "not global unicast"),
    ("5f00::1", "segment routing"),
    ("1::1", "not global unicast"),
    ("e000::1", "not global unicast"),
    ("fc00::1", "unique local"),
    ("fdff:ffff::1", "unique local"),
    ("fd00:ec2::254", "metadata"),
    ("fd20:ce::254", "metadata"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "link-local"),
    ("febf::1", "link-local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast"),
    ("2a00:1450::5efe:a00:1", "ISATAP"),
    ("2a00:1450::200:5efe:a00:1", "ISATAP"),
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:830::200e",
]


@pytest.mark.parametrize(("address", "name"), REFUSED)
def test_special_addresses_are_refused_by_name(address: str, name: str) -> None:
    assert family(ip_address(address)) == name
    assert AllowList().refusal("x.example", ip_address(address)) == name


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_not(address: str) -> None:
    assert family(ip_address(address)) is None


def test_the_operator_can_allow_addresses_and_networks() -> None:
    allow = AllowList.of(["127.0.0.1", "10.2.0.0/16", "::1", "[fd12::]/16", " ", "169.254.1.1"])
    for address in ("127.0.0.1", "10.2.3.4", "::1", "fd12::9", "169.254.1.1", "8.8.8.8"):
        assert allow.refusal("any.example", ip_address(address)) is None
    for address in ("127.0.0.2", "10.3.0.1", "::2", "fd13::1", "::ffff:127.0.0.1"):
        assert allow.refusal("any.example", ip_address(address)) is not None


def test_an_allowed_name_may_be_private_but_no_metadata_service() -> None:
    allow = AllowList.of(["Media.LAN", "b\u00fccher.example."])
    for address in ("10.1.1.1", "127.0.0.1", "192.168.0.9", "100.64.0.1", "fd12::1", "::1"):
        assert allow.refusal("media.lan", ip_address(address)) is None
        assert allow.refusal("xn--bcher-kva.example", ip_address(address)) is None
        assert allow.refusal("other.lan", ip_address(address)) is not None
        assert allow.refusal("sub.media.lan", ip_address(address)) is not None
    for address in (
        "169.254.169.254", "169.254.1.1", "fd00:ec2::254", "0.0.0.0", "224.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "fe80::1",
    ):  # fmt: skip
        assert allow.refusal("media.lan", ip_address(address)) is not None


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "x/8", "a b", "127.1", "0x7f000001", "-", "*.lan"])
def test_entries_that_mean_nothing_are_refused(entry: str) -> None:
    with pytest.raises(InvalidRequest):
        AllowList.of([entry])

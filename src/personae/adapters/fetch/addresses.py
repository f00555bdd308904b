"""Which addresses the service never visits, and why.

Sources: IANA's IPv4 and IPv6 Special-Purpose Address Registries and the multicast and unicast
assignments, with the RFC of each block; the metadata addresses from the clouds' own manuals.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The first network that holds an address names it, so the narrower ones come first.
REFUSED: tuple[tuple[str, str], ...] = (
    ("metadata", "169.254.169.254/32"),  # AWS, Google, Azure, Oracle, DigitalOcean and others
    ("metadata", "169.254.169.253/32"),  # AWS: DNS
    ("metadata", "169.254.169.123/32"),  # AWS: time
    ("metadata", "169.254.170.0/24"),  # AWS: credentials of containers
    ("metadata", "100.100.100.200/32"),  # Alibaba
    ("metadata", "192.0.0.192/32"),  # Oracle, first generation
    ("metadata", "168.63.129.16/32"),  # Azure: reachable from inside only, though it looks public
    ("metadata", "fd00:ec2::/32"),  # AWS over IPv6: metadata, DNS and time
    ("metadata", "fd20:ce::254/128"),  # Google over IPv6
    ("this network", "0.0.0.0/8"),  # RFC 1122
    ("private", "10.0.0.0/8"),  # RFC 1918
    ("shared (carrier NAT)", "100.64.0.0/10"),  # RFC 6598
    ("loopback", "127.0.0.0/8"),  # RFC 1122
    ("link-local", "169.254.0.0/16"),  # RFC 3927
    ("private", "172.16.0.0/12"),  # RFC 1918
    ("protocol assignments", "192.0.0.0/24"),  # RFC 6890
    ("documentation", "192.0.2.0/24"),  # RFC 5737
    ("AS112", "192.31.196.0/24"),  # RFC 7535
    ("multicast relay", "192.52.193.0/24"),  # RFC 7450
    ("6to4 relay", "192.88.99.0/24"),  # RFC 7526
    ("private", "192.168.0.0/16"),  # RFC 1918
    ("AS112", "192.175.48.0/24"),  # RFC 7534
    ("benchmarking", "198.18.0.0/15"),  # RFC 2544
    ("documentation", "198.51.100.0/24"),  # RFC 5737
    ("documentation", "203.0.113.0/24"),  # RFC 5737
    ("multicast", "224.0.0.0/4"),  # RFC 5771
    ("broadcast", "255.255.255.255/32"),  # RFC 919
    ("reserved", "240.0.0.0/4"),  # RFC 1112
    ("unspecified", "::/128"),  # RFC 4291
    ("loopback", "::1/128"),  # RFC 4291
    ("IPv4-compatible", "::/96"),  # RFC 4291, deprecated
    ("IPv4-mapped", "::ffff:0:0/96"),  # RFC 4291
    ("IPv4-translated", "::ffff:0:0:0/96"),  # RFC 7915
    ("NAT64", "64:ff9b::/96"),  # RFC 6052
    ("NAT64, local", "64:ff9b:1::/48"),  # RFC 8215
    ("discard", "100::/64"),  # RFC 6666
    ("dummy prefix", "100:0:0:1::/64"),  # RFC 9780
    ("Teredo", "2001::/32"),  # RFC 4380
    ("benchmarking", "2001:2::/48"),  # RFC 5180
    ("ORCHID", "2001:10::/28"),  # RFC 4843
    ("ORCHID", "2001:20::/28"),  # RFC 7343
    ("documentation", "2001:db8::/32"),  # RFC 3849
    ("protocol assignments", "2001::/23"),  # RFC 2928: anycast, AMT, AS112, drone ids, …
    ("6to4", "2002::/16"),  # RFC 3056
    ("AS112", "2620:4f:8000::/48"),  # RFC 7534
    ("6bone", "3ffe::/16"),  # RFC 3701, returned
    ("documentation", "3fff::/20"),  # RFC 9637
    ("segment routing", "5f00::/16"),  # RFC 9602
    ("unique local", "fc00::/7"),  # RFC 4193
    ("link-local", "fe80::/10"),  # RFC 4291
    ("site-local", "fec0::/10"),  # RFC 3879, deprecated
    ("multicast", "ff00::/8"),  # RFC 4291
)
_TABLE: tuple[tuple[str, Network], ...] = tuple((name, ip_network(net)) for name, net in REFUSED)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291: all that IANA gives out
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: an IPv4 address in the lower half


def family(address: Address) -> str | None:
    """Why an address is not visited, in a word or two; None for an ordinary public one.

    Addresses that carry another one inside (mapped, translated, tunnelled) are refused whatever
    it is: nothing public needs to be reached that way.
    """
    for name, network in _TABLE:
        if address.version == network.version and address in network:
            return name
    if isinstance(address, IPv6Address):
        if address not in _GLOBAL_UNICAST:
            return "not global unicast"
        if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
            return "ISATAP"
    return None if address.is_global else "not global"


def literal(host: str) -> Address | None:
    """The address that a host name is, if it is one."""
    try:
        return ip_address(host)
    except ValueError:
        return None

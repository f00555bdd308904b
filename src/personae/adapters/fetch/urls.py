"""Reading URLs strictly, so that there is one way only to understand them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin

import idna

from personae.adapters.fetch.addresses import Address, literal
from personae.errors import AddressRefused, InvalidRequest

MAX_URL_CHARS = 8192
_MAX_HOST_CHARS = 253
_FIRST_FREE_PORT = 1024
_PRIVILEGED_PORTS = frozenset({80, 443})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORM = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?", re.I)
_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^\[\]:@%]+))(?::(?P<port>\d{1,5}))?", re.I
)
_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\xa0\\\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_LOCAL_NAMES = ("localhost", "localdomain")


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL taken apart.

    Attributes
    ----------
    scheme : "http" or "https"
    host : str
        ASCII, lower case, no dot at the end; an IPv6 address without brackets.
    port : int
    path : str
        With the query, percent-encoded.
    address : IPv4Address, IPv6Address or None
        If the host is one.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def authority(self) -> str:
        """What goes into the Host header."""
        name = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return name if self.port == _DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def shown(self) -> str:
        """The URL for messages and logs: without its query, which may hold secrets."""
        return f"{self.scheme}://{self.authority}{self.path.partition('?')[0]}"[:300]

    def joined(self, location: str) -> ParsedUrl:
        """Where a redirect from here leads.

        Raises
        ------
        InvalidRequest, AddressRefused
        """
        _check_characters(location)
        return read_url(urljoin(f"{self.scheme}://{self.authority}{self.path}", location))


def read_url(url: str) -> ParsedUrl:
    """Take a URL apart, refusing all that two readers could understand differently.

    Refused are: schemes other than http and https, user names and passwords, white space, control
    characters, backslashes, percent signs in the host, numbers that some systems read as IPv4
    addresses (``2130706433``, ``0177.0.0.1``, ``0x7f.1``, ``127.1``), zones of IPv6 addresses,
    ports below 1024 except 80 and 443, and URLs longer than `MAX_URL_CHARS`.

    Raises
    ------
    InvalidRequest
        If it is no such URL.
    AddressRefused
        If it is one, but of this machine or of a port that no web server uses.
    """
    if len(url) > MAX_URL_CHARS:
        raise InvalidRequest(f"The URL is longer than {MAX_URL_CHARS} characters.")
    _check_characters(url)
    form = _FORM.fullmatch(url)
    if form is None:
        raise InvalidRequest("A URL must start with http:// or https:// and name a host.")
    if "@" in form["authority"]:
        raise InvalidRequest("A URL must not contain a user name or a password.")
    authority = _AUTHORITY.fullmatch(form["authority"])
    if authority is None:
        raise InvalidRequest("The URL's host or port is not well formed.")
    scheme = form["scheme"].lower()
    host = _v6(authority["v6"]) if authority["v6"] else ascii_host(authority["name"])
    port = int(authority["port"]) if authority["port"] else _DEFAULT_PORTS[scheme]
    _check_port(port)
    path = quote(form["rest"], safe="%/?:@!$&'()*+,;=-._~[]|^`{}")
    return ParsedUrl(
        scheme, host, port, path if path.startswith("/") else f"/{path}", literal(host)
    )


def is_local_name(host: str) -> bool:
    """Whether a name always means this machine (RFC 6761)."""
    return host.rpartition(".")[2] in _LOCAL_NAMES


def ascii_host(name: str) -> str:
    """A host name in the form that DNS takes.

    Raises
    ------
    InvalidRequest
        If it is none, or a number in disguise.
    """
    try:
        host = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise InvalidRequest("The URL's host is not a name that DNS knows.") from error
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > _MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidRequest("The URL's host is not a name that DNS knows.")
    # As in the URL standard of WHATWG: a host that ends in a number is an IPv4 address. Here it
    # must be written in full, in decimal and without zeros in front, or it is refused.
    if _NUMBER.fullmatch(labels[-1]) and literal(host) is None:
        raise InvalidRequest("Write the address in the URL as four decimal numbers.")
    return host


def _v6(text: str) -> str:
    address = literal(text)
    if not isinstance(address, IPv6Address):
        raise InvalidRequest("The URL's host is not a valid IPv6 address.")
    return str(address)


def _check_characters(url: str) -> None:
    if _FORBIDDEN.search(url):
        raise InvalidRequest(
            "The URL contains white space, a backslash or a control character; percent-encode it."
        )


def _check_port(port: int) -> None:
    if not 0 < port < 1 << 16:
        raise InvalidRequest(f"{port} is not a port; ports go from 1 to 65535.")
    if port < _FIRST_FREE_PORT and port not in _PRIVILEGED_PORTS:
        raise AddressRefused(f"Port {port} is not one that web servers use; use 80 or 443.")

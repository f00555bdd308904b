"""URLs are read in one way, or not at all."""

from __future__ import annotations

import pytest

from personae.adapters.fetch import FakeFetcher, GuardedFetcher
from personae.adapters.fetch.urls import MAX_URL_CHARS, read_url
from personae.app.ports import Fetcher
from personae.errors import AddressRefused, InvalidRequest

ILL_FORMED = [
    "",
    "example.com/a",
    "//example.com/a",
    "ftp://example.com/a",
    "file:///etc/passwd",
    "gopher://example.com:70/_x",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "http:/example.com",
    "http:example.com",
    "http:///example.com",
    "http://",
    "https://?x",
    "http://user@example.com/",
    "http://user:pass@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    " http://example.com/",
    "http://example.com/ ",
    "http://example.com/a b",
    "http://exa mple.com/",
    "http://example.com/\r\nX-Header: 1",
    "http://example.com/\t",
    "ht\ntp://example.com/",
    "http://exa\x00mple.com/",
    "http://example.com\u2028/",
    "http://exam\u200bple.com/",
    "http://example.com\u3000/",
    "http://ex%61mple.com/",
    "http://127.0.0.1%2f@example.com/",
    "http://example..com/",
    "http://.example.com/",
    "http://example.com../",
    "http://-example.com/",
    "http://exam!ple.com/",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 130 + "com/",
    "http://example.com:/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:99999/",
    "http://example.com:8a/",
    "http://example.com:-80/",
    "http://example.com:80:80/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[127.0.0.1]/",
    "http://[::g]/",
    "http://[v1.x]/",
    "http://xn--a-.example/\u00a0",
    "http://example.com/" + "a" * MAX_URL_CHARS,
]
# Ways to write 127.0.0.1 and 169.254.169.254 that some systems understand.
DISGUISED = [
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.1.1/",
    "http://127.0.0.256/",
    "http://0/",
    "http://0x/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://169.254.43518/",
    "http://example.com.0x7f/",
    "http://\uff10x7f.1/",
]
# Names and addresses that looking at the URL is enough for.
FORBIDDEN = [
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.8.9.10:8080/a?b",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://\u2460\u2461\u2466.0.0.1/",
    "http://127\u30020.0.1/",
    "http://localhost/",
    "http://LOCALHOST:3000/",
    "http://localhost./",
    "http://foo.localhost/",
    "http://\uff4cocalhost/",
    "http://localhost.localdomain/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://0.0.0.0/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]:8080/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
]
OTHER_SERVICES = [21, 22, 23, 25, 53, 110, 111, 135, 139, 143, 389, 445, 465, 587, 873, 993, 1023]


@pytest.fixture(params=["guarded", "fake"])
def fetcher(request: pytest.FixtureRequest) -> Fetcher:
    return GuardedFetcher() if request.param == "guarded" else FakeFetcher()


@pytest.mark.parametrize("url", ILL_FORMED + DISGUISED)
def test_what_can_be_read_in_two_ways_is_refused(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(InvalidRequest):
        fetcher.check(url)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_looking_is_enough_for_literal_addresses(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(AddressRefused):
        fetcher.check(url)


@pytest.mark.parametrize("port", OTHER_SERVICES)
def test_ports_of_other_services_are_refused(fetcher: Fetcher, port: int) -> None:
    with pytest.raises(AddressRefused, match=str(port)):
        fetcher.check(f"http://example.com:{port}/")


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://example.com", "example.com", "/"),
        ("HTTP://EXAMPLE.com:80/A?b=c#d", "example.com", "/A?b=c"),
        ("https://example.com:443", "example.com", "/"),
        ("https://example.com:80/", "example.com:80", "/"),
        ("http://example.com:8080?x", "example.com:8080", "/?x"),
        ("http://example.com./a", "example.com", "/a"),
        ("http://a_b.example/x", "a_b.example", "/x"),
        ("http://b\u00fccher.example/\u00fc?\u00f6", "xn--bcher-kva.example", "/%C3%BC?%C3%B6"),
        ("http://example.com/a%20b?c=%2f", "example.com", "/a%20b?c=%2f"),
        ("http://8.8.8.8:9000/a@b:c", "8.8.8.8:9000", "/a@b:c"),
        ("http://[2606:4700::1111]/x", "[2606:4700::1111]", "/x"),
        ("http://[2606:4700:0:0::1111]:8080/x", "[2606:4700::1111]:8080", "/x"),
        ('http://example.com/a"<>', "example.com", "/a%22%3C%3E"),
    ],
)  # fmt: skip
def test_ordinary_urls_are_taken_apart(
    fetcher: Fetcher, url: str, authority: str, path: str
) -> None:
    fetcher.check(url)
    parsed = read_url(url)
    assert (parsed.authority, parsed.path) == (authority, path)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/b", "https://example.com:8443/b"),
        ("b?c", "https://example.com:8443/a/b?c"),
        ("?c", "https://example.com:8443/a/x?c"),
        ("//other.example/b", "https://other.example/b"),
        ("http://other.example:8080/b", "http://other.example:8080/b"),
        ("/\u00fc", "https://example.com:8443/%C3%BC"),
    ],
)
def test_redirects_are_joined(location: str, expected: str) -> None:
    assert (
        read_url("https://example.com:8443/a/x?y").joined(location).shown
        == expected.partition("?")[0]
    )


@pytest.mark.parametrize("location", ["\\\\127.0.0.1/", "http://a@b/", "ftp://x/", "/a b", "x:y"])
def test_redirects_are_read_as_strictly(location: str) -> None:
    with pytest.raises(InvalidRequest):
        read_url("https://example.com/a").joined(location)


def test_what_is_shown_has_no_query() -> None:
    assert read_url("https://example.com/a?token=hush").shown == "https://example.com/a"

"""The guarded fetcher against servers and resolvers that mean it harm."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from contract.fetch.loopback import Names, certificate, page, redirect, serving
from personae.adapters.fetch import GuardedFetcher
from personae.errors import (
    AddressRefused,
    MediaTooLarge,
    MediaUnreachable,
    PersonaeError,
    Unavailable,
)

ALLOW = ["127.0.0.1"]
MIB = 1 << 20


async def fetch(
    url: str,
    path: Path,
    fetcher: GuardedFetcher | None = None,
    *,
    limit_bytes: int = MIB,
    timeout_s: float = 20.0,
) -> bytes:
    """What is at a URL; nothing but the file itself may be left."""
    fetcher = fetcher or GuardedFetcher(ALLOW)
    try:
        size = await fetcher.fetch_into(url, path, limit_bytes=limit_bytes, timeout_s=timeout_s)
    except BaseException:
        assert list(path.parent.glob("**/*.part")) == []
        assert not path.exists()
        raise
    assert list(path.parent.glob("**/*.part")) == []
    assert path.stat().st_size == size
    return path.read_bytes()


def expect(error: type[PersonaeError], doing: Awaitable[object], match: str | None = None) -> None:
    async def run() -> None:
        with pytest.raises(error, match=match):
            await doing

    asyncio.run(run())


def against(
    answer: bytes | Callable[..., Awaitable[None]], path: Path, **options: object
) -> Awaitable[bytes]:
    """A fetch from a server that answers so."""

    async def run() -> bytes:
        async with serving(answer) as server:
            url = f"http://127.0.0.1:{server.port}/file"
            return await fetch(url, path, **options)

    return run()


# --- where it goes -----------------------------------------------------------------------------


def test_a_name_is_resolved_once_and_the_answer_kept(tmp_path: Path) -> None:
    """Rebinding: the address that was checked is the one that is visited."""

    async def run() -> None:
        names = Names(rebind_example=[["127.0.0.1"], ["127.0.0.2"]])
        async with (
            serving(page(b"public")) as good,
            serving(page(b"secret"), host="127.0.0.2", port=good.port) as inside,
        ):
            fetcher = GuardedFetcher(ALLOW, resolve=names)
            url = f"http://rebind.example:{good.port}/a"
            assert await fetch(url, tmp_path / "one", fetcher) == b"public"
            assert names.asked == ["rebind.example"]
            with pytest.raises(AddressRefused):
                await fetch(url, tmp_path / "two", fetcher)
            assert inside.requests == []
            assert f"Host: rebind.example:{good.port}".encode() in good.requests[0]

    asyncio.run(run())


def test_a_redirect_to_itself_is_checked_anew(tmp_path: Path) -> None:
    async def run() -> None:
        names = Names(rebind_example=[["127.0.0.1"], ["127.0.0.2"]])
        async with (
            serving(redirect("/again")) as good,
            serving(page(b"secret"), host="127.0.0.2", port=good.port) as inside,
        ):
            fetcher = GuardedFetcher(ALLOW, resolve=names)
            with pytest.raises(AddressRefused):
                await fetch(f"http://rebind.example:{good.port}/a", tmp_path / "x", fetcher)
            assert len(good.requests) == 1
            assert inside.requests == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1", "10.0.0.1"],
        ["8.8.8.8", "127.0.0.2"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["fe80::1%lo"],
        ["64:ff9b::a00:1"],
    ],
)
def test_one_forbidden_address_is_enough(tmp_path: Path, answer: list[str]) -> None:
    names = Names(mixed_example=[answer])
    fetcher = GuardedFetcher(ALLOW, resolve=names)
    expect(AddressRefused, fetch("http://mixed.example/", tmp_path / "x", fetcher))


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2/",
        "http://[::1]/",
        "//10.0.0.1/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://inside.example/",
        "http://localhost/",
        "http://example.com:22/",
    ],
)
def test_redirects_lead_nowhere_else(tmp_path: Path, location: str) -> None:
    names = Names(inside_example=[["192.168.1.1"]])
    fetcher = GuardedFetcher(ALLOW, resolve=names)
    expect(AddressRefused, against(redirect(location), tmp_path / "x", fetcher=fetcher))


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "http://0x7f.1/"]
)
def test_redirects_are_read_as_strictly_as_urls(tmp_path: Path, location: str) -> None:
    expect(PersonaeError, against(redirect(location), tmp_path / "x"), match="URL|address")


def test_the_refusal_does_not_tell_what_a_name_resolves_to(tmp_path: Path) -> None:
    fetcher = GuardedFetcher(resolve=Names(inside_example=[["10.1.2.3"]]))

    async def run() -> str:
        with pytest.raises(AddressRefused) as caught:
            await fetch("http://inside.example/x?token=hush", tmp_path / "x", fetcher)
        return caught.value.message

    message = asyncio.run(run())
    assert "10.1" not in message
    assert "hush" not in message


@pytest.mark.parametrize("hops", [5, 6])
def test_five_redirects_are_followed(tmp_path: Path, hops: int) -> None:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        number = int(head.split()[1].rpartition(b"/")[2] or b"0")
        writer.write(page(b"end") if number == hops else redirect(f"/r/{number + 1}"))

    async def run() -> bytes:
        async with serving(answer) as server:
            return await fetch(f"http://127.0.0.1:{server.port}/r/0", tmp_path / "x")

    if hops == 5:
        assert asyncio.run(run()) == b"end"
    else:
        expect(MediaUnreachable, run(), "redirects more than 5 times")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed(tmp_path: Path, status: int) -> None:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(page(b"x") if b"/b" in head else redirect("b", f"{status} Moved"))

    async def run() -> bytes:
        async with serving(answer) as server:
            return await fetch(f"http://127.0.0.1:{server.port}/a", tmp_path / "x")

    assert asyncio.run(run()) == b"x"


def test_a_redirect_to_nowhere_is_unreachable(tmp_path: Path) -> None:
    expect(MediaUnreachable, against(page(b"", "302 Found"), tmp_path / "x"), "where to")


def test_no_cookie_or_credential_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what a first hop set, nor what the environment has for the host, nor a proxy."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(
            page(b"x") if b"/b" in head else page(b"", "302 Found", Location="/b", Set_Cookie="a=b")
        )

    async def run() -> list[bytes]:
        async with serving(answer) as server:
            await fetch(f"http://127.0.0.1:{server.port}/a", tmp_path / "x")
            return server.requests

    for request in asyncio.run(run()):
        assert b"cookie" not in request.lower()
        assert b"authorization" not in request.lower()
        assert b"referer" not in request.lower()


def test_an_allowed_name_reaches_a_private_host(tmp_path: Path) -> None:
    async def run() -> bytes:
        async with serving(page(b"lan")) as server:
            fetcher = GuardedFetcher(["media.lan"], resolve=Names(media_lan=[["127.0.0.1"]]))
            return await fetch(f"http://media.lan:{server.port}/", tmp_path / "x", fetcher)

    assert asyncio.run(run()) == b"lan"


def test_the_system_resolves_names(tmp_path: Path) -> None:
    async def run() -> bytes:
        async with serving(page(b"here")) as server:
            fetcher = GuardedFetcher(["localhost"])
            return await fetch(f"http://localhost:{server.port}/", tmp_path / "x", fetcher)

    assert asyncio.run(run()) == b"here"


def test_ipv6_is_reached_and_guarded(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")

    async def run() -> bytes:
        try:
            async with serving(page(b"six"), host="::1") as server:
                url = f"http://[0:0::1]:{server.port}/"
                with pytest.raises(AddressRefused):
                    await fetch(url, tmp_path / "no")
                data = await fetch(url, tmp_path / "x", GuardedFetcher(["::1"]))
                assert f"Host: [::1]:{server.port}".encode() in server.requests[0]
                return data
        except OSError:
            pytest.skip("no IPv6 here")

    assert asyncio.run(run()) == b"six"


def test_the_next_address_is_tried(tmp_path: Path) -> None:
    async def run() -> bytes:
        async with serving(page(b"second")) as server:
            names = Names(two_example=[["127.0.0.3", "127.0.0.1"]])
            fetcher = GuardedFetcher(["127.0.0.0/8"], resolve=names)
            return await fetch(f"http://two.example:{server.port}/", tmp_path / "x", fetcher)

    assert asyncio.run(run()) == b"second"


# --- certificates ------------------------------------------------------------------------------


def test_the_certificate_must_be_that_of_the_name(tmp_path: Path) -> None:
    """Connected by number, but SNI, Host and certificate are the name's."""

    async def run() -> None:
        shown, trust = certificate(tmp_path, "media.example")
        seen: list[str | None] = []
        shown.sni_callback = lambda _socket, name, _context: seen.append(name)
        names = Names(media_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
        fetcher = GuardedFetcher(ALLOW, resolve=names, trust=trust)
        async with serving(page(b"tls"), tls=shown) as server:
            url = f"https://media.example:{server.port}/"
            assert await fetch(url, tmp_path / "x", fetcher) == b"tls"
            assert seen == ["media.example"]
            for wrong in (
                f"https://other.example:{server.port}/",
                f"https://127.0.0.1:{server.port}/",
            ):
                with pytest.raises(MediaUnreachable, match="certificate"):
                    await fetch(wrong, tmp_path / "y", fetcher)
            stranger = GuardedFetcher(ALLOW, resolve=names)
            with pytest.raises(MediaUnreachable, match="certificate"):
                await fetch(url, tmp_path / "z", stranger)
            assert len(server.requests) == 1

    asyncio.run(run())


def test_https_does_not_lead_to_http(tmp_path: Path) -> None:
    async def run() -> None:
        shown, trust = certificate(tmp_path, "media.example")
        names = Names(media_example=[["127.0.0.1"]])
        fetcher = GuardedFetcher(ALLOW, resolve=names, trust=trust)
        async with (
            serving(page(b"plain")) as plain,
            serving(redirect(f"http://127.0.0.1:{plain.port}/"), tls=shown) as server,
        ):
            with pytest.raises(AddressRefused, match="https to http"):
                await fetch(f"https://media.example:{server.port}/", tmp_path / "x", fetcher)
            assert plain.requests == []

    asyncio.run(run())


# --- what it takes -----------------------------------------------------------------------------


def test_exactly_the_limit_is_taken(tmp_path: Path) -> None:
    assert asyncio.run(against(page(b"x" * 100), tmp_path / "x", limit_bytes=100)) == b"x" * 100


def test_a_length_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    """The body never comes; waiting for it would end in a time-out instead."""

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(60)

    expect(MediaTooLarge, against(answer, tmp_path / "x", limit_bytes=100))


@pytest.mark.parametrize("framing", ["chunked", "until the end"])
def test_an_endless_body_ends_at_the_limit(tmp_path: Path, framing: str) -> None:
    sent = [0]

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        chunked = framing == "chunked"
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"Transfer-Encoding: chunked\r\n" * chunked + b"\r\n")
        block = bytes(65536)
        while True:
            writer.write(b"10000\r\n" + block + b"\r\n" if chunked else block)
            await writer.drain()
            sent[0] += len(block)

    expect(MediaTooLarge, against(answer, tmp_path / "x", limit_bytes=MIB))
    assert sent[0] < 64 * MIB


def test_a_shorter_body_than_announced_is_no_file(tmp_path: Path) -> None:
    expect(
        MediaUnreachable,
        against(page(b"half", Content_Length="8"), tmp_path / "x"),
        "cut off|rules of HTTP",
    )


def test_nothing_beyond_the_announced_length_is_taken(tmp_path: Path) -> None:
    lying = page(b"12345678", Content_Length="4")
    assert asyncio.run(against(lying, tmp_path / "x", limit_bytes=4)) == b"1234"


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5000, "4, 5", "\u0664"])
def test_a_senseless_length_is_no_file(tmp_path: Path, length: str) -> None:
    lying = page(b"1234", Content_Length="").replace(
        b"Connection: close", b"Content-Length: " + length.encode()
    )
    expect(PersonaeError, against(lying, tmp_path / "x"))


def test_a_gzip_bomb_ends_at_the_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(200 * MIB))
    assert len(bomb) < MIB
    answer = page(bomb, Content_Encoding="gzip")
    expect(MediaTooLarge, against(answer, tmp_path / "x", limit_bytes=MIB))


def test_a_small_gzip_that_grows_just_over_the_limit_is_refused(tmp_path: Path) -> None:
    for size in (MIB, MIB + 1):
        answer = page(gzip.compress(bytes(size)), Content_Encoding="gzip")
        if size == MIB:
            assert len(asyncio.run(against(answer, tmp_path / "x"))) == MIB
        else:
            expect(MediaTooLarge, against(answer, tmp_path / "y"))


def test_gzip_that_was_not_asked_for_is_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(b"first ") + gzip.compress(b"second")
    answer = page(packed, Content_Encoding="GZIP")
    assert asyncio.run(against(answer, tmp_path / "x")) == b"first second"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"x", "br"),
        (b"x", "gzip, gzip"),
        (b"x", "deflate"),
        (b"no gzip", "gzip"),
        (gzip.compress(b"x" * 99, mtime=0)[:-9], "gzip"),
        (b"", "gzip"),
    ],
)
def test_other_packings_and_broken_ones_are_refused(
    tmp_path: Path, body: bytes, encoding: str
) -> None:
    answer = page(body, Content_Encoding=encoding)
    expect(MediaUnreachable, against(answer, tmp_path / "x"))


@pytest.mark.parametrize(
    "status", ["201 Created", "204 No", "206 Part", "304 No", "404 No", "500 X"]
)
def test_only_a_whole_file_is_one(tmp_path: Path, status: str) -> None:
    expect(MediaUnreachable, against(page(b"", status), tmp_path / "x"), status[:3])


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_unreachable(tmp_path: Path, answer: bytes) -> None:
    expect(MediaUnreachable, against(answer, tmp_path / "x"))


# --- how long it waits -------------------------------------------------------------------------


async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
    """A body of one byte every tenth of a second, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def drip_headers(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def silent(_: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(600)


@pytest.mark.parametrize("answer", [drip, drip_headers, silent])
def test_slow_servers_are_given_up_in_time(
    tmp_path: Path, answer: Callable[..., Awaitable[None]]
) -> None:
    started = time.monotonic()
    expect(MediaUnreachable, against(answer, tmp_path / "x", timeout_s=1.0), "within 1 s")
    assert time.monotonic() - started < 10


def test_a_silent_server_is_given_up_before_the_total_time(tmp_path: Path) -> None:
    fetcher = GuardedFetcher(ALLOW, idle_s=0.5)
    doing = against(silent, tmp_path / "x", fetcher=fetcher, timeout_s=300.0)
    expect(MediaUnreachable, doing, "in time")


def test_a_slow_resolver_is_given_up_in_time(tmp_path: Path) -> None:
    async def never(host: str) -> list[str]:
        await asyncio.sleep(600)
        return []

    fetcher = GuardedFetcher(resolve=never)
    expect(MediaUnreachable, fetch("http://a.example/", tmp_path / "x", fetcher, timeout_s=0.5))


def test_unknown_names_and_closed_ports_are_unreachable(tmp_path: Path) -> None:
    fetcher = GuardedFetcher(ALLOW, resolve=Names(empty_example=[[]], odd_example=[["what"]]))
    for host in ("no.example", "empty.example", "odd.example"):
        expect(MediaUnreachable, fetch(f"http://{host}/", tmp_path / "x", fetcher), host)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        expect(MediaUnreachable, fetch(f"http://127.0.0.1:{port}/", tmp_path / "x"), "accept")


def test_a_canceled_download_leaves_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(drip) as server:
            doing = asyncio.ensure_future(
                fetch(f"http://127.0.0.1:{server.port}/", tmp_path / "x", timeout_s=300)
            )
            await asyncio.sleep(0.5)
            doing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await doing

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_our_fault(tmp_path: Path) -> None:
    expect(Unavailable, against(page(b"x"), tmp_path / "no" / "x"))


# --- webhooks ----------------------------------------------------------------------------------


def test_a_post_goes_out_as_it_was_given(tmp_path: Path) -> None:
    async def run() -> bytes:
        async with serving(page(b"thanks", "202 Accepted")) as server:
            url = f"http://127.0.0.1:{server.port}/hook?a=b"
            headers = {
                "Content-Type": "application/json",
                "webhook-id": "evt_1",
                "Host": "evil.example",
                "Content-Length": "3",
                "Transfer-Encoding": "chunked",
            }
            answer = await GuardedFetcher(ALLOW).post(url, b'{"a": 1}', headers)
            assert answer.status == 202
            assert answer.took_s >= 0
            return server.requests[0]

    request = asyncio.run(run())
    assert request.startswith(b"POST /hook?a=b HTTP/1.1\r\n")
    assert request.endswith(b'\r\n\r\n{"a": 1}')
    assert b"evil" not in request
    assert request.lower().count(b"content-length") == 1
    assert b"transfer-encoding" not in request.lower()
    assert b"webhook-id: evt_1" in request


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "410 Gone", "500 No"])
def test_a_post_returns_whatever_status_it_gets(status: str) -> None:
    async def run() -> int:
        async with serving(page(b"", status, Location="http://127.0.0.2/")) as server:
            url = f"http://127.0.0.1:{server.port}/"
            return (await GuardedFetcher(ALLOW).post(url, b"", {})).status

    assert asyncio.run(run()) == int(status[:3])


def test_an_endless_answer_to_a_post_is_not_read() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async def run() -> int:
        async with serving(answer) as server:
            url = f"http://127.0.0.1:{server.port}/"
            return (await GuardedFetcher(ALLOW).post(url, b"", {}, timeout_s=20)).status

    assert asyncio.run(run()) == 200


@pytest.mark.parametrize("url", ["http://127.0.0.2/", "http://inside.example/", "http://[::1]/"])
def test_a_post_goes_nowhere_else(url: str) -> None:
    fetcher = GuardedFetcher(ALLOW, resolve=Names(inside_example=[["10.0.0.1"]]))
    expect(AddressRefused, fetcher.post(url, b"", {}))


def test_a_receiver_that_does_not_answer_is_given_up() -> None:
    async def run() -> None:
        async with serving(silent) as server:
            url = f"http://127.0.0.1:{server.port}/"
            with pytest.raises(MediaUnreachable):
                await GuardedFetcher(ALLOW).post(url, b"", {}, timeout_s=0.5)

    asyncio.run(run())


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b"])
def test_headers_cannot_be_smuggled_in(value: str) -> None:
    async def run() -> None:
        async with serving(page(b"")) as server:
            url = f"http://127.0.0.1:{server.port}/"
            with pytest.raises(PersonaeError):
                await GuardedFetcher(ALLOW).post(url, b"", {"X-Label": value})
            assert server.requests == []

    asyncio.run(run())

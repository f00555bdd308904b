"""GET, HEAD and PUT /blobs/{key}, and what serving files has in common."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from personae.adapters.blobs.signing import SignedLinks
from personae.wire.files import disposition
from wire.checks import problem
from wire.service import BASE, Service

DATA = bytes(range(256)) * 40


def link(service: Service, data: bytes = DATA, filename: str = "photo.png") -> str:
    service.blobs.put_bytes("outputs/one.png", data, "image/png")
    return service.blobs.download_url(
        "outputs/one.png", filename=filename, content_type="image/png", ttl_s=60
    )


def upload_link(service: Service, limit: int = 100) -> str:
    return service.blobs.upload_url(
        "uploads/one", content_type="image/png", size_limit=limit, ttl_s=60
    )


def test_strangers_stay_out(service: Service) -> None:
    url = link(service)
    bare = url.split("?")[0]
    problem(service.client.get(bare), 403, "forbidden")
    problem(service.client.get(bare, headers=service.headers()), 403, "forbidden")
    problem(service.client.request("PUT", bare, content=b"x"), 403, "forbidden")
    foreign = SignedLinks(BASE, b"some other secret" * 2, service.clock).download(
        "outputs/one.png", filename="a", content_type="image/png", ttl_s=60
    )
    problem(service.client.get(foreign), 403, "forbidden")


def test_a_link_opens_nothing_else(service: Service) -> None:
    url = link(service)
    service.blobs.put_bytes("outputs/two.png", b"x", "image/png")
    problem(service.client.get(url.replace("one.png?", "two.png?")), 403, "forbidden")
    problem(service.client.get(url.replace("image%2Fpng", "text%2Fhtml")), 403, "forbidden")
    problem(service.client.request("PUT", url, content=b"x"), 403, "forbidden")
    problem(service.client.get(upload_link(service)), 403, "forbidden")


def test_a_file_is_served_as_a_download(service: Service) -> None:
    answer = service.client.get(link(service))
    assert answer.content == DATA
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == 'attachment; filename="photo.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_tells_without_sending(service: Service) -> None:
    answer = service.client.request("HEAD", link(service))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=10-", 10, len(DATA)),
        ("bytes=-5", len(DATA) - 5, len(DATA)),
        ("bytes=-99999999", 0, len(DATA)),
        ("bytes=10-99999999", 10, len(DATA)),
    ],
)
def test_a_range_is_served(service: Service, asked: str, start: int, end: int) -> None:
    answer = service.client.get(link(service), headers={"Range": asked})
    assert answer.content == DATA[start:end]
    if (start, end) == (0, len(DATA)):
        assert answer.status_code == 200
    else:
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-2", "lines=1-2", "bytes=a-b", "x"])
def test_other_ranges_are_answered_whole(service: Service, asked: str) -> None:
    answer = service.client.get(link(service), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, DATA)


@pytest.mark.parametrize("asked", [f"bytes={len(DATA)}-", "bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(service: Service, asked: str) -> None:
    answer = service.client.get(link(service), headers={"Range": asked})
    problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


def test_an_empty_file_has_no_ranges(service: Service) -> None:
    url = link(service, b"")
    answer = service.client.get(url)
    assert (answer.status_code, answer.content) == (200, b"")
    problem(service.client.get(url, headers={"Range": "bytes=0-0"}), 416, "range_not_satisfiable")


def test_what_is_known_is_not_sent_again(service: Service) -> None:
    url = link(service)
    etag = service.client.get(url).headers["etag"]
    for told in (etag, f'"x", W/{etag}', "*"):
        answer = service.client.get(url, headers={"If-None-Match": told})
        assert (answer.status_code, answer.content) == (304, b"")
    assert service.client.get(url, headers={"If-None-Match": '"x"'}).status_code == 200
    part = {"Range": "bytes=0-0"}
    assert service.client.get(url, headers={**part, "If-Range": etag}).status_code == 206
    assert service.client.get(url, headers={**part, "If-Range": '"x"'}).status_code == 200


def test_a_file_that_is_gone_is_not_there(service: Service) -> None:
    url = link(service)
    service.blobs.delete(["outputs/one.png"])
    problem(service.client.get(url), 404, "not_found")


def test_links_expire(service: Service) -> None:
    download, upload = link(service), upload_link(service)
    service.clock.advance(61)
    problem(service.client.get(download), 410, "expired")
    problem(service.client.request("PUT", upload, content=b"x"), 410, "expired")


def test_an_upload_has_to_be_what_was_announced(service: Service) -> None:
    url, kind = upload_link(service), {"Content-Type": "image/png"}
    problem(service.client.request("PUT", url, content=b"x"), 415, "unsupported_body")
    other = service.client.request("PUT", url, content=b"x", headers={"Content-Type": "text/html"})
    problem(other, 415, "unsupported_body")
    long = service.client.request("PUT", url, content=b"x" * 101, headers=kind)
    problem(long, 413, "media_too_large")
    assert service.blobs.size("uploads/one") is None
    assert service.client.request("PUT", url, content=b"x" * 100, headers=kind).status_code == 200
    assert service.blobs.get_bytes("uploads/one") == b"x" * 100


def test_a_service_with_a_store_elsewhere_serves_none(opened: Callable[..., Service]) -> None:
    service = opened(serve_files=False)
    problem(service.client.get(link(service)), 404, "not_found")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", 'attachment; filename="a.png"'),
        ("", "attachment"),
        (
            'a"; x="b.png',
            "attachment; filename=\"a__ x__b.png\"; filename*=UTF-8''a%22%3B%20x%3D%22b.png",
        ),
        ("\u00e9.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png"),
        ("a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
    ],
)
def test_no_name_ends_the_header(name: str, expected: str) -> None:
    assert disposition(name) == expected
